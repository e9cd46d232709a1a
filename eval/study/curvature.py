"""First and second derivatives of a function of few numbers, by central differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

__all__ = ["gradient", "hessian"]

Function = Callable[[np.ndarray], float]


def gradient(
    function: Function, point: Float[np.ndarray, " n"], step: float = 1e-4
) -> Float[np.ndarray, " n"]:
    """Return the first derivatives, the error of fourth order in the step.

    >>> gradient(lambda x: float(x[0] ** 2 * x[1]), np.array([3.0, 2.0])).round(6).tolist()
    [12.0, 9.0]
    """
    found = []
    for size, axis in _axes(point, step):
        f = [function(point + k * size * axis) for k in (-2, -1, 1, 2)]
        found.append((f[0] - 8 * f[1] + 8 * f[2] - f[3]) / (12 * size))
    return np.array(found)


def hessian(
    function: Function, point: Float[np.ndarray, " n"], step: float = 1e-3
) -> Float[np.ndarray, "n n"]:
    """Return the second derivatives: fourth order on the diagonal, second order beside it.

    >>> np.abs(hessian(lambda x: float(x[0] ** 2 * x[1]), np.array([3.0, 2.0]))).round(4).tolist()
    [[4.0, 6.0], [6.0, 0.0]]
    """
    axes = list(_axes(point, step))
    found = np.zeros((len(axes), len(axes)))
    centre = function(point)
    for i, (a, u) in enumerate(axes):
        f = [function(point + k * a * u) for k in (-2, -1, 1, 2)]
        found[i, i] = (-f[0] + 16 * f[1] - 30 * centre + 16 * f[2] - f[3]) / (12 * a**2)
        for j, (b, v) in enumerate(axes[:i]):
            corners = [
                function(point + s * a * u + t * b * v)
                for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))
            ]
            found[i, j] = found[j, i] = (corners[0] - corners[1] - corners[2] + corners[3]) / (
                4 * a * b
            )
    return found


def _axes(point: np.ndarray, step: float):
    """A step and a direction for each of the numbers; steps grow with large numbers."""
    for place in range(point.size):
        axis = np.zeros(point.size)
        axis[place] = 1.0
        yield step * max(1.0, abs(float(point[place]))), axis
