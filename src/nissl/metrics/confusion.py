"""Counts of right and wrong decisions, and what is made of them: precision, recall, F scores."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from nissl.arguments import number, one_of, optional, whole
from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.tensor import Shape, Tensor, TensorLike
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, ShapeError
from nissl.losses.base import align, computing_dtype, weigh
from nissl.metrics.base import DTYPE, NAME, Metric, ratio, registry
from nissl.settings import configured, setting

__all__ = [
    "Precision", "Recall", "TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives",
    "FBetaScore", "F1Score",
]  # fmt: skip

_EPSILON = 1e-7


def _weights(name: str, like: Tensor, sample_weight: TensorLike) -> Tensor | None:
    """Return weights in the shape of the predictions, or ``None`` for 1 each."""
    if sample_weight is None:
        return None
    return weigh(name, F.astype(like, dtypes.float64), sample_weight)[1]


def _thresholds(who: str, name: str, given: Any) -> float | list[float] | None:
    """Return thresholds as plain numbers from 0 to 1: one, or a list of them."""
    if given is None:
        return None
    listed = given.tolist() if isinstance(given, np.ndarray) else given
    if not isinstance(listed, list | tuple):
        return number(who, name, listed, least=0, most=1)
    if not listed:
        raise ArgumentError(f"{who}: {name} must not be empty")
    return [number(who, name, each, least=0, most=1) for each in listed]


def _among_first(output: Tensor, k: int) -> Tensor:
    """Say which are among the ``k`` largest along the last axis; of equal ones the first."""
    place = np.arange(output.shape[-1])
    here, other = F.expand_dims(output, -1), F.expand_dims(output, -2)
    earlier = place[None, :] < place[:, None]
    before = (other > here) | ((other == here) & earlier)  # (n, outputs, outputs)
    return F.sum(F.astype(before, "int32"), axis=-1) < k


@configured
class _Decisions(Metric):
    """Decisions are predictions above a threshold; a subclass counts some kinds of them."""

    KINDS: ClassVar[tuple[str, ...]]

    init_thresholds: Any = setting(_thresholds, default=None, alias="thresholds")
    top_k: int | None = setting(optional(whole), default=None, least=1)
    class_id: int | None = setting(optional(whole), default=None, least=0)
    name: Any = setting(NAME, default=None)
    dtype: Any = setting(DTYPE, default=None)

    def __post_init__(self) -> None:
        levels = self.init_thresholds
        if levels is None:
            levels = 0.5 if self.top_k is None else -np.inf
        self.thresholds = levels if isinstance(levels, list) else [levels]
        self.counts: dict[str, Variable] = {
            kind: self.add_variable((len(self.thresholds),), name=kind) for kind in self.KINDS
        }

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> None:
        """Take in targets (0 or 1) and predictions of one shape, ``(n,)`` or ``(n, outputs)``."""
        target, output = align(self.name, F.asarray(y_true), self.taken(y_pred))
        output = F.astype(output, computing_dtype(output))
        weights = _weights(self.name, output, sample_weight)
        if output.ndim < 2 and not (self.top_k is None and self.class_id is None):
            raise ShapeError(
                f"{self.name}: top_k={self.top_k} and class_id={self.class_id} choose among the "
                f"outputs of a sample, and predictions of shape {output.shape} have one a sample; "
                "they must have shape (n, outputs)"
            )
        if self.top_k is not None:
            output = F.where(_among_first(output, self.top_k), output, -np.inf)
        if self.class_id is not None:
            if self.class_id >= output.shape[-1]:
                raise ArgumentError(
                    f"{self.name}: class_id={self.class_id} of {output.shape[-1]} outputs"
                )
            target, output = target[..., self.class_id], output[..., self.class_id]
            weights = None if weights is None else weights[..., self.class_id]
        # thresholds lie along a first axis: (thresholds, all decisions)
        levels = np.asarray(self.thresholds).astype(output.dtype)[:, None]
        said = F.reshape(output, (1, -1)) > levels
        true = F.broadcast_to(F.reshape(F.astype(target, "bool"), (1, -1)), said.shape)
        for kind, count in self.counts.items():
            right, positive = kind.split("_")
            meant = said if positive == "positives" else ~said
            agrees = true if (right == "true") == (positive == "positives") else ~true
            each = F.astype(meant & agrees, count.dtype)
            if weights is not None:
                each = each * F.reshape(weights, (1, -1))
            count.assign_add(F.sum(each, axis=-1))

    def _one(self, value: Tensor) -> Tensor:
        return self.shown(value[0] if len(self.thresholds) == 1 else value)


@registry.add()
class Precision(_Decisions):
    """Share of right ones among positive decisions, ``TP / (TP + FP)``; 0 if there are none.

    Args:
        thresholds: predictions above it are positive decisions; several give several results.
            0.5 by default.
        top_k: only the ``top_k`` largest predictions of a sample can be positive decisions.
        class_id: look at this output only.
        name: what its value is called in logs.
        dtype: dtype of the result.

    >>> round(Precision()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).item(), 5)
    0.66667
    """

    KINDS = ("true_positives", "false_positives")

    def result(self) -> Tensor:
        right = self.counts["true_positives"].value
        return self._one(ratio(right, right + self.counts["false_positives"].value))


@registry.add()
class Recall(_Decisions):
    """Share of positive targets that are decided so, ``TP / (TP + FN)``; 0 if there are none.

    Arguments are those of :class:`Precision`.

    >>> round(Recall()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).item(), 5)
    0.66667
    """

    KINDS = ("true_positives", "false_negatives")

    def result(self) -> Tensor:
        right = self.counts["true_positives"].value
        return self._one(ratio(right, right + self.counts["false_negatives"].value))


@configured
class _Count(_Decisions):
    top_k: int | None = setting(init=False, default=None)
    class_id: int | None = setting(init=False, default=None)

    def result(self) -> Tensor:
        return self._one(self.counts[self.KINDS[0]].value)


@registry.add()
class TruePositives(_Count):
    """How many decisions are positive and right.

    >>> TruePositives()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).item()
    2.0
    """

    KINDS = ("true_positives",)


@registry.add()
class TrueNegatives(_Count):
    """How many decisions are negative and right."""

    KINDS = ("true_negatives",)


@registry.add()
class FalsePositives(_Count):
    """How many decisions are positive and wrong."""

    KINDS = ("false_positives",)


@registry.add()
class FalseNegatives(_Count):
    """How many decisions are negative and wrong."""

    KINDS = ("false_negatives",)


_AVERAGES = (None, "micro", "macro", "weighted")


@registry.add(name="FBetaScore")
class FBetaScore(Metric):
    """Weighted harmonic mean of precision ``p`` and recall ``r`` of each class.

    ``(1 + beta^2) p r / (beta^2 p + r)``, with 1e-7 added to each divisor, as Keras does.

    Args:
        average: ``"micro"`` (of all decisions together), ``"macro"`` (mean over classes),
            ``"weighted"`` (by how many targets a class has), or ``None`` for one number a class.
        beta: how much more recall counts than precision.
        threshold: predictions above it are positive decisions; by default the largest of a sample.
        name: what its value is called in logs.
        dtype: dtype of the result.
    """

    average: str | None = setting(one_of, default=None, allowed=_AVERAGES)
    beta: float = setting(number, default=1.0, above=0)
    threshold: float | None = setting(optional(number), default=None, above=0, most=1)
    name: Any = setting(NAME, default="fbeta_score")
    dtype: Any = setting(DTYPE, default=None)

    def __post_init__(self) -> None:
        self.counts: dict[str, Variable] = {}

    def build(self, y_shape: Shape, pred_shape: Shape) -> None:
        if not self.counts:
            shape = () if self.average == "micro" else pred_shape[-1:]
            kinds = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")
            self.counts = {kind: self.add_variable(shape, name=kind) for kind in kinds}

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> None:
        """Take in one-hot or multi-hot targets and predictions of shape ``(n, classes)``."""
        target, output = F.asarray(y_true, dtypes.float64), self.taken(y_pred)
        output = F.astype(output, computing_dtype(output))
        if target.shape != output.shape or target.ndim != 2:
            raise ShapeError(
                f"{self.name}: targets of shape {target.shape} and predictions of shape "
                f"{output.shape}; both must have shape (n, classes). For integer labels use "
                "nissl.utils.to_categorical(y) first."
            )
        self.build(target.shape, output.shape)
        if self.threshold is None:
            largest = F.max(output, axis=-1, keepdims=True)
            said = (output >= largest) & (F.abs(output) > 1e-9)
        else:
            said = output > self.threshold
        decided = F.astype(said, target.dtype)
        weights = _weights(self.name, output, sample_weight)
        axis = None if self.average == "micro" else 0
        kinds = {
            "true_positives": decided * target,
            "false_positives": decided * (1.0 - target),
            "false_negatives": (1.0 - decided) * target,
            "intermediate_weights": target,
        }
        for kind, each in kinds.items():
            weighted = each if weights is None else each * weights
            self.counts[kind].assign_add(F.sum(weighted, axis=axis))

    def result(self) -> Tensor:
        if not self.counts:
            return self.shown(F.asarray(0.0))
        right = self.counts["true_positives"].value
        precision = right / (right + self.counts["false_positives"].value + _EPSILON)
        recall = right / (right + self.counts["false_negatives"].value + _EPSILON)
        square = self.beta**2
        mean = precision * recall / (square * precision + recall + _EPSILON)
        score = mean * (1.0 + square)
        if self.average == "weighted":
            support = self.counts["intermediate_weights"].value
            return self.shown(F.sum(score * (support / (F.sum(support) + _EPSILON))))
        return self.shown(score if self.average is None else F.mean(score))


@registry.add()
class F1Score(FBetaScore):
    """Harmonic mean of precision and recall of each class, ``2 p r / (p + r)``.

    Arguments are those of :class:`FBetaScore`, whose ``beta`` is 1 here.

    >>> m = F1Score(average="macro", threshold=0.5)
    >>> round(m([[1, 1], [1, 0]], [[0.2, 0.6], [0.7, 0.6]]).item(), 4)
    0.6667
    """

    beta: float = setting(init=False, default=1.0)
    name: Any = setting(NAME, default="f1_score")
