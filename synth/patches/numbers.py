"""Numbers as text: human values with the digits that matter, float32 without loss."""

import math
from typing import Any

import numpy as np

from synth.parameter import Range

SIGNIFICANT_DIGITS = 5
_TIE = 1e-9  # of a range: two machines may round the same value to either side of a tie


def human_text(value: float, scope: Range) -> str:
    """A value in human units with five significant digits, never an exponent.

    Decimals stay between a thousandth and a millionth of the range's size, rounded to a power of
    ten, so that small numbers do not grow long and large ones can still be set.

    >>> [human_text(x, Range(0.0, 2.0)) for x in (0.0123456, 1.23456, 1.0, 1e-9)]
    ['0.012346', '1.2346', '1.0', '0.0']
    """
    size = math.floor(math.log10(scope.maximum - scope.minimum))
    scale = math.floor(math.log10(abs(value))) if value else size
    decimals = SIGNIFICANT_DIGITS - 1 - scale
    decimals = max(0, min(max(decimals, 3 - size), 6 - size))
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0")
        text += "0" if text.endswith(".") else ""
    return text.removeprefix("-") if float(text) == 0 else text


def is_shown_as(value: float, human: float, scope: Range) -> bool:
    """Whether `value` is the number that stands in a file for the exact `human`."""
    nudge = _TIE * (scope.maximum - scope.minimum)
    return any(value == float(human_text(human + n, scope)) for n in (0.0, nudge, -nudge))


def float32_text(value: float) -> str:
    """The shortest decimal that reads back, as a double rounded to float32, to the same bits.

    >>> [float32_text(x) for x in (0.1, 1.0, 1e-45)]
    ['0.1', '1.0', '1.0e-45']
    """
    single = np.float32(value)
    text = str(single)
    if np.float32(float(text)) != single:
        text = repr(float(single))
    return _with_point(text)


def number_text(value: float | int) -> str:
    """A number as YAML 1.1, YAML 1.2 and JSON all read it, without loss.

    >>> [number_text(x) for x in (44100, 2.0, 0.5, 1e-5)]
    ['44100', '2.0', '0.5', '1.0e-05']
    """
    return str(value) if isinstance(value, int) else _with_point(repr(float(value)))


def plain(value: Any) -> Any:
    """Whole numbers as int, so that they print without a point; others as float."""
    return int(value) if float(value).is_integer() else float(value)


def _with_point(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}" if e and "." not in mantissa else text
