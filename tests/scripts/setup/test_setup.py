"""The pins fit what pyproject asks for, and the set-up does what is needed and no more."""

import importlib
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
SETUP = ROOT / "scripts" / "setup"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ALWAYS_THERE = (
    *("hydra-core", "omegaconf", "wandb", "pytest", "jax", "flax", "evosax", "ax-platform"),
    *("torch", "torch-audiomentations", "laion-clap", "essentia", "heareval"),
)


def requirements(file: str) -> dict[str, Requirement]:
    lines = [line.split("#")[0].strip() for line in (SETUP / file).read_text().splitlines()]
    parsed = [Requirement(line) for line in lines if line]
    assert len({canonicalize_name(each.name) for each in parsed}) == len(parsed), "a name twice"
    return {canonicalize_name(each.name): each for each in parsed}


def version(pin: Requirement) -> str:
    (specifier,) = pin.specifier
    assert specifier.operator == "==", f"{pin} is no exact pin"
    assert "*" not in specifier.version
    return specifier.version


PINS = {name: version(pin) for name, pin in requirements("constraints.txt").items()}
ASKED = [
    Requirement(line)
    for lines in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for line in lines
    if not line.startswith(PROJECT["name"])
]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_pin_satisfies_the_lower_bound(asked):
    assert [each.operator for each in asked.specifier] == [">="]
    pinned = PINS[canonicalize_name(asked.name)]
    assert asked.specifier.contains(pinned, prereleases=True)


@pytest.mark.parametrize("file", ["requirements-nodeps.txt", "requirements-peers.txt"])
def test_packages_without_their_own_pins_have_ours(file):
    for name, pin in requirements(file).items():
        assert PINS[name] == version(pin)


@pytest.mark.parametrize("name", ALWAYS_THERE)
def test_set_up_installs(name):
    installed = {canonicalize_name(asked.name) for asked in ASKED}
    assert name in installed | requirements("requirements-nodeps.txt").keys()


def test_torchvision_is_not_installed():
    assert "torchvision" not in PINS


def test_synthesizer_alone_needs_few_packages():
    names = {Requirement(line).name for line in PROJECT["dependencies"]}
    assert names == {"jax", "flax", "jaxtyping", "numpy", "pyyaml", "soundfile"}


def test_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    targets = " ".join(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)).split()
    printed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = re.findall(r"^  make (\S+) +\S", printed.stdout, re.MULTILINE)
    assert set(listed) == {*targets, "weights-%"}  # what make calls a pattern cannot be phony
    assert set(listed) == set(re.findall(r"^([a-z0-9%-]+):(?!=)", makefile, re.MULTILINE))


def test_old_python_is_refused(tmp_path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    command = ["sh", SETUP / "setup.sh", "--python", old]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "3.11" in done.stderr
    assert str(old) in done.stderr


class SetUp:
    """install.py on a folder of its own, with the slow steps replaced by notes of what was done."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        self.module = importlib.import_module("scripts.setup.install")
        self.patch, self.done, self.failure = monkeypatch, [], None
        self.venv = tmp_path / ".venv"
        self.pins = tmp_path / "constraints.txt"
        self.pins.write_text("torch==2.0\ntorchaudio==2.0\n")
        names = {"VENV": "", "RECORD": "setup.json", "UNFINISHED": "setup.unfinished"}
        for name, file in {**names, "LOG": "setup.log"}.items():
            monkeypatch.setattr(self.module, name, self.venv / file if file else self.venv)
        monkeypatch.setattr(self.module, "CONSTRAINTS", self.pins)
        monkeypatch.setattr(self.module.venv, "create", self.create)
        monkeypatch.setattr(self.module, "pip", self.pip)
        monkeypatch.setattr(self.module, "drop_unusable_torchaudio_libraries", lambda: None)

    def create(self, folder: Path, with_pip: bool) -> None:
        self.done.append("create")
        assert (folder / "setup.unfinished").exists()
        (folder / "bin").mkdir()
        (folder / "bin" / "python").touch()
        (folder / "setup.log").write_text("what pip said\n")

    def pip(self, command: str, *arguments: object) -> None:
        assert (self.venv / "setup.unfinished").exists()
        if self.failure is not None:
            raise self.failure
        self.done.append(" ".join(str(each) for each in arguments if not str(each).startswith("-")))

    def run(self, *arguments: str) -> list[str]:
        """The steps that were taken."""
        self.patch.setattr("sys.argv", ["install.py", *arguments])
        self.done.clear()
        assert self.module.main() == 0
        return list(self.done)


@pytest.fixture
def setup(tmp_path, monkeypatch):
    return SetUp(tmp_path, monkeypatch)


def test_torch_comes_before_what_names_it(setup):
    steps = setup.run()
    assert steps[:5] == [
        "create",
        "pip setuptools wheel",
        "torch==2.0",
        "torchaudio==2.0",
        ".[dev]",
    ]


def test_nothing_changed_does_nothing(setup):
    setup.run()
    assert setup.run() == []
    assert setup.run("--accelerator", "cpu") == []


def test_other_pins_install_again_in_the_same_place(setup):
    setup.run()
    setup.pins.write_text("torch==2.1\ntorchaudio==2.1\n")
    steps = setup.run()
    assert "create" not in steps
    assert "torch==2.1" in steps


def test_killed_set_up_starts_anew(setup):
    setup.failure = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        setup.run()
    setup.failure = None
    assert setup.run()[0] == "create"
    assert setup.run() == []


def test_failing_pip_is_reported_and_tried_again(setup):
    setup.failure = subprocess.CalledProcessError(1, ["python", "-m", "pip"])
    with pytest.raises(SystemExit, match="what pip said"):
        setup.run()
    setup.failure = None
    steps = setup.run()
    assert "create" not in steps
    assert ".[dev]" in steps


def test_accelerator_is_remembered_and_a_new_one_starts_anew(setup):
    assert ".[dev,cuda12]" in setup.run("--accelerator", "cuda12")
    assert setup.run() == []
    assert setup.run("--accelerator", "cuda13")[0] == "create"
    recorded = json.loads((setup.venv / "setup.json").read_text())
    assert recorded["accelerator"] == "cuda13"


def test_other_index_of_torch_starts_anew(setup):
    setup.run()
    steps = setup.run("--torch-index", "index")
    assert steps[0] == "create"
    assert "index torch==2.0" in steps


def test_peers_are_added_once_and_kept(setup):
    setup.run()
    (step,) = setup.run("--peers")
    assert step.endswith("requirements-peers.txt")
    assert setup.run("--peers") == []
    assert setup.run() == []
    assert len(setup.run("--accelerator", "cuda12")) > 2
    assert setup.done[-1].endswith("requirements-peers.txt")


def test_moved_checkout_starts_anew(setup):
    setup.run()
    record = setup.venv / "setup.json"
    record.write_text(record.read_text().replace(str(setup.venv), "/somewhere/else"))
    assert setup.run()[0] == "create"


def test_choice_outlives_a_failure(setup):
    setup.failure = subprocess.CalledProcessError(1, ["python", "-m", "pip"])
    with pytest.raises(SystemExit):
        setup.run("--accelerator", "cuda13")
    setup.failure = None
    assert ".[dev,cuda13]" in setup.run()


def test_environment_made_by_hand_is_kept(setup):
    (setup.venv / "bin").mkdir(parents=True)
    (setup.venv / "bin" / "python").touch()
    steps = setup.run()
    assert "create" not in steps
    assert ".[dev]" in steps
    assert setup.run() == []
