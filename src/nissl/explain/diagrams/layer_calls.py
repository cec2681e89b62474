"""Watching which layers a model calls, while it is traced.

Each layer that is to be one block then stands in the graph as one equation, however many ops it is
made of. So a layer that does nothing (dropout outside training) is seen too, and a layer that is
called twice is seen twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nissl.core import tree
from nissl.core.op import lookup
from nissl.core.tensor import Equation, Tensor
from nissl.layers.base import Layer
from nissl.layers.shapes import BatchShape

__all__ = ["Call", "Frame", "Recorder", "below", "recording", "shapes", "tensors"]

Shapes = tuple[BatchShape, ...]


@dataclass(frozen=True)
class Frame:
    """A layer made of layers, whose blocks it lies around.

    Attributes:
        key: unique.
        name: the layer's name; with the number of the call if it was called before.
        kind: the layer's class.
        frames: keys of the frames that it lies in, outermost first.
        layer: the layer.
    """

    key: str
    name: str
    kind: str
    frames: tuple[str, ...]
    layer: Layer


@dataclass(frozen=True)
class Call:
    """One call of a layer that is a block.

    Attributes:
        layer: the layer.
        frames: keys of the frames around it, outermost first.
        number: 1, or more where the same layer was called before.
        inputs, outputs: shapes of the tensors that it was given and that it returned.
    """

    layer: Layer
    frames: tuple[str, ...]
    number: int
    inputs: Shapes
    outputs: Shapes


class Recorder:
    """Notes the calls of layers.

    Attributes:
        frames: what lies around blocks, outer frames first.
    """

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self._calls: dict[int, tuple[Equation, Call]] = {}  # by identity; kept, so that it stays
        self._around: tuple[str, ...] = ()
        self._spans: list[tuple[int, int, tuple[str, ...]]] = []
        self._count: dict[int, int] = {}

    def call_of(self, equation: Equation) -> Call | None:
        """Return the call that an equation stands for."""
        found = self._calls.get(id(equation))
        return None if found is None else found[1]

    def frames_of(self, equation: Equation) -> tuple[str, ...]:
        """Return the keys of the frames in which an equation was made, outermost first."""
        around = [keys for start, end, keys in self._spans if start < equation.serial < end]
        return max(around, key=len, default=())

    def _number(self, layer: Layer) -> int:
        self._count[id(layer)] = self._count.get(id(layer), 0) + 1
        return self._count[id(layer)]

    def block(self, layer: Layer, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a layer, and let one equation stand for all that it did."""
        number = self._number(layer)
        given = tensors((args, kwargs))
        leaves, structure = tree.flatten(call(*args, **kwargs))
        found = tensors(leaves)
        avals = tuple(t.aval for t in found)
        equation = Equation(lookup("call"), given, {}, avals, (None,) * len(avals))
        noted = Call(layer, self._around, number, shapes(given), shapes(found))
        self._calls[id(equation)] = equation, noted
        fresh = iter(equation.outputs)
        return tree.unflatten(
            structure, [next(fresh) if isinstance(leaf, Tensor) else leaf for leaf in leaves]
        )

    def frame(self, layer: Layer, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call a layer whose layers are blocks of their own."""
        number = self._number(layer)
        key = f"frame{len(self.frames)}"
        name = layer.name if number == 1 else f"{layer.name} ({number})"
        self.frames.append(Frame(key, name, type(layer).__name__, self._around, layer))
        outer, self._around = self._around, (*self._around, key)
        start = _now()
        try:
            return call(*args, **kwargs)
        finally:
            self._spans.append((start, _now(), self._around))
            self._around = outer


def _now() -> int:
    """A number between those of the equations made before and those made after."""
    return Equation(lookup("call"), (), {}, (), ()).serial


def tensors(container: Any) -> tuple[Tensor, ...]:
    """Return the tensors in nested containers, in order."""
    return tuple(leaf for leaf in tree.flatten(container)[0] if isinstance(leaf, Tensor))


def shapes(found: Sequence[Tensor]) -> Shapes:
    """Return the shapes of tensors."""
    return tuple(t.shape for t in found)


def below(model: Layer, expand: bool) -> Iterator[Layer]:
    """Yield the layers that are to be blocks, and with ``expand`` frames, each once."""
    seen = {id(model)}
    waiting = list(model.sublayers())
    while waiting:
        layer = waiting.pop(0)
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        yield layer
        if expand:
            waiting[:0] = layer.sublayers()


@contextmanager
def recording(model: Layer, expand: bool) -> Generator[Recorder]:
    """Send the calls that this thread makes of a model's layers through a recorder.

    Args:
        model: the model.
        expand: whether a layer made of layers is a frame around their blocks.
    """
    recorder, own = Recorder(), threading.get_ident()
    changed: list[Layer] = []

    def watch(layer: Layer) -> None:
        call = layer.call
        framed = expand and bool(layer.sublayers())
        way = recorder.frame if framed else recorder.block

        def watched(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() != own:
                return call(*args, **kwargs)
            return way(layer, call, *args, **kwargs)

        vars(layer)["call"] = watched
        changed.append(layer)

    try:
        for layer in below(model, expand):
            if "call" not in vars(layer):
                watch(layer)
        yield recorder
    finally:
        for layer in changed:
            del vars(layer)["call"]
