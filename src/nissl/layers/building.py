"""Building a layer: once, for one shape of input, whoever asks for it."""

from __future__ import annotations

import copy
import functools
import inspect
import math
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.core import memory, mode
from nissl.core.op import scope
from nissl.core.tensor import Aval, Shape
from nissl.core.variable import Variable, no_capture
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError
from nissl.layers.calling import not_one
from nissl.layers.shapes import is_shape, is_whole

if TYPE_CHECKING:
    from nissl.layers.base import Layer

_lock = threading.RLock()  # a layer that two threads call for the first time is built once


def wrapped(build: Callable[..., None]) -> Callable[..., None]:
    """Return a class's ``build`` as what users call: it builds once, and notes that it did."""

    takes = list(inspect.signature(build).parameters.values())[1:]
    needed = [p.name for p in takes if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]

    @functools.wraps(build)
    def wrapper(self: Layer, *args: Any, **kwargs: Any) -> None:
        if len(needed) > len(args) + len(kwargs):
            raise ArgumentTypeError(
                f"layer {self.name!r} ({type(self).__name__}): its build takes {', '.join(needed)} "
                "and is to take one argument, the shape of the input, or a list of shapes"
            )
        given = args[0] if args else next(iter(kwargs.values()), None)
        with _lock:
            if self.is_building:  # super().build(...) in a subclass's own
                build(self, *args, **kwargs)
            elif not is_built_for(self, given):
                with building(self, given):
                    build(self, *(args if takes else ()), **kwargs)

    return wrapper


@contextmanager
def building(layer: Layer, given: Any) -> Generator[None]:
    """Note that a layer is built, if all goes well; else leave it as if nothing had been."""
    fields = vars(layer)
    shape = without_batch(layer, given)
    before = list(layer.own_weights)
    fields["_building"], done = True, False
    try:
        with no_capture(), scope(layer.name), mode.called(mode.training()):
            yield
        done = True
    finally:
        fields["_building"] = False
        if done:
            fields.update(build_shape=shape, built=True)
        else:
            layer.own_weights[:] = before


def is_built_for(layer: Layer, given: Any) -> bool:
    """Return whether a layer is built already.

    Raises:
        ShapeError: it is, for inputs of another shape.
    """
    if not layer.built or layer.build_shape is None:
        return False
    shape = without_batch(layer, given)
    if shape != layer.build_shape:
        raise ShapeError(
            f"layer {layer.name!r} ({type(layer).__name__}) was built for inputs of shape "
            f"{layer.build_shape} already, and cannot be built again for {shape}; make a new layer"
        )
    return True


def without_batch(layer: Layer, given: Any) -> Any:
    """Return a shape, or a container of shapes, with ``None`` for the batch, checked."""
    if is_shape(given):
        checked = tuple(None if n is None else int(n) for n in given)
        return (None, *checked[1:]) if checked else ()
    if (
        layer.takes_one
        and isinstance(given, list | tuple | dict)
        and any(isinstance(each, list | tuple) for each in given)
    ):
        raise not_one(layer, given)
    inside = given.values() if isinstance(given, dict) else given
    if not isinstance(given, list | tuple | dict) or not all(
        each is None or isinstance(each, list | tuple | dict) for each in inside
    ):
        raise ShapeError(
            f"layer {layer.name!r} ({type(layer).__name__}): build takes a shape with the batch "
            f"first, such as (None, 3), not {given!r}"
        )
    if isinstance(given, dict):
        return {key: each and without_batch(layer, each) for key, each in given.items()}
    return [each and without_batch(layer, each) for each in given]


# ---- how much a file's description may ask for -------------------------------------------------
class _Budget(threading.local):
    elements: int | None = None


_budget = _Budget()


@contextmanager
def weight_budget(elements: int) -> Generator[None]:
    """Refuse to make weights of more elements in all: for a model that a file describes."""
    before, _budget.elements = _budget.elements, elements
    try:
        yield
    finally:
        _budget.elements = before


class Large(Exception):  # noqa: N818 - a signal, not an error
    """A weight of many bytes is about to be made while those of all layers are not yet counted."""


class _Plan(threading.local):
    promised: int | None = None  # bytes so far, while weights are counted and not made
    largest: int = 0
    stops: bool = False  # whether a large weight is to be announced by `Large`


_plan = _Plan()
WORK = 3  # times the bytes of a weight that drawing it takes besides


@contextmanager
def announced() -> Generator[None]:
    """Raise :class:`Large` before a weight of many bytes is made."""
    before, _plan.stops = _plan.stops, True
    try:
        yield
    finally:
        _plan.stops = before


def bytes_of(layers: list[Layer], shape: Any) -> int:
    """Return how much memory making the weights of layers in a row takes; none are made.

    Only Nissl's own layers can be copied to be asked; from the first other one on, nothing counts.
    """
    _plan.promised, _plan.largest = 0, 0
    try:
        for layer in layers:
            if not layer.built and not type(layer).__module__.startswith("nissl."):
                break
            shape = (layer if layer.built else copy.deepcopy(layer)).compute_output_shape(shape)
        return _plan.promised + WORK * _plan.largest
    finally:
        _plan.promised = None


def promised(layer: str, name: str, shape: Shape, dtype: np.dtype[Any]) -> Variable | None:
    """Return a weight that takes no memory while weights are only counted; else ``None``.

    Raises:
        OutOfMemoryError: the weight cannot fit into memory.
    """
    aval = Aval(shape, dtype)
    size = aval.nbytes
    if _plan.promised is not None:
        _plan.promised += size
        _plan.largest = max(_plan.largest, size)
        stand_in = Variable(np.zeros((), aval.dtype), name=name)
        stand_in.raw, stand_in.aval = np.broadcast_to(stand_in.raw, aval.shape), aval
        return stand_in
    if size >= memory.LARGE:
        if _plan.stops:
            raise Large
        what = f"layer {layer!r}: making its weight {name!r} of shape {aval.shape}"
        memory.demand(size * (1 + WORK), what, "make the layer smaller")
    return None


def spend(layer: str, name: str, shape: Any) -> Shape:
    """Return the shape of a weight that is to be made, checked, and take it off the budget."""
    alone = is_whole(shape)
    given: Any = (shape,) if alone else shape
    listed: list[Any] = list(given) if is_shape(given) else [None]
    if None in listed:
        raise ArgumentError(
            f"layer {layer!r}: the shape of its weight {name!r} is a tuple of lengths, not "
            f"{shape!r}"
        )
    lengths = tuple(int(n) for n in listed)
    if _budget.elements is not None:
        _budget.elements -= math.prod(lengths)
        if _budget.elements < 0:
            raise ShapeError(
                f"layer {layer!r}: its weight {name!r} of shape {lengths} is larger than all that "
                "the file holds"
            )
    return lengths
