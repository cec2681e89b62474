"""Loss: what all losses share. Shapes are aligned here, weights applied, samples reduced to one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nissl.arguments import function, named, one_of, optional
from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.ops.shapes import normalise_axis
from nissl.core.tensor import Tensor, TensorLike
from nissl.errors import AbstractMethodError, ArgumentTypeError, DTypeError, ShapeError
from nissl.losses import checks
from nissl.registry import Registry, own_name
from nissl.settings import Configured, configured, setting

__all__ = ["registry", "Loss", "LossFunctionWrapper"]

EPSILON = 1e-7  # Keras's backend.epsilon(): how far probabilities stay from 0 and 1
REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)

registry: Registry[Any] = Registry("loss", "keras.losses")


def align(name: str, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Return targets and predictions in one shape.

    Only a last axis of length 1 that the other lacks is added or removed; nothing broadcasts.
    """
    target, output = y_true.shape, y_pred.shape
    if target == output:
        return y_true, y_pred
    if output == (*target, 1):
        return _lengthen(y_true, y_pred)
    if target == (*output, 1):
        y_pred, y_true = _lengthen(y_pred, y_true)
        return y_true, y_pred
    raise ShapeError(checks.mismatch(name, target, output))


def _lengthen(short: Tensor, long: Tensor) -> tuple[Tensor, Tensor]:
    """Make both of one shape: rows get their axis, longer tensors lose theirs, as in Keras."""
    if short.ndim == 1:
        return F.reshape(short, long.shape), long
    return short, F.reshape(long, short.shape)


def _are_labels(y_true: Tensor, y_pred: Tensor) -> bool:
    """Whether targets of another shape can be labels, which a loss of the user's may want."""
    if checks.alike(y_true.shape, y_pred.shape):
        return False
    return dtypes.kind(y_true.dtype) == "integer"


def computing_dtype(y_pred: Tensor, wanted: Any = None) -> np.dtype[Any]:
    """The dtype in which a loss is computed: that of the predictions, but float32 at least."""
    if wanted is not None:
        return dtypes.as_dtype(wanted)
    if not dtypes.is_floating(y_pred.dtype):
        return dtypes.default_float()
    return dtypes.float32 if y_pred.dtype.itemsize < 4 else y_pred.dtype


def behind(y_pred: Tensor, op: str, axis: int | None = None) -> Tensor | None:
    """Return the logits that ``op`` made ``y_pred`` of, if it was the last thing done to them.

    A loss that sees the logits of a softmax or a sigmoid needs no logarithm of a rounded number,
    and its gradient is ``probability - target`` without division.

    Args:
        y_pred: predictions.
        op: ``"softmax"`` or ``"sigmoid"``.
        axis: along which the softmax must have gone.
    """
    equation = y_pred.equation
    if equation is None:
        return None
    if equation.op.name == op:
        if axis is not None and equation.params["axis"] != normalise_axis(op, axis, y_pred.ndim):
            return None
        return equation.inputs[0]
    if equation.op.name == "astype" or (equation.op.name == "reshape" and axis is None):
        logits = behind(equation.inputs[0], op, axis)
        if logits is None:
            return None
        return F.reshape(F.astype(logits, y_pred.dtype), y_pred.shape)
    return None


def weigh(name: str, values: Tensor, sample_weight: TensorLike) -> tuple[Tensor, Tensor]:
    """Return weighted values, and the weights in the shape of the values.

    Weights have the leading axes of the values: one a sample, or one a sample and time step.
    """
    weights = F.asarray(sample_weight, values.dtype)
    given = weights.shape
    if given[-1:] == (1,) and given != values.shape[: len(given)]:
        given = given[:-1]
    if given != values.shape[: len(given)]:
        advice = f"give one weight a sample, shape {values.shape[:1]}"
        if not values.ndim:
            advice = "targets and predictions need a last axis, e.g. of length 1, to be samples"
        raise ShapeError(
            f"{name}: sample_weight has shape {weights.shape}, and what it weighs has shape "
            f"{values.shape}; {advice}"
        )
    rest = (1,) * (values.ndim - len(given))
    weights = F.broadcast_to(F.reshape(weights, (*given, *rest)), values.shape)
    return values * weights, weights


def named_dtype(who: str, name: str, dtype: Any) -> np.dtype[Any] | None:
    """Return the floating dtype that a name means, or a policy, as newer files of Keras have it."""
    if isinstance(dtype, Mapping):
        settings: Any = dtype.get("config")
        dtype = settings.get("name") if isinstance(settings, Mapping) else None
    if dtype is None:
        return None
    chosen = dtypes.as_dtype(dtype)
    if not dtypes.is_floating(chosen):
        raise DTypeError(f"{who}: {name} is a floating one, not {chosen.name}")
    return chosen


@configured
class Loss(Configured):
    """A measure of how far predictions are from targets, to be made small.

    A subclass defines :meth:`call`, which gives one number a sample; calling the loss reduces them
    to one. With weights ``w`` the result is ``sum(w_i * l_i) / n``: divided by the number of
    samples, not by the sum of the weights.

    Args:
        name: by default the class's name in snake case.
        reduction: ``"sum_over_batch_size"`` (the mean; ``"mean"`` is the same), ``"sum"``,
            ``"mean_with_sample_weight"`` (divided by the sum of the weights instead), or ``None``
            or ``"none"`` for one number a sample.
        dtype: dtype to compute in; that of the predictions by default, but ``float32`` at least.

    Raises:
        ShapeError: when called with targets and predictions whose shapes differ by more than a
            last axis of length 1. Nothing is broadcast.

    >>> class Cubed(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return F.mean(F.abs(y_true - y_pred) ** 3, axis=-1)
    >>> Cubed()([[0.0], [1.0]], [[1.0], [3.0]]).item()
    4.5
    """

    name: str | None = setting(own_name, default=None, kw_only=True)
    reduction: str | None = setting(
        one_of, default="sum_over_batch_size", allowed=REDUCTIONS, kw_only=True
    )
    dtype: Any = setting(named_dtype, default=None, kw_only=True, saved=False, shown=False)

    # ---- for subclasses ---------------------------------------------------------------------
    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return one loss a sample.

        Both arguments have the same shape and a floating dtype; only integer targets of another
        shape, which can be labels, come as they were given.
        """
        raise AbstractMethodError(f"{type(self).__name__} must define call(y_true, y_pred)")

    def prepare(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        """Align shapes and dtypes before :meth:`call`."""
        if _are_labels(y_true, y_pred):
            return y_true, y_pred
        dtype = computing_dtype(y_pred, self.dtype)
        y_true, y_pred = align(self._label, y_true, y_pred)
        return F.astype(y_true, dtype), F.astype(y_pred, dtype)

    def mask(self, y_true: Tensor) -> Tensor | None:
        """Say which samples count (True), in the shape of the losses; ``None`` means all.

        Targets come as :meth:`prepare` left them.
        """
        return None

    # ---- what is called ---------------------------------------------------------------------
    @property
    def _label(self) -> str:
        return self.name or type(self).__name__

    def values(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
        """Return the loss of each sample, unweighted and not reduced; 0 where none counts."""
        return self._values(y_true, y_pred)[0]

    def counted(self, y_true: TensorLike, y_pred: TensorLike) -> Tensor | None:
        """Say which of the :meth:`values` count (True); ``None`` means all."""
        if type(self).mask is Loss.mask:
            return None
        return self.mask(self.prepare(F.asarray(y_true), F.asarray(y_pred))[0])

    def _values(self, y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor | None]:
        target, output = self.prepare(F.asarray(y_true), F.asarray(y_pred))
        values, mask = self.call(target, output), self.mask(target)
        return (values, None) if mask is None else (F.where(mask, values, 0.0), mask)

    def __call__(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> Tensor:
        """Return the loss of a batch, reduced to one number.

        Args:
            y_true: targets.
            y_pred: predictions, of the same shape.
            sample_weight: one weight a sample, shape ``(n,)``, or 1 for each.
        """
        values, mask = self._values(y_true, y_pred)
        weights = None if mask is None else F.astype(mask, values.dtype)
        if sample_weight is not None:
            values, given = weigh(self._label, values, sample_weight)
            weights = given if weights is None else weights * given
        return self._reduce(values, weights, mask)

    def _reduce(self, values: Tensor, weights: Tensor | None, mask: Tensor | None) -> Tensor:
        if self.reduction in (None, "none"):
            return values
        total = F.sum(values)
        if self.reduction == "sum":
            return total
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            count = F.sum(weights)
        elif mask is not None:
            count = F.sum(F.astype(mask, values.dtype))
        else:
            return total / float(math.prod(values.shape)) if values.size else total
        empty = count == 0
        return F.where(empty, 0.0, total / F.where(empty, 1.0, count))

    def check_targets(
        self, y: np.ndarray[Any, Any], output_shape: tuple[int | None, ...], name: str = "y"
    ) -> None:
        """Refuse targets that this loss cannot mean; once, on the host, before training.

        Args:
            y: all targets.
            output_shape: shape of the predictions; its first length is not looked at.
            name: what to call the targets in a message.

        Raises:
            DataError: for a value outside what the loss allows; it names the row and the value.
            ShapeError: for targets that do not fit the predictions.
        """
        checks.numeric(self._label, name, y)
        checks.finite(self._label, name, y)


class PairLoss(Loss):
    """A loss whose targets always have the shape of the predictions, of whatever dtype they are."""

    def prepare(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        dtype = computing_dtype(y_pred, self.dtype)
        y_true, y_pred = align(self._label, y_true, y_pred)
        return F.astype(y_true, dtype), F.astype(y_pred, dtype)

    def check_targets(
        self, y: np.ndarray[Any, Any], output_shape: tuple[int | None, ...], name: str = "y"
    ) -> None:
        checks.numeric(self._label, name, y)
        checks.shape(self._label, name, y, output_shape)
        checks.finite(self._label, name, y)


@configured
class LossFunctionWrapper(Loss):
    """A loss whose samples a function computes.

    Args:
        fn: called with targets and predictions of one shape; returns one number a sample.
        name: the function's own by default.

    >>> LossFunctionWrapper(lambda t, y: F.mean(F.abs(t - y), axis=-1))([[1.0]], [[3.0]]).item()
    2.0
    """

    name: str | None = setting(optional(named), default=None, kw_only=True)
    fn: Callable[..., Any] = setting(function)

    def __post_init__(self) -> None:
        if self.name is None:
            self.name = str(getattr(self.fn, "__name__", type(self.fn).__name__))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return F.asarray(self.fn(y_true, y_pred))

    def get_config(self) -> dict[str, Any]:
        raise ArgumentTypeError(
            f"the loss {self.name!r} is a function of your own, and cannot be written to a file; "
            "make it a class derived from nissl.losses.Loss and register it with "
            "nissl.losses.registry.add()"
        )
