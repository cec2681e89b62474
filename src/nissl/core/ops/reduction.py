"""Reductions and running sums along axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nissl.core import dtypes
from nissl.core.kinds import Constant, General, Linear
from nissl.core.op import Op, Sample, register
from nissl.core.ops.summation import kept, sum_numpy, wide
from nissl.core.tensor import Aval, Shape, Tensor
from nissl.errors import DTypeError, ShapeError

Axes = tuple[int, ...]


def reduced(shape: Shape, axis: Axes) -> Shape:
    """Shape that is left when ``axis`` is reduced away."""
    return tuple(length for i, length in enumerate(shape) if i not in axis)


def _spread(F: Any, small: Tensor, shape: Shape, axis: Axes) -> Tensor:
    """Undo a reduction's shape: the same number along each reduced axis."""
    if not small.shape:
        return F.broadcast_to(small, shape)
    return F.broadcast_to(F.reshape(small, kept(shape, axis)), shape)


REDUCTIONS = (
    Sample(shapes=((2, 3),), params={"axis": (0,)}),
    Sample(shapes=((2, 3, 4),), params={"axis": (0, 2)}),
    Sample(shapes=((3,),), params={"axis": (0,)}),
    Sample(shapes=((2, 3),), params={"axis": ()}),
)


sum = register(
    Op(
        name="sum",
        infer=lambda x, axis: Aval(reduced(x.shape, axis), x.dtype),
        compute=lambda xp, x, axis: xp.sum(x, axis=axis, dtype=wide(xp, x.dtype)).astype(x.dtype),
        lowerings={"numpy": sum_numpy},
        kind=Linear(lambda F, i, ct, x, axis: _spread(F, ct, x.shape, axis)),
        formula=r"\sum {0}",
        flops=lambda x, axis: x.size,
        samples=REDUCTIONS,
    )
)


def _extreme(name: str, compute: Callable[..., Any]) -> Op:
    """Largest or smallest along axes; at a tie the derivative is shared equally."""

    def infer(x: Aval, axis: Axes) -> Aval:
        for i in axis:
            if x.shape[i] == 0:
                raise ShapeError(
                    f"{name}: axis {i} of shape {x.shape} is empty, and nothing has no {name}"
                )
        return Aval(reduced(x.shape, axis), x.dtype)

    def weights(F: Any, x: Tensor, out: Tensor, axis: Axes) -> Tensor:
        mask = F.astype(x == _spread(F, out, x.shape, axis), x.dtype)
        return mask / _spread(F, F.sum(mask, axis=axis), x.shape, axis)

    def forward(F: Any, inputs: Any, outputs: Any, tangents: Any, axis: Axes) -> Any:
        (x,), (out,), (tangent,) = inputs, outputs, tangents
        return (F.sum(tangent * weights(F, x, out, axis), axis=axis),)

    def reverse(F: Any, inputs: Any, outputs: Any, cotangents: Any, axis: Axes) -> Any:
        (x,), (out,), (cotangent,) = inputs, outputs, cotangents
        return (_spread(F, cotangent, x.shape, axis) * weights(F, x, out, axis),)

    return register(
        Op(
            name=name,
            infer=infer,
            compute=compute,
            kind=General(forward, reverse, on_arrays=True),
            formula=rf"\{name} {{0}}",
            flops=lambda x, axis: x.size,
            samples=REDUCTIONS,
        )
    )


max = _extreme("max", lambda xp, x, axis: xp.max(x, axis=axis))
min = _extreme("min", lambda xp, x, axis: xp.min(x, axis=axis))


def _arg_infer(name: str) -> Callable[..., Aval]:
    def infer(x: Aval, axis: int) -> Aval:
        if x.shape[axis] == 0:
            raise ShapeError(f"{name}: axis {axis} of shape {x.shape} is empty")
        return Aval(reduced(x.shape, (axis,)), dtypes.default_int)

    return infer


ALONG = (Sample(shapes=((2, 3),), params={"axis": 1}), Sample(shapes=((4,),), params={"axis": 0}))

argmax = register(
    Op(
        name="argmax",
        infer=_arg_infer("argmax"),
        compute=lambda xp, x, axis: xp.argmax(x, axis=axis).astype(dtypes.default_int),
        kind=Constant(),
        formula=r"\arg\max {0}",
        samples=ALONG,
    )
)
argmin = register(
    Op(
        name="argmin",
        infer=_arg_infer("argmin"),
        compute=lambda xp, x, axis: xp.argmin(x, axis=axis).astype(dtypes.default_int),
        kind=Constant(),
        formula=r"\arg\min {0}",
        samples=ALONG,
    )
)


def _truth(name: str, compute: Callable[..., Any]) -> Op:
    def infer(x: Aval, axis: Axes) -> Aval:
        if x.dtype != dtypes.boolean:
            raise DTypeError(f"{name} takes bool, not {x.dtype.name}; compare first, e.g. x != 0")
        return Aval(reduced(x.shape, axis), dtypes.boolean)

    return register(
        Op(
            name=name,
            infer=infer,
            compute=compute,
            kind=Constant(),
            formula=rf"\operatorname{{{{{name}}}}} {{0}}",
            samples=(
                Sample(
                    shapes=((2, 2),),
                    values={0: [[True, False], [True, True]]},
                    params={"axis": (1,)},
                ),
            ),
        )
    )


all = _truth("all", lambda xp, x, axis: xp.all(x, axis=axis))
any = _truth("any", lambda xp, x, axis: xp.any(x, axis=axis))


def _running_sum(xp: Any, x: Any, axis: int, backwards: bool) -> Any:
    if backwards:
        x = xp.flip(x, axis)
    dtype = wide(xp, x.dtype)
    if xp is np and dtypes.is_floating(x.dtype):  # which adds one after the other
        dtype = np.float64
    total = xp.cumsum(x, axis=axis, dtype=dtype).astype(x.dtype)
    return xp.flip(total, axis) if backwards else total


def _running_sum_transpose(
    F: Any, i: int, ct: Tensor, x: Tensor, axis: int, backwards: bool
) -> Tensor:
    return cumulative_sum(ct, axis=axis, backwards=not backwards)


cumulative_sum = register(
    Op(
        name="cumulative_sum",
        infer=lambda x, axis, backwards: x,
        compute=_running_sum,
        kind=Linear(_running_sum_transpose),
        formula=r"\sum_{{k \le i}} {0}_k",
        samples=(
            Sample(shapes=((2, 3),), params={"axis": 1, "backwards": False}),
            Sample(shapes=((4,),), params={"axis": 0, "backwards": True}),
        ),
    )
)
argsort = register(
    Op(
        name="argsort",
        infer=lambda x, axis: Aval(x.shape, dtypes.default_int),
        compute=lambda xp, x, axis: xp.argsort(x, axis=axis, stable=True).astype(
            dtypes.default_int
        ),
        kind=Constant(),
        formula=r"\operatorname{{argsort}} {0}",
        samples=ALONG,
    )
)
