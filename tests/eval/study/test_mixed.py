"""Mixed models against closed forms, statsmodels, and effects that are known."""

import numpy as np
import pytest
import statsmodels.api as sm

from eval.study.mixed import mixed_model


def made(seed=0, people=20, sounds=30, slope=-0.5, person=0.8, sound=0.6, rest=1.0):
    rng = np.random.default_rng(seed)
    who, what = np.repeat(np.arange(people), sounds), np.tile(np.arange(sounds), people)
    factor = np.linspace(-2, 0, sounds)[what]
    noise = rng.normal(0, person, people)[who] + rng.normal(0, sound, sounds)[what]
    ratings = 4 + slope * factor + noise + rng.normal(0, rest, who.size)
    return ratings, factor, who, what


def test_a_balanced_design_has_the_estimates_of_the_analysis_of_variance():
    """Mean squares of people, of sounds within the factor, and of what is left (Searle, 1971)."""
    people, sounds = 20, 30
    ratings, factor, who, what = made()
    found = mixed_model(ratings, factor, who, what)
    table = ratings.reshape(people, sounds)
    x = factor[:sounds]
    slope, intercept = np.polyfit(x, table.mean(axis=0), 1)
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    within = table - rows[:, None] - columns[None, :] + table.mean()
    of_rest = (within**2).sum() / ((people - 1) * (sounds - 1))
    of_people = sounds * rows.var(ddof=1)
    of_sounds = people * ((columns - intercept - slope * x) ** 2).sum() / (sounds - 2)
    assert found.slope.value == pytest.approx(slope, abs=1e-6)
    assert found.intercept.value == pytest.approx(intercept, abs=1e-6)
    assert found.rest**2 == pytest.approx(of_rest, rel=1e-3)
    assert found.person**2 == pytest.approx((of_people - of_rest) / sounds, rel=1e-3)
    assert found.sound**2 == pytest.approx((of_sounds - of_rest) / people, rel=1e-3)
    # The slope's error is that of a regression of the sounds' means.
    error = np.sqrt(of_sounds / people / ((x - x.mean()) ** 2).sum())
    assert (found.slope.high - found.slope.low) / 2 == pytest.approx(1.959964 * error, rel=1e-3)
    assert found.converged


def test_an_unbalanced_one_agrees_with_statsmodels():
    ratings, factor, who, what = made(seed=1)
    kept = np.random.default_rng(2).uniform(size=ratings.size) < 0.6
    ratings, factor, who, what = ratings[kept], factor[kept], who[kept], what[kept]
    found = mixed_model(ratings, factor, who)
    theirs = sm.MixedLM(ratings, sm.add_constant(factor), groups=who).fit(reml=True)
    np.testing.assert_allclose(
        [found.intercept.value, found.slope.value], theirs.fe_params, rtol=1e-4
    )
    assert found.person**2 == pytest.approx(theirs.cov_re[0, 0], rel=1e-3)
    assert found.rest**2 == pytest.approx(theirs.scale, rel=1e-3)
    assert np.isnan(found.sound)
    error = (found.slope.high - found.slope.low) / 2 / 1.959964
    assert error == pytest.approx(theirs.bse_fe[1], rel=1e-3)


@pytest.mark.slow
def test_effects_that_are_known_are_recovered_as_often_as_it_says():
    found = [mixed_model(*made(seed, people=10, sounds=20)) for seed in range(100, 130)]
    held = np.mean([one.slope.low <= -0.5 <= one.slope.high for one in found])
    assert held > 0.85
    assert np.mean([one.slope.value for one in found]) == pytest.approx(-0.5, abs=0.08)
    assert np.mean([one.person for one in found]) == pytest.approx(0.8, abs=0.1)
    assert np.mean([one.sound for one in found]) == pytest.approx(0.6, abs=0.1)


def test_without_the_sounds_the_interval_is_too_narrow():
    """A factor of sounds: their own differences are noise that more people do not average out."""
    answers = made(seed=3, people=40, sounds=10)
    whole, blind = mixed_model(*answers), mixed_model(*answers[:3])
    assert blind.slope.high - blind.slope.low < 0.4 * (whole.slope.high - whole.slope.low)


def test_people_who_do_not_differ_have_no_variance():
    ratings, factor, who, what = made(person=0.0, sound=0.0, people=6, sounds=60, seed=5)
    found = mixed_model(ratings - ratings.reshape(6, 60).mean(1)[who], factor, who, what)
    assert found.person == pytest.approx(0.0, abs=1e-3)
    assert found.converged


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda y, x, p, s: (y[:-1], x, p, s), "one length"),
        (lambda y, x, p, s: (y * np.nan, x, p, s), "finite"),
        (lambda y, x, p, s: (y, x * 0, p, s), "must vary"),
        (lambda y, x, p, s: (y, x, p * 0, s), "two people"),
    ],
)
def test_what_cannot_be_fitted_is_refused(change, said):
    with pytest.raises(ValueError, match=said):
        mixed_model(*change(*made(people=3, sounds=4)))
