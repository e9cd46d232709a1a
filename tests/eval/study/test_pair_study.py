"""The test of pairs: known effects come out of simulated answers, bad files and people do not."""

import csv
import json

import numpy as np
import pytest

from eval.study.answers import answers_of, read_answers
from eval.study.pairs import analyse_ratings, pair_study
from eval.study.simulated import simulated_ratings

DELTAS = {"0.01": 0.01, "0.05": 0.05, "0.1": 0.1, "0.25": 0.25, "0.5": 0.5}


@pytest.fixture(scope="module")
def plan():
    return pair_study({f"{d}-{n}": d for d in DELTAS for n in range(8)}, 20, seed=1)


@pytest.fixture(scope="module")
def similarities(plan):
    """Falls with delta as the ratings do, with some noise."""
    rng = np.random.default_rng(0)
    pairs = {trial.sounds[0].split("/")[0]: trial.condition for trial in plan.trials[:40]}
    return {
        name: 0.5 - 0.3 * np.log10(DELTAS[delta]) + 0.1 * rng.normal()
        for name, delta in pairs.items()
    }


def test_nobody_can_tell_delta_from_the_names(plan):
    numbers = [int(trial.name[1:]) for trial in plan.trials[:40]]
    deltas = [DELTAS[trial.condition] for trial in plan.trials[:40]]
    assert abs(np.corrcoef(numbers, deltas)[0, 1]) < 0.4
    assert len({trial.name for trial in plan.trials}) == 42


def test_everybody_hears_every_delta_equally_often_and_two_checks(plan):
    for order in plan.orders:
        told = [plan.trials[step.trial] for step in order]
        counts = [sum(trial.condition == delta for trial in told) for delta in DELTAS]
        assert counts == [4] * 5
        assert sum(bool(trial.expected) for trial in told) == 2


def test_known_effects_are_recovered(plan, similarities):
    answers = answers_of(plan, simulated_ratings(plan, DELTAS, 30, seed=2))
    found = analyse_ratings(plan, answers, DELTAS, similarities)
    assert found.model.slope.low < -1.5 < found.model.slope.high
    assert found.model.person == pytest.approx(0.6, abs=0.25)
    assert found.model.sound == pytest.approx(0.4, abs=0.2)
    # Rounding to whole points adds a twelfth to the variance of what is left.
    assert found.model.rest == pytest.approx(np.sqrt(0.8**2 + 1 / 12), abs=0.1)
    for delta, interval in found.by_condition.items():
        assert abs(interval.value - (2 - 1.5 * np.log10(DELTAS[delta]))) < 0.6
    assert list(found.by_condition) == list(DELTAS)
    assert found.with_similarity.low > 0.5
    assert found.with_factor.high < -0.7
    assert found.agreement.low > 0.5
    assert len(found.pairs) == 40


@pytest.mark.slow
def test_where_delta_does_nothing_nothing_is_found(plan, similarities):
    slopes, p = [], []
    for seed in range(8):
        records = simulated_ratings(plan, DELTAS, 10, seed, intercept=4.0, slope=0.0)
        found = analyse_ratings(plan, answers_of(plan, records), DELTAS, similarities)
        slopes.append(found.model.slope.value)
        p.append(found.model.p)
    assert abs(np.mean(slopes)) < 0.2
    assert np.mean(np.array(p) < 0.05) < 0.4


def test_those_who_do_not_attend_do_not_count(plan):
    records = simulated_ratings(plan, DELTAS, 12, careless=4)
    records[0]["answers"] = records[0]["answers"][:7]
    records.append(records[1])
    answers = answers_of(plan, records)
    reasons = {one.participant: one.reason for one in answers.excluded}
    assert reasons["simulated-1"] == "stopped after 7 of 22 trials"
    assert reasons["simulated-2"] == "a second file"
    careless = [name for name, reason in reasons.items() if "attention checks" in reason]
    assert set(careless) <= {f"simulated-{n}" for n in range(9, 13)}
    assert len(careless) >= 3
    assert "simulated-2" in answers.participants
    assert len(answers.table) == 20 * len(answers.participants)
    assert set(answers.table["condition"]) == set(DELTAS)


def write_csv(path, record):
    """As the page's own table, which tests of the page compare with its JSON."""
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        about = ("study", "version", "participant", "order")
        own = ("position", "trial", "swapped")
        writer.writerow([*about, *own, "similar", "plays_a", "plays_b", "seconds"])
        for one in record["answers"]:
            told = [record[name] for name in about]
            told += [one["position"], one["trial"], str(one["swapped"]).lower()]
            writer.writerow([*told, one["answers"]["similar"], *one["plays"], one["seconds"]])


def test_files_of_both_kinds_are_read(plan, tmp_path):
    records = simulated_ratings(plan, DELTAS, 4)
    for record in records[:2]:
        (tmp_path / f"{record['participant']}.json").write_text(json.dumps(record))
    for record in records[2:]:
        write_csv(tmp_path / f"{record['participant']}.csv", record)
    found, expected = read_answers(plan, tmp_path), answers_of(plan, records)
    assert found.participants == expected.participants
    columns = ["participant", "trial", "condition", "position", "swapped", "similar", "seconds"]
    left, right = (
        one.table.sort_values(["participant", "position"])[columns].reset_index(drop=True)
        for one in (found, expected)
    )
    assert left.equals(right)


def broken(record, change):
    copy = json.loads(json.dumps(record))
    change(copy)
    return copy


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r.update(version="0" * 12), "build the page with the settings"),
        (lambda r: r.pop("order"), "'order' is missing"),
        (lambda r: r.update(order=1000), "out of range"),
        (lambda r: r.update(participant=""), "no participant"),
        (lambda r: r["answers"][3]["answers"].update(similar=8), "8 is no answer to similar"),
        (lambda r: r["answers"][3].update(trial="t999"), "trial 4 is t999"),
    ],
)
def test_files_that_are_not_of_the_test_are_named(plan, tmp_path, change, said):
    record = broken(simulated_ratings(plan, DELTAS, 1)[0], change)
    (tmp_path / "a.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match=said) as error:
        read_answers(plan, tmp_path)
    assert "a.json" in str(error.value)


def test_an_empty_folder_says_what_to_do(plan, tmp_path):
    with pytest.raises(FileNotFoundError, match="that people saved"):
        read_answers(plan, tmp_path)


def test_nobody_left_says_why(plan, similarities):
    records = simulated_ratings(plan, DELTAS, 1)
    with pytest.raises(ValueError, match="two people and three pairs"):
        analyse_ratings(plan, answers_of(plan, records), DELTAS, similarities)
    records[0]["answers"] = []
    with pytest.raises(ValueError, match="stopped after 0 of 22"):
        answers_of(plan, records)
