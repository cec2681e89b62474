"""Least squares with few parameters, by second-order methods on Nissl's derivatives.

A first-order method follows the gradient alone. Levenberg-Marquardt takes the gradient of every
residual, the Jacobian ``J``, and solves ``(J'J + lambda D'D) step = -J' r`` (Marquardt 1963;
Nocedal and Wright, Numerical Optimization, section 10.3). BFGS, which is SciPy's, builds an inverse
Hessian up from the gradients that it meets (Nocedal and Wright, chapter 6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nissl.autodiff.reverse import grad, value_and_grad
from nissl.core import functions as F
from nissl.core.op import quiet
from nissl.core.tensor import Tensor
from nissl.engine.jit import jit
from nissl.errors import ArgumentError, ShapeError, optional

__all__ = [
    "MOST_STEPS",
    "Solution",
    "bfgs",
    "levenberg_marquardt",
    "row_jacobian",
]

Array = np.ndarray[Any, Any]
Rows = Callable[[Tensor], Tensor]
_FIRST_DAMPING = 1e-2
_LEAST_DAMPING, _MOST_DAMPING = 1e-12, 1e14
_TOLERANCE = 1e-10  # relative change of the error, or of the parameters, at which a start has ended
_NONE = 1e-6  # an error, as a share of the target's root mean square, that counts as none
_WINDOW, _PROGRESS = 300, 0.01  # evaluations in which an error must fall by this share
MOST_STEPS = 20_000  # a bound that hardly any start comes to
_HUGE = 1e100  # stands for what overflowed, in a method that takes finite numbers only


@dataclass(frozen=True)
class Solution:
    """What a least-squares method found.

    Attributes:
        parameters: shape ``(P,)``, float64.
        rmse: root of the mean squared residual there.
        steps: how often the residuals were computed.
    """

    parameters: Array
    rmse: float
    steps: int


def row_jacobian(function: Rows) -> Rows:
    """Return the Jacobian of many values by few parameters, in a single reverse sweep.

    Each row is given parameters of its own, all equal. Row ``n`` then depends on ``P[n]`` alone, so
    the gradient of the sum of all values by ``P`` holds the gradient of value ``n`` in row ``n``:
    ``J[n, p] = d y[n] / d P[n, p]``.

    Args:
        function: takes ``P`` of shape ``(..., rows, parameters)`` and gives ``y`` of shape
            ``(..., rows)``, where ``y[..., n]`` uses row ``n`` only.

    Returns:
        A function of ``P`` that gives ``J``, of the same shape.

    Raises:
        ShapeError: when called: ``function`` gives something else than ``(..., rows)``.

    >>> import numpy as np
    >>> x, p = np.array([1.0, 2.0, 3.0]), np.array([5.0, 7.0])
    >>> row_jacobian(lambda p: p[..., 0] * x + p[..., 1])(np.stack([p, p, p])).tolist()
    [[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]]
    """

    def total(each: Tensor) -> Tensor:
        values = function(each)
        if values.shape != each.shape[:-1]:
            raise ShapeError(
                f"row_jacobian: the function gave shape {values.shape}, not {each.shape[:-1]}"
            )
        return F.sum(values)

    return grad(total)


def levenberg_marquardt(
    function: Rows, target: Array, starts: Array, steps: int = MOST_STEPS, halve_every: int = 0
) -> list[Solution]:
    """Fit ``function`` to ``target`` by Levenberg and Marquardt's method, from many starts at once.

    ``min over p of sum over n of (y_n(p) - t_n)^2``

    ``D`` holds the largest norms that the columns of ``J`` have had, and ``lambda`` follows the
    ratio of the gain to what the linear model promised (Nielsen 1999, Damping parameter in
    Marquardt's method). With the columns so scaled and ``lambda`` at least 1e-12, the equations
    above are solved as they stand. A start is over where a step changes nothing any more, and where
    300 evaluations have lessened the error by less than 1%.

    Args:
        function: as in :func:`row_jacobian`; also called with rows of length 1, to broadcast. It is
            traced, so its way must not depend on values.
        target: shape ``(rows,)``, float64, finite.
        starts: first parameters, shape ``(starts, parameters)``.
        steps: at most so many evaluations of the residuals for each start.
        halve_every: after so many evaluations only the better half of what is not over goes on, but
            two at least; all do if it is 0.

    Returns:
        A solution for each start; one whose first residuals are not finite stays where it was.

    Raises:
        ArgumentError: ``starts`` is no matrix with a row at least.

    >>> import numpy as np
    >>> x = np.linspace(0.0, 1.0, 9)
    >>> model = lambda p: p[..., 0] / (x + p[..., 1])
    >>> found = levenberg_marquardt(model, 2.0 / (x + 0.5), np.ones((1, 2)))
    >>> found[0].parameters.round(4).tolist()
    [2.0, 0.5]
    """
    if starts.ndim != 2 or not starts.size:
        raise ArgumentError(f"starts is a matrix, one start a row, not of shape {starts.shape}")
    state = _Starts(function, target, starts)
    with np.errstate(all="ignore"):
        for count in range(1, steps + 1):
            if not state.active.size:
                break
            state.step()
            if count % _WINDOW == 0:
                state.drop_idle()
            if halve_every and count % halve_every == 0:
                state.drop_worse()
    rmse = np.sqrt(state.cost / len(target))
    return [
        Solution(p, float(error), int(count))
        for p, error, count in zip(state.p, rmse, state.steps, strict=True)
    ]


class _Starts:
    """Several runs of Levenberg-Marquardt side by side; what is over is left out."""

    def __init__(self, function: Rows, target: Array, starts: Array) -> None:
        self.target = target
        self._outputs = jit(
            lambda p: F.broadcast_to(function(p), (len(p), len(target))), engine="numpy"
        )
        self._slopes = jit(row_jacobian(function), engine="numpy")
        self.p = starts.astype(np.float64)  # (starts, parameters)
        self.damping = np.full(len(starts), _FIRST_DAMPING)
        self.growth = np.full(len(starts), 2.0)
        self.steps = np.ones(len(starts), int)
        self.residuals = self._residuals(self.p)  # (starts, rows)
        self.cost = np.sum(self.residuals**2, axis=1)
        self.before = self.cost.copy()  # what the error was when it was last looked at
        self.none = _NONE**2 * float(np.sum(target**2))
        self.jacobian = self._jacobian(self.p)  # (starts, rows, parameters)
        self.scale = np.zeros_like(self.p)
        self.active = np.flatnonzero(np.isfinite(self.cost) & (self.cost > self.none))

    def step(self) -> None:
        """Try one step from where each active start is; keep those that lessen the error."""
        a = self.active
        step, promised = self._linear(a)
        tried = self.p[a] + step
        residuals = self._residuals(tried)
        cost = np.sum(residuals**2, axis=1)
        gain = self.cost[a] - cost
        better = gain > 0  # false for a NaN
        self._damp(a, better, gain / np.where(promised > 0, promised, np.inf))
        still = np.linalg.norm(step, axis=1) <= _TOLERANCE * np.linalg.norm(self.p[a], axis=1)
        level = np.maximum(np.abs(gain), promised) <= _TOLERANCE * self.cost[a]
        kept = a[better]
        self.p[kept], self.residuals[kept] = tried[better], residuals[better]
        self.cost[kept] = cost[better]
        self.steps[a] += 1
        over = still | level | (self.cost[a] <= self.none) | (self.damping[a] > _MOST_DAMPING)
        self.active = a[~over]
        if kept.size:
            self.jacobian[kept] = self._jacobian(self.p[kept])

    def drop_idle(self) -> None:
        """Leave out the starts whose error has hardly fallen since this was last called."""
        a = self.active
        self.active = a[self.cost[a] <= (1 - _PROGRESS) ** 2 * self.before[a]]
        self.before = self.cost.copy()

    def drop_worse(self) -> None:
        """Leave out the worse half of the active starts, unless they are two."""
        kept = max(2, -(-self.active.size // 2))
        order = np.argsort(self.cost[self.active], kind="stable")
        self.active = np.sort(self.active[order[:kept]])

    def _residuals(self, p: Array) -> Array:
        """``(S, P)`` to ``(S, rows)``."""
        with quiet():
            return self._outputs(p[:, None, :]).numpy() - self.target

    def _jacobian(self, p: Array) -> Array:
        """``(S, P)`` to ``(S, rows, P)``."""
        copies = np.broadcast_to(p[:, None, :], (len(p), len(self.target), p.shape[1]))
        with quiet():
            return self._slopes(np.ascontiguousarray(copies)).numpy()

    def _linear(self, a: Array) -> tuple[Array, Array]:
        """The damped step of the linear model, and by how much that lessens the squared error."""
        j = np.nan_to_num(self.jacobian[a], nan=0.0, posinf=_HUGE, neginf=-_HUGE)
        self.scale[a] = np.maximum(self.scale[a], np.linalg.norm(j, axis=1))
        scale = np.where(self.scale[a] > 0, self.scale[a], 1.0)  # (active, parameters)
        k = j / scale[:, None, :]
        normal = k.mT @ k + self.damping[a][:, None, None] * np.eye(k.shape[2])
        step = -np.linalg.solve(normal, k.mT @ self.residuals[a][:, :, None])[:, :, 0] / scale
        linear = self.residuals[a] + np.einsum("snp,sp->sn", j, step)
        return step, self.cost[a] - np.sum(linear**2, axis=1)

    def _damp(self, a: Array, better: Array, ratio: Array) -> None:
        """Less damping after a step as good as promised, more, and ever more, after a bad one."""
        less = self.damping[a] * np.maximum(1 / 3, 1 - (2 * ratio - 1) ** 3)
        more = self.damping[a] * self.growth[a]
        self.damping[a] = np.maximum(np.where(better, less, more), _LEAST_DAMPING)
        self.growth[a] = np.where(better, 2.0, 2 * self.growth[a])


def bfgs(function: Rows, target: Array, start: Array, steps: int = 1000) -> Solution:
    """Fit ``function`` to ``target`` by the method of Broyden, Fletcher, Goldfarb and Shanno.

    It minimises the mean squared residual from gradients alone, one reverse sweep each.

    Args:
        function, target: as in :func:`levenberg_marquardt`.
        start: first parameters, shape ``(parameters,)``.
        steps: at most so many iterations.

    Raises:
        MissingDependencyError: SciPy is not installed.

    >>> import numpy as np
    >>> x = np.linspace(0.0, 1.0, 9)
    >>> found = bfgs(lambda p: p[..., 0] / (x + p[..., 1]), 2.0 / (x + 0.5), np.ones(2))
    >>> found.parameters.round(3).tolist()
    [2.0, 0.5]
    """
    optimize = optional("scipy.optimize", "BFGS", "science")

    def error(p: Tensor) -> Tensor:
        return F.mean(F.square(function(F.reshape(p, (1, -1))) - target))

    def both(p: Array) -> tuple[float, Array]:
        with quiet():
            value, slope = value_and_grad(error)(p)
        return float(_bounded(value.numpy())), _bounded(slope.numpy())

    found = optimize.minimize(both, start, jac=True, method="BFGS", options={"maxiter": steps})
    return Solution(found.x, float(np.sqrt(found.fun)), int(found.nfev))


def _bounded(values: Any) -> Array:
    return np.nan_to_num(np.asarray(values), nan=_HUGE, posinf=_HUGE, neginf=-_HUGE)
