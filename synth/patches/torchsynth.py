"""Voices of torchsynth: its state dictionary, as a mapping, JSON or npz, to our vectors.

torchsynth keeps values in [0, 1] under `module.torchparameters.parameter`; this project's names are
the same without the middle. A state dictionary also holds buffers (`adsr_1.range`, `noise.noise`),
which are no parameters. Curves and symmetry can be changed there by a "nebula", a JSON file:
`read_nebula` gives its ranges.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from synth.base import Synth
from synth.config import SynthConfig
from synth.parameter import Range
from synth.patches.foreign import clean, numbers
from synth.patches.instrument import bare, build, unknown
from synth.patches.reading import PatchError, naming, read_document
from synth.synth import Voice

DEFAULT_CONFIG = SynthConfig(sample_rate=44100, buffer_size_seconds=4.0, control_rate=441)
"""torchsynth's own settings, since a state dictionary holds none."""

_MARK = ".torchparameters."


def is_state(data: Any) -> bool:
    """Whether plain data maps full parameter names, in text or (module, parameter), to values."""
    if not isinstance(data, Mapping):
        return False
    names = {p.name for p in Voice().parameters}
    return any(_full_name(key).replace(_MARK, ".") in names for key in data)


def read_state(
    data: Any, config: SynthConfig | None, ranges: Mapping[str, Range]
) -> tuple[Synth, np.ndarray]:
    """The voice that a state dictionary belongs to, and theta (batch, 78).

    Args:
        data: values in [0, 1], a number or (batch,), by `module.parameter`.
        config: rates and duration; torchsynth's defaults where None.
        ranges: over torchsynth's own, by full name (see `read_nebula`).

    Raises:
        PatchError: a parameter is missing or unknown, or is not numbers in [0, 1].
    """
    if not isinstance(data, Mapping):
        raise PatchError(f"a mapping of names to values is expected, got {type(data).__name__}")
    synth = build(Voice, config or DEFAULT_CONFIG, {}, ranges)
    state = {_full_name(key): value for key, value in data.items()}
    if any(_MARK in name for name in state):
        state = {k.replace(_MARK, "."): v for k, v in state.items() if _MARK in k}
    names = [p.name for p in synth.parameters]
    for name in state:
        if name not in names:
            raise PatchError(unknown(name, names))
    if missing := [name for name in names if name not in state]:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise PatchError(f"{missing[0]!r}{more} missing for torchsynth's Voice")
    columns = [_column(state[name], name) for name in names]
    sizes = {len(column) for column in columns} - {1}
    if len(sizes) > 1:
        raise PatchError(f"the parameters have batches of different sizes: {sorted(sizes)}")
    batch = max(sizes, default=1)
    theta = np.stack([np.broadcast_to(column, batch) for column in columns], axis=1)
    return synth, clean(theta, synth)


def read_nebula(path: Path | str) -> dict[str, Range]:
    """The ranges of a torchsynth nebula (JSON by its `save_hyperparameters`), by full name.

    Raises:
        PatchError: not such a file.
    """
    rows = read_document(path)
    ranges = {p.name: bare(p) for p in Voice().parameters}
    settings: dict[str, dict[str, Any]] = {}
    with naming(path):
        if not isinstance(rows, list):
            raise PatchError("a nebula is a list of {name: [module, parameter, what], value}")
        for row in rows:
            name = row.get("name") if isinstance(row, dict) else None
            if not isinstance(name, list) or len(name) != 3 or "value" not in row:
                raise PatchError("a nebula is a list of {name: [module, parameter, what], value}")
            module, parameter, what = (str(part) for part in name)
            full_name = f"{module}.{parameter}"
            if full_name not in ranges:
                raise PatchError(unknown(full_name, ranges))
            settings.setdefault(full_name, {})[what] = row["value"]
        for full_name, changes in settings.items():
            own = ranges[full_name]
            given = {"curve": own.curve, "symmetric": own.symmetric} | changes
            if set(given) != {"curve", "symmetric"}:
                raise PatchError(f"{full_name}: {unknown(max(changes), ('curve', 'symmetric'))}")
            curve, symmetric = given["curve"], given["symmetric"]
            if isinstance(curve, bool) or not isinstance(curve, int | float) or not curve > 0:
                raise PatchError(f"{full_name}.curve must be a number above 0, got {curve!r}")
            if not isinstance(symmetric, bool):
                raise PatchError(f"{full_name}.symmetric must be true or false, got {symmetric!r}")
            ranges[full_name] = Range(own.minimum, own.maximum, float(curve), symmetric, own.unit)
    return ranges


def _full_name(key: Any) -> str:
    return ".".join(str(part) for part in key) if isinstance(key, tuple) else str(key)


def _column(value: Any, where: str) -> np.ndarray:
    tensor = value.detach().cpu() if hasattr(value, "detach") else value
    column = np.atleast_1d(numbers(tensor, where))
    if column.ndim != 1 or not column.size:
        raise PatchError(f"{where} must be a number or (batch,) numbers, got shape {column.shape}")
    return column
