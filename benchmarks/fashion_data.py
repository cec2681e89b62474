"""Writes Fashion-MNIST, as Nissl's loader gives it, into one .npz that every peer reads."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

if __name__ == "__main__":
    from nissl import datasets

    target = Path(sys.argv[1])
    (x_train, y_train), (x_test, y_test) = datasets.fashion_mnist.load_data()
    beside = target.with_name("part-" + target.name)
    np.savez(beside, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    beside.replace(target)
