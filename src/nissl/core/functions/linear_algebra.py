"""Sums of products, composed of the matrix product."""

from __future__ import annotations

import math
from collections.abc import Sequence

from nissl.arguments import named, whole
from nissl.core.functions.arithmetic import multiply
from nissl.core.functions.convert import promote, stretch
from nissl.core.functions.manipulation import expand_dims, moveaxis, permute_dims, reshape
from nissl.core.functions.reduce import sum
from nissl.core.op import apply, compute_now
from nissl.core.ops import contraction as ops
from nissl.core.ops.shapes import broadcast_shapes, normalise_axis, ordered_axes
from nissl.core.tensor import Tensor, TensorLike
from nissl.errors import ArgumentError, DTypeError, ShapeError

__all__ = ["matmul", "vecdot", "outer", "tensordot", "einsum"]


def matmul(x: TensorLike, y: TensorLike) -> Tensor:
    """Matrix product; a tensor of one axis is a row on the left and a column on the right.

    Batch axes broadcast. ``(..., t, i) @ (i, o)`` is computed as one product of ``(... * t, i)``.
    """
    if not (isinstance(x, Tensor) and isinstance(y, Tensor) and x.dtype == y.dtype):
        x, y = promote(x, y)
    if x.ndim == 2 == y.ndim:
        if x.shape[1] != y.shape[0] or x.dtype.kind == "b":
            ops.matmul.infer(x.aval, y.aval)
        a, b = x.value, y.value
        if a is None or b is None:
            return apply(ops.matmul, (x, y), {})
        return compute_now(ops.matmul, (x, y), (a, b), x.tracked or y.tracked, {})
    if not x.ndim or not y.ndim:
        raise ShapeError(f"matmul: shapes {x.shape} and {y.shape}; numbers are joined with *")
    row, column = x.ndim == 1, y.ndim == 1
    x = expand_dims(x, 0) if row else x
    y = expand_dims(y, 1) if column else y
    if x.shape[-1] != y.shape[-2]:
        ops.matmul.infer(x.aval, y.aval) if x.ndim == y.ndim else _mismatch(x, y)
    if y.ndim == 2 and x.ndim > 2:
        flat = apply(ops.matmul, (reshape(x, (-1, x.shape[-1])), y), {}) if x.size else None
        result = _batched(x, y) if flat is None else reshape(flat, (*x.shape[:-1], y.shape[1]))
    else:
        result = _batched(x, y)
    keep = [i for i in range(result.ndim) if not _dropped(i, result.ndim, row, column)]
    return reshape(result, [result.shape[i] for i in keep]) if row or column else result


def _dropped(i: int, ndim: int, row: bool, column: bool) -> bool:
    return (row and i == ndim - 2) or (column and i == ndim - 1)


def _mismatch(x: Tensor, y: Tensor) -> None:
    raise ShapeError(
        f"matmul: {x.shape} @ {y.shape}: the last axis of the left has length {x.shape[-1]}, the "
        f"second-last of the right {y.shape[-2]}; they must be equal"
    )


def _batched(x: Tensor, y: Tensor) -> Tensor:
    batch = broadcast_shapes("matmul", x.shape[:-2], y.shape[:-2])
    if x.dtype.kind == "b":
        raise DTypeError("matmul takes numbers, not bool; cast with nissl.astype(x, 'int32')")
    return apply(
        ops.matmul,
        (stretch(x, (*batch, *x.shape[-2:])), stretch(y, (*batch, *y.shape[-2:]))),
        {},
    )


def vecdot(x: TensorLike, y: TensorLike, axis: int = -1) -> Tensor:
    """Sum of products along ``axis``, which is as long in both; the other axes broadcast.

    >>> import nissl
    >>> nissl.vecdot([[1, 2], [3, 4]], [10, 1]).tolist()
    [12, 34]
    """
    x, y = promote(x, y)
    left, right = (normalise_axis("vecdot", axis, each.ndim) for each in (x, y))
    if x.shape[left] != y.shape[right]:
        raise ShapeError(f"vecdot: axis {axis} of shapes {x.shape} and {y.shape} differs in length")
    return sum(multiply(moveaxis(x, left, -1), moveaxis(y, right, -1)), axis=-1)


def outer(x: TensorLike, y: TensorLike) -> Tensor:
    """Products of each element of ``x`` with each of ``y``, both of one axis."""
    x, y = promote(x, y)
    if x.ndim != 1 or y.ndim != 1:
        raise ShapeError(f"outer: shapes {x.shape} and {y.shape}; each needs one axis")
    return multiply(expand_dims(x, 1), expand_dims(y, 0))


def tensordot(
    x: TensorLike, y: TensorLike, axes: int | tuple[Sequence[int], Sequence[int]] = 2
) -> Tensor:
    """Sum of products over pairs of axes: the last ``axes`` of ``x`` with the first of ``y``,
    or those listed for each."""
    x, y = promote(x, y)
    pair = axes if isinstance(axes, list | tuple) else None
    if pair is None:
        count = whole("tensordot", "axes", axes)
        if not 0 <= count <= min(x.ndim, y.ndim):
            raise ShapeError(f"tensordot: {count} axes of shapes {x.shape} and {y.shape}")
        left, right = list(range(x.ndim - count, x.ndim)), list(range(count))
    elif len(pair) != 2:
        raise ArgumentError(f"tensordot: axes={axes} lists the axes of x, and those of y")
    else:
        left = list(ordered_axes("tensordot", pair[0], x.ndim, "axes"))
        right = list(ordered_axes("tensordot", pair[1], y.ndim, "axes"))
    if [x.shape[i] for i in left] != [y.shape[i] for i in right]:
        raise ShapeError(
            f"tensordot: axes {left} of {x.shape} and {right} of {y.shape} differ in length"
        )
    rest_x = [i for i in range(x.ndim) if i not in left]
    rest_y = [i for i in range(y.ndim) if i not in right]
    inner = math.prod(x.shape[i] for i in left)
    shape_x, shape_y = [x.shape[i] for i in rest_x], [y.shape[i] for i in rest_y]
    flat_x = reshape(permute_dims(x, rest_x + left), (math.prod(shape_x), inner))
    flat_y = reshape(permute_dims(y, right + rest_y), (inner, math.prod(shape_y)))
    return reshape(matmul(flat_x, flat_y), (*shape_x, *shape_y))


def einsum(subscripts: str, *operands: TensorLike) -> Tensor:
    """Sum of products by the Einstein convention, e.g. ``einsum("bij,bjk->bik", x, y)``.

    Operands are joined from left to right, each pair as one batched matrix product. Letters only,
    each at most once an operand; without ``->`` the letters that occur once are kept, sorted.

    >>> import nissl
    >>> nissl.einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).tolist()
    [3.0, 7.0]
    """
    terms, output = _parse(named("einsum", "subscripts", subscripts), len(operands))
    tensors = promote(*operands)
    lengths: dict[str, int] = {}
    for letters, tensor in zip(terms, tensors, strict=True):
        if len(letters) != tensor.ndim:
            raise ShapeError(
                f"einsum: {letters!r} names {len(letters)} axes of shape {tensor.shape}"
            )
        for letter, length in zip(letters, tensor.shape, strict=True):
            if lengths.setdefault(letter, length) != length:
                raise ShapeError(
                    f"einsum {subscripts!r}: axis {letter!r} has length {lengths[letter]} "
                    f"and {length}"
                )
    letters, total = terms[0], tensors[0]
    for i in range(1, len(terms)):
        wanted = set(output).union(*terms[i + 1 :])
        letters, total = _contract(letters, total, terms[i], tensors[i], wanted)
    gone = tuple(i for i, letter in enumerate(letters) if letter not in output)
    total = sum(total, axis=gone) if gone else total
    letters = "".join(letter for letter in letters if letter in output)
    return permute_dims(total, [letters.index(letter) for letter in output])


def _parse(subscripts: str, count: int) -> tuple[list[str], str]:
    left, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != count:
        raise ArgumentError(
            f"einsum {subscripts!r} names {len(terms)} operands; {count} were given"
        )
    everything = "".join(terms)
    if not arrow:
        output = "".join(sorted(each for each in set(everything) if everything.count(each) == 1))
    for term in (*terms, output):
        if not (term.isalpha() or not term) or len(set(term)) != len(term):
            raise ArgumentError(f"einsum {subscripts!r}: {term!r} must be letters, each once")
    unknown = set(output) - set(everything)
    if unknown:
        raise ArgumentError(f"einsum {subscripts!r}: {sorted(unknown)} stand in no operand")
    return terms, output


def _contract(left: str, x: Tensor, right: str, y: Tensor, wanted: set[str]) -> tuple[str, Tensor]:
    """Join two operands as one batched matrix product."""
    alone = tuple(i for i, c in enumerate(left) if c not in right and c not in wanted)
    x, left = (
        (sum(x, axis=alone) if alone else x),
        "".join(c for c in left if c in right or c in wanted),
    )
    alone = tuple(i for i, c in enumerate(right) if c not in left and c not in wanted)
    y, right = (
        (sum(y, axis=alone) if alone else y),
        "".join(c for c in right if c in left or c in wanted),
    )
    batch = [c for c in left if c in right and c in wanted]
    inner = [c for c in left if c in right and c not in wanted]
    rows = [c for c in left if c not in right]
    columns = [c for c in right if c not in left]
    size = {**dict(zip(left, x.shape, strict=True)), **dict(zip(right, y.shape, strict=True))}

    def arranged(tensor: Tensor, names: str, *groups: list[str]) -> Tensor:
        order = [names.index(c) for group in groups for c in group]
        shape = [math.prod(size[c] for c in group) for group in groups[1:]]
        return reshape(permute_dims(tensor, order), (*(size[c] for c in batch), *shape))

    product = matmul(
        arranged(x, left, batch, rows, inner), arranged(y, right, batch, inner, columns)
    )
    names = batch + rows + columns
    return "".join(names), reshape(product, [size[c] for c in names])
