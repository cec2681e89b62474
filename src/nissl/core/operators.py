"""Operators of tensors and variables, and tensors' methods: each is the function of its name.

The functions are written on top of tensors, and so are found late, through :data:`late`. NumPy's
own functions and NumPy arrays on the left of an operator come in through :mod:`nissl.core.guests`.
"""

from __future__ import annotations

from types import EllipsisType, ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from nissl.core.tensor import Tensor

Axis: TypeAlias = int | tuple[int, ...] | None
TensorLike: TypeAlias = Any  # a Tensor, a Variable, a NumPy array, nested lists, or a number


class _Late:
    """Where operators find the functions, which are written on top of tensors."""

    functions: Any = None
    guests: Any = None


late = _Late()


def install_functions(functions: ModuleType, guests: ModuleType) -> None:
    """Tell operators which module has the functions, and which takes NumPy's calls."""
    late.functions, late.guests = functions, guests


class Operators:
    """What can be written between, before and after tensors."""

    __slots__ = ()

    def __nissl_tensor__(self) -> Any:
        return self

    # ---- NumPy --------------------------------------------------------------------------------
    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
        return late.guests.call_ufunc(ufunc, method, args, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return late.guests.call_function(function, args, options)

    # ---- operators ----------------------------------------------------------------------------
    def __getitem__(self, key: int | slice | EllipsisType | Any | None) -> Tensor:
        return late.functions.index(self, key)

    def __add__(self, other: TensorLike) -> Tensor:
        return late.functions.add(self, other)

    def __radd__(self, other: TensorLike) -> Tensor:
        return late.functions.add(other, self)

    def __sub__(self, other: TensorLike) -> Tensor:
        return late.functions.subtract(self, other)

    def __rsub__(self, other: TensorLike) -> Tensor:
        return late.functions.subtract(other, self)

    def __mul__(self, other: TensorLike) -> Tensor:
        return late.functions.multiply(self, other)

    def __rmul__(self, other: TensorLike) -> Tensor:
        return late.functions.multiply(other, self)

    def __truediv__(self, other: TensorLike) -> Tensor:
        return late.functions.divide(self, other)

    def __rtruediv__(self, other: TensorLike) -> Tensor:
        return late.functions.divide(other, self)

    def __floordiv__(self, other: TensorLike) -> Tensor:
        return late.functions.floor_divide(self, other)

    def __rfloordiv__(self, other: TensorLike) -> Tensor:
        return late.functions.floor_divide(other, self)

    def __mod__(self, other: TensorLike) -> Tensor:
        return late.functions.remainder(self, other)

    def __rmod__(self, other: TensorLike) -> Tensor:
        return late.functions.remainder(other, self)

    def __divmod__(self, other: TensorLike) -> tuple[Tensor, Tensor]:
        return self // other, self % other

    def __rdivmod__(self, other: TensorLike) -> tuple[Tensor, Tensor]:
        return other // self, other % self

    def __pow__(self, other: TensorLike) -> Tensor:
        return late.functions.pow(self, other)

    def __rpow__(self, other: TensorLike) -> Tensor:
        return late.functions.pow(other, self)

    def __matmul__(self, other: TensorLike) -> Tensor:
        return late.functions.matmul(self, other)

    def __rmatmul__(self, other: TensorLike) -> Tensor:
        return late.functions.matmul(other, self)

    def __neg__(self) -> Tensor:
        return late.functions.negative(self)

    def __pos__(self) -> Tensor:
        return late.functions.positive(self)

    def __abs__(self) -> Tensor:
        return late.functions.abs(self)

    def __invert__(self) -> Tensor:
        return late.functions.bitwise_invert(self)

    def __and__(self, other: TensorLike) -> Tensor:
        return late.functions.bitwise_and(self, other)

    def __rand__(self, other: TensorLike) -> Tensor:
        return late.functions.bitwise_and(other, self)

    def __or__(self, other: TensorLike) -> Tensor:
        return late.functions.bitwise_or(self, other)

    def __ror__(self, other: TensorLike) -> Tensor:
        return late.functions.bitwise_or(other, self)

    def __xor__(self, other: TensorLike) -> Tensor:
        return late.functions.bitwise_xor(self, other)

    def __rxor__(self, other: TensorLike) -> Tensor:
        return late.functions.bitwise_xor(other, self)

    def __lshift__(self, other: TensorLike) -> Tensor:
        return late.functions.bitwise_left_shift(self, other)

    def __rlshift__(self, other: TensorLike) -> Tensor:
        return late.functions.bitwise_left_shift(other, self)

    def __rshift__(self, other: TensorLike) -> Tensor:
        return late.functions.bitwise_right_shift(self, other)

    def __rrshift__(self, other: TensorLike) -> Tensor:
        return late.functions.bitwise_right_shift(other, self)

    def __lt__(self, other: TensorLike) -> Tensor:
        return late.functions.less(self, other)

    def __le__(self, other: TensorLike) -> Tensor:
        return late.functions.less_equal(self, other)

    def __gt__(self, other: TensorLike) -> Tensor:
        return late.functions.greater(self, other)

    def __ge__(self, other: TensorLike) -> Tensor:
        return late.functions.greater_equal(self, other)


class Methods(Operators):
    """Operators, and methods of tensors: each is the function of the same name."""

    __slots__ = ()

    @property
    def mT(self) -> Tensor:
        """Transpose of the last two axes."""
        return late.functions.matrix_transpose(self)

    def astype(self, dtype: Any) -> Tensor:
        """Return the same values in another dtype."""
        return late.functions.astype(self, dtype)

    def reshape(self, *shape: Any) -> Tensor:
        """Return the same elements in another shape; one length may be -1."""
        return late.functions.reshape(self, shape[0] if len(shape) == 1 else shape)

    def sum(self, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
        """Sum of the elements along ``axis`` (all by default)."""
        return late.functions.sum(self, axis=axis, dtype=dtype, keepdims=keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Mean of the elements along ``axis`` (all by default)."""
        return late.functions.mean(self, axis=axis, keepdims=keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Largest element along ``axis`` (all by default)."""
        return late.functions.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Smallest element along ``axis`` (all by default)."""
        return late.functions.min(self, axis=axis, keepdims=keepdims)
