"""Where a strategy's hyperparameters come from: the paper, evosax, or a tuning of our own."""

from pathlib import Path
from typing import Any, Literal

from ctag.strategies.base import Strategy
from ctag.strategies.by_name import Evosax
from ctag.strategies.published import RandomSampling
from ctag.strategies.registry import PUBLISHED
from ctag.strategies.untuned import untuned
from eval.harness.files import read_yaml
from scripts.runtime.build import build
from scripts.runtime.check import Report, check_node
from scripts.runtime.errors import UserError

__all__ = ["name_of", "read_strategy", "tuned_strategy"]


def tuned_strategy(
    strategy: Strategy, values: Literal["paper", "untuned"] | Path = "paper"
) -> Strategy:
    """A strategy with hyperparameters from elsewhere.

    Args:
        strategy: as the group `strategy` has it, whose own are those that the paper published (of
            an evosax algorithm by name: as given).
        values: "paper" leaves them; "untuned" takes evosax's own; a path takes the file that
            `ctag/tune` wrote, or from a folder of such files the one called as the strategy.

    Raises:
        UserError: there is no such file, or it is for another strategy.
        ValueError: "untuned" is not known for this strategy.
    """
    if values == "paper" or isinstance(strategy, RandomSampling):
        return strategy
    if values == "untuned":
        return untuned(strategy)
    path = Path(values)
    if path.is_dir():
        path = path / f"{name_of(strategy)}.yaml"
    found = read_strategy(path)
    if name_of(found) != name_of(strategy):
        raise UserError(
            f"{path} has values for {name_of(found)}, and {name_of(strategy)} is searched with: "
            "give its own file, or a folder that holds one for each"
        )
    return found


def read_strategy(path: Path) -> Strategy:
    """The strategy that a file of the form of conf/strategy describes.

    Raises:
        UserError: there is no such file, or it describes none; the message says where.
    """
    if not path.is_file():
        there = ", ".join(sorted(item.stem for item in path.parent.glob("*.yaml"))) or "none"
        raise UserError(
            f"there are no tuned values in {path}; {path.parent} has: {there}. "
            f"experiment=ctag/tune strategy={path.stem} makes them"
        )
    try:
        node: Any = read_yaml(path)
    except ValueError as error:
        raise UserError(str(error)) from error
    if not isinstance(node, dict) or "_target_" not in node:
        raise UserError(f"{path} describes no strategy: it needs a _target_, as in conf/strategy")
    report = Report()
    check_node(node, (path.name,), report)
    if report.problems:
        raise UserError(f"{path}: {'; '.join(report.problems)}")
    made = build(node, (path.name,))
    if not isinstance(made, Strategy):
        raise UserError(f"{path} describes a {type(made).__name__}, which is no search strategy")
    return made


def name_of(strategy: Strategy) -> str:
    """What a strategy is called in conf/strategy; of an evosax algorithm, evosax's name of it.

    >>> name_of(RandomSampling()), name_of(Evosax("SNES"))
    ('random', 'SNES')
    """
    if isinstance(strategy, Evosax):
        return strategy.name
    names = [name for name, made in PUBLISHED.items() if made is type(strategy)]
    return names[0] if names else type(strategy).__name__
