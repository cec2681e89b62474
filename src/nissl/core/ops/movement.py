"""Operations that move numbers without changing them; each is linear, and states its transpose."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from nissl.core.kinds import Linear
from nissl.core.op import Op, Sample, register
from nissl.core.ops.shapes import broadcast_shapes
from nissl.core.tensor import Array, Aval, Shape, Tensor
from nissl.errors import DTypeError, ShapeError

SMALL = 1 << 14  # bytes


def _broadcast_infer(x: Aval, shape: Shape) -> Aval:
    if broadcast_shapes("broadcast_to", x.shape, shape) != shape:
        raise ShapeError(f"broadcast_to: shape {x.shape} cannot be stretched to {shape}")
    return Aval(shape, x.dtype)


def _broadcast(xp: Any, x: Array, shape: Shape) -> Array:
    return xp.broadcast_to(x, shape)


def broadcast_numpy(x: Array, shape: Shape) -> Array:
    """Stretch a NumPy array: a copy if small, else a view, which is read-only."""
    if math.prod(shape) * x.dtype.itemsize > SMALL:
        return np.broadcast_to(x, shape)
    out = np.empty(shape, x.dtype)  # a small copy is made faster than a view with strides of 0
    out[...] = x
    return out


@functools.lru_cache(maxsize=1024)
def _stretched(wide: Shape, narrow: Shape) -> tuple[int, ...]:
    """The axes of ``wide`` that are new, or were of length 1 in ``narrow``."""
    extra = len(wide) - len(narrow)
    return tuple(
        i for i, length in enumerate(wide) if i < extra or (narrow[i - extra] == 1 and length != 1)
    )


def unbroadcast(F: Any, cotangent: Tensor, shape: Shape) -> Tensor:
    """Sum ``cotangent`` over the axes along which ``shape`` was stretched: the transpose."""
    axes = _stretched(cotangent.shape, shape)
    total = F.sum(cotangent, axis=axes) if axes else cotangent
    return total if total.shape == shape else F.reshape(total, shape)


broadcast_to = register(
    Op(
        name="broadcast_to",
        infer=_broadcast_infer,
        compute=_broadcast,
        lowerings={"numpy": broadcast_numpy},
        kind=Linear(lambda F, i, ct, x, shape: unbroadcast(F, ct, x.shape)),
        formula=r"{0}",
        flops=lambda x, shape: 0,
        samples=(
            Sample(shapes=((3,),), params={"shape": (2, 3)}),
            Sample(shapes=((2, 1),), params={"shape": (4, 2, 3)}),
            Sample(shapes=((),), params={"shape": (2,)}),
        ),
    )
)


def _reshape_infer(x: Aval, shape: Shape) -> Aval:
    result = Aval(shape, x.dtype)
    if result.size != x.size:
        raise ShapeError(
            f"reshape: {x.size} elements of shape {x.shape} do not fill shape {shape} "
            f"({result.size} elements)"
        )
    return result


reshape = register(
    Op(
        name="reshape",
        infer=_reshape_infer,
        compute=lambda xp, x, shape: x.reshape(shape),
        kind=Linear(lambda F, i, ct, x, shape: F.reshape(ct, x.shape)),
        formula=r"{0}",
        flops=lambda x, shape: 0,
        samples=(Sample(shapes=((2, 3),), params={"shape": (3, 2)}),),
    )
)


def _permute_infer(x: Aval, axes: Shape) -> Aval:
    if sorted(axes) != list(range(x.ndim)):
        raise ShapeError(
            f"permute_dims: axes {axes} are not the {x.ndim} axes of {x.shape}, each once"
        )
    return Aval(tuple(x.shape[i] for i in axes), x.dtype)


def _permute_transpose(F: Any, i: int, ct: Tensor, x: Tensor, axes: Shape) -> Tensor:
    return permute_dims(ct, axes=tuple(axes.index(k) for k in range(len(axes))))


permute_dims = register(
    Op(
        name="permute_dims",
        infer=_permute_infer,
        compute=lambda xp, x, axes: xp.transpose(x, axes),
        kind=Linear(_permute_transpose),
        formula=r"{0}^\top",
        flops=lambda x, axes: 0,
        samples=(Sample(shapes=((2, 3, 4),), params={"axes": (2, 0, 1)}),),
    )
)

flip = register(
    Op(
        name="flip",
        infer=lambda x, axis: x,
        compute=lambda xp, x, axis: xp.flip(x, axis),
        kind=Linear(lambda F, i, ct, x, axis: flip(ct, axis=axis)),
        formula=r"\operatorname{{flip}} {0}",
        flops=lambda x, axis: 0,
        samples=(Sample(shapes=((2, 3),), params={"axis": (1,)}),),
    )
)


def _slices(starts: Shape, stops: Shape, steps: Shape) -> tuple[slice, ...]:
    return tuple(slice(a, b, c) for a, b, c in zip(starts, stops, steps, strict=True))


def _slice_infer(x: Aval, starts: Shape, stops: Shape, steps: Shape) -> Aval:
    bounds = list(zip(starts, stops, steps, strict=True))
    for (start, stop, step), length in zip(bounds, x.shape, strict=True):
        if not (0 <= start <= length and 0 <= stop <= length and step >= 1):
            raise ShapeError(
                f"slice: {start}:{stop}:{step} does not lie inside an axis of length {length} "
                f"(shape {x.shape})"
            )
    return Aval(tuple(len(range(*each)) for each in bounds), x.dtype)


def _slice_transpose(
    F: Any, i: int, ct: Tensor, x: Tensor, starts: Shape, stops: Shape, steps: Shape
) -> Tensor:
    spread = tuple((n - 1) * step + 1 if n else 0 for n, step in zip(ct.shape, steps, strict=True))
    high = tuple(total - start - n for total, start, n in zip(x.shape, starts, spread, strict=True))
    return pad(ct, low=starts, high=high, interior=tuple(step - 1 for step in steps))


slice_ = register(
    Op(
        name="slice",
        infer=_slice_infer,
        compute=lambda xp, x, starts, stops, steps: x[_slices(starts, stops, steps)],
        kind=Linear(_slice_transpose),
        formula=r"{0}_{{[\cdot]}}",
        flops=lambda x, starts, stops, steps: 0,
        samples=(
            Sample(shapes=((5, 4),), params={"starts": (1, 0), "stops": (5, 3), "steps": (3, 1)}),
        ),
    )
)


def _padded(shape: Shape, low: Shape, high: Shape, interior: Shape) -> Shape:
    return tuple(
        a + n + max(n - 1, 0) * gap + b
        for n, a, b, gap in zip(shape, low, high, interior, strict=True)
    )


def _pad_window(shape: Shape, low: Shape, interior: Shape) -> tuple[slice, ...]:
    return tuple(
        slice(a, a + (n - 1) * (gap + 1) + 1 if n else a, gap + 1)
        for n, a, gap in zip(shape, low, interior, strict=True)
    )


def _pad(xp: Any, x: Array, low: Shape, high: Shape, interior: Shape) -> Array:
    out = xp.zeros(_padded(x.shape, low, high, interior), x.dtype)
    out[_pad_window(x.shape, low, interior)] = x
    return out


def _pad_xla(x: Array, low: Shape, high: Shape, interior: Shape) -> Array:
    from jax import lax

    return lax.pad(x, x.dtype.type(0), list(zip(low, high, interior, strict=True)))


def _pad_transpose(
    F: Any, i: int, ct: Tensor, x: Tensor, low: Shape, high: Shape, interior: Shape
) -> Tensor:
    window = _pad_window(x.shape, low, interior)
    return slice_(
        ct,
        starts=tuple(w.start for w in window),
        stops=tuple(w.stop for w in window),
        steps=tuple(w.step for w in window),
    )


pad = register(
    Op(
        name="pad",
        infer=lambda x, low, high, interior: Aval(_padded(x.shape, low, high, interior), x.dtype),
        compute=_pad,
        lowerings={"xla": _pad_xla},
        kind=Linear(_pad_transpose),
        formula=r"\operatorname{{pad}} {0}",
        flops=lambda x, low, high, interior: 0,
        samples=(
            Sample(shapes=((2, 3),), params={"low": (1, 0), "high": (0, 2), "interior": (0, 1)}),
        ),
    )
)


def _concat_infer(*avals: Aval, axis: int) -> Aval:
    first = avals[0]
    for other in avals[1:]:
        rest = [
            (a, b)
            for i, (a, b) in enumerate(zip(first.shape, other.shape, strict=False))
            if i != axis
        ]
        if first.ndim != other.ndim or any(a != b for a, b in rest):
            raise ShapeError(
                f"concat: shapes {first.shape} and {other.shape} may differ along axis {axis} only"
            )
        if first.dtype != other.dtype:
            raise DTypeError(f"concat: dtypes {first.dtype.name} and {other.dtype.name} differ")
    shape = list(first.shape)
    shape[axis] = sum(aval.shape[axis] for aval in avals)
    return Aval(tuple(shape), first.dtype)


def _concat_transpose(F: Any, i: int, ct: Tensor, *inputs: Tensor, axis: int) -> Tensor:
    start = sum(x.shape[axis] for x in inputs[:i])
    starts, stops = [0] * ct.ndim, list(ct.shape)
    starts[axis], stops[axis] = start, start + inputs[i].shape[axis]
    return slice_(ct, starts=tuple(starts), stops=tuple(stops), steps=(1,) * ct.ndim)


concat = register(
    Op(
        name="concat",
        infer=_concat_infer,
        compute=lambda xp, *values, axis: xp.concatenate(values, axis=axis),
        kind=Linear(_concat_transpose),
        formula=r"[{0}, \dots]",
        flops=lambda *avals, axis: 0,
        samples=(Sample(shapes=((2, 3), (2, 1), (2, 2)), params={"axis": 1}),),
    )
)
