"""What Keras has and Nissl has not yet: the order of arguments, those that are off, own steps."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import layers
from nissl.errors import ArgumentError, ArgumentTypeError, DataError, GraphError, NisslError
from nissl.models import inputs

X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(8, 3)
Y = X[:, :1]

# the order of Keras 3.15's positional arguments
KERAS = {
    "compile": "optimizer loss loss_weights metrics weighted_metrics run_eagerly "
    "steps_per_execution jit_compile auto_scale_loss",
    "fit": "x y batch_size epochs verbose callbacks validation_split validation_data shuffle "
    "class_weight sample_weight initial_epoch steps_per_epoch validation_steps "
    "validation_batch_size validation_freq",
    "evaluate": "x y batch_size verbose sample_weight steps callbacks return_dict",
    "predict": "x batch_size verbose steps callbacks",
    "train_on_batch": "x y sample_weight class_weight return_dict",
    "test_on_batch": "x y sample_weight return_dict",
    "predict_on_batch": "x",
    "get_layer": "name index",
}


def network(**given: Any) -> nissl.Sequential:
    model = nissl.Sequential([nissl.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse", **given)
    return model


@pytest.mark.parametrize("method", KERAS)
def test_arguments_stand_in_the_order_of_keras(method: str) -> None:
    names = list(inspect.signature(getattr(nissl.Model, method)).parameters)
    assert names == ["self", *KERAS[method].split()]


def test_metrics_are_the_fourth_argument_of_compile() -> None:
    model = network()
    model.compile("sgd", "mse", None, ["mae"])
    assert sorted(model.fit(X, Y, verbose=0).history) == ["loss", "mae"]
    assert model.compile_arguments["weighted_metrics"] == []


def test_arguments_that_are_off_are_taken() -> None:
    model = network(
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly=None,
        steps_per_execution=None,
        jit_compile=None,
        auto_scale_loss=True,
    )
    off = {"steps_per_epoch": None, "validation_steps": None, "class_weight": None}
    model.fit(X, Y, verbose=0, callbacks=None, sample_weight=None, **off)
    model.fit(X, Y, batch_size=3, steps_per_epoch=3, verbose=0)  # all there are
    model.evaluate(X, Y, steps=None, verbose=0)
    model.predict(X, steps=1, verbose=0)


@pytest.mark.parametrize(
    ("method", "given", "pieces"),
    [
        ("compile", {"loss_weights": [0.5]}, ["loss_weights=[0.5]", "not there yet"]),
        ("compile", {"jit_compile": "yes"}, ["jit_compile"]),
        ("compile", {"run_eagerly": 1}, ["run_eagerly"]),
        ("compile", {"steps_per_execution": 1.5}, ["steps_per_execution"]),
        ("compile", {"metrics": {"out": ["mae"]}}, ["metrics", "dict", "not there yet"]),
        ("compile", {"metrics": [["mae"], ["mse"]]}, ["metrics", "flat list", "not there yet"]),
        ("compile", {"loss": {"out": "mse"}}, ["loss", "dict", "not there yet"]),
        ("compile", {"loss": ["mse", "mae"]}, ["loss", "list", "not there yet"]),
        ("compile", {"loss": nissl.losses.MeanSquaredError(reduction=None)}, ["reduction=None"]),
        ("fit", {"validation_data": (X, None)}, ["validation_data", "targets y"]),
        ("fit", {"verbose": np.ones(3)}, ["verbose"]),
        ("get_layer", {"index": "first"}, ["index"]),
        ("predict_on_batch", {"x": iter([X])}, ["x", "list_iterator"]),
        ("predict_on_batch", {"x": None}, ["x", "None"]),
        ("fit", {"steps_per_epoch": 5}, ["steps_per_epoch=5 of 1", "not there yet"]),
        ("fit", {"shuffle": "batch"}, ["shuffle"]),
        ("evaluate", {"steps": 5}, ["steps=5 of 1", "not there yet"]),
        ("predict", {"steps": 5}, ["steps=5 of 1", "not there yet"]),
    ],
)
def test_arguments_that_are_on_and_not_there_yet(method: str, given: Any, pieces: Any) -> None:
    data: dict[str, Any] = {"x": X, "y": Y, "verbose": 0}
    plain: dict[str, dict[str, Any]] = {"compile": {}, "get_layer": {}, "predict_on_batch": {}}
    settings = {"predict": {"x": X, "verbose": 0}, **plain}.get(method, data)
    with pytest.raises(NisslError) as caught:
        getattr(network(), method)(**{**settings, **given})
    for piece in pieces:
        assert piece in str(caught.value)


def test_a_refused_compile_leaves_the_model_as_it_was() -> None:
    model = network(metrics=["mae"])
    with pytest.raises(NisslError):
        model.compile("adam", "mse", metrics=["nonsense"])
    assert type(model.optimizer).__name__ == "SGD"
    assert model.compile_arguments["metrics"] == ["mae"]


# ---- steps of one's own ------------------------------------------------------------------------

USES = {
    "fit": lambda model: model.fit(X, Y, verbose=0),
    "evaluate": lambda model: model.evaluate(X, Y, verbose=0),
    "predict": lambda model: model.predict(X, verbose=0),
    "train_on_batch": lambda model: model.train_on_batch(X, Y),
    "test_on_batch": lambda model: model.test_on_batch(X, Y),
    "predict_on_batch": lambda model: model.predict_on_batch(X),
    "validate": lambda model: model.fit(X, Y, validation_split=0.5, verbose=0),
}
ALWAYS = ("fit", "train_on_batch", "evaluate", "test_on_batch", "validate")
REFUSED = {
    "train_step": ("fit", "train_on_batch", "validate"),
    "make_train_function": ("fit", "train_on_batch", "validate"),
    "test_step": ("evaluate", "test_on_batch", "validate"),
    "make_test_function": ("evaluate", "test_on_batch", "validate"),
    "predict_step": ("predict", "predict_on_batch"),
    "make_predict_function": ("predict", "predict_on_batch"),
    "compute_loss": ALWAYS,
    "compute_metrics": ALWAYS,
    "metrics": ALWAYS,
}


@pytest.mark.parametrize("base", [nissl.Model, nissl.Sequential])
@pytest.mark.parametrize("name", REFUSED)
def test_a_step_of_ones_own_is_refused_where_it_would_be_ignored(name: str, base: Any) -> None:
    def own(self: Any, *given: Any, **more: Any) -> Any:
        raise AssertionError("never called")

    method = property(own) if name == "metrics" else own
    own_call = {} if base is nissl.Sequential else {"call": lambda self, x: x[:, :1] * 1.0}
    model = type("Own", (base,), {name: method, **own_call})()
    if base is nissl.Sequential:
        model.add(layers.Dense(1))
    model.compile("sgd", "mse")
    for use, act in USES.items():
        if use in REFUSED[name]:
            with pytest.raises(GraphError, match=rf"\(Own\) has a {name} of its own"):
                act(model)
        elif use in ("evaluate", "predict"):
            act(model)


def test_a_step_that_an_instance_is_given_is_refused_too() -> None:
    model = network()
    model.train_step = lambda data: {}
    with pytest.raises(GraphError, match="train_step"):
        model.fit(X, Y, verbose=0)


def test_overriding_what_is_called_is_fine() -> None:
    class Told(nissl.Sequential):
        def fit(self, *given: Any, **more: Any) -> Any:
            return super().fit(*given, **more)

        def compile(self, *given: Any, **more: Any) -> None:
            super().compile(*given, **more)

    model = Told([nissl.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert len(model.fit(X, Y, verbose=0).history["loss"]) == 1


# ---- several outputs, inputs, batches ----------------------------------------------------------


@pytest.mark.parametrize("kind", [tuple, list, lambda pair: dict(zip("ab", pair, strict=True))])
@pytest.mark.parametrize("use", USES)
def test_several_outputs_are_refused_where_one_is_taken(kind: Any, use: str) -> None:
    class Two(nissl.Model):
        def __init__(self) -> None:
            super().__init__(name="two")
            self.dense = layers.Dense(1)

        def call(self, x: Any) -> Any:
            return kind((self.dense(x), x))

    model = Two()
    model.compile("sgd", "mse")
    with pytest.raises(ArgumentTypeError, match=r"'two' gives 2 outputs.*not there yet"):
        USES[use](model)
    assert len(model(X)) == 2


class Loader:
    """Gives batches, as PyTorch's DataLoader and TensorFlow's Dataset do."""

    def __iter__(self) -> Any:
        return iter([(X, Y)])


class Batches:
    """Keras's Sequence, by what it must have."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, place: int) -> Any:
        return X, Y


@pytest.mark.parametrize(
    ("x", "piece"),
    [
        (Loader(), "Loader; generators, data loaders"),
        (Batches(), "Batches; generators, data loaders"),
        (((X, Y) for _ in range(2)), "generator; generators, data loaders"),
        ({"a": X}, "dict; several inputs"),
        ({1.0, 2.0}, "set; generators"),
        (None, "None: give the data"),
        (3 + 4j, "complex"),
    ],
)
def test_what_is_no_array_is_named_with_what_to_do(x: Any, piece: str) -> None:
    for use in (lambda: network().fit(x, verbose=0), lambda: network().predict(x, verbose=0)):
        with pytest.raises(DataError) as caught:
            use()
        assert piece in str(caught.value)


def test_a_list_of_inputs_is_no_list_of_rows() -> None:
    with pytest.raises(DataError, match=r"x is a list of 2 arrays.*not there yet"):
        network().fit([X, X], Y, verbose=0)
    rows = list(X)
    assert inputs.prepare(rows, Y, np.dtype("float32")).x.shape == X.shape


def test_tensors_that_refuse_to_be_arrays_say_why() -> None:
    class Stubborn:
        shape = (8, 3)

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            raise RuntimeError("call detach() first")

    with pytest.raises(DataError, match=r"x cannot be made an array.*call detach\(\) first"):
        network().predict(Stubborn(), verbose=0)


# ---- properties that are not known yet ---------------------------------------------------------


def test_asking_for_a_property_never_fails_otherwise_than_by_its_absence() -> None:
    unbuilt: list[Any] = [
        nissl.Sequential(),
        nissl.Sequential([layers.Dense(2)]),
        nissl.Model(),
        nissl.Perceptron(),
        layers.Dense(3),
        layers.Dropout(0.5),
        layers.Layer(),
        nissl.Input((3,)),
        nissl.optimizers.Adam(),
        nissl.callbacks.History(),
    ]
    for each in unbuilt:
        for name in dir(type(each)):
            hasattr(each, name)  # any other exception would come through
    assert not hasattr(nissl.Sequential(), "input_shape")
    assert not hasattr(nissl.Sequential(), "output_shape")
    with pytest.raises(GraphError, match="add an Input"):
        _ = nissl.Sequential().input_shape
    assert network().input_shape == (None, 3)


# ---- small numbers of everything ---------------------------------------------------------------


def test_no_epochs_give_an_empty_history() -> None:
    assert network().fit(X, Y, epochs=0, verbose=0).history == {}
    assert network().fit(X, Y, epochs=2, initial_epoch=5, verbose=0).epoch == []


def test_a_batch_larger_than_the_data_in_every_use() -> None:
    model = network()
    model.fit(X, Y, batch_size=100, validation_data=(X, Y), validation_batch_size=99, verbose=0)
    assert model.predict(X, batch_size=100, verbose=0).shape == (8, 1)
    assert np.isfinite(model.evaluate(X, Y, batch_size=100, verbose=0))


def test_fit_without_data_says_so() -> None:
    with pytest.raises(DataError, match=r"x must be .* None"):
        network().fit()
    with pytest.raises(ArgumentError, match="targets y"):
        network().fit(X)
