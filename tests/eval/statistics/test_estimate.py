"""Values with their intervals."""

import math

import numpy as np

from eval.statistics.estimate import Estimate, percentiles


def test_an_estimate_is_written_and_moved():
    found = Estimate(0.5, 0.25, 0.75)
    assert str(found) == f"{found}" == "0.500 (0.250 to 0.750)"
    assert found.metrics("flux") == {"flux": 0.5, "flux_low": 0.25, "flux_high": 0.75}
    assert found.around(2.0) == (2.0, 1.75, 2.25)
    assert found.scaled(4.0) == (2.0, 1.0, 3.0)


def test_replicates_that_are_not_there_are_left_out():
    nothing = math.nan
    assert percentiles(1.0, np.array([nothing, 3.0, nothing])) == (1.0, 3.0, 3.0)
    for found in (percentiles(1.0, np.full(3, nothing)), percentiles(1.0, np.zeros(0))):
        assert found.value == 1.0
        assert np.isnan(found[1:]).all()
    assert np.isnan(percentiles(nothing, np.arange(3.0))).all()
