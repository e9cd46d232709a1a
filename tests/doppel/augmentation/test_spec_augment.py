"""SpecAugment: what is masked, how much in the mean, and that rows and seeds decide alone."""

import numpy as np
import pytest
import torch

from doppel.augmentation.spec_augment import SpecAugment


def pictures(n=50):
    return torch.randn(n, 96, 64, generator=torch.Generator().manual_seed(0))


def test_whole_bands_and_frames_become_the_mean_and_the_rest_stays():
    given = pictures()
    found = SpecAugment()(given, 1)
    for before, after in zip(given, found, strict=True):
        changed = before != after
        bands, frames = changed.all(dim=0), changed.all(dim=1)
        assert torch.equal(changed, bands[None, :] | frames[:, None])
        assert bands.sum() <= 32
        assert frames.sum() <= 48
        if changed.any():
            torch.testing.assert_close(after[changed], before.mean().expand(int(changed.sum())))
    assert torch.equal(given, pictures())


def test_masks_are_as_long_as_chance_says_and_anywhere():
    """A run of 0 to 16 bands is 8 long in the mean; both ends of a picture are reached."""
    one = SpecAugment(band_masks=1, bands=16, frame_masks=0)
    masked = (one(pictures(2000), 3) != pictures(2000)).all(dim=1).float()
    assert masked.sum(1).mean() == pytest.approx(8.0, abs=4 * 4.9 / np.sqrt(2000))
    assert masked.sum(1).max() == 16
    assert masked.sum(1).min() == 0
    assert masked[:, 0].any()
    assert masked[:, -1].any()
    edges = masked.diff(dim=1, prepend=torch.zeros(2000, 1), append=torch.zeros(2000, 1))
    assert (edges.abs().sum(1) <= 2).all()  # one run


def test_row_and_seed_decide_alone():
    mask = SpecAugment()
    every = mask(pictures(), 5)
    assert torch.equal(mask(pictures(), 5), every)
    assert torch.equal(mask(pictures()[:3], 5), every[:3])
    assert not torch.equal(mask(pictures(), 6), every)


def test_no_masks_no_change_and_edges():
    assert torch.equal(SpecAugment(0, 16, 0, 24)(pictures(2), 0), pictures(2))
    assert torch.equal(SpecAugment(2, 0, 2, 0)(pictures(2), 0), pictures(2))
    assert SpecAugment(1, 64, 1, 96)(pictures(1), 0).isfinite().all()
    with pytest.raises(ValueError, match="24 frames and 16 bands do not fit pictures of 5"):
        SpecAugment()(pictures(1)[:, :5], 0)
    with pytest.raises(ValueError, match="must be 0 or more"):
        SpecAugment(bands=-1)


def test_gradients_pass_by_the_masks():
    given = pictures(3).requires_grad_()
    SpecAugment()(given, 0).sum().backward()
    assert given.grad is not None
    assert given.grad.isfinite().all()
