"""Encoders from the plain settings that a checkpoint holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from doppel.encoders.ast import AstEncoder
from doppel.encoders.protocol import Encoder
from doppel.encoders.resnet import ResNetEncoder

__all__ = ["encoder_from"]

_KINDS = {encoder.kind: encoder for encoder in (ResNetEncoder, AstEncoder)}


def encoder_from(settings: Mapping[str, Any]) -> Encoder:
    """Return the encoder whose `settings()` these are.

    Raises:
        ValueError: a kind or a setting that is not known here, or values that no network has.

    Example:
        >>> encoder_from({"kind": "resnet", "width": 16, "blocks": [2, 2, 2, 2]}).dimension
        128
    """
    kind = settings.get("kind")
    if kind not in _KINDS:
        raise ValueError(f"encoder of kind {kind!r}; known are {', '.join(sorted(_KINDS))}")
    fields = {field.name for field in dataclasses.fields(_KINDS[kind])}
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in settings.items()
        if name != "kind"
    }
    if given.keys() != fields:
        raise ValueError(
            f"encoder of kind {kind!r} with settings {sorted(given)}; it has {sorted(fields)}"
        )
    return _KINDS[kind](**given)
