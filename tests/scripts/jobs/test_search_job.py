"""The search job: what it writes, what it says, how it resumes, and what it refuses."""

import csv
from dataclasses import dataclass
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from ctag.prompts import PromptSet
from ctag.strategies.published import Learned
from eval.harness import audio
from scripts.jobs.search import Search
from scripts.jobs.searching import file_stem
from scripts.runtime.compose import plan_of
from scripts.runtime.errors import UserError
from synth.config import SynthConfig
from synth.patch import load_patch
from synth.synth import ShapedNoise
from tests.scripts.jobs.search_run import a_run

SYNTH = ShapedNoise(SynthConfig(sample_rate=8000, buffer_size_seconds=0.25, control_rate=100))
PROMPTS = ["wind", "a dog, barking"]


@dataclass(frozen=True, eq=False)
class Level:
    """Likes a root mean square of a hundredth a letter of the prompt; explains itself."""

    sample_rate: float | None = None
    caveat: str = "Level is not all there is to a sound."

    def target(self, prompts):
        return {"level": jnp.array([0.01 * len(prompt) for prompt in prompts])}

    def score(self, target, audio, sample_rate):
        level = jnp.sqrt(jnp.mean(audio**2, axis=-1))
        return 1 - jnp.abs(level - target["level"][:, None])

    def explain(self, prompt, audio, sample_rate):
        row = {"unit": "share", "low": 0.0, "high": 0.1, "weight": 0.1, "match": 0.5, "cost": 0.1}
        rows = [SimpleNamespace(descriptor=f"part_{i}", value=i / 3, **row) for i in range(12)]
        meant = SimpleNamespace(describe=lambda: f"{prompt!r} by its letters")
        return SimpleNamespace(resolution=meant, rows=rows)


def a_job(**settings):
    settings = {"iterations": 5, "population": 6, "chunk_generations": 2} | settings
    prompts = settings.pop("prompts", PROMPTS)
    prompts = prompts if isinstance(prompts, PromptSet) else PromptSet(prompts)
    return Search(SYNTH, Learned(), Level(), prompts, **settings)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run = a_run(folder)
    page = folder / "elsewhere" / "index.html"
    return SimpleNamespace(run=run, folder=folder, page=page, metrics=a_job(page=page)(run))


def test_the_metrics_are_the_scores_of_the_saved_sounds(finished):
    metrics, scorer = finished.metrics, Level()
    target = scorer.target(PROMPTS)
    stems = ["01-wind", "02-a-dog-barking"]
    waves = [audio.read(finished.folder / "sounds" / f"{stem}.wav") for stem in stems]
    assert [rate for _, rate in waves] == [8000.0, 8000.0]
    saved = jnp.stack([wave for wave, _ in waves])[:, None]
    again = np.asarray(scorer.score(target, saved, 8000.0))[:, 0]
    np.testing.assert_allclose([metrics[f"score/{p}"] for p in PROMPTS], again, atol=1e-4)
    assert metrics["score"] == pytest.approx(again.mean(), abs=1e-4)
    assert metrics["score_lowest"] == pytest.approx(again.min(), abs=1e-4)
    assert metrics["score_drift"] < 1e-3
    assert metrics["sounds_tried"] == 5 * 6 * 2


def test_a_saved_patch_makes_the_saved_sound(finished):
    patch = load_patch(finished.folder / "patches" / "01-wind.yaml")
    wave, _ = audio.read(finished.folder / "sounds" / "01-wind.wav")
    np.testing.assert_allclose(patch.render(), wave, atol=1e-5)
    assert patch.name == "wind"


def test_the_history_has_a_row_a_prompt_and_generation(finished):
    rows = list(csv.DictReader((finished.folder / "history.csv").read_text().splitlines()))
    assert len(rows) == 10
    assert [row["prompt"] for row in rows] == ["wind"] * 5 + ["a dog, barking"] * 5
    assert [int(row["generation"]) for row in rows[:5]] == [1, 2, 3, 4, 5]
    best = [float(row["best"]) for row in rows[:5]]
    assert best == sorted(best)
    assert float(rows[4]["best"]) == pytest.approx(finished.metrics["score/wind"], abs=1e-3)


def test_the_page_shows_everything_and_the_caveat(finished):
    text = (finished.folder / "index.html").read_text(encoding="utf-8")
    assert text == finished.page.read_text(encoding="utf-8")
    assert text.count("<audio") == 2
    assert text.count('class="curve"') == 2
    assert text.count("18 parameters") == 2 + 1
    assert "a dog, barking" in text
    assert "Why this score (the 8 goals of 12 that weigh most)" in text
    assert "part 7" in text
    assert "part 8" not in text
    assert "&#x27;wind&#x27; by its letters" in text
    assert "02-a-dog-barking.yaml" in text
    assert Level().caveat in text
    assert "LES chose what to try next" in text


def test_the_tracker_gets_the_best_score_by_generation_and_the_sounds(finished):
    tracker = finished.run.tracker
    assert [step for step, _ in tracker.steps] == [2, 4, 5]
    assert set(tracker.sounds) == {"sounds/01-wind", "sounds/02-a-dog-barking"}


def test_an_interrupted_run_ends_with_the_same_numbers(finished, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        a_job()(a_run(tmp_path, interrupt_at=4))
    assert not (tmp_path / "index.html").exists()
    run = a_run(tmp_path)
    assert a_job()(run) == finished.metrics
    assert [step for step, _ in run.tracker.steps] == [4, 5]
    for name in ("history.csv", "patches/01-wind.yaml"):
        assert (tmp_path / name).read_bytes() == (finished.folder / name).read_bytes()


def test_prompts_come_from_a_file_too(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text("# of my own\nhail\n")
    metrics = a_job(prompts=PromptSet(file=path), iterations=1)(a_run(tmp_path))
    assert set(metrics) >= {"score", "score/hail"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"iterations": 0}, "iterations=0"),
        ({"population": 1}, "population=1: .*at least 2"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_compiled(settings, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        a_job(**settings)(a_run(tmp_path))


@pytest.mark.parametrize(
    ("prompts", "message"),
    [([], "prompts: the list of prompts is empty"), (["a", ""], "prompts: prompt 2 of 2 is blank")],
)
def test_prompts_that_cannot_be_searched_for_are_told_in_one_line(prompts, message, tmp_path):
    with pytest.raises(UserError, match=message):
        a_job(prompts=prompts)(a_run(tmp_path))


def test_file_names_are_plain_and_unique():
    stems = [file_stem(i, prompt) for i, prompt in enumerate(["Dog!", "dog", "../x", "雨"])]
    assert stems == ["01-dog", "02-dog", "03-x", "04"]
    assert len(file_stem(0, "long " * 100)) < 70


def test_a_lock_on_the_command_line_reaches_the_job_and_another_run():
    free = plan_of("ctag/demo", "scale=smoke")
    locked = plan_of(
        "ctag/demo", "scale=smoke", "lock.keyboard.midi_f0=60", "lock.adsr_1.attack=[0,1]"
    )
    assert free.job["lock"] == {}
    assert locked.job["lock"] == {"keyboard": {"midi_f0": 60}, "adsr_1": {"attack": [0, 1]}}
    assert locked.hash != free.hash


def test_a_lock_that_does_not_suit_the_synth_is_one_clear_error(tmp_path):
    with pytest.raises(UserError, match=r"did you mean keyboard\.midi_f0"):
        a_job(lock={"keyboard": {"midi": 60}})(a_run(tmp_path))


def test_the_page_says_what_is_locked(tmp_path):
    a_job(prompts="wind", lock={"adsr": {"attack": [0, 0.5]}})(a_run(tmp_path))
    assert "adsr.attack in 0.0 to 0.5 s" in (tmp_path / "index.html").read_text()
    human = load_patch(tmp_path / "patches" / "01-wind.yaml").human()
    assert 0 <= human["adsr.attack"] <= 0.5


@dataclass(frozen=True)
class Brightness:
    """Knows two words alone; ranks by level."""

    hears_labels = True
    sample_rate = None

    def target(self, prompts):
        if prompts != ["wind"]:
            raise ValueError(f"{prompts[0]!r} names none of my classes")
        return jnp.ones((1, 1))

    def score(self, target, audio, sample_rate):
        return -jnp.abs(audio).max(-1)

    def rank(self, target, audio, sample_rate):
        return jnp.full(audio.shape[:2], 7.0)


def test_other_judges_hear_the_best_sounds(tmp_path):
    metrics = a_job(iterations=1, judges={"brightness": Brightness()})(a_run(tmp_path))
    peak = np.abs(audio.read(tmp_path / "sounds" / "01-wind.wav")[0]).max()
    assert metrics["judge/brightness"] == metrics["judge/brightness/wind"]
    assert metrics["judge/brightness"] == pytest.approx(-peak, abs=1e-4)
    assert metrics["rank/brightness"] == 7
    assert metrics["first_ten/brightness"] == 1
    assert not any("dog" in name for name in metrics if "brightness" in name)
    page = (tmp_path / "index.html").read_text()
    assert page.count(">brightness<") == 1


def test_a_caption_is_searched_for_under_its_label(tmp_path):
    """The caption has 20 letters, for which Level wants ten times the level of "hi"."""
    captions = {"hi": "somebody says hello."}
    prompts = PromptSet(["hi"], style="caption", captions=captions)
    metrics = a_job(prompts=prompts)(a_run(tmp_path))
    wave = jnp.asarray(audio.read(tmp_path / "sounds" / "01-hi.wav")[0])
    wanted = Level().score(Level().target([captions["hi"]]), wave[None, None], 8000.0)
    assert metrics["score/hi"] == pytest.approx(float(wanted[0, 0]), abs=1e-3)
