"""Pairs of recordings: which file, which segment, whose; and files of every kind."""

import logging
import math
import pickle
import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from scipy import stats

from doppel.sources.protocol import PairSet, PairSource, PairStream, Views
from doppel.sources.real import RealSource

RATE = 8000
SECOND: Any = {"sample_rate": float(RATE), "duration_s": 0.1}  # a "second" of 800 samples
LENGTH = 800


def ramp(number, n_samples):
    """A wave whose samples say which file and which place in it they are."""
    return (number + np.arange(n_samples) / n_samples * 0.5).astype(np.float32) / 64


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Thirty files of 8000 samples; the file's number and the place can be read off each sample."""
    folder = tmp_path_factory.mktemp("recordings")
    for number in range(30):
        path = folder / ("a" if number % 2 else "b") / f"{number:02d}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, ramp(number, 8000), RATE, subtype="FLOAT")
    (folder / "notes.txt").write_text("no audio")
    (folder / ".hidden").mkdir()
    soundfile.write(folder / ".hidden" / "99.wav", ramp(40, 8000), RATE, subtype="FLOAT")
    return folder


def written(folder, waves, rate=RATE, suffix="wav"):
    folder.mkdir(exist_ok=True)
    for name, wave in waves.items():
        subtype = "FLOAT" if suffix == "wav" else "PCM_24"
        soundfile.write(folder / f"{name}.{suffix}", wave, rate, subtype=subtype)
    return folder


def files_of(views):
    """The number of each row's file."""
    return (views.to_torch()[0][:, 0].numpy() * 64).astype(int)


def starts_of(view):
    """The first sample of each row's segment."""
    value = view[:, 0].numpy() * 64
    return np.round((value - np.floor(value)) / 0.5 * 8000).astype(int)


def test_it_keeps_the_protocols(folder):
    source = RealSource(folder, **SECOND)
    assert isinstance(source, PairSource)
    stream, fixed = source.training(0, 4), source.validation(0, 5)
    assert isinstance(stream, PairStream)
    assert isinstance(fixed, PairSet)
    views = stream.batch(0, 0)
    assert isinstance(views, Views)
    for view in views.to_torch():
        assert view.shape == (4, LENGTH)
        assert view.dtype == torch.float32
        assert view.abs().max() <= 1


def test_both_views_are_one_segment_of_a_file(folder):
    first, second = RealSource(folder, **SECOND).training(0, 64).batch(0, 0).to_torch()
    assert torch.equal(first, second)
    for row in first.numpy():
        number, start = int(row[0] * 64), starts_of(torch.from_numpy(row[None]))[0]
        np.testing.assert_array_equal(row, ramp(number, 8000)[start : start + LENGTH])


def test_jitter_is_two_independent_segments_of_the_same_file(folder):
    stream = RealSource(folder, kind="jitter", **SECOND).training(0, 1500)
    first, second = stream.batch(0, 0).to_torch()
    np.testing.assert_array_equal((first[:, 0] * 64).int(), (second[:, 0] * 64).int())
    starts = np.stack([starts_of(first), starts_of(second)])
    for row in starts:
        assert stats.kstest(row / (8000 - LENGTH), "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(starts)[0, 1]) < 4.5 / math.sqrt(1500)


def test_an_epoch_goes_through_every_training_file_once(folder):
    stream = RealSource(folder, **SECOND).training(0, 9)
    for epoch in range(2):
        seen = np.concatenate([files_of(stream.batch(epoch, step)) for step in range(3)])
        assert len(set(seen.tolist())) == 27
    orders = [tuple(files_of(stream.batch(epoch, 0))) for epoch in range(4)]
    assert len(set(orders)) == 4
    # An epoch of more pairs than files goes through them again in another order.
    again = np.concatenate([files_of(stream.batch(0, step)) for step in range(6)])
    assert set(Counter(again.tolist()).values()) == {2}
    assert not np.array_equal(again[:27], again[27:])


def test_validation_is_a_tenth_of_the_files_and_never_trained_on(folder):
    source = RealSource(folder, **SECOND)
    training, validation = source.names("training"), source.names("validation")
    assert (len(training), len(validation)) == (27, 3)
    assert not set(training) & set(validation)
    own = {int(name[2:4]) for name in validation}
    for seed in range(3):
        assert set(files_of(source.validation(seed, 30).pairs(range(30)))) == own
        assert not set(files_of(source.training(seed, 81).batch(0, 0))) & own
    other = RealSource(folder, split_seed=1, **SECOND)
    assert other.names("validation") != validation


def test_one_more_file_moves_few_others(folder, tmp_path):
    names = [f"{number:03d}.wav" for number in range(200)]
    lists = [tmp_path / "few.txt", tmp_path / "many.txt"]
    for path, known in zip(lists, (names[:-1], names), strict=True):
        path.write_text("\n".join(known))
    few, many = (set(RealSource(folder, path).names("validation")) for path in lists)
    assert len(few ^ many) <= 2


def test_two_ranks_make_what_one_process_makes(folder):
    source = RealSource(folder, kind="jitter", **SECOND)
    whole = source.training(5, 8).batch(2, 3).to_torch()
    parts = [source.training(5, 4, rank, 2).batch(2, 3).to_torch() for rank in range(2)]
    for view in range(2):
        assert torch.equal(torch.cat([part[view] for part in parts]), whole[view])
    rows = torch.cat(
        [source.training(5, 9, rank, 3).batch(0, 0).to_torch()[0] for rank in range(3)]
    )
    assert len(np.unique(rows.numpy(), axis=0)) == 27


def test_a_batch_is_the_same_wherever_and_whenever_it_is_asked_for(folder):
    settings = dict(kind="mix", mix_s=0.5, mix_views="two", **SECOND)
    source = RealSource(folder, **settings)
    stream = source.training(1, 16)
    went_through = [stream.batch(epoch, step) for epoch in range(2) for step in range(3)]
    for other in (
        RealSource(folder, **settings),
        RealSource(folder, workers=4, **settings),
        RealSource(folder, cache_bytes=0, **settings),
        RealSource(folder, cache_bytes=70_000, workers=3, **settings),
    ):
        alone = other.training(1, 16).batch(1, 2)
        for found, wanted in zip(alone.to_torch(), went_through[5].to_torch(), strict=True):
            assert torch.equal(found, wanted)
    assert not torch.equal(source.training(2, 16).batch(1, 2).to_torch()[0], alone.to_torch()[0])
    elsewhere = pickle.loads(pickle.dumps(stream)).batch(1, 2)
    assert torch.equal(elsewhere.to_torch()[0], alone.to_torch()[0])


def test_the_next_step_is_read_while_one_is_trained_on(folder):
    source = RealSource(folder, **SECOND)
    stream = source.training(0, 4)
    stream.batch(0, 0)
    read = source._recordings._kept
    deadline = time.monotonic() + 20.0
    while len(read) < 8 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(read) == 8  # of four other files, which nobody has asked for
    follows = files_of(stream.batch(0, 1))
    np.testing.assert_array_equal(follows, files_of(source.training(0, 4).batch(0, 1)))


def test_a_fixed_pair_depends_on_its_number_alone(folder):
    fixed = RealSource(folder, kind="jitter", **SECOND).validation(4, 20)
    together = fixed.pairs(range(20)).to_torch()
    longer = RealSource(folder, kind="jitter", **SECOND).validation(4, 100).pairs([7]).to_torch()
    for view in range(2):
        assert torch.equal(fixed.pairs([19, 7, 7]).to_torch()[view][1:], together[view][[7, 7]])
        assert torch.equal(longer[view][0], together[view][7])
    assert fixed.pairs([]).to_torch()[0].shape == (0, LENGTH)
    with pytest.raises(IndexError, match="pairs 3 to 20 of 20"):
        fixed.pairs([3, 20])


@pytest.mark.parametrize("n_samples", [LENGTH - 1, LENGTH, LENGTH + 1])
@pytest.mark.parametrize("short", ["pad", "repeat"])
@pytest.mark.parametrize("kind", ["same", "jitter"])
def test_a_file_of_about_one_segment(tmp_path, n_samples, short, kind):
    waves = {str(number): ramp(30 + number, n_samples) for number in range(3)}
    made = written(tmp_path / "short", waves)
    stream = RealSource(made, kind=kind, short=short, **SECOND).training(0, 8)
    for row in np.concatenate([view.numpy() for view in stream.batch(0, 0).to_torch()]):
        heard = row[row != 0]
        wave = waves[str(int(heard[5] * 64) - 30)]
        if n_samples >= LENGTH:
            start = int(np.flatnonzero(wave == row[0])[0])
            np.testing.assert_array_equal(row, wave[start : start + LENGTH])
        elif short == "pad":
            np.testing.assert_array_equal(heard, wave)
            assert np.ptp(np.flatnonzero(row)) == n_samples - 1
        else:
            start = int(np.flatnonzero(wave == row[0])[0])
            np.testing.assert_array_equal(row, np.tile(wave, 2)[start : start + LENGTH])


def test_short_files_in_silence_lie_anywhere_and_two_views_differ(tmp_path):
    made = written(tmp_path / "short", {str(i): np.full(80, 0.5) for i in range(5)})
    source = RealSource(made, kind="jitter", **SECOND)
    first, second = (view.numpy() for view in source.training(0, 1000).batch(0, 0).to_torch())
    for view in (first, second):
        assert (np.count_nonzero(view, axis=1) == 80).all()
    starts = np.argmax(first > 0, axis=1), np.argmax(second > 0, axis=1)
    assert stats.kstest(starts[0] / (LENGTH - 80), "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(*starts)[0, 1]) < 4.5 / math.sqrt(1000)


def test_one_sample_is_a_file_too(tmp_path):
    made = written(tmp_path / "one", {str(i): np.full(1, 0.25) for i in range(2)})
    for kind in ("same", "jitter", "mix"):
        for fill in ("silence", "others"):
            source = RealSource(made, kind=kind, mix_s=0.5, mix_fill=fill, **SECOND)
            first, _ = source.training(0, 3).batch(0, 0).to_torch()
            assert (first.numpy() == 0.25).sum(1).tolist() == [1, 1, 1]
    repeated = RealSource(made, short="repeat", **SECOND).training(0, 1).batch(0, 0).to_torch()[0]
    assert (repeated == 0.25).all()


@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (22050, 1), (48000, 6)])
def test_any_rate_and_number_of_channels(tmp_path, rate, channels):
    """A tone of 440 Hz in one channel is a tone of 440 Hz, a channel's share as loud."""
    time_s = np.arange(rate) / rate
    wave = np.zeros((rate, channels))
    wave[:, 0] = 0.9 * np.sin(2 * np.pi * 440 * time_s)
    made = written(tmp_path / "tones", {"a": wave, "b": wave}, rate, "flac")
    source = RealSource(made, kind="jitter", sample_rate=16000.0, duration_s=0.5)
    for view in source.training(0, 2).batch(0, 0).to_torch():
        assert view.shape == (2, 8000)
        level = view.numpy() * channels / 0.9
        spectrum = np.abs(np.fft.rfft(level * np.hanning(8000))) / 2000
        assert (np.argmax(spectrum, axis=1) * 2 == 440).all()
        np.testing.assert_allclose(spectrum.max(1), 1.0, atol=0.02)


def test_mixtures_are_the_sum_of_neighbouring_segments(folder):
    source = RealSource(folder, kind="mix", mix_s=0.5, **SECOND)
    first, second = source.training(0, 6).batch(0, 0).to_torch()
    assert torch.equal(first, second)
    # Five ramps of one file: the slope is five times the file's.
    slope = 5 * 0.5 / 8000 / 64
    unclipped = first.numpy()[first.abs().amax(1) < 1]
    assert len(unclipped)
    np.testing.assert_allclose(np.diff(unclipped, axis=1), slope, rtol=0.02)
    two = RealSource(folder, kind="mix", mix_s=0.5, mix_views="two", **SECOND)
    first, second = two.training(0, 6).batch(0, 0).to_torch()
    assert not (first == second).all(1).any()
    # All of a file leaves no choice: both views are the same.
    whole = RealSource(folder, kind="mix", mix_s=1.0, mix_views="two", **SECOND)
    first, second = whole.training(0, 6).batch(0, 0).to_torch()
    assert torch.equal(first, second)


def test_mixtures_of_short_files_are_filled_by_others_of_the_same_part(tmp_path):
    made = written(tmp_path / "short", {f"{i:02d}": np.full(200, (i + 1) / 128) for i in range(20)})
    settings = dict(kind="mix", mix_s=0.3, **SECOND)
    silent = RealSource(made, **settings).training(0, 18).batch(0, 0).to_torch()[0]
    assert (np.count_nonzero(silent, axis=1) == 200).all()
    source = RealSource(made, mix_fill="others", **settings)
    filled = source.training(0, 18).batch(0, 0).to_torch()[0]
    assert (filled > 0).all()
    # Twelve files of 200 samples are 2400: each sample is a sum of three.
    trained = [(int(name[:2]) + 1) / 128 for name in source.names("training")]
    sums = {a + b + c for a in trained for b in trained for c in trained}
    assert set(np.unique(filled.numpy()).tolist()) <= sums


def test_unreadable_files_are_skipped_named_once_and_counted(folder, tmp_path, caplog):
    made = written(tmp_path / "many", {f"{i:03d}": ramp(i % 60, LENGTH) for i in range(200)})
    source = RealSource(made, **SECOND)
    spoiled = source.names("training")[17]
    (made / spoiled).write_bytes(b"no sound at all")
    with caplog.at_level(logging.WARNING):
        stream = source.training(0, 180)
        for epoch in range(3):
            first, _ = stream.batch(epoch, 0).to_torch()
            assert np.isfinite(first.numpy()).all()
    named = [record.getMessage() for record in caplog.records if spoiled in record.getMessage()]
    assert len(named) == 1
    assert "skipped, 1 of 200 so far" in named[0]
    assert list(source.unreadable) == [spoiled]
    # The next file stands in, whether or not anybody knew that this one is spoiled.
    known = stream.batch(1, 0).to_torch()[0]
    assert torch.equal(RealSource(made, **SECOND).training(0, 180).batch(1, 0).to_torch()[0], known)


def test_more_than_a_hundredth_is_an_error(tmp_path):
    made = written(tmp_path / "few", {f"{i:03d}": ramp(i % 60, LENGTH) for i in range(100)})
    names = RealSource(made, **SECOND).names("training")
    (made / names[0]).write_bytes(b"RIFF")
    RealSource(made, **SECOND).training(0, 90).batch(0, 0)
    (made / names[50]).write_bytes(b"")
    with pytest.raises(OSError, match=r"2 of 100 recordings cannot be read, .*more than 1 %"):
        RealSource(made, **SECOND).training(0, 90).batch(0, 0)
    (made / names[50]).unlink()
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(f"{i:03d}.wav" for i in range(100)))
    with pytest.raises(OSError, match=r"2 of 100 .*does not exist"):
        RealSource(made, listed, **SECOND).training(0, 90).batch(0, 0)


def test_nothing_readable_and_nothing_there(tmp_path):
    made = tmp_path / "none"
    with pytest.raises(FileNotFoundError, match="no folder of recordings at"):
        RealSource(made).training(0, 1)
    with pytest.raises(FileNotFoundError, match="; give `make data-vggsound`"):
        RealSource(made, command="make data-vggsound").validation(0, 1)
    made.mkdir()
    with pytest.raises(FileNotFoundError, match=r"no audio in .* at all: files that end in .wav"):
        RealSource(made).training(0, 1)
    (made / "a.wav").write_bytes(b"nothing")
    with pytest.raises(FileNotFoundError, match="has 1 recording: two at least"):
        RealSource(made).training(0, 1)
    (made / "b.wav").write_bytes(b"nothing")
    with pytest.raises(OSError, match="1 of 2 recordings cannot be read"):
        RealSource(made).training(0, 1).batch(0, 0)


def test_memory_holds_no_more_than_it_may(folder):
    source = RealSource(folder, cache_bytes=5 * 32_000, workers=2, **SECOND)
    for step in range(4):
        source.training(0, 20).batch(0, step)
    kept = source._recordings
    assert 0 < sum(wave.nbytes for wave in kept._kept.values()) == kept._kept_bytes <= 5 * 32_000


def test_stand_ins_need_no_folder(tmp_path):
    for kind in ("same", "jitter", "mix"):
        source = RealSource(tmp_path / "absent", kind=kind, assets="stand_in", sample_rate=16000.0)
        first, second = source.training(0, 36).batch(0, 0).to_torch()
        assert first.shape == (36, 16000)
        assert first.abs().amax(1).min() > 0.01
        assert torch.equal(first, second) == (kind != "jitter")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"duration_s": 0.0}, "must give a sample at least"),
        ({"kind": "mix", "mix_s": 0.2}, "holds no segment of 1.0 s"),
        ({"validation_share": 1.0}, "validation_share lies between 0 and 1, got 1.0"),
        ({"limit": 1}, "limit must be 2 at least"),
        ({"workers": 0}, "workers 1"),
    ],
)
def test_wrong_settings_are_refused(settings, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        RealSource(tmp_path, **settings)
