"""The glossary: sound words, modifiers and archetypes, read from YAML and checked.

A glossary is one YAML file or a folder of them. Each file may hold three mappings:

    archetypes:              shapes that sounds are made from; no words of their own
      impact: {attack: <10 ms, decay: 50..400 ms}
    sounds:
      door slam:
        words: [slam, slamming door]       other names
        like: impact                       one archetype or sound, or a list: later ones win
        without: [pitch]                   inherited goals to drop
        low: 0.3..0.8 x2                   goals, see profile.py
    modifiers:               adjectives; they change the sound they stand beside
      bright:
        words: [brilliant]
        shift: {brightness: "*2"}          where the sound has that goal
        set: {pitch_slope: 0.3..3 oct/s}   whatever the sound says
        alone: {brightness: 3..9 kHz x2}   where it has not, or the modifier stands alone

The archetype `every sound` underlies all sounds. A user's glossary is laid over the default one:
entries of the same name are replaced, new ones are added.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ctag.scorers.acoustic.profile import (
    Goal,
    Profile,
    ProfileError,
    Shift,
    find_descriptor,
    parse_goal,
    parse_shift,
)
from ctag.scorers.acoustic.words import key, stems

DEFAULT_GLOSSARY = Path(__file__).with_name("glossary")
UNDERLYING = "every sound"
SECTIONS = ("archetypes", "sounds", "modifiers")
MODIFIER_PARTS = ("words", "shift", "set", "alone")


class GlossaryError(ValueError):
    """A glossary with mistakes; the message has one line for each."""


@dataclass(frozen=True)
class Modifier:
    """An adjective: what it does to the sound that it stands beside."""

    shift: Mapping[str, Shift] = field(default_factory=dict)
    set: Profile = field(default_factory=dict)
    alone: Profile = field(default_factory=dict)

    def apply(self, profile: Profile) -> dict[str, Goal]:
        """Return the modified profile."""
        changed = dict(profile)
        for name, goal in self.alone.items():
            changed.setdefault(name, goal)
        for name, shift in self.shift.items():
            if name in profile:
                changed[name] = shift.apply(profile[name], find_descriptor(name))
        return changed | dict(self.set)


@dataclass(frozen=True)
class Glossary:
    """All entries, and where each phrase leads.

    Attributes:
        sounds: profiles by main name.
        modifiers: modifiers by main name.
        phrases: main name of a sound or modifier by its phrases' words.
        forms: the same by the stems of those words; the first entry of a form keeps it.
        spellings: every phrase of a sound as it is written, with its main name.
    """

    sounds: Mapping[str, Profile]
    modifiers: Mapping[str, Modifier]
    phrases: Mapping[tuple[str, ...], str]
    forms: Mapping[tuple[str, ...], str]
    spellings: Mapping[str, str]

    def find(self, phrase: tuple[str, ...]) -> str | None:
        """Return the entry of a phrase, as it is written or in another grammatical form."""
        return self.phrases.get(phrase) or self.forms.get(stems(phrase))

    @property
    def longest(self) -> int:
        """Number of words of the longest phrase."""
        return max(map(len, self.phrases))


def load_glossary(*overlays: str | Path) -> Glossary:
    """Read the default glossary and lay others over it, in order.

    Raises FileNotFoundError for a path that is not there, GlossaryError for mistakes, all at once.
    """
    mistakes: list[str] = []
    merged: dict[str, dict[str, tuple[str, Any]]] = {section: {} for section in SECTIONS}
    for layer in (DEFAULT_GLOSSARY, *map(Path, overlays)):
        entries = _read_layer(layer, mistakes)
        _drop_replaced(merged, entries)
        for section in SECTIONS:
            merged[section] |= entries[section]
    glossary = _build(merged, mistakes)
    if mistakes:
        raise GlossaryError("the glossary has mistakes:\n  " + "\n  ".join(mistakes))
    return glossary


def _read_layer(layer: Path, mistakes: list[str]) -> dict[str, dict[str, tuple[str, Any]]]:
    """Return section -> name -> (where, body) of one file or folder."""
    if not layer.exists():
        raise FileNotFoundError(f"no glossary at {layer}: give a YAML file or a folder of them")
    files = sorted(layer.glob("*.yaml")) if layer.is_dir() else [layer]
    entries: dict[str, dict[str, tuple[str, Any]]] = {section: {} for section in SECTIONS}
    for path in files:
        content = _read_yaml(path, mistakes)
        for section, body in content.items():
            if section not in SECTIONS or not isinstance(body, dict):
                mistakes.append(
                    f"{path.name}: {section!r} should be one of {', '.join(SECTIONS)}, "
                    "each with names below it"
                )
                continue
            for name, entry in body.items():
                where = f"{path.name}: {name}"
                if name in entries[section]:
                    mistakes.append(f"{where}: is also in {entries[section][name][0]}")
                entries[section][str(name)] = (where, entry)
    return entries


def _read_yaml(path: Path, mistakes: list[str]) -> dict:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except yaml.YAMLError as error:
        mistakes.append(f"{path.name}: is not YAML: {' '.join(str(error).split())}")
        return {}
    if content is None or isinstance(content, dict):
        return content or {}
    mistakes.append(
        f"{path.name}: should hold {', '.join(SECTIONS)}, not a {type(content).__name__}"
    )
    return {}


class _UniqueKeys(yaml.SafeLoader):
    """A safe loader that refuses a key written twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key_node.value!r} is there twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep)


def _drop_replaced(merged: dict, entries: dict) -> None:
    """Take names and other words that a new layer claims away from the layers below."""
    claimed = {
        key(word)
        for section in ("sounds", "modifiers")
        for name, (_, body) in entries[section].items()
        for word in _spellings(name, body)
    }
    for section in ("sounds", "modifiers"):
        for name, (where, body) in list(merged[section].items()):
            if key(name) in claimed:
                del merged[section][name]
            elif isinstance(body, dict) and isinstance(body.get("words"), list):
                kept = [word for word in body["words"] if key(str(word)) not in claimed]
                merged[section][name] = (where, body | {"words": kept})


def _spellings(name: str, body: Any) -> list[str]:
    others = body.get("words") if isinstance(body, dict) else None
    return [name, *(map(str, others) if isinstance(others, list) else ())]


def _build(merged: dict, mistakes: list[str]) -> Glossary:
    phrases: dict[tuple[str, ...], str] = {}
    owner: dict[tuple[str, ...], str] = {}
    spellings: dict[str, str] = {}
    for section in ("sounds", "modifiers"):
        for name, (where, body) in merged[section].items():
            for word in _spellings(name, body):
                if key(word) in owner:
                    mistakes.append(f"{where}: {word!r} is already taken by {owner[key(word)]}")
                phrases[key(word)], owner[key(word)] = name, where
                if section == "sounds":
                    spellings[word] = name
    forms: dict[tuple[str, ...], str] = {}
    main_names_first = sorted(phrases, key=lambda phrase: phrase != key(phrases[phrase]))
    for phrase in main_names_first:
        forms.setdefault(stems(phrase), phrases[phrase])
    inheritance = _Inheritance(merged, mistakes)
    for name in merged["archetypes"]:
        inheritance.goals("archetypes", name)
    base = inheritance.goals("archetypes", UNDERLYING) if UNDERLYING in merged["archetypes"] else {}
    sounds = {name: base | inheritance.goals("sounds", name) for name in merged["sounds"]}
    modifiers = {
        name: _modifier(where, body, mistakes)
        for name, (where, body) in merged["modifiers"].items()
    }
    return Glossary(sounds, modifiers, phrases, forms, spellings)


class _Inheritance:
    """Goals of archetypes and sounds with all that they inherit; each entry is worked out once."""

    def __init__(self, merged: dict, mistakes: list[str]) -> None:
        self.merged, self.mistakes = merged, mistakes
        self.done: dict[tuple[str, str], dict[str, Goal]] = {}

    def goals(self, section: str, name: str, trail: tuple[tuple[str, str], ...] = ()) -> dict:
        """Return the goals of one entry; `trail` holds the entries that are waiting for it."""
        if (section, name) in self.done:
            return self.done[section, name]
        where, body = self.merged[section][name]
        goals: dict[str, Goal] = {}
        if not isinstance(body, dict):
            self.mistakes.append(
                f"{where}: should hold goals such as `attack: <10 ms`, got {body!r}"
            )
            body = {}
        for parent in _as_list(body.get("like")):
            goals |= self._parent(where, parent, (*trail, (section, name)))
        for dropped in _as_list(body.get("without")):
            if goals.pop(dropped, None) is None:
                self.mistakes.append(f"{where}: without {dropped!r}, but nothing inherited has it")
        own = {k: v for k, v in body.items() if k not in ("words", "like", "without")}
        goals |= _parse_all(where, own, parse_goal, self.mistakes)
        self.done[section, name] = goals
        return goals

    def _parent(self, where: str, name: str, trail: tuple[tuple[str, str], ...]) -> dict:
        """Return the goals of what an entry is `like`: an archetype, or else another sound."""
        section = "archetypes" if name in self.merged["archetypes"] else "sounds"
        if name not in self.merged[section]:
            self.mistakes.append(f"{where}: like {name!r} is neither an archetype nor a sound")
            return {}
        if (section, name) in trail:
            circle = " -> ".join(entry for _, entry in (*trail, (section, name)))
            self.mistakes.append(f"{where}: like goes in a circle: {circle}")
            return {}
        return self.goals(section, name, trail)


def _modifier(where: str, body: Any, mistakes: list[str]) -> Modifier:
    parts = body if isinstance(body, dict) else {}
    unknown = [part for part in parts if part not in MODIFIER_PARTS]
    if unknown or not isinstance(body, dict) or len(parts.keys() - {"words"}) == 0:
        mistakes.append(
            f"{where}: a modifier has shift, set, alone and words; got "
            f"{', '.join(map(str, unknown)) or body!r}"
        )
        return Modifier()
    read = {part: parts.get(part) or {} for part in ("shift", "set", "alone")}
    return Modifier(
        shift=_parse_all(where, read["shift"], parse_shift, mistakes),
        set=_parse_all(where, read["set"], parse_goal, mistakes),
        alone=_parse_all(where, read["alone"], parse_goal, mistakes),
    )


def _parse_all(where: str, texts: Mapping[str, Any], parse: Any, mistakes: list[str]) -> dict:
    parsed = {}
    for name, text in texts.items():
        try:
            parsed[name] = parse(name, text)
        except ProfileError as error:
            mistakes.append(f"{where}: {error}")
    return parsed


def _as_list(value: Any) -> Iterable[str]:
    return value if isinstance(value, list) else () if value is None else (value,)
