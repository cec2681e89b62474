"""The loops of a reduction, in C."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nissl.engine.native.functions import C_TYPES, EXPRESSIONS, literal
from nissl.engine.native.views import DType, Index, View


def reduction(name: str, x: View, result: View, axis: Index) -> list[str]:
    """The loops of a reduction, outermost first."""
    kind = C_TYPES[result.buffer.dtype.name]
    kept = [a for a in range(len(x.shape)) if a not in axis]
    number = x.at([f"i{a}" for a in range(len(x.shape))])
    target = result.at([f"i{a}" for a in kept])
    start, combine = _combination(name, result.buffer.dtype)

    def loop(a: int) -> str:
        return f"for (long i{a} = 0; i{a} < {x.shape[a]}; i{a}++)"

    if name == "argmax":
        source = C_TYPES[x.buffer.dtype.name]
        (a,) = axis
        first = x.at(["0" if each == a else f"i{each}" for each in range(len(x.shape))])
        return [
            *(f"{loop(k)} {{" for k in kept),
            f"{source} best = {first}; {kind} place = 0;",
            f"for (long i{a} = 1; i{a} < {x.shape[a]}; i{a}++) {{",
            f"const {source} x = {number};",
            f"if (x > best || (x != x && best == best)) {{ best = x; place = i{a}; }}",
            "}",
            f"{target} = place;",
            *("}" for _ in kept),
        ]
    if kept and kept[-1] == len(x.shape) - 1:  # add rows to rows
        *outer, last = kept
        return [
            *(f"{loop(k)} {{" for k in outer),
            f"{loop(last)} {target} = {start};",
            *(f"{loop(a)} {{" for a in axis),
            '_Pragma("GCC ivdep")',
            f"{loop(last)} {target} = {combine(target, number)};",
            *("}" for _ in axis),
            *("}" for _ in outer),
        ]
    return [
        *(f"{loop(k)} {{" for k in kept),
        f"{kind} total = {start};",
        *(loop(a) for a in axis),
        f"total = {combine('total', number)};",
        f"{target} = total;",
        *("}" for _ in kept),
    ]


def _combination(name: str, dtype: DType) -> tuple[str, Callable[[str, str], str]]:
    if name == "sum":
        return "0", lambda total, x: f"{total} + {x}"
    if name == "argmax":
        return "0", lambda total, x: total
    largest = name in ("max", "any")
    choose = EXPRESSIONS["maximum" if largest else "minimum"]
    if dtype.kind == "b":
        start = "0" if largest else "1"
    elif dtype.kind == "f":
        start = "-INFINITY" if largest else "INFINITY"
    else:
        limits = np.iinfo(dtype)
        start = literal(int(limits.min if largest else limits.max), dtype)
    return start, lambda total, x: choose(dtype, total, x)
