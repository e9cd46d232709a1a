"""A patch: one sound of one synth, to save, edit, exchange and render again.

    patch = Patch.from_theta(voice, theta[0], name="bell")
    patch.save("bell.yaml")
    audio = load_patch("bell.yaml").render()

The file is described in `synth.patches.document`. Patches of other programs come in through
`synth.patches.importers`; `synth.patches.interpolate` finds others between and around patches;
`synth.patches.export` writes audio files.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32

from synth.base import Synth
from synth.patches.document import check_noise_key, from_document, to_document
from synth.patches.instrument import portable, unknown
from synth.patches.numbers import human_text
from synth.patches.reading import MAX_DEPTH, PatchError, naming, read_document
from synth.patches.writing import document_text, write_document

__all__ = ["Patch", "PatchError", "Row", "load_patch", "patches_from_theta", "render_patches"]


class Row(NamedTuple):
    """A parameter as people read it."""

    module: str
    parameter: str
    value: float
    unit: str


@dataclass(frozen=True)
class Patch:
    """One sound: an instrument and its values. Make it with `from_theta` or `load_patch`.

    Args:
        instrument: the synth with rates, duration and ranges spelled out, for one sound.
        values: float32 in [0, 1] as Python numbers, in the order of `instrument.parameters`.
        name: what people call the sound.
        metadata: whatever a file can hold: text, numbers, truth values, None, lists, mappings.
        noise_key: two 32-bit words of the sound's noise key; None is the fixed noise.
    """

    instrument: Synth
    values: tuple[float, ...]
    name: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    noise_key: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        names = [p.name for p in self.instrument.parameters]
        if len(self.values) != len(names):
            raise PatchError(
                f"{type(self.instrument).__name__} has {len(names)} parameters, "
                f"got {len(self.values)} values"
            )
        for name, value in zip(names, self.values, strict=True):
            if not 0 <= value <= 1:
                raise PatchError(f"{name} must be a number from 0 to 1, got {value}")
        object.__setattr__(self, "name", _printable(self.name, "name"))
        object.__setattr__(self, "metadata", _storable(dict(self.metadata), "metadata"))
        check_noise_key(self.noise_key, "noise_key")

    @classmethod
    def from_theta(
        cls,
        synth: Synth,
        theta: Float[Array | np.ndarray, "n_params"] | Float[Array | np.ndarray, "1 n_params"],
        name: str = "",
        metadata: Mapping[str, Any] | None = None,
        noise_key: Any = None,
    ) -> "Patch":
        """The patch of one parameter vector, which is kept as float32.

        Args:
            synth: what `theta` was rendered with; its rates, duration and ranges are kept too.
            theta: values in [0, 1], in the order of `synth.parameters`.
            name, metadata: see the class.
            noise_key: the JAX key that the sound was rendered with, typed or raw; None where it was
                the fixed noise.

        Raises:
            PatchError: a wrong number of values, or one that is not in [0, 1], by name.
        """
        row = np.asarray(theta)
        if row.shape not in ((synth.n_params,), (1, synth.n_params)):
            raise PatchError(
                f"{type(synth).__name__} takes ({synth.n_params},) values, got shape {row.shape}; "
                "patches_from_theta takes a batch"
            )
        values = tuple(row.astype(np.float32).ravel().tolist())
        words = None if noise_key is None else _words(noise_key)
        instrument = portable(synth)  # pyright: ignore[reportArgumentType]
        return cls(instrument, values, name, metadata or {}, words)

    def synth(self) -> Synth:
        """The instrument, ready to render; equal, and so compiled once, for patches of one kind."""
        return self.instrument

    def theta(self) -> Float32[Array, "1 n_params"]:
        """The values in [0, 1] as a batch of one."""
        return jnp.asarray(np.array([self.values], np.float32))

    def render(self) -> Float32[Array, " n_samples"]:
        """The sound, at `synth().config.sample_rate`."""
        return render_patches([self])[0]

    def human(self) -> dict[str, float]:
        """Values in human units by full name, unrounded."""
        pairs = zip(self.instrument.parameters, self.values, strict=True)
        return {p.name: float(p.to_human(value)) for p, value in pairs}

    def rows(self) -> list[Row]:
        """Module, parameter, value in human units (rounded as in a file) and unit, in order."""
        human = self.human()
        rows = []
        for p in self.instrument.parameters:
            module, _, parameter = p.name.partition(".")
            rows.append(Row(module, parameter, float(human_text(human[p.name], p)), p.unit))
        return rows

    def changed(self, human: Mapping[str, float] | None = None, **fields: Any) -> "Patch":
        """A copy with some values changed, given in human units by full name, or other fields.

        Raises:
            PatchError: an unknown name, or a value outside its range.
        """
        document = self._document()
        for full_name, value in (human or {}).items():
            module, _, name = full_name.partition(".")
            if name not in document["parameters"].get(module, {}):
                raise PatchError(unknown(full_name, [p.name for p in self.instrument.parameters]))
            entry = document["parameters"][module][name]
            entry["value"] = _storable(value, full_name)
            del entry["normalised"]
        _, values, *_ = from_document(document)
        return replace(self, values=values, **fields)

    def text(self, suffix: str = ".yaml") -> str:
        """The file's content."""
        return document_text(self._document(), suffix)

    def save(self, path: Path | str) -> Path:
        """Write the patch as YAML or JSON, by the suffix, atomically; the folder must exist.

        Raises:
            PatchError: the suffix is neither .yaml, .yml nor .json.
        """
        with naming(path):
            write_document(path, self._document())
        return Path(path)

    def _document(self) -> dict[str, Any]:
        return to_document(self.instrument, self.values, self.name, self.metadata, self.noise_key)


def load_patch(path: Path | str) -> Patch:
    """Read a patch that `Patch.save` wrote, in this or an earlier version, or that a person did.

    Raises:
        PatchError: in one sentence, which key is wrong, what was given and what is allowed.
        OSError: the file system's own errors, such as FileNotFoundError.
    """
    data = read_document(path)
    with naming(path):
        return Patch(*from_document(data))


def patches_from_theta(
    synth: Synth,
    theta: Float[Array | np.ndarray, "batch n_params"],
    names: Sequence[str] | None = None,
    noise_keys: Any = None,
) -> list[Patch]:
    """One patch a row; `names` are numbers where there are none.

    Raises:
        PatchError: as `Patch.from_theta`, or another number of names or keys than of rows.
    """
    rows = np.asarray(theta)
    if rows.ndim != 2:
        raise PatchError(f"theta must be (batch, {synth.n_params}), got shape {rows.shape}")
    labels = [str(i) for i in range(len(rows))] if names is None else list(names)
    keys = [None] * len(rows) if noise_keys is None else list(noise_keys)
    if not len(labels) == len(keys) == len(rows):
        raise PatchError(
            f"{len(rows)} rows of theta, but {len(labels)} names and {len(keys)} noise keys"
        )
    return [
        Patch.from_theta(synth, row, name, noise_key=key)
        for row, name, key in zip(rows, labels, keys, strict=True)
    ]


def render_patches(patches: Iterable[Patch]) -> list[Float32[Array, " n_samples"]]:
    """The sounds of several patches, those of one instrument in one batch, in the order given."""
    patches = list(patches)
    groups: dict[tuple[Synth, bool], list[int]] = {}
    for i, patch in enumerate(patches):
        groups.setdefault((patch.instrument, patch.noise_key is None), []).append(i)
    sounds: dict[int, Array] = {}
    for (instrument, fixed_noise), members in groups.items():
        # SynthAX's behaviours let the first sound of a batch set the level of the others.
        alone = instrument.config.compat is not None
        for part in [[i] for i in members] if alone else [members]:
            theta = jnp.asarray(np.array([patches[i].values for i in part], np.float32))
            words = [patches[i].noise_key for i in part]
            keys = None if fixed_noise else jnp.asarray(np.array(words, np.uint32))
            audio = instrument.render(theta, keys)
            sounds |= dict(zip(part, audio, strict=True))
    return [sounds[i] for i in range(len(patches))]


def _words(noise_key: Any) -> tuple[int, int]:
    key = jnp.asarray(noise_key)
    data = jax.random.key_data(key) if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else key
    words = np.asarray(data).ravel().tolist()
    if len(words) < 2:
        raise PatchError(f"noise_key must be one JAX key, got shape {np.shape(noise_key)}")
    return words[0], words[1]


def _printable(text: Any, where: str) -> str:
    try:
        text.encode()
    except (AttributeError, UnicodeEncodeError):
        raise PatchError(f"{where} must be text, got {text!r}") from None
    return text


def _storable(value: Any, where: str, depth: int = 0) -> Any:
    """Metadata as a file holds it: NumPy and JAX numbers as Python's, tuples as lists."""
    if depth > MAX_DEPTH - 2:
        raise PatchError(f"{where} is nested deeper than {MAX_DEPTH - 2} levels")
    if isinstance(value, Mapping):
        return {
            _printable(key, f"a key of {where}"): _storable(item, f"{where}.{key}", depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_storable(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, np.generic | np.ndarray | Array) and value.ndim == 0:
        value = value.item()
    if isinstance(value, str):
        return _printable(value, where)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    raise PatchError(
        f"{where} must be text, a finite number, true, false, None, a list or a mapping, "
        f"got {value!r} ({type(value).__name__})"
    )
