"""Hydra's grid sweeper, made to launch only what is not done.

Before anything is launched every cell of the grid is composed, checked and named by its hash: a
mistake in one stops the sweep at once, and cells whose results are there (or that come out equal)
are dropped, so that a sweep of five hundred finished runs starts nothing, under any launcher. At
scale=smoke the axes that the experiment file gives are cut to their first and last value.
"""

import copy
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobStatus
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

log = logging.getLogger(__name__)


@dataclass
class UnfinishedSweeperConf:
    """The group `hydra/sweeper`, choice `unfinished`.

    Args:
        params: the grid: dotted keys (or groups) to lists of values, or to Hydra's own sweep
            syntax as a string ("1,2,3", "range(1,4)").
        max_batch_size: cells launched at a time; None is all of them.
    """

    _target_: str = "hydra_plugins.unfinished_sweeper.UnfinishedSweeper"
    params: dict[str, Any] = field(default_factory=dict)
    max_batch_size: int | None = None


ConfigStore.instance().store(
    group="hydra/sweeper", name="unfinished", node=UnfinishedSweeperConf, provider="scripts"
)


class UnfinishedSweeper(Sweeper):
    """Sweeps a grid and launches the cells that are not done."""

    _context: HydraContext
    _config: DictConfig
    _launcher: Launcher

    def __init__(self, params: dict[str, Any] | None, max_batch_size: int | None) -> None:
        super().__init__()
        # Hydra hands lists of a plugin's settings over as its own type.
        self._params: Any = OmegaConf.to_container(OmegaConf.create(params or {}))
        self._max_batch_size = max_batch_size
        self._bases: dict[tuple[str, ...], tuple[str | None, DictConfig]] = {}
        self._groups: dict[str, bool] = {}

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Takes what Hydra gives, and makes the launcher that the configuration names."""
        self._context, self._config = hydra_context, config
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> list[Sequence[JobReturn]]:
        """Launches the unfinished cells of the grid.

        Raises:
            ConfigError: a cell's configuration is wrong and nothing is launched, or some cells
                failed; the others ended.
        """
        unfinished = self._unfinished(self._cells(arguments))
        if not unfinished:
            return []
        folder = Path(str(self._config.hydra.sweep.dir))
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self._config, folder / "multirun.yaml")
        size = self._max_batch_size or len(unfinished)
        returns: list[Sequence[JobReturn]] = []
        for start in range(0, len(unfinished), size):
            batch = unfinished[start : start + size]
            returns.append(self._launcher.launch(batch, initial_job_idx=start))
        _raise_failures([result for batch in returns for result in batch])
        return returns

    def _cells(self, arguments: list[str]) -> list[tuple[str, ...]]:
        """The overrides of every cell: the product of all axes; the command line wins."""
        parser = OverridesParser.create(config_loader=self._context.config_loader)
        grid = parser.parse_overrides([f"{key}={_as_sweep(v)}" for key, v in self._params.items()])
        given = parser.parse_overrides(arguments)
        scale = next(
            (_values(o)[0] for o in reversed(given) if o.get_key_element() == "scale"),
            str(self._config.scale),
        )
        swept = any(o.get_key_element() == "scale" and o.is_sweep_override() for o in given)
        command_line = {o.get_key_element(): _values(o) for o in given}
        axes: dict[str, list[str]] = {}
        for override in grid:
            key, values = override.get_key_element(), _values(override)
            if scale == "smoke" and not swept and len(values) > 2 and key not in command_line:
                log.info("scale=smoke: %s takes its first and last value of %d", key, len(values))
                values = [values[0], values[-1]]
            axes[key] = values
        axes.update(command_line)
        lists = [[f"{key}={value}" for value in values] for key, values in axes.items()]
        return list(itertools.product(*lists))

    def _unfinished(self, cells: Sequence[tuple[str, ...]]) -> list[list[str]]:
        """The cells that are not done, each run once however many cells come out as the same."""
        # Imported here: Hydra imports every plugin it finds, also for other programs.
        from scripts.runtime.composition_errors import lines
        from scripts.runtime.errors import ConfigError
        from scripts.runtime.execute import done_before

        problems: list[str] = []
        remaining: list[list[str]] = []
        seen: set[str] = set()
        done = old = 0
        for cell in cells:
            try:
                plan = self._plan(cell)
            except Exception as error:
                problems += [line for line in lines(error) if line not in problems]
                continue
            if plan.hash in seen:
                continue
            seen.add(plan.hash)
            before = done_before(plan)
            if before is None:
                remaining.append(list(cell))
            else:
                done += 1
                old += before.is_of_other_code
        if problems:
            raise ConfigError(problems)
        same = len(cells) - len(seen)
        also = f", {same} the same as others" if same else ""
        log.info("%d cells: %d done, %d to run%s", len(cells), done, len(remaining), also)
        if old:
            log.warning("%d of them are done by other code; rerun=true runs them again", old)
        return remaining

    def _plan(self, cell: Sequence[str]) -> Any:
        """The plan of one cell, as the launcher will compose it.

        Hydra takes some 30 ms to compose a configuration, so cells that choose the same files of
        the groups share one, and what else they set is written into a copy of it.
        """
        from scripts.runtime.compose import prepare

        overrides = OverridesParser.create().parse_overrides(list(cell))
        plain = [o for o in overrides if _is_plain(o) and not self._is_group(o.key_or_group)]
        choices = tuple(str(o.input_line) for o in overrides if o not in plain)
        experiment, base = self._composed(choices)
        task = copy.deepcopy(base)
        try:
            for override in plain:
                OmegaConf.update(task, override.key_or_group, override.value(), merge=True)
        except OmegaConfBaseException:
            experiment, task = self._composed(tuple(cell))  # raises, in Hydra's words
        return prepare(task, experiment, tuple(cell))

    def _composed(self, cell: tuple[str, ...]) -> tuple[str | None, DictConfig]:
        """The experiment and the configuration without Hydra's node that Hydra composes."""
        if cell not in self._bases:
            config = self._context.config_loader.load_sweep_config(self._config, list(cell))
            HydraConfig.instance().set_config(config)
            experiment = config.hydra.runtime.choices.get("experiment")
            task = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
            self._bases[cell] = (experiment, task)
        return self._bases[cell]

    def _is_group(self, key: str) -> bool:
        """Whether a key names a group of files rather than a value."""
        if key not in self._groups:
            options = self._context.config_loader.get_group_options(
                key,
                results_filter=None,  # folders too: experiment holds nothing else
                config_name=self._config.hydra.job.config_name,
                overrides=list(self._config.hydra.overrides.hydra),
            )
            self._groups[key] = bool(options)
        return self._groups[key]


def _is_plain(override: Override) -> bool:
    """Whether an override sets one value of a key that is there: no +, ~, @ or sweep."""
    return override.type == OverrideType.CHANGE and override.package is None


def _raise_failures(results: Sequence[JobReturn]) -> None:
    """Raises one error for all cells that failed."""
    from scripts.runtime.composition_errors import lines
    from scripts.runtime.errors import ConfigError

    failed = [result for result in results if result.status != JobStatus.COMPLETED]
    if not failed:
        return
    problems = []
    for result in failed:
        error = result._return_value
        problems += lines(error) if isinstance(error, BaseException) else [str(error)]
    problems.append(
        f"{len(failed)} of {len(results)} cells failed; the same command runs them again"
    )
    raise ConfigError(problems)


def _values(override: Override) -> list[str]:
    """The values that an override takes, as the command line would write them."""
    if not override.is_sweep_override():
        return [override.get_value_element_as_str()]
    return [str(value) for value in override.sweep_string_iterator()]


def _as_sweep(value: Any) -> str:
    """A grid axis as Hydra's sweep syntax: a list's items are its values, a string is as it is."""
    if isinstance(value, (list, tuple)):
        return f"choice({','.join(_literal(item) for item in value)})"
    return value if isinstance(value, str) else _literal(value)


def _literal(value: Any) -> str:
    """One value in Hydra's override syntax."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(_literal(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_literal(item)}" for key, item in value.items()) + "}"
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
