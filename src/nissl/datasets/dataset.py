"""What every loader returns, and how one table of samples becomes a training and a test part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from unicodedata import normalize

import numpy as np

from nissl import arguments
from nissl.core.tensor import Host
from nissl.datasets.columns import Columns
from nissl.errors import DataError

__all__ = ["Dataset"]

Pair = tuple[Host, Host]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples and targets for training and for testing, checked once when they are put together.

    Args:
        x_train: Samples, shape ``(N, ...)``, numbers.
        y_train: Targets, shape ``(N,)`` or ``(N, ...)``: class numbers from 0, or measured values.
        x_test: Samples, shape ``(M, ...)``, one sample shaped as in ``x_train``.
        y_test: Targets of ``x_test``.
        class_names: The name of each class; empty if the targets are not class numbers.
        name: What to call it in reports.
        source: Where it came from.
        columns: Of a table: how its columns became the features.
        notes: Of a table: what a reader should know of how it was read.

    Raises:
        DataError: no samples, unequal counts or shapes, something that is no number, a NaN.

    >>> from nissl.datasets import load
    >>> digits = load("digits")
    >>> digits.x_train.shape, digits.task, digits.class_names[:3]
    ((1437, 8, 8), 'classification', ('0', '1', '2'))
    """

    x_train: Host
    y_train: Host
    x_test: Host
    y_test: Host
    class_names: tuple[str, ...]
    name: str
    source: str
    columns: Columns | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for part, x, y in (
            ("train", self.x_train, self.y_train),
            ("test", self.x_test, self.y_test),
        ):
            if x.ndim == 0 or y.ndim == 0 or x.size == 0:
                raise DataError(f"{self.name}: x_{part} has shape {x.shape}; there are no samples.")
            if len(x) != len(y):
                raise DataError(
                    f"{self.name}: x_{part} has {len(x)} samples and y_{part} has {len(y)}; "
                    "each sample needs one target."
                )
            for key, values in ((f"x_{part}", x), (f"y_{part}", y)):
                _require_finite(f"{self.name}: {key}", values)
        for key, train, test in (
            ("x", self.x_train, self.x_test),
            ("y", self.y_train, self.y_test),
        ):
            if train.shape[1:] != test.shape[1:]:
                raise DataError(
                    f"{self.name}: one row of {key}_train has shape {train.shape[1:]}, "
                    f"one of {key}_test has {test.shape[1:]}; they must be the same."
                )

    @property
    def task(self) -> Literal["classification", "regression"]:
        """What the targets ask for: ``"classification"`` if the classes have names."""
        return "classification" if self.class_names else "regression"

    @property
    def pairs(self) -> tuple[Pair, Pair]:
        """The same arrays in Keras's form, ``(x_train, y_train), (x_test, y_test)``."""
        return (self.x_train, self.y_train), (self.x_test, self.y_test)


def _require_finite(what: str, values: Host) -> None:
    if values.dtype.kind not in "biuf":
        raise DataError(f"{what} has dtype {values.dtype}; numbers are needed.")
    if values.dtype.kind == "f":
        bad = ~np.isfinite(values)
        if bad.any():
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            raise DataError(
                f"{what} has {int(bad.sum())} values that are NaN or infinite, the first at index "
                f"{first}; remove these rows, or fill the gaps, before training."
            )


def make(
    name: str,
    source: str,
    train: Pair,
    test: Pair | None = None,
    *,
    class_names: tuple[str, ...] | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Dataset:
    """Put a data set together: name the classes, and set a test part aside if there is none.

    Integer, boolean and text targets are classes, numbered from 0 in sorted order; targets that are
    floating point numbers are left as they are. Pass ``class_names`` if they are numbered already.
    """
    test_fraction = arguments.number("load", "test_fraction", test_fraction, above=0, below=1)
    seed = arguments.whole("load", "seed", seed, least=0)
    parts = [train] if test is None else [train, test]
    for x, y in parts:
        if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
            raise DataError(
                f"{name}: samples have shape {x.shape}, targets {y.shape}; "
                "each sample needs one target."
            )
    targets = [y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y for _, y in parts]
    if class_names is None:
        targets, class_names = _number_classes(targets)
    if test is None:
        kept, held = _split(name, targets[0], test_fraction, seed, stratify=bool(class_names))
        x, y = train[0], targets[0]
        return Dataset(x[kept], y[kept], x[held], y[held], class_names, name, source)
    return Dataset(train[0], targets[0], test[0], targets[1], class_names, name, source)


def _number_classes(targets: list[Host]) -> tuple[list[Host], tuple[str, ...]]:
    if any(y.ndim != 1 or y.dtype.kind not in "biuU" for y in targets):
        return targets, ()
    targets = [_composed(y) for y in targets]
    values = np.unique(np.concatenate(targets))
    names = tuple(str(value) for value in values.tolist())
    if values.dtype.kind in "iu" and np.array_equal(values, np.arange(len(values))):
        return targets, names
    return [np.searchsorted(values, y).astype(np.int32) for y in targets], names


def _composed(y: Host) -> Host:
    """Texts in Unicode's composed form (NFC), so that one word is one class."""
    return np.array([normalize("NFC", each) for each in y.tolist()]) if y.dtype.kind == "U" else y


def exact_dtype(values: Host) -> type[np.float32 | np.float64]:
    """The float dtype in which numbers stay apart: float64 where float32 would round them together.

    That is so for whole numbers that float32 does not hold, and for columns (of one axis or two)
    that are far from 0 and vary little, such as points in time.
    """
    single = values.dtype.itemsize < 4 or values.dtype == np.float32  # nothing is lost any more
    if single or values.dtype.kind not in "iuf" or values.ndim > 2 or not values.size:
        return np.float32
    with np.errstate(over="ignore", invalid="ignore"):
        for column in values.reshape(len(values), -1).T:
            whole = column.dtype.kind in "iu" or bool((column == np.floor(column)).all())
            if whole and (column.astype(np.float32).astype(np.float64) != column).any():
                return np.float64
            low, high = float(column.min()), float(column.max())
            if 0 < high - low < 1e-4 * max(-low, high):
                return np.float64
    return np.float32


def _split(
    name: str, y: Host, test_fraction: float, seed: int, *, stratify: bool
) -> tuple[Host, Host]:
    """Indices kept for training and held for testing, both shuffled, the same for the same seed.

    Raw PCG64 words are sorted, because NumPy promises their values for all versions. With
    ``stratify`` each class of two samples or more gives its share, one at least, to either part.
    """
    order = np.argsort(np.random.PCG64(seed).random_raw(len(y)), kind="stable")
    groups = [order]
    if stratify:
        groups = [order[y[order] == each] for each in np.unique(y)]
    held = np.zeros(len(y), bool)
    for group in groups:
        share = min(len(group) - 1, max(1, round(test_fraction * len(group))))
        held[group[:share]] = True
    if not held.any():
        raise DataError(
            f"{name} cannot be split: it has {len(y)} samples, no class more than one; "
            "give a test set of its own, or more samples."
        )
    return order[~held[order]], order[held[order]]
