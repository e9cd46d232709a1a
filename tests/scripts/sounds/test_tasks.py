"""Tasks of synthesized sounds: what is heard is what the label says, by the audio alone."""

import dataclasses

import numpy as np
import pytest
from omegaconf import OmegaConf

from eval.tasks.base import TaskSource
from scripts.runtime.build import build
from scripts.runtime.catalog import CONF
from scripts.sounds.tasks import SynthTask
from synth.config import SynthConfig
from synth.synth import OneOsc

RATE = 16000


def configured(name, n_per_class):
    """A task of conf/task at 1 s and 16 kHz."""
    rates = {"sample_rate": RATE, "duration_s": 1.0, "control_rate": 480, "seed": 0}
    whole = OmegaConf.create({**rates, "task": OmegaConf.load(CONF / "task" / f"{name}.yaml")})
    (choice,) = whole.task.pop("defaults")
    whole.task.synth = OmegaConf.load(CONF / "synth" / f"{choice['/synth@synth']}.yaml")
    whole.task.n_per_class = n_per_class
    return build(OmegaConf.to_container(whole.task, resolve=True))


def heard(name, n_per_class):
    """The waves, the labels, and the names of the classes."""
    task = configured(name, n_per_class).load()
    waves = np.stack([clip.wave for clip in task.sounds.clips(range(len(task.sounds)))])
    assert waves.shape == (len(task.labels), RATE)
    assert np.isfinite(waves).all()
    assert np.sqrt((waves**2).mean(1)).min() > 1e-3, "a sound that nobody hears has no label"
    return waves, np.array([label for (label,) in task.labels]), task.vocabulary


def loudness(waves):
    """The level every 5 ms."""
    return np.sqrt((waves**2).reshape(len(waves), -1, 80).mean(2))


def test_the_pitch_is_the_one_that_the_spectrum_has_its_fundamental_at():
    waves, labels, names = heard("synth_pitch", 4)
    spectra = np.abs(np.fft.rfft(waves * np.hanning(RATE), n=65536))
    hertz = np.fft.rfftfreq(65536, 1 / RATE)
    strength = []
    for name in names:
        f0 = 440 * 2 ** ((int(name) - 69) / 12)
        near = np.abs(hertz / f0 - 1) < 0.025
        strength.append(spectra[:, near].max(1))
    above = np.argmax(strength, axis=0) - labels
    assert (above == 0).mean() > 0.95
    # Two oscillators in opposite phase may leave the second or third partial the strongest.
    assert set(above) <= {0, 12, 19}


def test_the_modulation_is_at_the_rate_that_the_level_moves_at():
    waves, labels, names = heard("synth_modulation", 12)
    level = loudness(waves)
    level -= level.mean(1, keepdims=True)
    spectra = np.abs(np.fft.rfft(level * np.hanning(200), n=2000))
    hertz = np.fft.rfftfreq(2000, 80 / RATE)
    strength = [
        spectra[:, np.abs(hertz - rate) < 0.1 * rate + 0.3].max(1)
        for rate in (float(name.split()[0]) for name in names)
    ]
    assert (np.argmax(strength, axis=0) == labels).mean() > 0.95


def test_envelopes_have_their_shapes():
    waves, labels, names = heard("synth_envelope", 12)
    level = loudness(waves)
    level /= level.max(1, keepdims=True)
    of = {name: level[labels == i] for i, name in enumerate(names)}
    assert (of["percussive"][:, 40:] < 0.05).all(), "silent after 0.2 s"
    assert (of["percussive"][:, :4].max(1) > 0.5).all()
    assert (of["plucked"][:, :20].mean(1) > 3 * of["plucked"][:, 120:].mean(1)).all()
    assert (of["plucked"][:, 20:40].mean(1) > 0.1).all(), "still heard where a percussive one ends"
    assert (of["sustained"][:, 10:].min(1) > 0.2).all()
    assert (of["swelling"][:, 120:].mean(1) > 3 * of["swelling"][:, :20].mean(1)).all()
    assert (of["gated"][:, 5:45].mean(1) > 0.2).all()
    assert (of["gated"][:, 130:] < 0.02).all()


@pytest.mark.slow
def test_waveforms_have_the_partials_that_theory_gives_them():
    waves, labels, names = heard("synth_waveform", 6)
    power = np.abs(np.fft.rfft(waves * np.hanning(RATE))) ** 2
    # The share of the spectrum's power in its strongest tenth of an octave (40 Hz at least).
    peak = power.argmax(1)
    bins = np.arange(power.shape[1])
    shares = np.array(
        [
            row[np.abs(bins - at) < max(20, 0.2 * at)].sum() / row.sum()
            for row, at in zip(power, peak, strict=True)
        ]
    )
    flatness = np.exp(np.log(power + 1e-12).mean(1)) / power.mean(1)
    of = {name: labels == i for i, name in enumerate(names)}
    assert (shares[of["sine"]] > 0.9).all()
    assert (shares[of["noise"]] < 0.5).all()
    assert flatness[of["noise"]].min() > flatness[~of["noise"]].max()
    assert shares[of["sine"]].min() > shares[of["saw"]].max()


@pytest.mark.slow
def test_a_square_has_odd_partials_and_a_saw_all():
    waves, labels, names = heard("synth_waveform", 12)
    power = np.abs(np.fft.rfft(waves * np.hanning(RATE))) ** 2
    ratios = {}
    for kind in ("square", "saw"):
        ratios[kind] = []
        for row in power[labels == names.index(kind)]:
            f0 = row.argmax()
            width = max(5, round(0.1 * f0))
            even, odd = (row[k * f0 - width : k * f0 + width].max() for k in (2, 3))
            ratios[kind].append(even / odd)
    assert np.median(ratios["square"]) < 0.1 < np.median(ratios["saw"])


def small_task(**settings):
    synth = OneOsc(SynthConfig(sample_rate=8000, buffer_size_seconds=0.1))
    classes = {
        "low": {"keyboard.midi_f0": (40.0, 50.0)},
        "high": {"keyboard.midi_f0": (80.0, 90.0)},
    }
    return SynthTask("two", synth, **({"classes": classes, "n_per_class": 5} | settings))


def test_a_task_is_a_source_whose_splits_hold_every_class_alike():
    source = small_task(n_per_class=10)
    assert isinstance(source, TaskSource)
    task = source.load()
    (fold,) = task.folds
    for part, size in ((fold.train, 12), (fold.valid, 4), (fold.test, 4)):
        assert len(part) == size
        labels = [task.labels[i][0] for i in part]
        assert labels.count(0) == labels.count(1)
    assert sorted([*fold.train, *fold.valid, *fold.test]) == list(range(20))


def test_a_sound_is_the_same_in_any_company_and_another_with_another_seed():
    sounds = small_task().load().sounds
    together = sounds.clips(range(10))
    np.testing.assert_array_equal(sounds.clips([7])[0].wave, together[7].wave)
    other = small_task(seed=1).load().sounds
    assert not np.array_equal(other.clips([7])[0].wave, together[7].wave)
    assert other.identity != sounds.identity
    with pytest.raises(IndexError, match="sound 10 of 10 in two"):
        sounds.clips([10])


def test_what_cannot_be_made_is_refused():
    with pytest.raises(ValueError, match="n_per_class must be at least 4, got 3"):
        small_task(n_per_class=3)
    with pytest.raises(ValueError, match="needs 2 classes at least, got 1"):
        small_task(classes={"one": {}})
    with pytest.raises(ValueError, match=r"valid and test are shares .* got 0.5 and 0.5"):
        small_task(valid=0.5, test=0.5)
    unknown = small_task(common={"keyboard.pitch": (0.0, 1.0)}).load()
    with pytest.raises(ValueError, match=r"OneOsc has no parameter 'keyboard.pitch'; it has adsr"):
        unknown.sounds.clips([0])
    outside = small_task(common={"adsr.attack": (0.0, 3.0)}).load()
    with pytest.raises(ValueError, match=r"adsr.attack in \[0, 3\] must lie in order within"):
        outside.sounds.clips([0])


def test_a_class_overrules_what_holds_for_all():
    ranges = {"keyboard.midi_f0": (60.0, 60.0)}
    overruled = small_task(common=ranges).load().sounds
    plain = small_task().load().sounds
    assert dataclasses.replace(overruled, common={}) == plain
    for index in range(4):
        np.testing.assert_array_equal(
            overruled.clips([index])[0].wave, plain.clips([index])[0].wave
        )
