"""Tensor, Aval and Equation: the three things that a graph is made of.

A :class:`Tensor` is a value, or the promise of one, and remembers the :class:`Equation` that made
it. With a value it is *eager*: the value is a NumPy array, computed at once. Without, it is
*abstract*: shape and dtype only, and calling a function on it is tracing the function.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nissl.arguments import one_of, whole
from nissl.core import dtypes
from nissl.core.aval import Aval, Shape
from nissl.core.operators import Axis, Methods, TensorLike, install_functions, late
from nissl.core.thread import thread
from nissl.errors import (
    AbstractValueError,
    ArgumentError,
    ArgumentTypeError,
    DTypeError,
    GraphError,
    ShapeError,
)

if TYPE_CHECKING:
    from nissl.core.op import Op

Host: TypeAlias = np.ndarray[Any, Any]  # in the host's memory: NumPy's
Array: TypeAlias = Any  # Host, a NumPy scalar, or an engine's array, on its device or traced

__all__ = [
    "Array",
    "Aval",
    "Axis",
    "Equation",
    "Host",
    "Key",
    "Shape",
    "Tensor",
    "TensorLike",
    "install_functions",
    "late",
]

# a tensor in tables over a graph: the leaf, or the equation; and which output, from the second on
Key: TypeAlias = int | tuple[int, int]

_serial = itertools.count(1)


class Equation:
    """One application of an op: ``outputs = op(inputs; params)``.

    It holds the outputs' avals and, when eager, their raw values, but no ``Tensor`` of its own
    making, so that a graph has no reference cycle and is freed as soon as nobody looks at it.

    Attributes:
        op: the operation applied.
        inputs: the tensors that it was applied to.
        params: its static parameters (axes, shapes, dtypes, body programs ...).
        avals: shape and dtype of each output.
        values: the outputs' values, or ``None`` for each when abstract.
        serial: grows with each equation made, so sorting by it is a topological order.
        scope: path of the layer that was being called, for messages.
    """

    __slots__ = ("avals", "inputs", "op", "params", "scope", "serial", "values")

    def __init__(
        self,
        op: Op,
        inputs: Sequence[Tensor],
        params: dict[str, Any],
        avals: Sequence[Aval | None],
        values: Sequence[Array | None],
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.params = params
        self.avals = avals
        self.values = values
        self.serial = next(_serial)
        self.scope = thread.scope

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """Handles of all outputs, also of those that nobody kept."""
        return tuple(
            Tensor(value, aval=aval, equation=self, index=index)
            for index, (aval, value) in enumerate(zip(self.avals, self.values, strict=True))
        )

    @property
    def keys(self) -> list[Key]:
        """The keys of its outputs."""
        made = id(self)
        return [made, *((made, index) for index in range(1, len(self.avals)))]

    def __copy__(self) -> Equation:
        return self  # it never changes

    def __deepcopy__(self, memo: Any) -> Equation:
        return self

    def __reduce__(self) -> Any:
        raise GraphError(
            f"an equation ({self.op.name}) cannot be pickled, for its op holds functions; pickle "
            "the value instead: x.detach() or x.numpy()"
        )

    def __repr__(self) -> str:
        where = f" in {self.scope}" if self.scope else ""
        return f"<Equation {self.op.name}{where}>"


class Tensor(Methods):
    """An array that knows how it was computed.

    Use :func:`nissl.tensor` or :func:`nissl.asarray` to make one. Tensors are immutable.
    ``copy.deepcopy`` and ``pickle`` keep the value, the name, and whether a leaf requires a
    gradient; the history stays behind, as with :meth:`detach`.

    >>> import nissl
    >>> x = nissl.tensor([1.0, 2.0], requires_grad=True)
    >>> nissl.sum(x * x).backward()
    >>> x.grad
    Tensor([2. 4.], shape=(2,), dtype=float32)
    """

    __slots__ = ("__weakref__", "_aval", "equation", "grad", "index", "name", "tracked", "value")

    def __init__(
        self,
        value: Array | None,
        equation: Equation | None = None,
        index: int = 0,
        aval: Aval | None = None,
        requires_grad: bool = False,
        name: str = "",
    ) -> None:
        self.value = value
        self._aval = aval
        self.equation = equation
        self.index = index
        self.tracked = requires_grad or equation is not None
        self.grad: Tensor | None = None
        self.name = name

    # ---- what it is -------------------------------------------------------------------------
    @property
    def aval(self) -> Aval:
        """Shape and dtype in one."""
        if self._aval is None:
            assert self.value is not None
            self._aval = Aval(self.value.shape, self.value.dtype)
        return self._aval

    @property
    def shape(self) -> Shape:
        """Length of each axis."""
        return self.value.shape if self.value is not None else self.aval.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the elements, as a NumPy dtype."""
        return self.value.dtype if self.value is not None else self.aval.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.aval.size

    @property
    def device(self) -> str:
        """Where eager values live: always the host."""
        return "cpu"

    @property
    def is_abstract(self) -> bool:
        """Whether this is the promise of a value, inside a trace."""
        return self.value is None

    @property
    def requires_grad(self) -> bool:
        """Whether this is a leaf whose ``.grad`` is filled by :meth:`backward`."""
        return self.tracked and self.equation is None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if self.equation is not None:
            raise GraphError(
                f"requires_grad can only be set on a leaf; this tensor was computed by "
                f"{self.equation.op.name!r}. Use x.detach() to start a new leaf."
            )
        if wanted and not dtypes.is_floating(self.dtype):
            raise DTypeError(f"only floating tensors have gradients, not {self.dtype.name}")
        self.tracked = wanted

    @property
    def key(self) -> Key:
        """Identity within a graph: the equation and which output, or the leaf itself."""
        made = self.equation
        if made is None:
            return id(self)
        return (id(made), self.index) if self.index else id(made)

    # ---- its value --------------------------------------------------------------------------
    def concrete(self, wanted: str = "its value") -> Array:
        """Return the raw value, or say why there is none."""
        if self.value is None:
            raise AbstractValueError(
                f"{wanted} was asked of an abstract tensor {self.aval!r}: inside jit, fit or trace "
                "a tensor has a shape and a dtype but no value yet. Use nissl.where instead of "
                "'if', nissl functions instead of NumPy's, or run the function without jit."
            )
        return self.value

    def numpy(self) -> np.ndarray[Any, Any]:
        """Return the value as a NumPy array (no copy: treat it as read-only)."""
        return np.asarray(self.concrete("a NumPy array"))

    def item(self) -> Any:
        """Return the only element as a Python number."""
        if self.size != 1:
            raise ShapeError(f"item() needs one element, and this tensor has shape {self.shape}")
        return self.numpy().item()

    def tolist(self) -> Any:
        """Return the value as nested Python lists."""
        return self.numpy().tolist()

    def to_device(self, device: Any, *, stream: Any = None) -> Tensor:
        """Return the tensor itself: eager values live on the host, whose device is ``"cpu"``."""
        one_of("to_device", "device", device, ("cpu",))
        if stream is not None:
            raise ArgumentError(f"to_device: the host has no streams; stream={stream!r} is not one")
        return self

    def detach(self) -> Tensor:
        """Return the same value without its history."""
        return Tensor(self.concrete("a value to detach"))

    def backward(self, gradient: TensorLike = None, *, create_graph: bool = False) -> None:
        """Fill ``.grad`` of every leaf that this tensor depends on, adding to what is there.

        Args:
            gradient: cotangent of this tensor, same shape; 1 by default, for a scalar.
            create_graph: keep the graph of the derivative too, for derivatives of it.
        """
        from nissl.autodiff.reverse import backward

        backward(self, gradient, create_graph=create_graph)

    # ---- copies -------------------------------------------------------------------------------
    def __copy__(self) -> Tensor:
        if self.is_abstract:
            return self  # an input of a program is known by its identity
        copied = Tensor(self.value, self.equation, self.index, self._aval, self.tracked, self.name)
        copied.tracked = self.tracked
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.concrete("a value to copy"), self.requires_grad, self.name)

    # ---- as Python and NumPy see it -----------------------------------------------------------
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_namespace__(self, *, api_version: str | None = None) -> ModuleType:
        import nissl

        return nissl

    def __dlpack__(self, **options: Any) -> Any:
        return self.numpy().__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.numpy().__dlpack_device__()

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                f"the truth of a tensor of shape {self.shape} is ambiguous; use nissl.all or "
                "nissl.any"
            )
        return bool(self.concrete("a truth value"))

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        number = self.item()
        if isinstance(number, float) and not math.isfinite(number):
            raise ArgumentError(f"{number} is not a whole number")
        return int(number)

    __trunc__ = __int__

    def __round__(self, ndigits: int | None = None) -> Any:
        if self.size != 1:
            raise ShapeError(f"round() needs one element, not shape {self.shape}; use nissl.round")
        number = self.item()
        if ndigits is None and not math.isfinite(number):
            raise ArgumentError(f"{number} has no nearest whole number")
        return round(number, None if ndigits is None else whole("round", "ndigits", ndigits))

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        value = np.asarray(self.concrete(f"its text by {spec!r}"))

        def written(number: Any) -> str:
            return format(number.item(), spec)

        try:
            if not value.ndim:
                return written(value)
            return np.array2string(value, formatter={"all": written}, threshold=200)
        except ValueError as error:
            raise ArgumentError(f"{spec!r} does not format {self.dtype.name}: {error}") from error

    def __index__(self) -> int:
        if dtypes.kind(self.dtype) != "integer":
            raise ArgumentTypeError(f"only integer tensors can be an index, not {self.dtype.name}")
        return int(self.item())

    def __len__(self) -> int:
        if not self.shape:
            raise ArgumentTypeError("a tensor without axes has no length, and nothing to go over")
        return self.shape[0]

    def __contains__(self, number: TensorLike) -> bool:
        return bool(late.functions.any(late.functions.equal(self, number)))

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        if self.value is None:
            return f"Tensor({self.aval!r}, abstract)"
        text = np.array2string(np.asarray(self.value), prefix="Tensor(", threshold=200)
        history = ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({text}, shape={self.shape}, dtype={self.dtype.name}{history})"

    def __hash__(self) -> int:
        return id(self)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise ArgumentTypeError(
            "tensors are immutable, so that gradients stay right. Use nissl.where(mask, new, x), "
            "nissl.index_add(x, indices, values), or change the NumPy array before making a tensor."
        )

    # ---- comparisons: other operators, and methods, are in operators.py ----------------------
    def __eq__(self, other: object) -> Any:
        if other is None or isinstance(other, str):
            return NotImplemented  # so that ``x == None`` and ``x in ["a", x]`` are answered
        return late.functions.equal(self, other)

    def __ne__(self, other: object) -> Any:
        if other is None or isinstance(other, str):
            return NotImplemented
        return late.functions.not_equal(self, other)

    @property
    def T(self) -> Tensor:
        """Matrix transpose of a 2-D tensor."""
        if self.ndim != 2:
            raise ShapeError(f".T needs two axes, not shape {self.shape}; use .mT or permute_dims")
        return late.functions.matrix_transpose(self)


def _restored(value: Array, requires_grad: bool, name: str) -> Tensor:
    """Make a tensor again from what its copy or its pickle kept."""
    return Tensor(value, requires_grad=requires_grad, name=name)
