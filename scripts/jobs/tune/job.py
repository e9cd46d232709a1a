"""The job of `ctag/tune`: Bayesian optimisation of a strategy's hyperparameters."""

import dataclasses
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from eval.harness.files import write_text
from scripts.jobs.ablation.job import Ablation
from scripts.jobs.judging import labels_of
from scripts.jobs.tune import bayes
from scripts.jobs.tune.evaluate import Cluster, outcomes, trial_plan
from scripts.jobs.tune.report import write_report
from scripts.jobs.tune.space import POPULATION, space_of, with_values
from scripts.jobs.tune.trial import Trial
from scripts.jobs.tune.values import name_of
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)

CHECKPOINT = "tuning"
HOPELESS = 3  # trials that fail before any has ended


@dataclass(frozen=True)
class Tune:
    """Find the hyperparameters with which a strategy's mean best score is highest.

    A round proposes `parallel` trials, runs them, and tells Ax their scores in the trials' order,
    so that the result depends neither on which ends first nor on how many run side by side. Ax's
    state is saved after every trial; a killed run goes on with the trials that it had begun.

    Writes `STRATEGY.yaml` (the tuned values, in the form of conf/strategy), `trials.csv`,
    `ax.json` (Ax's own), pictures and `index.html`, and a run of each trial in `trials/`.

    Attributes:
        trial: a search with the strategy that is tuned; each trial changes its values.
        trials: how many.
        initial: of them, those that no model chooses.
        parallel: trials that are proposed at a time; more than one is another sequence of trials.
        population: the smallest and the largest one.
        hold: what stays when the population changes: the iterations, as in the published sweep, or
            about the evaluations of the trial's own iterations and population.
        space: ranges of the strategy's values; None: those of the published sweep.
        workers: of the trials proposed, how many run side by side on this machine.
        launcher: runs them on a cluster instead.
        page: where a copy of the page goes; None: nowhere.
    """

    trial: Ablation
    trials: int = 50
    initial: int = 10
    parallel: int = 1
    population: tuple[int, int] = (10, 100)
    hold: Literal["iterations", "evaluations"] = "iterations"
    space: Mapping[str, tuple[float, float]] | None = None
    workers: int = 1
    launcher: Cluster | None = None
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Run the trials that are left, write everything, and give the best one."""
        space = space_of(self.trial.strategy, self.space)
        if min(self.trials, self.initial, self.parallel) < 1:
            raise UserError("trials, initial and parallel must each be at least 1")
        if not 2 <= self.population[0] < self.population[1]:
            raise UserError(f"population={self.population}: low must be below high, and 2 or more")
        state, trials = self._begun(run, space.ranges)
        title = f"tuning {name_of(self.trial.strategy)}"
        with run.progress(self.trials, title, done=sum(t.is_over for t in trials)) as bar:
            while waiting := self._waiting(run, state, trials):
                state, proposed = waiting
                plans = [trial_plan(run, t.number, self._node(run, t.values)) for t in proposed]
                found = outcomes(plans, self.workers, self.launcher, run.folder / "launcher")
                for trial, outcome in zip(proposed, found, strict=True):
                    ended = trial.ended(outcome)
                    trials[trial.number] = ended
                    _stop_if_hopeless(trials)
                    state = bayes.told(state, ended.number, ended.score, ended.reason)
                    _save(run, state, trials)
                    log.info("%s", ended)
                    if ended.score is not None:
                        run.tracker.log({"trial/score": ended.score}, step=ended.number)
                    bar.update()
        said = self._said(run)
        return write_report(run, self.trial.strategy, space, trials, said, self.page)

    def _begun(
        self, run: "Run", ranges: Mapping[str, tuple[float, float]]
    ) -> tuple[str, list[Trial]]:
        """Ax's state and the trials so far, from the checkpoint where there is one."""
        saved = run.checkpoints.load(CHECKPOINT)
        if saved is not None:
            return saved["ax"], [Trial(**trial) for trial in saved["trials"]]
        return bayes.began(ranges, {POPULATION: self.population}, self.initial, run.seed), []

    def _waiting(
        self, run: "Run", state: str, trials: list[Trial]
    ) -> tuple[str, list[Trial]] | None:
        """Ax's state and the trials that are to be run next; None when all are over.

        New ones are proposed where none is left over from before an interruption.
        """
        left = [trial for trial in trials if not trial.is_over]
        count = min(self.parallel, self.trials - len(trials))
        if not left and count > 0:
            state, new = bayes.proposed(state, count, 1000 * run.seed + len(trials))
            left = [Trial(*proposal) for proposal in new]
            trials += left
            _save(run, state, trials)
        return (state, left) if left else None

    def _node(self, run: "Run", values: Mapping[str, float]) -> dict[str, Any]:
        """The trial's job as plain values."""
        node = dict(run.config["job"]["trial"])
        population = int(values[POPULATION])
        own = {key: value for key, value in values.items() if key != POPULATION}
        iterations = self.trial.iterations
        if self.hold == "evaluations":
            iterations = max(1, round(iterations * self.trial.population / population))
        return node | {
            "strategy": with_values(node["strategy"], own),
            "population": population,
            "iterations": iterations,
        }

    def _said(self, run: "Run") -> str:
        """What was done, for the page and the file of tuned values."""
        prompts = len(labels_of(self.trial.prompts))
        low, high = self.population
        return (
            f"{self.trials} trials by Ax, the first {self.initial} without a model, each a search "
            f"for {prompts} prompts with seed {run.seed}; population {low} to {high} at the same "
            f"number of {self.hold} ({self.trial.iterations} iterations"
            + (f" of {self.trial.population})" if self.hold == "evaluations" else ")")
        )


def _save(run: "Run", state: str, trials: list[Trial]) -> None:
    """Save everything that going on needs, and Ax's own file for whoever wants to look into it."""
    kept = [dataclasses.asdict(trial) for trial in trials]
    run.checkpoints.save(CHECKPOINT, {"ax": state, "trials": kept})
    write_text(run.artifact("ax.json"), state)


def _stop_if_hopeless(trials: list[Trial]) -> None:
    """Raise where nothing but failures has been seen, before the last of them is saved.

    Raises:
        UserError: the first trials all failed.
    """
    over = [trial for trial in trials if trial.is_over]
    if len(over) >= HOPELESS and all(trial.score is None for trial in over):
        raise UserError(f"the first {len(over)} trials all failed, the last one: {over[-1].reason}")
