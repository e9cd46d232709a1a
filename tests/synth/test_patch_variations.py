"""Patches between and around patches, and their audio files."""

import jax
import numpy as np
import pytest
import soundfile

from synth.config import SynthConfig
from synth.parameter import Range
from synth.patch import Patch, PatchError, patches_from_theta
from synth.patches.export import export_patch, export_patches, write_audio
from synth.patches.interpolate import interpolate, neighbours, randomise
from synth.synth import NoLFO, OneOsc, ParametricSynth

CONFIG = SynthConfig(sample_rate=8000, buffer_size_seconds=0.1)
SYNTH = OneOsc(config=CONFIG)
KEY = jax.random.key(0)
THETA = np.random.default_rng(2).random((3, 23)).astype(np.float32)
A, B, C = patches_from_theta(SYNTH, THETA, ["rain", "dog", "bell"])


def test_a_line_between_two_patches_is_straight():
    line = interpolate(A, B, 5)
    assert line[0] is A
    assert line[-1] is B
    theta = np.array([patch.values for patch in line])
    steps = np.diff(theta, axis=0)
    np.testing.assert_allclose(steps, np.tile(steps[:1], (4, 1)), atol=1e-7)
    assert line[1].metadata == {"from": "rain", "to": "dog", "share": 0.25}
    assert {patch.synth() for patch in line} == {A.synth()}


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (NoLFO(config=CONFIG), "different synths: OneOsc and NoLFO"),
        (OneOsc(config=SynthConfig(sample_rate=8000)), "different buffer_size_seconds: 0.1 and 4"),
        (OneOsc(config=SynthConfig(1, 8000, 0.1, 100)), "different control_rate: 80 and 100"),
        (OneOsc(config=SynthConfig(1, 8000, 0.1, compat="synthax")), "compat: None and synthax"),
        (
            OneOsc(config=CONFIG, settings={"vco.tuning": Range(-1.0, 1.0, unit="semitones")}),
            r"ranges of vco.tuning: -24 to 24 semitones \(curve 1\) and -1 to 1 semitones",
        ),
    ],
)
def test_patches_of_different_instruments_have_no_line(other, message):
    with pytest.raises(PatchError, match=message):
        interpolate(A, Patch.from_theta(other, np.full(other.n_params, 0.5)), 3)


def test_other_reasons_to_have_no_line():
    one, two = (ParametricSynth(config=CONFIG, sine=n) for n in (1, 2))
    patches = [Patch.from_theta(s, np.full(s.n_params, 0.5)) for s in (one, two)]
    with pytest.raises(PatchError, match=r"different topologies: \{'sine': 1"):
        interpolate(*patches, 3)
    with pytest.raises(PatchError, match="different noise keys"):
        interpolate(A, Patch.from_theta(SYNTH, THETA[1], noise_key=KEY), 3)
    with pytest.raises(PatchError, match="steps must be at least 2, the two ends, got 1"):
        interpolate(A, B, 1)


def test_neighbours_lie_around_a_patch_as_the_paper_says():
    """theta + delta * z, z standard normal, clipped: from 0.5 a small delta is never clipped."""
    middle = Patch.from_theta(SYNTH, np.full(23, 0.5), name="middle")
    theta = np.array([patch.values for patch in neighbours(middle, 0.05, KEY, count=400)])
    assert abs(theta.mean() - 0.5) < 0.002
    assert theta.std() == pytest.approx(0.05, rel=0.03)
    far = np.array([patch.values for patch in neighbours(middle, 10.0, KEY, count=10)])
    assert far.min() == 0
    assert far.max() == 1
    assert neighbours(middle, 0.0, KEY)[0].values == middle.values
    assert neighbours(middle, 0.1, KEY, 2) == neighbours(middle, 0.1, KEY, 2)
    with pytest.raises(PatchError, match="delta must be 0 or more, got -1"):
        neighbours(middle, -1, KEY)


def test_random_patches_keep_what_is_asked():
    made = randomise(A, KEY, count=50, keep=("keyboard", "vco.tuning"))
    names = [p.name for p in SYNTH.parameters]
    theta = np.array([patch.values for patch in made])
    kept = [n.startswith("keyboard.") or n == "vco.tuning" for n in names]
    np.testing.assert_array_equal(theta[:, kept], np.tile(np.array(A.values)[kept], (50, 1)))
    others = theta[:, ~np.array(kept)]
    assert others.mean() == pytest.approx(0.5, abs=0.05)
    assert np.unique(others, axis=0).shape[0] == 50
    with pytest.raises(PatchError, match="keep: 'keyboad' is unknown, did you mean 'keyboard'"):
        randomise(A, KEY, keep=("keyboad",))


@pytest.mark.parametrize(
    ("name", "encoding", "subtype", "step"),
    [
        ("a.wav", "16", "PCM_16", 2**-15),
        ("a.wav", "24", "PCM_24", 2**-23),
        ("a.WAV", "float", "FLOAT", 0),
        ("a.flac", "16", "PCM_16", 2**-15),
        ("a.flac", "24", "PCM_24", 2**-23),
    ],
)
def test_a_sound_is_written_to_the_last_bit(name, encoding, subtype, step, tmp_path):
    path = export_patch(C, tmp_path / name, encoding)
    info = soundfile.info(path)
    assert (info.subtype, info.samplerate, info.channels) == (subtype, 8000, 1)
    assert info.frames == 800
    audio, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(audio, C.render(), atol=step)
    assert np.abs(audio).max() > 0.01


def test_full_scale_does_not_wrap(tmp_path):
    audio = np.array([1.0, -1.0, 0.0], np.float32)
    for encoding in ("16", "24", "float"):
        read, _ = soundfile.read(write_audio(tmp_path / "a.wav", audio, 8000, encoding))
        np.testing.assert_allclose(read, audio, atol=2**-15)


def test_patches_are_exported_by_number_and_name(tmp_path):
    paths = export_patches([A, B, C.changed(name="a/b: ü?")], tmp_path / "new", ".flac")
    assert [path.name for path in paths] == ["0_rain.flac", "1_dog.flac", "2_a_b_ü.flac"]
    for path, patch in zip(paths, (A, B, C), strict=True):
        audio, _ = soundfile.read(path, dtype="float32")
        np.testing.assert_allclose(audio, patch.render(), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.mp3", np.zeros(3), 8000), "a.mp3: audio is written as .wav, .flac, not '.mp3'"),
        (("a.flac", np.zeros(3), 8000, "float"), "FLAC holds the encodings 16, 24, not 'float'"),
        (("a.wav", np.zeros(3), 22050.5), "a file needs a whole sample rate, got 22050.5 Hz"),
        (("a.wav", np.full(3, np.nan), 8000), "finite numbers from -1 to 1"),
        (("a.wav", np.full(3, 1.5), 8000), "finite numbers from -1 to 1"),
        (("a.flac", np.zeros(3), 2_000_000), "FLAC at 2000000 Hz"),
    ],
)
def test_what_no_audio_file_can_hold_is_said(arguments, message, tmp_path):
    name, *others = arguments
    with pytest.raises(PatchError, match=message):
        write_audio(tmp_path / name, *others)
    assert not list(tmp_path.iterdir())
