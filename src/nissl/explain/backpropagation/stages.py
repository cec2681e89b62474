"""A model read as Bishop's formulas write it: stages of ``a = W z + b`` and ``z = h(a)``.

A stage is a ``Dense`` layer with every layer without weights that follows it: those belong to
``h``. What stands before the first ``Dense`` layer only prepares the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from nissl import activations
from nissl.core import dtypes
from nissl.core.kinds import Constant, Elementwise
from nissl.core.program import trace
from nissl.core.tensor import Aval, Tensor
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, ArgumentTypeError, NisslError
from nissl.layers import Activation, Dense, Dropout, Flatten, Layer
from nissl.models import Sequential
from nissl.registry import Registry

__all__ = ["Stage", "Stages", "check", "read"]

_BETWEEN = frozenset(  # ops that treat each element by itself, whatever their kind
    {"add", "astype", "broadcast_to", "divide", "multiply", "negative", "subtract", "where"}
)


@dataclass(frozen=True, eq=False)
class Stage:
    """Units that share their inputs: ``a_j = w_j0 + sum_i w_ji z_i`` and ``z = h(a)``.

    Attributes:
        number: 1 for the first.
        name: name of its ``Dense`` layer.
        kernel, bias: the weights, of shapes ``(inputs, units)`` and ``(units,)``; no bias is
            ``None``.
        trainable: whether training changes them.
        activation: what ``h`` is called, e.g. ``"tanh"``.
        function: ``h``, of a tensor of shape ``(batch, units)``.
        elementwise: whether each ``z_j`` depends on ``a_j`` alone, so that ``h'(a_j)`` says all.
        simple: whether ``h`` is one op, whose derivative is one product.
    """

    number: int
    name: str
    kernel: Variable
    bias: Variable | None
    trainable: bool
    activation: str
    function: Callable[[Tensor], Tensor]
    elementwise: bool
    simple: bool

    @property
    def units(self) -> int:
        """How many units there are."""
        return self.kernel.shape[1]


@dataclass(frozen=True, eq=False)
class Stages:
    """A whole model.

    Attributes:
        model: the model itself.
        layers: all layers in the order in which they are applied, those of models in it too.
        before: layers in front of the first stage.
        stages: in order; at least one.
        dropout: names of the dropout layers, which do nothing outside training.
    """

    model: Sequential
    layers: tuple[Layer, ...]
    before: tuple[Layer, ...]
    stages: tuple[Stage, ...]
    dropout: tuple[str, ...]

    def prepare(self, x: Tensor) -> Tensor:
        """Return what the first stage sees of a batch, in the dtype of ``x``."""
        for layer in self.before:
            x = layer.call(x)
        return x

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, then the units of each stage: ``(1, 3, 1)`` for the lecture's network."""
        return (self.stages[0].kernel.shape[0], *(stage.units for stage in self.stages))

    @property
    def variables(self) -> list[Variable]:
        """The weights, kernel and bias of each stage in turn."""
        return [v for stage in self.stages for v in (stage.kernel, stage.bias) if v is not None]


def read(model: Any) -> Stages:
    """Read a built model.

    Raises:
        ArgumentTypeError: it is no :class:`~nissl.Sequential`.
        ArgumentError: a layer is not ``Dense`` and has weights, or changes shapes between stages;
            or there is no ``Dense`` layer.
    """
    check(model)
    layers = _flat(model)
    _refuse_weights(model, layers)
    starts = [i for i, layer in enumerate(layers) if type(layer) is Dense]
    if not starts:
        raise ArgumentError(
            f"model {model.name!r} has no Dense layer, so there are no weights to propagate back to"
        )
    stages = [
        _stage(number, layers[start], layers[start + 1 : stop])
        for number, (start, stop) in enumerate(pairwise([*starts, len(layers)]), start=1)
    ]
    dropout = tuple(layer.name for layer in layers if isinstance(layer, Dropout) and layer.rate)
    return Stages(model, tuple(layers), tuple(layers[: starts[0]]), tuple(stages), dropout)


def check(model: Any) -> None:
    """Raise if a model is no :class:`~nissl.Sequential`."""
    if not isinstance(model, Sequential):
        raise ArgumentTypeError(
            "a table of backpropagation needs a nissl.Sequential of Dense layers, not "
            f"{type(model).__name__}; for any other function nissl.explain.trace shows the adjoints"
        )


def _flat(model: Sequential) -> list[Layer]:
    """The layers in the order in which they are applied, those of models in the model too."""
    waiting, found = list(reversed(model.layers)), list[Layer]()
    while waiting:
        layer = waiting.pop()
        if isinstance(layer, Sequential):
            waiting += reversed(layer.layers)
        else:
            found.append(layer)
    return found


def _refuse_weights(model: Sequential, layers: Sequence[Layer]) -> None:
    for layer in layers:
        if layer.weights and type(layer) is not Dense:
            raise ArgumentError(
                f"layer {layer.name!r} ({type(layer).__name__}) of model {model.name!r} cannot be "
                "shown as a table of units: only Dense layers, and layers without weights, can. "
                "Make a Sequential of the Dense layers alone, and give it what they take as x."
            )


def _stage(number: int, dense: Layer, after: Sequence[Layer]) -> Stage:
    assert isinstance(dense, Dense)
    assert dense.kernel is not None
    functions: list[Callable[[Tensor], Tensor]] = []
    names: list[str] = []
    for layer in (dense, *after):
        if isinstance(layer, Flatten | Dropout):
            continue  # a row is flat, and outside training nothing is dropped
        if not isinstance(layer, Dense | Activation):
            functions.append(layer.call)
            names.append(type(layer).__name__.lower())
        elif layer.activation is not activations.linear:
            functions.append(layer.activation)
            names.append(_name(layer.activation))

    def composed(a: Tensor) -> Tensor:
        for function in functions:
            a = function(a)
        return a

    only: Callable[[Tensor], Tensor] = functions[0] if len(functions) == 1 else composed
    elementwise, simple = _look_into(only, dense.units, [dense, *after])
    shown = ", ".join(names) or "linear"
    return Stage(
        number, dense.name, dense.kernel, dense.bias, dense.trainable, shown, only, elementwise,
        simple,
    )  # fmt: skip


def _name(function: Any) -> str:
    registry: Registry[Any] = activations.registry
    try:
        described = registry.serialize(function)
    except NisslError:
        described = None
    if isinstance(described, str):
        return described
    name = str(getattr(function, "__name__", "h"))
    return name if name.isidentifier() else "h"  # a lambda has no name


def _look_into(
    function: Callable[[Tensor], Tensor], units: int, layers: Sequence[Layer]
) -> tuple[bool, bool]:
    """Say whether a function is elementwise, and whether it is at most one op."""
    aval = Aval((2, units), np.dtype(np.float64))
    program = trace(function, aval)
    if program.out_avals[0].shape != aval.shape:
        names = ", ".join(f"{layer.name!r} ({type(layer).__name__})" for layer in layers[1:])
        raise ArgumentError(
            f"after layer {layers[0].name!r} (Dense), {names} turns shape {aval.shape} into "
            f"{program.out_avals[0].shape}; between Dense layers a table shows only what keeps the "
            "shape"
        )
    each = all(
        equation.op.name in _BETWEEN or isinstance(equation.op.kind, Elementwise | Constant)
        for equation in program.equations
    )
    same = all(t.shape == aval.shape for e in program.equations for t in e.outputs)
    floating = all(dtypes.is_floating(a.dtype) for a in program.out_avals)
    return each and same and floating, len(program.equations) <= 1
