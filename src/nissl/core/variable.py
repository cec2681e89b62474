"""Variable: the one thing that changes. Weights, optimiser slots, seeds and running means."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from nissl.arguments import flag
from nissl.core import dtypes
from nissl.core.functions import asarray
from nissl.core.operators import Operators
from nissl.core.program import placeholder
from nissl.core.tensor import Array, Tensor, TensorLike, late
from nissl.errors import ShapeError


class Capture:
    """What a function reads from and writes to variables while it is traced.

    Inside, a variable read for the first time gives an abstract tensor; assigning to a variable
    keeps the new tensor here and changes nothing outside. So a function that uses variables
    becomes a pure program whose inputs and outputs include them.

    Attributes:
        reads: the abstract tensor that stands for each variable read, in order.
        writes: the last tensor assigned to each variable, in order.
    """

    def __init__(self) -> None:
        self.reads: dict[Variable, Tensor] = {}
        self.writes: dict[Variable, Tensor] = {}

    def read(self, variable: Variable) -> Tensor:
        """Return what stands for a variable: the last tensor assigned, or an abstract one."""
        return self.writes[variable] if variable in self.writes else self.stand_in(variable)

    def stand_in(self, variable: Variable) -> Tensor:
        """Return the abstract tensor that stands for the value before any assignment."""
        if variable not in self.reads:
            self.reads[variable] = placeholder(variable.aval, variable.path)
        return self.reads[variable]


class _Active(threading.local):
    capture: Capture | None = None


_active = _Active()


@contextmanager
def capture(into: Capture) -> Generator[Capture]:
    """Send reads and writes of variables to ``into`` instead of to the variables."""
    outer = _active.capture
    _active.capture = into
    try:
        yield into
    finally:
        _active.capture = outer


@contextmanager
def no_capture() -> Generator[None]:
    """Read and write variables themselves, also while a function is traced: to make new ones."""
    outer = _active.capture
    _active.capture = None
    try:
        yield
    finally:
        _active.capture = outer


class Variable(Operators):
    """A named, mutable holder of a tensor.

    Args:
        initial_value: array, numbers, or a tensor; its shape and dtype stay for good.
        trainable: whether training changes it, and ``backward()`` fills its gradient.
        dtype: dtype to hold; that of the initial value by default.
        name: name within its layer.

    >>> import nissl
    >>> w = nissl.Variable([1.0, 2.0], name="w")
    >>> w.assign_add([1.0, 1.0])
    >>> w.numpy().tolist()
    [2.0, 3.0]
    """

    def __init__(
        self,
        initial_value: TensorLike,
        trainable: bool = True,
        dtype: Any = None,
        name: str = "variable",
    ) -> None:
        value = asarray(initial_value, dtype)
        self.name = name
        self.path = name
        self._trainable = flag("Variable", "trainable", trainable)
        self._raw: Array = np.array(value.concrete("an initial value"))
        self.aval = value.aval
        self._tensor: Tensor | None = None

    @property
    def trainable(self) -> bool:
        """Whether training changes it."""
        return self._trainable

    @trainable.setter
    def trainable(self, wanted: bool) -> None:
        self._trainable = flag(self.path, "trainable", wanted)
        self._tensor = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Lengths of its axes; they stay for good."""
        return self.aval.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of its elements; it stays for good."""
        return self.aval.dtype

    @property
    def ndim(self) -> int:
        """Number of its axes."""
        return len(self.aval.shape)

    @property
    def size(self) -> int:
        """Number of its elements."""
        return self.aval.size

    @property
    def raw(self) -> Array:
        """The value as the engine that wrote it last left it."""
        return self._raw

    @raw.setter
    def raw(self, array: Array) -> None:
        self._raw = array
        self._tensor = None

    @property
    def value(self) -> Tensor:
        """The current value; a leaf that requires a gradient if the variable is trainable."""
        if _active.capture is not None:
            return _active.capture.read(self)
        tensor = self._tensor
        if tensor is None:
            differentiable = self._trainable and dtypes.is_floating(self.dtype)
            value = np.asarray(self._raw)
            tensor = Tensor(value, requires_grad=differentiable, name=self.path)
            self._tensor = tensor
        return tensor

    @property
    def grad(self) -> Tensor | None:
        """Gradient that ``backward()`` left, or ``None``."""
        return None if self._tensor is None else self._tensor.grad

    def zero_grad(self) -> None:
        """Forget the gradient."""
        if self._tensor is not None:
            self._tensor.grad = None

    def __getstate__(self) -> dict[str, Any]:
        """What a copy gets: the value, without the graph and the gradient of this one."""
        return {**vars(self), "_raw": np.array(self._raw), "_tensor": None}

    def assign(self, value: TensorLike) -> None:
        """Set a new value of the same shape; its dtype is cast to the variable's."""
        new = asarray(value, self.dtype)
        if new.shape != self.shape:
            raise ShapeError(
                f"variable {self.path!r} has shape {self.shape}; a value of shape {new.shape} "
                "cannot be assigned to it"
            )
        if _active.capture is not None:
            _active.capture.writes[self] = new
        else:
            self.raw = np.array(new.concrete("a value to assign"))

    def assign_add(self, value: TensorLike) -> None:
        """Add to the value."""
        self.assign(late.functions.add(self.value, asarray(value, self.dtype)))

    def assign_sub(self, value: TensorLike) -> None:
        """Subtract from the value."""
        self.assign(late.functions.subtract(self.value, asarray(value, self.dtype)))

    def numpy(self) -> np.ndarray[Any, Any]:
        """Return a copy of the value as a NumPy array."""
        return np.array(self._raw)

    def __nissl_tensor__(self) -> Tensor:
        return self.value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array(self._raw, dtype=dtype)

    def __repr__(self) -> str:
        return f"<Variable {self.path!r} {self.aval!r}>"

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(self.value, ndigits)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec) if spec else str(self)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.value)


def unique(variables: Sequence[Variable]) -> list[Variable]:
    """Return variables in order, each once, so that shared ones are not counted twice."""
    return list(dict.fromkeys(variables))
