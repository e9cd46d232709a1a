"""The job of eval/listening_pairs: the survey first, then what people answered."""

import csv
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from eval.study.pairs import pair_study
from eval.study.simulated import simulated_ratings
from scripts.jobs.listening_pairs import ListeningPairs
from scripts.runtime.errors import UserError
from tests.scripts.jobs.sets_of_sounds import plain_run
from tests.scripts.jobs.small_synth import EMBEDDER, SYNTH

DELTAS = (0.01, 0.5)
FACTORS = {f"{delta:g}": delta for delta in DELTAS}


def a_job(**changes):
    settings = {"deltas": DELTAS, "pairs_per_delta": 4, "per_person": 6, "orders": 8}
    return ListeningPairs(SYNTH, EMBEDDER, **settings | changes)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    metrics = a_job(page=folder / "copy.html")(plain_run(folder))
    return SimpleNamespace(folder=folder, metrics=metrics)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_survey_and_its_plan_belong_together(built):
    survey = (built.folder / "survey.html").read_text(encoding="utf-8")
    assert survey == (built.folder / "copy.html").read_text(encoding="utf-8")
    data = re.search(r'id="study">(.*?)</script>', survey, re.S)[1]
    study, plan = json.loads(data), json.loads((built.folder / "plan.json").read_text())
    assert study["version"] == plan["version"]
    assert len(study["trials"]) == len(plan["trials"]) == 10
    assert all(address.startswith("data:audio/mpeg") for address in study["sounds"].values())
    assert built.metrics["pairs"] == 8
    assert not (built.folder / "index.html").exists()


def test_pairs_at_a_larger_delta_are_less_alike(built):
    by_delta = {delta: [] for delta in ("0.01", "0.5")}
    for row in rows(built.folder / "pairs.csv"):
        by_delta[row["delta"]].append(float(row["similarity"]))
    assert np.mean(by_delta["0.01"]) > np.mean(by_delta["0.5"])


def test_answers_to_the_survey_are_analysed(built, tmp_path):
    conditions = {row["pair"]: row["delta"] for row in rows(built.folder / "pairs.csv")}
    plan = pair_study(conditions, 6, 8, seed=3)
    answers = tmp_path / "answers"
    answers.mkdir()
    for record in simulated_ratings(plan, FACTORS, 9, careless=2, seed=1):
        (answers / f"{record['participant']}.json").write_text(json.dumps(record))
    metrics = a_job(answers=answers)(plain_run(tmp_path))
    assert metrics["people"] + metrics["excluded"] == 9
    assert metrics["excluded"] >= 1
    assert metrics["slope_low"] < -1.5 < metrics["slope_high"]
    assert metrics["delta_0.01/rating"] > metrics["delta_0.5/rating"]
    assert len(rows(tmp_path / "ratings.csv")) == 8
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "attention checks" in page
    assert page.count("<audio") == 4
    assert "made up" not in page


def test_stand_ins_say_that_nobody_listened(tmp_path):
    a_job(answers=Path("stand_in"))(plain_run(tmp_path))
    assert "Nobody listened" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_answers_to_another_survey_are_refused(built, tmp_path):
    record = {"study": "pairs", "version": "0" * 12, "participant": "a", "order": 0, "answers": []}
    (tmp_path / "a.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match="build the page with the settings"):
        a_job(answers=tmp_path)(plain_run(tmp_path / "run"))


def test_settings_that_cannot_be_balanced_are_refused(tmp_path):
    with pytest.raises(UserError, match="per_person: 5 trials a person"):
        a_job(per_person=5)(plain_run(tmp_path))
