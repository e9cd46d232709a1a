"""Plain data to files: aligned for people, and written so that a reader never sees half of one."""

import json
import os
import re
import secrets
from pathlib import Path
from typing import Any

import numpy as np

from synth.patches.numbers import float32_text, number_text
from synth.patches.reading import MAX_BYTES, PatchError, check_suffix

HEADER = (
    "# A synthesizer patch, one parameter a line, in human units. Edit a `value` and it counts;\n"
    "# until then `normalised` does, which is the exact number in [0, 1].\n"
)

_BARE = re.compile(r"[A-Za-z]([\w .>-]*\w)?", re.ASCII)
_YAML_WORDS = ("null", "true", "false", "yes", "no", "on", "off", "y", "n")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def document_text(data: dict[str, Any], suffix: str) -> str:
    """A patch document (see `synth.patches.document`) as YAML or JSON text.

    Raises:
        PatchError: the text would be longer than what is read back.
    """
    text = _json(data) if suffix.lower() == ".json" else HEADER + _yaml(data)
    if len(text.encode()) > MAX_BYTES:
        raise PatchError(f"would be larger than {MAX_BYTES} bytes; its metadata is too much")
    return text


def write_document(path: Path | str, data: dict[str, Any]) -> None:
    """Write a patch document, atomically, as YAML or JSON by the suffix."""
    path = Path(path)
    check_suffix(path)
    replace_file(path, document_text(data, path.suffix).encode())


def replace_file(path: Path, content: bytes) -> None:
    """Put a file in place at once: a reader sees the old one or the new one, whole."""
    temporary = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _yaml(data: dict[str, Any]) -> str:
    lines = [f"{key}: {_scalar(data[key], yaml=True)}" for key in ("format", "version", "name")]
    lines.append("synth:")
    lines += _yaml_block(data["synth"], 1)
    lines.append("parameters:")
    for module, entries in data["parameters"].items():
        lines.append(f"  {module}:")
        width = max(len(name) for name in entries) + 1
        for name, row in zip(entries, _rows(entries, yaml=True), strict=True):
            lines.append(f"    {name + ':':<{width}} {{{row}}}")
    if data["metadata"]:
        lines.append("metadata:")
        lines += _yaml_block(data["metadata"], 1)
    else:
        lines.append("metadata: {}")
    return "\n".join(lines) + "\n"


def _json(data: dict[str, Any]) -> str:
    parts = [f'  "{key}": {_scalar(data[key])}' for key in ("format", "version", "name")]
    parts.append(f'  "synth": {_json_block(data["synth"], 1)}')
    modules = []
    for module, entries in data["parameters"].items():
        width = max(len(json.dumps(name)) for name in entries) + 1
        rows = zip(entries, _rows(entries, yaml=False), strict=True)
        body = ",\n".join(f"      {json.dumps(n) + ':':<{width}} {{{row}}}" for n, row in rows)
        modules.append(f"    {json.dumps(module)}: {{\n{body}\n    }}")
    parts.append('  "parameters": {\n' + ",\n".join(modules) + "\n  }")
    parts.append(f'  "metadata": {_json_block(data["metadata"], 1)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _rows(entries: dict[str, dict[str, Any]], yaml: bool) -> list[str]:
    """The parameters of a module, their entries in columns."""
    table = [
        [
            f"{_scalar(key, yaml)}: {_entry(key, value, yaml)}"
            + ("," if key != "normalised" else "")
            for key, value in entry.items()
        ]
        for entry in entries.values()
    ]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    return [
        " ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in table
    ]


def _entry(key: str, value: Any, yaml: bool) -> str:
    if key == "normalised":
        return float32_text(value)
    if key == "range":
        return f"[{', '.join(number_text(end) for end in value)}]"
    if key == "value":
        return np.format_float_positional(value, trim="0")
    return _scalar(value, yaml)


def _yaml_block(data: dict[str, Any], depth: int) -> list[str]:
    lines = []
    for key, value in data.items():
        start = "  " * depth + _scalar(key, yaml=True) + ":"
        if isinstance(value, dict) and value:
            lines += [start, *_yaml_block(value, depth + 1)]
        else:
            lines.append(f"{start} {_flow(value, yaml=True)}")
    return lines


def _json_block(data: dict[str, Any], depth: int) -> str:
    if not data:
        return "{}"
    pad = "  " * (depth + 1)
    lines = []
    for key, value in data.items():
        block = isinstance(value, dict) and value
        text = _json_block(value, depth + 1) if block else _flow(value, yaml=False)
        lines.append(f"{pad}{json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n" + "  " * depth + "}"


def _flow(value: Any, yaml: bool) -> str:
    """Lists, and whatever is inside them, on one line."""
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_scalar(k, yaml)}: {_flow(v, yaml)}" for k, v in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v, yaml) for v in value) + "]"
    return _scalar(value, yaml)


def _scalar(value: Any, yaml: bool = False) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return number_text(value)
    if not yaml:
        return json.dumps(value)
    if _BARE.fullmatch(value) and value.lower() not in _YAML_WORDS:
        return value
    return '"' + "".join(_escape(character) for character in value) + '"'


def _escape(character: str) -> str:
    """A character inside a YAML string in double quotes."""
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
