"""Losses of probabilities: crossentropies and the divergence of Kullback and Leibler.

Given the output of a softmax or a sigmoid, they compute with the logits behind it: exact where a
probability rounds to 0 or 1, and with the gradient ``probability - target``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nissl.arguments import flag, number, optional, whole
from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.ops.shapes import normalise_axis
from nissl.core.tensor import Tensor
from nissl.errors import ArgumentError, ShapeError
from nissl.losses import checks
from nissl.losses.base import (
    EPSILON,
    Loss,
    PairLoss,
    behind,
    computing_dtype,
    registry,
)
from nissl.settings import setting

__all__ = [
    "BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy",
    "KLDivergence", "crossentropy_for", "Crossentropy",
]  # fmt: skip


def last_axis(who: str, name: str, value: Any) -> int:
    """Check an axis that can only be the last."""
    if whole(who, name, value) != -1:
        raise ArgumentError(
            f"{who}: {name}={value}; the classes must lie along the last axis, -1. Move them there "
            "with nissl.moveaxis."
        )
    return -1


def _shifted(logits: Tensor, axis: int) -> Tensor:
    """Logits less their largest, so that ``exp`` does not overflow; softmax stays the same."""
    peak = F.max(logits, axis=axis, keepdims=True)
    return logits - F.stop_gradient(F.where(F.isfinite(peak), peak, 0.0))


def _clipped(p: Tensor) -> Tensor:
    return F.clip(p, EPSILON, 1.0 - EPSILON)


@registry.add("bce", "BCE")
class BinaryCrossentropy(PairLoss):
    r"""Mean of ``-t_k log(p_k) - (1 - t_k) log(1 - p_k)``.

    Computed from logits ``x`` as ``max(x, 0) - x t + log(1 + exp(-|x|))``. Probabilities whose
    sigmoid cannot be seen are held between 1e-7 and 1 - 1e-7, with derivative 0 beyond.

    Args:
        from_logits: whether predictions are logits rather than probabilities.
        label_smoothing: ``s`` in [0, 1] moves targets to ``t (1 - s) + s / 2``.
        axis: along which the mean is taken.

    >>> round(BinaryCrossentropy()([[1.0]], [[0.5]]).item(), 6)
    0.693147
    """

    from_logits: bool = setting(flag, default=False)
    label_smoothing: float = setting(number, default=0.0, least=0, most=1)
    axis: int = setting(whole, default=-1)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        if self.label_smoothing:
            y_true = y_true * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing
        logits = y_pred if self.from_logits else behind(y_pred, "sigmoid")
        if logits is None:
            p = _clipped(y_pred)
            each = -(y_true * F.log(p) + (1.0 - y_true) * F.log(1.0 - p))
        else:
            # both branches are the same smooth function, so that every derivative is right at 0
            right = logits >= 0.0
            each = F.where(right, logits, 0.0) - logits * y_true
            each = each + F.softplus(F.where(right, -logits, logits))
        return F.mean(each, axis=self.axis)

    def check_targets(
        self, y: np.ndarray[Any, Any], output_shape: tuple[int | None, ...], name: str = "y"
    ) -> None:
        super().check_targets(y, output_shape, name)
        advice = "For several classes use sparse_categorical_crossentropy; for -1 and 1, hinge."
        checks.probabilities(self._label, name, y, advice)


@registry.add()
class CategoricalCrossentropy(PairLoss):
    r"""``-sum_k t_k log(p_k)``, for targets that are one-hot or distributions.

    Probabilities whose softmax cannot be seen are divided by their sum and held between 1e-7 and
    1 - 1e-7, with derivative 0 beyond.

    Args:
        from_logits: whether predictions are logits rather than probabilities.
        label_smoothing: ``s`` in [0, 1] moves targets to ``t (1 - s) + s / K``.
        axis: the axis of the classes.

    >>> round(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]).item(), 6)
    0.693147
    """

    from_logits: bool = setting(flag, default=False)
    label_smoothing: float = setting(number, default=0.0, least=0, most=1)
    axis: int = setting(whole, default=-1)

    def prepare(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        if y_true.shape != y_pred.shape:
            raise ShapeError(checks.mismatch(self._label, y_true.shape, y_pred.shape))
        return super().prepare(y_true, y_pred)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        axis = normalise_axis(self._label, self.axis, y_pred.ndim)
        if self.label_smoothing:
            classes = y_pred.shape[axis]
            y_true = y_true * (1.0 - self.label_smoothing) + self.label_smoothing / classes
        logits = y_pred if self.from_logits else behind(y_pred, "softmax", axis)
        if logits is None:
            p = _clipped(y_pred / F.sum(y_pred, axis=axis, keepdims=True))
            log_p = F.log(p)
        else:
            log_p = F.log_softmax(logits, axis=axis)
        # a class that the target excludes costs nothing, also when its log(p) is -inf
        return -F.sum(F.where(y_true == 0.0, 0.0, y_true * log_p), axis=axis)

    def check_targets(
        self, y: np.ndarray[Any, Any], output_shape: tuple[int | None, ...], name: str = "y"
    ) -> None:
        checks.numeric(self._label, name, y)
        if y.shape[1:] != tuple(output_shape[1:]):
            shape = (len(y), *output_shape[1:])
            raise ShapeError(checks.mismatch(self._label, y.shape, shape, name))
        checks.finite(self._label, name, y)
        advice = "For integer labels use sparse_categorical_crossentropy."
        checks.probabilities(self._label, name, y, advice)
        checks.distributions(self._label, name, y, self.axis)


@registry.add()
class SparseCategoricalCrossentropy(Loss):
    r"""``-log(p_t)`` of the class ``t`` that an integer label names.

    Labels have the shape of the predictions without their last axis, or with a last axis of length
    1; any integer dtype, or whole numbers in a floating one. Probabilities are treated as in
    :class:`CategoricalCrossentropy`.

    Args:
        from_logits: whether predictions are logits rather than probabilities.
        ignore_class: a label whose samples do not count, e.g. -1 or 255.
        axis: of the classes; always the last, -1.

    Raises:
        ArgumentError: for another ``axis``.

    >>> round(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]).item(), 6)
    0.693147
    """

    from_logits: bool = setting(flag, default=False)
    ignore_class: int | None = setting(optional(whole), default=None)
    axis: int = setting(last_axis, default=-1, kw_only=True, saved=False, shown=False)

    def prepare(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        labels = labels_for(self._label, y_true, y_pred)
        if y_true.value is not None and y_true.ndim:  # in a trace there are none; fit has looked
            given = np.asarray(y_true.value)
            checks.labels(self._label, "y_true", given, y_pred.shape, self.ignore_class)
        return labels, y_pred

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        hit = F.expand_dims(y_true, -1) == np.arange(y_pred.shape[-1], dtype=y_true.dtype)
        dtype = computing_dtype(y_pred, self.dtype)
        logits = y_pred if self.from_logits else behind(y_pred, "softmax", -1)
        if logits is None:
            y_pred = F.astype(y_pred, dtype)
            p = F.sum(F.where(hit, y_pred, 0.0), axis=-1) / F.sum(y_pred, axis=-1)
            return -F.log(_clipped(p))
        shifted = _shifted(F.astype(logits, dtype), -1)
        # the label's logit is picked before the logarithm: one a sample, and nothing to scatter
        picked = F.sum(F.where(hit, shifted, 0.0), axis=-1)
        return F.log(F.sum(F.exp(shifted), axis=-1)) - picked

    def mask(self, y_true: Tensor) -> Tensor | None:
        if self.ignore_class is None:
            return None
        return y_true != self.ignore_class

    def check_targets(
        self, y: np.ndarray[Any, Any], output_shape: tuple[int | None, ...], name: str = "y"
    ) -> None:
        checks.numeric(self._label, name, y)
        checks.labels(self._label, name, y, output_shape, self.ignore_class)


def labels_for(name: str, y_true: Tensor, y_pred: Tensor) -> Tensor:
    """Return integer labels in the shape of the predictions without their last axis."""
    wanted = y_pred.shape[:-1]
    if y_true.shape == (*wanted, 1) and y_pred.ndim:
        y_true = F.reshape(y_true, wanted)
    if y_true.shape != wanted or not y_pred.ndim:
        hint = ""
        if y_true.shape == y_pred.shape:
            hint = " For one-hot rows use the categorical one, without sparse_."
        raise ShapeError(
            f"{name}: targets of shape {y_true.shape} and predictions of shape {y_pred.shape} do "
            f"not fit; labels are one integer a sample, shape {wanted} or {(*wanted, 1)}.{hint}"
        )
    if dtypes.is_floating(y_true.dtype):
        return y_true if y_true.dtype.itemsize >= 4 else F.astype(y_true, dtypes.float32)
    return F.astype(y_true, dtypes.int32)


@registry.add("kld", "KLD")
class KLDivergence(PairLoss):
    """``sum_k t_k log(t_k / y_k)``; both are held between 1e-7 and 1 (Kullback and Leibler 1951).

    >>> KLDivergence()([[0.0, 1.0]], [[0.0, 1.0]]).item()
    0.0
    """

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        t, y = F.clip(y_true, EPSILON, 1.0), F.clip(y_pred, EPSILON, 1.0)
        return F.sum(t * F.log(t / y), axis=-1)

    def check_targets(
        self, y: np.ndarray[Any, Any], output_shape: tuple[int | None, ...], name: str = "y"
    ) -> None:
        super().check_targets(y, output_shape, name)
        checks.probabilities(self._label, name, y, "Divide each row by its sum.")


def crossentropy_for(y_shape: tuple[int | None, ...], pred_shape: tuple[int | None, ...]) -> str:
    """Say which crossentropy fits: ``"binary"``, ``"sparse_categorical"`` or ``"categorical"``.

    >>> crossentropy_for((32,), (32, 10))
    'sparse_categorical'
    """
    if not pred_shape or pred_shape[-1] == 1 or (len(pred_shape) == 1 and len(y_shape) == 1):
        return "binary"
    sparse = len(y_shape) < len(pred_shape) or y_shape[-1] == 1
    return "sparse_categorical" if sparse else "categorical"


@registry.add("ce")
class Crossentropy(Loss):
    """The crossentropy that the shapes ask for: binary, sparse categorical or categorical.

    Binary for one prediction a sample, sparse for labels, categorical otherwise. Nissl's own class;
    Keras knows only its name, ``"crossentropy"``.

    >>> round(Crossentropy()([1], [[0.5, 0.5]]).item(), 6)
    0.693147
    """

    from_logits: bool = setting(flag, default=False)

    def chosen(self, y_shape: tuple[int, ...], pred_shape: tuple[int | None, ...]) -> Loss:
        """Return the crossentropy that targets and predictions of these shapes ask for."""
        kinds = {
            "binary": BinaryCrossentropy,
            "sparse_categorical": SparseCategoricalCrossentropy,
            "categorical": CategoricalCrossentropy,
        }
        kind = kinds[crossentropy_for(y_shape, pred_shape)]
        return kind(from_logits=self.from_logits, dtype=self.dtype)

    def prepare(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        return y_true, y_pred

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.chosen(y_true.shape, y_pred.shape).values(y_true, y_pred)

    def check_targets(
        self, y: np.ndarray[Any, Any], output_shape: tuple[int | None, ...], name: str = "y"
    ) -> None:
        self.chosen(y.shape, output_shape).check_targets(y, output_shape, name)
