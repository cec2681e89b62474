"""Settings that several layers have: what each may be, and what a file says of it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from nissl import activations, initializers
from nissl.arguments import flag, optional, whole
from nissl.core import dtypes
from nissl.errors import ArgumentError, ArgumentTypeError, DTypeError
from nissl.layers.shapes import as_batch_shape
from nissl.registry import numbered_name
from nissl.settings import Setting, is_generated, known_settings

LONGEST = sys.maxsize  # an axis


def a_name(who: str, name: str, value: Any) -> str:
    """Check a layer's name, which stands in paths; without one it gets one of its class."""
    found = numbered_name(who, name, value)
    if "/" in found:
        raise ArgumentError(f"{who}: {name} is a text without '/', not {value!r}")
    return found


def a_dtype(who: str, name: str, value: Any) -> np.dtype[Any]:
    """Check a dtype, given as one, as its name, or as a policy of Keras's files."""
    if isinstance(value, Mapping):
        settings: Any = value.get("config")
        value = settings.get("name") if isinstance(settings, Mapping) else str(value)
    if isinstance(value, str) and value.startswith("mixed_"):
        raise ArgumentError(
            f"{who}: {name}={value!r} is not there yet: Keras 3 has it, Nissl does not so far. "
            "Give one dtype for weights and computation, such as 'float32'"
        )
    return dtypes.default_float() if value is None else dtypes.as_dtype(value)


def a_floating_dtype(who: str, name: str, value: Any) -> np.dtype[Any]:
    """Check the dtype of a layer that computes."""
    found = a_dtype(who, name, value)
    if not dtypes.is_floating(found):
        raise DTypeError(f"{who}: {name} is a floating dtype, not {found.name}")
    return found


def _got(get: Callable[[Any], Any]) -> Callable[[str, str, Any], Any]:
    return lambda _who, _name, value: get(value)


NAME = Setting(a_name)
DTYPE = Setting(a_floating_dtype, attrgetter("name"), fixed=True)
ANY_DTYPE = Setting(a_dtype, attrgetter("name"), fixed=True)
INPUT_SHAPE = Setting(_got(as_batch_shape))
INPUT_DIM = Setting(optional(partial(whole, least=1, most=LONGEST)))
UNITS = Setting(partial(whole, least=1, most=LONGEST), fixed=True)
FLAG = Setting(flag, fixed=True)
ACTIVATION = Setting(_got(activations.get), activations.serialize)
INITIALIZER = Setting(_got(initializers.get), initializers.serialize, fixed=True)


def config_of(layer: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what describes a layer: its settings, or the arguments of a hand-written ``__init__``.

    The latter where no ``get_config`` describes them; see :func:`arguments_of`.
    """
    cls = type(layer)
    maker = next(each for each in cls.__mro__ if "__init__" in vars(each))
    describer = next(each for each in cls.__mro__ if "get_config" in vars(each))
    if is_generated(maker) or issubclass(describer, maker):
        return settings
    known = known_settings(cls)
    general = ("name", "trainable", "dtype")
    kept = {each: settings[each] for each in general if known is None or each in known}
    return {**arguments_of(layer), **kept}


def arguments_of(layer: Any) -> dict[str, Any]:
    """Return the arguments that an object was made with, by name.

    Raises:
        ArgumentTypeError: one of them is nothing that a file can hold.
    """
    args, kwargs = vars(layer).get("_given", ((), {}))
    bound = inspect.signature(type(layer).__init__).bind(layer, *args, **kwargs)
    found: dict[str, Any] = {}
    for name, value in list(bound.arguments.items())[1:]:
        keywords = bound.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD
        found.update(value if keywords else {name: value})
    for name, value in found.items():
        if not _is_plain(value):
            kind = type(layer).__name__
            raise ArgumentTypeError(
                f"{kind}: {name}={value!r:.80} cannot be written to a file; give {kind} a method "
                "get_config, which returns {**super().get_config(), ...} with the arguments of its "
                "__init__ as numbers, texts and lists"
            )
    return found


def _is_plain(value: Any) -> bool:
    """Whether JSON has it."""
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    return value is None or isinstance(value, bool | int | float | str)
