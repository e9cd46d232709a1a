"""The front end against VGGish's definition, written out in float64 with sums and no FFT."""

import math

import numpy as np
import pytest
import torch

from doppel.front_end import FrontEnd


def mel(hz):
    return 1127.0 * math.log(1.0 + hz / 700.0)


def triangle(band, k):
    """What bin k of 512 counts in a band: straight in mel from its neighbours' centres."""
    lowest, step = mel(125.0), (mel(7500.0) - mel(125.0)) / 65
    return max(0.0, 1.0 - abs(mel(k * 31.25) - lowest - (band + 1) * step) / step)


def picture(sound):
    """Of 15,600 samples, float64: (96, 64)."""
    times = np.arange(400)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * times / 400)
    frames = np.stack([window * sound[160 * i : 160 * i + 400] for i in range(96)])
    magnitude = np.abs(frames @ np.exp(-2j * np.pi * np.outer(times, np.arange(257)) / 512))
    triangles = np.array([[triangle(band, k) for band in range(64)] for k in range(257)])
    return np.log(magnitude @ triangles + 0.01)


def sounds():
    """Four of 1 s at 16 kHz: noise, full-scale clicks, next to nothing, a full-scale tone."""
    noise = 0.3 * torch.randn(16000, generator=torch.Generator().manual_seed(0))
    clicks = torch.zeros(16000)
    clicks[::1777] = 1.0
    tone = torch.sin(2 * torch.pi * 440 * torch.arange(16000, dtype=torch.float64) / 16000)
    return torch.stack([noise, clicks, 1e-4 * noise, tone.float()])


def test_exact_to_a_ten_thousandth():
    """In float32 but for the bands that a loud tone leaves empty; in float64 there too."""
    heard = sounds()
    expected = np.stack([picture(sound.double().numpy()) for sound in heard])
    for front_end in (FrontEnd(), FrontEnd(double=True)):
        pictures = front_end(heard)
        assert pictures.shape == (4, 96, 64)
        assert pictures.dtype == torch.float32
        away = np.abs(pictures.numpy() - expected).max(axis=(1, 2))
        assert away[:3].max() < 1e-5
        assert away[3] < (1e-4 if front_end.double_precision else 2e-3)


@pytest.mark.parametrize("n_samples", [1, 100, 15599, 15600, 15601, 48000])
def test_any_length_short_ones_end_in_silence(n_samples):
    front_end = FrontEnd()
    sound = sounds()[:1].repeat(1, 3)[:, :n_samples]
    padded = torch.zeros(1, 15600)
    padded[:, : min(n_samples, 15600)] = sound[:, :15600]
    assert torch.equal(front_end(sound), front_end(padded))


def test_silence_is_the_logarithm_of_the_offset():
    torch.testing.assert_close(FrontEnd()(torch.zeros(2, 16000)), torch.full((2, 96, 64), -4.60517))


def test_it_stays_float32_where_all_else_is_bfloat16():
    heard, front_end = sounds(), FrontEnd()
    with torch.autocast("cpu", torch.bfloat16):
        inside = front_end(heard)
    assert torch.equal(inside, front_end(heard))


def test_gradients_reach_the_sound_and_nothing_is_learned_or_saved():
    front_end = FrontEnd()
    heard = sounds()[:2].requires_grad_()
    front_end(heard).sum().backward()
    assert heard.grad is not None
    assert heard.grad[:, :15600].isfinite().all()
    assert not front_end.state_dict()
    assert not list(front_end.parameters())
