"""The test of what sounds are: known effects come out of simulated answers of ten people."""

import csv
import itertools
import json
import re

import numpy as np
import pytest

from eval.study.answers import answers_of, read_answers
from eval.study.contrasts import contrasts
from eval.study.identification import SURE, Stimulus, identification_study
from eval.study.linear import fit_linear, indicators
from eval.study.logistic import fit_logistic
from eval.study.page import survey_page
from eval.study.recognition import MEASURES, analyse_recognition
from eval.study.simulated_recognition import Effects, simulated_recognition

SYSTEMS = ("audiogen", "audioldm", "ctag")
PROMPTS = tuple(f"prompt {letter}" for letter in "abcdefghij")
STIMULI = [
    Stimulus(f"{system}/{prompt}/{number}", system, prompt)
    for system, prompt, number in itertools.product(SYSTEMS, PROMPTS, range(2))
]
PLAN, SOUNDS = identification_study(STIMULI, n_orders=12, seed=4)
# Ratings that hardly ever reach the ends of the scale, which would shorten differences.
TRUTH = Effects(person=0.4, prompt=0.6, rest=0.6)


def analysed(seed):
    records = simulated_recognition(PLAN, seed=seed, effects=TRUTH)
    return analyse_recognition(PLAN, answers_of(PLAN, records), SYSTEMS)


def true_contrasts(measure):
    means = {"accuracy": TRUTH.log_odds, "confidence": TRUTH.confidence, "artistic": TRUTH.artistic}
    values = [means[measure][system] for system in SYSTEMS]
    differences = [values[i] - values[j] for i in range(3) for j in range(i)]
    return np.exp(differences) if measure == "accuracy" else differences


def test_everybody_hears_sixty_sounds_twenty_of_each_system_and_two_of_each_prompt():
    trials = {trial.name: trial for trial in PLAN.trials}
    assert len(trials) == 60
    for order in PLAN.orders:
        heard = [PLAN.trials[step.trial] for step in order]
        assert len({trial.name for trial in heard}) == 60
        for start in range(0, 60, 3):  # one of each system in every block of three
            assert {trial.condition for trial in heard[start : start + 3]} == set(SYSTEMS)
    assert len(set(PLAN.orders)) == 12
    for trial in PLAN.trials:
        system, prompt, _ = SOUNDS[trial.sounds[0]].split("/")
        assert (trial.condition, trial.label) == (system, prompt)


def test_the_page_tells_neither_system_nor_prompt_nor_what_checks_need():
    waves = {name: (np.full(800, 0.1, np.float32), 16000.0) for name in SOUNDS}
    page = survey_page(PLAN, waves, "wav")
    data = json.loads(re.search(r'id="study">(.*?)</script>', page, re.S)[1])
    assert not any(system in page for system in SYSTEMS)
    assert {key for trial in data["trials"] for key in trial} == {"name", "sounds", "note"}
    assert [gate["needed"] for gate in data["closing"]] == ["", ""]
    assert sorted(data["questions"][0]["options"]) == list(PROMPTS)
    # Numbers are drawn at random: neighbours are of one system or prompt as often as by chance.
    ordered = [trial.condition for trial in sorted(PLAN.trials, key=lambda one: one.name)]
    assert sum(a == b for a, b in itertools.pairwise(ordered)) < 35


def test_known_effects_are_recovered_from_ten_people():
    found = analysed(seed=1)
    for measure in MEASURES:
        outcome = found.outcomes[measure]
        assert outcome.converged
        names = [(one.first, one.second) for one in outcome.contrasts]
        assert names == [("audioldm", "audiogen"), ("ctag", "audiogen"), ("ctag", "audioldm")]
        for one, truth in zip(outcome.contrasts, true_contrasts(measure), strict=True):
            assert one.low < truth < one.high, (measure, one)
    accuracy = found.outcomes["accuracy"]
    assert accuracy.contrasts[0].p < 1e-3, "audioldm is recognised less"
    assert found.outcomes["artistic"].contrasts[1].p < 1e-4
    assert found.outcomes["artistic"].contrasts[0].freedom == pytest.approx(579, abs=0.5)
    for system in SYSTEMS:
        own = found.table[found.table["system"] == system]
        assert accuracy.means[system].value == pytest.approx(own["accuracy"].mean())
        assert len(own) == 200
    assert found.outcomes["confidence"].means["audiogen"].value == pytest.approx(3.4, abs=0.4)
    shares = [found.by_prompt["ctag", prompt].value for prompt in PROMPTS]
    assert np.mean(shares) == pytest.approx(accuracy.means["ctag"].value)


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say_and_estimates_are_centred():
    found = [analysed(seed) for seed in range(100, 110)]
    for measure in MEASURES:
        truth = np.array(true_contrasts(measure))
        rows = [one.outcomes[measure].contrasts for one in found]
        held = [[c.low <= t <= c.high for c, t in zip(row, truth, strict=True)] for row in rows]
        # All three at once in 95 of 100; Ten repeats leave 70 % almost surely.
        assert np.all(held, axis=1).mean() >= 0.7
        middle = np.mean([[c.estimate for c in row] for row in rows], axis=0)
        if measure == "accuracy":
            middle = np.exp(np.mean([[np.log(c.estimate) for c in row] for row in rows], axis=0))
        np.testing.assert_allclose(middle, truth, rtol=0.3, atol=0.08)
    people = np.mean([one.outcomes["accuracy"].people for one in found])
    assert people == pytest.approx(TRUTH.person, abs=0.2)


def test_those_who_fail_a_check_or_stop_early_do_not_count():
    records = simulated_recognition(PLAN, seed=2, careless=2)
    records[0]["closing"]["check_select"] = "prompt a"
    del records[1]["closing"]
    records[2]["answers"].pop()
    answers = answers_of(PLAN, records)
    assert len(answers.participants) == 5
    reasons = {one.participant: one.reason for one in answers.excluded}
    assert "check_select" in reasons["simulated-1"]
    assert "last questions" in reasons["simulated-2"]
    assert "59 of 60" in reasons["simulated-3"]
    assert "check_same" in reasons["simulated-10"]


def test_a_table_of_answers_reads_the_same(tmp_path):
    records = simulated_recognition(PLAN, n_people=2, seed=3)
    gates = ["consent", "adult", "hearing_loss", "fluent"]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        checks = ["check_select", "check_same"]
        asked = ["category", "confidence", "artistic"]
        head = ["study", "version", "participant", "order", *gates, *checks]
        writer.writerow([*head, "position", "trial", "swapped", *asked, "plays_a", "seconds"])
        for record in records:
            own = [record[name] for name in head[:4]] + ["Yes"] * 4
            own += [record["closing"][name] for name in checks]
            for one in record["answers"]:
                given = [one["answers"][name] for name in asked]
                step = [one["position"], one["trial"], str(one["swapped"]).lower()]
                writer.writerow([*own, *step, *given, 1, one["seconds"]])
    answers = read_answers(PLAN, tmp_path)
    assert not answers.excluded
    assert answers.table.equals(answers_of(PLAN, records).table)


def test_confidence_is_turned_round():
    records = simulated_recognition(PLAN, n_people=2, seed=5)
    for record in records:
        for one in record["answers"]:
            one["answers"]["confidence"] = SURE[0] if one["position"] else SURE[-1]
    table = analyse_recognition(PLAN, answers_of(PLAN, records), SYSTEMS).table
    assert sorted(set(table["confidence"])) == [1, 5]
    assert (table["confidence"] == 5).sum() == 118


def test_a_system_that_is_always_right_has_no_odds():
    records = simulated_recognition(PLAN, seed=6, effects=Effects(log_odds={"ctag": 60.0}))
    found = analyse_recognition(PLAN, answers_of(PLAN, records), SYSTEMS)
    assert found.outcomes["accuracy"].means["ctag"].value == 1
    assert not found.outcomes["accuracy"].converged
    assert found.outcomes["accuracy"].contrasts == ()
    assert len(found.outcomes["artistic"].contrasts) == 3


@pytest.mark.parametrize(
    ("stimuli", "settings", "said"),
    [
        (STIMULI[:2], {}, "two categories"),
        ([*STIMULI, STIMULI[0]], {}, "every sound once"),
        (STIMULI, {"check": "dog"}, "none of prompt a"),
        (STIMULI, {"per_person": 50}, "multiple of 3"),
    ],
)
def test_what_is_no_test_is_refused(stimuli, settings, said):
    with pytest.raises(ValueError, match=said):
        identification_study(stimuli, **settings)


def test_contrasts_of_other_systems_are_refused():
    answers = answers_of(PLAN, simulated_recognition(PLAN, n_people=2))
    with pytest.raises(ValueError, match="not a, b"):
        analyse_recognition(PLAN, answers, ("a", "b"))


def test_bonferroni_is_t_with_the_tail_divided():
    """By hand: difference 1, error 0.5, three contrasts, infinitely many degrees."""
    means, covariance = np.array([0.0, 1.0, 1.0]), 0.125 * np.eye(3)
    first, _, third = contrasts("abc", means, covariance)
    assert (first.first, first.second) == ("b", "a")
    assert first.statistic == pytest.approx(2)
    assert first.p == pytest.approx(3 * 0.0455003, abs=1e-5)
    assert first.high - first.low == pytest.approx(2 * 0.5 * 2.3939798, abs=1e-5)
    assert third.p == 1
    ratio = contrasts("abc", means, covariance, odds=True)[0]
    assert ratio.estimate == pytest.approx(np.e)
    assert ratio.error == pytest.approx(0.5 * np.e)
    assert ratio.low == pytest.approx(np.exp(first.low))


def test_without_random_effects_the_models_are_plain_regressions():
    """Groups that do not differ: closed forms of proportions and of the analysis of variance."""
    rng = np.random.default_rng(0)
    system = np.tile(np.repeat([0, 1], 50), 4)
    people = np.repeat(np.arange(4), 100)
    y = np.tile(np.concatenate([np.repeat([1, 0], [30, 20]), np.repeat([1, 0], [10, 40])]), 4)
    logistic = fit_logistic(y, indicators(system), [people])
    np.testing.assert_allclose(logistic.coefficients, np.log([30 / 20, 10 / 40]), atol=1e-5)
    np.testing.assert_allclose(
        np.diag(logistic.covariance), [1 / 120 + 1 / 80, 1 / 40 + 1 / 160], rtol=1e-3
    )
    assert logistic.deviations[0] == pytest.approx(0, abs=1e-3)
    ratings = rng.normal(size=400)
    ratings -= np.array([ratings[people == k].mean() for k in range(4)])[people]
    linear = fit_linear(ratings, indicators(system), [people])
    np.testing.assert_allclose(
        linear.coefficients, [ratings[system == k].mean() for k in (0, 1)], atol=1e-8
    )
    assert linear.deviations[0] == pytest.approx(0, abs=1e-3)


def test_answers_that_do_not_tell_systems_apart_are_refused():
    with pytest.raises(ValueError, match="do not tell the 2 columns"):
        fit_linear(np.ones(4), np.ones((4, 2)), [np.arange(4)])
    with pytest.raises(ValueError, match="both must occur"):
        fit_logistic(np.ones(4), np.ones((4, 1)), [np.arange(4)])
