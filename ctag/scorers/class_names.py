"""Which classes of AudioSet the words of a prompt name."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib import resources

import yaml

__all__ = ["classes_of"]

_TEMPLATE = re.compile(r"^(the )?sound of (an? |the )?")


def classes_of(
    prompt: str,
    names: Sequence[str],
    aliases: Mapping[str, str | Sequence[str]] | None = None,
) -> tuple[str, ...]:
    """Return the classes that a prompt names, at least one.

    In this order: `aliases`; the table `classes.yaml` of the labels of ESC-50, AudioSet-50 and the
    demo, those of its classes that there are; a class of the very words; a class of which the words
    are one of several names ("rooster" of "Chicken, rooster"). Case, punctuation, "sound of a" and
    a plural's s make no difference.

    Args:
        prompt: a label, such as "clock tick".
        names: a classifier's class names.
        aliases: words to the name of a class or several.

    Raises:
        ValueError: the words name no class, or an alias one that there is not.

    Example:
        >>> classes_of("Sound of a rooster", ["Dog", "Chicken, rooster"])
        ('Chicken, rooster',)
    """
    words = _plain(prompt)
    for own, given in (aliases or {}).items():
        if _plain(own) == words:
            wanted = (given,) if isinstance(given, str) else tuple(given)
            unknown = [name for name in wanted if name not in names]
            if unknown or not wanted:
                raise ValueError(
                    f"the alias {own!r} names {unknown or 'nothing'}: give names of "
                    f"classes as they are{_hint(' '.join(unknown), names)}"
                )
            return wanted
    known = tuple(name for name in _table().get(words, ()) if name in names)
    found = known or tuple(name for name in names if _plain(name) == words)
    found = found or tuple(name for name in names if words in _parts(name))
    if not found:
        raise ValueError(
            f"{prompt!r} names none of the {len(names)} classes{_hint(words, names)}; say what is "
            f"meant: scorer.aliases='{{{words}: NAME}}'"
        )
    return found


def _hint(words: str, names: Sequence[str]) -> str:
    """The nearest classes, or nothing."""
    parts = {part: name for name in names for part in (_plain(name), *_parts(name))}
    close = get_close_matches(words, parts, n=3, cutoff=0.5)
    found = list(dict.fromkeys(parts[part] for part in close))
    return f" (nearest: {'; '.join(found)})" if found else ""


def _parts(name: str) -> tuple[str, ...]:
    """The several names of a class, such as "Vehicle horn, car horn, honking"."""
    return tuple(_plain(part) for part in name.split(","))


def _plain(text: str) -> str:
    words = " ".join(re.findall(r"[\w'-]+", _TEMPLATE.sub("", text.lower().strip())))
    return re.sub(r"(?<=[^s\W])s\b", "", words)


@cache
def _table() -> dict[str, tuple[str, ...]]:
    text = resources.files("ctag.scorers").joinpath("classes.yaml").read_text(encoding="utf-8")
    return {_plain(label): tuple(names) for label, names in yaml.safe_load(text).items()}
