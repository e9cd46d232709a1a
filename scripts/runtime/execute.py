"""Carries out a plan: skips what is done; otherwise locks the folder, runs or resumes, records."""

from __future__ import annotations

import logging
import math
import numbers
import time
import traceback
from collections.abc import Mapping
from typing import Any

from eval.harness import devices
from eval.harness.checkpoints import Checkpoints
from eval.harness.files import read_json, write_json, write_yaml
from eval.harness.ranks import rank_of
from scripts.runtime import environment, folders
from scripts.runtime.build import build
from scripts.runtime.compose import Plan
from scripts.runtime.errors import UserError, in_one_line
from scripts.runtime.lock import LockLost, RunLock
from scripts.runtime.logs import also_to
from scripts.runtime.run import Job, Run
from scripts.runtime.tracker import Tracker, TrackerSettings, open_tracker

__all__ = ["JobFailed", "done_before", "perform"]

log = logging.getLogger(__name__)


class JobFailed(UserError):
    """A job raised; the message is one line and the traceback is in the run folder."""


def done_before(plan: Plan) -> folders.RunFolder | None:
    """The finished run of a plan, here or among the published; None if it must (still) be run."""
    if plan.config["rerun"]:
        return None
    return folders.finished(plan.folder, plan.published)


def perform(plan: Plan) -> dict[str, float]:
    """Runs a plan, or reads its results where it was run before.

    Returns:
        The metrics; none where a scheduler started several processes and this is not rank 0.

    Raises:
        ConfigError: something that the job names refuses its settings.
        JobFailed: the job raised.
        LockHeld: another living process runs it.
        OSError: the run folder cannot be made or written, or the disk is full.
    """
    done = done_before(plan)
    if done is None:
        _choose_device(plan)
        job = build(plan.job, ("job",))
        if rank_of():
            return _assist(plan, job)
        lock = RunLock(plan.folder, wait=lambda who: log.info("%s: held by %s", plan.label, who))
        lock.acquire()
        finished = False
        try:
            # Another process may have finished it between the look and the lock.
            done = done_before(plan)
            metrics = _run(plan, job, lock) if done is None else None
            finished = True
        finally:
            lock.release(forget=finished)
        if metrics is not None:
            return metrics
    assert done is not None
    _tell_skipped(plan, done)
    return done.metrics


def _assist(plan: Plan, job: Job) -> dict[str, float]:
    """Does another rank's part of a run, which rank 0 locks, writes and reports.

    A job whose computation several processes share has a method `assist(config, folder)`.
    """
    share = getattr(job, "assist", None)
    if share is None:
        log.info("%s: rank %d has no part in it", plan.label, rank_of())
        return {}
    share(plan.config, plan.folder)
    return {}


def _choose_device(plan: Plan) -> None:
    """Makes this process compute where the configuration says.

    Raises:
        UserError: there is no such device.
    """
    try:
        devices.choose(plan.config["device"])
    except RuntimeError as error:
        raise UserError(str(error)) from error


def _tell_skipped(plan: Plan, done: folders.RunFolder) -> None:
    """Says that a run is there, and whether other code made it."""
    if done.is_of_other_code:
        then = str(done.revision)[:10]
        log.warning("%s: done by revision %s; rerun=true runs it again", plan.label, then)
    log.info("%s: done before, in %s", plan.label, done.path)


def _run(plan: Plan, job: Job, lock: RunLock) -> dict[str, float]:
    """Runs a plan in its locked folder."""
    folder = plan.folder
    checkpoints = Checkpoints(folder / "checkpoints", before_save=lock.confirm)
    if plan.config["rerun"]:
        (folder / folders.RESULTS).unlink(missing_ok=True)
        checkpoints.clear()
    resumed = bool(checkpoints.names())
    write_yaml(folder / folders.CONFIG, plan.config)
    session = _Session(plan, lock)
    log.info("%s: %s in %s", plan.label, "resuming" if resumed else "running", folder)
    settings = TrackerSettings(**plan.config["tracker"])
    tracker: Tracker | None = None
    succeeded = False
    with also_to(folder / folders.LOG), session:
        try:
            tracker = open_tracker(settings, plan.experiment, plan.hash, folder, plan.config)
            run = Run(
                experiment=plan.experiment,
                hash=plan.hash,
                folder=folder,
                seed=plan.config["seed"],
                config=plan.config,
                tracker=tracker,
                checkpoints=checkpoints,
                check=lock.check,
            )
            metrics = _numbers(_call(plan, job, run), plan)
            tracker.log({f"result/{name}": value for name, value in metrics.items()})
            succeeded = True
        finally:
            if tracker is not None:
                tracker.finish(succeeded)
        lock.confirm()
    results = {
        "experiment": plan.experiment,
        "hash": plan.hash,
        "scale": plan.config["scale"],
        "assets": plan.config["assets"],
        "seed": plan.config["seed"],
        "metrics": metrics,
    }
    write_json(folder / folders.RESULTS, results)
    (folder / folders.ERROR).unlink(missing_ok=True)
    log.info("%s: done in %.1f s, %s", plan.label, session.seconds, folder / folders.RESULTS)
    return metrics


def _call(plan: Plan, job: Job, run: Run) -> Any:
    """Calls the job; an error goes to the run folder and becomes one line."""
    try:
        return job(run)
    except LockLost:
        raise  # the folder is the successor's
    except Exception as error:
        path = run.folder / folders.ERROR
        try:
            path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
            where = f" [traceback: {path}]"
        except OSError:
            where = ""
        raise JobFailed(f"{plan.label}: {in_one_line(error)}{where}") from error


def _numbers(returned: Any, plan: Plan) -> dict[str, float]:
    """The metrics that a job returned as plain floats.

    Raises:
        JobFailed: it returned something else.
    """
    problem = None
    metrics: dict[str, float] = {}
    if not isinstance(returned, Mapping):
        problem = f"a {type(returned).__name__}"
    else:
        for name, value in returned.items():
            try:
                number = value.item() if hasattr(value, "item") else value
            except (ValueError, TypeError):
                number = None
            if not isinstance(name, str) or not isinstance(number, numbers.Real):
                problem = f"{name!r}: {value!r:.60}"
                break
            metrics[name] = float(number)
    if problem is not None:
        raise JobFailed(
            f"{plan.label}: {plan.job['_target_']} returned {problem}; "
            "a job returns a dict of names to single numbers"
        )
    odd = [name for name, value in metrics.items() if not math.isfinite(value)]
    if odd:
        log.warning("%s: not finite, stored as null: %s", plan.label, ", ".join(odd))
    return metrics


class _Session:
    """`environment.json`: written when the run begins or goes on, completed when that ends.

    A run that was interrupted has several sessions; `seconds` is their sum.
    """

    def __init__(self, plan: Plan, lock: RunLock) -> None:
        self._path = plan.folder / folders.ENVIRONMENT
        self._lock = lock
        self._overrides = plan.overrides
        self._before = 0.0
        if self._path.is_file() and not plan.config["rerun"]:
            try:
                self._before = float(read_json(self._path)["seconds"])
            except (ValueError, KeyError):
                log.warning("%s is damaged: the seconds so far are not counted", self._path)
        self._start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds that the run has taken, in all sessions."""
        return self._before + time.monotonic() - self._start

    def __enter__(self) -> _Session:
        self._write(with_devices=False)
        return self

    def __exit__(self, *_: object) -> None:
        if not self._lock.is_lost:  # else the file is the successor's
            self._write(with_devices=True)

    def _write(self, with_devices: bool) -> None:
        what = environment.describe(with_devices)
        seconds = round(self.seconds, 3)
        write_json(self._path, {**what, "overrides": self._overrides, "seconds": seconds})
