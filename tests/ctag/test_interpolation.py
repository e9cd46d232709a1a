"""The line between two sounds: its ends are the sounds themselves, its steps are equal."""

import jax.numpy as jnp
import numpy as np
import pytest

from ctag.interpolation import line_between
from tests.ctag.stand_in import Resemblance, TwoTones, Untraceable, parameters_of

PROMPTS = ("spray", "machine gun")
ENDS = np.stack([parameters_of(prompt) for prompt in PROMPTS])


def test_the_ends_are_the_sounds_themselves_and_the_steps_equal():
    line = line_between(TwoTones(), Resemblance(), PROMPTS, ENDS, steps=3)
    np.testing.assert_array_equal(line.shares, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(line.theta[[0, -1]], ENDS, rtol=1e-6)
    np.testing.assert_allclose(
        np.diff(line.theta, axis=0), np.tile((ENDS[1] - ENDS[0]) / 4, (4, 1)), atol=1e-6
    )
    alone = TwoTones().render(jnp.asarray(line.theta[2:3]))
    np.testing.assert_array_equal(line.audio[2], np.asarray(alone)[0])


@pytest.mark.parametrize("scorer", [Resemblance(), Untraceable()])
def test_each_end_fits_its_own_prompt_best(scorer):
    """The stand-in's prompts mean these very parameters: their score is 0, the highest there is."""
    line = line_between(TwoTones(), scorer, PROMPTS, ENDS, steps=2)
    assert line.scores.shape == (2, 4)
    assert line.scores[0].argmax() == 0
    assert line.scores[1].argmax() == 3
    assert line.scores[0, 0] == pytest.approx(0, abs=1e-3)
    assert line.scores[1, 3] == pytest.approx(0, abs=1e-3)


def test_no_steps_are_the_two_ends():
    assert len(line_between(TwoTones(), Resemblance(), PROMPTS, ENDS, steps=0).audio) == 2


@pytest.mark.parametrize(("prompts", "steps"), [(PROMPTS[:1], 3), (PROMPTS, -1)])
def test_what_has_no_two_ends_is_refused(prompts, steps):
    with pytest.raises(ValueError, match="two prompts"):
        line_between(TwoTones(), Resemblance(), prompts, ENDS, steps)
