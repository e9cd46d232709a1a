"""Judges are those that are there; a search is the same without the others."""

import pytest

from scripts.runtime.compose import plan_of
from scripts.runtime.judges import LEFT_OUT

SEARCH = ("ctag/search", "scale=small")


def test_those_without_weights_are_left_out_with_the_command_that_gets_them(tmp_path):
    plan = plan_of(*SEARCH, f"paths.weights={tmp_path}")
    assert plan.job["judges"] == {}
    reasons = plan.config[LEFT_OUT]
    assert reasons["acoustic"] == "it is the scorer of this search"
    assert "make weights-yamnet" in reasons["yamnet"]
    assert "make weights-laion-clap" in reasons["laion_clap"]


def test_what_is_there_judges_and_changes_the_run(tmp_path):
    without = plan_of(*SEARCH, f"paths.weights={tmp_path}")
    (tmp_path / "yamnet_spectra_in.tflite").write_bytes(b"a model")
    plan = plan_of(*SEARCH, f"paths.weights={tmp_path}")
    assert list(plan.job["judges"]) == ["yamnet"]
    assert plan.hash != without.hash


@pytest.mark.parametrize("scorer", ["acoustic", "yamnet"])
def test_random_weights_judge_nothing(scorer):
    plan = plan_of("ctag/search", "scale=smoke", f"scorer={scorer}")
    assert set(plan.job["judges"]) == {"acoustic"} - {scorer}
    assert plan.config[LEFT_OUT]["laion_clap"] == "its weights would be random ones"


def test_a_job_without_judges_has_none():
    assert LEFT_OUT not in plan_of("ctag/match", "scale=smoke").config
