"""Where the configuration tree is, and which experiments it has."""

from __future__ import annotations

from pathlib import Path

from scripts.runtime.errors import ROOT

__all__ = ["CONF", "experiments"]

CONF = ROOT / "conf"


def experiments(conf: Path = CONF) -> list[str]:
    """The names of all experiments, such as `ctag/demo`, sorted."""
    root = conf / "experiment"
    return sorted(
        path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.yaml")
    )
