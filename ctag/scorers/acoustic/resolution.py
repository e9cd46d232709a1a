"""From a prompt to its profile: glossary words first, similar words where there are none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ctag.scorers.acoustic.glossary import Glossary
from ctag.scorers.acoustic.profile import Goal, blend
from ctag.scorers.acoustic.words import split_into_known

COMPOUND_WEIGHT = 0.35
"""Weight of a sound directly before another one ("dog whistle" is a whistle more than a dog)."""

Similar = Callable[[str], Mapping[str, float]]
"""Returns names of sounds with weights that add up to 1."""


@dataclass(frozen=True)
class Resolution:
    """How a prompt was understood.

    Attributes:
        prompt: as it was given.
        profile: goals by descriptor.
        sounds: glossary sounds that were used, with their weights.
        modifiers: modifiers that were applied, in order.
        ignored: words of the prompt that had no effect.
        by_similarity: whether the sounds were found by sentence similarity, not by name.
    """

    prompt: str
    profile: Mapping[str, Goal]
    sounds: Mapping[str, float]
    modifiers: tuple[str, ...]
    ignored: tuple[str, ...]
    by_similarity: bool

    def describe(self) -> str:
        """Return one line that says which glossary words stand for the prompt."""
        sounds = ", ".join(
            name if weight > 0.995 else f"{name} {weight:.0%}"
            for name, weight in self.sounds.items()
        )
        line = f"{self.prompt!r} = " + (" + ".join(filter(None, (*self.modifiers, sounds))))
        if self.by_similarity:
            line += " (by similarity: not in the glossary)"
        if self.ignored:
            line += f"; ignored: {', '.join(self.ignored)}"
        return line


def resolve(prompt: str, glossary: Glossary, similar: Similar) -> Resolution:
    """Find a prompt's profile.

    Known phrases are looked up, longest first; sounds are blended, then modified by every adjective
    in turn. A prompt that holds neither a known sound nor a known modifier, and one with a modifier
    and an unknown word, goes to `similar`. Raises ValueError for a prompt without a word.
    """
    found, unknown = split_into_known(prompt, glossary.find, glossary.longest)
    if not found and not unknown:
        raise ValueError(
            f"the prompt {prompt!r} holds no word: name a sound, such as 'dog' or "
            "'slow rising siren'"
        )
    modifiers = tuple(name for name, _ in found if name in glossary.modifiers)
    weights: dict[str, float] = {}
    previous = None
    for name, adjoins in found:
        if name in glossary.sounds:
            if adjoins and previous is not None and previous != name:
                weights[previous] = min(weights[previous], COMPOUND_WEIGHT)
            weights[name] = 1.0
            previous = name
        else:
            previous = None
    by_similarity = not weights and bool(unknown)
    if by_similarity:
        weights = dict(similar(" ".join(unknown) if modifiers else prompt))
    total = sum(weights.values()) or 1.0
    sounds = {name: weight / total for name, weight in weights.items()}
    profile = (
        blend([glossary.sounds[name] for name in sounds], list(sounds.values())) if sounds else {}
    )
    for name in modifiers:
        profile = glossary.modifiers[name].apply(profile)
    ignored = () if by_similarity else tuple(unknown)
    return Resolution(prompt, profile, sounds, modifiers, ignored, by_similarity)
