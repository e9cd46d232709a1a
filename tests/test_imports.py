"""Which way imports point, read from the source by grimp and tried in fresh interpreters."""

import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = tuple(SETTINGS["tool"]["importlinter"]["root_packages"])
MAY_IMPORT = {
    "synth": set(),
    "eval": set(),
    "ctag": {"synth", "eval"},
    "doppel": {"synth", "eval"},
    "scripts": {"synth", "eval", "ctag", "doppel"},
}
HEAVY = ("torch", "hydra", "omegaconf", "wandb", "transformers", "librosa", "matplotlib", "evosax")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True)


def package(module: str) -> str:
    return module.split(".")[0]


def test_every_package_is_checked():
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert found == set(PACKAGES), "list it under [tool.importlinter] root_packages"
    assert found <= set(MAY_IMPORT)
    patterns = SETTINGS["tool"]["setuptools"]["packages"]["find"]["include"]
    assert {f"{name}*" for name in found} <= set(patterns)


@pytest.mark.parametrize("name", PACKAGES)
def test_imports_point_one_way(graph, name):
    for module in graph.find_descendants(name) | {name}:
        ours = {package(used) for used in graph.find_modules_directly_imported_by(module)}
        wrong = ours & set(MAY_IMPORT) - MAY_IMPORT[name] - {name}
        assert not wrong, f"{module} imports {sorted(wrong)}"


def test_nothing_imports_the_tests(graph):
    assert "tests" not in graph.modules


def test_harness_stands_alone(graph):
    harness = graph.find_descendants("eval.harness") | {"eval.harness"}
    for module in harness:
        ours = {
            used
            for used in graph.find_modules_directly_imported_by(module)
            if package(used) in MAY_IMPORT
        }
        assert ours <= harness, f"{module} imports {sorted(ours - harness)}"


def test_one_file_imports_the_agpl_library(graph):
    """essentia is AGPL: one file at most stands between it and the rest."""
    if "essentia" in graph.modules:
        assert len(graph.find_modules_that_directly_import("essentia")) == 1


def loaded_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after a statement."""
    script = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("statement", ["import synth", "from synth.synth import Voice"])
def test_synthesizer_is_light(statement):
    assert loaded_after(statement).isdisjoint({*HEAVY, "eval", "ctag", "scripts"})


@pytest.mark.parametrize("name", ["ctag", "eval"])
def test_libraries_know_no_runner(name):
    assert loaded_after(f"import {name}").isdisjoint({"hydra", "omegaconf", "wandb", "scripts"})
