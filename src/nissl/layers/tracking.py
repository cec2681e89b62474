"""What a layer holds in its attributes: layers and variables, also within containers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from nissl.layers.base import Layer

T = TypeVar("T")

# what a layer or a model keeps for itself: no part of it, and no setting that a program depends on
OWN: Final = frozenset(
    (
        *("built", "build_shape", "name", "input_shape_argument", "input_dim_argument"),
        *("_building", "_changes", "_given", "_serial", "_trainable", "_weights"),
        *("compile_arguments", "history", "loss", "optimizer", "run_eagerly", "stop_training"),
        *("_input", "_output_shape", "_compiled", "_trackers"),
    )
)

_serials = itertools.count()


def next_serial() -> int:
    """Return a number that no layer and no change of a setting has had."""
    return next(_serials)


_CONTAINERS: Final = (list, tuple, dict, set, frozenset)
_PLAIN: Final = frozenset((type(None), bool, int, float, str, type(lambda: None)))


def held(layer: Layer, kind: type[T]) -> list[T]:
    """Return what a layer's attributes hold of a kind, in order; containers are looked into."""
    found: list[T] = []
    for name, value in vars(layer).items():
        if type(value) in _PLAIN or name in OWN:  # for the speed of a predict of a few rows
            continue
        if isinstance(value, kind):
            found.append(value)
        elif isinstance(value, _CONTAINERS):
            found += _within(value, kind)
    return found


def _within(container: Any, kind: type[T]) -> Iterator[T]:
    """Yield the elements of a kind, however deep; a container within itself is left out."""
    seen: set[int] = set()
    waiting: list[Any] = [container]
    while waiting:
        value = waiting.pop()
        if isinstance(value, kind):
            yield value
        elif isinstance(value, _CONTAINERS) and id(value) not in seen:
            seen.add(id(value))
            waiting.extend(reversed(_elements(value)))


def _elements(container: Any) -> list[Any]:
    if isinstance(container, dict):
        return list(container.values())
    if isinstance(container, set | frozenset):  # which have no order that stays
        return sorted(container, key=lambda each: str(getattr(each, "name", "")))
    return list(container)


def walk(layer: Layer, *, trained: bool = False) -> Iterator[Layer]:
    """Yield a layer and those below it, each once, the nearest first within each branch.

    Args:
        layer: where to begin.
        trained: whether to leave out layers that are not trained, with all below them.
    """
    seen: set[int] = set()
    waiting = [layer]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or (trained and not each.trainable):
            continue
        seen.add(id(each))
        yield each
        waiting.extend(reversed(each.sublayers()))


def simple_settings(thing: Any) -> tuple[Any, ...]:
    """Return the attributes that are numbers, texts or flags, so that a change of one is seen."""
    found: Mapping[str, Any] = getattr(thing, "__dict__", {})
    return tuple((name, change_of(value)) for name, value in found.items() if is_simple(value))


def is_simple(value: Any) -> bool:
    """Return whether a value is a number, a text, a flag or ``None``."""
    return value is None or type(value) in (bool, int, float, str)


def change_of(value: Any) -> Any:
    """Return what stands for a setting's value: itself and its type, or a number of its own."""
    return (type(value), value) if is_simple(value) else next_serial()
