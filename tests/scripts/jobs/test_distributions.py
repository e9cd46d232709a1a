"""Ridgelines: every set is drawn, whatever its values are."""

import numpy as np
import pytest

from scripts.jobs.distributions import Panel, ridgelines

GENERATOR = np.random.default_rng(0)
ROLES = {"voice": "synthetic", "voicefm": "synthetic", "pool": "real", "mix": "mixture"}


def axes_of(panel):
    (axes,) = ridgelines([panel], {name: ROLES[name] for name in panel.values}).axes
    return axes


def test_a_ridge_peaks_where_the_values_are_and_its_line_is_the_median():
    values = {"voice": GENERATOR.normal(2, 0.1, 500), "pool": GENERATOR.normal(5, 0.1, 500)}
    axes = axes_of(Panel("x", values))
    outlines = [line for line in axes.lines if len(line.get_xdata()) > 2]
    peaks = sorted(line.get_xdata()[np.argmax(line.get_ydata())] for line in outlines)
    assert peaks == pytest.approx([2, 5], abs=0.1)
    medians = sorted(line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 2)
    assert medians == pytest.approx(sorted(np.median(v) for v in values.values()))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["pool", "voice"]


def test_a_density_that_is_reflected_at_its_bound_keeps_its_area():
    values = np.abs(GENERATOR.normal(0, 0.1, 2000))
    axes = axes_of(Panel("x", {"voice": values}, bounds=(0.0, 1.0)))
    line = next(line for line in axes.lines if len(line.get_xdata()) > 2)
    x, y = line.get_xdata(), line.get_ydata()
    assert x[0] == 0
    assert y[0] == pytest.approx(y.max(), rel=0.1)  # a half normal's mode is its bound


def test_a_logarithmic_panel_keeps_zeros_at_its_floor():
    values = np.concatenate([np.zeros(5), 10 ** GENERATOR.normal(-1, 0.5, 300)])
    axes = axes_of(Panel("x", {"voice": values}, floor=1e-4))
    assert axes.get_xscale() == "log"
    assert axes.get_xlim()[0] < 2e-4


@pytest.mark.parametrize(
    "values", [np.empty(0), np.array([3.0]), np.full(5, 2.0), np.full(4, np.nan)]
)
def test_values_without_a_spread_are_no_error(values):
    figure = ridgelines([Panel("x", {"voice": values}), Panel("y", {"voice": values}, 1.0)], ROLES)
    figure.canvas.draw()


def test_sets_of_a_role_have_hues_of_their_own():
    panel = Panel("x", {name: GENERATOR.normal(size=20) for name in ROLES})
    colours = {tuple(patch.get_facecolor()[0]) for patch in axes_of(panel).collections}
    assert len(colours) == 4
