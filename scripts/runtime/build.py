"""Builds what a configuration names, with arguments of the annotated types.

What Hydra's `instantiate` does with a `_target_`, and one thing more: YAML knows no tuples and no
paths, so a list becomes a tuple and a string a `Path` where the constructor's annotation says so.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.runtime.annotations import (
    bare,
    elements,
    fits,
    hints_of,
    mapping_value,
    narrowest_first,
    path_class,
)
from scripts.runtime.check import KeyPath, dotted, locate
from scripts.runtime.errors import ConfigError

__all__ = ["build"]


def build(node: Mapping[str, Any], path: KeyPath = ()) -> Any:
    """The object that a node with a `_target_` describes, with everything nested in it.

    `_partial_: true` gives the target with its arguments bound, `_args_` are positional ones.

    Args:
        node: plain values, checked by `check_node`.
        path: where the node stands, for messages.

    Raises:
        ConfigError: the target refuses its arguments; the line opens with the node's path.
        LookupError: the target cannot be found.
    """
    target = locate(node["_target_"])
    hints = hints_of(target)
    settings = {
        key: _convert(value, hints.get(key, Any), (*path, key))
        for key, value in node.items()
        if key not in ("_target_", "_partial_", "_convert_", "_recursive_", "_args_")
    }
    positional = [_convert(value, Any, (*path, "_args_")) for value in node.get("_args_", ())]
    if node.get("_partial_", False):
        return functools.partial(target, *positional, **settings)
    try:
        return target(*positional, **settings)
    except (ValueError, TypeError) as error:
        said = " ".join(str(error).split())
        raise ConfigError([f"{dotted(path) or node['_target_']}: {said}"]) from error


def _convert(value: Any, annotation: Any, path: KeyPath) -> Any:
    """A plain value as the annotated type, as far as YAML could not say it."""
    if isinstance(value, Mapping) and "_target_" in value:
        return build(value, path)
    for arm in narrowest_first(annotation):
        if fits(value, arm) and (converted := _as(value, arm, path)) is not _NO:
            return converted
    return value


_NO = object()


def _as(value: Any, arm: Any, path: KeyPath) -> Any:
    """A value that fits an annotation as that annotation's type; `_NO` if its items do not fit."""
    made = path_class(arm)
    if made is not None:
        return made(value)
    if isinstance(value, Mapping):
        inner = mapping_value(arm)
        return {key: _convert(item, inner, (*path, key)) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        wanted = elements(arm, len(value))
        if wanted is None:
            return _NO
        items = [
            _convert(item, inner, (*path, index))
            for index, (item, inner) in enumerate(zip(value, wanted, strict=True))
        ]
        kind = bare(arm)
        return tuple(items) if (typing.get_origin(kind) or kind) is tuple else items
    return value
