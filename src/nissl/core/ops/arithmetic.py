"""Elementwise operations of two inputs: arithmetic, comparisons, bits, and a choice.

All inputs of a primitive have the same shape and dtype; the functions in
:mod:`nissl.core.functions` promote and broadcast before they call one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from nissl.core import dtypes
from nissl.core.kinds import Bilinear, Constant, Elementwise, Kind, Linear
from nissl.core.op import Known, Op, Sample, register
from nissl.core.ops import integers
from nissl.core.ops.elementwise import HARD
from nissl.core.ops.shapes import floating, integral, numeric, same_shape
from nissl.core.tensor import Aval, Tensor
from nissl.errors import DTypeError

BINARY = (Sample(shapes=((2, 3), (2, 3))), Sample(shapes=((), ())))

# ---- arithmetic of two ---------------------------------------------------------------------


def _binary(
    name: str,
    compute: Callable[..., Any],
    kind: Kind,
    *,
    text: str = "",
    formula: str,
    samples: tuple[Sample, ...] = BINARY,
    known: tuple[Known, ...] = (),
    hard: tuple[float, ...] = HARD,
    infer: Callable[..., Aval] = numeric,
    plain: Callable[..., Any] | None = None,
    lowerings: dict[str, Callable[..., Any]] | None = None,
) -> Op:
    """Register an op; ``plain`` is ``compute`` on NumPy arrays without its first argument."""
    return register(
        Op(
            name=name,
            infer=lambda x, y: infer(name, x, y),
            compute=compute,
            lowerings=lowerings or ({} if plain is None else {"numpy": plain}),
            kind=kind,
            text=text,
            formula=formula,
            samples=samples,
            known=known,
            hard=hard,
        )
    )


add = _binary(
    "add",
    lambda xp, x, y: x + y,
    Linear(lambda F, i, ct, x, y: ct),
    text="{0} + {1}",
    formula="{0} + {1}",
    plain=operator.add,
)
subtract = _binary(
    "subtract",
    lambda xp, x, y: x - y,
    Linear(lambda F, i, ct, x, y: -ct if i else ct),
    text="{0} - {1}",
    formula="{0} - {1}",
    plain=operator.sub,
)
multiply = _binary(
    "multiply",
    lambda xp, x, y: x * y,
    Bilinear(lambda F, ct, x, y: ct * y, lambda F, ct, x, y: ct * x),
    text="{0} * {1}",
    formula=r"{0} \, {1}",
    plain=operator.mul,
)
OFF_ZERO = (Sample(shapes=((2, 3), (2, 3)), low=0.5, high=3.0),)


def _fractional(name: str, *avals: Aval) -> Aval:
    return floating(name, same_shape(name, *avals))


divide = _binary(
    "divide",
    lambda xp, x, y: x / y,
    Elementwise((lambda F, out, x, y: 1 / y, lambda F, out, x, y: -out / y)),
    text="{0} / {1}",
    formula=r"\frac{{{0}}}{{{1}}}",
    samples=OFF_ZERO,
    infer=_fractional,
    known=(
        Known(
            at=("1", "3"),
            value="0.3333333333333333333333333",
            partials=("0.3333333333333333333333333", "-0.1111111111111111111111111"),
        ),
    ),
    plain=operator.truediv,
)


def _power_by_base(F: Any, out: Tensor, x: Tensor, y: Tensor) -> Tensor:
    # y * x**(y-1), and 0 where y is 0, also at x = 0 where x**-1 would be infinite
    zero = y == 0
    return y * F.pow(x, F.where(zero, 1.0, y) - 1)


def _power_by_exponent(F: Any, out: Tensor, x: Tensor, y: Tensor) -> Tensor:
    # out * log(x); by continuity 0 at x = 0 for y > 0
    at_zero = (x == 0) & (y >= 0)
    return F.where(at_zero, 0.0, out * F.log(F.where(at_zero, 1.0, x)))


pow = _binary(
    "pow",
    integers.power,
    Elementwise((_power_by_base, _power_by_exponent)),
    text="{0} ** {1}",
    formula="{{{0}}}^{{{1}}}",
    samples=OFF_ZERO,
    lowerings={"xla": integers.power_xla},
)


def _per_square(F: Any, x: Tensor, y: Tensor) -> Tensor:
    """``x / (x**2 + y**2)``, whose squares would overflow or vanish; 0 at the origin."""
    radius = F.hypot(x, y)
    odd = (radius == 0) | (radius == math.inf)
    radius = F.where(odd, 1.0, radius)
    return F.where(odd, 0.0, x) / radius / radius


atan2 = _binary(
    "atan2",
    lambda xp, x, y: xp.arctan2(x, y),
    Elementwise(
        (lambda F, out, x, y: _per_square(F, y, x), lambda F, out, x, y: -_per_square(F, x, y))
    ),
    formula=r"\operatorname{{atan2}}({0}, {1})",
    samples=OFF_ZERO,
    infer=_fractional,
)


def _choice(name: str, wins: Callable[..., Tensor]) -> Op:
    """Register a choice between two: at a tie each gets one half, but a bound all.

    ``bound`` says which of both (0 or 1) is a bound, beside which the other is held.
    """

    plain = getattr(np, name)

    def eager(x: Any, y: Any, bound: int | None = None) -> Any:
        return plain(x, y)

    def share(F: Any, out: Tensor, x: Tensor, y: Tensor, tied: float) -> Tensor:
        if tied == 0.5:
            tied_share = F.where(x == y, 0.5, 0.0)
            return F.astype(F.where(wins(x, y), 1.0, tied_share), x.dtype)
        return F.astype(wins(x, y) if tied == 0 else wins(x, y) | (x == y), x.dtype)

    def infer(x: Aval, y: Aval, bound: int | None = None) -> Aval:
        return numeric(name, x, y)

    return register(
        Op(
            name=name,
            infer=infer,
            compute=lambda xp, x, y, bound=None: getattr(xp, name)(x, y),
            lowerings={"numpy": eager},
            kind=Elementwise(
                (
                    lambda F, out, x, y, bound=None: share(F, out, x, y, _TIED[bound][0]),
                    lambda F, out, x, y, bound=None: share(F, out, y, x, _TIED[bound][1]),
                )
            ),
            formula=rf"\{name[:3]}({{0}}, {{1}})",
            samples=(*BINARY, Sample(shapes=((2, 3), (2, 3)), params={"bound": 1})),
            hard=HARD,
        )
    )


_TIED = {None: (0.5, 0.5), 0: (1.0, 0.0), 1: (0.0, 1.0)}  # shares of a tie, by the bound
maximum = _choice("maximum", lambda x, y: x > y)
minimum = _choice("minimum", lambda x, y: x < y)
floor_divide = _binary(
    "floor_divide",
    integers.quotient("floor_divide"),
    Constant(),
    text="{0} // {1}",
    formula=r"\lfloor {0} / {1} \rfloor",
    samples=OFF_ZERO,
)
remainder = _binary(
    "remainder",
    integers.quotient("remainder"),
    Elementwise((lambda F, out, x, y: F.ones_like(x), lambda F, out, x, y: -(x // y))),
    text="{0} % {1}",
    formula=r"{0} \bmod {1}",
    samples=(Sample(shapes=((2,), (2,)), values={0: [5.3, -2.2], 1: [2.0, 0.9]}),),
)

# ---- comparisons and logic -----------------------------------------------------------------


def _compare(name: str, compute: Callable[..., Any], sign_: str, formula: str) -> Op:
    def infer(x: Aval, y: Aval) -> Aval:
        return Aval(same_shape(name, x, y).shape, dtypes.boolean)

    return register(
        Op(
            name=name,
            infer=infer,
            compute=compute,
            kind=Constant(),
            text=f"{{0}} {sign_} {{1}}",
            formula=f"{{0}} {formula} {{1}}",
            samples=BINARY,
            hard=HARD,
        )
    )


equal = _compare("equal", lambda xp, x, y: x == y, "==", "=")
not_equal = _compare("not_equal", lambda xp, x, y: x != y, "!=", r"\ne")
less = _compare("less", lambda xp, x, y: x < y, "<", "<")
less_equal = _compare("less_equal", lambda xp, x, y: x <= y, "<=", r"\le")
greater = _compare("greater", lambda xp, x, y: x > y, ">", ">")
greater_equal = _compare("greater_equal", lambda xp, x, y: x >= y, ">=", r"\ge")


def _shift(name: str, *avals: Aval) -> Aval:
    return numeric(name, integral(name, *avals))


_LATEX = {"&": r"\&", "|": r"\vert", "^": r"\oplus", "<<": r"\ll", ">>": r"\gg"}


def _bitwise(
    name: str,
    compute: Callable[..., Any],
    sign_: str,
    infer: Callable[..., Aval] = integral,
) -> Op:
    numbers = {0: [[1, 2], [12, 7]], 1: [[3, 1], [2, 4]]}
    return _binary(
        name,
        compute,
        Constant(),
        text=f"{{0}} {sign_} {{1}}",
        formula=rf"{{0}} \mathbin{{{{{_LATEX.get(sign_, sign_)}}}}} {{1}}",
        samples=(Sample(shapes=((2, 2), (2, 2)), values=numbers),),
        infer=infer,
        hard=(),
    )


bitwise_and = _bitwise("bitwise_and", lambda xp, x, y: x & y, "&")
bitwise_or = _bitwise("bitwise_or", lambda xp, x, y: x | y, "|")
bitwise_xor = _bitwise("bitwise_xor", lambda xp, x, y: x ^ y, "^")
bitwise_left_shift = _bitwise("bitwise_left_shift", integers.shift("left_shift"), "<<", _shift)
bitwise_right_shift = _bitwise("bitwise_right_shift", integers.shift("right_shift"), ">>", _shift)


# ---- choice ---------------------------------------------------------------------------------


def _where_infer(condition: Aval, x: Aval, y: Aval) -> Aval:
    if condition.dtype != dtypes.boolean:
        raise DTypeError(f"where: the condition must be bool, not {condition.dtype.name}")
    if condition.shape != x.shape:
        same_shape("where", Aval(condition.shape, x.dtype), x)
    return same_shape("where", x, y)


def _where_transpose(F: Any, i: int, ct: Tensor, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
    zero = F.zeros_like(ct)
    return where(condition, ct, zero) if i == 1 else where(condition, zero, ct)


where = register(
    Op(
        name="where",
        infer=_where_infer,
        compute=lambda xp, condition, x, y: xp.where(condition, x, y),
        kind=Linear(_where_transpose, positions=(1, 2)),
        formula=r"{1} \text{{ if }} {0} \text{{ else }} {2}",
        samples=(Sample(shapes=((2,), (2,), (2,)), values={0: [True, False]}),),
    )
)
