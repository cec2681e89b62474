"""Registries: what can be named by a string, described by a config, and found again by either.

Layers, losses, metrics, optimisers, initialisers and activations each have one. Nothing is ever
imported by a name that stands in a file: a config can only name what is registered here.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar, dataclass_transform

from nissl.arguments import named
from nissl.errors import ArgumentError, ArgumentTypeError, FileFormatError, UnknownNameError
from nissl.keras_names import NAMES, SPOKEN
from nissl.settings import configured, from_config, setting

T = TypeVar("T")
Item = TypeVar("Item")


def snake_case(name: str) -> str:
    """Return ``DenseLayer`` as ``dense_layer``: how automatic names are made.

    >>> snake_case("MeanSquaredError"), snake_case("SGD"), snake_case("Conv2D")
    ('mean_squared_error', 'sgd', 'conv2d')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def own_name(who: str, name: str, value: Any) -> str:
    """Check a name; without one it is the class's in snake case."""
    return snake_case(who) if value is None else named(who, name, value)


_added: ContextVar[Mapping[str, Any]] = ContextVar("added")


@contextmanager
def custom_objects(named: Mapping[str, Any] | None) -> Generator[None]:
    """Let files name classes and functions of the user's own, for a while.

    Raises:
        ArgumentTypeError: ``named`` is no dict from names to classes or functions.
    """
    given: Any = {} if named is None else named
    if not isinstance(given, Mapping) or not all(
        isinstance(name, str) and callable(thing) for name, thing in given.items()
    ):
        raise ArgumentTypeError(
            "custom_objects is a dict from names to classes or functions, such as "
            f"{{'Linear': Linear}}, not {named!r:.200}"
        )
    token = _added.set({**_added.get({}), **given})
    try:
        yield
    finally:
        _added.reset(token)


class Registry(Generic[T]):
    """Things of one kind by name.

    Args:
        kind: what they are, for messages: ``"loss"``.
        module: module that Keras's files name for them: ``"keras.losses"``.
    """

    def __init__(self, kind: str, module: str) -> None:
        self.kind = kind
        self.module = module
        self._items: dict[str, Any] = {}
        self._aliases: dict[str, str] = {}

    @dataclass_transform(eq_default=False, field_specifiers=(setting,))
    def add(self, *aliases: str, name: str = "") -> Callable[[Item], Item]:
        """Register a class or function, under its own name and others; use as a decorator.

        A class whose fields are settings gets its constructor here; see :mod:`nissl.settings`.
        """

        def register(item: Item) -> Item:
            own = name or getattr(item, "__name__", "")
            if own in self._items:
                raise ArgumentError(f"a {self.kind} named {own!r} is registered already")
            self._items[own] = item
            also = {*aliases, snake_case(own)} if inspect.isclass(item) else set(aliases)
            for alias in sorted(also - {own}):
                self._aliases.setdefault(alias, own)
            return configured(item) if inspect.isclass(item) else item

        return register

    def names(self) -> list[str]:
        """Every registered name, without the aliases, sorted."""
        return sorted(self._items)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: str) -> bool:
        return name in self._items or name in self._aliases

    def lookup(self, name: str) -> T:
        """Return the class or function registered under a name or an alias."""
        added = _added.get({})
        if name in added:
            return added[name]
        own = name if name in self._items else self._aliases.get(name)
        if own is None:
            raise self.unknown(name, [*self._items, *self._aliases])
        return self._items[own]

    def unknown(self, name: str, known: Iterable[str]) -> UnknownNameError:
        """Return the error for a name that is none of those known; it says what is meant."""
        keras = NAMES.get(self.module.removeprefix("keras."), "").lower().replace("_", "").split()
        there = name.lower().replace("_", "") in keras  # in whichever of its spellings
        note = ", which is not there yet: Keras 3 has it" if there else ""
        spoken = re.sub(r"[\W_]", "", name.lower())
        meant = SPOKEN.get(self.kind, {}).get(spoken, "")
        return UnknownNameError(self.kind, name, known, note, meant)

    def get(self, identifier: Any) -> Any:
        """Return what ``identifier`` means: a name, a config, an object, or a function.

        A name of a class gives an object made with its defaults; a function is returned as it is.
        """
        if isinstance(identifier, str):
            found = self.lookup(identifier)
            return found() if inspect.isclass(found) else found
        if isinstance(identifier, Mapping):
            return self.deserialize(identifier)
        if inspect.isclass(identifier):
            return identifier()
        if callable(identifier) or hasattr(identifier, "get_config"):
            return identifier
        article = "an" if self.kind[0] in "aeio" else "a"
        raise ArgumentTypeError(
            f"{article} {self.kind} is a name, an object or a function, not "
            f"{type(identifier).__name__} {identifier!r}"
        )

    def serialize(self, item: Any) -> Any:
        """Describe an object or a function in JSON's terms, as Keras 3 does."""
        if item is None or isinstance(item, str):
            return item
        if hasattr(item, "get_config"):
            return {
                "module": self.module,
                "class_name": type(item).__name__,
                "config": item.get_config(),
                "registered_name": None,
            }
        for name, known in self._items.items():
            if known is item:
                return name
        raise ArgumentTypeError(
            f"the {self.kind} {getattr(item, '__name__', item)!r} cannot be written to a file, "
            f"since it is not registered; use one of: {', '.join(self.names())}"
        )

    def deserialize(self, data: Any) -> Any:
        """Make again what :meth:`serialize` described; only registered names are ever made."""
        if data is None or isinstance(data, str):
            return data if data is None else self.get(data)
        if not isinstance(data, Mapping) or not isinstance(data.get("class_name"), str):
            raise FileFormatError(
                f"a {self.kind} is described by class_name and config, not {data!r}"
            )
        config = data.get("config", {})
        if data["class_name"] == "function":
            return self.lookup(str(config))
        found = self.lookup(data["class_name"])
        if not isinstance(config, Mapping):
            raise FileFormatError(f"{data['class_name']}: config must be an object, not {config!r}")
        return from_config(found, config)


_counts: dict[str, int] = {}


def automatic_name(base: str) -> str:
    """Return ``base``, then ``base_1``, ``base_2``, ... since the last :func:`forget_names`."""
    number = _counts.get(base, 0)
    _counts[base] = number + 1
    return f"{base}_{number}" if number else base


def numbered_name(who: str, name: str, value: Any) -> str:
    """Check a name; without one it is the class's in snake case, with a number after the first."""
    return automatic_name(snake_case(who)) if value is None else named(who, name, value)


def forget_names() -> None:
    """Start automatic names from the beginning again."""
    _counts.clear()
