"""A small table over the tests' counting experiment, and runs of it, for tests of tables."""

from __future__ import annotations

from pathlib import Path

import yaml

from scripts.runtime.compose import plan_of
from tests.conftest import TEST_CONF
from tests.scripts.test_results import make

TABLE = {
    "title": "What was counted",
    "number": "thesis Table 99",
    "text": "Sums of random numbers.",
    "experiment": "test/count",
    "metric": "total",
    "seeds": [0],
    "reference": {"file": "doppel_fad.csv", "number": "thesis Table 11"},
    "rows": [
        {
            "key": "plain",
            "title": "Plain|one",
            "overrides": ["job.kind=plain"],
            "reference": {"dataset": "Voice"},
        },
        {"key": "fancy", "overrides": ["job.kind=fancy"], "reference": {"dataset": "VoiceFM"}},
        {
            "key": "theirs",
            "group": "external",
            "overrides": None,
            "reference": {"dataset": "VGGSound"},
        },
        {"key": "later", "group": "external", "waits_for": "no such training yet"},
    ],
    "columns": [
        {"key": "few", "title": "2 steps", "overrides": ["job.steps=2"], "reference": "esc50"},
        {"key": "many", "title": "3 steps", "overrides": ["job.steps=3"]},
    ],
}


def define(folder: Path, name: str = "count-table1", **changes: object) -> Path:
    """Writes a definition and gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({**TABLE, **changes}))
    return folder


def ran(outputs: Path, metrics: dict[str, float | None], *overrides: str, **stamps: object) -> Path:
    """The folder that a run would have left, with metrics of the test's choice."""
    where = f"paths.outputs='{outputs}'"
    plan = plan_of("test/count", where, *overrides, also=[TEST_CONF])
    told = {"seed": plan.config["seed"], "scale": plan.config["scale"], **stamps}
    return make(outputs, plan.hash, plan.job, metrics, experiment="test/count", **told)
