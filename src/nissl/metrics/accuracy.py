"""Accuracies: how often predictions are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from nissl.arguments import flag, number, whole
from nissl.core import functions as F
from nissl.core.tensor import Tensor, TensorLike
from nissl.errors import ShapeError
from nissl.losses.base import align, behind
from nissl.losses.checks import mismatch
from nissl.losses.probabilistic import labels_for
from nissl.metrics.base import DTYPE, NAME, PairMean, functions, registry
from nissl.settings import setting

__all__ = [
    "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy", "top_k_categorical_accuracy", "Accuracy", "BinaryAccuracy",
    "CategoricalAccuracy", "SparseCategoricalAccuracy", "TopKCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
]  # fmt: skip


def _tensors(y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
    return F.asarray(y_true), F.asarray(y_pred)


def _scores(y_pred: Tensor) -> Tensor:
    """Return logits where they can be seen: their order is that of the probabilities."""
    logits = behind(y_pred, "softmax", -1)
    return y_pred if logits is None else logits


def _hit(labels: Tensor, classes: int) -> Tensor:
    """Return True where the class is the label's, along a new last axis."""
    return F.expand_dims(labels, -1) == np.arange(classes, dtype=labels.dtype)


def _first_of_largest(scores: Tensor, like: Tensor) -> Tensor:
    """Return argmax along the last axis; the first of tied ones, in the labels' dtype."""
    return F.astype(F.argmax(scores, axis=-1), like.dtype)


@functions.add()
def accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 1 where a prediction equals its target, and 0 elsewhere."""
    target, output = align("accuracy", *_tensors(y_true, y_pred))
    return F.astype(target == output, "float32")


@functions.add()
def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Tensor:
    """Return 1 where ``y_pred > threshold`` equals a target of 0 or 1, and 0 elsewhere."""
    target, output = align("binary_accuracy", *_tensors(y_true, y_pred))
    return F.astype(F.astype(output > threshold, target.dtype) == target, "float32")


@functions.add()
def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 1 where the largest prediction is at the largest target, and 0 elsewhere."""
    target, output = _tensors(y_true, y_pred)
    if target.shape != output.shape:
        raise ShapeError(mismatch("categorical_accuracy", target.shape, output.shape))
    right = F.argmax(target, axis=-1) == F.argmax(_scores(output), axis=-1)
    return F.astype(right, "float32")


@functions.add()
def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 1 where the largest prediction is at the label, and 0 elsewhere."""
    target, output = _tensors(y_true, y_pred)
    labels = labels_for("sparse_categorical_accuracy", target, output)
    return F.astype(_first_of_largest(_scores(output), labels) == labels, "float32")


@functions.add()
def sparse_top_k_categorical_accuracy(
    y_true: TensorLike, y_pred: TensorLike, k: int = 5, from_sorted_ids: bool = False
) -> Tensor:
    """Return 1 where fewer than ``k`` predictions are above the label's, and 0 elsewhere.

    Args:
        y_true: integer labels, shape ``(n,)``.
        y_pred: scores, shape ``(n, classes)``; or classes, best first, shape ``(n, k or more)``.
        k: how many predictions may contain the label.
        from_sorted_ids: whether ``y_pred`` holds classes rather than scores.
    """
    target, output = _tensors(y_true, y_pred)
    labels = labels_for("sparse_top_k_categorical_accuracy", target, output)
    if from_sorted_ids:
        return F.astype(F.any(F.expand_dims(labels, -1) == output[..., :k], axis=-1), "float32")
    return _among_best(_hit(labels, output.shape[-1]), output, k)


def _among_best(hit: Tensor, output: Tensor, k: int) -> Tensor:
    own = F.sum(F.where(hit, output, 0.0), axis=-1, keepdims=True)
    better = F.sum(F.astype(output > own, "int32"), axis=-1)
    return F.astype((better < k) & F.isfinite(F.squeeze(own, -1)), "float32")


@functions.add()
def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Tensor:
    """Return 1 where fewer than ``k`` predictions are above the largest target's, else 0."""
    target, output = _tensors(y_true, y_pred)
    if target.shape != output.shape:
        raise ShapeError(mismatch("top_k_categorical_accuracy", target.shape, output.shape))
    return _among_best(_hit(F.argmax(target, axis=-1), output.shape[-1]), output, k)


@registry.add()
class Accuracy(PairMean):
    """How often predictions equal targets.

    >>> Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]).item()
    0.75
    """

    name: Any = setting(NAME, default="accuracy")
    dtype: Any = setting(DTYPE, default=None)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return accuracy(y_true, y_pred)


@registry.add()
class BinaryAccuracy(PairMean):
    """How often a prediction above the threshold meets a target of 1, or below it one of 0.

    Args:
        name: what its value is called in logs.
        dtype: dtype of the result.
        threshold: predictions above it mean 1.

    >>> BinaryAccuracy()([[1], [1], [0], [0]], [[0.98], [1.0], [0.0], [0.6]]).item()
    0.75
    """

    name: Any = setting(NAME, default="binary_accuracy")
    dtype: Any = setting(DTYPE, default=None)
    threshold: float = setting(number, default=0.5, above=0, below=1)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return binary_accuracy(y_true, y_pred, self.threshold)


@registry.add()
class CategoricalAccuracy(PairMean):
    """How often the largest prediction is at the largest target.

    >>> CategoricalAccuracy()([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]]).item()
    0.5
    """

    name: Any = setting(NAME, default="categorical_accuracy")
    dtype: Any = setting(DTYPE, default=None)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return categorical_accuracy(y_true, y_pred)


@registry.add()
class SparseCategoricalAccuracy(PairMean):
    """How often the largest prediction is at the label.

    >>> SparseCategoricalAccuracy()([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]]).item()
    0.5
    """

    name: Any = setting(NAME, default="sparse_categorical_accuracy")
    dtype: Any = setting(DTYPE, default=None)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return sparse_categorical_accuracy(y_true, y_pred)


@registry.add()
class TopKCategoricalAccuracy(PairMean):
    """How often the largest target is among the ``k`` largest predictions.

    >>> TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.1, 0.9, 0.8]]).item()
    1.0
    """

    k: int = setting(whole, default=5, least=1)
    name: Any = setting(NAME, default="top_k_categorical_accuracy")
    dtype: Any = setting(DTYPE, default=None)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return top_k_categorical_accuracy(y_true, y_pred, self.k)


@registry.add()
class SparseTopKCategoricalAccuracy(PairMean):
    """How often the label is among the ``k`` largest predictions.

    >>> SparseTopKCategoricalAccuracy(k=2)([2, 0], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.9]]).item()
    0.5
    """

    k: int = setting(whole, default=5, least=1)
    name: Any = setting(NAME, default="sparse_top_k_categorical_accuracy")
    dtype: Any = setting(DTYPE, default=None)
    from_sorted_ids: bool = setting(flag, default=False)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return sparse_top_k_categorical_accuracy(y_true, y_pred, self.k, self.from_sorted_ids)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if not self.from_sorted_ids:
            del config["from_sorted_ids"]  # as Keras writes it
        return config
