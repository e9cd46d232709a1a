"""What a type annotation allows of a configuration's plain values."""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import inspect
import os
import pathlib
import sys
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union

__all__ = [
    "bare",
    "describe",
    "elements",
    "fits",
    "hints_of",
    "is_path",
    "mapping_value",
    "narrowest_first",
    "path_class",
    "produces",
    "union_arms",
]

_SEQUENCES = (
    list,
    tuple,
    collections.abc.Sequence,
    collections.abc.Collection,
    collections.abc.Iterable,
)
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
_PLAIN = (bool, int, float, str, type(None))


def hints_of(target: Any) -> dict[str, Any]:
    """The annotations of a class's constructor or a function's arguments, evaluated.

    An annotation that cannot be evaluated here (a name imported for type checkers only) is left
    out, which means that its argument may be anything.
    """
    owners: list[tuple[dict[str, Any], dict[str, Any]]] = []
    if inspect.isclass(target):
        generated = dataclasses.is_dataclass(target)
        for base in reversed(target.__mro__):
            if base is object:
                continue
            space = vars(sys.modules.get(base.__module__, typing))
            if generated:
                owners.append((inspect.get_annotations(base), space))
        if not generated or "__init__" in vars(target):
            init = inspect.unwrap(target.__init__)
            owners.append((getattr(init, "__annotations__", {}), getattr(init, "__globals__", {})))
    else:
        function = inspect.unwrap(target)
        owners.append(
            (getattr(function, "__annotations__", {}), getattr(function, "__globals__", {}))
        )
    hints: dict[str, Any] = {}
    for owned, space in owners:
        for name, annotation in owned.items():
            value = _evaluate(annotation, space)
            if value is not None:
                hints[name] = value
            elif name not in hints or isinstance(annotation, str):
                hints[name] = Any
    return hints


def _evaluate(annotation: Any, space: dict[str, Any]) -> Any:
    """An annotation as an object; None where it cannot be evaluated."""
    if annotation is None:
        return type(None)
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, dict(space))
    except Exception:
        return None


def union_arms(annotation: Any) -> tuple[Any, ...]:
    """The alternatives of a union, flat; otherwise the annotation alone."""
    if isinstance(annotation, typing.NewType):
        annotation = annotation.__supertype__
    if isinstance(annotation, typing.TypeVar):
        annotation = annotation.__bound__ or Any
    if typing.get_origin(annotation) in (Union, types.UnionType):
        arms: list[Any] = []
        for arm in typing.get_args(annotation):
            arms += union_arms(arm)
        return tuple(arms)
    return (type(None),) if annotation is None else (annotation,)


def narrowest_first(annotation: Any) -> list[Any]:
    """The alternatives of a union, those first that say most: fixed values, then paths.

    So `tuned=paper` is the word where `Literal["paper"] | Path` is asked for, and `tuned=my.yaml`
    a file.
    """
    return sorted(union_arms(annotation), key=lambda arm: (not _is_literal(arm), not is_path(arm)))


def _is_literal(annotation: Any) -> bool:
    return typing.get_origin(bare(annotation)) is Literal


def is_path(annotation: Any) -> bool:
    """Whether an argument so annotated is a path in the file system."""
    return path_class(annotation) is not None


def path_class(annotation: Any) -> type[pathlib.PurePath] | None:
    """The class of paths that an annotation asks for; None where it asks for none."""
    kind = bare(annotation)
    kind = typing.get_origin(kind) or kind
    if kind is os.PathLike:
        return pathlib.Path
    if inspect.isclass(kind) and issubclass(kind, pathlib.PurePath):
        return kind
    return None


def fits(value: Any, annotation: Any) -> bool:
    """Whether a plain value (no target) is of the annotated kind, without looking inside it."""
    annotation = bare(annotation)
    origin = typing.get_origin(annotation)
    if origin is Literal:
        return any(
            value == item and type(value) is type(item) for item in typing.get_args(annotation)
        )
    kind = origin or annotation
    if kind in (Any, object) or not inspect.isclass(kind) or _is_array(kind):
        return True  # Any, a type variable, an array shape: nothing can be said
    if is_path(annotation):
        return isinstance(value, str)
    if kind in (bool, str, type(None)):
        return isinstance(value, kind)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is float or kind is complex:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in _SEQUENCES:
        return isinstance(value, Sequence) and not isinstance(value, str)
    if kind in _MAPPINGS:
        return isinstance(value, Mapping)
    return False  # a class of its own: only a target can make it


def elements(annotation: Any, length: int) -> list[Any] | None:
    """The annotations of a sequence's items; None where the number of items is wrong."""
    annotation = bare(annotation)
    arguments = typing.get_args(annotation)
    if not arguments:
        return [Any] * length
    if typing.get_origin(annotation) is tuple and arguments[-1] is not Ellipsis:
        return list(arguments) if len(arguments) == length else None
    return [arguments[0]] * length


def mapping_value(annotation: Any) -> Any:
    """The annotation of a mapping's values."""
    arguments = typing.get_args(bare(annotation))
    return arguments[1] if len(arguments) == 2 else Any


def produces(target: Any, annotation: Any) -> bool:
    """Whether calling a class or function gives what an argument asks for, as far as is known."""
    made = (
        target
        if inspect.isclass(target)
        else _evaluate(
            getattr(target, "__annotations__", {}).get("return", "?"),
            getattr(target, "__globals__", {}),
        )
    )
    made = typing.get_origin(made) or made
    annotation = bare(annotation)
    wanted = typing.get_origin(annotation) or annotation
    if made is Any or wanted in (Any, object):
        return True
    if not inspect.isclass(made) or not inspect.isclass(wanted) or _is_array(wanted):
        return wanted is not Literal
    if wanted is collections.abc.Callable:
        return hasattr(made, "__call__")  # noqa: B004 - of the class's instances
    if typing.is_typeddict(wanted):
        return issubclass(made, dict)
    if getattr(wanted, "_is_protocol", False):
        return all(_has(made, member) for member in _members(wanted))
    return issubclass(made, wanted)


def _members(protocol: type) -> set[str]:
    """The names that a protocol asks for."""
    members: set[str] = set()
    for base in protocol.__mro__:
        if getattr(base, "_is_protocol", False) and base is not typing.Protocol:
            members |= set(vars(base)) | set(inspect.get_annotations(base))
    own = {name for name in members if not name.startswith("_")}
    return own | ({"__call__"} & members)


def _has(made: type, member: str) -> bool:
    """Whether instances of a class have an attribute, by class, annotation or slot."""
    return (
        hasattr(made, member)
        or any(member in inspect.get_annotations(base) for base in made.__mro__)
        or _assigns(made, member)
    )


def _assigns(made: type, member: str) -> bool:
    """Whether the constructor assigns `self.member`, read off its compiled code."""
    code = getattr(inspect.unwrap(made.__init__), "__code__", None)
    return code is not None and member in code.co_names


def describe(annotation: Any) -> str:
    """An annotation in words, for an error message."""
    arms = union_arms(annotation)
    return " or ".join(dict.fromkeys(_describe_arm(arm) for arm in arms))


def _describe_arm(arm: Any) -> str:
    arm = bare(arm)
    origin, arguments = typing.get_origin(arm), typing.get_args(arm)
    if origin is Literal:
        return "one of " + ", ".join(repr(item) for item in arguments)
    if arm is type(None):
        return "null"
    if arm is float:
        return "a number"
    names = {int: "a whole number", bool: "true or false", str: "a string"}
    if arm in _PLAIN:
        return names[arm]
    if is_path(arm):
        return "a path"
    kind = origin or arm
    if kind is tuple and arguments and arguments[-1] is not Ellipsis:
        return f"a list of {len(arguments)}: " + ", ".join(describe(item) for item in arguments)
    if kind in _SEQUENCES:
        return "a list" + (f" of ({describe(arguments[0])})" if arguments else "")
    if kind in _MAPPINGS:
        return "a mapping"
    if inspect.isclass(kind):
        made = "" if issubclass(kind, enum.Enum) else " (a node with a _target_)"
        return f"a {kind.__module__}.{kind.__qualname__}{made}"
    return str(arm)


def bare(annotation: Any) -> Any:
    """An annotation without `Annotated`, `Final` and the like around it."""
    while typing.get_origin(annotation) in (Annotated, typing.Final, typing.ClassVar):
        annotation = typing.get_args(annotation)[0]
    if isinstance(annotation, dataclasses.InitVar):
        annotation = annotation.type
    return annotation


def _is_array(kind: type) -> bool:
    """Whether an annotation is an array, whose values no configuration writes."""
    return "jaxtyping" in f"{kind.__module__}{type(kind).__module__}" or kind.__name__ in (
        "ndarray",
        "Array",
        "Tensor",
    )
