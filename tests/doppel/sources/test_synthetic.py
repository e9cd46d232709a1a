"""Synthetic pairs as a source: what the pairs are, at any rate, and nobody's twice."""

import numpy as np
import pytest
import torch

from doppel.pairs import FixedPairs, SyntheticPairs
from doppel.perturbations.scaled import Only
from doppel.sources.protocol import PairSet, PairSource, PairStream, Views
from doppel.sources.synthetic import SyntheticSource
from eval.harness import audio
from synth.config import SynthConfig
from synth.synth import OneOsc

CONFIG = SynthConfig(sample_rate=8000, buffer_size_seconds=0.1)
ONE = OneOsc(CONFIG)
SIZE = 64  # as in the tests of pairs: one compiled program


def test_it_is_what_the_pairs_are():
    source = SyntheticSource(ONE, delta=0.1)
    assert isinstance(source, PairSource)
    assert source.sample_rate == 8000
    stream, fixed = source.training(3, SIZE, rank=1, ranks=2), source.validation(3, 70)
    assert isinstance(stream, PairStream)
    assert isinstance(fixed, PairSet)
    assert len(fixed) == 70
    batch = stream.batch(1, 2)
    assert isinstance(batch, Views)
    expected = SyntheticPairs(ONE, 3, 0.1, batch_size=SIZE, rank=1).batch(1, 2)
    for found, wanted in zip(batch.to_torch(), expected.to_torch(), strict=True):
        assert found.dtype == torch.float32
        assert found.abs().max() <= 1
        assert torch.equal(found, wanted)
    found = fixed.pairs(range(SIZE)).to_torch()[1]
    assert torch.equal(found, FixedPairs(ONE, 3, 0.1, n=70).pairs(range(SIZE)).to_torch()[1])


def test_delta_of_a_step_and_a_perturbation_by_name():
    stream = SyntheticSource(ONE, perturbation=Only(("keyboard.midi_f0",))).training(0, SIZE)
    made = stream.batch(0, 0).parameters
    moved = np.ptp(np.asarray(made.first - made.theta), axis=0) > 0
    assert [p.name for p, m in zip(ONE.parameters, moved, strict=True) if m] == ["keyboard.midi_f0"]
    first, second = stream.batch(0, 0, delta=0.0).to_torch()
    assert torch.equal(first, second)


def test_ranks_epochs_and_validation_share_no_sound():
    source = SyntheticSource(ONE)
    heard = [
        source.training(0, SIZE, rank, 2).batch(epoch, step).to_torch()[0]
        for rank in range(2)
        for epoch in range(2)
        for step in range(2)
    ]
    heard.append(source.validation(0, SIZE).pairs(range(SIZE)).to_torch()[0])
    sounds = torch.cat(heard).numpy()
    loud = np.abs(sounds).max(1) > 1e-3
    assert len(np.unique(sounds[loud], axis=0)) == loud.sum() > 400


def test_rendered_higher_and_resampled():
    source = SyntheticSource(ONE, sample_rate=4000)
    assert source.sample_rate == 4000
    rendered = SyntheticSource(ONE).training(0, SIZE).batch(0, 0).to_torch()
    views = source.training(0, SIZE).batch(0, 0).to_torch()
    for low, own in zip(views, rendered, strict=True):
        assert low.shape == (SIZE, 400)
        assert low.abs().max() <= 1
        # Random patches reach the border of the band, where the two filters differ a little.
        theirs = audio.resample(own.numpy(), 8000, 4000)
        error = np.abs(low.numpy() - theirs)[:, 100:-100]
        assert np.sqrt((error**2).mean()) < 0.05 * np.sqrt((theirs**2).mean())
    fixed = source.validation(0, SIZE).pairs(range(SIZE)).to_torch()
    assert fixed[0].shape == fixed[1].shape == (SIZE, 400)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: SyntheticSource(ONE, delta=-1), "delta must be 0 or more"),
        (
            lambda: SyntheticSource(ONE, sample_rate=4000.5),
            "whole, positive rates only, got 4000.5",
        ),
        (lambda: SyntheticSource(ONE, sample_rate=0), "got 0 Hz"),
        (lambda: SyntheticSource(ONE, perturbation=Only(("vca",))), "no parameter is called 'vca'"),
        (
            lambda: SyntheticSource(OneOsc(SynthConfig(compat="synthax"))),
            "a pair is not its own: leave compat out",
        ),
        (lambda: SyntheticSource(ONE).training(0, 0), "batch_size must be at least 1"),
        (lambda: SyntheticSource(ONE).training(0, 8, 2, 2), "rank one of 0 to ranks - 1"),
        (lambda: SyntheticSource(ONE).validation(0, 0), "at least 1 pair"),
    ],
)
def test_wrong_settings_are_refused(made, message):
    with pytest.raises(ValueError, match=message):
        made()
