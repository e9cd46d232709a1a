"""Which keys of a configuration are read by others, from the `${...}` in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.runtime.check import KeyPath

__all__ = ["read_top_level_keys", "strings"]

_REFERENCE = re.compile(r"\$\{\s*(\.*)\s*([A-Za-z_][\w-]*)((?:\.[\w-]+)*)\s*(:?)\s*(\w*)")


def read_top_level_keys(config: Mapping[str, Any]) -> set[str]:
    """The top-level keys that some `${...}` elsewhere in the configuration reads.

    Args:
        config: the composed configuration as plain values, interpolations not resolved.
    """
    found: set[str] = set()
    for path, text in strings(config):
        for dots, name, rest, colon, argument in _REFERENCE.findall(text):
            if colon:  # a resolver; oc.select reads the key that is its first argument
                top = argument if name + rest == "oc.select" else None
            else:
                base = path[: len(path) - len(dots)] if dots else ()
                top = base[0] if base else name
            if top and top != path[0]:
                found.add(str(top))
    return found


def strings(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Every string in a nest, with its key path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from strings(item, (*path, key))
    elif isinstance(value, Sequence):
        for index, item in enumerate(value):
            yield from strings(item, (*path, index))
