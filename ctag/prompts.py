"""Prompts of a search: from a list, a file or one string, each with a random key of its own."""

import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
from jaxtyping import Array, UInt

from ctag.strategies.base import Key


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
