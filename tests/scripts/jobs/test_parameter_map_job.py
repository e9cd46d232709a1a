"""The map of parameters and the showcase, of patches whose groups are known."""

import csv
from pathlib import Path

import numpy as np
import pytest

from ctag.prompts import PromptSet
from eval.harness import audio
from scripts.jobs.parameter_map import ParameterMap
from scripts.jobs.showcase import Showcase
from scripts.runtime.errors import UserError
from scripts.runtime.source import Source
from scripts.systems.folder import PromptFolder
from scripts.systems.search_runs import Found, SearchRuns
from synth.patch import Patch
from tests.scripts.jobs.sets_of_sounds import plain_run
from tests.scripts.jobs.small_synth import SYNTH

PROMPTS = PromptSet(["rain", "siren", "dog"])


@pytest.fixture
def searched(tmp_path, monkeypatch):
    """Four patches a prompt, near each other."""
    rng = np.random.default_rng(0)

    def found(self, run, prompts, each):
        made = []
        for number, label in enumerate(prompts.labels()):
            for seed in range(each):
                theta = 0.2 + 0.3 * number + rng.uniform(0, 0.02, SYNTH.n_params)
                stem = tmp_path / f"{label}-{seed}"
                Patch.from_theta(SYNTH, theta.astype(np.float32), name=label).save(f"{stem}.yaml")
                audio.write(f"{stem}.wav", 0.1 * rng.standard_normal(800), 8000)
                made.append(Found(label, seed, Path(f"{stem}.wav"), Path(f"{stem}.yaml")))
        return made

    monkeypatch.setattr(SearchRuns, "found", found)
    return SearchRuns(Source("ctag/search"))


@pytest.mark.slow
def test_groups_are_drawn_and_measured(searched, tmp_path):
    metrics = ParameterMap(searched, PROMPTS, each=4)(plain_run(tmp_path / "run"))
    assert metrics["same_prompt_nearest"] == 1
    assert metrics["same_prompt_by_chance"] == pytest.approx(3 / 11)
    assert metrics["silhouette"] > 0.8
    with (tmp_path / "run/map.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["prompt"] for row in table] == ["rain"] * 4 + ["siren"] * 4 + ["dog"] * 4
    page = (tmp_path / "run/index.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 3


def test_a_map_of_single_sounds_is_refused(searched, tmp_path):
    with pytest.raises(UserError, match="two sounds of two prompts"):
        ParameterMap(searched, PROMPTS, each=1)(plain_run(tmp_path))


def test_a_showcase_has_a_sound_of_every_prompt(tmp_path):
    for label in PROMPTS.labels():
        audio.write(tmp_path / f"{label}.wav", 0.1 * np.ones(4000), 8000)
    job = Showcase(PromptFolder(tmp_path), PROMPTS, columns=2)
    assert job(plain_run(tmp_path / "run")) == {"sounds": 3.0}
    page = (tmp_path / "run/index.html").read_text(encoding="utf-8")
    assert page.count("<audio") == 3
    assert (tmp_path / "run/figure_5.png").is_file()
