"""The equalizer: levels as a louder or duller sound has them; rows and seeds decide alone."""

import numpy as np
import pytest
import torch

from doppel.augmentation.equalizer import Equalizer
from doppel.front_end import FrontEnd

OFFSET = 0.01


def noise(n=4):
    return 0.3 * torch.randn(n, 15600, generator=torch.Generator().manual_seed(0))


def ratios(before, after):
    """How much louder each band of each frame is."""
    return (after.double().exp() - OFFSET) / (before.double().exp() - OFFSET)


def test_gain_alone_is_the_picture_of_a_louder_sound():
    sounds = noise()
    given = FrontEnd()(sounds)
    found = Equalizer(gain_db=10.0, curve_db=0.0)(given, 1)
    louder = ratios(given, found).flatten(1)
    gains = louder.mean(1)
    assert ((louder / gains[:, None] - 1).abs() < 1e-3).all()
    assert (20 * gains.log10().abs() <= 10.0).all()
    torch.testing.assert_close(
        FrontEnd()(sounds * gains[:, None].float()), found, atol=1e-4, rtol=0
    )


def test_a_curve_is_one_of_bands_and_smooth():
    given = FrontEnd()(noise(50))
    found = Equalizer(gain_db=0.0, curve_db=6.0)(given, 2)
    curves = 20 * ratios(given, found).log10()
    assert ((curves - curves[:, :1]).abs() < 0.05).all()  # the same in all frames
    curve = curves.mean(1)
    assert (curve.abs() <= 18.0).all()
    assert curve.abs().amax() > 6.0
    # The most bent part has two arches over 64 bands: the square of 2 pi 2 / 63 at its peaks.
    assert (curve.diff(n=2, dim=1).abs() < 3 * 6.0 * (2 * np.pi * 2 / 63) ** 2).all()


def test_draws_are_uniform_over_the_range():
    given = FrontEnd()(noise(1)).expand(1000, -1, -1)
    found = Equalizer(gain_db=10.0, curve_db=0.0)(given, 3)
    drawn = 20 * ratios(given, found)[:, 40, 30].log10().numpy()
    assert abs(drawn.mean()) < 4 * 10 / np.sqrt(3 * 1000)
    assert drawn.std() == pytest.approx(10 / np.sqrt(3), rel=0.06)


def test_silence_stays_silence_and_everything_finite():
    silence = FrontEnd()(torch.zeros(2, 15600))
    torch.testing.assert_close(Equalizer()(silence, 0), silence, atol=1e-5, rtol=0)
    loud = FrontEnd()(torch.ones(1, 15600))
    assert Equalizer(60.0, 60.0)(loud, 0).isfinite().all()


def test_row_and_seed_decide_alone():
    change, given = Equalizer(), FrontEnd()(noise(6))
    every = change(given, 5)
    assert torch.equal(change(given, 5), every)
    assert torch.equal(change(given[:3], 5), every[:3])
    assert not torch.equal(change(given, 6), every)


@pytest.mark.parametrize("wrong", [{"gain_db": -1.0}, {"curve_db": float("nan")}])
def test_levels_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="must be 0 or more"):
        Equalizer(**wrong)
