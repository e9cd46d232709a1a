"""Embedders as the configuration makes them, with random weights of the real architecture."""

from __future__ import annotations

from typing import Any

from scripts.runtime.build import build
from scripts.runtime.catalog import CONF
from scripts.runtime.check import Report, check_node
from scripts.runtime.compose import register_resolvers
from scripts.runtime.plugins import make_importable

NAMES = sorted(path.stem for path in (CONF / "embedder").glob("*.yaml"))

# What a configuration file leaves open, for the tests.
OPEN: dict[str, tuple[str, ...]] = {
    "hear_module": ("embedder.module=tests.eval.embedders.hear_stub",),
}


def configured(name: str, *overrides: str) -> Any:
    """The embedder of `embedder=NAME` with stand-in assets, checked as every run checks it."""
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    make_importable()
    register_resolvers()
    chosen = (f"+embedder={name}", "assets=stand_in", "device=cpu", *OPEN.get(name, ()))
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("config", [*chosen, *overrides])
    node: Any = OmegaConf.to_container(config.embedder, resolve=True)
    report = Report()
    check_node(node, ("embedder",), report)
    assert not report.problems
    return build(node)
