"""What the user hands to fit, evaluate and predict, checked and brought to arrays."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nissl import losses
from nissl.arguments import number
from nissl.core import dtypes
from nissl.core.tensor import Aval, Host, Tensor
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, ArgumentTypeError, DataError
from nissl.models import frames

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

    x: Host
    y: Host | None = None
    weights: Host | None = None
    dtype: np.dtype[Any] = dtypes.float32

    @property
    def rows(self) -> int:
        """Number of samples."""
        return len(self.x)

    @property
    def arrays(self) -> list[Host]:
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


def as_array(value: Any, name: str) -> Host:
    """Return data as an array of numbers, or say what is wrong with it."""
    if isinstance(value, np.ma.MaskedArray):
        raise DataError(
            f"{name} is a masked array with {np.ma.count_masked(value)} masked values; fill them, "
            "e.g. with x.filled(0.0), or leave those rows out"
        )
    if frames.is_frame(value):
        array = frames.from_frame(value, name)
    elif _is_arraylike(value):
        array = frames.as_numbers(_converted(value, name), name)
    else:
        raise DataError(f"{name} must be an array of numbers, not {_other(value)}")
    if array.dtype.kind == "c":
        raise DataError(f"{name} holds complex numbers, which are not offered")
    if array.ndim == 0:
        raise DataError(f"{name} must have one row a sample, and this is a single number")
    if len(array) == 0:
        raise DataError(f"{name} is empty: its shape is {array.shape}")
    return array


def _is_arraylike(value: Any) -> bool:
    """Whether NumPy makes an array of a value by itself, element by element."""
    if isinstance(value, str | bytes | Mapping):
        return False
    if isinstance(value, Tensor | Variable | Sequence | numbers.Number | memoryview):
        return True
    protocols = ("__array__", "__array_interface__", "__array_struct__")
    return any(hasattr(value, each) for each in protocols)


def _converted(value: Any, name: str) -> Host:
    try:
        return np.asarray(value)
    except ValueError as error:
        raise DataError(
            f"{name} must be an array of numbers; its rows differ in length ({error})"
        ) from error
    except (TypeError, RuntimeError) as error:  # as PyTorch's tensors refuse
        raise DataError(f"{name} cannot be made an array of numbers: {error}") from error


def _other(value: Any) -> str:
    """Say what was given in place of an array, and what to do."""
    kind = type(value).__name__
    if value is None:
        return "None: give the data themselves, one row a sample"
    if isinstance(value, Mapping):
        return f"{kind}; several inputs or outputs by name are not there yet: give one array"
    if hasattr(value, "__iter__") or hasattr(value, "__getitem__"):
        return (
            f"{kind}; generators, data loaders and data sets of batches are not there yet: collect "
            "the batches first, e.g. xs, ys = zip(*batches), and give numpy.concatenate(xs) and "
            "numpy.concatenate(ys)"
        )
    return kind


def check_finite(
    array: Host,
    name: str,
    dtype: np.dtype[Any] | None = None,
    columns: Sequence[str] | None = None,
) -> None:
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
            column = f", column {columns[place[1]]!r}" if columns else ""
            raise DataError(
                f"{name} holds {part[place]} at index {where}{column} ({len(bad)} such values in "
                f"rows {start} to {start + len(part) - 1}). {advice}"
            )


def prepare(
    x: Any, y: Any, dtype: np.dtype[Any], sample_weight: Any = None, prefix: str = ""
) -> Data:
    """Check inputs, targets and weights, and bring them to arrays of equal length."""
    data = as_array(x, f"{prefix}x")
    check_finite(data, f"{prefix}x", dtype, frames.columns_of(x))
    targets, weights = None, None
    if y is not None:
        targets = as_array(y, f"{prefix}y")
        if _are_several(x, targets):
            raise DataError(
                f"{prefix}x is a {type(x).__name__} of {len(x)} arrays; models of several inputs "
                "are not there yet: give one array, e.g. numpy.concatenate(x, axis=-1)"
            )
        _same_rows(data, targets, f"{prefix}x", f"{prefix}y")
        check_finite(targets, f"{prefix}y", dtype, frames.columns_of(y))
    if sample_weight is not None:
        weights = _weights(sample_weight, data, f"{prefix}sample_weight", dtype)
    return Data(data, targets, weights, dtype)


def _are_several(x: Any, y: Host) -> bool:
    """Whether ``x`` is a list of arrays that each have a row for each target."""
    if not isinstance(x, list | tuple) or len(x) == len(y):
        return False
    return all(hasattr(each, "shape") and tuple(each.shape[:1]) == y.shape[:1] for each in x)


def _same_rows(a: Host, b: Host, a_name: str, b_name: str) -> None:
    if len(a) != len(b):
        raise DataError(
            f"{a_name} has {len(a)} rows (shape {a.shape}) and {b_name} has {len(b)} "
            f"(shape {b.shape}); there must be one for each sample"
        )


def _weights(given: Any, x: Host, name: str, dtype: np.dtype[Any]) -> Host:
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


def weighted_by_class(data: Data, given: Any, outputs: int) -> Data:
    """Return data whose samples have the weight of their class, and 1 where none is given.

    Args:
        data: its targets are labels, or one-hot rows.
        given: dict from class to weight.
        outputs: how many numbers the model gives for a sample.

    Raises:
        ArgumentError: weights that are no weights, classes that are none, targets without classes.
    """
    if not isinstance(given, Mapping):
        hint = "; dict(enumerate(...)) makes one" if isinstance(given, list | tuple) else ""
        raise ArgumentTypeError(
            "class_weight is a dict from class to weight, such as {0: 1.0, 1: 5.0}, not "
            f"{type(given).__name__} {given!r:.60}{hint}"
        )
    if data.weights is not None:
        raise ArgumentError("give class_weight or sample_weight, not both")
    assert data.y is not None
    classes = _classes(data.y)
    found = set(np.unique(classes).tolist())
    weights = np.ones(data.rows, data.dtype)
    for key, value in given.items():
        weight = number("fit", f"class_weight[{key!r}]", value, least=0)
        if not isinstance(key, int | float | np.number) or key != int(key):
            raise ArgumentTypeError(f"class_weight: a class is an integer, not {key!r}")
        if key not in found and not 0 <= key < max(outputs, 2):
            listed = ", ".join(f"{each:g}" for each in sorted(found)[:10])
            raise ArgumentError(
                f"class_weight has the class {key!r}, which is none of the targets' ({listed})"
            )
        weights[classes == key] = weight
    return replace(data, weights=weights)


def _classes(y: Host) -> Host:
    """The class of each sample: of one-hot rows the place of the largest."""
    if y.ndim == 2 and y.shape[1] > 1:
        if np.abs(y.sum(axis=1, dtype=np.float64) - 1).max() <= 0.01:
            return np.argmax(y, axis=1)
        raise ArgumentError(
            "class_weight is for targets of one class a sample, and rows of y do not add up to 1; "
            "give sample_weight instead"
        )
    classes = y.reshape(len(y), -1)
    if classes.shape[1] != 1 or (classes != np.floor(classes)).any():
        raise ArgumentError(
            f"class_weight is for targets that are classes, and y (shape {y.shape}) holds other "
            "numbers; give sample_weight instead"
        )
    return classes[:, 0]


def split_validation(data: Data, fraction: Any) -> tuple[Data, Data]:
    """Keep the last ``fraction`` of the rows, before any shuffling, for validation.

    ``floor(n (1 - fraction))`` rows are left for training, where ``fraction`` is the number that
    was written: 0.9 of 100 rows are 90, though the nearest binary number is not 9/10.
    """
    share = number("fit", "validation_split", fraction, above=0, below=1)
    # a share that came out of float32, or of a subtraction, is off by some units in its last place
    slack = 8 * float(np.finfo(getattr(fraction, "dtype", np.float64)).eps) * data.rows
    cut = math.floor(data.rows * (1 - share) + slack)
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
    if isinstance(given, Mapping) and "class_name" not in given:
        raise ArgumentTypeError(
            f"{name} is a list, and a dict by outputs was given: models of several outputs are "
            f"not there yet; for one output write {name}=[...]"
        )
    if isinstance(given, str) or not isinstance(given, Sequence):
        return [given]
    for each in given:
        if isinstance(each, list | tuple) or (isinstance(each, dict) and "class_name" not in each):
            raise ArgumentTypeError(
                f"{name} is a flat list, and {each!r} stands in it; models of several outputs are "
                "not there yet"
            )
    return list(given)


def one_loss(given: Any) -> losses.Loss:
    """Return the loss that a name, an object or a function means; several are refused."""
    by_name = isinstance(given, Mapping) and "class_name" not in given
    if by_name or isinstance(given, list | tuple):
        raise ArgumentTypeError(
            f"compile: loss is one loss, and a {type(given).__name__} was given: models of several "
            "outputs are not there yet; for one output write loss='...'"
        )
    found = losses.get(given)
    if found.reduction in (None, "none"):
        raise ArgumentError(
            f"compile: the loss {found.name!r} has reduction={found.reduction!r} and gives a "
            "number for each sample; training makes one number small: leave reduction out"
        )
    return found


def checked_verbosity(verbose: Any) -> int:
    """Return 0 (silent), 1 (a bar) or 2 (lines)."""
    if isinstance(verbose, str) and verbose == "auto":
        return 1
    if not isinstance(verbose, int | np.integer) or verbose not in (0, 1, 2):
        raise ArgumentError(f"verbose is 0, 1, 2 or 'auto', not {verbose!r}")
    return int(verbose)
