"""Every task of conf/task: checked against what it names, built, and loaded as a stand-in."""

from __future__ import annotations

import os

import pytest
from omegaconf import OmegaConf

from eval.tasks.base import TaskSource
from scripts.runtime.build import build
from scripts.runtime.catalog import CONF
from scripts.runtime.check import Report, check_node
from scripts.runtime.identity import run_hash

PUBLISHED = [
    path.stem
    for path in sorted((CONF / "task").glob("*.yaml"))
    if "hear.HearTask" in path.read_text()
]
FOLDERS = [
    path.stem
    for path in sorted((CONF / "task").glob("*.yaml"))
    if "labelled_folder.LabelledFolder" in path.read_text()
]


@pytest.fixture
def plain(tmp_path, monkeypatch):
    """The resolved settings of a task, as they stand in a job."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def resolved(name: str, assets: str = "stand_in", **settings) -> dict:
        paths = {key: str(tmp_path / key) for key in ("data", "cache", "realdata")}
        task = OmegaConf.merge(OmegaConf.load(CONF / "task" / f"{name}.yaml"), settings)
        whole = OmegaConf.create({"paths": paths, "assets": assets, "job": {"task": task}})
        made = OmegaConf.to_container(whole, resolve=True)
        assert isinstance(made, dict)
        return made

    return resolved


def checked(whole: dict) -> Report:
    report = Report()
    check_node(whole["job"]["task"], ("job", "task"), report)
    assert not report.problems
    return report


@pytest.mark.parametrize("name", [*PUBLISHED, *FOLDERS])
def test_a_task_is_built_and_works_without_data(plain, name):
    whole = plain(name, folder="my/clips") if name == "folder" else plain(name)
    checked(whole)
    source = build(whole["job"]["task"])
    assert isinstance(source, TaskSource)
    task = source.load()
    assert task.name == ("clips" if name == "folder" else name)
    assert len(task.sounds) >= 18


@pytest.mark.parametrize("name", PUBLISHED)
def test_missing_data_are_one_line_with_the_command(plain, name):
    task = plain(name, assets="published")["job"]["task"]
    with pytest.raises(FileNotFoundError, match=f"give `{task['command']}`"):
        build(task).load()
    target = task["command"].removeprefix("make ")
    assert f"\n{target}: setup ##" in (CONF.parent / "Makefile").read_text()


def test_the_checksums_name_the_run_and_not_the_folder(plain, tmp_path):
    """Moving the data changes no hash, other data do; gigabytes of audio are not read for it."""

    def hashed(data: str, contents: str) -> str:
        (tmp_path / data).mkdir(exist_ok=True)
        (tmp_path / data / "checksums.txt").write_text(contents)
        folder = str(tmp_path / data)
        whole = plain("us8k", "published", folder=folder, checksums=f"{folder}/checksums.txt")
        return run_hash("x", whole["job"], checked(whole), 0, "small", "published")

    assert hashed("a", "abc 1 x\n") == hashed("b", "abc 1 x\n") != hashed("c", "def 1 x\n")
