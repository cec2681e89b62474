"""The kinds of op: each states a derivative once, and both modes follow from it.

=============  ======================================  ======================  =================
kind           what it states                          forward mode            reverse mode
=============  ======================================  ======================  =================
Elementwise    one partial derivative an input         sum of partial*tangent  cotangent*partial
Linear         its transpose                           itself                  the transpose
Bilinear       its two transposes                      itself twice            the transposes
General        both rules                              as given                as given
Constant       that it has none                        nothing                 nothing
=============  ======================================  ======================  =================

A rule is given ``F``, the namespace of the functions that it uses: :mod:`nissl.core.functions`, on
tensors, so that derivatives of derivatives need nothing more; or :mod:`nissl.core.bare`, on NumPy
arrays, where nobody needs the graph of the derivative. ``None`` stands for a tangent or cotangent
that is zero everywhere. (Griewank and Walther, *Evaluating
Derivatives*, 2nd ed., chapters 2 and 3.)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from nissl.core.tensor import Equation, Tensor

Tangents: TypeAlias = Sequence[Tensor | None]
Rule: TypeAlias = Callable[..., Any]


def accumulate(F: Any, total: Tensor | None, term: Tensor | None) -> Tensor | None:
    """Add two tangents, of which either may be the zero that ``None`` stands for."""
    if total is None or term is None:
        return term if total is None else total
    return F.add(total, term)


class Kind(ABC):
    """How an op is differentiated.

    Attributes:
        on_arrays: whether the rules, which use operators and functions of ``F`` only, may be run
            on bare arrays too.
    """

    on_arrays: bool = True

    @abstractmethod
    def jvp(self, F: Any, equation: Equation, tangents: Tangents) -> Tangents:
        """Tangents of the outputs, from those of the inputs."""

    @abstractmethod
    def vjp(
        self, F: Any, equation: Equation, cotangents: Tangents, needed: Sequence[bool]
    ) -> Tangents:
        """Cotangents of the inputs (of those that are needed), from those of the outputs."""


@dataclass(frozen=True)
class Elementwise(Kind):
    """``partials[i](F, output, *inputs, **params)`` is the derivative by input ``i``.

    ``None`` in place of a partial stands for a derivative that is zero everywhere.
    """

    partials: tuple[Rule | None, ...]

    def jvp(self, F: Any, equation: Equation, tangents: Tangents) -> Tangents:
        (output,) = equation.outputs
        total: Tensor | None = None
        for partial, tangent in zip(self.partials, tangents, strict=True):
            if partial is not None and tangent is not None:
                slope = partial(F, output, *equation.inputs, **equation.params)
                total = accumulate(F, total, slope * tangent)
        return (total,)

    def vjp(
        self, F: Any, equation: Equation, cotangents: Tangents, needed: Sequence[bool]
    ) -> Tangents:
        output, cotangent = equation.outputs[0], cotangents[0]
        inputs, params = equation.inputs, equation.params
        assert cotangent is not None
        found: list[Tensor | None] = []  # filled by a loop, which is quicker than a comprehension
        for partial, wanted in zip(self.partials, needed, strict=True):
            if wanted and partial is not None:
                found.append(cotangent * partial(F, output, *inputs, **params))
            else:
                found.append(None)
        return found


@dataclass(frozen=True)
class Linear(Kind):
    """Linear in the inputs at ``positions`` together (all by default), the others being fixed.

    ``transpose(F, i, cotangent, *inputs, **params)`` is the cotangent of input ``i``. Of the linear
    inputs only shape and dtype may be used.
    """

    transpose: Rule
    positions: tuple[int, ...] | None = None

    def _is_linear(self, i: int) -> bool:
        return self.positions is None or i in self.positions

    def jvp(self, F: Any, equation: Equation, tangents: Tangents) -> Tangents:
        if all(t is None for i, t in enumerate(tangents) if self._is_linear(i)):
            return (None,)
        moved = [
            (F.zeros_like(x) if t is None else t) if self._is_linear(i) else x
            for i, (x, t) in enumerate(zip(equation.inputs, tangents, strict=True))
        ]
        return (equation.op(*moved, **equation.params),)

    def vjp(
        self, F: Any, equation: Equation, cotangents: Tangents, needed: Sequence[bool]
    ) -> Tangents:
        cotangent, positions = cotangents[0], self.positions
        inputs, params = equation.inputs, equation.params
        found: list[Tensor | None] = []
        for i, wanted in enumerate(needed):
            use = wanted and (positions is None or i in positions)
            found.append(self.transpose(F, i, cotangent, *inputs, **params) if use else None)
        return found


@dataclass(frozen=True)
class Bilinear(Kind):
    """Linear in each of two inputs: ``left(F, cotangent, x, y)``, ``right(F, cotangent, x, y)``."""

    left: Rule
    right: Rule

    def jvp(self, F: Any, equation: Equation, tangents: Tangents) -> Tangents:
        (x, y), (x_tangent, y_tangent) = equation.inputs, tangents
        op, params = equation.op, equation.params
        return (
            accumulate(
                F,
                None if x_tangent is None else op(x_tangent, y, **params),
                None if y_tangent is None else op(x, y_tangent, **params),
            ),
        )

    def vjp(
        self, F: Any, equation: Equation, cotangents: Tangents, needed: Sequence[bool]
    ) -> Tangents:
        cotangent, params = cotangents[0], equation.params
        x, y = equation.inputs
        return [
            self.left(F, cotangent, x, y, **params) if needed[0] else None,
            self.right(F, cotangent, x, y, **params) if needed[1] else None,
        ]


@dataclass(frozen=True)
class General(Kind):
    """Both rules as given; each is tested against the other and against differences.

    ``forward(F, inputs, outputs, tangents, **params)`` gives one tangent an output and
    ``reverse(F, inputs, outputs, cotangents, **params)`` one cotangent an input; a ``None`` comes
    in, and may go out, for zero.
    """

    forward: Rule
    reverse: Rule
    on_arrays: bool = False  # a rule as given may ask anything of its tensors

    def jvp(self, F: Any, equation: Equation, tangents: Tangents) -> Tangents:
        return self.forward(F, equation.inputs, equation.outputs, tangents, **equation.params)

    def vjp(
        self, F: Any, equation: Equation, cotangents: Tangents, needed: Sequence[bool]
    ) -> Tangents:
        return self.reverse(F, equation.inputs, equation.outputs, cotangents, **equation.params)


@dataclass(frozen=True)
class Constant(Kind):
    """Derivative zero, or none: comparisons, roundings, indices, random bits."""

    def jvp(self, F: Any, equation: Equation, tangents: Tangents) -> Tangents:
        return (None,) * len(equation.avals)

    def vjp(
        self, F: Any, equation: Equation, cotangents: Tangents, needed: Sequence[bool]
    ) -> Tangents:
        return (None,) * len(equation.inputs)
