"""What each library renders in a cell: the asked sounds, with new parameters every time."""

import numpy as np
import pytest

from scripts.jobs.speed import libraries
from scripts.jobs.speed.libraries import LIBRARIES, PEERS, MissingLibrary, build, installed
from scripts.jobs.speed.probes import PROBE_FLOPS
from scripts.jobs.speed.renderers import Sounds

SOUNDS = Sounds(batch=2, duration_s=0.1, sample_rate=8000)
OURS_AND_LIMITS = [name for name in LIBRARIES if name not in PEERS]


def batches(name, count=3):
    renderer = build(name, SOUNDS)
    made = []
    for index in range(count):
        renderer.render(index)
        renderer.wait()
        made.append(np.array(renderer.audio()))
    assert renderer.device_peak_bytes() is None or renderer.device_peak_bytes() > 0
    return made


def check_batches(name):
    made = batches(name)
    assert {audio.shape for audio in made} == {(2, 800)}
    assert {audio.dtype for audio in made} == {np.dtype(np.float32)}
    assert all(np.isfinite(audio).all() for audio in made)
    assert not np.array_equal(made[0], made[1]), "parameters are drawn anew"
    assert not np.array_equal(made[1], made[2])
    return made


@pytest.mark.parametrize("name", OURS_AND_LIMITS)
def test_each_batch_is_new(name):
    made = check_batches(name)
    if name.startswith("ours"):
        assert all(np.abs(audio).max() <= 1 for audio in made)


@pytest.mark.bench
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PEERS)
def test_each_batch_of_a_peer_is_new(name):
    if not installed(name):
        pytest.skip(f"make setup-bench installs {name}")
    made = check_batches(name)
    assert any(np.abs(audio).max() > 0.01 for audio in made)


def test_a_reused_buffer_makes_the_same_sounds():
    for fresh, reused in zip(batches("ours"), batches("ours_reused"), strict=True):
        np.testing.assert_allclose(fresh, reused, atol=1e-5)


def test_a_fill_writes_one_number_everywhere():
    for name in ("fill", "fill_reused"):
        for audio in batches(name):
            assert np.ptp(audio) == 0


def test_the_arithmetic_probe_does_what_it_says():
    """The sum of eight chains x -> x f + o, sixteen times, in float64."""
    import jax

    (audio,) = batches("arithmetic", count=1)
    key = jax.random.split(jax.random.PRNGKey(0), 1024)[0]
    factor, offset = np.asarray(jax.random.uniform(key, (2,)), np.float64)
    values = np.arange(SOUNDS.n_samples)[:, None] + np.arange(8)
    for _ in range(16):
        values = values * factor + offset
    np.testing.assert_allclose(audio[0], values.sum(axis=1), rtol=1e-4)
    assert PROBE_FLOPS == 2 * 8 * 16


def test_the_configured_operations_a_sample_are_what_xla_counts():
    import jax

    from scripts.jobs.speed.job import Speed
    from synth.config import SynthConfig
    from synth.synth import Voice

    batch = 2
    voice = Voice(config=SynthConfig(sample_rate=44100, buffer_size_seconds=0.5))
    theta = jax.ShapeDtypeStruct((batch, voice.n_params), np.float32)
    costs = jax.jit(lambda theta: voice.render(theta)).lower(theta).compile().cost_analysis()
    if not costs or "flops" not in costs:
        pytest.skip("this backend counts no operations")
    counted = costs["flops"] / (batch * voice.n_samples)
    assert counted == pytest.approx(Speed.flops_per_sample, rel=0.25)


def test_a_peer_that_is_not_there_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(libraries, "installed", lambda name: name not in PEERS)
    for name in PEERS:
        with pytest.raises(MissingLibrary, match=f"{name} is not installed; `make setup-bench`"):
            build(name, SOUNDS)


def test_an_unknown_library_is_refused():
    with pytest.raises(ValueError, match="library 'syntax' is unknown; allowed: ours, "):
        build("syntax", SOUNDS)
