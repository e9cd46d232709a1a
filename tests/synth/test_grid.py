"""Control frames at any pair of rates: where they lie, and which samples come from them."""

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
    assert grid.width == grid.lengths.max()
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
@settings(max_examples=25, deadline=None)
def test_a_line_between_control_points_stays_one(sample_rate, control_rate, seconds):
    grid = grid_of(sample_rate, control_rate, seconds)
    points = np.arange(grid.n_points) / control_rate
    rng = np.random.default_rng(0)
    control = rng.normal(size=(2, grid.n_points)).astype(np.float32)
    start, slope = (np.asarray(x) for x in grid.lines(jnp.asarray(control)))
    tiles = start[:, :, None] + slope[:, :, None] * np.arange(grid.width)
    made = np.asarray(grid.compact(jnp.asarray(tiles)))
    time = np.arange(grid.n_samples) / sample_rate
    for row, line in zip(control, made, strict=True):
        np.testing.assert_allclose(line, np.interp(time, points, row), atol=2e-4)


@pytest.mark.parametrize(
    ("sample_rate", "control_rate", "even"),
    [(44100, 441, True), (16000, 480, False), (16000, 500, True), (48000, 480, True)],
)
def test_which_grids_are_even(sample_rate, control_rate, even):
    grid = grid_of(sample_rate, control_rate, 1.0)
    assert grid.is_even == even
    if not even:
        np.testing.assert_array_equal(np.unique(grid.lengths), [33, 34])
        np.testing.assert_array_equal(np.tile([34, 33, 33], 160), grid.lengths)


def test_tiles_are_laid_end_to_end_without_what_is_beyond():
    grid = grid_of(10.0, 4.0, 1.0)
    np.testing.assert_array_equal(grid.lengths, [3, 2, 3, 2])
    tiles = jnp.arange(12.0).reshape(1, 4, 3)
    np.testing.assert_array_equal(grid.compact(tiles), [[0, 1, 2, 3, 4, 6, 7, 8, 9, 10]])


def test_the_stretched_grid_puts_the_last_frame_on_the_last_sample():
    grid = make_grid(
        SynthConfig(sample_rate=1000, buffer_size_seconds=1.0, control_rate=50, compat="synthax")
    )
    assert grid.samples_per_frame == 999 / 49
    control = jnp.arange(grid.n_points, dtype=jnp.float32)[None]
    start, slope = grid.lines(control)
    tiles = start[:, :, None] + slope[:, :, None] * np.arange(grid.width)
    made = np.asarray(grid.compact(tiles))[0]
    np.testing.assert_allclose(made, np.linspace(0, 49, 1000), atol=1e-4)


@pytest.mark.parametrize(
    ("sample_rate", "control_rate", "seconds"),
    [(10.0, 4.0, 1.0), (10.0, 4.0, 0.7), (16000.0, 480.0, 0.01), (8000.0, 1.0, 0.1)],
)
def test_the_mask_keeps_what_compact_keeps(sample_rate, control_rate, seconds):
    grid = grid_of(sample_rate, control_rate, seconds)
    tiles = np.arange(1.0, grid.n_frames * grid.width + 1).reshape(1, grid.n_frames, grid.width)
    kept = tiles if grid.mask() is None else tiles * grid.mask()
    np.testing.assert_array_equal(kept[kept > 0], np.asarray(grid.compact(jnp.asarray(tiles)))[0])
