"""Kernels of convolution: the lecture's edge filters and other well-known ones, and one's own."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError
from nissl.explain.drawing.lettering import shortened
from nissl.explain.parts import format_number
from nissl.i18n import mark

__all__ = ["KERNELS", "Kernel"]

Matrix: TypeAlias = tuple[tuple[Fraction | float, ...], ...]

MOST = 31  # rows or columns of a kernel
_LONGEST = 20_000  # characters of a kernel that is typed
_EXACT = re.compile(r"[+-]?\d{1,12}(/\d{1,12})?", re.ASCII)
_NUMBER = re.compile(
    _EXACT.pattern + r"|[+-]?(\d{0,17}\.\d{1,17}|\d{1,17}\.?)(e[+-]?\d{1,3})?", re.ASCII | re.I
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
        widths = {tuple(len(row) for row in matrix) for matrix in self.matrices}
        if len(self.matrices) not in (1, 2) or len(widths) > 1:
            raise ShapeError(f"kernel {self.name!r}: one matrix is needed, or two of one shape")
        lengths = set(widths.pop())
        if len(lengths) != 1 or 0 in lengths:
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
        name = given.strip()
        if name.isidentifier() and name.isascii() and name.lower() not in ("nan", "inf"):
            if name not in KERNELS:
                raise UnknownNameError("kernel", name, KERNELS)
            return KERNELS[name]
        if len(name) > _LONGEST:
            raise ArgumentError(f"kernel: {len(name):,} characters are more than {_LONGEST:,}")
        given = [line.split(",") for line in name.removesuffix(";").split(";")]
    elif hasattr(given, "tolist"):  # an array or a tensor
        given = given.tolist()
    if not isinstance(given, Sequence) or not all(isinstance(row, Sequence) for row in given):
        raise ArgumentTypeError(
            f"a kernel is a name, numbers as text, or a matrix of numbers, not "
            f"{type(given).__name__} {given!r}"
        )
    rows = [[_number(v, r, c) for c, v in enumerate(row)] for r, row in enumerate(given)]
    if not rows or not rows[0]:
        raise ShapeError("the kernel is empty; it needs one number at least")
    for place, row in enumerate(rows):
        if len(row) != len(rows[0]):
            raise ShapeError(
                f"kernel, row {place}: {len(row)} numbers, where row 0 has {len(rows[0])}; "
                "all rows need the same"
            )
    if max(len(rows), len(rows[0])) > MOST:
        raise ShapeError(
            f"the kernel has {len(rows)} rows and {len(rows[0])} columns; {MOST} of each are the "
            "most"
        )
    name = shortened(";".join(",".join(map(entry, row)) for row in rows), 40)
    return Kernel(name, (tuple(map(tuple, rows)),))


def _number(given: Any, row: int, column: int) -> Fraction | float:
    """An entry, exact where it is a whole number or a fraction."""
    place = f"kernel, row {row}, column {column}"
    word: Any = given
    known: object = isinstance(given, numbers.Real) and not isinstance(given, bool)
    exact: object = isinstance(given, numbers.Rational)
    if isinstance(given, str):
        word = given.strip()
        known, exact = _NUMBER.fullmatch(word), _EXACT.fullmatch(word)
    if not known:
        raise ArgumentError(
            f"{place}: {word!r} is not a number; numbers are parted by commas and rows by "
            "semicolons, as in -1,0,1;-1,0,1;-1,0,1"
        )
    try:
        value = Fraction(word) if exact else float(word)
        finite = math.isfinite(value)
    except ZeroDivisionError:
        raise ArgumentError(f"{place}: {word!r} divides by 0") from None
    except OverflowError:  # a whole number beyond float64
        value, finite = math.inf, False
    if not finite:
        raise ArgumentError(f"{place}: {value!r} is not finite")
    return value


_KERNELS = {  # numbers as they are typed, of one matrix or two, what all are divided by, and why
    "vertical": (
        ("-1,0,1;-1,0,1;-1,0,1",), 1, mark("vertical edges: right column minus left column"),
    ),
    "horizontal": (
        ("-1,-1,-1;0,0,0;1,1,1",), 1, mark("horizontal edges: lower row minus upper row"),
    ),
    "edges": (
        ("-1,0,1;-1,0,1;-1,0,1", "-1,-1,-1;0,0,0;1,1,1"), 1,
        mark("edges in every direction: the length of the vector of both"),
    ),
    "sobel_vertical": (
        ("-1,0,1;-2,0,2;-1,0,1",), 1,
        mark("vertical edges, the middle row counting twice (Sobel)"),
    ),
    "sobel_horizontal": (
        ("-1,-2,-1;0,0,0;1,2,1",), 1,
        mark("horizontal edges, the middle column counting twice (Sobel)"),
    ),
    "laplacian": (
        ("0,1,0;1,-4,1;0,1,0",), 1,
        mark("the four neighbours minus four times the pixel: second derivative"),
    ),
    "sharpen": (
        ("0,-1,0;-1,5,-1;0,-1,0",), 1, mark("the pixel minus the Laplacian: sharper"),
    ),
    "box": (("1,1,1;1,1,1;1,1,1",), 9, mark("the mean of the patch: blurred")),
    "gaussian": (
        ("1,4,6,4,1;4,16,24,16,4;6,24,36,24,6;4,16,24,16,4;1,4,6,4,1",), 256,
        mark("a mean with binomial weights, close to a Gaussian: blurred smoothly"),
    ),
    "emboss": (
        ("-2,-1,0;-1,1,1;0,1,2",), 1, mark("lit from one corner, as a relief is"),
    ),
    "identity": (("0,0,0;0,1,0;0,0,0",), 1, mark("the picture itself, without its border")),
}  # fmt: skip
KERNELS: dict[str, Kernel] = {
    name: Kernel(
        name,
        tuple(
            tuple(tuple(value / over for value in row) for row in kernel(text).matrices[0])
            for text in texts
        ),
        about,
    )
    for name, (texts, over, about) in _KERNELS.items()
}
