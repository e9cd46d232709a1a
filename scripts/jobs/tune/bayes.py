"""Ax behind two calls: propose trials, and take their scores; all of its state is one text."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Proposal", "began", "proposed", "told"]

OBJECTIVE = "score"


class Proposal(NamedTuple):
    """A trial that Ax wants to see.

    Attributes:
        number: of the trial, from 0.
        values: by name, numbers as Ax chose them.
        made_by: the method: the centre of the space, Sobol's sequence, a model (MBM).
    """

    number: int
    values: dict[str, float]
    made_by: str


def began(
    ranges: Mapping[str, tuple[float, float]],
    whole: Mapping[str, tuple[int, int]],
    initial: int,
    seed: int,
) -> str:
    """The state before the first trial.

    Args:
        ranges: low and high of what takes any number.
        whole: the same of what takes whole numbers.
        initial: trials that no model chooses.
        seed: of those.
    """
    with _quiet():
        from ax.api.client import Client
        from ax.api.configs import RangeParameterConfig

        client = Client()
        client.configure_experiment(
            name="tuning",
            parameters=[
                *(RangeParameterConfig(n, ends, "int") for n, ends in whole.items()),
                *(RangeParameterConfig(n, ends, "float") for n, ends in ranges.items()),
            ],
        )
        client.configure_optimization(objective=OBJECTIVE)
        client.configure_generation_strategy(
            initialization_budget=initial, initialization_random_seed=seed
        )
        return _text(client)


def proposed(state: str, count: int, seed: int) -> tuple[str, list[Proposal]]:
    """The state with up to `count` new trials, and those.

    It depends on the state's text and the seed alone: Ax reads its own file with other last digits
    than it had in memory, and a model amplifies these, so that a tuning that went on from a file
    would part from one that was never interrupted. Here every one goes on from the text.
    """
    import torch

    with _quiet(), torch.random.fork_rng(devices=[]):
        client = _client(state)
        torch.manual_seed(seed)
        found = client.get_next_trials(count)
        table = client.summarize(trial_indices=list(found)).set_index("trial_index")
        proposals = [
            Proposal(number, dict(values), str(table.loc[number].get("generation_node", "")))
            for number, values in sorted(found.items())
        ]
        return _text(client), proposals


def told(state: str, number: int, score: float | None, reason: str = "") -> str:
    """The state with the score of a trial; None: it failed."""
    with _quiet():
        client = _client(state)
        if score is None:
            client.mark_trial_failed(number, reason or None)
        else:
            client.complete_trial(number, {OBJECTIVE: score})
        return _text(client)


def _client(state: str) -> Any:
    """Ax as it was saved."""
    from ax.api.client import Client

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ax.json"
        path.write_text(state, encoding="utf-8")
        return Client.load_from_json_file(str(path))


def _text(client: Any) -> str:
    """What Ax saves of itself."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ax.json"
        client.save_to_json_file(str(path))
        return path.read_text(encoding="utf-8")


@contextmanager
def _quiet() -> Iterator[None]:
    """Ax says every step on the console, where the job says its own, and warns of its own parts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ax.utils.common.logger import set_ax_logger_levels

        set_ax_logger_levels(logging.ERROR)
        yield
