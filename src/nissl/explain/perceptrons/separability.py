"""Whether a line separates two classes: the line, or a proof that there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from numbers import Integral
from operator import mul
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nissl.errors import ArgumentTypeError, GraphError, NonFiniteError
from nissl.explain.perceptrons.hulls import Point, line_holds, separate
from nissl.explain.quantities import Quantity
from nissl.explain.report import Explanation
from nissl.models.two_classes import as_labels, check_samples, two_classes

__all__ = ["Separability", "separable"]


def separable(x: ArrayLike, y: ArrayLike) -> Separability:
    """Decide whether a line (a plane, a hyperplane) separates two classes, and prove it.

    Either there are ``w`` and ``b`` with ``w . x + b > 0`` for every sample of the second class
    and ``< 0`` for every sample of the first. Or the convex hulls of the classes have a point in
    common: coefficients ``c_i >= 0``, summing to 1 in each class, with
    ``sum_first c_i x_i = sum_second c_i x_i``; then no line exists, since ``w . x + b`` would have
    both signs at that point. SciPy's solver says in floats which of the two it is; its answer is
    brought into rational numbers and proved: a float in the data is the fraction that it is, and
    nothing is rounded. Gaps far below rounding are mostly found so too; where they are not, the
    question is left undecided.

    Args:
        x: samples, shape ``(N, D)``: integers, floats, or fractions.
        y: labels of at most two classes, shape ``(N,)``. The class whose label sorts last is the
            second one; 1 is the second of 0 and 1 also where it stands alone.

    Returns:
        A :class:`Separability`, true if there is a line. Of all lines it is the one for which the
        hulls' distance, as the sum of absolute differences with each feature in units of its
        range, is largest, as far as floats tell: ``-1.5 + x1 + x2`` for AND.

    Raises:
        ShapeError, ArgumentTypeError, NonFiniteError: data that cannot be judged.
        DataError: they are of more than two classes; or whether a line separates them is undecided
            within rounding.
        MissingDependencyError: SciPy is not installed, and neither is there one class only, nor
            a sample of each at the same place.

    Source: Gordan 1873; Rosen 1965, "Pattern separation by convex programming".

    >>> found = separable([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    >>> bool(found), {sample: str(share) for sample, share in found.coefficients.items()}
    (False, {0: '1/2', 1: '1/2', 2: '1/2', 3: '1/2'})
    >>> found = separable([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> bool(found), [str(w) for w in found.weights], str(found.bias)
    (True, ['1', '1'], '-3/2')
    """
    points = exact_points(x)
    labels = as_labels(y, len(points))
    if len(np.unique(labels)) == 1 and labels[0] not in (-1, 0, 1):
        classes, positive = np.array([labels[0]]), [False] * len(points)
    else:
        classes, second = two_classes(labels, len(points))
        positive = [bool(each) for each in second]
    found = Separability(points, tuple(positive), tuple(classes.tolist()))
    if len(set(positive)) == 1:
        bias = Fraction(1 if positive[0] else -1)
        return found.answered(weights=(Fraction(0),) * len(points[0]), bias=bias)
    if shared := _shared_point(points, positive):
        return found.answered(coefficients=dict.fromkeys(shared, Fraction(1)))
    answer = separate(points, positive)
    if isinstance(answer, dict):
        return found.answered(coefficients=answer)
    return found.answered(weights=answer[0], bias=answer[1])


def _shared_point(points: Sequence[Point], positive: Sequence[bool]) -> list[int]:
    """A sample of each class at the very same place, if there are any."""
    first: dict[tuple[Point, bool], int] = {}
    for place, (point, second) in enumerate(zip(points, positive, strict=True)):
        first.setdefault((point, second), place)
        if (point, not second) in first:
            return [first[point, not second], place]
    return []


def exact_points(x: ArrayLike) -> list[Point]:
    """Return samples ``(N, D)`` as fractions, without rounding.

    >>> exact_points([[0.5, 3]])
    [(Fraction(1, 2), Fraction(3, 1))]
    """
    given = np.asarray(x) if hasattr(x, "dtype") else np.array(x, dtype=object)
    check_samples(given.shape)
    return [
        tuple(_fraction(value, sample, feature) for feature, value in enumerate(row))
        for sample, row in enumerate(given.tolist())
    ]


def _fraction(value: Any, sample: int, feature: int) -> Fraction:
    if isinstance(value, Integral):
        return Fraction(int(value))
    ratio = getattr(value, "as_integer_ratio", None)
    if ratio is None:
        raise ArgumentTypeError(
            f"x[{sample}, {feature}] is {value!r}; integers, floats and fractions are taken"
        )
    try:
        return Fraction(*ratio())
    except (ValueError, OverflowError):
        raise NonFiniteError(
            f"x[{sample}, {feature}] is {value}; remove this sample, or fill the gap"
        ) from None


def certificate_holds(
    points: Sequence[Point], positive: Sequence[bool], coefficients: Mapping[int, Fraction]
) -> bool:
    """Say whether coefficients prove that no line exists, by arithmetic alone.

    They do if none is negative, those of each class sum to 1, and the two combinations coincide.

    >>> certificate_holds([(Fraction(1),), (Fraction(1),)], [False, True], {0: 1, 1: 1})
    True
    """
    if any(share < 0 for share in coefficients.values()):
        return False
    if any(not 0 <= sample < len(points) for sample in coefficients):
        return False
    met = [_combination(points, positive, coefficients, second) for second in (False, True)]
    return met[0] == met[1] and met[0][0] == 1


def _combination(
    points: Sequence[Point],
    positive: Sequence[bool],
    coefficients: Mapping[int, Fraction],
    second: bool,
) -> Point:
    """Sum of a class's coefficients, then its combination of the samples."""
    total = [Fraction(0)] * (len(points[0]) + 1)
    for sample, share in coefficients.items():
        if positive[sample] == second:
            row = (Fraction(1), *points[sample])
            total = [sum_ + share * value for sum_, value in zip(total, row, strict=True)]
    return tuple(total)


@dataclass(frozen=True, eq=False)
class Separability(Explanation):
    """The answer of :func:`separable`; true where a line separates.

    Attributes:
        points: the samples, as fractions.
        positive: for each sample whether it is of the second class.
        classes: the labels, second class last.
        weights, bias: a line that separates, or ``None``.
        coefficients: for the samples of a certificate that there is no line, or ``None``.
    """

    points: Sequence[Point]
    positive: tuple[bool, ...]
    classes: tuple[Any, ...]
    weights: Point | None = None
    bias: Fraction = Fraction(0)
    coefficients: dict[int, Fraction] | None = None

    def __bool__(self) -> bool:
        return self.weights is not None

    def answered(self, **answer: Any) -> Separability:
        """Return the same question with a line or a certificate for its answer.

        Raises:
            GraphError: it is not true, and whoever made it has to be told.
        """
        found = replace(self, **answer)
        if not found.verify():
            raise GraphError("separable: the answer does not stand the exact check; report this")
        return found

    def verify(self) -> bool:
        """Say whether the answer is true, by exact arithmetic on the samples alone."""
        if self.weights is not None:
            return line_holds(self.points, self.positive, self.weights, self.bias)
        return certificate_holds(self.points, self.positive, self.coefficients or {})

    @property
    def values(self) -> list[Fraction]:
        """``w . x + b`` of each sample; empty where there is no line."""
        if self.weights is None:
            return []
        return [sum(map(mul, self.weights, point), self.bias) for point in self.points]

    @property
    def margin(self) -> float:
        """Distance of the line to the nearest sample; infinite for a line at no place.

        0 where there is no line.
        """
        if self.weights is None:
            return 0.0
        square = sum((w * w for w in self.weights), Fraction(0))
        nearest = min(map(abs, self.values))
        return _root(nearest * nearest / square) if square else math.inf

    @property
    def nearest(self) -> list[int]:
        """The samples nearest to the line, equally so but for rounding."""
        sizes = [abs(value) for value in self.values]
        least = min(sizes, default=Fraction(0)) * (1 + Fraction(1, 10**6))
        return [sample for sample, size in enumerate(sizes) if size <= least]

    @property
    def point(self) -> Point | None:
        """The point that both hulls have in common, or ``None``."""
        if self.coefficients is None:
            return None
        return _combination(self.points, self.positive, self.coefficients, True)[1:]

    def shares(self) -> list[tuple[int, Fraction]]:
        """The samples of the certificate with their coefficients, the first class first."""
        listed = (self.coefficients or {}).items()
        return sorted(listed, key=lambda each: (self.positive[each[0]], each[0]))

    def quantities(self) -> Iterator[Quantity]:
        """Yield the weights of the line, or the certificate's coefficients, and its point."""
        step = "line" if self.weights is not None else "certificate"
        found = {f"w_{i}": w for i, w in enumerate((self.bias, *(self.weights or ())))}
        if self.weights is None:
            found = {f"c_{sample}": share for sample, share in self.shares()}
            found.update({f"x_{i}": value for i, value in enumerate(self.point or (), start=1)})
        for name, value in found.items():
            yield Quantity(step, name, _float(value))

    def label(self, sample: int) -> str:
        """The label of a sample."""
        return str(self.classes[int(self.positive[sample]) if len(self.classes) > 1 else 0])


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _root(value: Fraction) -> float:
    """The square root of a fraction of any size."""
    half = (value.numerator.bit_length() - value.denominator.bit_length()) // 2
    try:
        return math.ldexp(math.sqrt(value / Fraction(4) ** half), half)
    except OverflowError:
        return math.inf
