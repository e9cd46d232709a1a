"""The job that measures systems: any measure on any system, intervals over prompts, a page."""

import csv
from pathlib import Path

import numpy as np
import pytest

from ctag.prompts import PromptSet
from eval.descriptors.settings import DescriptorSettings
from eval.harness import audio
from scripts.jobs.systems.job import MeasureSystem
from scripts.jobs.systems.measures import ClapScores, Classification, Described
from scripts.runtime.errors import UserError
from scripts.systems.folder import PromptFolder
from tests.eval.test_classification import ByPitch
from tests.scripts.jobs.sets_of_sounds import plain_run

PROMPTS = PromptSet(["low", "middle", "high"])
HZ = {"low": 100, "middle": 200, "high": 300}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two tones a prompt; the second of "high" is a low one."""
    folder = Path(tmp_path_factory.mktemp("sounds"))
    time = np.arange(4000) / 8000
    for label, hz in HZ.items():
        for number in (1, 2):
            heard = 100 if (label, number) == ("high", 2) else hz
            wave = 0.2 * np.sin(2 * np.pi * heard * time)
            audio.write(folder / f"{label}-{number}.wav", wave, 8000)
    return folder


def a_job(folder, measure, **settings):
    settings = {"each": 2} | settings
    return MeasureSystem(PromptFolder(folder), PROMPTS, measure, **settings)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_classifier_is_right_as_often_as_the_sounds_are(folder, tmp_path):
    job = a_job(folder, Classification(ByPitch(), places=(1, 2)), page=tmp_path / "copy.html")
    metrics = job(plain_run(tmp_path))
    assert metrics["top1"] == pytest.approx(5 / 6)
    assert metrics["top1_low"] < metrics["top1"] < metrics["top1_high"] <= 1
    assert metrics["rank"] == pytest.approx((5 + 3) / 6)
    assert (metrics["sounds"], metrics["prompts"]) == (6, 3)
    table = {row["prompt"]: float(row["top1"]) for row in rows(tmp_path / "prompts.csv")}
    assert table == {"low": 1, "middle": 1, "high": 0.5}
    assert [row["rank"] for row in rows(tmp_path / "sounds.csv")][-1] == "3.0"
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 3
    assert (tmp_path / "copy.html").read_text(encoding="utf-8") == page


def test_descriptors_are_those_of_the_sounds(folder, tmp_path):
    settings = DescriptorSettings(16000, 1024, 512)
    metrics = a_job(folder, Described(settings), each=1)(plain_run(tmp_path))
    assert metrics["centroid"] == pytest.approx(200, rel=0.15)
    assert metrics["compression_ratio"] > 1
    assert metrics["centroid_sd"] == pytest.approx(100, rel=0.3)


class Angles:
    """Sounds and texts as directions: a prompt's is that of its tone."""

    name = "angles"
    identity = "angles"
    sample_rate = 8000.0
    dimension = 2
    licence = "none"

    @staticmethod
    def _of(hz):
        import torch

        angle = torch.as_tensor(hz, dtype=torch.float32) * (np.pi / 400)
        return torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)

    def embed(self, audio, sample_rate):
        peaks = audio.double().numpy()
        return self._of(np.abs(np.fft.rfft(peaks)).argmax(axis=1) * sample_rate / peaks.shape[1])

    def embed_text(self, texts):
        return self._of([HZ[text.removeprefix("Sound of a ")] for text in texts])


@pytest.mark.parametrize("style", ["label", "template"])
def test_clap_scores_are_cosines_of_the_prompts_as_worded(folder, tmp_path, style):
    prompts = PromptSet(["low", "middle", "high"], style=style)
    job = MeasureSystem(PromptFolder(folder), prompts, ClapScores(Angles()), each=2)
    metrics = job(plain_run(tmp_path))
    # Five sounds lie on their text, one is a quarter of a circle away and gets 0, not less.
    assert metrics["score"] == pytest.approx(5 / 6, abs=1e-3)


def test_fewer_prompts_are_the_first_ones_and_no_sound_is_refused(folder, tmp_path):
    metrics = a_job(folder, Classification(ByPitch()), n_prompts=2)(plain_run(tmp_path))
    assert metrics["sounds"] == 4
    with pytest.raises(UserError, match="at least one sound"):
        a_job(folder, Classification(ByPitch()), each=0)(plain_run(tmp_path))


def test_a_prompt_that_names_no_class_is_one_line(folder, tmp_path):
    job = MeasureSystem(PromptFolder(folder), PromptSet(["low", "wow"]), Classification(ByPitch()))
    audio.write(folder / "wow-1.wav", np.full(100, 0.1), 8000)
    with pytest.raises(UserError, match=r"measure\.classifier \(by_pitch\)"):
        MeasureSystem(job.system, job.prompts, job.measure, each=1)(plain_run(tmp_path))
