"""Files to plain data: YAML or JSON, with nothing in them that could run code, hang or fill memory.

Numbers follow YAML 1.2 and JSON (`1e-5` is one, `1:30`, `no` and `2024-01-01` are text). Tags,
anchors, aliases, repeated keys and deep nesting are refused; nothing is ever constructed but
dictionaries, lists, text, numbers, booleans and None.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

SUFFIXES = (".yaml", ".yml", ".json")
MAX_BYTES = 4 * 2**20
MAX_DEPTH = 32

_INTEGER = re.compile(r"[-+]?[0-9]{1,40}")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = {".nan": "nan", ".inf": "inf", "+.inf": "inf", "-.inf": "-inf"}
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_BINARY = (b"\x80", b"PK\x03\x04", b"\x93NUMPY", b"\x1f\x8b", b"\x89HDF")


class PatchError(ValueError):
    """A patch that cannot be used; the message says where, what was given and what is allowed."""


class Opaque:
    """Stands for a tagged or aliased part of a foreign file, whose content is not looked at."""

    def __init__(self, what: str, line: int) -> None:
        self.what, self.line = what, line

    def __repr__(self) -> str:
        return f"{self.what} (line {self.line})"


@contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """Put the file's name before the message of a `PatchError` raised inside."""
    try:
        yield
    except PatchError as error:
        raise PatchError(f"{path}: {error}") from None


def read_document(path: Path | str, foreign: bool = False, max_bytes: int = MAX_BYTES) -> Any:
    """Read a YAML or JSON file, by its suffix.

    Args:
        path: ends in .yaml, .yml or .json.
        foreign: parts with tags and aliases become `Opaque` instead of an error.
        max_bytes: size above which a file is refused unread.

    Raises:
        PatchError: it is not such a file.
        OSError: the file system's own errors, such as FileNotFoundError.
    """
    path = Path(path)
    with naming(path):
        check_suffix(path)
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise PatchError(f"is larger than {max_bytes} bytes, which no patch is")
        text = _decode(content)
        return parse_json(text) if path.suffix.lower() == ".json" else parse_yaml(text, foreign)


def check_suffix(path: Path) -> None:
    """Refuse a file name that says neither YAML nor JSON."""
    if path.suffix.lower() not in SUFFIXES:
        raise PatchError(f"the suffix {path.suffix!r} is unknown; a patch is {', '.join(SUFFIXES)}")


def _decode(content: bytes) -> str:
    if content.startswith(_BINARY):
        raise PatchError("is binary (a pickle, an archive?), which is never opened as a patch")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PatchError(f"is not text in UTF-8 (byte {error.start})") from None
    if not text.strip():
        raise PatchError("is empty")
    return text


def parse_json(text: str) -> Any:
    """Plain data from JSON.

    Raises:
        PatchError: not JSON, a key twice in a mapping, or nested too deeply.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) < len(pairs):
            keys = [key for key, _ in pairs]
            raise PatchError(f"has {next(k for k in keys if keys.count(k) > 1)!r} twice")
        return mapping

    try:
        data = json.loads(text, object_pairs_hook=unique, parse_int=_integer, parse_constant=float)
    except json.JSONDecodeError as error:
        raise PatchError(f"is not JSON: {error}") from None
    except RecursionError:
        raise PatchError(f"is nested deeper than {MAX_DEPTH} levels") from None
    check_depth(data)
    return data


def check_depth(data: Any) -> None:
    """Refuse data nested deeper than `MAX_DEPTH`."""
    level, depth = [data], 0
    while level := [
        child
        for item in level
        if isinstance(item, dict | list)
        for child in (item.values() if isinstance(item, dict) else item)
    ]:
        depth += 1
        if depth > MAX_DEPTH:
            raise PatchError(f"is nested deeper than {MAX_DEPTH} levels")


def parse_yaml(text: str, foreign: bool = False) -> Any:
    """Plain data from YAML.

    Raises:
        PatchError: not YAML, a key twice in a mapping, nested too deeply, several documents; or a
            tag, an anchor or an alias where the text is not `foreign`.
    """
    builder = _Builder(foreign)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            builder.take(event)
    except yaml.YAMLError as error:
        raise PatchError(f"is not YAML: {' '.join(str(error).split())}") from None
    return builder.root[0] if builder.root else None


class _Builder:
    """Makes data from YAML's events, so that no depth of nesting overflows a stack."""

    def __init__(self, foreign: bool) -> None:
        self.foreign = foreign
        self.root: list[Any] = []
        self.open: list[Any] = [self.root]
        self.keys: list[str | None] = [None]
        self.documents = 0

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                raise PatchError(f"line {line}: a second document; a patch is one")
        elif isinstance(event, yaml.CollectionStartEvent):
            self.begin({} if isinstance(event, yaml.MappingStartEvent) else [], event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.open.pop()
            self.keys.pop()
        elif isinstance(event, yaml.ScalarEvent):
            is_key = isinstance(self.open[-1], dict) and self.keys[-1] is None
            value = event.value if is_key or not event.implicit[0] else resolve(event.value)
            self.add(self.refusal(event, line) or value, line)
        elif isinstance(event, yaml.AliasEvent):
            self.add(self.refusal(event, line), line)

    def begin(self, container: Any, event: Any, line: int) -> None:
        opaque = self.refusal(event, line)
        self.add(opaque or container, line)
        if len(self.open) > MAX_DEPTH:
            raise PatchError(f"line {line}: nested deeper than {MAX_DEPTH} levels")
        self.open.append(container)
        self.keys.append(None)

    def add(self, value: Any, line: int) -> None:
        container = self.open[-1]
        if isinstance(container, list):
            container.append(value)
        elif self.keys[-1] is None:
            if not isinstance(value, str):
                raise PatchError(f"line {line}: a key must be text, got {value!r}")
            if value in container:
                raise PatchError(f"line {line}: {value!r} is there twice")
            self.keys[-1] = value
        else:
            container[self.keys[-1]] = value
            self.keys[-1] = None

    def refusal(self, event: Any, line: int) -> Opaque | None:
        """What is wrong with a node's tag or anchor: an error, or a stand-in in a foreign file."""
        tag = getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent):
            what = f"the alias *{event.anchor}"
        elif tag is not None:
            what = f"the tag {tag}"
        elif event.anchor is not None and not self.foreign:
            what = f"the anchor &{event.anchor}"
        else:
            return None
        if not self.foreign:
            raise PatchError(
                f"line {line}: {what} is not allowed; a patch is plain text and numbers"
            )
        return Opaque(what, line)


def resolve(text: str) -> Any:
    """What an unquoted YAML scalar means.

    >>> [resolve(text) for text in ("1e-5", "-3", "1:30", "no", "null", ".5", "1.")]
    [1e-05, -3, '1:30', 'no', None, 0.5, 1.0]
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _REAL.fullmatch(text):
        return float(text)
    return float(_SPECIAL[text.lower()]) if text.lower() in _SPECIAL else text


def _integer(text: str) -> int | float:
    return int(text) if _INTEGER.fullmatch(text) else float(text)
