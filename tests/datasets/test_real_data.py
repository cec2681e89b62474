"""The real Fashion-MNIST and MNIST, if any source has them; the one file here that may fetch.

The numbers are from the publications, or were read from the published files with ``od`` and
``awk``.
"""

from __future__ import annotations

import numpy as np
import pytest

from nissl import datasets
from nissl.errors import DatasetError


def real(name: str) -> datasets.Dataset:
    try:
        return datasets.load(name)
    except DatasetError as error:
        pytest.skip(str(error))


def test_fashion_mnist() -> None:
    data = real("fashion_mnist")
    (x, y), (x_test, y_test) = data.pairs
    assert (x.shape, x_test.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert {a.dtype for a in (x, y, x_test, y_test)} == {np.dtype(np.uint8)}
    assert np.bincount(y).tolist() == [6_000] * 10
    assert np.bincount(y_test).tolist() == [1_000] * 10
    assert y[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    assert [int(image.sum()) for image in (x[0], x[-1], x_test[0])] == [76_247, 16_684, 33_456]
    assert data.class_names[9] == "Ankle boot"
    assert len(data.class_names) == 10


def test_mnist() -> None:
    (x, y), (x_test, y_test) = real("mnist").pairs
    assert (x.shape, x_test.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    published = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y).tolist() == published
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert [int(image.sum()) for image in (x[0], x_test[-1])] == [27_525, 41_833]
