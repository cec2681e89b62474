"""Every argument of every layer, given in wrong kinds: an error of the tree that names it."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import layers
from nissl.errors import NisslError
from nissl.layers.base import Layer, registry

nissl.Sequential()  # registers itself

REQUIRED: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "relu"},
    "Dense": {"units": 2},
    "Dropout": {"rate": 0.5},
    "InputLayer": {"shape": (3,)},
    "Rescaling": {"scale": 0.5},
}
ODD: dict[str, Any] = {
    "object": object(),
    "text": "no such thing",
    "empty text": "",
    "bytes": b"relu",
    "negative": -1,
    "fraction": 2.5,
    "nan": float("nan"),
    "infinity": float("inf"),
    "complex": 1j,
    "huge": 10**400,
    "list of texts": ["a"],
    "ragged": [[1], [2, 3]],
    "objects": np.array([object()]),
    "dict": {"a": 1},
    "set": {1},
    "class": int,
    "layer": layers.Dense(2),
    "tensor": nissl.ones((2,)),
    "true": True,
    "none": None,
}
# what each argument takes of the odd values, and what it makes of them is no error
TAKES: dict[str, set[str]] = {
    "name": {"text", "none"},
    "dtype": {"class", "none", "layer", "tensor"},  # theirs is taken
    "trainable": {"true"},
    "input_shape": {"none"},
    "input_dim": {"none"},
    "shape": {"none"},
    "batch_shape": {"none"},
    "data_format": {"none"},
    "activation": {"none", "class", "layer"},
    "use_bias": {"true"},
    "kernel_initializer": {"none", "layer", "class", "tensor", "negative", "fraction"},
    "bias_initializer": {"none", "layer", "class", "tensor", "negative", "fraction"},
    "rate": set(),
    "noise_shape": {"none"},
    "seed": {"none", "huge"},
    "scale": {"negative", "fraction", "tensor"},
    "offset": {"negative", "fraction", "tensor"},
    "units": set(),
    "layers": {"none"},
}


def arguments(cls: type[Layer]) -> list[str]:
    """Names that a constructor takes, those of the class below among them."""
    names: dict[str, None] = {}
    for each in cls.__mro__:
        if "__init__" in vars(each) and issubclass(each, Layer):
            parameters = list(inspect.signature(each.__init__).parameters.values())[1:]
            kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
            names.update((p.name, None) for p in parameters if p.kind not in kinds)
            if not any(p.name == "kwargs" for p in parameters):
                break
    return list(names)


CASES = [(name, argument) for name in registry for argument in arguments(registry.lookup(name))]


def test_every_argument_stands_in_the_table() -> None:
    assert {argument for _, argument in CASES} == set(TAKES)


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_wrong_kinds_are_refused_by_the_tree(name: str, argument: str) -> None:
    cls = registry.lookup(name)
    for kind, value in ODD.items():
        given = {**REQUIRED.get(name, {}), argument: value}
        if name == "InputLayer" and argument == "batch_shape":
            given.pop("shape")
        try:
            cls(**given)
        except NisslError as error:
            last = argument.rpartition("_")[2]
            said = (argument, last, "cannot be made of")  # a weight's numbers
            assert any(word in str(error) for word in said), (kind, error)
        else:
            assert kind in TAKES[argument], f"{name}({argument}={value!r}) was taken"
