"""Finished runs as a data frame: `python -m scripts.results eval/probe --select seed=0`.

One row a run, from outputs/runs and from outputs/published/runs, each hash once. Runs are selected
by what their configuration says, never by the names of their folders.
"""

from __future__ import annotations

import argparse
import difflib
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from scripts.runtime import folders
from scripts.runtime.errors import UserError, in_one_line

if TYPE_CHECKING:
    import pandas

__all__ = ["experiments_in", "flat", "load", "main", "roots_of"]

log = logging.getLogger(__name__)

STAMPS = ("hash", "experiment", "scale", "assets", "seed", "revision", "seconds", "folder")
"""The first columns. `revision`: of the code that the run began with; `seconds` of all sessions."""

_NOT_SHOWN = ("experiment", "scale", "assets", "seed", "paths", "tracker", "sizes")
_NOT_SHOWN_EITHER = ("smoke_overrides", "rerun")


def load(experiment: str, outputs: str | Path = "outputs", **select: Any) -> pandas.DataFrame:
    """The finished runs of an experiment, one row each.

    Columns: STAMPS; every value of the configuration by its dotted key (`job.task.name`; a list of
    plain values is one tuple; paths, tracker and the sizes of the three scales are left out); every
    metric by its name, or as `metrics.NAME` where a column has that name already. What a run does
    not have is NaN. A run whose files are damaged has no row: it is logged, and named in
    `frame.attrs["damaged"]`, a list of one line each; `frame.attrs["metrics"]` names the metrics'
    columns.

    Args:
        experiment: such as `eval/probe`.
        outputs: the folder that holds `runs/` and `published/runs/`.
        select: dotted keys and the values that they must have, `**{"job.task.name": "esc10"}`.

    Raises:
        UserError: no run of the experiment has one of the keys.
    """
    import pandas

    rows: list[tuple[dict[str, Any], dict[str, Any], dict[str, float]]] = []
    damaged: list[str] = []
    found: list[folders.RunFolder] = []
    for run in folders.walk(experiment, *roots_of(Path(outputs))):
        try:
            stamps, config = _stamps(run), flat(run.config)
            rows.append((stamps, config, run.metrics))
            found.append(run)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            damaged.append(f"{run.path}: {in_one_line(error)}")
            log.warning("damaged, left out: %s", damaged[-1])
    _check_keys(experiment, found, select)
    chosen = [row for run, row in zip(found, rows, strict=True) if run.matches(select)]
    taken = {key for stamps, config, _ in chosen for key in (*stamps, *config)}
    frame = pandas.DataFrame(
        [
            {**config, **stamps, **{_metric(name, taken): value for name, value in metrics.items()}}
            for stamps, config, metrics in chosen
        ]
    )
    frame = frame.reindex(columns=[*STAMPS, *(name for name in frame if name not in STAMPS)])
    measured = {_metric(name, taken) for _, _, metrics in chosen for name in metrics}
    frame.attrs["metrics"] = [str(name) for name in frame if name in measured]
    frame.attrs["damaged"] = damaged
    return frame


def experiments_in(outputs: Path) -> list[str]:
    """The experiments that have a finished run, sorted; a name may have any number of parts."""
    names = {
        path.parent.parent.relative_to(root).as_posix()
        for root in roots_of(outputs)
        for path in root.glob(f"**/{folders.RESULTS}")
    }
    return sorted(names)


def roots_of(outputs: Path) -> tuple[Path, Path]:
    """Where runs lie: those made here, then the published ones."""
    return outputs / "runs", outputs / "published" / "runs"


def flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration as dotted keys and plain values.

    >>> flat({"seed": 1, "job": {"rates": [1, 2], "layers": [{"size": 3}], "by": {2: "x"}}})
    {'job.rates': (1, 2), 'job.layers.0.size': 3, 'job.by.2': 'x'}
    """
    left_out = (*_NOT_SHOWN, *_NOT_SHOWN_EITHER)
    return dict(_flat({key: value for key, value in config.items() if key not in left_out}))


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and values below a node."""
    if isinstance(value, list) and not any(isinstance(item, (list, Mapping)) for item in value):
        yield key, tuple(value)
    elif isinstance(value, (list, Mapping)):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for name, item in items:
            yield from _flat(item, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def _stamps(run: folders.RunFolder) -> dict[str, Any]:
    """What identifies a run and says how it was made."""
    results, config = run.results, run.config
    return {
        "hash": run.path.name,
        "experiment": results["experiment"],
        "scale": results["scale"],
        "assets": results["assets"],
        "seed": config["seed"],
        "revision": run.revision,
        "seconds": run.environment.get("seconds"),
        "folder": str(run.path),
    }


def _metric(name: str, taken: set[str]) -> str:
    return f"metrics.{name}" if name in taken else name


def _check_keys(
    experiment: str, runs: Sequence[folders.RunFolder], select: Mapping[str, Any]
) -> None:
    """Finds misspelt keys, which else would select nothing without a word.

    Raises:
        UserError: no run has one of the keys.
    """
    for key, value in select.items():
        if runs and not any(_has(run, key) for run in runs):
            known = sorted({name for run in runs for name in flat(run.config)})
            near = difflib.get_close_matches(key, known, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise UserError(f"{key}={value}: no run of {experiment} has such a key{hint}")


def _has(run: folders.RunFolder, key: str) -> bool:
    try:
        run.value(key)
    except KeyError:
        return False
    return True


def main(arguments: list[str] | None = None) -> int:
    """Prints the runs that the command line selects; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.results", description=__doc__)
    parser.add_argument("experiment", nargs="?", help="such as eval/probe; none: list all")
    parser.add_argument("--select", nargs="+", action="extend", default=[], metavar="KEY=VALUE")
    parser.add_argument(
        "--columns", nargs="+", default=None, help="those to print; a final * stands for any"
    )
    parser.add_argument("--csv", type=Path, default=None, help="where to write all columns")
    parser.add_argument("--outputs", type=Path, default=Path("outputs"))
    given = parser.parse_args(arguments)
    if given.experiment is None:
        for name in experiments_in(given.outputs):
            print(f"{name}  {len(list(folders.walk(name, *roots_of(given.outputs))))}")
        return 0
    try:
        frame = load(given.experiment, given.outputs, **_selection(given.select))
        shown = _shown(frame, given.columns)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if given.csv is not None:
        from eval.harness.files import write_text

        write_text(given.csv, frame.to_csv(index=False))
        print(f"{len(frame)} runs written to {given.csv}", file=sys.stderr)
    if frame.empty:
        print(f"error: no finished run of {given.experiment} is so", file=sys.stderr)
    else:
        print(frame[shown].to_string(index=False))
    for line in frame.attrs["damaged"]:
        print(f"damaged: {line}", file=sys.stderr)
    return 1 if frame.empty or frame.attrs["damaged"] else 0


def _selection(words: Sequence[str]) -> dict[str, Any]:
    """`key=value` words as keys and values, read as YAML reads them.

    Raises:
        UserError: a word is none.
    """
    selection = {}
    for word in words:
        key, sign, value = word.partition("=")
        if not sign or not key:
            raise UserError(f"--select {word}: write KEY=VALUE, such as job.task.name=esc10")
        selection[key] = yaml.safe_load(value)
    return selection


def _shown(frame: pandas.DataFrame, wanted: Sequence[str] | None) -> list[str]:
    """The columns to print: those asked for, or the stamps, what differs, and the metrics.

    Raises:
        UserError: there is no such column.
    """
    names = [str(name) for name in frame.columns]
    if wanted is None:
        values = {name: {repr(value) for value in frame[name]} for name in names}
        differing = [name for name in names if len(values[name]) > 1 and name not in STAMPS]
        stamps, metrics = ["hash", "scale", "seed", "seconds"], frame.attrs["metrics"]
        return [*stamps, *(name for name in differing if name not in metrics), *metrics]
    chosen: list[str] = []
    for want in wanted:
        found = [
            name
            for name in names
            if name == want or (want.endswith("*") and name.startswith(want[:-1]))
        ]
        if not found:
            near = difflib.get_close_matches(want, names, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise UserError(f"--columns {want}: there is no such column{hint}")
        chosen += [name for name in found if name not in chosen]
    return chosen


if __name__ == "__main__":
    raise SystemExit(main())
