"""What makes a wiring of modules a synth: one flat parameter vector, and a fast renderer."""

from collections.abc import Mapping
from dataclasses import field
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.core import FrozenDict
from jax.core import Tracer
from jaxtyping import Array, Float

from synth.audio import Audio
from synth.config import SynthConfig
from synth.engine import compiler_options, render_batch
from synth.fence import fence
from synth.grid import make_grid
from synth.modules.base import HUMAN, SynthModule
from synth.modules.noise import NOISE_KEY, Noise
from synth.parameter import Parameter, Setting, hashable, rename, theta_to_human


class Synth(nn.Module):
    """Base of all synths.

    A subclass says which modules it has (`modules`) and how they are connected (`wire`); nothing
    else. Parameters are named `module.parameter`, in alphabetical order of the modules and each
    module's own order within: the order of `theta`'s columns everywhere.

    Args:
        config: rates, duration, batch size of `init`.
        settings: ranges or values of single parameters by full name, over the modules' own.
    """

    config: SynthConfig = SynthConfig()
    settings: Mapping[str, Setting] = field(default_factory=dict)

    if TYPE_CHECKING:  # Flax makes modules frozen dataclasses, which hash

        def __hash__(self) -> int: ...

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # Flax treats every method as part of a bound module; this one describes an unbound one.
        if "modules" in cls.__dict__:
            nn.nowrap(cls.__dict__["modules"])
        super().__init_subclass__(**kwargs)

    def __post_init__(self) -> None:
        # Arrays and dicts cannot key compiled programs.
        frozen = FrozenDict({name: hashable(s) for name, s in self.settings.items()})
        object.__setattr__(self, "settings", frozen)
        super().__post_init__()

    def modules(self) -> dict[str, SynthModule]:
        """The modules by name."""
        raise NotImplementedError

    def wire(self, modules: Mapping[str, Any]) -> Audio:
        """Connect the modules (bound, ready to be called) and return what is heard."""
        raise NotImplementedError

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters in the order of theta's columns."""
        return _structure(self)[1]

    @property
    def n_params(self) -> int:
        """How many parameters a sound has."""
        return len(self.parameters)

    @property
    def n_samples(self) -> int:
        """Samples of a sound."""
        return self.config.n_samples

    @property
    def has_noise(self) -> bool:
        """Whether a noise generator is among the modules, so that `noise_keys` matter."""
        return any(isinstance(m, Noise) for m in _structure(self)[0].values())

    @nn.nowrap
    def init(self, key: Array) -> dict[str, dict[str, dict[str, Array]]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Draw parameters for `config.batch_size` sounds: given values, the rest uniform in [0, 1].

        Returns:
            A Flax tree {"params": {module: {parameter: (batch,) in [0, 1]}}}.
        """
        modules, parameters = _structure(self)
        params: dict[str, dict[str, Array]] = {}
        for parameter, k in zip(parameters, jax.random.split(key, len(parameters)), strict=True):
            module, name = parameter.name.split(".", 1)
            params.setdefault(module, {})[name] = modules[module].initial_unit(name, k)
        return {"params": params}

    @nn.nowrap
    def apply(self, params: Mapping[str, Any], noise_keys: Array | None = None) -> Array:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Render a parameter tree as `init` gives it: -> (batch, n_samples)."""
        return self.render(self.flatten(params), noise_keys)

    @nn.nowrap
    def flatten(self, params: Mapping[str, Any]) -> Float[Array, "batch n_params"]:
        """A parameter tree as vectors.

        Raises:
            ValueError: a parameter is missing or unknown, by name.
        """
        tree = params.get("params", params)
        given = {f"{module}.{name}" for module, leaves in tree.items() for name in leaves}
        if wrong := given.symmetric_difference(p.name for p in self.parameters):
            name = sorted(wrong)[0]
            state = "unknown to" if name in given else "missing for"
            raise ValueError(f"parameter {name!r} is {state} {type(self).__name__}")
        names = (p.name.split(".", 1) for p in self.parameters)
        return jnp.stack([jnp.asarray(tree[m][name]) for m, name in names], axis=-1)

    @nn.nowrap
    def unflatten(
        self, theta: Float[Array, "batch n_params"]
    ) -> dict[str, dict[str, dict[str, Float[Array, " batch"]]]]:
        """Parameter vectors as a tree; the inverse of `flatten`."""
        self._check(theta)
        params: dict[str, dict[str, Array]] = {}
        for i, parameter in enumerate(self.parameters):
            module, name = parameter.name.split(".", 1)
            params.setdefault(module, {})[name] = theta[:, i]
        return {"params": params}

    @nn.nowrap
    def render(
        self, theta: Float[Array, "batch n_params"], noise_keys: Array | None = None
    ) -> Float[Array, "batch n_samples"]:
        """Sounds from parameter vectors: pure, jitted, differentiable, any batch size.

        Sound i depends on row i (and its own noise key) alone.

        Args:
            theta: values in [0, 1], columns as in `parameters`; float32 (float64 is the slow exact
                path for references).
            noise_keys: (batch,) JAX random keys, or raw (batch, 2) uint32, for independent noise a
                sound; None is one fixed noise for all.

        Returns:
            (batch, n_samples) in [-1, 1].

        Raises:
            ValueError: theta is not (batch, n_params) of a floating type.
        """
        return self._run(jnp.asarray(theta), noise_keys, None)

    @nn.nowrap
    def render_into(
        self,
        buffer: Float[Array, "batch n_samples"],
        theta: Float[Array, "batch n_params"],
        noise_keys: Array | None = None,
    ) -> Float[Array, "batch n_samples"]:
        """Render into memory that is already there, and hand that back as the audio.

        `buffer` is consumed. A large new buffer costs more than the sound in it, since the system
        clears every page first; a loop that is done with a batch passes it to the next call.

        Raises:
            ValueError: the buffer is not (batch, n_samples) of theta's type.
        """
        theta = jnp.asarray(theta)
        if buffer.shape != (theta.shape[0], self.n_samples) or buffer.dtype != theta.dtype:
            raise ValueError(
                f"the buffer is {buffer.dtype}{list(buffer.shape)}, but these sounds need "
                f"{theta.dtype}{[theta.shape[0], self.n_samples]}"
            )
        return self._run(theta, noise_keys, buffer)

    @nn.nowrap
    def _run(self, theta: Array, noise_keys: Array | None, out: Array | None) -> Array:
        self._check(theta)
        if theta.shape[0] == 0:
            return jnp.zeros((0, self.n_samples), theta.dtype)
        words = _key_words(noise_keys, theta.shape[0]) if self.has_noise else None
        arguments = (theta, words, out)
        traced = any(isinstance(a, Tracer) for a in arguments)
        return (_traced(self) if traced else _compiled(self))(*arguments)

    @nn.nowrap
    def _check(self, theta: Array) -> None:
        if theta.ndim != 2 or theta.shape[1] != self.n_params:
            raise ValueError(
                f"{type(self).__name__} takes theta of shape (batch, {self.n_params}), "
                f"got {tuple(theta.shape)}"
            )
        if not jnp.issubdtype(theta.dtype, jnp.floating):
            raise ValueError(f"theta must be floating point in [0, 1], got {theta.dtype}")

    def setup(self) -> None:
        modules = self._settled()
        for name, module in modules.items():
            setattr(self, name, module)
        self.module_names = tuple(modules)

    @nn.nowrap
    def _settled(self) -> dict[str, SynthModule]:
        """The modules with the synth's own settings put in."""
        modules = self.modules()
        for full_name, setting in self.settings.items():
            module, _, name = full_name.partition(".")
            if module not in modules or name not in modules[module].default_ranges():
                raise ValueError(
                    f"{type(self).__name__} has no parameter {full_name!r} to set; "
                    "its parameters are listed in `parameters`"
                )
            modules[module] = modules[module].with_setting(name, setting)
        return modules

    def wired(self) -> Audio:
        """Run the wiring with bound modules (a Flax method; use `render`)."""
        audio = self.wire({name: getattr(self, name) for name in self.module_names})
        return audio if audio.gain is None else audio.settled()


@cache
def _structure(synth: Synth) -> tuple[dict[str, SynthModule], tuple[Parameter, ...]]:
    """The synth's modules, unbound, and its parameters."""
    modules = dict(sorted(synth._settled().items()))
    parameters = tuple(
        rename(scope, f"{module}.{name}")
        for module, unbound in modules.items()
        for name, scope in unbound.ranges().items()
    )
    return modules, parameters


@cache
def _compiled(synth: Synth) -> Any:
    """The compiled renderer of a synth: one a topology and configuration."""

    def render(theta: Array, words: Array | None, out: Array | None) -> Array:
        return _render(synth, theta, words, out)

    return jax.jit(render, donate_argnums=2, compiler_options=compiler_options())


@cache
def _traced(synth: Synth) -> Any:
    """The renderer within a caller's program; compiled too where `grad` or `vmap` stand alone."""
    return jax.jit(lambda theta, words, out: _render(synth, theta, words, out), inline=True)


def _render(synth: Synth, theta: Array, words: Array | None, out: Array | None) -> Array:
    modules, parameters = _structure(synth)
    generators = [name for name, module in modules.items() if isinstance(module, Noise)]

    def wire(inputs: tuple[Array, Array | None]) -> Audio:
        theta, words = inputs
        human = fence(theta_to_human(theta, parameters))
        tree: dict[str, dict[str, Array]] = {}
        for i, parameter in enumerate(parameters):
            module, name = parameter.name.split(".", 1)
            tree.setdefault(module, {})[name] = human[:, i]
        variables: dict[str, Any] = {HUMAN: tree}
        if words is not None:
            variables[NOISE_KEY] = {name: {"words": words} for name in generators}
        return cast(Audio, nn.Module.apply(synth, variables, method="wired"))

    audio = render_batch(wire, (theta, words), make_grid(synth.config), out)
    return _limit_by_first(audio) if synth.config.compat == "synthax" else audio


def _limit_by_first(audio: Float[Array, "batch n_samples"]) -> Float[Array, "batch n_samples"]:
    """What SynthAX does: where the first sound's peak exceeds 1, all sounds are divided by it."""
    peak = jnp.max(jnp.abs(audio[0]))
    return jnp.where(peak > 1, audio / peak, audio)


def _key_words(noise_keys: Array | None, batch: int) -> Array | None:
    """Two 32-bit words a sound from JAX keys, typed or raw."""
    if noise_keys is None:
        return None
    keys = jnp.asarray(noise_keys)
    words = jax.random.key_data(keys) if jnp.issubdtype(keys.dtype, jax.dtypes.prng_key) else keys
    if words.ndim != 2 or words.shape[0] != batch or words.shape[1] < 2:
        raise ValueError(
            f"noise_keys must be one key a sound, ({batch},) keys or ({batch}, 2) uint32, "
            f"got shape {tuple(keys.shape)}"
        )
    return words[:, :2].astype(jnp.uint32)
