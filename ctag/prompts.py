"""Prompts of a search: labels from a list, a file or one string, worded in a style, each with a
random key of its own."""

import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import jax
import jax.numpy as jnp
import yaml
from jaxtyping import Array, UInt

from ctag.strategies.base import Key

__all__ = ["INSTRUCTION", "PromptSet", "as_prompts", "in_template", "prompt_keys", "read_prompts"]

INSTRUCTION = (
    "Write a simple one-sentence audio caption that describes objectively each sound itself in a "
    "real scenario without making up any extra details about other possible sounds or places. You "
    "should define the most common action for such an entity when multiple options are available. "
    "Avoid using templates such as 'A sound of' or 'The sound of'. Sounds: {labels}"
)
"""What the authors of CTAG asked GPT-4 for captions with (thesis, section 4.6.7)."""


@dataclass(frozen=True)
class PromptSet:
    """What to search for: labels, and how they are put to the judge.

    A prompt's random numbers come from its label, so that styles can be compared pair by pair.

    Attributes:
        texts: labels, or prompts in words of your own: a list, or one string.
        file: a text file with one prompt a line, instead of `texts`.
        style: "label", as they are; "template", "Sound of a/an ..."; "caption", a sentence of
            `captions` each.
        captions: label to sentence. Those that come with the configuration are this project's own;
            the paper's were written by GPT-4 and are not public.
        captions_file: a YAML file of label to sentence, laid over `captions`; `INSTRUCTION` is what
            to ask a language model for them.
        first: only so many of the prompts; None: all.
    """

    texts: str | Sequence[str] = ()
    file: Path | None = None
    style: Literal["label", "template", "caption"] = "label"
    captions: Mapping[str, str] = field(default_factory=dict)
    captions_file: Path | None = None
    first: int | None = None

    def labels(self) -> list[str]:
        """Return the prompts before they are worded: what sounds and scores are called.

        Raises:
            FileNotFoundError, ValueError: as `read_prompts` and `as_prompts`; or both a file and
                texts are given.
        """
        if self.file is not None and self.texts:
            raise ValueError("prompts come from texts or from file, not from both")
        if self.first is not None and self.first < 1:
            raise ValueError(f"first={self.first}: at least one prompt is needed")
        found = as_prompts(self.texts) if self.file is None else read_prompts(self.file)
        return found[: self.first]

    def worded(self) -> list[str]:
        """Return what a judge of texts is given, one a label.

        Raises:
            FileNotFoundError, ValueError: as `labels`; or a label has no caption.
        """
        labels = self.labels()
        if self.style == "label":
            return labels
        if self.style == "template":
            return [in_template(label) for label in labels]
        captions = {**self.captions, **self._of_the_file()}
        missing = [label for label in labels if label not in captions]
        if missing:
            raise ValueError(
                f"no caption for {', '.join(missing)}: give captions='{{{missing[0]}: \"A "
                "sentence.\"}', or a YAML file of label to sentence as captions_file"
            )
        return [captions[label] for label in labels]

    def _of_the_file(self) -> dict[str, str]:
        if self.captions_file is None:
            return {}
        path = Path(self.captions_file)
        if not path.is_file():
            raise FileNotFoundError(f"captions file {path} does not exist (from {Path.cwd()})")
        try:
            read = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (UnicodeDecodeError, yaml.YAMLError) as error:
            raise ValueError(f"captions file {path} is not YAML: {error}") from error
        if not isinstance(read, dict) or not all(
            isinstance(part, str) for pair in read.items() for part in pair
        ):
            raise ValueError(f"captions file {path} should be a mapping of label to sentence")
        return read


def in_template(label: str) -> str:
    """Return a label in the paper's template.

    Example:
        >>> in_template("dog"), in_template("Airplane")
        ('Sound of a dog', 'Sound of an airplane')
    """
    article = "an" if label[:1].lower() in "aeiou" else "a"
    return f"Sound of {article} {label[:1].lower()}{label[1:]}"


def as_prompts(given: str | Sequence[str]) -> list[str]:
    """One prompt or several as a list, without blanks around them.

    Raises:
        ValueError: there is no prompt, or one is blank.
    """
    prompts = [given] if isinstance(given, str) else list(given)
    if not prompts:
        raise ValueError("the list of prompts is empty: give at least one, such as [rain, siren]")
    prompts = [str(prompt).strip() for prompt in prompts]
    if not all(prompts):
        place = prompts.index("") + 1
        raise ValueError(f"prompt {place} of {len(prompts)} is blank: give it words or remove it")
    return prompts


def read_prompts(path: str | os.PathLike[str]) -> list[str]:
    """The prompts of a text file, one a line; blank lines and those that open with # are left out.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it holds no prompt, or is not text in UTF-8.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f"prompt file {path} does not exist (looked from {Path.cwd()}): give a text file with "
            "one prompt a line"
        )
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"prompt file {path} is not UTF-8 text: {error}") from error
    prompts = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not prompts:
        raise ValueError(f"prompt file {path} holds no prompt: write one a line")
    return prompts


def prompt_keys(key: Key, prompts: Sequence[str]) -> UInt[Array, "prompts 2"]:
    """One raw random key a prompt, from the prompt's text and not from its place in the list.

    So a prompt finds the same sound whichever prompts are searched for beside it. A prompt given
    several times gets a different key each time.
    """
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key)
    seen: dict[str, int] = {}
    keys = []
    for prompt in prompts:
        repeat = seen[prompt] = seen.get(prompt, -1) + 1
        of_text = jax.random.fold_in(key, zlib.crc32(prompt.encode()))
        keys.append(jax.random.fold_in(of_text, repeat))
    return jnp.stack(keys)
