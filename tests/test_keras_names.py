"""Names and arguments of Keras's that are not here yet: errors of the tree that lead on."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

import nissl
from nissl.errors import ArgumentError, ArgumentTypeError, NisslError, UnknownNameError
from nissl.keras_names import ARGUMENTS, NAMES, SPOKEN, is_off

TABLE = [(room, name) for room, names in NAMES.items() for name in names.split()]


def room_of(room: str) -> Any:
    return importlib.import_module(f"nissl.{room}") if room else nissl


@pytest.mark.parametrize("room", NAMES)
def test_what_the_table_lists_is_not_there_and_said_to_be_keras(room: str) -> None:
    module = room_of(room)
    for name in NAMES[room].split():
        assert not hasattr(module, name), f"{room}.{name} is there; take it out of the table"
        with pytest.raises(NisslError, match=f"{name} is not there yet") as caught:
            getattr(module, name)
        assert isinstance(caught.value, AttributeError)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("layers.Conv2D", "There are: Activation, Dense, "),
        ("layers.ReLU", r"Activation\('relu'\)"),
        ("layers.dense", "no attribute 'dense'; did you mean 'Dense'?"),
        ("optimizers.Nadam", "not there yet.*did you mean 'Adam'?"),
        ("callbacks.EarlyStoping", "no attribute.*did you mean 'EarlyStopping'?"),
        ("Layer", r"it is nissl\.layers\.Layer"),
        ("Adam", r"no attribute 'Adam'; it is nissl\.optimizers\.Adam"),
        ("ops", "not there yet.*nissl.exp"),
        ("backend.epsilonn", "did you mean 'epsilon'?"),
        ("sofmax", "no attribute 'sofmax'; did you mean 'softmax'?"),
        ("Denes", r"no attribute 'Denes'; did you mean nissl\.layers\.Dense?"),
        ("layers.Dens", "did you mean 'Dense'?"),
        ("optimizers.Adamm", "did you mean 'Adam'?"),
        ("explain.trase", "did you mean 'trace'?"),
        ("engine.git", "did you mean 'jit'?"),
        ("keras.layers.Dens", "'nissl.layers'.*did you mean 'Dense'?"),
        ("keras.layers.Conv2D", "nissl.layers.Conv2D is not there yet"),
        ("keras.Sequentail", "did you mean 'Sequential'?"),
        ("GradientTape", r"write nissl\.grad\(function\)"),
    ],
)
def test_missing_names_lead_to_what_there_is(path: str, said: str) -> None:
    *rooms, name = path.split(".")
    with pytest.raises(AttributeError, match=said) as caught:
        getattr(room_of(".".join(rooms)), name)
    assert isinstance(caught.value, NisslError)


@pytest.mark.parametrize("room", NAMES)
def test_importing_a_missing_name_says_the_same(room: str) -> None:
    module = room_of(room)
    name = NAMES[room].split()[0]
    program = compile(f"from {module.__name__} import {name}", "user.py", "exec")
    with pytest.raises(ImportError, match=f"{name} is not there yet") as caught:
        run(program)
    assert isinstance(caught.value, NisslError)
    submodules = compile("from nissl.layers import base, core", "user.py", "exec")
    run(submodules)


SLIDE = """
import nissl as tf
from nissl.keras import layers
from nissl.keras.models import Sequential
from nissl.keras.datasets.digits import load_data
import nissl.keras.utils

model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(3, activation="relu")])
model.add(layers.Dense(1))
model.compile(tf.keras.optimizers.Adam(0.01), tf.keras.losses.MeanSquaredError())
assert isinstance(model, Sequential)
assert tf.keras.models.load_model and tf.keras.datasets.fashion_mnist.load_data
assert tf.keras.utils.to_categorical([1, 0]).tolist() == [[0.0, 1.0], [1.0, 0.0]]
assert load_data is tf.datasets.digits.load_data
"""


def test_the_code_of_slides_runs_as_it_stands() -> None:
    run(compile(SLIDE, "slide.py", "exec"))
    spec = nissl.layers.__spec__
    assert spec is not None
    assert spec.name == "nissl.layers"  # the alias leaves the module as it is


def test_the_alias_has_what_nissl_has() -> None:
    keras: Any = importlib.import_module("nissl.keras")
    assert set(nissl.__all__) <= set(dir(keras))
    assert all(getattr(keras, name) is getattr(nissl, name) for name in nissl.__all__)
    for room in filter(None, NAMES):
        assert importlib.import_module(f"nissl.keras.{room}") is room_of(room)
    inner = importlib.import_module("nissl.keras.layers.core")
    assert inner.Dense is nissl.layers.Dense
    for name, said in (
        ("nissl.keras.applications", "applications is not there yet: Keras 3 has it"),
        ("nissl.keras.modells", "did you mean 'models'?"),
    ):
        with pytest.raises(ImportError, match=said) as caught:
            importlib.import_module(name)
        assert isinstance(caught.value, NisslError)


def run(program: Any) -> None:
    exec(program, {})


MAKERS: list[Any] = [
    lambda **given: nissl.layers.Dense(2, **given),
    nissl.layers.Flatten,
    lambda **given: nissl.layers.Dropout(0.5, **given),
    lambda **given: nissl.layers.Rescaling(1.0, **given),
    lambda **given: nissl.layers.Activation("relu", **given),
    lambda **given: nissl.Input((3,), **given),
    nissl.optimizers.SGD,
    nissl.optimizers.Adam,
    nissl.optimizers.RMSprop,
]


@pytest.mark.parametrize("make", MAKERS)
def test_arguments_that_are_off_are_taken_and_those_that_are_on_refused(make: Any) -> None:
    for name, neutral in ARGUMENTS.items():
        off = 0.5 if neutral == (...,) else neutral[0]
        make(**{name: off})
        if neutral != (...,):
            with pytest.raises(ArgumentError, match=f"{name}='on' is not there yet"):
                make(**{name: "on"})
    with pytest.raises(ArgumentTypeError, match="no argument 'kernel_regulariser'"):
        make(kernel_regulariser=None)


def test_off_is_a_value_and_not_what_equals_it() -> None:
    assert is_off("autocast", True)
    assert not is_off("autocast", 1)
    assert not is_off("autocast", False)  # it means something: inputs keep their dtype
    assert not is_off("use_ema", 0)
    assert not is_off("unheard", None)


@pytest.mark.parametrize(
    "make",
    [
        lambda: nissl.Model(1, 2),
        lambda: nissl.Model(inputs=1, outputs=2),
        lambda: nissl.Model(outputs=2, name="m"),
    ],
)
def test_functional_models_are_not_there_yet(make: Any) -> None:
    with pytest.raises(ArgumentError, match=r"functional models.* not there yet.*Sequential"):
        make()


WORDS = [(kind, said, meant) for kind, names in SPOKEN.items()
          for said, meant in names.items()]  # fmt: skip


@pytest.mark.parametrize(("kind", "said", "meant"), WORDS)
def test_what_lectures_say_is_understood(kind: str, said: str, meant: str) -> None:
    places = {"loss": "losses"}
    get = getattr(nissl, places.get(kind, f"{kind}s")).get
    with pytest.raises(UnknownNameError) as caught:
        get(said.title())
    assert f"did you mean {meant!r}?" in str(caught.value)
    if meant.isidentifier():
        assert get(meant) is not None
