"""Small handwritten digits, 8 x 8 pixels; they come with the package."""

from __future__ import annotations

from nissl.datasets.dataset import Pair
from nissl.datasets.registry import info, load_pairs

__all__ = ["CLASS_NAMES", "load_data"]

CLASS_NAMES = info("digits").class_names


def load_data() -> tuple[Pair, Pair]:
    """Return ``(x_train, y_train), (x_test, y_test)``.

    Images are uint8, shapes ``(1437, 8, 8)`` and ``(360, 8, 8)``, 0 (white paper) to 16; labels are
    uint8, the digits themselves. The file's first 1,437 samples are for training and its last 360
    for testing, in the file's order.

    Source: Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, the file of 1,797
    samples by 13 writers, doi:10.24432/C50P49; licence CC BY 4.0.

    >>> from nissl.datasets import digits
    >>> (x_train, y_train), (x_test, y_test) = digits.load_data()
    >>> y_train[:5]
    array([0, 1, 2, 3, 4], dtype=uint8)
    """
    return load_pairs("digits")
