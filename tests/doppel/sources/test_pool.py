"""The real recordings beside the repository as pairs."""

from pathlib import Path

import numpy as np
import pytest

from doppel.sources.real import RealSource

POOL = Path(__file__).resolve().parents[4] / "shared" / "realdata" / "pool"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not POOL.is_dir(), reason=f"there is no folder {POOL}"),
]


@pytest.fixture(scope="module")
def pool():
    return RealSource(POOL, kind="jitter", workers=2)


def test_all_of_it_is_read_in_an_epoch(pool):
    assert (len(pool.names("training")), len(pool.names("validation"))) == (737, 82)
    stream = pool.training(0, 128)
    shorter = 0
    for step in range(6):
        first, second = (view.numpy() for view in stream.batch(0, step).to_torch())
        assert first.shape == second.shape == (128, 16000)
        assert np.isfinite(first).all()
        assert max(np.abs(first).max(), np.abs(second).max()) <= 1
        shorter += int(((first == 0).mean(1) > 0.01).sum())
    assert not pool.unreadable
    assert 0.3 < shorter / 768 < 0.8, "half of the recordings are shorter than a second"


def test_two_segments_of_a_file_are_more_alike_than_of_two_files(pool):
    """By the level in bands of an octave, which tells recordings apart."""
    first, second = (view.numpy() for view in pool.training(1, 512).batch(0, 0).to_torch())

    def bands(waves):
        power = np.abs(np.fft.rfft(waves)) ** 2
        edges = 8000 // 2 ** np.arange(8)[::-1]
        return np.log(np.add.reduceat(power, edges[:-1], axis=1) + 1e-6)

    one, other = bands(first), bands(second)
    own = np.linalg.norm(one - other, axis=1)
    foreign = np.linalg.norm(one - np.roll(other, 1, axis=0), axis=1)
    assert np.median(own) < 0.5 * np.median(foreign)


def test_files_that_the_table_lists_and_dense_mixtures():
    table = RealSource(POOL, POOL / "labels.csv", kind="mix", mix_s=10.0, mix_fill="others")
    first, second = (view.numpy() for view in table.training(0, 64).batch(0, 0).to_torch())
    np.testing.assert_array_equal(first, second)
    assert ((first == 0).mean(1) < 0.05).mean() > 0.9, "ten seconds leave no silence"
