"""`compat="synthax"`: the four behaviours that published numbers contain, and that library itself.

SynthAX divides a batch by the first sound's peak, ignores the curve of the noise level, draws
parameters in human units, and gives every sound the same noise; control signals are stretched over
the buffer. Where it is installed (make setup-bench) the same parameters make the same audio.
"""

from functools import cache
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from synth.config import SynthConfig
from synth.synth import Voice
from tests.synth.family import build, random_theta
from tests.synth.spectra import log_mel_distance

COMPAT = "synthax"
BATCH, RATE, SECONDS = 16, 44100, 0.5


def compat(name="voice", **config):
    return build(name, compat=COMPAT, **config)


@pytest.mark.slow
def test_the_first_sounds_peak_divides_the_whole_batch():
    synth = compat("nolfo")
    theta = random_theta(synth, 64, seed=2)
    alone = jnp.concatenate([synth.render(row[None]) for row in theta[:4]])
    together = np.asarray(synth.render(theta))
    peaks = np.abs(together).max(1)
    assert (peaks > 1).any(), "nothing else is limited"
    loud = int(np.argmax(peaks))
    divided = np.asarray(synth.render(jnp.roll(theta, -loud, axis=0)))
    np.testing.assert_allclose(np.abs(divided[0]).max(), 1, rtol=1e-6)
    expected = np.roll(together, -loud, axis=0) / peaks[loud]
    np.testing.assert_allclose(divided, expected, atol=1e-5)
    assert np.abs(np.asarray(alone)).max() <= 1


@pytest.mark.slow
def test_a_quiet_first_sound_divides_nothing():
    synth = compat("oneosc")
    theta = random_theta(synth, 8).at[0].set(0.0)
    ours = build("oneosc")
    # No other sound of this synth exceeds 1, so that the two differ in the controls' stretch alone.
    assert np.abs(np.asarray(ours.render(theta))).max() < 1
    assert np.abs(np.asarray(synth.render(theta))).max() < 1


def test_the_curve_of_the_noise_level_is_ignored():
    (level,) = (p for p in compat().parameters if p.name == "mixer.noise")
    assert level.curve == 1.0
    (level,) = (p for p in build("voice").parameters if p.name == "mixer.noise")
    assert level.curve == 0.025


def test_parameters_are_drawn_uniformly_in_human_units():
    config = SynthConfig(batch_size=2000, sample_rate=8000, buffer_size_seconds=0.1, compat=COMPAT)
    synth = Voice(config=config)
    theta = np.asarray(synth.flatten(synth.init(jax.random.PRNGKey(0))))
    for column, p in zip(theta.T, synth.parameters, strict=True):
        human = (p.to_human(column.astype(np.float64)) - p.minimum) / (p.maximum - p.minimum)
        assert abs(human.mean() - 0.5) < 4.5 * np.sqrt(1 / 12 / 2000), p.name
        assert human.std() == pytest.approx(np.sqrt(1 / 12), rel=0.06), p.name
    names = [p.name for p in synth.parameters]
    # In [0, 1] that is far from uniform: seconds with a curve of 1/2 are square roots.
    assert theta[:, names.index("adsr_1.attack")].mean() == pytest.approx(2 / 3, abs=0.02)


def test_every_sound_has_the_same_noise_whatever_its_key():
    synth = compat("shapednoise")
    theta = jnp.repeat(random_theta(synth, 1, seed=3), 4, axis=0)
    for keys in (None, jax.random.split(jax.random.PRNGKey(0), 4)):
        made = np.asarray(synth.render(theta, keys))
        np.testing.assert_array_equal(made, np.repeat(made[:1], 4, axis=0))
    assert np.abs(made).max() > 0


@cache
def peer():
    """The same random voices by SynthAX and by ours, as audio of one batch."""
    synthax = pytest.importorskip("synthax.synth", reason="make setup-bench installs synthax")
    from synthax.config import SynthConfig as TheirConfig

    theirs = synthax.Voice(
        config=TheirConfig(
            batch_size=BATCH, sample_rate=RATE, buffer_size_seconds=SECONDS, control_rate=441
        )
    )
    params = theirs.init(jax.random.PRNGKey(3))
    audio = np.asarray(jax.jit(theirs.apply)(params))
    config = SynthConfig(
        batch_size=BATCH,
        sample_rate=RATE,
        buffer_size_seconds=SECONDS,
        control_rate=441,
        compat=COMPAT,
    )
    ours = Voice(config=config)
    tree = {}
    for parameter in ours.parameters:
        module, name = parameter.name.split(".", 1)
        given = params["params"][f"modules_{module}"]
        if module == "mod_matrix":
            values = given["mod"][:, OUTPUTS.index(name.split("->")[1]), :]
            values = values[:, INPUTS.index(name.split("->")[0])]
        elif module == "mixer":
            values = given["level"][:, SOUNDS.index(name)]
        else:
            values = given[name]
        tree.setdefault(module, {})[name] = values
    return SimpleNamespace(
        theirs=theirs,
        params=params,
        audio=audio,
        ours=ours,
        tree=tree,
        made=np.asarray(ours.apply({"params": tree})),
    )


INPUTS = ("adsr_1", "adsr_2", "lfo_1", "lfo_2")
OUTPUTS = ("vco_1_pitch", "vco_1_amp", "vco_2_pitch", "vco_2_amp", "noise_amp")
SOUNDS = ("vco_1", "vco_2", "noise")
beside_synthax = pytest.mark.filterwarnings("ignore")


@pytest.mark.slow
@beside_synthax
def test_the_same_parameters_make_the_same_audio():
    both = peer()
    assert both.made.shape == both.audio.shape
    found = [log_mel_distance(a, b, RATE) for a, b in zip(both.made, both.audio, strict=True)]
    assert max(found) <= 0.1


@pytest.mark.slow
@beside_synthax
def test_levels_are_the_same_down_to_the_peaks_beyond_1():
    both = peer()
    ours, theirs = (np.abs(audio).max(1) for audio in (both.made, both.audio))
    assert (theirs > 1).any()
    # float32 phases drift in SynthAX, so that partials add up a little differently.
    np.testing.assert_allclose(ours, theirs, rtol=0.05)


@pytest.mark.slow
@beside_synthax
def test_without_compat_the_audio_differs_where_the_faults_are():
    both = peer()
    own = Voice(config=SynthConfig(sample_rate=RATE, buffer_size_seconds=SECONDS))
    made = np.asarray(own.apply({"params": both.tree}))
    assert np.abs(made).max() <= 1 < np.abs(both.audio).max()


@pytest.mark.slow
@beside_synthax
def test_draws_have_the_same_distribution():
    both = peer()
    many = SynthConfig(batch_size=1000, sample_rate=RATE, buffer_size_seconds=0.01, compat=COMPAT)
    from synthax.config import SynthConfig as TheirConfig

    theirs = type(both.theirs)(
        config=TheirConfig(
            batch_size=1000, sample_rate=RATE, buffer_size_seconds=0.01, control_rate=441
        )
    )
    drawn = theirs.init(jax.random.PRNGKey(1))["params"]
    own = Voice(config=many).init(jax.random.PRNGKey(2))["params"]
    for module, name in (
        ("adsr_1", "attack"),
        ("adsr_1", "alpha"),
        ("lfo_1", "frequency"),
        ("lfo_2", "mod_depth"),
        ("vco_1", "mod_depth"),
        ("keyboard", "duration"),
    ):
        drawn_by_us, drawn_by_them = own[module][name], drawn[f"modules_{module}"][name]
        distance = stats.ks_2samp(drawn_by_us, drawn_by_them).statistic
        assert distance < 1.95 * np.sqrt(2 / 1000), name
