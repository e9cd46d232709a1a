"""The log-mel front end against float64, librosa, and facts about tones."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from eval.embedders.examples import examples
from eval.embedders.log_mel import LogMel, mel_weights


def direct(wave, offset):
    """VGGish's log-mel by loops in float64: a transform by its definition, triangles by hand."""

    def mel(f):
        return 1127.0 * np.log(1.0 + f / 700.0)

    n_frames = 1 + (len(wave) - 400) // 160
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    turns = np.outer(np.arange(257), np.arange(400)) / 512
    transform = np.exp(-2j * np.pi * turns)
    edges = [mel(125.0) + (mel(7500.0) - mel(125.0)) * i / 65 for i in range(66)]
    result = np.zeros((n_frames, 64))
    for frame in range(n_frames):
        magnitude = np.abs(transform @ (wave[frame * 160 : frame * 160 + 400] * window))
        for band in range(64):
            low, centre, high = edges[band : band + 3]
            total = 0.0
            for k in range(1, 257):
                at = mel(k * 16000 / 512)
                if low < at <= centre:
                    total += magnitude[k] * (at - low) / (centre - low)
                elif centre < at < high:
                    total += magnitude[k] * (high - at) / (high - centre)
            result[frame, band] = np.log(total + offset)
    return result


@pytest.mark.parametrize("offset", [0.01, 0.001])
def test_agrees_with_float64_by_its_definition(offset):
    rng = np.random.default_rng(0)
    waves = 0.3 * rng.standard_normal((2, 1200)).astype(np.float32)
    waves[1] *= 1e-4
    ours = LogMel(offset=offset)(torch.from_numpy(waves)).numpy()
    for wave, frames in zip(waves, ours, strict=True):
        np.testing.assert_allclose(frames, direct(wave.astype(np.float64), offset), atol=1e-4)


def test_mel_weights_are_librosas_htk_triangles():
    """Ours are straight in mel, librosa's in Hz: equal but for that."""
    theirs = librosa.filters.mel(
        sr=16000, n_fft=512, n_mels=64, fmin=125, fmax=7500, htk=True, norm=None
    )
    ours = mel_weights()
    assert ours.shape == (257, 64)
    assert np.abs(ours - theirs.T).max() < 0.06
    assert np.corrcoef(ours.ravel(), theirs.T.ravel())[0, 1] > 0.999


def test_a_tone_is_in_its_band_and_silence_is_the_offset():
    front_end = LogMel()
    seconds = torch.arange(16000) / 16000
    for frequency in (300.0, 1000.0, 5000.0):
        frames = front_end(torch.sin(2 * torch.pi * frequency * seconds)[None])
        edges = np.linspace(*(1127 * np.log1p(np.array([125, 7500]) / 700)), 66)
        at = 1127 * np.log1p(frequency / 700)
        assert abs(int(frames.mean((0, 1)).argmax()) - np.abs(edges[1:-1] - at).argmin()) <= 1
    np.testing.assert_allclose(front_end(torch.zeros(1, 400)), np.log(0.01), rtol=1e-6)


def test_it_has_a_gradient():
    audio = (0.1 * torch.randn(1, 800)).requires_grad_()
    LogMel()(audio).sum().backward()
    assert audio.grad is not None
    assert audio.grad.isfinite().all()


def test_bands_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="highest_hz <= sample_rate / 2"):
        LogMel(sample_rate=8000.0)


@pytest.mark.parametrize(
    ("n_samples", "dropped_end", "whole"),
    [(1, 1, 1), (15600, 1, 1), (15601, 1, 2), (16000, 1, 2), (30960, 2, 2), (160000, 10, 11)],
)
def test_examples_of_096_s(n_samples, dropped_end, whole):
    audio = torch.randn(2, n_samples, generator=torch.Generator().manual_seed(0))
    assert examples(audio, LogMel()).shape == (2, dropped_end, 96, 64)
    assert examples(audio, LogMel(), whole=True).shape == (2, whole, 96, 64)


def test_the_second_example_begins_where_the_first_ends():
    audio = torch.randn(1, 32000, generator=torch.Generator().manual_seed(0))
    both = examples(audio, LogMel())
    torch.testing.assert_close(both[:, 1], examples(audio[:, 96 * 160 :], LogMel())[:, 0])
