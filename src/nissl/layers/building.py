"""Building a layer: once, for one shape of input, whoever asks for it."""

from __future__ import annotations

import functools
import math
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nissl.core import mode, tree
from nissl.core.op import scope
from nissl.core.tensor import Aval, Shape, Tensor
from nissl.core.variable import no_capture
from nissl.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    from nissl.layers.base import Layer

BatchShape: TypeAlias = tuple[int | None, ...]
STAND_IN = 2  # for a length that is not known

_lock = threading.RLock()  # a layer that two threads call for the first time is built once


def wrapped(build: Callable[..., None]) -> Callable[..., None]:
    """Return a class's ``build`` as what users call: it builds once, and notes that it did."""

    @functools.wraps(build)
    def wrapper(self: Layer, *args: Any, **kwargs: Any) -> None:
        given = args[0] if args else next(iter(kwargs.values()), None)
        with _lock:
            if self.is_building:  # super().build(...) in a subclass's own
                build(self, *args, **kwargs)
            elif not is_built_for(self, given):
                with building(self, given):
                    build(self, *args, **kwargs)

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


def is_shape(given: Any) -> bool:
    """Return whether this is one shape: lengths, and ``None`` where one is not known."""
    return isinstance(given, list | tuple) and all(
        n is None or (_is_whole(n) and 0 <= n <= sys.maxsize) for n in given
    )


def _is_whole(n: Any) -> bool:
    return isinstance(n, int | np.integer) and not isinstance(n, bool)


def stand_ins(shapes: Any, dtype: np.dtype[Any]) -> Any:
    """Return tensors without values for shapes, batch first; lengths not known are two."""
    if is_shape(shapes):
        known = tuple(STAND_IN if n is None else int(n) for n in shapes)
        return Tensor(None, aval=Aval(known, dtype))
    if isinstance(shapes, dict):
        return {key: stand_ins(each, dtype) for key, each in shapes.items()}
    return None if shapes is None else [stand_ins(each, dtype) for each in shapes]


def shapes_of(found: Any) -> Any:
    """Return the shapes of tensors in a container, with ``None`` for the batch."""
    if isinstance(found, Tensor):
        return (None, *found.shape[1:]) if found.ndim else ()
    return tree.map_leaves(shapes_of, found)


def as_batch_shape(shape: Any) -> BatchShape | None:
    """Return a shape without the batch, given as an integer or a sequence, checked."""
    if shape is None:
        return None
    if _is_whole(shape):
        shape = (shape,)
    if not isinstance(shape, list | tuple):
        raise ShapeError(f"an input shape is a tuple of lengths, not {shape!r:.80}")
    for length in shape:
        if length is None:
            continue
        if not _is_whole(length) or not 0 < length <= sys.maxsize:
            raise ShapeError(f"input shape {tuple(shape)!s:.80}: each length is a positive integer")
    return tuple(None if length is None else int(length) for length in shape)


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


def spend(layer: str, name: str, shape: Any) -> Shape:
    """Return the shape of a weight that is to be made, checked, and take it off the budget."""
    alone = _is_whole(shape)
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
