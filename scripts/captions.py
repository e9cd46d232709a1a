"""`python -m scripts.captions prompts=audioset50`: what to ask a language model for captions with.

The answer, as a YAML file of label to sentence, is given as `prompts.captions_file=FILE`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ctag.prompts import INSTRUCTION, PromptSet
from scripts.runtime.compose import plan_of
from scripts.runtime.errors import exit_status


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the instruction with the labels in it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.captions", description=__doc__)
    parser.add_argument("overrides", nargs="*", help="such as prompts=esc50, as for ctag/search")
    given = parser.parse_args(arguments)
    return exit_status(lambda: _instruct(given.overrides))


def _instruct(overrides: Sequence[str]) -> None:
    node = plan_of("ctag/search", *overrides).config["prompts"]
    prompts = PromptSet(**{key: value for key, value in node.items() if key != "_target_"})
    print(INSTRUCTION.format(labels="; ".join(prompts.labels())))
    print('Answer in YAML, one line a sound, of the form "label: sentence".')


if __name__ == "__main__":
    raise SystemExit(main())
