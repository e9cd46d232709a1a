"""What bounds rendering on this machine, measured: writing audio, and arithmetic."""

from typing import Any

from scripts.jobs.speed.renderers import JaxRenderer, Renderer, ReusedRenderer, Sounds

CHAINS, STEPS = 8, 16
PROBE_FLOPS = 2 * CHAINS * STEPS


def fill(sounds: Sounds) -> Renderer:
    """One number, drawn anew, written to every sample of a new buffer."""
    import jax
    import jax.numpy as jnp

    return JaxRenderer(jax.jit(lambda key: jnp.full(sounds.shape, jax.random.uniform(key))))


def fill_reused(sounds: Sounds) -> Renderer:
    """One number, drawn anew, written to every sample of a donated buffer."""
    import jax
    import jax.numpy as jnp

    def program(buffer: Any, key: Any) -> Any:
        return jnp.full_like(buffer, jax.random.uniform(key))

    return ReusedRenderer(jax.jit(program, donate_argnums=0, keep_unused=True), sounds)


def arithmetic(sounds: Sounds) -> Renderer:
    """`PROBE_FLOPS` multiplications and additions a sample in registers, then its store.

    Eight independent chains hide the latency of one; their factors come from the key, so that
    nothing is known when they are compiled. The widest vectors are asked for on a CPU.
    """
    import jax
    import jax.numpy as jnp

    def program(buffer: Any, key: Any) -> Any:
        factor, offset = jax.random.uniform(key, (2,))
        start = jax.lax.broadcasted_iota(jnp.int32, buffer.shape, 1).astype(jnp.float32)
        chains = [start + number for number in range(CHAINS)]
        for _ in range(STEPS):
            chains = [chain * factor + offset for chain in chains]
        return sum(chains[1:], chains[0])

    wide = {"xla_cpu_prefer_vector_width": 512} if jax.default_backend() == "cpu" else None
    compiled = jax.jit(program, donate_argnums=0, keep_unused=True, compiler_options=wide)
    return ReusedRenderer(compiled, sounds)
