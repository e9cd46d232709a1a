"""Prompts from every source, and what is wrong with them in one sentence."""

import jax
import numpy as np
import pytest

from ctag.prompts import PromptSet, as_prompts, in_template, prompt_keys, read_prompts

KEY = jax.random.PRNGKey(0)


def test_a_list_a_file_and_a_single_prompt(tmp_path):
    assert as_prompts(["rain", " dog barking "]) == ["rain", "dog barking"]
    assert as_prompts(("rain",)) == ["rain"]
    assert as_prompts("a dog barking") == ["a dog barking"]
    path = tmp_path / "prompts.txt"
    path.write_text("\ufeff# animals\ndog\n\n  rooster \n", encoding="utf-8")
    assert read_prompts(path) == ["dog", "rooster"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "the list of prompts is empty"),
        (["rain", " "], "prompt 2 of 2 is blank"),
        ("  ", "prompt 1 of 1 is blank"),
    ],
)
def test_what_is_wrong_is_said(given, message):
    with pytest.raises(ValueError, match=message):
        as_prompts(given)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no\.txt does not exist"):
        read_prompts(tmp_path / "no.txt")


def test_a_file_without_prompts_or_that_is_no_text(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text("# nothing\n\n")
    with pytest.raises(ValueError, match="holds no prompt"):
        read_prompts(str(path))
    path.write_bytes(b"RIFF\xff\xfe\x00\x80")
    with pytest.raises(ValueError, match="not UTF-8"):
        read_prompts(str(path))


def test_a_key_belongs_to_the_text_and_not_to_its_place():
    forth, back = prompt_keys(KEY, ["a", "b", "c"]), prompt_keys(KEY, ["c", "b", "a"])
    np.testing.assert_array_equal(forth, back[::-1])
    assert len(np.unique(forth, axis=0)) == 3


def test_a_repeated_prompt_has_another_key_and_the_first_keeps_its_own():
    keys = prompt_keys(KEY, ["a", "a", "b"])
    assert len(np.unique(keys, axis=0)) == 3
    np.testing.assert_array_equal(keys[0], prompt_keys(KEY, ["a"])[0])


def test_typed_and_raw_keys_are_the_same():
    typed = jax.random.wrap_key_data(KEY)
    np.testing.assert_array_equal(prompt_keys(typed, ["a"]), prompt_keys(KEY, ["a"]))


def test_a_set_is_worded_in_three_styles(tmp_path):
    captions = {"dog": "A dog barks", "Airplane": "An airplane flies"}
    written = {
        style: PromptSet(["dog", "Airplane"], style=style, captions=captions).worded()
        for style in ("label", "template", "caption")
    }
    assert written == {
        "label": ["dog", "Airplane"],
        "template": ["Sound of a dog", "Sound of an airplane"],
        "caption": ["A dog barks", "An airplane flies"],
    }
    path = tmp_path / "own.yaml"
    path.write_text("dog: A big dog growls\n")
    own = PromptSet(["dog", "Airplane"], None, "caption", captions, path)
    assert own.worded() == ["A big dog growls", "An airplane flies"]
    assert own.labels() == ["dog", "Airplane"]
    assert PromptSet(["dog", "Airplane"], first=1, style="template").worded() == ["Sound of a dog"]


@pytest.mark.parametrize("text", ["[a, b]", "dog: {a: b}", "1: 2", "{"])
def test_a_file_that_holds_no_captions_is_refused(tmp_path, text):
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match="captions file"):
        PromptSet(["dog"], style="caption", captions_file=path).worded()


def test_what_is_wrong_with_a_set_is_said(tmp_path):
    with pytest.raises(ValueError, match="no caption for rain: give"):
        PromptSet(["rain"], style="caption").worded()
    with pytest.raises(FileNotFoundError, match=r"captions file .*no\.yaml does not exist"):
        PromptSet(["rain"], style="caption", captions_file=tmp_path / "no.yaml").worded()
    with pytest.raises(ValueError, match="not from both"):
        PromptSet(["rain"], file=tmp_path / "x.txt").labels()


def test_the_template_begins_in_lower_case():
    assert in_template("Engine idling") == "Sound of an engine idling"
