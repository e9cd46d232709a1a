"""The runs that a table is made of: planned, looked up, launched, all from the same list."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scripts.runtime.compose import Plan, Planner
from scripts.runtime.errors import ROOT, ConfigError, in_one_line
from scripts.runtime.folders import RunFolder, walk
from scripts.runtime.identity import likeness
from scripts.runtime.source import command

__all__ = ["Cell", "State", "launch", "look"]

Status = Literal["done", "not run", "damaged", "not a result", "cannot be planned"]


@dataclass(frozen=True)
class Cell:
    """One run that a table needs.

    Args:
        experiment: such as `eval/fad`.
        overrides: what the cell sets, as on the command line; without seed and scale.
        seed: the run's seed.
    """

    experiment: str
    overrides: tuple[str, ...] = ()
    seed: int = 0

    @property
    def chosen(self) -> tuple[str, ...]:
        """The overrides with the seed, which is left out where it is the default."""
        return (*self.overrides, f"seed={self.seed}") if self.seed else self.overrides


@dataclass(frozen=True)
class State:
    """What is known of a cell's run.

    Args:
        cell: the cell.
        status: done; not run; damaged (its files cannot be read); not a result (made with
            stand-ins or at smoke); cannot be planned (its experiment or its input is not there).
        detail: why, where it is not done.
        plan: where the run goes; None where it cannot be planned.
        run: the finished run.
        command: what makes it.
    """

    cell: Cell
    status: Status
    detail: str = ""
    plan: Plan | None = None
    run: RunFolder | None = None
    command: str = ""


def look(
    cells: Iterable[Cell],
    scale: str,
    outputs: Path = Path("outputs"),
    also: Sequence[Path] = (),
    progress: Callable[[int], None] | None = None,
    given: Sequence[str] = (),
) -> dict[Cell, State]:
    """The state of every cell, each looked up once however often it is named.

    Args:
        cells: in any order.
        scale: smoke, small or paper.
        outputs: the folder that holds `runs/` and `published/runs/`.
        also: more folders of experiments, which tests have.
        progress: called with 1 after every cell.
        given: overrides for all cells that do not change what a cell is: paths, devices, workers.
    """
    states: dict[Cell, State] = {}
    planner = Planner(also)
    runs: dict[str, list[RunFolder]] = {}
    for cell in dict.fromkeys(cells):
        states[cell] = _look(cell, scale, (*_outputs(outputs), *given), planner, runs)
        if progress is not None:
            progress(1)
    return states


def _look(
    cell: Cell,
    scale: str,
    where: Sequence[str],
    planner: Planner,
    runs: dict[str, list[RunFolder]],
) -> State:
    try:
        plan = planner.plan(cell.experiment, f"scale={scale}", *where, *cell.chosen)
    except ConfigError as error:
        found = _without_inputs(cell, scale, where, planner, runs)
        return found or State(cell, "cannot be planned", str(error))
    extra = [word for word in where if not word.startswith("paths.outputs=")]
    said = command(plan, (*cell.chosen, *extra))
    for place in (plan.folder, plan.published):
        run = RunFolder(place)
        if not run.is_finished:
            continue
        try:
            stamps = (run.results["scale"], run.results["assets"])
            _ = run.metrics
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            return State(cell, "damaged", f"{place}: {in_one_line(error)}", plan, None, said)
        if stamps[1] != "published" or stamps[0] == "smoke":
            kind = "at scale=smoke" if stamps[0] == "smoke" else "with stand-ins"
            return State(cell, "not a result", f"{place} was made {kind}", plan, None, said)
        return State(cell, "done", "", plan, run, said)
    return State(cell, "not run", "", plan, None, said)


def _without_inputs(
    cell: Cell,
    scale: str,
    where: Sequence[str],
    planner: Planner,
    runs: dict[str, list[RunFolder]],
) -> State | None:
    """The finished run of a cell whose inputs are not on this machine, found by its settings.

    None where there is none, or several that the settings cannot tell apart.
    """
    try:
        chosen = (f"scale={scale}", *where, *cell.chosen)
        plan = planner.plan(cell.experiment, *chosen, with_inputs=False)
    except ConfigError:
        return None
    if cell.experiment not in runs:
        paths = plan.config["paths"]
        places = (Path(paths["runs"]), Path(paths["published"]))
        runs[cell.experiment] = list(walk(cell.experiment, *places))
    wanted = likeness(plan.job, plan.inputs, plan.outputs)
    stamps = {"scale": scale, "assets": "published", "seed": plan.config["seed"]}
    found = []
    for run in runs[cell.experiment]:
        try:
            same = all(run.results[key] == value for key, value in stamps.items())
            same = same and likeness(run.config["job"], plan.inputs, plan.outputs) == wanted
            if same and run.metrics:
                found.append(run)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # damaged: what cannot be read is not the one
    if len(found) != 1:
        return None
    said = command(plan, cell.chosen)
    return State(cell, "done", "its inputs are not on this machine", plan, found[0], said)


def _outputs(outputs: Path) -> tuple[str, ...]:
    """The override that makes runs go elsewhere."""
    return () if outputs == Path("outputs") else (f"paths.outputs='{outputs}'",)


def launch(
    states: Iterable[State], say: Callable[[str], None], config_dir: Path | None = None
) -> list[str]:
    """Runs the cells that are not done, one after the other, each as a process of its own.

    A cell that fails does not stop the others; finished ones are skipped by the runner itself.

    Args:
        states: of the cells; those that are done, or cannot be planned, are left out.
        say: is told each command before it runs.
        config_dir: a further folder of experiments, as `--config-dir` names it.

    Returns:
        The commands that failed.
    """
    waiting = [state for state in states if state.status in ("not run", "damaged")]
    failed: list[str] = []
    for place, state in enumerate(waiting, 1):
        assert state.plan is not None
        say(f"{place} of {len(waiting)}: {state.command}")
        more = [] if config_dir is None else ["--config-dir", str(config_dir)]
        again = ["rerun=true"] if state.status == "damaged" else []
        words = shlex.split(state.command)[1:]
        if subprocess.run(
            [sys.executable, *words[:2], *more, *words[2:], *again], check=False, env=_environment()
        ).returncode:
            failed.append(state.command)
    return failed


def _environment() -> dict[str, str]:
    """This process's variables, with the repository importable from any folder."""
    paths = [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
