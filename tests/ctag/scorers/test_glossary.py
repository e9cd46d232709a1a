"""The glossary: what it must know, how it is read, what each mistake is told."""

import pytest

from ctag.scorers.acoustic.glossary import GlossaryError, load_glossary
from ctag.scorers.acoustic.profile import (
    Goal,
    ProfileError,
    Shift,
    blend,
    parse_goal,
    parse_shift,
)
from ctag.scorers.acoustic.words import stem, words
from tests.ctag.scorers.labels import AUDIOSET_50, ESC_50


@pytest.fixture(scope="module")
def glossary():
    return load_glossary()


@pytest.fixture
def laid_over(tmp_path):
    """Loads the default glossary with one more file over it."""

    def load(text):
        path = tmp_path / "mine.yaml"
        path.write_text(text, encoding="utf-8")
        return load_glossary(path)

    return load


def test_it_knows_enough(glossary):
    assert len(glossary.sounds) >= 200
    assert len(ESC_50) == len(AUDIOSET_50) == 50


def test_every_sound_has_a_profile_of_its_own(glossary):
    profiles = {name: tuple(sorted(profile.items())) for name, profile in glossary.sounds.items()}
    assert all(len(profile) >= 4 for name, profile in profiles.items() if name != "silence")
    twins = [(a, b) for a in profiles for b in profiles if a < b and profiles[a] == profiles[b]]
    assert set(twins) <= {("crickets", "night")}


def test_what_a_user_adds_replaces_and_extends(laid_over):
    mine = laid_over(
        "sounds:\n"
        "  kalimba: {words: [mbira], like: plucked, pitch: 200..900 Hz x2}\n"
        "  dog: {like: call, pitch: 100..200 Hz}\n"
        "modifiers:\n"
        "  icy: {set: {brightness: 3..6 kHz}}\n"
    )
    assert mine.phrases["kalimba",] == mine.phrases["mbira",] == "kalimba"
    assert mine.sounds["dog"]["pitch"] == Goal(100, 200)
    # A word that the new entry did not claim stays gone with the entry it belonged to.
    assert mine.find(("puppy",)) is None
    assert mine.modifiers["icy"].set["brightness"] == Goal(3000, 6000)
    assert "xylophone" in mine.sounds
    assert mine.find(("marimba",)) == "xylophone"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "sounds: {x: {brigtness: 2 kHz}}",
            "mine.yaml: x: unknown descriptor 'brigtness': did you",
        ),
        ("sounds: {x: {attack: 20 Hz}}", "'20 Hz' has unit 'Hz'; attack is given in s or ms"),
        ("sounds: {x: {attack: 0.02}}", "0.02 has no unit; attack is given in s or ms"),
        (
            "sounds: {x: {pitch: 900..300 Hz}}",
            "pitch: the range '900..300 Hz' ends before it begins",
        ),
        ("sounds: {x: {pitch: 9..300 Hz}}", "'9..300 Hz' leaves its range, 50 to 4500 Hz"),
        ("sounds: {x: {pitch: about 300 Hz}}", "pitch: cannot read 'about 300 Hz'; write a value"),
        ("sounds: {x: {pitch: <100..300 Hz}}", "has both < and a range"),
        (
            "sounds: {x: {like: nothing like it}}",
            "x: like 'nothing like it' is neither an archetype",
        ),
        ("sounds: {x: {like: y}, y: {like: x}}", "like goes in a circle: x -> y -> x"),
        ("sounds: {x: {like: tone, without: [attack]}}", "without 'attack', but nothing inherited"),
        ("sounds: {x: {like: tone, words: [zz]}, zz: {like: tone}}", "'zz' is already taken by"),
        ("sounds: {x: {like: tone}, x: {like: noise}}", "'x' is there twice"),
        ("sounds: {x: loud}", "x: should hold goals such as `attack: <10 ms`, got 'loud'"),
        ("modifiers: {x: {shfit: {pitch: '*2'}}}", "x: a modifier has shift, set, alone and words"),
        ("modifiers: {x: {shift: {pitch: 2}}}", "cannot read the shift 2; write *2, +6 dB or -0.2"),
        ("modifiers: {x: {shift: {pitch: '*2 Hz'}}}", "the factor '*2 Hz' takes no unit"),
        ("noises: {x: {}}", "'noises' should be one of archetypes, sounds, modifiers"),
        ("- a list", "should hold archetypes, sounds, modifiers, not a list"),
        ("sounds: {x: [}", "mine.yaml: is not YAML"),
    ],
)
def test_a_mistake_is_told_once_and_clearly(laid_over, text, message):
    with pytest.raises(GlossaryError) as caught:
        laid_over(text)
    lines = str(caught.value).splitlines()[1:]
    assert len(lines) == 1
    assert message in lines[0]


def test_all_mistakes_are_told_together(laid_over):
    with pytest.raises(GlossaryError) as caught:
        laid_over("sounds: {x: {attack: 1, decay: 2 dB, pich: 3 Hz}}")
    assert len(str(caught.value).splitlines()) == 4


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no glossary at .*none\.yaml"):
        load_glossary(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("name", "text", "goal"),
    [
        ("brightness", "2..5 kHz x2", Goal(2000, 5000, 2)),
        ("attack", "<20 ms", Goal(0.002, 0.02)),
        ("pitchedness", ">0.8", Goal(0.8, 1)),
        ("activity", "30..60 %", Goal(0.3, 0.6)),
        ("activity", 0.5, Goal(0.5, 0.5)),
        ("pitch_slope", "-2..-0.5 oct/s x0.5", Goal(-2, -0.5, 0.5)),
        ("vibrato_depth", "<6 st", Goal(0, 0.5)),
        ("noisiness", "-20 dB", Goal(-20, -20)),
    ],
)
def test_goals_are_read(name, text, goal):
    parsed = parse_goal(name, text)
    assert parsed.low == pytest.approx(goal.low)
    assert parsed.high == pytest.approx(goal.high)
    assert parsed.weight == goal.weight


def test_shifts_are_read():
    assert parse_shift("pitch", "*2") == Shift(factor=2)
    assert parse_shift("noisiness", "-6 dB") == Shift(offset=-6)
    assert parse_shift("attack", "+20 ms").offset == pytest.approx(0.02)
    with pytest.raises(ProfileError, match="unknown descriptor"):
        parse_shift("pich", "*2")


def test_blending_is_on_the_curve_and_by_weight():
    mixed = blend([{"pitch": Goal(100, 200, 2)}, {"pitch": Goal(400, 800, 2)}], [0.5, 0.5])
    assert mixed["pitch"].low == pytest.approx(200)
    assert mixed["pitch"].high == pytest.approx(400)
    assert mixed["pitch"].weight == pytest.approx(2)
    alone = blend([{"pitch": Goal(100, 200)}, {"noisiness": Goal(-20, -10)}], [0.75, 0.25])
    assert alone["pitch"].weight == pytest.approx(0.75)
    assert alone["noisiness"].low == pytest.approx(-20)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Sound of a dog", "dog"),
        ("the sound of an Engine", "engine"),
        ("Sounds of the sea", "sea"),
        ("audio of Dogs_barking!", "dogs barking"),
        ("Dishes, pots, and pans", "dishes pots and pans"),
        ("clock tick-tock", "clock tick tock"),
        ("a dog's bark", "a dog bark"),
    ],
)
def test_templates_case_and_punctuation_do_not_matter(prompt, expected):
    assert " ".join(words(prompt)) == expected


@pytest.mark.parametrize(
    "forms",
    [
        ["bark", "barks", "barking", "barked"],
        ["sneeze", "sneezes", "sneezing"],
        ["drip", "dripping", "drips"],
        ["cry", "crying", "cries"],
        ["hiss", "hissing"],
        ["bell", "bells"],
        ["wave", "waves"],
        ["box", "boxes"],
        ["wing", "wings"],
    ],
)
def test_forms_of_a_word_have_one_stem(forms):
    assert len({stem(form) for form in forms}) == 1, {form: stem(form) for form in forms}
