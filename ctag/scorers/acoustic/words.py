"""Prompts as sequences of comparable words: templates, case, plurals and endings do not matter."""

import re
from collections.abc import Callable

_TEMPLATE = re.compile(
    r"^(?:(?:the|a|an|some)\s+)?(?:sounds?|noises?|audio|recordings?|sound\s+effects?|clips?)"
    r"\s+(?:of|from|like)\s+(?:(?:the|a|an|some)\s+)?"
)
FILLERS = frozenset([
    "a", "an", "the", "of", "some", "in", "on", "at", "to", "with", "and", "or", "by", "from",
    "for", "into", "as", "is", "are", "its", "it", "this", "that", "which", "someone",
    "something", "person", "people", "man", "woman", "being", "very", "quite", "sound",
])  # fmt: skip
_VOWEL = re.compile(r"[aeiouy]")


def words(prompt: str) -> list[str]:
    """Return the lower-case words of a prompt without a leading "Sound of a ...".

    >>> words("Sound of a Clock_tick-tock")
    ['clock', 'tick', 'tock']
    """
    text = re.sub(r"[^\w\s]", " ", prompt.lower().replace("'s", "").replace("'", ""))
    text = " ".join(text.replace("_", " ").split())
    return _TEMPLATE.sub("", text).split()


def stem(word: str) -> str:
    """Return what is left of an English word without its endings, the same for all its forms.

    >>> [stem(word) for word in ("dog", "dogs", "barking", "sneezes", "dripping", "hiss", "flies")]
    ['dog', 'dog', 'bark', 'sneez', 'drip', 'his', 'fli']
    """
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
        if len(word) > 4 and word.endswith(("she", "che", "sse", "xe")):
            word = word[:-1]
    for ending in ("ing", "ed"):
        rest = word[: -len(ending)]
        if word.endswith(ending) and len(rest) > 2 and _VOWEL.search(rest):
            word = rest
            break
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    if len(word) > 2 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 2 and word.endswith(("y", "ie")) else word


def key(phrase: str) -> tuple[str, ...]:
    """Return the words of a phrase without fillers: what phrases are found by."""
    tokens = words(phrase)
    return tuple(word for word in tokens if word not in FILLERS) or tuple(tokens)


def stems(phrase: tuple[str, ...]) -> tuple[str, ...]:
    """Return the stems of a phrase's words: what a phrase is found by in any other form."""
    return tuple(map(stem, phrase))


def split_into_known(
    prompt: str, find: Callable[[tuple[str, ...]], str | None], longest: int
) -> tuple[list[tuple[str, bool]], list[str]]:
    """Cut a prompt into the longest known phrases, from left to right.

    Args:
        prompt: any words.
        find: returns the name of the entry that a phrase belongs to, or None.
        longest: number of words of the longest phrase.

    Returns the names, each with whether its phrase directly follows the one before (as in "train
    horn", unlike "dog in the rain"), and the words that belong to no phrase and are no fillers.
    """
    tokens = words(prompt)
    kept = [(word, index) for index, word in enumerate(tokens) if word not in FILLERS]
    found: list[tuple[str, bool]] = []
    unknown: list[str] = []
    position, last = 0, -2
    while position < len(kept):
        for size in range(min(longest, len(kept) - position), 0, -1):
            name = find(tuple(word for word, _ in kept[position : position + size]))
            if name is not None:
                found.append((name, kept[position][1] == last + 1))
                position += size
                last = kept[position - 1][1]
                break
        else:
            unknown.append(kept[position][0])
            position += 1
    return found, unknown
