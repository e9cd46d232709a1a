"""Parameter trees of SynthAX, as its `write_synthspec` and CTAG write them, to our vectors.

SynthAX stores values in [0, 1], per module, with a leading batch axis; the modulation matrix is one
array `mod` (batch, outputs, inputs), the mixer one array `level` (batch, inputs). The file names no
class, so the modules tell which synth it is. Ranges are SynthAX's, which are ours but for one: it
ignores the curve of Voice's noise level (0.025), so that level is linear in every imported patch.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from synth.base import Synth
from synth.config import SynthConfig
from synth.modules.mixer import AudioMixer
from synth.modules.modulation import ModulationMixer
from synth.parameter import Range
from synth.patches.foreign import clean, numbers
from synth.patches.instrument import build
from synth.patches.reading import PatchError
from synth.synth import ParametricSynth, Voice, VoiceFM

_PREFIX = "modules_"


def is_tree(data: Any) -> bool:
    """Whether plain data looks like SynthAX's parameters, with or without its configuration."""
    tree = _tree(data)
    return isinstance(tree, Mapping) and any(str(m).removeprefix(_PREFIX) == "mixer" for m in tree)


def read_tree(
    data: Any, config: SynthConfig | None, compat: Any, ranges: Mapping[str, Range]
) -> tuple[Synth, np.ndarray]:
    """The synth that a parameter tree belongs to, and theta (batch, n_params).

    Args:
        data: {"params": {module: {parameter: array}}, "config": {...}}, or the inner mappings.
        config: rates and duration, in place of the file's.
        compat: see `SynthConfig`.
        ranges: over SynthAX's own, by full name, where the patch was made with others.

    Raises:
        PatchError: no such tree, no configuration, or values that are not numbers in [0, 1].
    """
    leaves = {
        str(module).removeprefix(_PREFIX): {str(k): v for k, v in entries.items()}
        for module, entries in _tree(data).items()
        if isinstance(entries, Mapping)
    }
    arrays = {
        f"{module}.{name}": numbers(value, f"{module}.{name}")
        for module, entries in leaves.items()
        for name, value in entries.items()
    }
    config = _config(data, config, compat)
    cls, shape = _identify(leaves)
    if cls is ParametricSynth:
        n, given = sum(shape.values()), arrays.get("mod_matrix.mod", np.empty(0))
        if given.shape[-2:] != (2 * n + 1, 2 * n):
            raise PatchError(
                f"mod_matrix.mod must have shape (batch, {2 * n + 1}, {2 * n}) for {n} keyboards, "
                f"got {given.shape}"
            )
    own = {"mixer.noise": Range(0.0, 1.0)} if cls is Voice else {}
    synth = build(cls, config, shape, {**own, **ranges})
    columns = _columns(synth, arrays)
    sizes = sorted({len(column) for column in columns.values()})
    if len(sizes) != 1:
        raise PatchError(f"the parameters have batches of different sizes: {sizes}")
    return synth, clean(np.stack([columns[p.name] for p in synth.parameters], axis=1), synth)


def _tree(data: Any) -> Any:
    for _ in range(2):
        if isinstance(data, Mapping) and "params" in data:
            data = data["params"]
    return data


def _config(data: Any, config: SynthConfig | None, compat: Any) -> SynthConfig:
    names = ("sample_rate", "buffer_size_seconds", "control_rate")
    if config is not None:
        given = {name: getattr(config, name) for name in names}
    else:
        found = data.get("config") if isinstance(data, Mapping) else None
        found = found if isinstance(found, Mapping) else {}
        given = {name: found.get(name) for name in names}
    for name, value in given.items():
        if config is None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise PatchError(
                f"config.{name} must be a number, got {value!r}; give config=SynthConfig(...) with "
                "the rates and the duration that the patch was made for"
            )
    try:
        return SynthConfig(**given, compat=compat)
    except ValueError as error:
        raise PatchError(f"config: {error}") from None


def _identify(leaves: Mapping[str, Mapping[str, Any]]) -> tuple[type[Synth], dict[str, int]]:
    """Class and topology from the modules: Voice, VoiceFM (VoiceExpanded), ParametricSynth."""
    if "keyboard" in leaves:
        return (VoiceFM if "vco_4" in leaves else Voice), {}
    n = sum(module.startswith("keyboard_") for module in leaves)
    modulators = sum(module.startswith("vco_") for module in leaves) - n
    is_sine = ["shape" not in leaves.get(f"vco_{i}", ()) for i in range(1, n + 1)]
    # Sines come before square-saws, first among the oscillators that are heard, then among those
    # that modulate.
    heard, modulating = is_sine[: n - modulators], is_sine[n - modulators :]
    in_order = all(part == sorted(part, reverse=True) for part in (heard, modulating))
    if 0 <= modulators <= n and n > 0 and in_order:
        return ParametricSynth, {
            "sine": sum(heard),
            "square_saw": len(heard) - sum(heard),
            "fm_sine": sum(modulating),
            "fm_square_saw": len(modulating) - sum(modulating),
        }
    raise PatchError(
        "the modules are those of no SynthAX synth (Voice, VoiceExpanded, ParametricSynth): "
        f"{', '.join(sorted(leaves)[:12]) or 'none'}"
    )


def _columns(synth: Synth, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """(batch,) values by our parameter names."""
    modules = synth.modules()
    columns: dict[str, np.ndarray] = {}
    used: set[str] = set()
    for p in synth.parameters:
        name, _, parameter = p.name.partition(".")
        module = modules[name]
        if isinstance(module, ModulationMixer):
            source, _, target = parameter.partition("->")
            shape = (len(module.outputs), len(module.inputs))
            place = (module.outputs.index(target), module.inputs.index(source))
            key = f"{name}.mod"
        elif isinstance(module, AudioMixer):
            shape, place, key = (
                (len(module.inputs),),
                (module.inputs.index(parameter),),
                f"{name}.level",
            )
        else:
            shape, place, key = (), (), p.name
        if key not in arrays:
            raise PatchError(f"{key} is missing for {type(synth).__name__}")
        array = arrays[key]
        if array.shape == shape:
            array = array[None]
        if array.ndim != len(shape) + 1 or array.shape[1:] != shape or not array.size:
            wanted = ", ".join(("batch", *(str(size) for size in shape)))
            raise PatchError(f"{key} must have shape ({wanted}), got {arrays[key].shape}")
        used.add(key)
        columns[p.name] = array[(slice(None), *place)]
    if extra := sorted(set(arrays) - used):
        raise PatchError(f"{extra[0]!r} is no parameter of {type(synth).__name__}")
    return columns
