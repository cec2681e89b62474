"""Means of losses, as metrics; and what is left of regression."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from nissl import losses
from nissl.arguments import flag, number, one_of, whole
from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.tensor import Shape, Tensor, TensorLike
from nissl.errors import ShapeError
from nissl.losses.base import align, weigh
from nissl.losses.probabilistic import last_axis
from nissl.metrics.base import DTYPE, NAME, Metric, PairMean, ratio, registry
from nissl.registry import own_name
from nissl.settings import configured, setting

__all__ = [
    "MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError", "LogCoshError", "Hinge", "SquaredHinge", "CategoricalHinge",
    "KLDivergence", "Poisson", "BinaryCrossentropy", "CategoricalCrossentropy",
    "SparseCategoricalCrossentropy", "CosineSimilarity", "RootMeanSquaredError", "R2Score",
]  # fmt: skip


@configured
class LossMean(PairMean):
    """The mean over samples of a loss; its settings are the loss's own."""

    LOSS: ClassVar[type[losses.Loss]]
    SIGN: ClassVar[float] = 1.0
    name: Any = setting(own_name, default=None)
    dtype: Any = setting(DTYPE, default=None)

    @property
    def loss(self) -> losses.Loss:
        """The loss, with these settings."""
        own = self.settings.keys() - LossMean.settings.keys()
        return self.LOSS(**{name: getattr(self, name) for name in own})

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        values = self.loss.values(y_true, y_pred)
        return values if self.SIGN == 1.0 else values * self.SIGN

    def mask(self, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        return self.loss.counted(y_true, y_pred)


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
    name: Any = setting(own_name, default="logcosh")


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

    from_logits: bool = setting(flag, default=False)
    label_smoothing: float = setting(number, default=0.0, least=0, most=1)


@registry.add()
class CategoricalCrossentropy(LossMean):
    """Mean crossentropy of one-hot targets; see :class:`nissl.losses.CategoricalCrossentropy`."""

    LOSS = losses.CategoricalCrossentropy

    from_logits: bool = setting(flag, default=False)
    label_smoothing: float = setting(number, default=0.0, least=0, most=1)
    axis: int = setting(whole, default=-1)


@registry.add()
class SparseCategoricalCrossentropy(LossMean):
    """Mean crossentropy of labels; see :class:`nissl.losses.SparseCategoricalCrossentropy`.

    >>> m = SparseCategoricalCrossentropy()
    >>> round(m([1, 2], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]).item(), 5)
    1.17694
    """

    LOSS = losses.SparseCategoricalCrossentropy

    from_logits: bool = setting(flag, default=False)
    axis: int = setting(last_axis, default=-1)


@registry.add()
class CosineSimilarity(LossMean):
    """Mean cosine of the angle between targets and predictions: 1 for one direction.

    The loss of that name is its negative.

    >>> round(CosineSimilarity()([[3.0, 4.0]], [[6.0, 8.0]]).item(), 5)
    1.0
    """

    LOSS = losses.CosineSimilarity
    SIGN = -1.0

    axis: int = setting(whole, default=-1)


@registry.add("rmse", "RMSE")
class RootMeanSquaredError(PairMean):
    """Square root of the mean of squared errors.

    >>> RootMeanSquaredError()([[0.0], [0.0]], [[1.0], [7.0]]).item()
    5.0
    """

    name: Any = setting(NAME, default="root_mean_squared_error")
    dtype: Any = setting(DTYPE, default=None)

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

    class_aggregation: str | None = setting(
        one_of, default="uniform_average", allowed=_AGGREGATIONS
    )
    num_regressors: int = setting(whole, default=0, least=0)
    name: Any = setting(NAME, default="r2_score")
    dtype: Any = setting(DTYPE, default=None)

    def __post_init__(self) -> None:
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
