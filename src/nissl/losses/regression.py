"""Losses of numbers: regression, margins, counts and directions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nissl.arguments import number, whole
from nissl.core import functions as F
from nissl.core.functions.arithmetic import divisor
from nissl.core.functions.norms import root
from nissl.core.tensor import Tensor
from nissl.losses import checks
from nissl.losses.base import EPSILON, PairLoss, registry
from nissl.registry import own_name
from nissl.settings import setting

__all__ = [
    "MeanSquaredError", "HalfSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError", "Huber", "LogCosh", "Hinge", "SquaredHinge", "CategoricalHinge",
    "Poisson", "CosineSimilarity",
]  # fmt: skip


@registry.add("mse", "MSE")
class MeanSquaredError(PairLoss):
    r"""Mean of squared errors, ``1/K sum_k (y_k - t_k)^2``.

    >>> MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]]).item()
    2.5
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return F.mean(F.square(y_pred - y_true), axis=-1)


@registry.add()
class HalfSquaredError(PairLoss):
    r"""Half the sum of squared errors, ``E_n = 1/2 sum_k (y_k - t_k)^2``.

    The lecture's error function (Bishop 2006, eq. 5.46), whose derivative by an output is
    ``y_k - t_k``. A batch gives the mean of its ``E_n``; with ``reduction="sum"``, their sum ``E``.

    >>> HalfSquaredError(reduction="sum")([[0.0], [1.0]], [[1.0], [3.0]]).item()
    2.5
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return 0.5 * F.sum(F.square(y_pred - y_true), axis=-1)


@registry.add("mae", "MAE")
class MeanAbsoluteError(PairLoss):
    """Mean of absolute errors, ``1/K sum_k |y_k - t_k|``; its derivative at 0 is taken as 0.

    >>> MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]]).item()
    1.5
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return F.mean(F.abs(y_pred - y_true), axis=-1)


@registry.add("mape", "MAPE")
class MeanAbsolutePercentageError(PairLoss):
    """Mean of relative errors in percent, ``100/K sum_k |y_k - t_k| / max(|t_k|, 1e-7)``.

    >>> round(MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 5.0]]).item(), 4)
    37.5
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        scale = F.maximum(F.abs(y_true), EPSILON)
        return 100.0 * F.mean(F.abs(y_true - y_pred) / scale, axis=-1)


@registry.add("msle", "MSLE")
class MeanSquaredLogarithmicError(PairLoss):
    """Mean of ``(log(1 + y_k) - log(1 + t_k))^2``; what is below 1e-7 counts as 1e-7.

    >>> round(MeanSquaredLogarithmicError()([[0.0]], [[math.e - 1]]).item(), 5)
    1.0
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        difference = F.log1p(F.maximum(y_pred, EPSILON)) - F.log1p(F.maximum(y_true, EPSILON))
        return F.mean(F.square(difference), axis=-1)


@registry.add("huber_loss")
class Huber(PairLoss):
    """Squared error near 0 and absolute error far from it (Huber 1964).

    The mean of ``e^2 / 2`` where ``|e| <= delta`` and ``delta |e| - delta^2 / 2`` elsewhere.

    Args:
        delta: where one turns into the other; positive.

    >>> Huber()([[0.0, 0.0]], [[0.5, 3.0]]).item()
    1.3125
    """

    delta: float = setting(number, default=1.0, above=0)
    name: str | None = setting(own_name, default="huber_loss", kw_only=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        error = y_pred - y_true
        size = F.abs(error)
        far = self.delta * size - 0.5 * self.delta**2
        return F.mean(F.where(size <= self.delta, 0.5 * F.square(error), far), axis=-1)


@registry.add("logcosh")
class LogCosh(PairLoss):
    """Mean of ``log(cosh(e))``: ``e^2 / 2`` near 0, ``|e| - log 2`` far from it; no overflow.

    >>> round(LogCosh()([[0.0]], [[1000.0]]).item(), 3)
    999.307
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return F.mean(F.log_cosh(y_pred - y_true), axis=-1)


def _signs(y_true: Tensor) -> Tensor:
    """Turn a batch of 0 and 1 into -1 and 1; leave a batch of -1 and 1."""
    binary = F.all((y_true == 0.0) | (y_true == 1.0))
    return F.where(binary, 2.0 * y_true - 1.0, y_true)


class _Margin(PairLoss):
    def check_targets(
        self, y: np.ndarray[Any, Any], output_shape: tuple[int | None, ...], name: str = "y"
    ) -> None:
        super().check_targets(y, output_shape, name)
        checks.two_classes(self._label, name, y)


@registry.add()
class Hinge(_Margin):
    """Mean of ``max(1 - t_k y_k, 0)``; its derivative at the kink is taken as 0.

    Targets are -1 and 1; a batch of 0 and 1 is taken for them.

    >>> Hinge()([[1.0, -1.0]], [[0.5, 0.0]]).item()
    0.75
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return F.mean(F.maximum(1.0 - _signs(y_true) * y_pred, 0.0), axis=-1)


@registry.add()
class SquaredHinge(_Margin):
    """Mean of ``max(1 - t_k y_k, 0)^2``; targets as in :class:`Hinge`.

    >>> SquaredHinge()([[1.0, -1.0]], [[0.5, 0.0]]).item()
    0.625
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return F.mean(F.square(F.maximum(1.0 - _signs(y_true) * y_pred, 0.0)), axis=-1)


@registry.add()
class CategoricalHinge(PairLoss):
    """``max(1 + neg - pos, 0)``: by how much the right class fails to lead the others by 1.

    ``pos = sum_k t_k y_k`` and ``neg = max_k (1 - t_k) y_k``, for one-hot targets.

    >>> round(CategoricalHinge()([[0.0, 1.0]], [[0.4, 0.6]]).item(), 5)
    0.8
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        right = F.sum(y_true * y_pred, axis=-1)
        wrong = F.max((1.0 - y_true) * y_pred, axis=-1)
        return F.maximum(wrong - right + 1.0, 0.0)


@registry.add()
class Poisson(PairLoss):
    """Mean of ``y_k - t_k log(y_k + 1e-7)``, for counts; constant terms are left out.

    >>> Poisson()([[0.0]], [[2.0]]).item()
    2.0
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return F.mean(y_pred - y_true * F.log(y_pred + EPSILON), axis=-1)

    def check_targets(
        self, y: np.ndarray[Any, Any], output_shape: tuple[int | None, ...], name: str = "y"
    ) -> None:
        super().check_targets(y, output_shape, name)
        checks.not_negative(self._label, name, y)


@registry.add()
class CosineSimilarity(PairLoss):
    """Minus the cosine of the angle between targets and predictions: -1 for one direction.

    A vector of zeros has the cosine 0 with any other.

    Args:
        axis: along which the vectors lie.

    >>> round(CosineSimilarity()([[3.0, 4.0]], [[6.0, 8.0]]).item(), 5)
    -1.0
    """

    axis: int = setting(whole, default=-1)

    def _unit(self, x: Tensor) -> Tensor:
        peak = F.max(F.abs(F.stop_gradient(x)), axis=self.axis, keepdims=True)
        # the direction does not depend on the scale, so that the scale's derivative is left out
        x = x / F.where((peak == 0.0) | (peak == math.inf), 1.0, divisor(peak))
        norm = root(F.sum(F.square(x), axis=self.axis, keepdims=True))
        return x / F.where(norm == 0.0, 1.0, norm)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return -F.sum(self._unit(y_true) * self._unit(y_pred), axis=self.axis)
