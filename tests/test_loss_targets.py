"""Targets that a loss cannot mean are refused on the host, with the row and the value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nissl import losses
from nissl.errors import DataError, ShapeError

SPARSE = "sparse_categorical_crossentropy"


@pytest.mark.parametrize(
    ("loss", "targets", "width", "text"),
    [
        (
            "mse",
            np.array([[1.0], [np.nan]]),
            1,
            r"y\[1\] has the value nan; targets must be finite",
        ),
        ("mse", np.array([1.0, np.inf, -np.inf]), 1, r"y\[1\] has the value inf \(2 such"),
        ("mse", np.array(["a", "b"]), 1, r"must hold numbers, not str.*unique"),
        ("mse", np.array([None, 1]), 1, "must hold numbers, not object"),
        (SPARSE, np.array([0, 9, 10]), 10, r"y\[2\].*10; labels must lie between 0 and 9, since"),
        (SPARSE, np.array([[0], [-1]]), 10, r"y\[1\] has the value -1;"),
        (SPARSE, np.array([0.0, 0.5]), 10, r"y\[1\].*0.5; labels must be whole numbers. Is this"),
        (SPARSE, np.array([0.0, np.nan]), 10, r"y\[1\].*nan"),
        ("bce", np.array([-1.0, 1.0]), 1, r"y\[0\] has the value -1.0; .*between 0 and 1.*hinge"),
        ("bce", np.array([0, 1, 2]), 1, r"y\[2\] has the value 2; "),
        ("categorical_crossentropy", np.eye(3) * 7, 3, r"y\[0\] has the value 7.0 \(3 such"),
        ("categorical_crossentropy", np.array([[0, 1.0], [1, 1]]), 2, r"y\[1\] adds up to 2;"),
        ("kld", np.array([[0.5, 0.5], [2.0, 1.0]]), 2, r"y\[1\] has the value 2.0"),
        ("poisson", np.array([1, -2]), 1, r"y\[1\] has the value -2; targets must be at least 0"),
        ("hinge", np.array([1, -1, 0]), 1, r"y\[2\] has the value 0; targets must all be -1 or 1"),
        ("squared_hinge", np.array([1, 0, 3]), 1, r"y\[2\].*3; targets must all be 0 or 1"),
        ("ce", np.array([0, 3]), 3, r"y\[1\] has the value 3; labels must lie between 0 and 2"),
    ],
)
def test_bad_targets(loss: str, targets: Any, width: int, text: str) -> None:
    with pytest.raises(DataError, match=text):
        losses.get(loss).check_targets(targets, (None, width), "y")


@pytest.mark.parametrize(
    ("loss", "targets", "width"),
    [
        ("mse", np.arange(3), 1),
        ("mse", np.zeros((3, 1)), 1),
        (SPARSE, np.array([0, 9], np.uint8), 10),
        (SPARSE, np.array([[0.0], [9.0]]), 10),
        (SPARSE, np.array([True, False]), 2),
        ("bce", np.array([True, False]), 1),
        ("bce", np.array([0.0, 0.3, 1.0]), 1),
        ("categorical_crossentropy", np.array([[0.3, 0.7]]), 2),
        ("hinge", np.array([-1, 1, 1]), 1),
        ("poisson", np.array([0, 4], np.uint8), 1),
        ("mse", np.zeros((0, 1)), 1),
        (SPARSE, np.zeros(0, int), 3),
    ],
)
def test_good_targets(loss: str, targets: Any, width: int) -> None:
    losses.get(loss).check_targets(targets, (None, width))


def test_ignored_labels_are_good_targets() -> None:
    loss = losses.SparseCategoricalCrossentropy(ignore_class=255)
    loss.check_targets(np.array([0, 255, 2]), (None, 3))
    with pytest.raises(DataError, match=r"labels\[1\] has the value 254"):
        loss.check_targets(np.array([255, 254]), (None, 3), "labels")


@pytest.mark.parametrize(
    ("loss", "shape", "output", "text"),
    [
        ("mse", (5,), (None, 3), r"y of shape \(5,\) and predictions of shape \(5, 3\) do not fit"),
        ("categorical_crossentropy", (5,), (None, 3), r"sparse_categorical_crossentropy"),
        ("categorical_crossentropy", (5, 1), (None, 3), r"to_categorical"),
        (SPARSE, (5, 3), (None, 3), "one-hot rows are for categorical_"),
        (SPARSE, (5, 2), (None, 3), r"one integer a sample, shape \(5,"),
    ],
)
def test_targets_of_a_wrong_shape(loss: str, shape: Any, output: Any, text: str) -> None:
    with pytest.raises(ShapeError, match=text):
        losses.get(loss).check_targets(np.zeros(shape), output, "y")
