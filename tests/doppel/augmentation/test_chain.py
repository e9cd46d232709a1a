"""The chain of effects: what it draws, that rows and seeds decide alone, and its edges."""

import random
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import soundfile
import torch

from doppel.augmentation import Augmentation, PictureAugmentation, operations
from doppel.augmentation.chain import Chain
from doppel.augmentation.equalizer import Equalizer
from doppel.augmentation.impulse_responses import impulse_responses
from doppel.augmentation.spec_augment import SpecAugment
from scripts.runtime.build import build
from scripts.runtime.catalog import CONF
from scripts.runtime.check import Report, check_node
from scripts.runtime.plugins import make_importable

RATE = 16000.0
FAST = Chain(vocoder="fast")
IRS = Path("../shared/realdata/irs")


def noise(n_sounds, n_samples=3000):
    return 0.1 * torch.randn(n_sounds, n_samples, generator=torch.Generator().manual_seed(0))


def test_row_and_seed_decide_alone():
    sounds = noise(6)
    every = FAST(sounds, RATE, 3)
    assert every.shape == sounds.shape
    torch.testing.assert_close(FAST(sounds, RATE, 3), every, rtol=0, atol=0)
    torch.testing.assert_close(FAST(sounds[:2], RATE, 3), every[:2], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(FAST(sounds, RATE, 4), every, atol=1e-3)
    same = FAST(sounds[:1].repeat(6, 1), RATE, 3)
    assert not torch.allclose(same[0], same[1], atol=1e-3)


def test_the_worlds_random_numbers_are_left_alone(monkeypatch):
    def states():
        return np.random.get_state()[1].tobytes(), torch.get_rng_state()  # noqa: NPY002

    # The checker of types in these tests draws from this one itself, but not so.
    for name in ("random", "choice", "choices", "uniform", "shuffle"):
        monkeypatch.delattr(random, name)

    before = states()
    Chain(p=1.0)(noise(2, 500), RATE, 0)
    SpecAugment()(torch.zeros(2, 96, 64), 0)
    after = states()
    assert before[0] == after[0]
    assert torch.equal(before[1], after[1])


def test_rows_together_share_their_numbers():
    drawn = Chain(together=3).draw(8, 16000, RATE, 5)
    for numbers in drawn:
        assert numbers[0] == numbers[1] == numbers[2]
        assert numbers[3] == numbers[4] == numbers[5]
        assert numbers[6] == numbers[7]
    assert any(numbers[0] != numbers[3] for numbers in drawn)


def test_what_is_drawn_is_what_the_package_draws():
    n = 3000
    drawn = FAST.draw(n, 16000, RATE, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch_audiomentations import HighPassFilter, LowPassFilter, Shift
    sounds = torch.zeros(n, 1, 16000)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for ours, made, name in (
            (drawn.high_pass_hz, HighPassFilter(20, 800, output_type="dict"), "cutoff_freq"),
            (drawn.low_pass_hz, LowPassFilter(1200, 8000, output_type="dict"), "cutoff_freq"),
            (drawn.rotation, Shift(-0.25, 0.25, output_type="dict"), "num_samples_to_shift"),
        ):
            made.randomize_parameters(sounds, int(RATE))
            values = [value for value in ours if value is not None]
            assert abs(len(values) / n - 0.5) < 0.04  # four deviations
            theirs = made.transform_parameters[name].numpy()
            assert scipy.stats.ks_2samp(values, theirs).pvalue > 1e-3
    for ours, (low, high) in zip(drawn[:2], ((20, 800), (1200, 8000)), strict=True):
        values = [value for value in ours if value is not None]
        assert low <= min(values) <= max(values) <= high + 1e-6
    moves = [move for move in drawn.rotation if move is not None]
    assert -4000 <= min(moves) < -3900 < 3900 < max(moves) <= 4000
    ratios, counts = np.unique([r for r in drawn.pitch if r is not None], return_counts=True)
    assert len(ratios) == 2
    assert scipy.stats.chisquare(counts).pvalue > 1e-3
    rooms, counts = np.unique([r for r in drawn.reverb if r is not None], return_counts=True)
    assert rooms.tolist() == list(range(32))
    assert scipy.stats.chisquare(counts).pvalue > 1e-3
    both = np.mean([(a is None) == (b is None) for a, b in zip(drawn[0], drawn[1], strict=True)])
    assert abs(both - 0.5) < 0.04  # chances of two effects are independent


def test_effects_come_one_after_the_other_in_the_papers_order():
    sounds = noise(2)
    chain = Chain(p=1.0, vocoder="fast")
    drawn = chain.draw(2, 3000, RATE, 9)
    heard = operations.high_pass(sounds, RATE, drawn.high_pass_hz)
    heard = operations.low_pass(heard, RATE, drawn.low_pass_hz)
    heard = operations.shift(heard, RATE, drawn.pitch, "fast")
    heard = operations.rotate(heard, drawn.rotation)
    rooms = torch.from_numpy(impulse_responses(None, RATE, 3000)[drawn.reverb])
    heard = operations.reverberate(heard, rooms)
    torch.testing.assert_close(chain(sounds, RATE, 9), heard)


@pytest.mark.parametrize("chain", [
    Chain(p=0.0),
    Chain(p=1.0, high_pass_hz=None, low_pass_hz=None, pitch_semitones=None, rotation=None,
          reverb=False),
])  # fmt: skip
def test_nothing_happens_where_nothing_may(chain):
    assert torch.equal(chain(noise(3), RATE, 0), noise(3))


def test_a_shifted_sound_is_a_rotation():
    chain = Chain(1.0, high_pass_hz=None, low_pass_hz=None, pitch_semitones=None, reverb=False)
    sounds = noise(20, 1000)
    for before, after in zip(sounds, chain(sounds, RATE, 2), strict=True):
        (move,) = [m for m in range(-250, 251) if torch.equal(before.roll(m), after)]
        assert -250 <= move <= 250


def test_silence_stays_silence_and_what_is_given_stays_as_it_was():
    sounds = torch.zeros(2, 4000)
    assert not Chain(p=1.0)(sounds, RATE, 1).any()
    given = noise(2)
    Chain(p=1.0, vocoder="fast")(given, RATE, 1)
    assert torch.equal(given, noise(2))


def test_a_row_that_is_not_finite_does_not_reach_the_others():
    sounds = noise(4)
    chain = Chain(p=1.0, vocoder="fast", together=4)
    expected = chain(sounds, RATE, 1)
    sounds[1, 7], sounds[1, 8] = float("nan"), float("inf")
    found = chain(sounds, RATE, 1)
    torch.testing.assert_close(found[[0, 2, 3]], expected[[0, 2, 3]], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("n_samples", "rate"), [(1, 16000.0), (300, 8000.0), (5000, 44100.0)])
def test_any_length_and_rate_and_a_batch_of_one(n_samples, rate):
    """At 8 kHz the whole range of the low-pass but its beginning is above half the rate."""
    found = Chain(p=1.0, vocoder="fast", pitch_ratios="even")(noise(1, n_samples), rate, 3)
    assert found.shape == (1, n_samples)
    assert found.isfinite().all()


def test_impulse_responses_of_a_folder(tmp_path):
    (tmp_path / "deep").mkdir()
    click = np.zeros(400, np.float32)
    click[3] = 0.5
    soundfile.write(tmp_path / "deep" / "b.wav", click, 16000)
    soundfile.write(tmp_path / "a.flac", np.stack([click, 0 * click], 1), 16000)
    (tmp_path / "readme.txt").write_text("not a sound")
    found = impulse_responses(tmp_path, RATE, 10)
    np.testing.assert_allclose(found[:, 3], [0.25, 0.5], atol=1e-4)
    np.testing.assert_allclose(np.delete(found, 3, axis=1), 0.0, atol=1e-4)
    only_reverb = Chain(1.0, None, None, None, rotation=None, impulse_responses=tmp_path)
    found = only_reverb(noise(1), RATE, 0)
    scale = found[0, 3:].norm() / noise(1)[0, :-3].norm()
    torch.testing.assert_close(found[:, 3:], scale * noise(1)[:, :-3], rtol=1e-3, atol=1e-4)
    for folder, message in ((tmp_path / "none", "no folder"), (tmp_path / "empty", "no audio")):
        if message == "no audio":
            folder.mkdir()
        with pytest.raises(FileNotFoundError, match=f"{message}.*null for synthetic ones"):
            impulse_responses(folder, RATE, 10)


def test_synthetic_responses_lose_60_db_in_their_time():
    """Schroeder's backward integral of the longest, 2.5 s: straight, -24 dB a second."""
    response = impulse_responses(None, RATE, 60000)[-1].astype(np.float64)
    assert response[0] == 1.0
    assert not response[40000:].any()
    response = response[1:40000]
    energy = 10 * np.log10(np.cumsum(response[::-1] ** 2)[::-1])
    falls = energy[0] - energy[16000]
    assert falls == pytest.approx(24.0, abs=1.5)


@pytest.mark.shared
def test_measured_rooms_and_plates():
    if not IRS.is_dir():
        pytest.skip(f"no {IRS}")
    found = impulse_responses(IRS, RATE, 16000)
    assert len(found) == 38
    chain = Chain(p=1.0, vocoder="fast", impulse_responses=IRS)
    assert chain(noise(38, 16000), RATE, 0).isfinite().all()


@pytest.mark.parametrize(("settings", "message"), [
    ({"p": 1.5}, r"p in \[0, 1\]"), ({"together": 0}, "together of at least 1"),
    ({"high_pass_hz": (800.0, 20.0)}, "high_pass_hz should be a range within 1 and"),
    ({"low_pass_hz": (0.0, 20.0)}, "low_pass_hz should be a range"),
    ({"rotation": (-2.0, 0.0)}, "rotation should be a range within -1 and 1"),
    ({"pitch_semitones": (-13.0, 0.0)}, "pitch_semitones should be a range within -12 and 12"),
])  # fmt: skip
def test_settings_that_no_chain_has(settings, message):
    with pytest.raises(ValueError, match=message):
        Chain(**settings)


def test_what_the_configuration_builds():
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    make_importable()
    made = {}
    for name in sorted(path.stem for path in (CONF / "augmentation").glob("*.yaml")):
        with initialize_config_dir(str(CONF / "augmentation"), version_base="1.3"):
            node = OmegaConf.to_container(compose(name))
        report = Report()
        check_node(node, ("augmentation",), report)
        assert not report.problems
        made[name] = build(node)
    assert made["published"] == Chain()
    assert made["fast"] == Chain(pitch_ratios="even", vocoder="fast", together=16)
    assert made["spec"] == SpecAugment()
    assert made["equalizer"] == Equalizer()
    assert isinstance(made["published"], Augmentation)
    pictures = [name for name, one in made.items() if one.changes == "pictures"]
    assert pictures == ["equalizer", "spec"]
    assert all(isinstance(made[name], PictureAugmentation) for name in pictures)
