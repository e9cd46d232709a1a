"""The distances job: what it writes, what it measures of known sets, and what it refuses."""

import contextlib
import csv
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from eval.distances.frechet import Gaussian, frechet_distance
from eval.sounds.arrays import ArraySounds
from scripts.jobs.distances.job import Distances
from scripts.jobs.distances.measure import Sizes
from scripts.runtime.errors import UserError

RATE = 200
FEW = Sizes(bootstraps=5, subset_sizes=3, draws=1, groups=4, splits=3)


class Tracker:
    def __init__(self):
        self.tables, self.figures = {}, []

    def table(self, name, columns, rows):
        self.tables[name] = rows

    def figure(self, name, figure):
        self.figures.append(name)


def a_run(folder):
    done = []

    @contextlib.contextmanager
    def progress(total, description, done_before=0):
        count = SimpleNamespace(n=0)
        yield SimpleNamespace(update=lambda n=1, **figures: setattr(count, "n", count.n + n))
        done.append((description, total, count.n))

    def artifact(name):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    return SimpleNamespace(
        folder=folder,
        seed=0,
        hash="0123456789ab",
        experiment="eval/fad",
        config={"scale": "smoke"},
        tracker=Tracker(),
        progress=progress,
        artifact=artifact,
        bars=done,
    )


@dataclass(frozen=True)
class Moments:
    """Mean and loudness of each tenth of a second: frames; a clip's vector is their mean."""

    name: str = "moments"
    sample_rate: float = RATE
    dimension: int = 2
    licence: str = "none"
    identity: str = "moments"
    frame_s: float = 0.1
    hop_s: float = 0.1

    def embed_frames(self, audio, sample_rate):
        frames = audio.unflatten(1, (-1, 20))
        return torch.stack([frames.mean(-1), frames.abs().mean(-1)], -1)

    def embed(self, audio, sample_rate):
        return self.embed_frames(audio, sample_rate).mean(1)


def sounds(name, n, seed, offset=0.0, bad=()):
    rng = np.random.default_rng(seed)
    waves = [(rng.normal(size=100) * 0.1 + offset).astype(np.float32) for _ in range(n)]
    for number in bad:
        waves[number][0] = np.nan
    return ArraySounds(name, waves, RATE)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run = a_run(folder)
    near, far = sounds("far <set>", 40, 0, 0.3, bad=(7,)), sounds("near", 60, 1)
    metrics = Distances(near, far, Moments(), FEW, examples=2)(run)
    return SimpleNamespace(run=run, folder=folder, metrics=metrics, sets=(near, far))


def test_the_distance_is_that_of_all_frames_of_what_could_be_read(finished):
    frames = []
    for part in finished.sets:
        waves = np.stack([wave for wave in part.waves if np.isfinite(wave).all()])
        pieces = waves.astype(np.float64).reshape(-1, 20)
        frames.append(np.stack([pieces.mean(1), np.abs(pieces).mean(1)], 1))
    expected = frechet_distance(*(Gaussian.fit([part]) for part in frames))
    found = finished.metrics
    assert found["fad"] == pytest.approx(expected, rel=1e-4)
    assert (found["sounds"], found["vectors"], found["unreadable"]) == (39, 195, 1)
    assert (found["reference_sounds"], found["reference_vectors"]) == (60, 300)
    for name in ("fad", "fad_infinity", "fad_infinity_both", "kad"):
        assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]
        assert found[f"{name}_low"] > found[f"{name[:3]}_floor_high"], "0.3 apart is seen"


def test_bars_end_where_they_should(finished):
    assert len(finished.run.bars) == 2
    for description, total, done in finished.run.bars:
        assert done == total, description


def test_tables_hold_what_the_metrics_say(finished):
    with open(finished.folder / "distances.csv", newline="") as file:
        rows = {row["distance"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["fad", "fad_infinity", "fad_infinity_both", "kad"]
    for name, row in rows.items():
        assert float(row["value"]) == finished.metrics[name]
        assert float(row["high"]) == finished.metrics[f"{name}_high"]
    assert float(rows["kad"]["floor"]) == finished.metrics["kad_floor"]
    with open(finished.folder / "subsets.csv", newline="") as file:
        points = list(csv.DictReader(file))
    assert len(points) == 2 * 3
    assert max(int(point["vectors"]) for point in points) == 195


def test_the_page_has_players_pictures_and_names_what_is_missing(finished):
    text = (finished.folder / "index.html").read_text(encoding="utf-8")
    assert text.count("<audio") == 4
    assert "far &lt;set&gt;" in text
    assert "<set>" not in text
    assert "They are in none of the numbers above" in text
    for name in ("distances", "extrapolation", "scatter"):
        assert (finished.folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert finished.run.tracker.figures == ["distances", "extrapolation", "scatter"]


def test_clips_instead_of_frames_and_cached_embeddings(tmp_path):
    near, far = sounds("near", 20, 0), sounds("far", 20, 1)
    job = Distances(near, far, Moments(), FEW, frames=False, examples=0, cache=tmp_path / "cache")
    first = job(a_run(tmp_path / "a"))
    assert first["vectors"] == first["sounds"] == 20
    assert len(list((tmp_path / "cache").iterdir())) == 2
    again = job(a_run(tmp_path / "b"))
    assert again == first
    assert "<audio" not in (tmp_path / "b" / "index.html").read_text(encoding="utf-8")


def test_the_same_sounds_are_no_distance_apart(tmp_path):
    same = sounds("same", 30, 0)
    found = Distances(same, same, Moments(), FEW, examples=0)(a_run(tmp_path))
    assert found["fad"] < 1e-12
    assert found["kad"] < found["kad_floor_high"]


def test_sets_that_are_too_small_are_refused(tmp_path):
    few, enough = sounds("few", 7, 0), sounds("enough", 20, 1)
    with pytest.raises(UserError, match=r"job.reference: few has 7 sounds, a distribution needs 8"):
        Distances(enough, few, Moments(), FEW)(a_run(tmp_path))
    broken = sounds("broken", 10, 0, bad=(1, 2, 3))
    with pytest.raises(UserError, match=r"job.sounds: only 7 sounds of broken could be read"):
        Distances(broken, enough, Moments(), FEW)(a_run(tmp_path))


def test_more_dimensions_than_vectors_are_warned_of(tmp_path, caplog):
    class Wide(Moments):
        def embed(self, audio, sample_rate):
            return audio

    near, far = sounds("near", 20, 0), sounds("far", 30, 1)
    found = Distances(near, far, Wide(dimension=100), FEW, frames=False, examples=0)(
        a_run(tmp_path)
    )
    assert "20 vectors in 100 dimensions: the Fréchet distance is largely its bias" in caplog.text
    assert np.isfinite([*found.values()]).all()
