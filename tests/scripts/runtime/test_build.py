"""Objects from plain values, with arguments of the annotated types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scripts.runtime.build import build
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import ConfigError

HERE = __name__


@dataclass(frozen=True)
class Settings:
    names: tuple[str, ...] = ()
    pair: tuple[float, tuple[int, ...]] | None = None
    many: list[int] = field(default_factory=list)
    any_of: Sequence[str] = ()
    by_name: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    source: Path | None = None
    sources: tuple[Path, ...] = ()
    page: OutputPath | None = None
    either: str | Path | None = None
    rate: float = 1.0
    inner: Settings | None = None
    free: Any = None

    def __post_init__(self) -> None:
        if self.rate < 0:
            raise ValueError(f"rate must not be negative,\n got {self.rate}")


def node(**settings: Any) -> dict[str, Any]:
    return {"_target_": f"{HERE}.Settings", **settings}


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"names": ["a", "b"]}, {"names": ("a", "b")}),
        ({"pair": [1, [2, 3]]}, {"pair": (1, (2, 3))}),
        ({"pair": None}, {"pair": None}),
        ({"many": [1, 2]}, {"many": [1, 2]}),
        ({"any_of": ["a"]}, {"any_of": ["a"]}),
        ({"by_name": {"x": [1]}}, {"by_name": {"x": (1,)}}),
        ({"source": "a.wav"}, {"source": Path("a.wav")}),
        ({"source": None}, {"source": None}),
        ({"sources": ["a", "b"]}, {"sources": (Path("a"), Path("b"))}),
        ({"page": "index.html"}, {"page": Path("index.html")}),
        ({"either": "a"}, {"either": Path("a")}),
        ({"rate": 2}, {"rate": 2}),
        ({"free": [1, {"a": [2]}]}, {"free": [1, {"a": [2]}]}),
    ],
    ids=str,
)
def test_values_take_the_annotated_type(given, made):
    built = build(node(**given))
    for name, value in made.items():
        assert getattr(built, name) == value
        assert type(getattr(built, name)) is type(value)


def test_nested_targets_are_built_and_the_result_is_hashable():
    built = build(node(inner=node(names=["a"], inner=node(sources=["b"]))))
    assert built.inner.names == ("a",)
    assert built.inner.inner.sources == (Path("b"),)
    hash(Settings(names=built.inner.names, many=(), by_name=None))  # type: ignore[arg-type]


def test_targets_in_lists_and_mappings_are_built():
    built = build(node(free=[node(), {"x": node(rate=3)}]))
    assert isinstance(built.free[0], Settings)
    assert built.free[1]["x"].rate == 3


def test_partial():
    made = build({**node(names=["a"]), "_partial_": True})
    assert made(rate=5).rate == 5
    assert made().names == ("a",)


def test_positional_arguments():
    assert build({"_target_": "pathlib.PurePosixPath", "_args_": ["a", "b"]}).parts == ("a", "b")


def test_a_refusal_is_one_line_with_the_path():
    with pytest.raises(ConfigError) as caught:
        build(node(inner=node(rate=-1)), ("job",))
    assert caught.value.problems == ("job.inner: rate must not be negative, got -1",)
