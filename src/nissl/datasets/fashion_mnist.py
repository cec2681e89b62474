"""Fashion-MNIST: pictures of clothes, the data set of the lecture's network."""

from __future__ import annotations

from nissl.datasets.dataset import Pair
from nissl.datasets.registry import info, load_pairs

__all__ = ["CLASS_NAMES", "load_data"]

CLASS_NAMES = info("fashion_mnist").class_names


def load_data() -> tuple[Pair, Pair]:
    """Return ``(x_train, y_train), (x_test, y_test)``.

    Images are uint8, shapes ``(60000, 28, 28)`` and ``(10000, 28, 28)``, 0 (black) to 255; labels
    are uint8, indices into ``CLASS_NAMES``. 6,000 and 1,000 of each class.

    Raises:
        DatasetError: none of its sources could be reached; it lists what was tried.

    Source: Xiao, Rasul and Vollgraf (2017), arXiv:1708.07747; licence MIT.

    >>> from nissl.datasets import fashion_mnist
    >>> fashion_mnist.CLASS_NAMES[9]
    'Ankle boot'
    """
    return load_pairs("fashion_mnist")
