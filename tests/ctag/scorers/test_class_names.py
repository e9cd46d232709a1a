"""Which of AudioSet's classes a prompt names."""

import csv
from pathlib import Path

import pytest

from ctag.scorers.class_names import classes_of
from scripts.runtime.compose import plan_of

CLASS_MAP = Path(__file__).resolve().parents[4] / "shared" / "pretrained" / "yamnet_class_map.csv"
NAMES = ("Dog", "Bark", "Chicken, rooster", "Vehicle horn, car horn, honking", "Police car (siren)")


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        ("Bark", ["Bark"]),
        ("barks", ["Bark"]),
        ("Sound of a Bark", ["Bark"]),
        ("dog", ["Dog", "Bark"]),  # of the table
        ("the sound of a dog", ["Dog", "Bark"]),
        ("Honking", ["Vehicle horn, car horn, honking"]),
        ("rooster", ["Chicken, rooster"]),  # the table's second class is not there
        ("police car siren", ["Police car (siren)"]),
    ],
)
def test_words_name_classes(prompt, found):
    assert list(classes_of(prompt, NAMES)) == found


def test_own_words_come_first():
    assert classes_of("dog", NAMES, {"dogs": "Chicken, rooster"}) == ("Chicken, rooster",)
    assert classes_of("woof", NAMES, {"Woof": ["Dog", "Bark"]}) == ("Dog", "Bark")


def test_what_names_nothing_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"'chickens!' names none of the 5 classes"):
        classes_of("chickens!", ("Dog",) * 5)
    with pytest.raises(ValueError, match=r"nearest: Chicken, rooster"):
        classes_of("roster", NAMES)
    with pytest.raises(ValueError, match=r"alias 'woof' names \['Dogg'\].*nearest: Dog"):
        classes_of("woof", NAMES, {"woof": "Dogg"})


@pytest.mark.shared
@pytest.mark.parametrize("prompts", ["esc10", "esc50", "audioset50", "user_study"])
def test_every_label_of_the_papers_names_a_class_of_yamnet(prompts):
    if not CLASS_MAP.exists():
        pytest.skip(f"needs {CLASS_MAP}")
    with CLASS_MAP.open(newline="") as file:
        names = [row["display_name"] for row in csv.DictReader(file)]
    labels = plan_of("ctag/search", f"prompts={prompts}", "scale=smoke").config["prompts"]["texts"]
    assert len(labels) in (10, 50)
    for label in labels:
        assert classes_of(label, names)
