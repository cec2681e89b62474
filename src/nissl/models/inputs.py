"""What the user hands to fit, evaluate and predict, checked and brought to arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from nissl.core import dtypes
from nissl.core.tensor import Aval, Tensor
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, ArgumentTypeError, DataError

Array: TypeAlias = np.ndarray[Any, Any]
_CHUNK = 1 << 22  # elements looked at together, so that checks need little memory


@dataclass(frozen=True, eq=False)
class Data:
    """Samples: inputs, targets, and a weight each, where given.

    Attributes:
        x: inputs, rows first.
        y: targets, rows first, or ``None``.
        weights: one weight a row, or ``None``.
        dtype: the model's floating dtype.
    """

    x: Array
    y: Array | None = None
    weights: Array | None = None
    dtype: np.dtype[Any] = dtypes.float32

    @property
    def rows(self) -> int:
        """Number of samples."""
        return len(self.x)

    @property
    def arrays(self) -> list[Array]:
        """All that is cut into batches, in order."""
        return [a for a in (self.x, self.y, self.weights) if a is not None]

    @property
    def avals(self) -> list[Aval]:
        """Shape and dtype of each array as the device gets it: floating data in the model's dtype.

        Integers stay as they are, and are cast batch by batch.
        """
        return [
            Aval(a.shape, self.dtype if dtypes.is_floating(a.dtype) else a.dtype)
            for a in self.arrays
        ]

    def part(self, start: int, stop: int) -> Data:
        """Return some of the rows."""
        return Data(
            self.x[start:stop],
            None if self.y is None else self.y[start:stop],
            None if self.weights is None else self.weights[start:stop],
            self.dtype,
        )


def as_array(value: Any, name: str) -> Array:
    """Return data as an array of numbers, or say what is wrong with it."""
    if isinstance(value, Tensor | Variable):
        array = np.asarray(value)
    elif isinstance(value, str | bytes | Mapping | Iterator):
        raise DataError(f"{name} must be an array of numbers, not {type(value).__name__}")
    elif isinstance(value, np.ma.MaskedArray):
        raise DataError(
            f"{name} is a masked array with {np.ma.count_masked(value)} masked values; fill them, "
            "e.g. with x.filled(0.0), or leave those rows out"
        )
    else:
        try:
            array = np.asarray(value)
        except (ValueError, TypeError) as error:
            raise DataError(
                f"{name} must be an array of numbers; its rows differ in length"
            ) from error
    if array.dtype.kind in "OUSMmV" and array.dtype.name != "bfloat16":
        sample = f", e.g. {array.flat[0]!r}" if array.size else ""
        raise DataError(
            f"{name} must be an array of numbers, and this one holds {array.dtype.name}{sample}. "
            "Turn texts into numbers first, e.g. classes into 0, 1, 2, ... with "
            "numpy.unique(y, return_inverse=True)[1]"
        )
    if array.dtype.kind == "c":
        raise DataError(f"{name} holds complex numbers, which are not offered")
    if array.ndim == 0:
        raise DataError(f"{name} must have one row a sample, and this is a single number")
    if len(array) == 0:
        raise DataError(f"{name} is empty: its shape is {array.shape}")
    return array


def check_finite(array: Array, name: str, dtype: np.dtype[Any] | None = None) -> None:
    """Refuse NaN, infinities, and what ``dtype`` cannot hold, naming the first."""
    if not dtypes.is_floating(array.dtype):
        return
    narrower = dtype is not None and dtype.itemsize < array.dtype.itemsize
    flat_rows = max(1, _CHUNK // max(1, math.prod(array.shape[1:])))
    for start in range(0, len(array), flat_rows):
        part = array[start : start + flat_rows]
        with np.errstate(over="ignore", invalid="ignore"):
            cast = part.astype(dtype) if narrower else part
            flat = cast.reshape(-1)
            total = float(np.dot(flat, flat))  # quicker than a sum, or than looking at each
        if math.isfinite(total):
            continue  # a NaN or an infinity would have shown
        bad = np.argwhere(~np.isfinite(cast.astype(np.float64)))
        if len(bad):
            place = tuple(int(i) for i in bad[0])
            where = (place[0] + start, *place[1:])
            advice = (
                f"It is too large for the model's {dtype}: scale the data, or make the model with "
                "dtype='float64'"
                if np.isfinite(part[place])
                else "Training needs finite numbers: remove those rows or fill them in, e.g. with "
                "numpy.nan_to_num"
            )
            raise DataError(
                f"{name} holds {part[place]} at index {where} ({len(bad)} such values in rows "
                f"{start} to {start + len(part) - 1}). {advice}"
            )


def prepare(
    x: Any,
    y: Any,
    dtype: np.dtype[Any],
    sample_weight: Any = None,
    class_weight: Any = None,
    prefix: str = "",
) -> Data:
    """Check inputs, targets and weights, and bring them to arrays of equal length."""
    data = as_array(x, f"{prefix}x")
    check_finite(data, f"{prefix}x", dtype)
    targets = None
    if y is not None:
        targets = as_array(y, f"{prefix}y")
        _same_rows(data, targets, f"{prefix}x", f"{prefix}y")
        check_finite(targets, f"{prefix}y", dtype)
    weights = None
    if sample_weight is not None and class_weight is not None:
        raise ArgumentError("give class_weight or sample_weight, not both")
    if sample_weight is not None:
        weights = _weights(sample_weight, data, f"{prefix}sample_weight", dtype)
    elif class_weight is not None:
        weights = _class_weights(class_weight, targets, dtype)
    return Data(data, targets, weights, dtype)


def _same_rows(a: Array, b: Array, a_name: str, b_name: str) -> None:
    if len(a) != len(b):
        raise DataError(
            f"{a_name} has {len(a)} rows (shape {a.shape}) and {b_name} has {len(b)} "
            f"(shape {b.shape}); there must be one for each sample"
        )


def _weights(given: Any, x: Array, name: str, dtype: np.dtype[Any]) -> Array:
    weights = as_array(given, name)
    _same_rows(x, weights, "x", name)
    check_finite(weights, name, dtype)
    if weights.ndim == 2 and weights.shape[1] == 1:
        weights = weights[:, 0]
    if weights.ndim != 1:
        raise DataError(f"{name} needs one number a sample, and has shape {weights.shape}")
    if (weights < 0).any():
        row = int(np.argmax(weights < 0))
        raise DataError(f"{name} must not be negative, and row {row} has {weights[row]}")
    return weights.astype(dtype)


def _class_weights(given: Any, y: Array | None, dtype: np.dtype[Any]) -> Array:
    if not isinstance(given, Mapping):
        raise ArgumentTypeError(f"class_weight is a dict from class to weight, not {given!r}")
    if y is None:
        raise ArgumentError("class_weight needs targets y")
    classes = (
        np.argmax(y, axis=-1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(len(y), -1)[:, 0]
    )
    weights = np.ones(len(y), dtype)
    for label, weight in given.items():
        if not isinstance(label, int | np.integer):
            raise ArgumentTypeError(f"class_weight: a class is an integer, not {label!r}")
        if isinstance(weight, bool) or not isinstance(weight, int | float | np.number):
            raise ArgumentTypeError(f"class_weight[{label!r}] is a number, not {weight!r}")
        if not math.isfinite(weight) or weight < 0:
            raise ArgumentError(f"class_weight[{label!r}] is {weight}, and must be at least 0")
        weights[classes == label] = weight
    return weights


def checked_count(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """Return an integer argument that lies between ``least`` and ``most``, both included."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ArgumentTypeError(f"{name} is an integer, not {type(value).__name__} {value!r}")
    if value < least:
        raise ArgumentError(f"{name} is at least {least}, not {value}")
    if most is not None and value > most:
        raise ArgumentError(f"{name} is at most {most:,}, not {value}")
    return int(value)


def split_validation(data: Data, fraction: float) -> tuple[Data, Data]:
    """Keep the last ``fraction`` of the rows, before any shuffling, for validation."""
    if not isinstance(fraction, int | float) or not 0 < fraction < 1:
        raise ArgumentError(f"validation_split lies between 0 and 1, not {fraction!r}")
    cut = math.floor(data.rows * (1 - fraction))
    if cut in (0, data.rows):
        raise ArgumentError(
            f"validation_split={fraction} of {data.rows} rows leaves {cut} for training and "
            f"{data.rows - cut} for validation; both need at least one"
        )
    return data.part(0, cut), data.part(cut, data.rows)


def validation_pair(given: Any) -> Sequence[Any]:
    """Return validation data given as (x, y) or (x, y, sample_weight)."""
    if not isinstance(given, tuple | list) or len(given) not in (2, 3):
        raise ArgumentTypeError(
            "validation_data is a tuple (x, y) or (x, y, sample_weight), not "
            f"{type(given).__name__}"
        )
    return given


def flat_list(name: str, given: Any) -> list[Any]:
    """Return what was given as a list: nothing, one thing, or several."""
    if given is None:
        return []
    if isinstance(given, str) or not isinstance(given, Sequence):
        return [given]
    for each in given:
        if isinstance(each, list | tuple | dict):
            raise ArgumentTypeError(f"{name} is a flat list, and {each!r} stands in it")
    return list(given)


def checked_verbosity(verbose: Any) -> int:
    """Return 0 (silent), 1 (a bar) or 2 (lines)."""
    if verbose == "auto":
        return 1
    if verbose not in (0, 1, 2):
        raise ArgumentError(f"verbose is 0, 1, 2 or 'auto', not {verbose!r}")
    return int(verbose)
