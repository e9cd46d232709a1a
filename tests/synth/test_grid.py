"""Control frames at any pair of rates: where they lie, and which samples come from them."""

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synth.config import SynthConfig
from synth.grid import make_grid

rates = st.floats(1.0, 96_000.0).map(lambda x: round(x, 3))
durations = st.floats(1e-4, 0.05)


def grid_of(sample_rate, control_rate, seconds):
    return make_grid(
        SynthConfig(sample_rate=sample_rate, control_rate=control_rate, buffer_size_seconds=seconds)
    )


def laid(grid, samples):
    """The sounds (batch, n_samples) that samples (batch, n_frames, width) make."""
    tiles = jnp.asarray(samples).reshape(-1, *grid.tile)
    return np.asarray(grid.rows(tiles)).reshape(len(tiles), -1)


@given(rates, rates, durations)
@example(44100.0, 441.0, 1.0)
@example(16000.0, 480.0, 1.0)
@example(44100.0, 44100.0, 0.01)
@example(8000.0, 16000.0, 0.1)
@example(8000.0, 1.0, 0.1)
@example(22050.5, 137.7, 0.3)
@settings(max_examples=150, deadline=None)
def test_every_sample_lies_in_its_frame(sample_rate, control_rate, seconds):
    grid = grid_of(sample_rate, control_rate, seconds)
    n = grid.n_samples
    assert n == max(1, round(sample_rate * seconds))
    assert grid.lengths.sum() >= n
    assert (grid.lengths >= 0).all()
    assert grid.longest == grid.lengths.max()
    assert 0 <= grid.width - grid.longest < grid.lanes
    ratio = sample_rate / control_rate
    frame = np.repeat(np.arange(grid.n_frames), grid.lengths)[:n]
    position = np.arange(n) - frame * ratio
    assert (position > -1e-5).all()
    assert (position < ratio + 1e-5).all()
    firsts = np.concatenate([[0], np.cumsum(grid.lengths)[:-1]])
    inside = (firsts < n) & (grid.lengths > 0)
    from_start = (firsts - np.arange(grid.n_frames) * ratio)[inside]
    np.testing.assert_allclose(grid.offsets[inside], from_start, atol=2e-6)


@given(rates, rates, durations)
@example(16000.0, 480.0, 0.1)
@example(8000.0, 1.0, 0.1)
@example(8000.0, 16000.0, 0.01)
@example(48.0, 164.0, 0.03125)  # four frames that repeat after three, of a pattern that does not
@settings(max_examples=25, deadline=None)
def test_a_line_between_control_points_stays_one(sample_rate, control_rate, seconds):
    grid = grid_of(sample_rate, control_rate, seconds)
    points = np.arange(grid.n_points) / control_rate
    rng = np.random.default_rng(0)
    control = rng.normal(size=(2, grid.n_points)).astype(np.float32)
    start, slope = (np.asarray(x) for x in grid.lines(jnp.asarray(control)))
    made = laid(grid, start[:, :, None] + slope[:, :, None] * np.arange(grid.width))
    time = np.arange(grid.n_samples) / sample_rate
    for row, line in zip(control, made, strict=True):
        np.testing.assert_allclose(line, np.interp(time, points, row), atol=2e-4)


@pytest.mark.parametrize(
    ("sample_rate", "control_rate", "pattern"),
    [(44100, 441, [100]), (16000, 480, [34, 33, 33]), (16000, 500, [32]), (48000, 480, [100])],
)
def test_frames_are_even_where_the_rates_divide(sample_rate, control_rate, pattern):
    grid = grid_of(sample_rate, control_rate, 1.0)
    np.testing.assert_array_equal(np.resize(pattern, control_rate), grid.lengths)
    offsets = np.cumsum([0, *pattern[:-1]]) - np.arange(len(pattern)) * sample_rate / control_rate
    np.testing.assert_allclose(grid.offsets, np.resize(offsets, control_rate), atol=1e-6)


def test_tiles_are_laid_end_to_end_without_what_is_beyond():
    grid = grid_of(10.0, 4.0, 1.0)
    np.testing.assert_array_equal(grid.lengths, [3, 2, 3, 2])
    assert grid.tile == (4, 1, 3)
    assert grid.row_shape == (2, 5)
    made = laid(grid, np.arange(12.0).reshape(1, 4, 3))
    np.testing.assert_array_equal(made, [[0, 1, 2, 3, 4, 6, 7, 8, 9, 10]])


def test_the_stretched_grid_puts_the_last_frame_on_the_last_sample():
    grid = make_grid(
        SynthConfig(sample_rate=1000, buffer_size_seconds=1.0, control_rate=50, compat="synthax")
    )
    assert grid.samples_per_frame == 999 / 49
    control = jnp.arange(grid.n_points, dtype=jnp.float32)[None]
    start, slope = grid.lines(control)
    made = laid(grid, start[:, :, None] + slope[:, :, None] * np.arange(grid.width))[0]
    np.testing.assert_allclose(made, np.linspace(0, 49, 1000), atol=1e-4)


@pytest.mark.parametrize(
    ("sample_rate", "control_rate", "seconds"),
    [
        (44100.0, 441.0, 1.0),  # seven blocks of which the last has four samples
        (16000.0, 480.0, 0.01),  # frames of 34, 33 and 33
        (16000.0, 480.0, 0.1),
        (10.0, 4.0, 0.7),  # ends within a frame
        (8000.0, 1.0, 0.1),  # one frame, longer than the sound
        (8000.0, 16000.0, 0.1),  # frames without a sample
        (22050.5, 137.7, 0.3),  # lengths that do not repeat
        (48.0, 164.0, 0.03125),  # lengths that repeat among the few frames there are
    ],
)
@pytest.mark.parametrize("vector", [None, 4, 16])
def test_rows_keep_each_frame_s_samples_in_order(sample_rate, control_rate, seconds, vector):
    grid = dataclasses.replace(grid_of(sample_rate, control_rate, seconds), vector=vector)
    assert grid.lanes <= (vector or grid.longest)
    assert math.prod(grid.tile) == grid.n_frames * grid.width
    numbered = np.arange(float(grid.n_frames * grid.width)).reshape(1, grid.n_frames, -1)
    kept = [row[:length] for row, length in zip(numbered[0], grid.lengths, strict=True)]
    assert grid.rows(jnp.asarray(numbered).reshape(1, *grid.tile)).shape[1:] == grid.row_shape
    np.testing.assert_array_equal(laid(grid, numbered)[0], np.concatenate(kept)[: grid.n_samples])
