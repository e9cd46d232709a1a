"""From patches to others: the line between two, the neighbours of one, new ones at random."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from synth.patch import Patch
from synth.patches.instrument import class_name, topology, unknown
from synth.patches.reading import PatchError


def interpolate(a: Patch, b: Patch, steps: int) -> list[Patch]:
    """The straight line in theta from a to b, both ends included (thesis, Figure 8).

    Args:
        a, b: patches of the same instrument (class, rates, duration, ranges, noise).
        steps: patches in all, at least 2; Figure 8 has 5.

    Raises:
        PatchError: the patches differ in more than their values; or too few steps.
    """
    if steps < 2:
        raise PatchError(f"steps must be at least 2, the two ends, got {steps}")
    check_same_instrument(a, b)
    start, end = (np.array(patch.values, np.float64) for patch in (a, b))
    patches = []
    for i in range(1, steps - 1):
        share = i / (steps - 1)
        theta = (1 - share) * start + share * end
        metadata = {"from": a.name, "to": b.name, "share": share}
        patches.append(_with_theta(a, theta, f"{a.name} to {b.name}, {share:.0%}", metadata))
    return [a, *patches, b]


def neighbours(patch: Patch, delta: float, key: Any, count: int = 1) -> list[Patch]:
    """Patches near one: theta + delta * z, z standard normal, clipped to [0, 1].

    The perturbation of Audio Doppelgaengers (Cherep and Singh 2024), where delta is 0.25.

    Args:
        patch: the middle.
        delta: standard deviation in [0, 1] of each normalised value, 0 or more.
        key: a JAX random key.
        count: how many.

    Raises:
        PatchError: a negative delta or count.
    """
    if not (np.isfinite(delta) and delta >= 0):
        raise PatchError(f"delta must be 0 or more, got {delta}")
    noise = np.asarray(jax.random.normal(key, (_count(count), len(patch.values))))
    theta = np.clip(np.array(patch.values) + delta * noise, 0.0, 1.0)
    metadata = {"neighbour_of": patch.name, "delta": float(delta)}
    return [
        _with_theta(patch, row, f"{patch.name} neighbour {i}", metadata)
        for i, row in enumerate(theta)
    ]


def randomise(patch: Patch, key: Any, count: int = 1, keep: Sequence[str] = ()) -> list[Patch]:
    """New sounds of a patch's instrument, uniform in [0, 1], but for what is to be kept.

    Args:
        patch: gives the instrument and the values that stay.
        key: a JAX random key.
        count: how many.
        keep: modules ("keyboard") and parameters ("vco_1.tuning") that stay as they are.

    Raises:
        PatchError: a name in `keep` that the synth does not have.
    """
    names = [p.name for p in patch.instrument.parameters]
    modules = {name.partition(".")[0] for name in names}
    for name in keep:
        if name not in modules and name not in names:
            raise PatchError(f"keep: {unknown(name, [*sorted(modules), *names])}")
    stays = np.array([n in keep or n.partition(".")[0] in keep for n in names])
    drawn = np.asarray(jax.random.uniform(key, (_count(count), len(names))))
    theta = np.where(stays, np.array(patch.values), drawn)
    label = patch.name or class_name(type(patch.instrument))
    return [_with_theta(patch, row, f"{label} random {i}", {}) for i, row in enumerate(theta)]


def check_same_instrument(a: Patch, b: Patch) -> None:
    """Refuse two patches whose values mean different things, and say what differs.

    Raises:
        PatchError: another class, topology, rate, duration, behaviour, noise or range.
    """
    pairs: dict[str, tuple[Any, Any]] = {
        "synths": (class_name(type(a.instrument)), class_name(type(b.instrument)))
    }
    if type(a.instrument) is type(b.instrument):
        pairs["topologies"] = (topology(a.instrument), topology(b.instrument))
    for name in ("sample_rate", "control_rate", "buffer_size_seconds", "compat"):
        pairs[name] = (getattr(a.instrument.config, name), getattr(b.instrument.config, name))
    pairs["noise keys"] = (a.noise_key, b.noise_key)
    for what, (one, other) in pairs.items():
        if one != other:
            raise PatchError(
                f"patches {a.name!r} and {b.name!r} have different {what}: {one} and {other}"
            )
    for p, q in zip(a.instrument.parameters, b.instrument.parameters, strict=True):
        if p != q:
            raise PatchError(
                f"patches {a.name!r} and {b.name!r} have different ranges of {p.name}: "
                f"{_ends(p)} and {_ends(q)}"
            )


def _ends(p: Any) -> str:
    symmetric = ", symmetric" if p.symmetric else ""
    return f"{p.minimum:g} to {p.maximum:g} {p.unit} (curve {p.curve:g}{symmetric})"


def _count(count: int) -> int:
    if count < 0:
        raise PatchError(f"count must be 0 or more, got {count}")
    return count


def _with_theta(patch: Patch, theta: np.ndarray, name: str, metadata: dict[str, Any]) -> Patch:
    values = tuple(theta.astype(np.float32).tolist())
    return Patch(patch.instrument, values, name, metadata, patch.noise_key)
