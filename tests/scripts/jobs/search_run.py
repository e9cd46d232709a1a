"""What a job that searches needs of its run, without a runner."""

import contextlib
from pathlib import Path
from types import SimpleNamespace

from eval.harness.checkpoints import Checkpoints


class Tracker:
    """Keeps what is logged."""

    def __init__(self):
        self.steps, self.sounds = [], {}

    def log(self, metrics, step=None):
        self.steps.append((step, metrics["search/best"]))

    def audio(self, name, wave, sample_rate, caption=""):
        self.sounds[name] = (wave, sample_rate, caption)


def a_run(folder: Path, interrupt_at: int | None = None, seed: int = 3) -> SimpleNamespace:
    """A run in `folder` that is interrupted, if so wished, when so many generations are done."""
    counted = 0

    class Bar:
        def update(self, n=1, **figures):
            nonlocal counted
            counted += n
            if interrupt_at is not None and counted >= interrupt_at:
                raise KeyboardInterrupt

    @contextlib.contextmanager
    def progress(total, description, done=0):
        yield Bar()

    def artifact(name):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    return SimpleNamespace(
        folder=folder,
        seed=seed,
        hash="0123456789ab",
        experiment="ctag/search",
        config={"scale": "smoke"},
        checkpoints=Checkpoints(folder / "checkpoints"),
        tracker=Tracker(),
        progress=progress,
        artifact=artifact,
    )
