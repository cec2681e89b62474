"""MNIST: handwritten digits."""

from __future__ import annotations

from nissl.datasets.dataset import Pair
from nissl.datasets.registry import info, load_pairs

__all__ = ["CLASS_NAMES", "load_data"]

CLASS_NAMES = info("mnist").class_names


def load_data() -> tuple[Pair, Pair]:
    """Return ``(x_train, y_train), (x_test, y_test)``.

    Images are uint8, shapes ``(60000, 28, 28)`` and ``(10000, 28, 28)``, 0 (black) to 255; labels
    are uint8, the digits themselves.

    Raises:
        DatasetError: none of its sources could be reached; it lists what was tried.

    Source: LeCun, Bottou, Bengio and Haffner (1998), Proceedings of the IEEE 86(11), 2278-2324;
    licence CC BY-SA 3.0.

    >>> from nissl.datasets import mnist
    >>> mnist.CLASS_NAMES[7]
    '7'
    """
    return load_pairs("mnist")
