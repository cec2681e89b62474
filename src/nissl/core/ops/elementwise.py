"""Elementwise operations of one input: exponentials, trigonometry, roundings, signs, casts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nissl.core import dtypes
from nissl.core.kinds import Constant, Elementwise, General, Linear
from nissl.core.op import Known, Op, Sample, register
from nissl.core.ops.integers import cast_numpy
from nissl.core.ops.logarithms import log2_xla, log10_exact
from nissl.core.ops.shapes import floating, integral, numeric
from nissl.core.tensor import Aval, Tensor
from nissl.errors import DTypeError

UNARY = (Sample(shapes=((2, 3),)),)
HARD = (0.0, -0.0, 1e-30, -1e-30, 1e-8, 1.0, -1.0, 20.0, -20.0, 1e4, -1e4, math.inf, -math.inf)


def _unary(
    name: str,
    compute: Callable[..., Any],
    partial: Callable[..., Tensor] | None,
    *,
    formula: str = "",
    known: tuple[Known, ...] = (),
    samples: tuple[Sample, ...] = UNARY,
    hard: tuple[float, ...] = HARD,
    lowerings: dict[str, Callable[..., Any]] | None = None,
) -> Op:
    """Register an elementwise function of one floating input."""
    return register(
        Op(
            name=name,
            infer=lambda x: floating(name, x),
            compute=compute,
            kind=Constant() if partial is None else Elementwise((partial,)),
            formula=formula or rf"\{name}({{0}})",
            known=known,
            samples=samples,
            hard=hard,
            lowerings=lowerings or {},
        )
    )


POSITIVE = (Sample(shapes=((2, 3),), low=0.1, high=4.0),)
UNIT = (Sample(shapes=((2, 3),), low=-0.9, high=0.9),)
AWAY = (Sample(shapes=((2, 3),), low=0.2, high=1.8),)  # away from kinks and jumps at integers

# ---- exponentials, logarithms, roots ---------------------------------------------------------
exp = _unary(
    "exp",
    lambda xp, x: xp.exp(x),
    lambda F, out, x: out,
    known=(
        Known(
            at=("1",), value="2.718281828459045235360287", partials=("2.718281828459045235360287",)
        ),
    ),
)
expm1 = _unary(
    "expm1",
    lambda xp, x: xp.expm1(x),
    lambda F, out, x: F.exp(x),  # out + 1 would cancel below 0
    formula=r"e^{{{0}}} - 1",
    known=(Known(at=("1e-10",), value="1.00000000005000000000166667e-10"),),
)
log = _unary(
    "log",
    lambda xp, x: xp.log(x),
    lambda F, out, x: 1 / x,
    formula=r"\ln {0}",
    samples=POSITIVE,
    known=(Known(at=("2",), value="0.6931471805599453094172321", partials=("0.5",)),),
)
log1p = _unary(
    "log1p",
    lambda xp, x: xp.log1p(x),
    lambda F, out, x: 1 / (x + 1),
    formula=r"\ln(1 + {0})",
    samples=POSITIVE,
    known=(Known(at=("1e-10",), value="9.9999999995000000000333333e-11"),),
)
log2 = _unary(
    "log2",
    lambda xp, x: xp.log2(x),
    lambda F, out, x: 1 / math.log(2) / x,
    formula=r"\log_2 {0}",
    samples=POSITIVE,
    known=(
        Known(at=("8",), value="3", partials=("0.1803368801111204259260058",)),
        Known(at=("10",), value="3.321928094887362347870319"),
    ),
    lowerings={"xla": log2_xla},
)
log10 = _unary(
    "log10",
    log10_exact,
    lambda F, out, x: 1 / math.log(10) / x,
    formula=r"\log_{{10}} {0}",
    samples=POSITIVE,
    known=(
        Known(at=("1000",), value="3", partials=("4.342944819032518276511289e-4",)),
        Known(at=("2",), value="0.3010299956639811952137389"),
    ),
)
sqrt = _unary(
    "sqrt",
    lambda xp, x: xp.sqrt(x),
    lambda F, out, x: 0.5 / out,
    formula=r"\sqrt{{{0}}}",
    samples=POSITIVE,
    known=(Known(at=("2",), value="1.414213562373095048801689"),),
)

# ---- trigonometric and hyperbolic ------------------------------------------------------------
sin = _unary("sin", lambda xp, x: xp.sin(x), lambda F, out, x: F.cos(x))
cos = _unary("cos", lambda xp, x: xp.cos(x), lambda F, out, x: -F.sin(x))
tan = _unary("tan", lambda xp, x: xp.tan(x), lambda F, out, x: out * out + 1, samples=UNIT)
asin = _unary(
    "asin",
    lambda xp, x: xp.arcsin(x),
    lambda F, out, x: 1 / F.sqrt((1 - x) * (1 + x)),
    formula=r"\arcsin({0})",
    samples=UNIT,
)
acos = _unary(
    "acos",
    lambda xp, x: xp.arccos(x),
    lambda F, out, x: -1 / F.sqrt((1 - x) * (1 + x)),
    formula=r"\arccos({0})",
    samples=UNIT,
)
atan = _unary(
    "atan", lambda xp, x: xp.arctan(x), lambda F, out, x: 1 / (1 + x * x), formula=r"\arctan({0})"
)
sinh = _unary("sinh", lambda xp, x: xp.sinh(x), lambda F, out, x: F.cosh(x))
cosh = _unary("cosh", lambda xp, x: xp.cosh(x), lambda F, out, x: F.sinh(x))
tanh = _unary(
    "tanh",
    lambda xp, x: xp.tanh(x),
    lambda F, out, x: 1 - out * out,
    known=(
        Known(
            at=("0.5",),
            value="0.4621171572600097585023185",
            partials=("0.7864477329659274101496989",),
        ),
        Known(at=("1e-8",), value="9.9999999999999996666666666666668e-9"),
    ),
)
asinh = _unary(
    "asinh",
    lambda xp, x: xp.arcsinh(x),
    lambda F, out, x: 1 / F.hypot(x, F.ones_like(x)),
    formula=r"\operatorname{{arsinh}}({0})",
)
acosh = _unary(
    "acosh",
    lambda xp, x: xp.arccosh(x),
    lambda F, out, x: 1 / (F.sqrt(x - 1) * F.sqrt(x + 1)),
    formula=r"\operatorname{{arcosh}}({0})",
    samples=(Sample(shapes=((2, 3),), low=1.2, high=4.0),),
)
atanh = _unary(
    "atanh",
    lambda xp, x: xp.arctanh(x),
    lambda F, out, x: 1 / ((1 - x) * (1 + x)),
    formula=r"\operatorname{{artanh}}({0})",
    samples=UNIT,
)

# ---- neurons' own functions ------------------------------------------------------------------


def _sigmoid(xp: Any, x: Any) -> Any:
    # exp of a non-positive number only, so that nothing overflows
    small = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1 / (1 + small), small / (1 + small))


sigmoid = _unary(
    "sigmoid",
    _sigmoid,
    lambda F, out, x: out * (1 - out),
    formula=r"\sigma({0})",
    known=(
        Known(
            at=("1",),
            value="0.7310585786300048792511592",
            partials=("0.1966119332414818525374247",),
        ),
    ),
)
softplus = _unary(
    "softplus",
    lambda xp, x: xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x))),
    lambda F, out, x: F.sigmoid(x),
    formula=r"\ln(1 + e^{{{0}}})",
    known=(
        Known(at=("1",), value="1.313261687518222834048996"),
        Known(at=("1000",), value="1000", partials=("1",)),
    ),
)


def _log_cosh(xp: Any, x: Any) -> Any:
    # cosh(x) - 1 = (exp(-|x|) - 1)**2 / (2 exp(-|x|)), which keeps the digits of small x
    size = xp.abs(x)
    less = xp.expm1(-xp.minimum(size, 1))
    near = xp.log1p(less * less / (2 * (less + 1)))
    return xp.where(
        size < 1, near, size + (xp.log1p(xp.exp(-2 * size)) - xp.asarray(math.log(2), x.dtype))
    )


log_cosh = _unary(
    "log_cosh",
    _log_cosh,
    lambda F, out, x: F.tanh(x),
    formula=r"\ln \cosh({0})",
    known=(
        Known(at=("1",), value="0.4337808304830271870264947"),
        Known(at=("1e-5",), value="4.9999999999166666666688888889e-11"),
        Known(at=("-1000",), value="999.3068528194400546905828", partials=("-1",)),
    ),
)
softsign = _unary(
    "softsign",
    lambda xp, x: xp.where(xp.abs(x) == math.inf, xp.sign(x), x / (1 + xp.abs(x))),
    lambda F, out, x: F.square(1 / (1 + F.abs(x))),
    formula=r"\frac{{{0}}}{{1 + |{0}|}}",
)
relu = _unary(
    "relu",
    lambda xp, x: xp.maximum(x, 0),
    lambda F, out, x: F.astype(x > 0, x.dtype),
    formula=r"\max(0, {0})",
    samples=AWAY,
)
erf = _unary(
    "erf",
    lambda xp, x: np.asarray(np.frompyfunc(math.erf, 1, 1)(x), dtype=x.dtype),
    lambda F, out, x: F.exp(-x * x) * (2 / math.sqrt(math.pi)),
    formula=r"\operatorname{{erf}}({0})",
    known=(Known(at=("0.5",), value="0.5204998778130465376827466"),),
    lowerings={"xla": lambda x: _lax().erf(x)},
)
erfc = _unary(
    "erfc",
    lambda xp, x: np.asarray(np.frompyfunc(math.erfc, 1, 1)(x), dtype=x.dtype),
    lambda F, out, x: F.exp(-x * x) * (-2 / math.sqrt(math.pi)),
    formula=r"\operatorname{{erfc}}({0})",
    known=(Known(at=("5",), value="1.537459794428034850188343e-12"),),
    lowerings={"xla": lambda x: _lax().erfc(x)},
)


def _lax() -> Any:
    from jax import lax

    return lax


# ---- roundings and signs -------------------------------------------------------------------
floor = _unary(
    "floor", lambda xp, x: xp.floor(x), None, formula=r"\lfloor {0} \rfloor", samples=AWAY
)
ceil = _unary("ceil", lambda xp, x: xp.ceil(x), None, formula=r"\lceil {0} \rceil", samples=AWAY)
round = _unary(
    "round", lambda xp, x: xp.round(x), None, formula=r"\operatorname{{round}}({0})", samples=AWAY
)


def _signed(name: str, aval: Aval) -> Aval:
    if aval.dtype.kind in "bu":
        raise DTypeError(f"{name} takes signed numbers, not {aval.dtype.name}")
    return aval


negative = register(
    Op(
        name="negative",
        infer=lambda x: _signed("negative", x),
        compute=lambda xp, x: -x,
        kind=Linear(lambda F, i, ct, x: -ct),
        text="-{0}",
        formula="-{0}",
        samples=UNARY,
        hard=HARD,
    )
)
abs = register(
    Op(
        name="abs",
        infer=lambda x: numeric("abs", x),
        compute=lambda xp, x: xp.abs(x),
        kind=Elementwise((lambda F, out, x: F.sign(x),)),
        formula=r"|{0}|",
        samples=AWAY,
        hard=HARD,
    )
)
sign = register(
    Op(
        name="sign",
        infer=lambda x: numeric("sign", x),
        compute=lambda xp, x: xp.sign(x),
        kind=Constant(),
        formula=r"\operatorname{{sgn}}({0})",
        samples=AWAY,
        hard=HARD,
    )
)
square = register(
    Op(
        name="square",
        infer=lambda x: numeric("square", x),
        compute=lambda xp, x: xp.square(x),
        kind=Elementwise((lambda F, out, x: x + x,)),
        formula=r"{0}^2",
        samples=UNARY,
        hard=HARD,
    )
)

# ---- bits, tests of numbers, casts -----------------------------------------------------------
bitwise_invert = register(
    Op(
        name="bitwise_invert",
        infer=lambda x: integral("bitwise_invert", x),
        compute=lambda xp, x: ~x,
        kind=Constant(),
        text="~{0}",
        formula=r"\lnot {0}",
        samples=(Sample(shapes=((2,),), values={0: [1, 6]}),),
    )
)


def _predicate(name: str, compute: Callable[..., Any]) -> Op:
    return register(
        Op(
            name=name,
            infer=lambda x: Aval(x.shape, dtypes.boolean),
            compute=compute,
            kind=Constant(),
            formula=rf"\operatorname{{{{{name}}}}}({{0}})",
            samples=UNARY,
            hard=(*HARD, math.nan),
        )
    )


isfinite = _predicate("isfinite", lambda xp, x: xp.isfinite(x))
isnan = _predicate("isnan", lambda xp, x: xp.isnan(x))


def _cast_forward(F: Any, inputs: Any, outputs: Any, tangents: Any, dtype: Any) -> Any:
    return (F.astype(tangents[0], dtype) if dtypes.is_floating(dtype) else None,)


def _cast_reverse(F: Any, inputs: Any, outputs: Any, cotangents: Any, dtype: Any) -> Any:
    smooth = dtypes.is_floating(dtype) and dtypes.is_floating(inputs[0].dtype)
    return (F.astype(cotangents[0], inputs[0].dtype) if smooth else None,)


astype = register(
    Op(
        name="astype",
        infer=lambda x, dtype: Aval(x.shape, dtype),
        compute=lambda xp, x, dtype: x.astype(dtype),  # XLA cuts to an integer's ends by itself
        lowerings={"numpy": cast_numpy},
        kind=General(
            _cast_forward, _cast_reverse, on_arrays=True
        ),  # linear, but for casts to integers and bools
        formula=r"{0}",
        samples=(Sample(shapes=((2, 3),), params={"dtype": dtypes.float64}),),
    )
)
