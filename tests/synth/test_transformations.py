"""`render` under jit, grad and vmap, into a reused buffer, over devices and in pieces."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synth.fence import fence
from synth.stream import stream
from tests.synth.family import build, random_theta
from tests.synth.spectra import log_mel_distance

ROOT = Path(__file__).resolve().parents[2]


def keys(n):
    return jax.random.split(jax.random.PRNGKey(0), n)


def assert_same_sounds(made, expected):
    """Equal but for what another compilation may round differently."""
    made, expected = np.asarray(made), np.asarray(expected)
    assert made.shape == expected.shape
    for a, b in zip(made.reshape(-1, 4000), expected.reshape(-1, 4000), strict=True):
        assert np.abs(a - b).max() <= 1e-4 or log_mel_distance(a, b, 16000) <= 0.05


@pytest.fixture(scope="module")
def noise_and_tone():
    """A synth with noise and one without, their parameters and their sounds."""
    made = {}
    for name in ("shapednoise", "oneosc"):
        synth = build(name)
        theta = random_theta(synth, 20, seed=3)
        made[name] = synth, theta, np.asarray(synth.render(theta, keys(20)))
    return made


@pytest.mark.parametrize("name", ["shapednoise", "oneosc"])
def test_render_within_jit(noise_and_tone, name):
    synth, theta, audio = noise_and_tone[name]
    within = jax.jit(lambda t, k: 2 * synth.render(t, k))(theta, keys(20))
    assert_same_sounds(within / 2, audio)
    twice = jax.jit(jax.jit(synth.render))(theta, keys(20))
    assert_same_sounds(twice, audio)


def test_render_under_vmap(noise_and_tone):
    synth, theta, audio = noise_and_tone["shapednoise"]
    batches, batched_keys = theta.reshape(4, 5, -1), keys(20).reshape(4, 5, -1)
    made = jax.vmap(synth.render)(batches, batched_keys)
    assert_same_sounds(made, audio.reshape(4, 5, -1))


def test_one_sound_at_a_time_under_vmap(noise_and_tone):
    synth, theta, audio = noise_and_tone["oneosc"]
    made = jax.jit(jax.vmap(lambda row: synth.render(row[None])[0]))(theta)
    assert_same_sounds(made, audio)


def test_under_vmap_with_a_batch_that_is_rendered_in_chunks(noise_and_tone):
    synth, _, _ = noise_and_tone["oneosc"]
    theta = random_theta(synth, 300).reshape(2, 150, -1)
    made = jax.jit(jax.vmap(synth.render))(theta)
    assert_same_sounds(made[1], synth.render(theta[1]))


@pytest.mark.slow
def test_gradients_under_jit_vmap_and_chunks(noise_and_tone):
    synth, _, _ = noise_and_tone["oneosc"]
    theta = random_theta(synth, 40, seed=8)

    def energy(theta):
        return (synth.render(theta) ** 2).sum()

    together = np.asarray(jax.jit(jax.grad(energy))(theta))
    one_by_one = np.asarray(jax.jit(jax.vmap(jax.grad(lambda row: energy(row[None]))))(theta))
    assert np.isfinite(together).all()
    scale = np.abs(together).max(1, keepdims=True)
    np.testing.assert_allclose(one_by_one / scale, together / scale, atol=2e-2)


def test_forward_derivatives_agree_with_backward_ones(noise_and_tone):
    synth, theta, _ = noise_and_tone["oneosc"]
    few = theta[:3]
    direction = jax.random.normal(jax.random.PRNGKey(1), few.shape)
    weights = jax.random.normal(jax.random.PRNGKey(2), (3, 4000))
    _, forward = jax.jit(lambda t, d: jax.jvp(synth.render, (t,), (d,)))(few, direction)
    (backward,) = jax.jit(lambda t, w: jax.vjp(synth.render, t)[1](w))(few, weights)
    np.testing.assert_allclose((forward * weights).sum(1), (backward * direction).sum(1), rtol=2e-3)


@pytest.mark.parametrize("name", ["shapednoise", "oneosc"])
def test_a_reused_buffer_holds_the_same_audio(noise_and_tone, name):
    synth, theta, audio = noise_and_tone[name]
    buffer = jnp.full((20, 4000), 7.0)
    place = buffer.unsafe_buffer_pointer()
    made = synth.render_into(buffer, theta, keys(20))
    np.testing.assert_array_equal(made, audio)
    assert buffer.is_deleted()
    assert made.unsafe_buffer_pointer() == place
    again = synth.render_into(made, theta[::-1], keys(20)[::-1])
    np.testing.assert_array_equal(again, audio[::-1])
    assert again.unsafe_buffer_pointer() == place


def test_a_buffer_of_another_shape_or_type_is_refused(unchecked):
    synth = build("oneosc")
    theta = random_theta(synth, 2)
    for wrong in (
        jnp.zeros((3, 4000)),
        jnp.zeros((2, 3999)),
        jnp.zeros(4000),
        jnp.zeros((2, 4000), jnp.bfloat16),
    ):
        with pytest.raises(ValueError, match=r"but these sounds need float32\[2, 4000\]"):
            synth.render_into(wrong, theta)


@pytest.mark.parametrize("size", [1, 7, 20, 64])
@pytest.mark.parametrize("host", [True, False], ids=["host", "device"])
def test_pieces_of_a_batch_are_the_batch(noise_and_tone, size, host):
    synth, theta, audio = noise_and_tone["shapednoise"]
    pieces = list(stream(synth, np.asarray(theta) if host else theta, size, keys(20)))
    assert [len(piece) for piece in pieces[:-1]] == [size] * (len(pieces) - 1)
    assert all(isinstance(piece, np.ndarray) for piece in pieces)
    assert_same_sounds(np.concatenate(pieces), audio)


def test_pieces_without_keys_have_the_fixed_noise(noise_and_tone):
    synth, theta, _ = noise_and_tone["shapednoise"]
    made = np.concatenate(list(stream(synth, theta, 8)))
    assert_same_sounds(made, synth.render(theta))


def test_a_piece_has_at_least_one_sound(noise_and_tone):
    synth, theta, _ = noise_and_tone["oneosc"]
    with pytest.raises(ValueError, match="at least 1 sound, got size = 0"):
        next(stream(synth, theta, 0))


TWO_DEVICES = """
import jax, numpy as np
from synth.devices import render_sharded
from tests.synth.family import build, random_theta
assert len(jax.devices()) == 2
synth = build("shapednoise")
for batch in (6, 5):
    theta = random_theta(synth, batch)
    typed = jax.random.split(jax.random.key(1), batch)
    for keys in (None, typed, jax.random.key_data(typed)):
        audio = render_sharded(synth, theta, keys)
        assert audio.shape == (batch, 4000)
        if batch == 6:
            shards = audio.addressable_shards
            assert [s.data.shape for s in shards] == [(3, 4000)] * 2
            assert len({s.device for s in shards}) == 2
        expected = synth.render(theta, keys)
        np.testing.assert_allclose(np.asarray(audio), np.asarray(expected), atol=1e-4)
only = render_sharded(synth, theta, keys, jax.devices()[1:])
assert only.devices() == {jax.devices()[1]}
np.testing.assert_allclose(np.asarray(only), np.asarray(expected), atol=1e-4)
print("same audio")
"""


def test_two_devices_share_a_batch():
    environment = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout.strip() == "same audio", done.stderr


def test_a_fence_changes_nothing():
    tree = {"a": jnp.arange(6.0).reshape(2, 3), "b": jnp.arange(3), "c": jnp.array(-0.0)}
    for made in (fence(tree), jax.jit(fence)(tree)):
        for name, leaf in tree.items():
            np.testing.assert_array_equal(made[name], leaf)
            assert made[name].dtype == leaf.dtype
    assert fence({}) == {}


def test_a_fence_lets_derivatives_and_batches_through():
    x = jnp.array([0.3, -2.0])
    assert jax.grad(lambda v: (fence(v) ** 2).sum())(x).tolist() == pytest.approx([0.6, -4.0])
    stacked = jax.vmap(lambda v: fence((v, 2 * v))[1])(jnp.arange(4.0))
    np.testing.assert_array_equal(stacked, [0, 2, 4, 6])
    hessian = jax.hessian(lambda v: (fence(v) ** 3).sum())(x)
    np.testing.assert_allclose(hessian, np.diag([1.8, -12.0]), rtol=1e-6)
