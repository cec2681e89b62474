"""Kernels of convolution: the lecture's edge filters and other well-known ones, and one's own."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError
from nissl.explain.report import format_number
from nissl.i18n import mark

__all__ = ["KERNELS", "Kernel", "kernel"]

Matrix: TypeAlias = tuple[tuple[Fraction | float, ...], ...]

MOST = 31  # rows or columns of a kernel
_LONGEST = 20_000  # characters of a kernel that is typed
_NUMBER = re.compile(
    r"[+-]?(\d{1,12}(/\d{1,12})?|(\d{0,17}\.\d{1,17}|\d{1,17}\.?)(e[+-]?\d{1,3})?)", re.I
)


@dataclass(frozen=True)
class Kernel:
    """A kernel ``K(l, m)``, or two whose results are joined into the length of a vector.

    Attributes:
        name: what it is called.
        matrices: one matrix, or two of one shape; with two the result is ``sqrt(C1**2 + C2**2)``.
        about: what it does, in English; to be translated where it is shown.

    Raises:
        ShapeError: there are not one or two matrices, rows differ in length, or shapes differ.
    """

    name: str
    matrices: tuple[Matrix, ...]
    about: str = ""

    def __post_init__(self) -> None:
        widths = [[len(row) for row in matrix] for matrix in self.matrices]
        if not 1 <= len(widths) <= 2 or len({tuple(each) for each in widths}) != 1:
            raise ShapeError(f"kernel {self.name!r}: one matrix is needed, or two of one shape")
        if not widths[0] or len(set(widths[0])) != 1 or not widths[0][0]:
            raise ShapeError(f"kernel {self.name!r}: its rows need numbers, each row as many")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.matrices[0]), len(self.matrices[0][0])

    def arrays(self) -> list[NDArray[np.float64]]:
        """Return the matrices in float64."""
        return [np.array([[float(v) for v in row] for row in m]) for m in self.matrices]

    @property
    def total(self) -> float:
        """Sum of the weights of the first matrix: what a flat picture of ones becomes."""
        return math.fsum(float(value) for row in self.matrices[0] for value in row)


def entry(value: Fraction | float) -> str:
    """Return an entry as it is shown: a fraction as one.

    >>> entry(Fraction(1, 9)), entry(Fraction(-2)), entry(0.5)
    ('1/9', '-2', '0.5')
    """
    return str(value) if isinstance(value, Fraction) else format_number(value, 4)


def _whole(*rows: Sequence[int], over: int = 1) -> Matrix:
    return tuple(tuple(Fraction(value, over) for value in row) for row in rows)


_VERTICAL = _whole((-1, 0, 1), (-1, 0, 1), (-1, 0, 1))
_HORIZONTAL = _whole((-1, -1, -1), (0, 0, 0), (1, 1, 1))

KERNELS: dict[str, Kernel] = {
    each.name: each
    for each in (
        Kernel(
            "vertical",
            (_VERTICAL,),
            mark("vertical edges: right column minus left column"),
        ),
        Kernel(
            "horizontal",
            (_HORIZONTAL,),
            mark("horizontal edges: lower row minus upper row"),
        ),
        Kernel(
            "edges",
            (_VERTICAL, _HORIZONTAL),
            mark("edges in every direction: the length of the vector of both"),
        ),
        Kernel(
            "sobel_vertical",
            (_whole((-1, 0, 1), (-2, 0, 2), (-1, 0, 1)),),
            mark("vertical edges, the middle row counting twice (Sobel)"),
        ),
        Kernel(
            "sobel_horizontal",
            (_whole((-1, -2, -1), (0, 0, 0), (1, 2, 1)),),
            mark("horizontal edges, the middle column counting twice (Sobel)"),
        ),
        Kernel(
            "laplacian",
            (_whole((0, 1, 0), (1, -4, 1), (0, 1, 0)),),
            mark("the four neighbours minus four times the pixel: second derivative"),
        ),
        Kernel(
            "sharpen",
            (_whole((0, -1, 0), (-1, 5, -1), (0, -1, 0)),),
            mark("the pixel minus the Laplacian: sharper"),
        ),
        Kernel(
            "box",
            (_whole((1, 1, 1), (1, 1, 1), (1, 1, 1), over=9),),
            mark("the mean of the patch: blurred"),
        ),
        Kernel(
            "gaussian",
            (
                _whole(
                    (1, 4, 6, 4, 1), (4, 16, 24, 16, 4), (6, 24, 36, 24, 6), (4, 16, 24, 16, 4),
                    (1, 4, 6, 4, 1), over=256,
                ),
            ),
            mark("a mean with binomial weights, close to a Gaussian: blurred smoothly"),
        ),
        Kernel(
            "emboss",
            (_whole((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),),
            mark("lit from one corner, as a relief is"),
        ),
        Kernel(
            "identity",
            (_whole((0, 0, 0), (0, 1, 0), (0, 0, 0)),),
            mark("the picture itself, without its border"),
        ),
    )
}  # fmt: skip

_ALIASES = {"blur": "box", "sobel": "sobel_vertical", "magnitude": "edges"}


def kernel(given: Any) -> Kernel:
    """Return the kernel that is meant.

    Args:
        given: a name of :data:`KERNELS`; numbers as text, columns parted by commas and rows by
            semicolons (``"-1,0,1;-1,0,1;-1,0,1"``, fractions such as ``1/9`` among them); a matrix
            of numbers, nested or an array, ``(rows, columns)``; or a :class:`Kernel`.

    Raises:
        UnknownNameError: a name that no kernel has.
        ArgumentError: an entry is no finite number.
        ShapeError: rows differ in length, there are none, or more than 31 rows or columns.
        ArgumentTypeError: it is none of these.

    >>> kernel("1,2;3,1/4").matrices[0][1]
    (Fraction(3, 1), Fraction(1, 4))
    """
    if isinstance(given, Kernel):
        return given
    if isinstance(given, str):
        if re.fullmatch(r"\s*[A-Za-z_]\w*\s*", given) and given.strip().lower() not in (
            "nan",
            "inf",
        ):
            return _known(given.strip())
        return Kernel(_short(given), (_checked(_typed(given)),))
    if hasattr(given, "numpy"):
        given = given.numpy()
    if isinstance(given, np.ndarray):
        given = given.tolist()
    if not isinstance(given, Sequence) or not all(isinstance(row, Sequence) for row in given):
        raise ArgumentTypeError(
            f"a kernel is a name, numbers as text, or a matrix of numbers, not "
            f"{type(given).__name__} {given!r}"
        )
    rows: list[list[Fraction | float]] = []
    for row_number, row in enumerate(given):
        for column, value in enumerate(row):
            if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
                raise ArgumentError(
                    f"kernel, row {row_number}, column {column}: {value!r} is not a number"
                )
        rows.append([Fraction(v) if isinstance(v, int) else v for v in row])
    matrix = _checked(rows)
    return Kernel(_short(";".join(",".join(map(entry, row)) for row in matrix)), (matrix,))


def _known(name: str) -> Kernel:
    found = _ALIASES.get(name, name)
    if found not in KERNELS:
        raise UnknownNameError("kernel", name, KERNELS)
    return KERNELS[found]


def _typed(text: str) -> list[list[Fraction | float]]:
    if len(text) > _LONGEST:
        raise ArgumentError(f"kernel: {len(text):,} characters are more than {_LONGEST:,}")
    rows: list[list[Fraction | float]] = []
    for row_number, line in enumerate(text.strip().removesuffix(";").split(";")):
        row: list[Fraction | float] = []
        for column, piece in enumerate(line.split(",")):
            word = piece.strip()
            if not _NUMBER.fullmatch(word):
                raise ArgumentError(
                    f"kernel, row {row_number}, column {column}: {word!r} is not a number; "
                    "numbers are parted by commas and rows by semicolons, as in "
                    "-1,0,1;-1,0,1;-1,0,1"
                )
            whole = word.lstrip("+-").replace("/", "").isdigit()
            try:
                row.append(Fraction(word) if whole else float(word))
            except ZeroDivisionError:
                raise ArgumentError(
                    f"kernel, row {row_number}, column {column}: {word!r} divides by 0"
                ) from None
        rows.append(row)
    return rows


def _checked(rows: list[list[Fraction | float]]) -> Matrix:
    """The rows as a matrix, if they are one."""
    if not rows or not rows[0]:
        raise ShapeError("the kernel is empty; it needs one number at least")
    for row_number, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ShapeError(
                f"kernel, row {row_number}: {len(row)} numbers, where row 0 has {len(rows[0])}; "
                "all rows need the same"
            )
        for column, value in enumerate(row):
            if not math.isfinite(value):
                raise ArgumentError(
                    f"kernel, row {row_number}, column {column}: {value!r} is not finite"
                )
    if max(len(rows), len(rows[0])) > MOST:
        raise ShapeError(
            f"the kernel has {len(rows)} rows and {len(rows[0])} columns; {MOST} of each are the "
            "most"
        )
    return tuple(tuple(row) for row in rows)


def _short(text: str) -> str:
    clean = re.sub(r"\s+", "", text)
    return clean if len(clean) <= 40 else clean[:39] + "…"
