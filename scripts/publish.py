"""Copies finished runs to outputs/published/, which git tracks, so that results outlive a machine.

`python -m scripts.publish ctag/demo` publishes every finished run of an experiment, one with a hash
(`ctag/demo/3f2a...`) that one alone. Configuration, results, environment and small tables are
copied; sounds, checkpoints and logs are not. Runs at scale=smoke and runs with stand-ins are passed
over, with a line each: they are not results.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from scripts.runtime import folders
from scripts.runtime.errors import UserError, in_one_line

__all__ = ["main", "publish"]

_ALWAYS = (folders.CONFIG, folders.RESULTS, folders.ENVIRONMENT)
_TABLES = (".csv", ".json", ".md", ".tsv", ".yaml")
_NOT_TABLES = ("checkpoints", "wandb")


class NoResultError(UserError):
    """A run that was made to try something out, at scale=smoke or with stand-ins."""


def publish(run: folders.RunFolder, experiment: str, published: Path, limit_kb: int) -> Path:
    """Copies one finished run, whole or not at all; one that was published before is replaced.

    Args:
        run: the run folder.
        experiment: its experiment's name.
        published: `outputs/published/runs`.
        limit_kb: the largest table that is copied, in kB.

    Returns:
        Where the copy is.

    Raises:
        NoResultError: the run is not one to publish.
        UserError: it has not ended.
    """
    if not run.is_finished:
        raise UserError(f"{run.path} has not ended: run its command again, then publish")
    if run.results["assets"] != "published":
        raise NoResultError(f"{run.path} was made with stand-ins: run it with assets=published")
    if run.results["scale"] == "smoke":
        raise NoResultError(f"{run.path} was made at scale=smoke: run it at small or paper")
    target = published / experiment / run.path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as made:
        copy = Path(made) / run.path.name
        for source in _chosen(run.path, limit_kb):
            place = copy / source.relative_to(run.path)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)
        if target.exists():
            os.rename(target, Path(made) / "before")
        os.rename(copy, target)
    return target


def _chosen(folder: Path, limit_kb: int) -> list[Path]:
    """The files of a run folder that are published."""
    chosen = [folder / name for name in _ALWAYS if (folder / name).is_file()]
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        is_table = path.suffix in _TABLES and inside[0] not in _NOT_TABLES
        if path.is_file() and is_table and path not in chosen:
            if path.stat().st_size <= 1000 * limit_kb:
                chosen.append(path)
            else:
                print(f"left out, larger than {limit_kb} kB: {path}", file=sys.stderr)
    return chosen


def main(arguments: list[str] | None = None) -> int:
    """Publishes what the command line names.

    Returns:
        The exit status: 0 where something was published of every name, and nothing failed.
    """
    parser = argparse.ArgumentParser(prog="python -m scripts.publish", description=__doc__)
    parser.add_argument("names", nargs="+", help="experiment, or experiment/hash")
    parser.add_argument("--outputs", type=Path, default=Path("outputs"))
    parser.add_argument("--limit-kb", type=int, default=500, help="the largest table copied")
    given = parser.parse_args(arguments)
    runs, published = given.outputs / "runs", given.outputs / "published" / "runs"
    status = 0
    for name in given.names:
        folder = runs / name
        if (folder / folders.CONFIG).is_file():
            experiment, found = str(Path(name).parent), [folders.RunFolder(folder)]
        else:
            experiment, found = name, list(folders.walk(name, runs))
        copies = 0
        for run in found:
            try:
                print(publish(run, experiment, published, given.limit_kb))
                copies += 1
            except NoResultError as error:
                print(f"passed over: {in_one_line(error)}", file=sys.stderr)
            except (UserError, OSError) as error:
                print(f"error: {in_one_line(error)}", file=sys.stderr)
                status = 1
        if copies == 0:
            what = "to publish " if found else ""
            print(f"error: no finished run of {name} {what}in {runs}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    raise SystemExit(main())
