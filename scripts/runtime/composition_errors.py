"""A configuration that cannot be composed: what Hydra and OmegaConf say, in one line a problem."""

from __future__ import annotations

import difflib
import itertools
import re
import sys

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from scripts.runtime.catalog import experiments
from scripts.runtime.errors import ConfigError, in_one_line

__all__ = ["lines"]


def lines(error: BaseException) -> list[str]:
    """The error as lines, one a problem, each opening with the key's path where there is one."""
    if isinstance(error, ConfigError):
        return list(error.problems)
    if isinstance(error, MissingConfigException):
        return [_missing_file(error)]
    if isinstance(error, OverrideParseException):
        first = str(error).splitlines()[0]
        return [f"{error.override}: cannot be read as key=value: {first}"]
    cause = error.__cause__
    if isinstance(error, HydraException) and isinstance(cause, OmegaConfBaseException):
        return [_of_omegaconf(error, cause)]
    if isinstance(error, OmegaConfBaseException):
        return [_of_omegaconf(error, error)]
    if isinstance(error, HydraException):
        return [_of_hydra(error)]
    return [in_one_line(error)]


def _of_omegaconf(error: BaseException, cause: OmegaConfBaseException) -> str:
    """A key that is not there, or a value that cannot be stored."""
    said = re.search(r"Could not override '([^']+)'", str(error))
    reason = (cause.msg or str(cause)).strip().splitlines()[0]
    key = said[1] if said else (cause.full_key or cause.key or _given_with(reason))
    if "is not in struct" in reason:
        parent = cause.parent_node
        known = [str(name) for name in parent] if isinstance(parent, DictConfig) else []
        last = str(key).rsplit(".", 1)[-1]
        near = difflib.get_close_matches(last, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"to add it, write +{key}=VALUE"
        return f"{key}: the configuration has no such key; {hint}"
    return f"{key}: {reason}"


def _given_with(reason: str) -> str:
    """The key on the command line whose value holds the `${...}` that a complaint names."""
    name = re.search(r"'([^']+)' not found", reason)
    given = (word.partition("=") for word in sys.argv[1:])
    keys = (key for key, _, value in given if name and f"${{{name[1]}}}" in value)
    return next(keys, "configuration")


def _missing_file(error: MissingConfigException) -> str:
    """A choice of a group that no file stands for; Hydra's message lists what there is."""
    wanted = str(error.missing_cfg_file or "")
    if wanted.startswith("experiment/"):
        name, known = wanted.removeprefix("experiment/"), experiments()
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        near = near or [other for other in known if other.rsplit("/", 1)[-1] == name]
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known)}"
        return f"experiment: there is no conf/experiment/{name}.yaml; {hint}"
    group, _, name = wanted.rpartition("/")
    listed = str(error).partition("Available options in")[2].splitlines()[1:]
    indented = itertools.takewhile(lambda line: line.startswith("\t"), listed)
    known = [line.strip() for line in indented]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known) or 'none'}"
    return f"{group or 'configuration'}: there is no choice {name!r}; {hint}"


def _of_hydra(error: HydraException) -> str:
    """Any other complaint of Hydra's: its lines joined, without its advice on debugging."""
    text = " ".join(part.strip() for part in str(error).splitlines() if part.strip())
    said = re.search(r"Could not override '([^']+)'\. No match in the defaults list", text)
    if said:
        return (
            f"{said[1]}: the defaults list has no such group to override; "
            f"write '- /{said[1].lstrip('/')}: NAME' without 'override'"
        )
    return text or type(error).__name__
