"""The nine descriptors take at most half of the time that librosa takes for the like."""

import pytest

from eval.descriptors.bench import bench


@pytest.mark.slow
def test_descriptors_take_half_of_librosas_time():
    times = bench(n=40, rounds=5)
    assert times["essentia"].processor < 0.55 * times["librosa"].processor
