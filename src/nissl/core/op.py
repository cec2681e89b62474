"""Op: one statement, in one place, of everything about an operation; and how one is applied."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nissl import arguments
from nissl.core.tensor import Array, Aval, Equation, Tensor
from nissl.core.thread import thread
from nissl.errors import ArgumentError, NisslError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Generator

    from nissl.core.kinds import Kind

Avals: TypeAlias = Aval | tuple[Aval, ...]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Inputs on which the tests try an op.

    Attributes:
        shapes: one shape an input; drawn uniformly from ``low`` to ``high`` in float64.
        params: the op's parameters.
        low, high: range of the drawn numbers, one pair for all inputs.
        values: fixed arrays for some inputs (position to nested list or array), e.g. integer
            indices.
    """

    shapes: tuple[tuple[int, ...], ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    low: float = -2.0
    high: float = 2.0
    values: Mapping[int, Any] = field(default_factory=dict[int, Any])


@dataclass(frozen=True, kw_only=True)
class Known:
    """A value known to many digits: at ``at`` the op is ``value``, its derivatives ``partials``.

    Numbers are decimal strings, so that they are not rounded on the way.
    """

    at: tuple[str, ...]
    value: str
    partials: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Op:
    """An operation on tensors.

    Attributes:
        name: unique name, as it is printed.
        infer: ``infer(*avals, **params)`` gives the output's aval (or a tuple, for several
            outputs), or raises the :class:`~nissl.errors.ShapeError` that the user reads.
        compute: ``compute(xp, *values, **params)`` computes it on an array namespace, NumPy or
            ``jax.numpy``, from the same text.
        kind: how it is differentiated; see :mod:`nissl.core.kinds`.
        text: how a program prints it, e.g. ``"{0} + {1}"``; ``name(inputs, params)`` by default.
        formula: LaTeX of the same, with ``{0}``, ``{1}`` for the inputs.
        lowerings: an engine's own way to compute it, by the engine's name; called as
            ``lowering(*values, **params)``; may return ``NotImplemented`` for shapes or
            parameters that it does not serve, and ``compute`` is used.
        flops: ``flops(*avals, **params)``: floating-point operations; one an output element by
            default.
        samples, known, hard: what the tests sweep: inputs, digits, and points where numerics break.
    """

    name: str
    infer: Callable[..., Avals]
    compute: Callable[..., Any]
    kind: Kind
    text: str = ""
    formula: str = ""
    lowerings: Mapping[str, Callable[..., Any]] = field(default_factory=dict[str, Any])
    flops: Callable[..., int] | None = None
    samples: tuple[Sample, ...] = ()
    known: tuple[Known, ...] = ()
    hard: tuple[float, ...] = ()
    eager: Callable[..., Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        own = self.lowerings.get("numpy")
        object.__setattr__(self, "eager", own or functools.partial(self.compute, np))

    def __call__(self, *inputs: Any, **params: Any) -> Any:
        """Apply the op to tensors, or to bare arrays, of the shapes and dtypes that it wants."""
        for x in inputs:
            if isinstance(x, Tensor):
                tensors = [x if isinstance(x, Tensor) else Tensor(x) for x in inputs]
                return apply(self, tensors, params)
        return self.run("numpy", np, inputs, params)

    def run(self, engine: str, xp: Any, values: Sequence[Array], params: Mapping[str, Any]) -> Any:
        """Compute the op for an engine: by the engine's own lowering, or by the common text."""
        if self.lowerings:
            lowering = self.lowerings.get(engine)
            if lowering is not None:
                result = lowering(*values, **params)
                if result is not NotImplemented:
                    return result
        return self.compute(xp, *values, **params)

    def __repr__(self) -> str:
        return f"<Op {self.name}>"


registry: dict[str, Op] = {}


def register(op: Op) -> Op:
    """Add ``op`` to the registry, where printers, engines, exporters and tests find it."""
    if op.name in registry:
        raise ArgumentError(f"an op named {op.name!r} exists already; choose another name")
    registry[op.name] = op
    return op


def lookup(name: str) -> Op:
    """Return the registered op of that name."""
    if name not in registry:
        raise UnknownNameError("op", name, registry)
    return registry[name]


def _promise(op: Op, inputs: Sequence[Tensor], params: dict[str, Any]) -> Any:
    avals = op.infer(*(t.aval for t in inputs), **params)
    single = isinstance(avals, Aval)
    avals = (avals,) if isinstance(avals, Aval) else avals
    equation = Equation(op, inputs, params, avals, (None,) * len(avals))
    outputs = equation.outputs
    if thread.frozen and op.name != "stop_gradient":
        outputs = tuple(_promise(lookup("stop_gradient"), (t,), {}) for t in outputs)
    return outputs[0] if single else outputs


def apply(op: Op, inputs: Sequence[Tensor], params: dict[str, Any]) -> Any:
    """Apply ``op``: compute at once when every input has a value, else record the promise."""
    values: list[Array] = []
    kept = False
    for tensor in inputs:
        value = tensor.value
        if value is None:
            return _promise(op, inputs, params)
        values.append(value)
        if tensor.tracked:
            kept = True
    return compute_now(op, inputs, values, kept, params)


def compute_now(
    op: Op, inputs: Sequence[Tensor], values: Sequence[Array], kept: bool, params: dict[str, Any]
) -> Any:
    """Compute ``op`` on values that are there.

    Args:
        op: the operation.
        inputs: the tensors it is applied to.
        values: their values.
        kept: whether any of them is tracked, so that the equation must be kept.
        params: the op's parameters.
    """
    try:
        if thread.quiet:
            result = op.eager(*values, **params)
        elif params:
            result = thread.quietly(op.eager, *values, **params)
        else:
            result = thread.quietly(op.eager, *values)
        if result is NotImplemented:
            with quiet():
                result = op.compute(np, *values, **params)
    except NisslError:
        raise
    except RuntimeError as error:
        if thread.quiet or "already entered" not in str(error):
            raise
        with quiet():  # an op that applies ops: the quiet context is entered already
            return apply(op, inputs, params)
    except (ValueError, TypeError, IndexError):
        op.infer(*(t.aval for t in inputs), **params)  # says it in the user's terms, if it can
        raise
    if type(result) is tuple:
        if not (kept and thread.recording):
            return tuple(Tensor(each) for each in result)
        return Equation(op, inputs, params, (None,) * len(result), result).outputs
    if kept and thread.recording:
        return Tensor(result, Equation(op, inputs, params, _UNKNOWN, (result,)))
    return Tensor(result)


_UNKNOWN = (None,)  # the aval of an eager output is read off its value when somebody asks


@contextmanager
def scope(name: str) -> Generator[None]:
    """Name the layer that is being called; equations remember it for messages and tables."""
    outer = thread.scope
    thread.scope = f"{outer}/{name}" if outer else name
    try:
        yield
    finally:
        thread.scope = outer


@contextmanager
def quiet() -> Generator[None]:
    """Silence NumPy's warnings once for many ops; Nissl itself names what is not finite."""
    outer = thread.quiet
    thread.quiet = True
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        thread.quiet = outer


def quietly(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function as under :func:`quiet`, which costs less; context variables are those of
    the thread's beginning."""
    if thread.quiet:
        return function(*args, **kwargs)
    thread.quiet = True
    try:
        return thread.quietly(function, *args, **kwargs)
    finally:
        thread.quiet = False


class no_grad:
    """Compute without keeping the graph: less memory and time, and no derivatives.

    >>> import nissl
    >>> x = nissl.tensor(2.0, requires_grad=True)
    >>> with nissl.no_grad():
    ...     y = x * x
    >>> y.equation is None
    True
    """

    __slots__ = ("_outer",)

    def __init__(self) -> None:
        self._outer: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._outer.append((thread.recording, thread.frozen))
        thread.recording, thread.frozen = False, True

    def __exit__(self, *raised: object) -> None:
        thread.recording, thread.frozen = self._outer.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that always runs in this way; for use as ``@nissl.no_grad()``."""
        arguments.function("no_grad", "function", function)

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return run
