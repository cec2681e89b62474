"""What a call of a layer needs beside the layer: its mode of training, and words for failures."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nissl.core import mode
from nissl.errors import ArgumentTypeError, MissingNameError, NisslError, nearest
from nissl.keras_names import MEMBERS

if TYPE_CHECKING:
    from nissl.layers.base import Layer


MISSING: Any = object()  # an input that was not given, unlike None


def input_among(kwargs: dict[str, Any], layer: Layer) -> Any:
    """Take the input out of a call's named arguments.

    Raises:
        ArgumentTypeError: it is not there.
    """
    named = list(inspect.signature(type(layer).call).parameters)[1:2]
    for name in (*named, "inputs", "x"):
        if name in kwargs:
            return kwargs.pop(name)
    raise ArgumentTypeError(f"layer {layer.name!r} ({type(layer).__name__}): no input was given")


def not_one(layer: Layer, inputs: Any) -> ArgumentTypeError:
    """Return the error for a container, or nothing, where one tensor is taken."""
    sized = isinstance(inputs, list | tuple | dict)
    given = f"a {type(inputs).__name__} of {len(inputs)}" if sized else repr(inputs)
    return ArgumentTypeError(
        f"layer {layer.name!r} ({type(layer).__name__}) takes one tensor, not {given}"
    )


@functools.lru_cache(1024)
def training_place(call: Callable[..., Any]) -> tuple[int | None, Any, bool]:
    """Return where ``training`` stands after the input, its default, and whether any word goes."""
    parameters = list(inspect.signature(call).parameters.values())
    rest = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    for place, parameter in enumerate(parameters[2:]):
        if parameter.name == "training":
            default = parameter.default
            return place, None if default is inspect.Parameter.empty else default, rest
    return None, None, rest


def mode_of(
    call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, tuple[Any, ...]]:
    """Return the mode of training of a call, and its arguments, in which it then stands."""
    place, default, rest = training_place(call)
    if place is None:
        given = kwargs.get("training") if rest else kwargs.pop("training", None)
        return mode.training() if given is None else given, args
    listed = place < len(args)
    given = args[place] if listed else kwargs.get("training")
    training = mode.training() if given is None else given
    training = default if training is None else training
    if listed:
        return training, (*args[:place], training, *args[place + 1 :])
    if training is not None:
        kwargs["training"] = training
    return training, args


def no_attribute(layer: Layer, name: str) -> Any:
    """Say that there is no such attribute; a property that failed as if it were none speaks."""
    found = getattr(type(layer), name, None)
    if isinstance(found, property) and found.fget is not None:
        return found.fget(layer)
    kind = type(layer).__name__
    if not name.startswith("__") and "_weights" not in vars(layer):
        raise MissingNameError(
            f"{kind} has no {name!r} yet: its __init__ must call super().__init__() first"
        )
    if name in MEMBERS.split():
        raise MissingNameError(
            f"{kind}.{name} is not there yet: Keras 3 has it, Nissl does not so far"
        )
    known = [each for each in (*vars(layer), *dir(type(layer))) if not each.startswith("_")]
    raise MissingNameError(f"{kind} has no attribute {name!r}; {nearest(name, known)}".rstrip("; "))


def located(error: NisslError, layer: Layer) -> NisslError:
    """Return the same error, saying in which layer it arose; the innermost layer is named once."""
    text = str(error)
    if text.startswith("layer "):
        return error
    told = type(error).__new__(type(error))
    Exception.__init__(told, f"layer {layer.name!r} ({type(layer).__name__}): {text}")
    return told
