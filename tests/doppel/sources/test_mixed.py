"""Several sources in one batch: whose rows, how many, and from which pairs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from doppel.sources.mixed import MixedSource
from doppel.sources.protocol import PairSet, PairSource, PairStream, check_numbers
from doppel.sources.real import RealSource
from doppel.sources.synthetic import SyntheticSource
from synth.config import SynthConfig
from synth.synth import OneOsc


@dataclass(frozen=True)
class Numbered:
    """A source whose samples say who made them, where, and when; it notes what it is asked for."""

    number: int
    sample_rate: float = 8000.0
    n_samples: int = 4

    def training(self, seed, batch_size, rank=0, ranks=1):
        return _Numbered(self, seed, batch_size, rank)

    def validation(self, seed, n):
        return _Numbered(self, seed, n, 0)


@dataclass(frozen=True)
class _Numbered:
    source: Numbered
    seed: int
    size: int
    rank: int

    def __len__(self):
        return self.size

    def batch(self, epoch, step, delta=None):
        place = epoch * 10_000 + step * 1000 + self.rank * 100
        return self._views(place + np.arange(self.size), -1.0 if delta is None else delta)

    def pairs(self, indices):
        return self._views(check_numbers(indices, self.size), 0.0)

    def _views(self, rows, delta):
        columns = [np.full(len(rows), self.source.number), rows, np.full(len(rows), self.seed)]
        columns += [np.full(len(rows), delta)] * (self.source.n_samples - 3)
        return _Pair(torch.from_numpy(np.stack(columns, 1).astype(np.float32)))


@dataclass(frozen=True)
class _Pair:
    first: torch.Tensor

    def to_torch(self):
        return self.first, -self.first


def mixed(*shares, **settings):
    names = [f"source {number}" for number in range(len(shares))]
    sources = {name: Numbered(number, **settings) for number, name in enumerate(names)}
    return MixedSource(sources, dict(zip(names, shares, strict=True)))


def whose(views):
    return views.to_torch()[0][:, 0].int().numpy()


def test_it_is_a_source():
    source = mixed(1, 1)
    assert isinstance(source, PairSource)
    assert isinstance(source.training(0, 4), PairStream)
    assert isinstance(source.validation(0, 4), PairSet)
    assert source.sample_rate == 8000


@pytest.mark.parametrize(
    ("shares", "size"), [((1, 3), 128), ((0.1, 0.2, 0.7), 100), ((1, 1, 1), 96), ((0, 2), 7)]
)
def test_whole_shares_are_the_same_in_every_batch(shares, size):
    stream = mixed(*shares).training(0, size)
    expected = np.round(np.array(shares) / sum(shares) * size).astype(int)
    for step in range(20):
        found = np.bincount(whose(stream.batch(0, step)), minlength=len(shares))
        np.testing.assert_array_equal(found, expected)


def test_other_shares_are_rounded_and_right_in_the_mean():
    shares, size = np.array([0.15, 0.3, 0.55]), 7
    stream = mixed(*shares).training(0, size)
    found = np.stack(
        [np.bincount(whose(stream.batch(0, step)), minlength=3) for step in range(800)]
    )
    assert (found.sum(1) == size).all()
    assert (np.abs(found - shares * size) < 1 + 1e-9).all()
    # Each count is one of two neighbours: its deviation is half at most.
    assert (np.abs(found.mean(0) - shares * size) < 4.5 * 0.5 / np.sqrt(800)).all()


def test_places_are_drawn_and_every_row_is_another_pair():
    stream = mixed(1, 1).training(0, 64, rank=3, ranks=4)
    batches = [stream.batch(1, step) for step in range(200)]
    places = np.stack([whose(batch) for batch in batches])
    assert (np.abs(places.mean(0) - 0.5) < 4.5 * 0.5 / np.sqrt(200)).all()
    for batch, step in zip(batches[:8], range(8), strict=True):
        first, second = batch.to_torch()
        assert torch.equal(second, -first)
        for number in (0, 1):
            rows = first[first[:, 0] == number, 1].numpy()
            np.testing.assert_array_equal(rows, 10_000 + step * 1000 + 300 + np.arange(32))
        assert (first[:, 3] == -1).all()
    assert (stream.batch(1, 0, delta=0.5).to_torch()[0][:, 3] == 0.5).all()
    np.testing.assert_array_equal(whose(mixed(1, 1).training(0, 64, 3, 4).batch(1, 7)), places[7])
    assert not np.array_equal(whose(mixed(1, 1).training(1, 64, 3, 4).batch(1, 7)), places[7])


def test_sources_do_not_share_a_seed():
    first, _ = mixed(1, 1).training(0, 8).batch(0, 0).to_torch()
    assert len(set(first[:, 2].tolist())) == 2


def test_a_fixed_pair_depends_on_its_number_alone():
    source = mixed(0.2, 0.5, 0.3)
    few, many = source.validation(3, 50), source.validation(3, 1000)
    assert len(few) == 50
    every = many.pairs(range(1000)).to_torch()[0]
    assert torch.equal(few.pairs(range(50)).to_torch()[0], every[:50])
    assert torch.equal(few.pairs([49, 3, 3]).to_torch()[0], every[[49, 3, 3]])
    np.testing.assert_array_equal(every[:, 1], np.arange(1000))
    shares = np.bincount(every[:, 0].int().numpy()) / 1000
    np.testing.assert_allclose(shares, [0.2, 0.5, 0.3], atol=0.005)
    with pytest.raises(IndexError, match="pairs 50 to 50 of 50"):
        few.pairs([50])


def test_synthetic_and_real_ones_together():
    synthetic = SyntheticSource(OneOsc(SynthConfig(sample_rate=8000, buffer_size_seconds=0.1)))
    real = RealSource(
        folder=Path("."), kind="jitter", sample_rate=8000.0, duration_s=0.1, assets="stand_in"
    )
    source = MixedSource({"s": synthetic, "r": real}, {"s": 2.0, "r": 1.0})
    for views in (source.training(0, 96).batch(0, 0), source.validation(0, 90).pairs(range(90))):
        first, second = views.to_torch()
        assert first.shape == second.shape == (len(first), 800)
        assert first.dtype == torch.float32
        assert max(first.abs().max(), second.abs().max()) <= 1
        assert not (first == second).all(1).all()
    alone = MixedSource({"s": synthetic, "r": real}, {"s": 0.0, "r": 1.0}).training(0, 6)
    assert alone.batch(0, 0).to_torch()[0].shape == (6, 800)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (
            lambda: MixedSource({"a": Numbered(0)}, {"b": 1.0}),
            "sources are a, shares are given of b",
        ),
        (lambda: mixed(0, 0), "one above 0 at least"),
        (lambda: mixed(1, -1), "shares must be 0 or more"),
        (
            lambda: MixedSource({"a": Numbered(0), "b": Numbered(1, 16000.0)}, {"a": 1, "b": 1}),
            "all sources must be of the same rate",
        ),
        (lambda: mixed(1).validation(0, 0), "at least 1 pair"),
        (lambda: mixed(1).training(0, 0), "batch_size must be at least 1"),
        (
            lambda: (
                MixedSource({"a": Numbered(0), "b": Numbered(1, n_samples=5)}, {"a": 1, "b": 1})
                .training(0, 2)
                .batch(0, 0)
                .to_torch()
            ),
            r"different lengths, \[4, 5\] samples",
        ),
    ],
)
def test_wrong_settings_are_refused(made, message):
    with pytest.raises(ValueError, match=message):
        made()
