"""Means of losses, as metrics; and what is left of regression."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from nissl import losses
from nissl.arguments import one_of, whole
from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.tensor import Shape, Tensor, TensorLike
from nissl.errors import ArgumentError, ShapeError
from nissl.losses.base import align, weigh
from nissl.metrics.base import Metric, PairMean, ratio, registry
from nissl.registry import snake_case

__all__ = [
    "MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError", "LogCoshError", "Hinge", "SquaredHinge", "CategoricalHinge",
    "KLDivergence", "Poisson", "BinaryCrossentropy", "CategoricalCrossentropy",
    "SparseCategoricalCrossentropy", "CosineSimilarity", "RootMeanSquaredError", "R2Score",
]  # fmt: skip


class LossMean(PairMean):
    """The mean over samples of a loss; its settings are the loss's own."""

    LOSS: ClassVar[type[losses.Loss]]
    NAME: ClassVar[str] = ""
    SIGN: ClassVar[float] = 1.0

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self._start(name, dtype)

    def _start(self, name: str | None, dtype: Any, **settings: Any) -> None:
        own = self.NAME or snake_case(type(self).__name__)
        super().__init__(name=own if name is None else name, dtype=dtype)
        self._settings = settings
        self.loss = self.LOSS(**settings)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        values = self.loss.values(y_true, y_pred)
        return values if self.SIGN == 1.0 else values * self.SIGN

    def mask(self, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        return self.loss.counted(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self._settings}


@registry.add("mse", "MSE")
class MeanSquaredError(LossMean):
    """Mean of squared errors; see :class:`nissl.losses.MeanSquaredError`.

    >>> MeanSquaredError()([[0.0], [0.0]], [[1.0], [3.0]]).item()
    5.0
    """

    LOSS = losses.MeanSquaredError


@registry.add("mae", "MAE")
class MeanAbsoluteError(LossMean):
    """Mean of absolute errors; see :class:`nissl.losses.MeanAbsoluteError`."""

    LOSS = losses.MeanAbsoluteError


@registry.add("mape", "MAPE")
class MeanAbsolutePercentageError(LossMean):
    """Mean of relative errors in percent; see :class:`nissl.losses.MeanAbsolutePercentageError`."""

    LOSS = losses.MeanAbsolutePercentageError


@registry.add("msle", "MSLE")
class MeanSquaredLogarithmicError(LossMean):
    """Mean squared logarithmic error; see :class:`nissl.losses.MeanSquaredLogarithmicError`."""

    LOSS = losses.MeanSquaredLogarithmicError


@registry.add()
class LogCoshError(LossMean):
    """Mean of ``log(cosh(error))``; see :class:`nissl.losses.LogCosh`."""

    LOSS = losses.LogCosh
    NAME = "logcosh"


@registry.add()
class Hinge(LossMean):
    """Mean of hinge losses; see :class:`nissl.losses.Hinge`."""

    LOSS = losses.Hinge


@registry.add()
class SquaredHinge(LossMean):
    """Mean of squared hinge losses; see :class:`nissl.losses.SquaredHinge`."""

    LOSS = losses.SquaredHinge


@registry.add()
class CategoricalHinge(LossMean):
    """Mean of categorical hinge losses; see :class:`nissl.losses.CategoricalHinge`."""

    LOSS = losses.CategoricalHinge


@registry.add("kld", "KLD")
class KLDivergence(LossMean):
    """Mean of divergences of Kullback and Leibler; see :class:`nissl.losses.KLDivergence`."""

    LOSS = losses.KLDivergence


@registry.add()
class Poisson(LossMean):
    """Mean of Poisson losses; see :class:`nissl.losses.Poisson`."""

    LOSS = losses.Poisson


@registry.add("bce", "BCE")
class BinaryCrossentropy(LossMean):
    """Mean binary crossentropy; see :class:`nissl.losses.BinaryCrossentropy`."""

    LOSS = losses.BinaryCrossentropy

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        settings = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        self._start(name, dtype, **settings)


@registry.add()
class CategoricalCrossentropy(LossMean):
    """Mean crossentropy of one-hot targets; see :class:`nissl.losses.CategoricalCrossentropy`."""

    LOSS = losses.CategoricalCrossentropy

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        settings = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        self._start(name, dtype, **settings)


@registry.add()
class SparseCategoricalCrossentropy(LossMean):
    """Mean crossentropy of labels; see :class:`nissl.losses.SparseCategoricalCrossentropy`.

    >>> m = SparseCategoricalCrossentropy()
    >>> round(m([1, 2], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]).item(), 5)
    1.17694
    """

    LOSS = losses.SparseCategoricalCrossentropy

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        axis: int = -1,
    ) -> None:
        if axis != -1:
            raise ArgumentError(
                f"SparseCategoricalCrossentropy: axis={axis}; the classes lie along the last axis, "
                "-1. Move them there with nissl.moveaxis."
            )
        self._start(name, dtype, from_logits=from_logits)
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@registry.add()
class CosineSimilarity(LossMean):
    """Mean cosine of the angle between targets and predictions: 1 for one direction.

    The loss of that name is its negative.

    >>> round(CosineSimilarity()([[3.0, 4.0]], [[6.0, 8.0]]).item(), 5)
    1.0
    """

    LOSS = losses.CosineSimilarity
    SIGN = -1.0

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1) -> None:
        self._start(name, dtype, axis=axis)


@registry.add("rmse", "RMSE")
class RootMeanSquaredError(PairMean):
    """Square root of the mean of squared errors.

    >>> RootMeanSquaredError()([[0.0], [0.0]], [[1.0], [7.0]]).item()
    5.0
    """

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        target, output = align("root_mean_squared_error", y_true, y_pred)
        wide = dtypes.float64  # in which no square of a float32 overflows
        return F.square(F.astype(output, wide) - F.astype(target, wide))

    def result(self) -> Tensor:
        return self.shown(F.sqrt(ratio(self.total.value, self.count.value)))


_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


@registry.add()
class R2Score(Metric):
    """Coefficient of determination, ``1 - sum((t - y)^2) / sum((t - mean(t))^2)``, of each output.

    1 is perfect; 0 is as good as always predicting the mean. Of constant targets it is 1 if the
    predictions are perfect and 0 otherwise; of no targets, or none with a weight, 0. Deviations are
    merged batch by batch, so that no digits are lost where the mean is large (Chan, Golub and
    LeVeque 1979, eq. 1.5).

    Args:
        class_aggregation: ``"uniform_average"`` of the outputs, ``"variance_weighted_average"``
            (the same where all targets are constant), or ``None`` for one number an output.
        num_regressors: how many inputs there are, to adjust the score for them; 0 to leave it.
        name: what its value is called in logs.
        dtype: dtype of the result.

    >>> round(R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]).item(), 5)
    0.57143
    """

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        who = type(self).__name__
        self.class_aggregation = one_of(who, "class_aggregation", class_aggregation, _AGGREGATIONS)
        self.num_regressors = whole(who, "num_regressors", num_regressors, least=0)
        self.num_samples = self.add_variable(name="num_samples")

    def build(self, y_shape: Shape, pred_shape: Shape) -> None:
        if len(self._variables) > 1:
            return
        outputs = pred_shape[-1:] if len(pred_shape) > 1 else (1,)
        self.mean = self.add_variable(outputs, name="mean")
        self.deviation = self.add_variable(outputs, name="deviation")
        self.residual = self.add_variable(outputs, name="residual")
        self.count = self.add_variable(outputs, name="count")

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> None:
        """Take in targets and predictions of shape ``(n, outputs)`` or ``(n,)``."""
        wide = dtypes.float64
        target, output = align("r2_score", F.asarray(y_true), self.taken(y_pred))
        target, output = F.astype(target, wide), F.astype(output, wide)
        if target.ndim == 1:
            target, output = F.expand_dims(target, -1), F.expand_dims(output, -1)
        if target.ndim != 2:
            raise ShapeError(f"r2_score takes one row a sample, not shape {target.shape}")
        self.build(target.shape, output.shape)
        if not target.shape[0]:
            return
        weights = F.ones(target.shape, wide)
        if sample_weight is not None:
            _, weights = weigh("r2_score", target, sample_weight)
        self._merge(target, weights)
        self.residual.assign_add(F.sum(weights * F.square(target - output), axis=0))
        self.num_samples.assign_add(float(target.size))

    def _merge(self, target: Tensor, weights: Tensor) -> None:
        """Take a batch's mean and deviation into those of all batches."""
        here = F.sum(weights, axis=0)
        # a mean is not outside what it is a mean of: so that equal targets deviate by 0
        counts = weights != 0
        least = F.min(F.where(counts, target, math.inf), axis=0)
        most = F.max(F.where(counts, target, -math.inf), axis=0)
        inside = F.minimum(F.maximum(ratio(F.sum(weights * target, axis=0), here), least), most)
        mean = F.where(here == 0, 0.0, inside)
        before, gap = self.count.value, mean - self.mean.value
        share = ratio(here, before + here)
        deviation = F.sum(weights * F.square(target - mean), axis=0)
        self.deviation.assign_add(deviation + F.square(gap) * before * share)
        self.mean.assign_add(gap * share)
        self.count.assign_add(here)

    def result(self) -> Tensor:
        if len(self._variables) == 1:
            return self.shown(F.asarray(0.0))
        total, residual = self.deviation.value, self.residual.value
        constant = total == 0.0
        perfect = F.astype((residual == 0.0) & (self.count.value != 0.0), total.dtype)
        scores = F.where(constant, perfect, 1.0 - residual / F.where(constant, 1.0, total))
        mean = F.mean(scores)
        if self.class_aggregation == "uniform_average":
            scores = mean
        elif self.class_aggregation is not None:
            spread = F.sum(total)
            scores = F.where(spread == 0.0, mean, ratio(F.sum(total * scores), spread))
        if not self.num_regressors:
            return self.shown(scores)
        samples = self.num_samples.value
        left = samples - (self.num_regressors + 1.0)
        enough = left > 0.0
        adjusted = 1.0 - (1.0 - scores) * (samples - 1.0) / F.where(enough, left, 1.0)
        return self.shown(F.where(enough, adjusted, scores))

    def get_config(self) -> dict[str, Any]:
        settings = {
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
        return {**super().get_config(), **settings}
