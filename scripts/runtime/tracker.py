"""Where a run is logged: Weights & Biases online, offline, or nowhere.

A run's id is its hash, so that a run that is resumed goes on in the same place. Nothing waits for
a network: with no account a run is logged offline, and a server that does not answer within a few
seconds, at the start or at the end, turns an online run into one to be sent later.
"""

from __future__ import annotations

import http.client
import io
import logging
import netrc
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["NoTracker", "Tracker", "TrackerSettings", "WandbTracker", "open_tracker"]

log = logging.getLogger(__name__)

Mode = Literal["auto", "online", "offline", "disabled"]


class Tracker(Protocol):
    """What a job can log."""

    def log(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Logs numbers, at a step of the job's own counting where one is given."""
        ...

    def audio(self, name: str, wave: ArrayLike, sample_rate: float, caption: str = "") -> None:
        """Logs a mono sound `(n_samples,)` at `sample_rate` Hz."""
        ...

    def figure(self, name: str, figure: Figure) -> None:
        """Logs a matplotlib figure as a picture."""
        ...

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Logs a table: a sequence of rows, each as long as `columns`."""
        ...

    def finish(self, succeeded: bool = True) -> None:
        """Closes the log; the runner calls this."""
        ...


@dataclass(frozen=True)
class TrackerSettings:
    """The group `tracker`.

    Args:
        mode: "auto" is "online" with an account and "offline" without one.
        project: the project in Weights & Biases.
        entity: the user or team; None is the account's own.
        tags: words to find a run by.
        timeout_s: seconds a server is waited for when the run starts.
        finish_timeout_s: seconds that sending may take after the run ended.
    """

    mode: Mode = "auto"
    project: str = "sounds"
    entity: str | None = None
    tags: Sequence[str] = ()
    timeout_s: float = 20.0
    finish_timeout_s: float = 120.0


class NoTracker:
    """Logs nothing; checks what it is given as little as the work needs."""

    def log(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Does nothing."""

    def audio(self, name: str, wave: ArrayLike, sample_rate: float, caption: str = "") -> None:
        """Does nothing."""

    def figure(self, name: str, figure: Figure) -> None:
        """Does nothing."""

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Does nothing."""

    def finish(self, succeeded: bool = True) -> None:
        """Does nothing."""


class WandbTracker:
    """Logs to Weights & Biases, online or into files that `wandb sync` sends later."""

    def __init__(self, run: Any) -> None:
        self._run = run
        # Steps are a metric of their own: a resumed run may log a step twice, which the
        # tracker's built-in counter would drop.
        run.define_metric("*", step_metric="step")

    def log(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Logs numbers, at a step of the job's own counting where one is given."""
        plain = {name: float(value) for name, value in metrics.items()}
        self._run.log(plain if step is None else {**plain, "step": int(step)})

    def audio(self, name: str, wave: ArrayLike, sample_rate: float, caption: str = "") -> None:
        """Logs a mono sound `(n_samples,)` at `sample_rate` Hz, which is rounded to whole Hz."""
        import wandb

        samples = np.asarray(wave, dtype=np.float32)
        sound = wandb.Audio(samples, sample_rate=round(sample_rate), caption=caption or None)
        self._run.log({name: sound})

    def figure(self, name: str, figure: Figure) -> None:
        """Logs a matplotlib figure as a picture."""
        import wandb
        from PIL import Image

        # Given a figure itself, the tracker asks pyplot for it, which a job need not have loaded.
        picture = io.BytesIO()
        figure.savefig(picture, format="png")
        self._run.log({name: wandb.Image(Image.open(picture))})

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Logs a table: a sequence of rows, each as long as `columns`."""
        import wandb

        data: list[Any] = [list(row) for row in rows]
        self._run.log({name: wandb.Table(columns=list(columns), data=data)})

    def finish(self, succeeded: bool = True) -> None:
        """Closes the log and sends what is left, for as long as the settings allow."""
        limit = float(self._run.settings.finish_timeout or "inf")
        start = time.monotonic()
        self._run.finish(exit_code=0 if succeeded else 1)
        if time.monotonic() - start >= limit:
            log.warning("the server took longer than %g s: send the rest with wandb sync", limit)


def open_tracker(
    settings: TrackerSettings,
    experiment: str,
    run_hash: str,
    folder: Path,
    config: dict[str, Any],
) -> Tracker:
    """The tracker of a run, in the mode that settings, account and network allow.

    Args:
        settings: the group `tracker`.
        experiment: the experiment's name, by which the tracker groups runs.
        run_hash: the run's hash, its id.
        folder: the run folder; the tracker's files go to `wandb/` in it.
        config: the resolved configuration, logged with the run.
    """
    mode = settings.mode
    if mode == "auto":
        mode = "online" if has_account() else "offline"
    if mode == "disabled":
        return NoTracker()
    if mode == "online" and not answers(server(), min(5.0, settings.timeout_s)):
        log.warning("no answer from %s: logging offline; send later with wandb sync", server())
        mode = "offline"
    os.environ.setdefault("WANDB_SILENT", "true")  # its notes on logging in come before settings
    import wandb

    try:
        run = _init(settings, mode, experiment, run_hash, folder, config)
    except wandb.Error as error:
        if mode == "offline":
            raise
        reason = " ".join(str(error).split())
        log.warning("logging offline; send later with wandb sync: %s", reason)
        wandb.teardown()  # the service still holds the run that could not be started
        run = _init(settings, "offline", experiment, run_hash, folder, config)
    return WandbTracker(run)


def _init(
    settings: TrackerSettings,
    mode: str,
    experiment: str,
    run_hash: str,
    folder: Path,
    config: dict[str, Any],
) -> Any:
    """Starts the tracker's run in one mode."""
    import wandb

    return wandb.init(
        project=settings.project,
        entity=settings.entity,
        tags=list(settings.tags),
        id=run_hash,
        name=f"{experiment} {run_hash}",
        group=experiment,
        dir=str(folder),
        config=config,
        mode=mode,  # type: ignore[arg-type]
        resume="allow" if mode == "online" else None,
        reinit="create_new",
        settings=wandb.Settings(
            silent=True,
            console="off",
            init_timeout=settings.timeout_s,
            finish_timeout=settings.finish_timeout_s,
            disable_git=True,
            disable_code=True,
        ),
    )


def server() -> str:
    """The address of the tracker's server."""
    return os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")


def has_account() -> bool:
    """Whether a key for the server is in the environment or in the netrc file."""
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        known = netrc.netrc(os.environ.get("NETRC"))
    except (OSError, netrc.NetrcParseError):
        return False
    return known.authenticators(urllib.parse.urlsplit(server()).hostname or "") is not None


def answers(address: str, timeout_s: float) -> bool:
    """Whether the server of `address` answers anything at all, through a proxy if one is set."""
    request = urllib.request.Request(address, method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=timeout_s).close()
    except urllib.error.HTTPError as error:
        error.close()
    except (OSError, http.client.HTTPException, ValueError):
        return False
    return True
