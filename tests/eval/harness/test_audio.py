"""Audio files against the standard library's reader, and resampling against physics."""

from __future__ import annotations

import wave as standard_wave

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from eval.harness import audio


def tone(frequency_hz: float, sample_rate: float, duration_s: float = 1.0) -> np.ndarray:
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    return (0.5 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "encoding", "bound"),
    [
        ("x.wav", None, 0.0),
        ("x.wav", "24", 2.0**-23),
        ("x.wav", "16", 2.0**-15),
        ("x.flac", None, 2.0**-23),
        ("x.flac", "16", 2.0**-15),
        ("X.WAV", "float", 0.0),
    ],
)
def test_a_wave_comes_back(tmp_path, name, encoding, bound):
    wave = tone(440.0, 8000)
    audio.write(tmp_path / "new" / name, wave, 8000, encoding)
    read, rate = audio.read(tmp_path / "new" / name)
    assert rate == 8000.0
    assert read.dtype == np.float32
    assert np.abs(read - wave).max() <= bound
    assert audio.duration_s(tmp_path / "new" / name) == 1.0


def test_sixteen_bits_are_what_the_standard_library_reads(tmp_path):
    wave = tone(440.0, 8000)
    audio.write(tmp_path / "x.wav", wave, 8000, "16")
    with standard_wave.open(str(tmp_path / "x.wav")) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        integers = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    np.testing.assert_allclose(integers / 2**15, wave, atol=2.0**-15)


def test_a_file_of_the_standard_library_is_read(tmp_path):
    integers = np.array([[0, 1000], [-1000, 32767], [-32768, 5]], dtype="<i2")
    with standard_wave.open(str(tmp_path / "x.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(22050)
        file.writeframes(integers.tobytes())
    both, rate = audio.read(tmp_path / "x.wav", mono=False)
    assert rate == 22050.0
    np.testing.assert_array_equal(both, integers.T / np.float32(2**15))
    mean, _ = audio.read(tmp_path / "x.wav")
    np.testing.assert_allclose(mean, both.mean(axis=0), atol=1e-7)


def test_channels_come_back(tmp_path):
    wave = np.stack([tone(200.0, 8000), tone(300.0, 8000)])
    audio.write(tmp_path / "x.wav", wave, 8000)
    read, _ = audio.read(tmp_path / "x.wav", mono=False)
    np.testing.assert_array_equal(read, wave)


@pytest.mark.parametrize("convert", [jnp.asarray, torch.from_numpy, list])
def test_arrays_of_any_kind_are_written(tmp_path, convert):
    wave = tone(440.0, 8000, 0.1)
    audio.write(tmp_path / "x.wav", convert(wave), 8000)
    np.testing.assert_array_equal(audio.read(tmp_path / "x.wav")[0], wave)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x.mp3", [0.0], 8000), r"must end in one of \['\.flac', '\.wav'\]"),
        (("x.wav", [0.0], 8000, "8"), "encoding '8' does not exist for .wav"),
        (("x.flac", [0.0], 8000, "float"), "encoding 'float' does not exist for .flac"),
        (("x.wav", [0.0], 44100.5), "whole, positive rates only"),
        (("x.wav", [0.0], 0), "whole, positive rates only"),
        (("x.wav", [], 8000), r"shape \(0,\)"),
        (("x.wav", 0.0, 8000), r"shape \(\)"),
        (("x.wav", [0.0, float("nan")], 8000), "not finite"),
        (("x.wav", [0.0, 1.5], 8000, "16"), "peak is 1.5"),
    ],
)
def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path, arguments, said):
    name, *rest = arguments
    with pytest.raises(ValueError, match=said):
        audio.write(tmp_path / name, *rest)
    assert list(tmp_path.iterdir()) == []


def test_a_float_file_holds_more_than_full_scale(tmp_path):
    audio.write(tmp_path / "x.wav", [0.0, 1.5], 8000)
    assert audio.read(tmp_path / "x.wav")[0].max() == 1.5


def test_what_cannot_be_read_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no\.wav does not exist \(looked from"):
        audio.read(tmp_path / "no.wav")
    with pytest.raises(FileNotFoundError, match="is a folder"):
        audio.read(tmp_path)
    (tmp_path / "text.wav").write_text("not audio")
    with pytest.raises(ValueError, match=r"text\.wav cannot be read as audio \(9 bytes\)"):
        audio.read(tmp_path / "text.wav")
    (tmp_path / "zero.wav").touch()
    with pytest.raises(ValueError, match=r"zero\.wav cannot be read as audio \(0 bytes\)"):
        audio.read(tmp_path / "zero.wav")
    with standard_wave.open(str(tmp_path / "empty.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
    with pytest.raises(ValueError, match=r"empty\.wav holds no samples"):
        audio.read(tmp_path / "empty.wav")


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_a_file_that_was_cut_is_said(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    audio.write(path, tone(440.0, 8000), 8000, "16")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut short|cannot be read as audio"):
        audio.read(path)


@pytest.mark.parametrize(("from_rate", "to_rate"), [(48000, 16000), (16000, 48000), (44100, 48000)])
def test_a_tone_keeps_pitch_and_level(from_rate, to_rate):
    resampled = audio.resample(tone(1000.0, from_rate), from_rate, to_rate)
    assert resampled.shape == (to_rate,)
    assert resampled.dtype == np.float32
    middle = slice(to_rate // 4, 3 * to_rate // 4)
    np.testing.assert_allclose(resampled[middle], tone(1000.0, to_rate)[middle], atol=1e-5)


def test_a_tone_above_the_new_limit_is_gone():
    resampled = audio.resample(tone(10_000.0, 48000), 48000, 16000)
    level_db = 20 * np.log10(np.abs(resampled[4000:12000]).max() / 0.5)
    assert level_db < -100


def test_dc_stays_and_odd_rates_and_lengths_work():
    constant = np.full((2, 10_001), 0.25, np.float32)
    resampled = audio.resample(constant, 44100.0, 33_333.3)
    assert resampled.shape == (2, round(10_001 * 33_333.3 / 44100))
    np.testing.assert_allclose(resampled[:, 2000:-2000], 0.25, atol=1e-6)
    assert audio.resample([0.5], 48000, 8000).shape == (1,)


def test_reading_resamples(tmp_path):
    audio.write(tmp_path / "x.wav", tone(1000.0, 48000), 48000)
    read, rate = audio.read(tmp_path / "x.wav", sample_rate=16000)
    assert rate == 16000.0
    np.testing.assert_allclose(read[4000:12000], tone(1000.0, 16000)[4000:12000], atol=1e-5)


def test_rates_must_be_positive():
    with pytest.raises(ValueError, match="must be positive, got 0 and 8000"):
        audio.resample([0.0], 0, 8000)
