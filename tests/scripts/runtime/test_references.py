"""Which top-level keys an interpolation reads, against OmegaConf's own resolution."""

from __future__ import annotations

import pytest
from omegaconf import OmegaConf

from scripts.runtime.references import read_top_level_keys

CASES = {
    "absolute": ({"job": {"x": "${a}"}}, {"a"}),
    "below": ({"job": {"x": "${a.b.c}"}}, {"a"}),
    "in a text": ({"job": {"x": "from ${a} to ${b}"}}, {"a", "b"}),
    "indexed": ({"job": {"x": "${a[0]}"}}, {"a"}),
    "nested": ({"job": {"x": "${sizes.${scale}.n}"}}, {"sizes", "scale"}),
    "in a list": ({"job": [{"x": "${a}"}]}, {"a"}),
    "relative": ({"job": {"x": {"y": "${...a}"}}}, {"a"}),
    "relative, within itself": ({"job": {"x": {"y": "${..z}"}, "z": 1}}, set()),
    "itself": ({"job": {"x": "${job.y}", "y": 1}}, set()),
    "a resolver's argument": ({"job": {"x": "${name.of:a.b,${c}}"}}, {"c"}),
    "oc.select": ({"job": {"x": "${oc.select:a.b,${c}}"}}, {"a", "c"}),
    "spaces": ({"job": {"x": "${ a }"}}, {"a"}),
    "none": ({"job": {"x": "a"}}, set()),
}


@pytest.mark.parametrize(("config", "read"), CASES.values(), ids=CASES)
def test_read(config, read):
    assert read_top_level_keys(config) == read


@pytest.mark.parametrize("dots", ["", "..", "..."])
def test_relative_references_mean_what_omegaconf_means(dots):
    """A reference is to a top-level key exactly when OmegaConf finds that key's value."""
    config = {"a": 7, "job": {"x": {"y": f"${{{dots}a}}"}, "a": 8}}
    value = OmegaConf.create(config).job.x.y
    assert read_top_level_keys(config) == ({"a"} if value == 7 else set())
