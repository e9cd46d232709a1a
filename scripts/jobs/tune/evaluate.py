"""Trials of a tuning, each a run with a folder of its own: one after the other, or side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.runtime.check import Report, check_node
from scripts.runtime.compose import Plan
from scripts.runtime.errors import ConfigError, UserError, in_one_line
from scripts.runtime.execute import JobFailed, perform
from scripts.runtime.identity import run_hash

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["Cluster", "Outcome", "outcomes", "trial_plan"]


@dataclass(frozen=True)
class Outcome:
    """What came of a trial.

    Attributes:
        score: the mean over prompts of the best score; None where the trial failed.
        reason: why it failed, in a line.
    """

    score: float | None
    reason: str = ""


@dataclass(frozen=True)
class Cluster:
    """Trials as jobs of a cluster, through the package behind Hydra's submitit launcher.

    Attributes:
        cluster: "slurm", or "local" and "debug" to try it on this machine.
        parameters: what submitit's executor takes, such as {"timeout_min": 60,
            "slurm_partition": "gpu", "gpus_per_node": 1}.
    """

    cluster: str = "slurm"
    parameters: Mapping[str, Any] | None = None

    def outcomes(self, plans: Sequence[Plan], logs: Path) -> Iterator[Outcome]:
        """The outcomes in the order of the plans; all of them are handed in at once.

        Args:
            plans: of the trials.
            logs: the folder for submitit's files, which the cluster's nodes must see too.
        """
        import submitit
        from submitit.core.utils import FailedJobError

        executor = submitit.AutoExecutor(folder=str(logs), cluster=self.cluster)
        executor.update_parameters(**(self.parameters or {}))
        for job in [executor.submit(outcome, plan) for plan in plans]:
            try:
                yield job.result()
            except FailedJobError as error:
                yield Outcome(None, in_one_line(error))


def trial_plan(run: Run, number: int, job: Mapping[str, Any]) -> Plan:
    """The plan of a trial, whose folder lies in that of the tuning.

    Args:
        run: the tuning.
        number: of the trial.
        job: the trial's node, plain values with a `_target_`.

    Raises:
        ConfigError: the node is wrong.
    """
    report = Report()
    check_node(job, ("job",), report)
    if report.problems:
        raise ConfigError(report.problems)
    config = {**run.config, "job": dict(job), "tracker": _silent(run.config["tracker"])}
    stamps = (config["seed"], config["scale"], config["assets"])
    name = run_hash(f"{run.experiment} trial", job, report, *stamps)
    folder = run.folder / "trials" / f"{number:02d}-{name}"
    label = f"{run.experiment} trial {number}"
    return Plan(label, name, config, folder, folder)


def outcomes(
    plans: Sequence[Plan], workers: int, cluster: Cluster | None, logs: Path
) -> Iterator[Outcome]:
    """Yield what came of each trial, in their order; a finished one is read from its folder.

    Args:
        plans: of the trials.
        workers: processes on this machine; 1 is this process itself.
        cluster: runs them instead; None: nobody else does.
        logs: for the cluster's files.

    Raises:
        UserError: a process died, as one that ran out of memory does.
    """
    if cluster is not None:
        yield from cluster.outcomes(plans, logs)
        return
    if min(workers, len(plans)) <= 1:
        for plan in plans:
            yield outcome(plan)
        return
    # Fresh processes: one that JAX or torch run in cannot be forked.
    with ProcessPoolExecutor(min(workers, len(plans)), mp_context=get_context("spawn")) as pool:
        try:
            yield from pool.map(outcome, plans)
        except BrokenProcessPool as error:
            raise UserError(
                "the process of a trial died (was there memory enough for several?): the same "
                "command goes on, with workers=1 one trial at a time"
            ) from error


def outcome(plan: Plan) -> Outcome:
    """Run a trial, or read what it gave."""
    import jax

    try:
        score = perform(plan).get("score", math.nan)
    except (JobFailed, ConfigError) as error:
        return Outcome(None, in_one_line(error))
    finally:
        jax.clear_caches()  # no later trial uses this one's programs
    if not math.isfinite(score):
        return Outcome(None, f"its score is {score}")
    return Outcome(score)


def _silent(tracker: Mapping[str, Any]) -> dict[str, Any]:
    """A tracker's settings with nobody told: the tuning itself logs each trial's score."""
    return {**tracker, "mode": "disabled"}
