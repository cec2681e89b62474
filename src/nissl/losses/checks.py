"""What targets may be: checks on the host, of all data at once, with messages that name the row."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from nissl.errors import DataError, ShapeError

Targets: TypeAlias = np.ndarray[Any, Any]
OutputShape: TypeAlias = tuple[int | None, ...]
SLACK = 1e-3  # rounding in somebody's preprocessing is not an error


def alike(target: tuple[int, ...], output: OutputShape) -> bool:
    """Say whether two shapes are the same but for a last axis of length 1."""
    return output in (target, (*target, 1)) or target == (*output, 1)


def mismatch(loss: str, target: tuple[int, ...], output: OutputShape, what: str = "targets") -> str:
    """Say that targets do not fit predictions, and what to do."""
    advice = (
        "they must have the same shape, and nothing is broadcast. Change the last layer's units, "
        "or the shape of the targets."
    )
    wide = len(output) == len(target) and target[-1:] == (1,)
    if len(output) == len(target) + 1 or wide:
        advice = (
            f"there is one number a sample and {output[-1]} predictions. For integer labels "
            "use a sparse_categorical_crossentropy loss or nissl.utils.to_categorical(y); for one "
            f"output a sample, a last layer of 1 unit instead of {output[-1]}."
        )
    shapes = f"{what} of shape {target} and predictions of shape {tuple(output)}"
    return f"{loss}: {shapes} do not fit; {advice}"


def _floating(y: Targets) -> bool:
    return y.dtype.kind == "f" or y.dtype.name == "bfloat16"


def numeric(loss: str, name: str, y: Targets) -> None:
    """Refuse texts and objects."""
    if y.dtype.kind not in "biu" and not _floating(y):
        sample = f", e.g. {y.flat[0]!r}" if y.size else ""
        raise DataError(
            f"{loss}: {name} must hold numbers, not {y.dtype.name}{sample}. Turn names of classes "
            "into numbers first, e.g. with numpy.unique(y, return_inverse=True)[1]."
        )


def shape(loss: str, name: str, y: Targets, output_shape: OutputShape) -> None:
    """Refuse targets whose shape is not that of the predictions."""
    output = tuple(output_shape[1:])
    if not alike(y.shape[1:], output):
        raise ShapeError(mismatch(loss, y.shape, (len(y), *output), name))


def row_of(y: Targets, bad: Targets) -> tuple[int, Any]:
    """Return the row and the value of the first bad element."""
    place = np.unravel_index(int(np.argmax(bad)), bad.shape) if bad.ndim else ()
    value = y[place] if place else y
    return int(place[0]) if place else 0, np.asarray(value).item()


def refuse(loss: str, name: str, y: Targets, bad: Targets, rule: str) -> None:
    """Raise for the first element where ``bad`` is true."""
    if not np.any(bad):
        return
    row, value = row_of(y, np.asarray(bad))
    count = int(np.count_nonzero(bad))
    more = f" ({count} such values in all)" if count > 1 else ""
    raise DataError(f"{loss}: {name}[{row}] has the value {value}{more}; {rule}")


def finite(loss: str, name: str, y: Targets) -> None:
    """Refuse NaN and infinities."""
    if _floating(y) and y.size and not np.isfinite(y).all():
        rule = "targets must be finite. Remove or fill such rows before training."
        refuse(loss, name, y, ~np.isfinite(y), rule)


def labels(loss: str, name: str, y: Targets, output_shape: OutputShape, ignore: int | None) -> None:
    """Refuse labels that are not integers from 0 to the number of classes less 1."""
    output, target = tuple(output_shape[1:]), y.shape[1:]
    classes = output[-1] if output else None
    if target not in (output[:-1], (*output[:-1], 1)) or classes is None:
        hint = "; one-hot rows are for categorical_crossentropy" if target == output else ""
        raise ShapeError(
            f"{loss}: {name} has shape {y.shape} and the predictions {(len(y), *output)}; labels "
            f"are one integer a sample, shape {(len(y), *output[:-1])}{hint}"
        )
    finite(loss, name, y)
    good = y == ignore if ignore is not None else np.zeros(y.shape, bool)
    if y.dtype.kind == "b":
        return
    if y.dtype.kind not in "iu":
        rule = "labels must be whole numbers. Is this a regression? Then use mean_squared_error."
        refuse(loss, name, y, (y != np.floor(y)) & ~good, rule)
    rule = (
        f"labels must lie between 0 and {classes - 1}, since the model has {classes} outputs. "
        f"Subtract 1 if they start at 1, or give the last layer more units."
    )
    refuse(loss, name, y, ((y < 0) | (y >= classes)) & ~good, rule)


def probabilities(loss: str, name: str, y: Targets, advice: str) -> None:
    """Refuse targets that are clearly outside [0, 1]."""
    if y.dtype.kind != "b":
        bad = (y < -SLACK) | (y > 1 + SLACK)
        refuse(loss, name, y, bad, f"targets are probabilities between 0 and 1. {advice}")


def distributions(loss: str, name: str, y: Targets, axis: int) -> None:
    """Refuse rows that clearly do not add up to 1."""
    total = np.asarray(np.sum(y, axis=axis, dtype=np.float64))
    bad = np.abs(total - 1) > 10 * SLACK
    if np.any(bad):
        row, value = row_of(total, bad)
        raise DataError(
            f"{loss}: {name}[{row}] adds up to {value:.6g}; the targets of a sample are a "
            "distribution over the classes and add up to 1. For several labels at once use "
            "binary_crossentropy with a sigmoid output."
        )


def not_negative(loss: str, name: str, y: Targets) -> None:
    """Refuse negative targets."""
    if y.dtype.kind not in "bu":
        refuse(loss, name, y, y < 0, "targets must be at least 0.")


def two_classes(loss: str, name: str, y: Targets) -> None:
    """Refuse targets that are neither all -1 and 1 nor all 0 and 1."""
    if y.dtype.kind == "b":
        return
    low = -1 if np.any(y == -1) else 0
    refuse(loss, name, y, (y != low) & (y != 1), f"targets must all be {low} or 1.")
