"""The job of ctag/study: the survey first, then what people answered."""

import csv
import itertools
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ctag.prompts import PromptSet
from eval.harness import audio
from eval.study.identification import Stimulus, identification_study
from eval.study.simulated_recognition import simulated_recognition
from eval.study.subset import CharacterNgrams
from scripts.jobs.listening_study import ListeningStudy
from scripts.runtime.errors import UserError
from scripts.systems.folder import PromptFolder
from tests.scripts.jobs.sets_of_sounds import plain_run

LABELS = ["water tap", "water taps", "train horn", "chainsaw"]


@pytest.fixture(scope="module")
def systems(tmp_path_factory):
    """Three sounds a prompt of two systems, one of them silent."""
    found = {}
    time = np.arange(1600) / 16000
    for number, name in enumerate(("ours", "theirs")):
        folder = Path(tmp_path_factory.mktemp(name))
        for place, label in enumerate(LABELS):
            for k in range(3):
                silent = (label, k) == ("chainsaw", 0)
                hz = 200 + 100 * place + 10 * k + number
                audio.write(
                    folder / f"{label}-{k}.wav", (not silent) * 0.2 * np.sin(hz * time), 16000
                )
        found[name] = PromptFolder(folder, name)
    return found


def a_job(systems, **changes):
    settings = {"n_prompts": 3, "each": 3, "orders": 8}
    return ListeningStudy(systems, PromptSet(LABELS), CharacterNgrams(), **settings | changes)


@pytest.fixture(scope="module")
def built(systems, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    metrics = a_job(systems, page=folder / "copy.html")(plain_run(folder))
    return SimpleNamespace(folder=folder, metrics=metrics)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def plan_of(folder):
    """The plan again, from what the experimenter has."""
    told = sorted(rows(folder / "stimuli.csv"), key=lambda row: row["trial"])
    return {row["trial"]: row for row in told}


def test_two_of_three_sounds_of_three_prompts_are_put_to_people(built):
    stimuli = rows(built.folder / "stimuli.csv")
    assert built.metrics["stimuli"] == len(stimuli) == 12
    chosen = {row["prompt"] for row in stimuli}
    assert {"train horn", "chainsaw"} < chosen, "water taps stand for each other"
    for system in ("ours", "theirs"):
        for prompt in chosen:
            own = [row for row in stimuli if (row["system"], row["prompt"]) == (system, prompt)]
            assert len({row["sound"] for row in own}) == 2
    survey = (built.folder / "survey.html").read_text(encoding="utf-8")
    data = json.loads(re.search(r'id="study">(.*?)</script>', survey, re.S)[1])
    assert data["version"] == json.loads((built.folder / "plan.json").read_text())["version"]
    assert "theirs" not in survey
    assert (built.folder / "copy.html").read_text(encoding="utf-8") == survey
    assert not (built.folder / "index.html").exists()


def test_answers_to_the_survey_are_analysed(built, systems, tmp_path):
    saved = json.loads((built.folder / "plan.json").read_text())
    told = plan_of(built.folder)
    stimuli = sorted(
        (Stimulus(row["sound"], row["system"], row["prompt"]) for row in told.values()),
        key=lambda one: (list(systems).index(one.system), LABELS.index(one.prompt)),
    )
    # The order of a prompt's two sounds is the draw's: try both of each until the plan is the same.
    pairs = [stimuli[at : at + 2] for at in range(0, 12, 2)]
    for flips in itertools.product((1, -1), repeat=6):
        ordered = [one for pair, flip in zip(pairs, flips, strict=True) for one in pair[::flip]]
        plan, _ = identification_study(ordered, None, 8, 3)
        if plan.version == saved["version"]:
            break
    answers = tmp_path / "answers"
    answers.mkdir()
    for record in simulated_recognition(plan, 9, careless=2, seed=1):
        (answers / f"{record['participant']}.json").write_text(json.dumps(record))
    metrics = a_job(systems, answers=answers)(plain_run(tmp_path))
    assert (metrics["people"], metrics["excluded"], metrics["answers"]) == (7, 2, 84)
    assert 0 <= metrics["ours/accuracy"] <= 1
    contrast = "contrast/artistic/theirs-ours"
    assert (
        metrics[f"{contrast}/low"] < metrics[f"{contrast}/estimate"] < metrics[f"{contrast}/high"]
    )
    assert metrics["prompt/train-horn/ours_high"] <= 1
    assert len(rows(tmp_path / "answers.csv")) == 84
    assert [row["measure"] for row in rows(tmp_path / "contrasts.csv")][-1] == "artistic"
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "check_same" in page
    assert page.count("<audio") == 4
    assert "made up" not in page


def test_stand_ins_say_that_nobody_listened(systems, tmp_path):
    metrics = a_job(systems, answers=Path("stand_in"))(plain_run(tmp_path))
    assert metrics["people"] == 10
    assert "Nobody listened" in (tmp_path / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"drawn": 4}, "no more can be drawn"),
        ({"each": 4}, "4 sounds of every prompt are wanted"),
        ({"drawn": 3}, "can be heard, 3 are wanted"),
        ({"per_person": 5}, "multiple of 2"),
        ({"check": "dog"}, "none of"),
    ],
)
def test_studies_that_cannot_be_are_refused(systems, tmp_path, changes, said):
    with pytest.raises(UserError, match=said):
        a_job(systems, **changes)(plain_run(tmp_path))


def test_two_systems_of_one_name_are_refused(systems, tmp_path):
    both = {"a": systems["ours"], "b": systems["ours"]}
    with pytest.raises(UserError, match="called the same"):
        a_job(both)(plain_run(tmp_path))
