"""Making tensors of what the user has, and bringing them to a common shape and dtype."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nissl.arguments import flag, wholes
from nissl.core import dtypes
from nissl.core.op import apply, compute_now
from nissl.core.operators import Operators
from nissl.core.ops import control, elementwise, movement
from nissl.core.ops.shapes import broadcast_shapes
from nissl.core.tensor import Array, Shape, Tensor, TensorLike, late
from nissl.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError

__all__ = ["asarray", "from_dlpack", "tensor", "astype"]

_SCALARS = (bool, int, float)
SMALL = 4096  # elements below which filling an array is quicker than stretching one


def _array(value: Any) -> Array:
    """Turn what the user has into a NumPy array of a dtype that tensors hold."""
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ShapeError(
            "a tensor cannot be made of nested lists whose lengths differ; pad them to one length"
        ) from error
    if array.dtype.name not in dtypes.type_names:
        sample = f", e.g. {array.flat[0]!r}" if array.size else ""
        raise DTypeError(
            f"a tensor cannot be made of {type(value).__name__} with dtype {array.dtype.name!r}"
            f"{sample}; known dtypes: {', '.join(dtypes.type_names)}. Turn texts and objects into "
            "numbers first (whole numbers past 64 bits into floats)."
        )
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def fitted(array: Array, dtype: np.dtype[Any]) -> Array:
    """Cast numbers that were written down to a dtype; none is cut, and none wraps around.

    Raises:
        ArgumentError: an integer dtype cannot hold one of them.
    """
    if dtype.kind in "iu" and array.dtype != dtype and array.dtype.kind != "b" and array.size:
        if array.dtype.kind not in "iu":
            off = ~(np.isfinite(array) & (np.floor(array) == array))
            if off.any():
                raise ArgumentError(
                    f"{array[off].flat[0]} is not a whole number, as {dtype.name} takes; round it "
                    "first, or cut it with nissl.astype"
                )
        limits = np.iinfo(dtype)
        for number in (int(array.min()), int(array.max())):
            if not limits.min <= number <= limits.max:
                raise ArgumentError(
                    f"{number} does not fit {dtype.name} ({limits.min} to {limits.max})"
                )
    with np.errstate(over="ignore"):  # a number past a floating dtype's range is infinite
        return array.astype(dtype, copy=False)


def _holds_tensors(x: Any) -> bool:
    """Say whether a tensor or a variable stands anywhere in nested lists."""
    if isinstance(x, list | tuple):
        return any(_holds_tensors(each) for each in x)
    return isinstance(x, Tensor) or hasattr(x, "__nissl_tensor__")


def asarray(x: TensorLike, dtype: Any = None, *, copy: bool | None = None) -> Tensor:
    """Return ``x`` as a tensor, without a copy where none is needed.

    Python floats and lists of them become ``float32`` (see :func:`nissl.set_default_float`);
    NumPy arrays keep their dtype.

    Args:
        x: tensor, variable, NumPy array, anything with ``__array__``, nested lists, or a number.
        dtype: wanted dtype; kept or chosen from ``x`` by default. Arrays and tensors are cast as
            :func:`astype` casts them; numbers and lists must fit.
        copy: True for memory of its own, False for an error where a copy is needed.

    Raises:
        ArgumentError: an integer dtype cannot hold a number, or ``copy=False`` cannot be.

    >>> import nissl
    >>> nissl.asarray([1.0, 2.0])
    Tensor([1. 2.], shape=(2,), dtype=float32)
    """
    wanted = None if dtype is None else dtypes.as_dtype(dtype)
    if isinstance(x, Tensor):
        found = x
    elif hasattr(x, "__nissl_tensor__"):
        found = x.__nissl_tensor__()
    elif isinstance(x, list | tuple) and _holds_tensors(x):
        found = late.functions.stack(x)  # so that what they were computed from is kept
    else:
        array = _array(x)
        if not hasattr(x, "dtype"):
            if wanted is not None:
                array = fitted(array, wanted)
            elif array.dtype == np.float64:
                array = array.astype(dtypes.default_float())
        found = Tensor(array)
    if wanted is not None:
        found = astype(found, wanted)
    return found if copy is None else _copied(x, found, flag("asarray", "copy", copy))


def _copied(x: TensorLike, found: Tensor, wanted: bool) -> Tensor:
    """``found`` with memory of its own if that is wanted, and with the memory of ``x`` if not."""
    value = found.value
    if value is None:
        return found  # in a program nobody can tell
    shared = x is found or not value.size or np.may_share_memory(value, np.asarray(_held(x)))
    if not wanted and not shared:
        raise ArgumentError("copy=False: this cannot be had without a copy; leave copy out")
    if not wanted or not shared:
        return found
    copied = apply(control.identity, (found,), {})
    copied.value = np.array(value)
    return copied


def from_dlpack(x: Any) -> Tensor:
    """Return an array of another library as a tensor, without a copy where that can be.

    Args:
        x: what has ``__dlpack__`` and ``__dlpack_device__``: NumPy's, PyTorch's, JAX's arrays.

    Raises:
        ArgumentTypeError: ``x`` is not such an array, or lives where the host cannot read it.
    """
    if isinstance(x, Tensor):
        return x
    try:
        array = np.from_dlpack(x)
    except (AttributeError, BufferError, RuntimeError, TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f"from_dlpack: {type(x).__name__} cannot be read by DLPack on the host: {error}"
        ) from error
    return asarray(array)


def tensor(x: TensorLike, dtype: Any = None, *, requires_grad: bool = False) -> Tensor:
    """Make a new leaf tensor of a copy of ``x``.

    Args:
        x: NumPy array, nested lists, a number, or another tensor's value.
        dtype: wanted dtype; as in :func:`asarray` by default.
        requires_grad: whether ``backward()`` fills its ``.grad``.

    >>> import nissl
    >>> nissl.tensor([[1, 2]], dtype="float64").shape
    (1, 2)
    """
    found = Tensor(np.array(asarray(x, dtype).concrete("a value to copy")))
    if flag("tensor", "requires_grad", requires_grad):
        found.requires_grad = True
    return found


def astype(x: TensorLike, dtype: Any, *, copy: bool | None = None) -> Tensor:
    """Return the values of ``x`` in ``dtype``; floats are cut to integers, integers wrap around.

    Args:
        x: any tensor.
        dtype: wanted dtype.
        copy: True for memory of its own also where the dtype is the same already.
    """
    if not isinstance(x, Tensor):
        x = asarray(x)
    wanted = dtypes.as_dtype(dtype)
    found = x if x.dtype == wanted else apply(elementwise.astype, (x,), {"dtype": wanted})
    return _copied(x, found, True) if copy is not None and flag("astype", "copy", copy) else found


# ---- agreeing on shape and dtype ------------------------------------------------------------


def _raise_complex(value: object) -> None:
    if isinstance(value, complex):
        raise ArgumentTypeError(f"complex numbers such as {value} are not offered")


def _scalar(value: bool | int | float, dtype: np.dtype[Any]) -> Tensor:
    wanted = dtypes.scalar_dtype(value, dtype)
    if isinstance(value, int) and wanted.kind in "iu":
        limits = np.iinfo(wanted)
        if not limits.min <= value <= limits.max:
            raise ArgumentError(
                f"{value} does not fit {wanted.name} ({limits.min} to {limits.max})"
            )
    with np.errstate(over="ignore"):  # a number past float16's range is infinite
        return Tensor(np.asarray(value, wanted))


def promote(*operands: TensorLike) -> list[Tensor]:
    """Return all operands as tensors of one dtype; Python scalars follow the tensors."""
    strong = [
        None if isinstance(each, _SCALARS) else asarray(each)
        for each in operands
        if _raise_complex(each) is None
    ]
    found = [each.dtype for each in strong if each is not None]
    if not operands:
        return []
    if not found:
        return promote(*(asarray(each) for each in operands))
    dtype = found[0]
    for other in found[1:]:
        dtype = dtypes.promote(dtype, other)
    result: list[Tensor] = []
    for each, operand in zip(strong, operands, strict=True):
        result.append(_scalar(operand, dtype) if each is None else each)
    for each in result:
        dtype = dtypes.promote(dtype, each.dtype)
    return [astype(each, dtype) for each in result]


def broadcast(name: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    """Stretch tensors to their common shape, naming the function that asked in any error."""
    shapes = [each.shape for each in tensors]
    if all(shape == shapes[0] for shape in shapes):
        return list(tensors)
    shape = broadcast_shapes(name, *shapes)
    return [stretch(each, shape) for each in tensors]


def stretch(x: Tensor, shape: Shape) -> Tensor:
    """Broadcast ``x`` to ``shape``, or return it as it is when it has it already."""
    if x.shape == shape:
        return x
    value = x.value
    if value is None:
        return apply(movement.broadcast_to, (x,), {"shape": shape})
    return compute_now(movement.broadcast_to, (x,), (value,), x.tracked, {"shape": shape})


@functools.lru_cache(maxsize=256)
def _filled(value: float, shape: Shape, dtype: np.dtype[Any]) -> Tensor:
    with np.errstate(over="ignore"):
        array = np.full(shape, value, dtype)
    array.flags.writeable = False  # it is shared
    return Tensor(array)


def _fill(value: bool | int | float, like: Tensor) -> Tensor:
    """A Python scalar as a constant of the shape and dtype that it takes beside ``like``."""
    array = like.value
    if array is None or array.size > SMALL or type(value) is bool or array.dtype.kind != "f":
        return _scalar(value, like.dtype)
    # the sign of a zero is told apart, which equal keys of the cache would not do
    return _filled(value, array.shape, array.dtype) if value else _scalar(value, array.dtype)


def _held(x: TensorLike) -> TensorLike:
    """The tensor that a variable holds now; anything else as it is."""
    return x.__nissl_tensor__() if hasattr(x, "__nissl_tensor__") else x


def binary(op: Any, x: TensorLike, y: TensorLike, **params: Any) -> Tensor:
    """Apply an elementwise op of two inputs after promotion and broadcasting."""
    if isinstance(x, Tensor):
        if isinstance(y, _SCALARS):
            y = _fill(y, x)
    elif isinstance(y, Tensor) and isinstance(x, _SCALARS):
        x = _fill(x, y)
    if type(x) is Tensor and type(y) is Tensor:  # nothing to do, as most often: be quick
        a, b = x.value, y.value
        if a is not None and b is not None and a.dtype is b.dtype and a.dtype.kind != "b":
            if a.shape != b.shape:
                shape = broadcast_shapes(op.name, a.shape, b.shape)
                x, y = stretch(x, shape), stretch(y, shape)
            return compute_now(op, (x, y), (x.value, y.value), x.tracked or y.tracked, params)
    elif isinstance(x, Operators) and type(x) is not Tensor:
        return binary(op, x.__nissl_tensor__(), y, **params)
    elif isinstance(y, Operators) and type(y) is not Tensor:
        return binary(op, x, y.__nissl_tensor__(), **params)
    else:
        x, y = promote(x, y)
    if x.dtype != y.dtype:
        x, y = promote(x, y)
    if x.shape != y.shape:
        shape = broadcast_shapes(op.name, x.shape, y.shape)
        x, y = stretch(x, shape), stretch(y, shape)
    if x.dtype.kind == "b":
        op.infer(x.aval, y.aval, **params)  # NumPy adds bools, and other engines do not
    return apply(op, (x, y), params)


def unary(op: Any, x: TensorLike) -> Tensor:
    """Apply an elementwise op of one floating input; integers become the default float."""
    if not isinstance(x, Tensor):
        x = asarray(x)
    value = x.value
    if value is not None and value.dtype.kind == "f":
        return compute_now(op, (x,), (value,), x.tracked, {})
    if not dtypes.is_floating(x.dtype):
        x = astype(x, dtypes.default_float())
    return apply(op, (x,), {})


# ---- shapes ---------------------------------------------------------------------------------


MOST = 2**46  # elements; no machine can address as many


def as_shape(shape: int | Sequence[int], who: str = "shape") -> Shape:
    """Return a shape given as an integer or a sequence, checked."""
    lengths = wholes(who, "shape", shape)
    for length in lengths:
        if length < 0:
            raise ShapeError(f"{who} {lengths}: each length is an integer of at least 0")
    if math.prod(lengths) > MOST:
        raise ShapeError(f"{who} {lengths}: no machine holds {math.prod(lengths)} elements")
    return lengths
