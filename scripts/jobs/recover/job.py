"""The job of `experiment=synth/recover`: random patches, found again from near starts."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from scripts.jobs.recover.descent import Descent, State
from scripts.jobs.recover.loss import Analysis
from scripts.jobs.recover.measures import heard
from scripts.jobs.recover.report import Recovery, write
from scripts.jobs.recover.targets import columns_of, displaced, random_targets, scales_of
from scripts.runtime.errors import UserError
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recover:
    """Recover envelope and pitch of random patches by gradient descent through the synth.

    All other parameters are the target's own. Writes `recover.csv` (a row a patch),
    `parameters.csv`, sounds and patches of the first few, and `index.html`.

    Attributes:
        synth: what is played.
        patches: how many random patches that can be heard are to be recovered, each on its own.
        steps: of the descent.
        learning_rate: largest step of a parameter, as a share of how far it was displaced at most;
            falls to 0 along a cosine.
        parameters: glob patterns of the names of what is displaced and recovered.
        offset: displacement in [0, 1] of the normalised value, uniform from minus to plus this.
        semitones: the same for parameters that are pitches: key and tuning.
        smoothing: standard deviation of the noise at which gradients are taken, as a share of the
            displacement; falls to 0 along a cosine. Without it the descent ends in the next ripple.
        shown: patches that are on the page, with sounds and patch files.
        chunk_steps: steps between two checkpoints.
    """

    synth: Synth
    patches: int = 64
    steps: int = 600
    learning_rate: float = 0.1
    parameters: tuple[str, ...] = ("*.midi_f0", "*.tuning", "adsr*")
    offset: float = 0.1
    semitones: float = 1.0
    smoothing: float = 0.1
    shown: int = 4
    chunk_steps: int = 50

    def __call__(self, run: "Run") -> dict[str, float]:
        """Descend, measure, write everything, and give the figures at the start and at the end."""
        self._check()
        synth = self.synth
        columns = columns_of(synth, self.parameters)
        scales = scales_of(synth, columns, self.offset, self.semitones)
        for_targets, for_starts, for_noise = jax.random.split(jax.random.PRNGKey(run.seed), 3)
        target = heard(synth, random_targets(synth, for_targets, self.patches))
        theta = jnp.asarray(target.theta)
        free = displaced(theta[:, jnp.array(columns)], scales, for_starts)
        descent = Descent(synth, columns, scales, self.steps, self.learning_rate, self.smoothing)
        state = self._descend(run, descent, free, theta, target.analysis, for_noise)
        start, end = (heard(synth, descent.whole(f, theta)) for f in (free, state.best))
        recovery = Recovery(synth, columns, (target, start, end), np.asarray(state.losses))
        write(run, recovery, self.shown)
        undefined = int(state.undefined)
        if undefined:
            log.warning("%d gradients were not finite and taken as 0", undefined)
        return recovery.figures() | {"undefined_gradients": float(undefined)}

    def _descend(
        self,
        run: "Run",
        descent: Descent,
        start: Array,
        theta: Array,
        target: Analysis,
        key: Array,
    ) -> State:
        """All steps, a checkpoint after each chunk, from the last checkpoint on."""
        target = jax.device_put(target)
        state, done = descent.start(start), 0
        leaves, structure = jax.tree.flatten(state)
        if (saved := run.checkpoints.load("recover")) is not None:
            stored = [jnp.asarray(a, b.dtype) for a, b in zip(saved["state"], leaves, strict=True)]
            state, done = jax.tree.unflatten(structure, stored), saved["step"]
        description = f"{self.patches} patches of {type(self.synth).__name__}"
        log.info("%s, %d parameters each; compiling", description, start.shape[1])
        with run.progress(self.steps, description, done) as bar:
            while done < self.steps:
                stop = min(self.steps, done + self.chunk_steps)
                state = descent.advance(state, theta, target, key, done, stop)
                loss = float(jnp.median(state.best_loss))
                leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
                run.checkpoints.save("recover", {"step": stop, "state": leaves})
                run.tracker.log({"recover/loss": loss}, step=stop)
                bar.update(stop - done, loss=loss)
                done = stop
        return state

    def _check(self) -> None:
        """Refuse settings that mean nothing.

        Raises:
            UserError: which, and what is allowed.
        """
        for name in ("patches", "steps", "chunk_steps"):
            if getattr(self, name) < 1:
                raise UserError(f"job.{name}: {getattr(self, name)} given; it must be at least 1")
        for name in ("learning_rate", "offset", "semitones"):
            if not getattr(self, name) > 0:
                raise UserError(f"job.{name}: {getattr(self, name)} given; it must be above 0")
        if self.offset > 0.5:
            raise UserError(f"job.offset: {self.offset} given; at most 0.5, half of the range")
        if not self.smoothing >= 0:
            raise UserError(f"job.smoothing: {self.smoothing} given; it must be 0 or more")
