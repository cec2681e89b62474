"""Oracles for the ops on whole arrays: each number of the result by a formula of its index.

Nothing here calls a function that computes the whole: an oracle is given the inputs as nested
numbers that are looked up one at a time, and is asked for the number at one index. Sums are exact
(:func:`math.fsum`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

Index = tuple[int, ...]
#: (index of the output, inputs, parameters) to the number there
Rule = Callable[..., Any]


def lines(x: Any, i: Index, axis: Index) -> list[Any]:
    """The numbers of ``x`` that a reduction over ``axis`` gathers at ``i``, in order."""
    kept = iter(i)
    spans = [range(n) if a in axis else (next(kept),) for a, n in enumerate(x.shape)]
    return [x[j] for j in itertools.product(*spans)]


def line(x: Any, i: Index, axis: int) -> list[Any]:
    """The numbers of ``x`` on the line through ``i`` along one axis that the output keeps."""
    return [x[(*i[:axis], k, *i[axis + 1 :])] for k in range(x.shape[axis])]


def first_of(choose: Callable[..., Any]) -> Rule:
    def rule(i: Index, x: Any, axis: int) -> int:
        values = lines(x, i, (axis,))
        return values.index(choose(values))

    return rule


def _argsort(i: Index, x: Any, axis: int) -> int:
    values = line(x, i, axis)
    return sorted(range(len(values)), key=values.__getitem__)[i[axis]]


def _softmax(i: Index, x: Any, axis: int) -> float:
    values = line(x, i, axis)
    return 1 / math.fsum(math.exp(v - values[i[axis]]) for v in values)


def _cumulative_sum(i: Index, x: Any, axis: int, backwards: bool) -> float:
    values = line(x, i, axis)
    return math.fsum(values[i[axis] :] if backwards else values[: i[axis] + 1])


def _concat(i: Index, *xs: Any, axis: int) -> Any:
    place = i[axis]
    for x in xs:
        if place < x.shape[axis]:
            return x[(*i[:axis], place, *i[axis + 1 :])]
        place -= x.shape[axis]
    raise AssertionError(f"the output is longer than its parts at {i}")


def _pad(i: Index, x: Any, low: Index, high: Index, interior: Index) -> Any:
    places = [divmod(k - a, gap + 1) for k, a, gap in zip(i, low, interior, strict=True)]
    inside = all(
        not rest and 0 <= place < n for (place, rest), n in zip(places, x.shape, strict=True)
    )
    return x[tuple(place for place, _ in places)] if inside else 0


def _reshape(i: Index, x: Any, shape: Index) -> Any:
    return x[np.unravel_index(np.ravel_multi_index(i, shape), x.shape)] if x.shape else x[()]


def _index_add(i: Index, indices: Any, updates: Any, length: int) -> float:
    found = [updates[(*j, *i[1:])] for j in every(indices.shape) if indices[j] % length == i[0]]
    return math.fsum(found)


def _broadcast_to(i: Index, x: Any, shape: Index) -> Any:
    last = i[len(shape) - x.ndim :]
    return x[tuple(k if n > 1 else 0 for k, n in zip(last, x.shape, strict=True))]


def _matmul(i: Index, x: Any, y: Any) -> float:
    *batch, row, column = i
    return math.fsum(x[(*batch, row, k)] * y[(*batch, k, column)] for k in range(int(x.shape[-1])))


def _take(i: Index, x: Any, indices: Any) -> Any:
    return x[(int(indices[i[: indices.ndim]]), *i[indices.ndim :])]


ARRAY_ORACLES: dict[str, Rule] = {
    "all": lambda i, x, axis: all(lines(x, i, axis)),
    "any": lambda i, x, axis: any(lines(x, i, axis)),
    "argmax": first_of(max),
    "argmin": first_of(min),
    "argsort": _argsort,
    "astype": lambda i, x, dtype: dtype.type(x[i]),
    "bitwise_and": lambda i, x, y: int(x[i]) & int(y[i]),
    "bitwise_invert": lambda i, x: not x[i] if x.dtype.kind == "b" else -1 - int(x[i]),
    "bitwise_left_shift": lambda i, x, y: int(x[i]) * 2 ** int(y[i]),
    "bitwise_or": lambda i, x, y: int(x[i]) | int(y[i]),
    "bitwise_right_shift": lambda i, x, y: int(x[i]) // 2 ** int(y[i]),
    "bitwise_xor": lambda i, x, y: int(x[i]) ^ int(y[i]),
    "broadcast_to": _broadcast_to,
    "concat": _concat,
    "cumulative_sum": _cumulative_sum,
    "flip": lambda i, x, axis: x[
        tuple(x.shape[a] - 1 - k if a in axis else k for a, k in enumerate(i))
    ],
    "identity": lambda i, x: x[i],
    "index_add": _index_add,
    "matmul": _matmul,
    "max": lambda i, x, axis: max(lines(x, i, axis)),
    "min": lambda i, x, axis: min(lines(x, i, axis)),
    "pad": _pad,
    "permute_dims": lambda i, x, axes: x[tuple(i[axes.index(a)] for a in range(x.ndim))],
    "reshape": _reshape,
    "slice": lambda i, x, starts, stops, steps: x[
        tuple(a + k * step for k, a, step in zip(i, starts, steps, strict=True))
    ],
    "softmax": _softmax,
    "stop_gradient": lambda i, x: x[i],
    "sum": lambda i, x, axis: math.fsum(lines(x, i, axis)),
    "take": _take,
    "where": lambda i, condition, x, y: x[i] if condition[i] else y[i],
}
#: ops whose values another file judges
ELSEWHERE = {
    "call": "test_transforms.py and test_lecture_and_depth.py: the program that it runs",
    "random_bits": "test_random_bits.py: known answers of its authors",
}


def every(shape: Sequence[int]) -> Iterator[Index]:
    """All indices of a shape, in order."""
    return itertools.product(*map(range, shape))
