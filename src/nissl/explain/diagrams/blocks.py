"""The graph of a model: which layer hands its result to which, found by tracing the model.

What a model computes between its layers, such as the sum of a residual connection, stands in the
graph as single operations.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import Any

from nissl import activations
from nissl.core.program import equations_behind, placeholder
from nissl.core.tensor import Aval, Equation, Key
from nissl.core.variable import Capture, capture
from nissl.errors import ArgumentTypeError, GraphError, NisslError
from nissl.explain.diagrams.layer_calls import (
    Call,
    Frame,
    Recorder,
    Shapes,
    below,
    recording,
    tensors,
)
from nissl.layers.base import Layer
from nissl.models.model import Model
from nissl.models.sequential import Sequential

__all__ = ["Block", "Frame", "Graph", "activation_name", "graph_of"]

_SIZES = (64, 96)  # stand-ins for lengths that are not known; what differs between them follows one
_SILENT = frozenset({"astype", "broadcast_to", "identity", "stop_gradient"})
_SIGNS = {"add": "+", "subtract": "−", "multiply": "×", "divide": "÷", "negative": "−"}
_TOGETHER = 4  # operations beside each other that become one block


@dataclass(frozen=True)
class Block:
    """One box of the picture.

    Attributes:
        key: unique.
        role: ``"layer"``, ``"op"``, ``"input"`` or ``"output"``.
        name: the layer's name, or what an operation is called; may be empty for other roles.
        kind: the layer's class; what operations there are, for several in one.
        frames: keys of the frames that it lies in, outermost first.
        activation: name of the activation function; empty if the layer has none.
        inputs, outputs: shapes, ``None`` for a length that is not fixed; ``None`` while unknown.
        dtype: name of the dtype; empty while it is not known.
        params: how many numbers its weights hold.
        built: whether its weights exist.
        trainable: whether training changes any weight; ``None`` without weights.
        call: 1, or more where the same layer was called before.
        layer: the layer itself, if it is one.
    """

    key: str
    role: str
    name: str
    kind: str = ""
    frames: tuple[str, ...] = ()
    activation: str = ""
    inputs: Shapes | None = None
    outputs: Shapes | None = None
    dtype: str = ""
    params: int = 0
    built: bool = True
    trainable: bool | None = None
    call: int = 1
    layer: Layer | None = None


@dataclass(frozen=True)
class Graph:
    """Blocks, who hands on to whom, and what frames there are.

    Attributes:
        blocks: the boxes, in an order in which they can be run.
        edges: pairs of keys of blocks, from and to, each pair once.
        frames: what lies around blocks, outer frames first.
        unused: layers of the model on which no output depends.
    """

    blocks: tuple[Block, ...]
    edges: tuple[tuple[str, str], ...]
    frames: tuple[Frame, ...] = ()
    unused: tuple[Layer, ...] = ()


def graph_of(model: Any, *, expand_nested: bool = False) -> Graph:
    """Return the graph of a model.

    Args:
        model: a model. A :class:`~nissl.Sequential` that is not built gives a chain without shapes.
        expand_nested: whether a layer made of layers becomes a frame around them.

    Raises:
        ArgumentTypeError: this is not a model.
        GraphError: a model with its own ``call`` was never called, so that nobody knows how its
            layers are connected; or it cannot be traced.

    >>> import nissl
    >>> model = nissl.Sequential([nissl.Input((3,)), nissl.layers.Dense(2), nissl.layers.Dense(1)])
    >>> [(b.kind, b.outputs) for b in graph_of(model).blocks]
    [('InputLayer', ((None, 3),)), ('Dense', ((None, 2),)), ('Dense', ((None, 1),))]
    """
    if not isinstance(model, Model):
        hint = "; put it into nissl.Sequential([...])" if isinstance(model, Layer) else ""
        raise ArgumentTypeError(f"a picture is drawn of a model, not of {model!r:.80}{hint}")
    if not model.built or model.build_shape is None:
        if isinstance(model, Sequential):
            return _chain(model, expand_nested)
        raise GraphError(
            f"model {model.name!r} ({type(model).__name__}) was never called, so it is not known "
            "how its layers are connected; call it once on data, as in model(x), or train it"
        )
    first, second = (_traced(model, size, expand_nested) for size in _SIZES)
    if [b.name for b in first.blocks] != [b.name for b in second.blocks]:
        return first
    blocks = (
        replace(a, inputs=_common(a.inputs, b.inputs), outputs=_common(a.outputs, b.outputs))
        for a, b in zip(first.blocks, second.blocks, strict=True)
    )
    return replace(first, blocks=tuple(blocks))


def _common(first: Shapes | None, second: Shapes | None) -> Shapes | None:
    """Shapes with ``None`` for each length that differs."""
    if first is None or second is None:
        return None
    return tuple(
        tuple(n if n == m else None for n, m in zip(a, b, strict=False))
        for a, b in zip(first, second, strict=False)
    )


def _layer_block(key: str, layer: Layer, frames: tuple[str, ...] = (), **more: Any) -> Block:
    trained, frozen = bool(layer.trainable_weights), bool(layer.non_trainable_weights)
    return Block(
        key, "layer", layer.name, type(layer).__name__, frames,
        activation=activation_name(layer),
        dtype=layer.dtype.name,
        params=sum(v.size for v in layer.weights),
        built=layer.built or type(layer).build is Layer.build,
        trainable=trained if trained or frozen else None,
        layer=layer,
        **more,
    )  # fmt: skip


def activation_name(layer: Layer) -> str:
    """Return what a layer's activation function is called; nothing if it has none."""
    function = getattr(layer, "activation", None)
    if function is None:
        return ""
    try:
        name = activations.serialize(function)
    except ArgumentTypeError:  # a function that is not registered
        name = None
    named = name if isinstance(name, str) else getattr(function, "__name__", None)
    return named if isinstance(named, str) else type(function).__name__


# ---- a chain that is not built -----------------------------------------------------------------
def _chain(model: Sequential, expand: bool) -> Graph:
    blocks = [Block("input", "input", "", "InputLayer")]
    frames: list[Frame] = []

    def add(layers: Sequence[Layer], around: tuple[str, ...]) -> None:
        for layer in layers:
            if expand and isinstance(layer, Sequential) and layer.layers:
                key = f"frame{len(frames)}"
                frames.append(Frame(key, layer.name, type(layer).__name__, around, layer))
                add(layer.layers, (*around, key))
            else:
                blocks.append(_layer_block(f"b{len(blocks)}", layer, around))

    add(model.layers, ())
    keys = [block.key for block in blocks]
    return Graph(tuple(blocks), tuple(itertools.pairwise(keys)), tuple(frames))


# ---- a model that is traced --------------------------------------------------------------------
def _placeholders(shape: Any, size: int, dtype: Any) -> Any:
    """Abstract tensors for a shape or a container of shapes."""
    if isinstance(shape, Mapping):
        return {key: _placeholders(each, size, dtype) for key, each in shape.items()}
    if all(n is None or isinstance(n, int) for n in shape):
        return placeholder(Aval(tuple(size if n is None else n for n in shape), dtype))
    parts = [_placeholders(each, size, dtype) for each in shape]
    if not isinstance(shape, tuple):
        return parts
    return type(shape)(*parts) if hasattr(shape, "_fields") else tuple(parts)


def _traced(model: Model, size: int, expand: bool) -> Graph:
    given = _placeholders(model.build_shape, size, model.dtype)
    try:
        with recording(model, expand) as recorder, capture(Capture()):
            result = model(given)
    except (NisslError, TypeError, AttributeError) as error:
        raise GraphError(
            f"model {model.name!r} ({type(model).__name__}) cannot be drawn, since it cannot be "
            f"traced with inputs of shape {model.build_shape}: {error}"
        ) from error
    return _Reader(model, recorder, given, result).graph(expand)


@dataclass
class _Node:
    """What becomes a block: a call, or an operation outside all layers."""

    equation: Equation
    before: tuple[int, ...]  # numbers of nodes; inputs have negative ones
    call: Call | None
    hidden: str  # name of a layer that calls this operation and is no attribute of the model
    place: Hashable  # what operations that are one block have in common
    depth: int = 0  # the greatest number of changes of the place on a way from an input


class _Reader:
    """Reads a graph of blocks off the equations behind the outputs of a trace."""

    def __init__(self, model: Model, recorder: Recorder, given: Any, result: Any) -> None:
        self.model, self.recorder, self.given, self.result = model, recorder, given, result
        self.results = tensors(result)
        self.nodes: list[_Node] = []
        self.sources: dict[Key, tuple[int, ...]] = {}  # the nodes that a tensor comes from

    def graph(self, expand: bool) -> Graph:
        """Return the graph."""
        inputs = list(self._inputs())
        self._read()
        home = self._merged()
        blocks: dict[int, Block] = {}
        used = {id(frame.layer) for frame in self.recorder.frames}
        for number, node in enumerate(self.nodes):
            if node.call is not None:
                used.add(id(node.call.layer))
            if home[number] == number:
                members = [self.nodes[n] for n, place in home.items() if place == number]
                blocks[number] = self._block(number, members)
        edges = {
            (home.get(source, source), home[number]): None
            for number, node in enumerate(self.nodes)
            for source in node.before
            if home.get(source, source) != home[number]
        }
        listed = [*inputs, *_sorted(blocks, list(edges))]
        keys = {-1 - place: block.key for place, block in enumerate(inputs)}
        keys |= {number: block.key for number, block in blocks.items()}
        named = [(keys[source], keys[target]) for source, target in edges]
        for block, sources in self._outputs({source for source, _ in edges}):
            listed.append(block)
            named += [(keys[home.get(n, n)], block.key) for n in sources]
        return Graph(
            tuple(listed),
            tuple(dict.fromkeys(named)),
            tuple(self.recorder.frames),
            tuple(layer for layer in below(self.model, expand) if id(layer) not in used),
        )

    def _inputs(self) -> Iterator[Block]:
        """A block for each input, whose numbers are -1, -2, ..."""
        found = tensors(self.given)
        for place, (t, name) in enumerate(zip(found, _names(self.given, len(found)), strict=True)):
            self.sources[t.key] = (-1 - place,)
            yield Block(
                f"input{place}", "input", name, "InputLayer",
                outputs=(t.shape,), dtype=t.dtype.name,
            )  # fmt: skip

    def _outputs(self, leaving: set[int]) -> Iterator[tuple[Block, tuple[int, ...]]]:
        """Blocks for the outputs, unless the only one is seen where the arrows end."""
        ends = [self.sources.get(t.key, ()) for t in self.results]
        if len(ends) == 1 and all(n >= 0 and n not in leaving for n in ends[0]):
            return
        names = _names(self.result, len(ends))
        for place, (t, sources, name) in enumerate(zip(self.results, ends, names, strict=True)):
            block = Block(
                f"output{place}", "output", name, "Output", inputs=(t.shape,), dtype=t.dtype.name
            )
            yield block, sources

    def _read(self) -> None:
        """Make a node of each equation that depends on an input and does something."""
        for equation in equations_behind(self.results):
            call = self.recorder.call_of(equation)
            found = (n for t in equation.inputs for n in self.sources.get(t.key, ()))
            before = tuple(dict.fromkeys(found))
            if call is None and not before:
                continue  # made of weights and constants alone
            if call is None and equation.op.name in _SILENT:
                reached = before
            else:
                hidden = "" if call is not None else self._hidden(equation)
                place = (self.recorder.frames_of(equation), hidden, call and equation.serial)
                node = _Node(equation, before, call, hidden, place)
                for source in (self.nodes[n] for n in before if n >= 0):
                    node.depth = max(node.depth, source.depth + (source.place != place))
                self.nodes.append(node)
                reached = (len(self.nodes) - 1,)
            self.sources.update(dict.fromkeys(equation.keys, reached))

    def _hidden(self, equation: Equation) -> str:
        """Name of a layer that is no attribute of the model, and computed this."""
        path = equation.scope.split("/")
        own = 1 + len(self.recorder.frames_of(equation))
        return path[own] if len(path) > own else ""

    def _merged(self) -> dict[int, int]:
        """For each node the first of those with which it is one block.

        Operations of one place that hand on to each other can be one if their depth is the same: no
        way from one to the other leaves the place, so the graph remains without a circle.
        """
        home = {number: number for number in range(len(self.nodes))}
        places = [(node.place, node.depth) for node in self.nodes]

        def root(number: int) -> int:
            while home[number] != number:
                number = home[number]
            return number

        for number, node in enumerate(self.nodes):
            for source in node.before:
                if source >= 0 and places[number] == places[source]:
                    first, second = sorted((root(source), root(number)))
                    home[second] = first
        found = {number: root(number) for number in home}
        sizes = Counter(found.values())
        return {
            number: first if sizes[first] >= _TOGETHER or self.nodes[number].hidden else number
            for number, first in found.items()
        }

    def _block(self, number: int, members: Sequence[_Node]) -> Block:
        node, call = members[0], members[0].call
        if call is not None:
            return _layer_block(
                f"b{number}", call.layer, call.frames,
                inputs=call.inputs, outputs=call.outputs, call=call.number,
            )  # fmt: skip
        signs = [_sign(each.equation) for each in members]
        return Block(
            f"b{number}", "op",
            name=node.hidden or (signs[0] if len(signs) == 1 else ""),
            kind="" if len(signs) == 1 else ", ".join(dict.fromkeys(signs)),
            frames=self.recorder.frames_of(node.equation),
            outputs=tuple(aval.shape for aval in members[-1].equation.avals if aval is not None),
        )  # fmt: skip


def _names(container: Any, count: int) -> list[str]:
    """What several inputs or outputs are called: their keys, or their numbers."""
    keys = list(container) if isinstance(container, Mapping) else getattr(container, "_fields", ())
    if len(keys) == count and count:
        return [str(key) for key in keys]
    return [str(place + 1) for place in range(count)] if count > 1 else [""] * count


def _sign(equation: Equation) -> str:
    name = equation.op.name.rpartition(":")[2]  # of "custom_derivative:name" the name
    return _SIGNS.get(name, name)


def _sorted(blocks: Mapping[int, Block], edges: Sequence[tuple[int, int]]) -> list[Block]:
    """Blocks after all that they depend on, else in the order of their numbers."""
    sorter = TopologicalSorter[int](dict.fromkeys(blocks, ()))
    for source, target in edges:
        if source >= 0:
            sorter.add(target, source)
    sorter.prepare()
    ready: list[int] = []
    found: list[Block] = []
    while sorter.is_active():
        for number in sorter.get_ready():
            heapq.heappush(ready, number)
        number = heapq.heappop(ready)
        found.append(blocks[number])
        sorter.done(number)
    return found
