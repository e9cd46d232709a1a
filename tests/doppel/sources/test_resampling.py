"""Changes of rate on the device, beside libsoxr and closed forms."""

import numpy as np
import pytest
import torch

from doppel.sources.resampling import resampled
from eval.harness import audio


@pytest.mark.parametrize(("from_rate", "to_rate"), [(48000, 16000), (44100, 16000), (8000, 16000)])
def test_it_is_what_soxr_makes_and_what_a_sine_is(from_rate, to_rate):
    time_s = np.arange(from_rate) / from_rate
    frequencies = np.array([[100.0], [1000.0], [3500.0]])
    waves = (0.5 * np.sin(2 * np.pi * frequencies * time_s)).astype(np.float32)
    found = resampled(torch.from_numpy(waves), from_rate, to_rate)
    assert found.shape == (3, to_rate)
    assert found.dtype == torch.float32
    middle = slice(to_rate // 10, -to_rate // 10)
    there_s = np.arange(to_rate) / to_rate
    exact = 0.5 * np.sin(2 * np.pi * frequencies * there_s)
    np.testing.assert_allclose(found[:, middle], exact[:, middle], atol=1e-4)
    theirs = audio.resample(waves, from_rate, to_rate)
    np.testing.assert_allclose(found[:, middle], theirs[:, middle], atol=1e-4)


def test_what_the_lower_rate_cannot_hold_is_gone():
    time_s = np.arange(48000) / 48000
    tone = torch.from_numpy(np.sin(2 * np.pi * 9000 * time_s).astype(np.float32))[None]
    assert resampled(tone, 48000, 16000)[:, 1000:-1000].abs().max() < 1e-4


def test_full_scale_is_kept_and_odd_lengths_are_rounded():
    square = torch.sign(torch.sin(torch.arange(4801) / 48000 * 2 * torch.pi * 500))[None]
    found = resampled(square, 48000, 16000)
    assert found.shape == (1, 1600)
    assert found.abs().max() <= 1
