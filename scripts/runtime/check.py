"""Checks a configuration against the constructors that it names, before anything is built.

Hydra lets a misspelt key in an experiment file pass. Here every node with a `_target_` is held
against the annotated signature of what it names: unknown arguments, missing ones and values of the
wrong type (through Optional, Literal, Sequence, mappings and nested targets) are reported with the
key's path. On the way the walk collects which values are input files (annotated as `Path`) and
which are outputs (annotated as `OutputPath`), for the run's hash.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from scripts.runtime.annotations import (
    describe,
    elements,
    fits,
    hints_of,
    is_path,
    mapping_value,
    narrowest_first,
    produces,
    union_arms,
)

__all__ = ["KeyPath", "OutputPath", "Report", "check_node", "check_value", "dotted", "locate"]

OutputPath = Annotated[Path, "output"]
"""The annotation of a path that a job writes: it does not enter the run's hash."""

KeyPath = tuple[str | int, ...]

_OF_HYDRA = {"_target_", "_partial_", "_convert_", "_recursive_", "_args_"}


@dataclass
class Report:
    """What a check found.

    Args:
        problems: one line each, opening with the key's path.
        inputs: the key paths whose values are files or folders that the job reads.
        outputs: the key paths whose values are files or folders that the job writes.
    """

    problems: list[str] = field(default_factory=list)
    inputs: list[KeyPath] = field(default_factory=list)
    outputs: list[KeyPath] = field(default_factory=list)

    def problem(self, path: KeyPath, text: str) -> None:
        """Notes a problem at a key."""
        self.problems.append(f"{dotted(path)}: {text}")

    def add(self, other: Report) -> None:
        """Takes over what another report found."""
        self.problems += other.problems
        self.inputs += other.inputs
        self.outputs += other.outputs


def check_node(node: Mapping[str, Any], path: KeyPath, report: Report) -> Any:
    """Checks one node with a `_target_` and everything below it.

    Returns:
        The class or function that the node names; None where it cannot be found.
    """
    name = node["_target_"]
    try:
        target = locate(name)
    except LookupError as error:
        report.problem((*path, "_target_"), str(error))
        return None
    signature = inspect.signature(target)
    hints = hints_of(target)
    parameters = {
        parameter.name: parameter
        for parameter in signature.parameters.values()
        if parameter.name != "self"
    }
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    named = {
        parameter.name
        for parameter in parameters.values()
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    for key, value in node.items():
        if key in _OF_HYDRA:
            continue
        if key in named:
            check_value(value, hints.get(key, Any), (*path, key), report)
        elif takes_any:
            check_value(value, Any, (*path, key), report)
        else:
            report.problem((*path, key), f"{name} has no argument {key!r}{_near(key, named)}")
    if not node.get("_partial_", False) and not node.get("_args_"):
        for key in sorted(named - node.keys()):
            if parameters[key].default is inspect.Parameter.empty:
                report.problem((*path, key), f"{name} needs it, and it is not given")
    return target


def check_value(value: Any, annotation: Any, path: KeyPath, report: Report) -> None:
    """Checks a value, and what is nested in it, against the annotation of its argument."""
    if isinstance(value, Mapping) and "_target_" in value:
        target = check_node(value, path, report)
        if target is None or value.get("_partial_", False):
            return
        if not any(produces(target, arm) for arm in union_arms(annotation)):
            report.problem(path, f"{value['_target_']} is not {describe(annotation)}")
        return
    arms = union_arms(annotation)
    if any("output" in getattr(arm, "__metadata__", ()) for arm in arms):
        report.outputs.append(path)  # whatever its value, null included
    best: Report | None = None
    for arm in narrowest_first(annotation):
        if fits(value, arm):
            attempt = Report()
            _check_inside(value, arm, path, attempt)
            if not attempt.problems:
                report.add(attempt)
                return
            best = best or attempt
    if best is not None:
        report.add(best)
    else:
        report.problem(path, f"{_shown(value)} is not {describe(annotation)}")


def _check_inside(value: Any, arm: Any, path: KeyPath, report: Report) -> None:
    """Checks what a value that fits an annotation holds; notes it where it is a path."""
    if is_path(arm):
        if "output" not in getattr(arm, "__metadata__", ()):
            report.inputs.append(path)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            check_value(item, mapping_value(arm), (*path, key), report)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        wanted = elements(arm, len(value))
        if wanted is None:
            report.problem(path, f"{len(value)} values are not {describe(arm)}")
            return
        for index, (item, annotation) in enumerate(zip(value, wanted, strict=True)):
            check_value(item, annotation, (*path, index), report)


def locate(name: Any) -> Any:
    """The class or function of a dotted name.

    Raises:
        LookupError: there is none, with what is there instead, in one line.
    """
    if not isinstance(name, str) or "." not in name:
        raise LookupError(f"{name!r} is not the dotted name of a class or function")
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        module_name = ".".join(parts[:length])
        try:
            found: Any = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is not None and not module_name.startswith(error.name):
                raise LookupError(
                    f"{name} needs the package {error.name!r}, which is not installed"
                ) from error
            continue
        except ImportError as error:
            reason = " ".join(str(error).split())
            raise LookupError(f"{name} cannot be imported: {reason}") from error
        for depth, attribute in enumerate(parts[length:], start=length):
            if not hasattr(found, attribute):
                near = _near(attribute, {n for n in dir(found) if n[0] != "_"})
                raise LookupError(f"{'.'.join(parts[:depth])} has no {attribute!r}{near}")
            found = getattr(found, attribute)
        if not callable(found):
            raise LookupError(f"{name} is a {type(found).__name__}, not a class or function")
        return found
    raise LookupError(f"there is no module {parts[0]!r} to find {name} in")


def dotted(path: KeyPath) -> str:
    """`("job", "layers", 2)` as `job.layers[2]`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}"
    return text.removeprefix(".")


def _near(key: str, known: set[str]) -> str:
    """What was probably meant, or what there is."""
    close = difflib.get_close_matches(key, sorted(known), n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    shown = sorted(name for name in known if name not in ("parent", "name"))
    return f"; it has {', '.join(shown[:12]) or 'none'}"


def _shown(value: Any) -> str:
    """A value as it would be written on the command line, shortened."""
    if value is None:
        return "null"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
