"""The job of eval/descriptors: its numbers, files, findings and page."""

import csv
import re
from types import SimpleNamespace

import numpy as np
import pytest

from eval.descriptors.settings import DESCRIPTORS, DescriptorSettings
from eval.descriptors.table import describe
from eval.sounds.arrays import ArraySounds
from scripts.jobs.collection import Collection
from scripts.jobs.descriptors import Descriptors
from scripts.runtime.errors import UserError
from tests.scripts.jobs.sets_of_sounds import RATE, a_collection, noisy, plain_run

SETTINGS = DescriptorSettings(sample_rate=RATE, frame_size=1024, hop_size=512)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    job = Descriptors(a_collection(), SETTINGS, workers=1, cache=folder / "cache")
    return SimpleNamespace(folder=folder, job=job, metrics=job(plain_run(folder)))


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_tables_hold_what_the_library_gives(finished):
    rows = table(finished.folder / "voice" / "descriptors.csv")
    expected = describe(finished.job.sets.sounds["voice"], SETTINGS)
    for row, values in zip(rows, expected.values, strict=True):
        assert [float(row[name]) for name in DESCRIPTORS] == values.tolist()
    bad = table(finished.folder / "pool" / "descriptors.csv")[-1]
    assert set(bad.values()) == {"14", ""}
    assert finished.metrics["pool/unreadable"] == 1
    assert finished.metrics["voice/flux"] == pytest.approx(expected.column("flux").mean())
    summary = {(row["set"], row["quantity"]): row for row in table(finished.folder / "summary.csv")}
    assert len(summary) == 3 * len(DESCRIPTORS)
    row = summary["pool", "centroid"]
    assert (row["sounds"], row["undefined"], row["unreadable"]) == ("14", "0", "1")


def test_the_findings_are_the_known_order(finished):
    metrics = finished.metrics
    assert metrics["flux_synthetic_over_real_low"] > 1.2
    assert metrics["flux_synthetic_above_real"] == 1
    assert 0 < metrics["flux_gap_closed_by_mix"] < 1
    assert metrics["flatness_synthetic_over_real_low"] > 1.2
    # All sounds have one level already: nothing changes but the level itself.
    ratio = metrics["equal_level/flux_synthetic_over_real"]
    assert ratio == pytest.approx(metrics["flux_synthetic_over_real"], rel=0.02)
    assert not [name for name, value in metrics.items() if np.isnan(value)]


def test_louder_sounds_have_more_flux_but_not_at_equal_level(tmp_path):
    quiet, loud = noisy("quiet", 0.5, seed=1), noisy("loud", 0.5, seed=1)
    loud = ArraySounds("loud", [4 * wave for wave in loud.waves], RATE)
    sets = Collection({"loud": loud, "quiet": quiet}, ("loud",), ("quiet",))
    metrics = Descriptors(sets, SETTINGS, workers=1)(plain_run(tmp_path))
    assert metrics["flux_synthetic_over_real"] == pytest.approx(4, rel=1e-3)
    assert metrics["equal_level/flux_synthetic_over_real"] == pytest.approx(1, rel=1e-3)
    assert metrics["equal_level/flux_synthetic_above_real"] == pytest.approx(0.5, abs=0.05)


def test_the_page_says_what_holds_and_plays_the_ends(finished):
    text = (finished.folder / "index.html").read_text(encoding="utf-8")
    assert text.count("<audio") == 4 * len(DESCRIPTORS)
    assert "Spectral flux of synthetic sounds: higher, as the paper found" in text
    assert "holds samples that are not finite" in text
    assert len(re.findall("<img[^>]*Distributions of", text)) == 2
    for name in ("figure_3a.png", "table_1.png"):
        assert (finished.folder / name).read_bytes()[:4] == b"\x89PNG"


def test_without_real_sets_there_are_no_findings_and_a_choice_is_honoured(tmp_path):
    sets = Collection({"a": noisy("a", 0.1), "b": noisy("b", 0.9)}, ("a", "b"), only=("b",))
    metrics = Descriptors(sets, SETTINGS, n_sounds=3, workers=1)(plain_run(tmp_path))
    assert {name.split("/")[0] for name in metrics} == {"b"}
    assert metrics["b/sounds"] == 3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sounds": {}}, "sets.sounds is empty"),
        ({"real": ("pool",)}, "sets names 'pool'; there are a"),
        ({"synthetic": ("a",), "real": ("a",)}, "gives 'a' two roles"),
        ({"only": ("c",)}, "sets names 'c'; there are a"),
    ],
)
def test_collections_that_cannot_be_compared_are_refused(tmp_path, settings, message):
    sets = Collection(**({"sounds": {"a": noisy("a", 0.1)}} | settings))
    with pytest.raises(UserError, match=message):
        Descriptors(sets, SETTINGS)(plain_run(tmp_path))
