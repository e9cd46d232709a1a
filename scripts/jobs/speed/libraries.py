"""The libraries of the benchmark by name.

Each draws its own random parameters inside the timed call and in the way that is natural for it:

| name | one batch |
|---|---|
| `ours` | one jitted program: key -> `jax.random.uniform` -> `Voice.render` |
| `ours_reused` | the same through `Voice.render_into`: the last batch's buffer is written again |
| `synthax` | one jitted program: key -> `Voice.init_with_output` (faster than init and apply) |
| `torchsynth` | `voice(i)`: batch i of its endless data set, `reproducible=False` |
| `fill` | the limit: a jitted program that writes one number to every sample of a new buffer |
| `fill_reused` | the limit with a donated buffer: nothing but the stores |
| `arithmetic` | the limit: `PROBE_FLOPS` multiplications and additions a sample, then its store |

A process imports only the library it measures.
"""

import importlib.util
from collections.abc import Callable
from typing import Any

from scripts.jobs.speed import peers, probes
from scripts.jobs.speed.renderers import JaxRenderer, Renderer, ReusedRenderer, Sounds


class MissingLibrary(ImportError):
    """A library of the benchmark is not installed."""


def _our_voice(sounds: Sounds) -> tuple[Any, dict[str, Any]]:
    """Our Voice, and the options with which a program that renders it is compiled."""
    from synth.config import SynthConfig
    from synth.engine import compiler_options
    from synth.synth import Voice

    config = SynthConfig(
        batch_size=sounds.batch,
        sample_rate=sounds.sample_rate,
        buffer_size_seconds=sounds.duration_s,
    )
    return Voice(config=config), compiler_options()


def ours(sounds: Sounds) -> Renderer:
    """Our Voice; parameters and audio in one program."""
    import jax

    voice, options = _our_voice(sounds)

    def program(key: Any) -> Any:
        return voice.render(jax.random.uniform(key, (sounds.batch, voice.n_params)))

    return JaxRenderer(jax.jit(program, compiler_options=options))


def ours_reused(sounds: Sounds) -> Renderer:
    """Our Voice, rendering into the buffer of the batch before."""
    import jax

    voice, options = _our_voice(sounds)

    def program(buffer: Any, key: Any) -> Any:
        theta = jax.random.uniform(key, (sounds.batch, voice.n_params))
        return voice.render_into(buffer, theta)

    compiled = jax.jit(program, donate_argnums=0, compiler_options=options)
    return ReusedRenderer(compiled, sounds)


LIBRARIES: dict[str, Callable[[Sounds], Renderer]] = {
    "ours": ours,
    "ours_reused": ours_reused,
    "synthax": peers.synthax,
    "torchsynth": peers.torchsynth,
    "fill": probes.fill,
    "fill_reused": probes.fill_reused,
    "arithmetic": probes.arithmetic,
}
OURS = ("ours", "ours_reused")
PEERS = ("synthax", "torchsynth")
LIMITS = ("fill", "fill_reused", "arithmetic")


def build(name: str, sounds: Sounds) -> Renderer:
    """Set up library `name` for `sounds`.

    Raises:
        ValueError: there is no library of that name.
        MissingLibrary: a peer is not installed; the message says how to.
    """
    if name not in LIBRARIES:
        raise ValueError(f"library {name!r} is unknown; allowed: {', '.join(LIBRARIES)}")
    if not installed(name):
        raise MissingLibrary(f"{name} is not installed; `make setup-bench` installs it")
    return LIBRARIES[name](sounds)


def installed(name: str) -> bool:
    """Whether library `name` can be imported here (without importing it)."""
    return name not in PEERS or importlib.util.find_spec(name) is not None
