"""The job of eval/causal_uncertainty: its numbers, files, findings and page."""

import csv

import pytest
import torch

from scripts.jobs.causal_uncertainty import Uncertainty
from scripts.jobs.collection import Collection
from tests.scripts.jobs.sets_of_sounds import a_collection, noisy, plain_run


class Tonality:
    """Sure of "tone" where samples follow each other smoothly, of nothing in noise."""

    name, sample_rate, licence, identity = "tonality", 16000.0, "none", "tonality 1"
    class_names = ("tone", "hum", "hiss")

    def probabilities(self, audio, sample_rate):
        change = audio.diff(dim=1).square().mean(1) / audio.square().mean(1)
        tone = torch.exp(-change)
        return torch.stack([tone, 0.3 * torch.ones_like(tone), 0.2 * torch.ones_like(tone)], dim=1)


@pytest.fixture(scope="module")
def folder_and_metrics(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, Uncertainty(a_collection(), Tonality())(plain_run(folder))


def test_the_findings_are_the_known_order(folder_and_metrics):
    _, metrics = folder_and_metrics
    assert metrics["h_cu_synthetic_over_real_high"] < 1
    assert metrics["h_p_synthetic_above_real_low"] > 0.5
    assert metrics["s_conf_synthetic_above_real"] < 0.2
    assert 0 < metrics["h_cu_gap_closed_by_mix"] < 1
    assert metrics["pool/unreadable"] == 1
    assert metrics["pool/h_cu_low"] < metrics["pool/h_cu"] < metrics["pool/h_cu_high"]


def test_the_tables_hold_the_measures_and_the_guesses(folder_and_metrics):
    folder, metrics = folder_and_metrics
    with (folder / "pool" / "causal_uncertainty.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 15
    mean = sum(float(row["h_cu"]) for row in rows[:-1]) / 14
    assert mean == pytest.approx(metrics["pool/h_cu"])
    assert rows[0]["class"] == "tone"
    assert rows[-1]["h_cu"] == ""
    assert (folder / "figure_3b.png").read_bytes()[:4] == b"\x89PNG"


def test_the_page_says_what_holds_and_plays_sounds_with_their_guesses(folder_and_metrics):
    text = (folder_and_metrics[0] / "index.html").read_text(encoding="utf-8")
    assert text.count("<audio") == 9
    assert "synthetic sounds are more uncertain, as the paper found" in text
    assert "surest: tone?" in text
    assert "hum 30 %" in text


def test_one_set_alone_has_no_findings(tmp_path):
    sets = Collection({"voice": noisy("voice", 0.5)}, ("voice",))
    metrics = Uncertainty(sets, Tonality(), n_sounds=4)(plain_run(tmp_path))
    assert metrics["voice/sounds"] == 4
    assert all(name.startswith("voice/") for name in metrics)
