"""Configurations held against annotated signatures."""

from __future__ import annotations

import abc
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Protocol, Union

import numpy as np
import pytest
from jaxtyping import Float

from scripts.runtime.check import OutputPath, Report, check_node, check_value, dotted, locate

HERE = __name__


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self) -> float: ...


@dataclass
class Square(Shape):
    side: float

    def area(self) -> float:
        return self.side**2


class Sized(Protocol):
    size: int

    def grow(self) -> None: ...


class Growing:
    def __init__(self, size: int = 1) -> None:
        self.size = size

    def grow(self) -> None:
        self.size += 1


class Shrinking:
    def __init__(self, size: int = 1) -> None:
        self.size = size


def make_square(side: float) -> Square:
    return Square(side)


def make_number() -> float:
    return 1.0


@dataclass
class Base:
    first: int


@dataclass
class Derived(Base):
    second: str = "x"
    many: list[str] = field(default_factory=list)


def node(target: str, **settings: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.{target}", **settings}


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (1, int),
        (1, float),
        (1.5, float),
        (True, bool),
        ("x", str),
        (None, None),
        (None, Optional[int]),  # noqa: UP045 - the old spellings too
        (1, Union[int, str]),  # noqa: UP007
        ("x", int | str),
        ("a", Literal["a", "b"]),
        (None, Literal["a"] | None),
        ([1, 2], Sequence[int]),
        ([1, 2.5], list[float]),
        ([], tuple[int, ...]),
        ([1, "x"], tuple[int, str]),
        ([[1], [2]], Sequence[Sequence[int]]),
        ({"a": 1}, Mapping[str, int]),
        ({"a": {"b": [1]}}, dict[str, dict[str, list[int]]]),
        ("x", Path),
        ("x", str | Path),
        ("x", OutputPath),
        (1, Annotated[int, "of something"]),
        (node("Square", side=2), Shape),
        (node("make_square", side=2), Shape),
        (node("Growing"), Sized),
        ([node("Square", side=2)], Sequence[Shape]),
        ({"a": node("Square", side=2)}, Mapping[str, Shape]),
        (node("Square", _partial_=True), Callable[[float], Shape]),
        (node("make_number"), float),
        ([1.0], Float[np.ndarray, " n"]),
        ("anything", Any),
        ("anything", object),
    ],
    ids=str,
)
def test_fits(value, annotation):
    report = Report()
    check_value(value, annotation, ("key",), report)
    assert report.problems == []


@pytest.mark.parametrize(
    ("value", "annotation", "problem"),
    [
        (True, int, "key: True is not a whole number"),
        (1, bool, "key: 1 is not true or false"),
        (1.0, int, "key: 1.0 is not a whole number"),
        ("1", float, "key: '1' is not a number"),
        (1, str, "key: 1 is not a string"),
        (None, int, "key: null is not a whole number"),
        ("c", Literal["a", "b"], "key: 'c' is not one of 'a', 'b'"),
        (1, Literal[True], "key: 1 is not one of True"),
        ("x", int | None, "key: 'x' is not a whole number or null"),
        ("abc", Sequence[str], "key: 'abc' is not a list of (a string)"),
        ([1, "x"], Sequence[int], "key[1]: 'x' is not a whole number"),
        ([1], tuple[int, int], "key: 1 values are not a list of 2: a whole number, a whole number"),
        ({"a": "x"}, Mapping[str, int], "key.a: 'x' is not a whole number"),
        ([[1], ["x"]], Sequence[Sequence[int]], "key[1][0]: 'x' is not a whole number"),
        (3, Path, "key: 3 is not a path"),
        (node("Growing"), Shape, f"key: {HERE}.Growing is not a {HERE}.Shape (a node with a _tar"),
        (node("Shrinking"), Sized, f"key: {HERE}.Shrinking is not a {HERE}.Sized (a node with a"),
        (node("make_number"), Shape, f"key: {HERE}.make_number is not a {HERE}.Shape (a node with"),
        ([node("Square")], Sequence[Shape], f"key[0].side: {HERE}.Square needs it, and it is not"),
        (node("Square", sde=1), Any, f"key.sde: {HERE}.Square has no argument 'sde'; did you mean"),
    ],
    ids=str,
)
def test_does_not_fit(value, annotation, problem):
    report = Report()
    check_value(value, annotation, ("key",), report)
    assert report.problems[0].startswith(problem)


def test_inherited_fields_and_defaults():
    report = Report()
    check_node(node("Derived", first=1, many=["a"]), (), report)
    assert report.problems == []
    check_node(node("Derived", second=2, many="a"), (), report)
    assert report.problems == [
        "second: 2 is not a string",
        "many: 'a' is not a list of (a string)",
        f"first: {HERE}.Derived needs it, and it is not given",
    ]


def test_arguments_without_annotations_may_be_anything_but_not_named_anything():
    report = Report()
    target = "tests.scripts.counting.not_annotated"
    check_node({"_target_": target, "first": [1, "x"], "third": 3}, (), report)
    assert report.problems == [f"third: {target} has no argument 'third'; it has first, second"]


def test_a_flax_module_is_checked_by_its_fields():
    report = Report()
    dense = {"_target_": "flax.linen.Dense", "features": "many", "use_bais": False}
    check_node(dense, ("net",), report)
    assert report.problems == [
        "net.features: 'many' is not a whole number",
        "net.use_bais: flax.linen.Dense has no argument 'use_bais'; did you mean 'use_bias'?",
    ]


def test_paths_are_noted():
    @dataclass
    class Reads:
        one: Path
        many: Sequence[Path]
        page: OutputPath | None = None

    report = Report()
    check_value("x", Path | None, ("job", "one"), report)
    check_value(["y", "z"], Sequence[Path], ("job", "many"), report)
    check_value(None, OutputPath | None, ("job", "page"), report)
    check_value("w", OutputPath | None, ("job", "other"), report)
    assert report.inputs == [("job", "one"), ("job", "many", 0), ("job", "many", 1)]
    assert report.outputs == [("job", "page"), ("job", "other")]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nodots", "not the dotted name"),
        (3, "not the dotted name"),
        ("nowhere.Thing", "there is no module 'nowhere'"),
        ("pathlib.Paht", "pathlib has no 'Paht'; did you mean 'Path'?"),
        ("pathlib.os", "is a module, not a class or function"),
        ("os.path.sep", "is a str, not a class or function"),
    ],
)
def test_what_cannot_be_located_is_said(name, said):
    with pytest.raises(LookupError, match=re.escape(said)):
        locate(name)


def test_located():
    assert locate("pathlib.Path") is Path
    assert locate("pathlib.Path.cwd") == Path.cwd


def test_dotted():
    assert dotted(("job", "layers", 2, "size")) == "job.layers[2].size"
