"""The job of eval/similarity: its numbers, files and page."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from scripts.jobs.similarity.job import Similarity
from scripts.runtime.errors import UserError
from scripts.sounds.pairs import PairSounds
from tests.scripts.jobs.sets_of_sounds import plain_run
from tests.scripts.jobs.small_synth import EMBEDDER, SYNTH

DELTAS = (0.01, 0.1, 0.5)


def a_job(**changes):
    settings = {"deltas": DELTAS, "n_pairs": 24, "umap_pairs": 0, "examples": 1}
    return Similarity({"noise": SYNTH}, ("noise",), EMBEDDER, **settings | changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    job = a_job(cache=folder / "cache", page=folder / "copy.html")
    return SimpleNamespace(folder=folder, job=job, metrics=job(plain_run(folder)))


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_similarity_is_the_cosine_of_the_pairs(finished):
    waves = [
        np.stack([clip.wave for clip in PairSounds(SYNTH, 24, 0.1, side, 3).clips(range(24))])
        for side in ("first", "second")
    ]
    first, second = (
        EMBEDDER.embed(torch.from_numpy(side), 8000.0).double().numpy() for side in waves
    )
    expected = [a @ b / np.sqrt((a @ a) * (b @ b)) for a, b in zip(first, second, strict=True)]
    told = [
        float(r["similarity"]) for r in rows(finished.folder / "pairs.csv") if r["delta"] == "0.1"
    ]
    np.testing.assert_allclose(told, expected, atol=1e-5)
    assert finished.metrics["noise/delta_0.1/similarity"] == pytest.approx(np.mean(told))


def test_the_trend_is_told(finished):
    metrics = finished.metrics
    means = [metrics[f"noise/delta_{delta:g}/similarity"] for delta in DELTAS]
    assert means == sorted(means, reverse=True)
    assert metrics["noise/monotone"] == 1.0
    assert metrics["noise/monotone_p"] < 0.05
    assert metrics["noise/delta_0.01/above_unrelated"] > metrics["noise/delta_0.5/above_unrelated"]


def test_files_and_page(finished):
    table = rows(finished.folder / "similarity.csv")
    assert [row["delta"] for row in table] == ["0.01", "0.1", "0.5"]
    assert all(row["pairs"] == "24" and row["left_out"] == "0" for row in table)
    page = (finished.folder / "index.html").read_text(encoding="utf-8")
    assert page == (finished.folder / "copy.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 6
    assert "falls at every step, as the paper found" in page
    for name in ("similarity.png", "components.png"):
        assert (finished.folder / name).read_bytes().startswith(b"\x89PNG")
    assert not (finished.folder / "umap.png").exists()


def test_the_cache_gives_the_same(finished, tmp_path):
    cached = a_job(cache=finished.folder / "cache")(plain_run(tmp_path))
    assert cached == finished.metrics


@pytest.mark.slow
def test_a_umap_is_drawn_where_it_is_asked_for(finished, tmp_path):
    job = a_job(cache=finished.folder / "cache", umap_pairs=10)
    assert job(plain_run(tmp_path)) == finished.metrics
    assert (tmp_path / "umap.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"names": ("voice",)}, "choose some of noise"),
        ({"deltas": (0.1, 0.05, 0.2)}, "three or more, rising"),
        ({"n_pairs": 3}, "at least 4"),
    ],
)
def test_settings_that_cannot_be_are_refused(change, said, tmp_path):
    settings = {"names": ("noise",), "deltas": DELTAS} | change
    with pytest.raises(UserError, match=said):
        Similarity({"noise": SYNTH}, embedder=EMBEDDER, **settings)(plain_run(tmp_path))
