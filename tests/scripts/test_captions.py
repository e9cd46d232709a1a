"""What a language model is asked for captions with."""

from scripts.captions import main


def test_the_instruction_names_every_label(capsys):
    assert main(["prompts=user_study"]) == 0
    said = capsys.readouterr().out
    assert "one-sentence audio caption" in said
    assert "Sounds: Truck air brake; Water tap;" in said


def test_what_is_wrong_is_one_line(capsys):
    assert main(["prompts=esc51"]) == 1
    assert capsys.readouterr().err.startswith("error: ")
