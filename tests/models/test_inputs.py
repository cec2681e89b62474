"""Bad input: refused by an error of Nissl's own tree that says what, where and what next.

Each case gives the pieces that its message must have: the argument, layer or file, the shapes or
values in question, and what to do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nissl
from nissl import callbacks, layers, optimizers
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    NisslError,
    ShapeError,
    UnknownNameError,
)
from nissl.models import inputs

X = np.arange(24, dtype=np.float32).reshape(8, 3) / 24
Y = X.sum(axis=1)
LABELS = np.arange(8) % 4


def network(units: int = 1, last: Any = None, loss: str = "mse", **given: Any) -> nissl.Sequential:
    model = nissl.Sequential(
        [
            nissl.Input((3,)),
            layers.Dense(4, "relu", name="hidden"),
            layers.Dense(units, last, name="output"),
        ],
        name="net",
    )
    model.compile("sgd", loss, **given)
    return model


@pytest.fixture(scope="module")
def regression() -> nissl.Sequential:
    return network()


@pytest.fixture(scope="module")
def classifier() -> nissl.Sequential:
    return network(4, "softmax", "sparse_categorical_crossentropy")


def refused(error: type[NisslError], *pieces: str) -> Any:
    """The block raises this error, and its message has all the pieces."""

    class Refused:
        def __enter__(self) -> None:
            self.context = pytest.raises(error)
            self.info = self.context.__enter__()

        def __exit__(self, *details: Any) -> bool:
            caught = self.context.__exit__(*details)
            message = str(self.info.value)
            for piece in pieces:
                assert piece in message, message
            return bool(caught)

    return Refused()


# ---- shapes ------------------------------------------------------------------------------------


def test_input_of_another_width(regression: Any) -> None:
    pieces = ("'net'", "(batch, 3)", "(8, 2)")
    for use in (regression.predict, regression.predict_on_batch, regression):
        with refused(ShapeError, *pieces):
            use(X[:, :2])
    with refused(ShapeError, *pieces):
        regression.fit(X[:, :2], Y)
    with refused(ShapeError, *pieces):
        regression.evaluate(X[:, :2], Y)
    with refused(ShapeError, *pieces):
        regression.fit(X, Y, validation_data=(X[:, :2], Y))


def test_a_single_input_without_its_batch_axis(regression: Any) -> None:
    with refused(ShapeError, "(batch, 3)", "(3,)", "use x[None]"):
        regression.predict(X[0])


def test_pictures_that_were_not_flattened(regression: Any) -> None:
    with refused(ShapeError, "(batch, 3)", "(8, 1, 3)", "use x.reshape((-1, 3))"):
        regression.predict(X[:, None, :])


def test_a_layer_within_says_its_name() -> None:
    dense = layers.Dense(2, name="narrow")
    dense(X)
    with refused(ShapeError, "layer 'narrow' (Dense)", "3 numbers", "(4, 5)"):
        dense(np.zeros((4, 5)))
    with refused(ShapeError, "layer 'first' (Dense)", "at least one axis"):
        layers.Dense(2, name="first")(np.float32(1.0))


def test_rows_of_x_and_y_differ(regression: Any) -> None:
    with refused(DataError, "x has 8 rows", "y has 7", "(8, 3)", "(7,)"):
        regression.fit(X, Y[:7])
    with refused(DataError, "validation x has 8", "validation y has 7"):
        regression.fit(X, Y, validation_data=(X, Y[:7]))


def test_targets_that_only_broadcast_are_refused() -> None:
    wide = network(3)
    with refused(ShapeError, "(8,)", "3", "mean_squared_error"):
        wide.fit(X, Y)
    with refused(ShapeError, "(8, 1)", "3"):
        wide.evaluate(X, Y[:, None])
    with refused(ShapeError, "(8, 3)", "1"):
        network(1).fit(X, X)


def test_rows_and_columns_of_targets_mean_the_same_for_one_output(regression: Any) -> None:
    flat = regression.evaluate(X, Y, verbose=0)
    assert regression.evaluate(X, Y[:, None], verbose=0) == pytest.approx(flat)
    p = regression.predict(X, verbose=0)[:, 0]
    assert flat == pytest.approx(((p - Y) ** 2).mean(), rel=1e-5)  # not the mean of 64 differences


# ---- labels ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bad", "row"), [(4, 2), (-1, 5), (255, 0)])
def test_labels_out_of_range(classifier: Any, bad: int, row: int) -> None:
    labels = LABELS.copy()
    labels[row] = bad
    before = classifier.get_weights()
    with refused(DataError, f"y[{row}]", str(bad), "between 0 and 3", "4 outputs"):
        classifier.fit(X, labels)
    with refused(DataError, f"validation y[{row}]", str(bad)):
        classifier.fit(X, LABELS, validation_data=(X, labels))
    with refused(DataError, f"y[{row}]"):
        classifier.evaluate(X, labels)
    for a, b in zip(before, classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_hot_rows_for_a_loss_of_labels(classifier: Any) -> None:
    with refused(ShapeError, "(8, 4)", "one-hot", "categorical_crossentropy"):
        classifier.fit(X, np.eye(4)[LABELS])


def test_labels_for_a_loss_of_one_hot_rows() -> None:
    model = network(4, "softmax", "categorical_crossentropy")
    with refused(ShapeError, "(8,)", "sparse_categorical_crossentropy", "to_categorical"):
        model.fit(X, LABELS)


def test_regression_targets_for_a_classifier(classifier: Any) -> None:
    with refused(DataError, "y[0]", "whole numbers", "mean_squared_error"):
        classifier.fit(X, LABELS + 0.5)


def test_targets_that_are_no_probabilities() -> None:
    model = network(1, "sigmoid", "binary_crossentropy")
    with refused(DataError, "y[2]", "2", "between 0 and 1"):
        model.fit(X, LABELS)


# ---- what is no number -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "pieces"),
    [
        (np.array([["a", "b", "c"]] * 8), ("x", "str", "numbers")),
        (np.array([[None] * 3] * 8, dtype=object), ("x", "row 0", "None", "leave such rows out")),
        ("fashion_mnist", ("x", "str")),
        ({"a": X}, ("x", "dict")),
        ([[1.0, 2.0, 3.0], [1.0]], ("x", "differ in length")),
        (X.astype(np.complex64), ("x", "complex")),
        (np.array([["2020-01-01"] * 3] * 8, "datetime64[D]"), ("x", "datetime64")),
        (None, ("x", "number")),
        (iter([X]), ("x", "list_iterator")),
        (np.ma.masked_greater(X, 0.9), ("x", "masked", "2 masked values", "filled")),
        (3.0, ("x", "single number")),
    ],
    ids=[
        "text",
        "objects",
        "name",
        "dict",
        "ragged",
        "complex",
        "dates",
        "none",
        "iterator",
        "masked",
        "scalar",
    ],
)
def test_inputs_that_are_no_arrays_of_numbers(
    regression: Any, x: Any, pieces: tuple[str, ...]
) -> None:
    with refused(DataError, *pieces):
        regression.fit(x, Y)
    with refused(DataError, *pieces):
        regression.predict(x)


def test_targets_that_are_texts_say_how_to_number_them(classifier: Any) -> None:
    with refused(DataError, "y", "'shirt'", "numpy.unique(y, return_inverse=True)"):
        classifier.fit(X, np.array(["shirt"] * 8))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_nan_and_infinity_in_data(regression: Any, bad: float, dtype: str) -> None:
    x = X.astype(dtype)
    x[5, 1] = bad
    with refused(DataError, "x holds", str(bad), "(5, 1)", "nan_to_num"):
        regression.fit(x, Y)
    y = Y.astype(dtype)
    y[3] = bad
    with refused(DataError, "y holds", str(bad), "(3,)"):
        regression.fit(X, y)
    with refused(DataError, "validation x"):
        regression.fit(X, Y, validation_data=(x, Y))
    with refused(DataError, "sample_weight"):
        regression.fit(X, Y, sample_weight=y)


def test_nan_is_found_in_the_last_chunk_of_much_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "_CHUNK", 4)
    x = np.zeros((9, 3), np.float32)
    x[8, 2] = np.nan
    with refused(DataError, "(8, 2)"):
        inputs.check_finite(x, "x")
    x[8, 2] = np.finfo(np.float32).max
    x[7, 2] = np.finfo(np.float32).max  # a sum beyond float32, of finite numbers
    inputs.check_finite(x, "x")


def test_infinities_of_both_signs_do_not_hide_each_other(regression: Any) -> None:
    x = X.copy()
    x[0, 0], x[0, 1] = np.inf, -np.inf
    with refused(DataError, "(0, 0)"):
        regression.predict(x)


def test_numbers_too_large_for_the_model(regression: Any) -> None:
    """float64 numbers that float32 cannot hold become infinities; that must not go unnoticed."""
    x = X.astype(np.float64)
    x[2, 1] = 1e300
    with refused(DataError, "x", "(2, 1)"):
        regression.fit(x, Y)


# ---- empty data --------------------------------------------------------------------------------


def test_empty_data(regression: Any) -> None:
    with refused(DataError, "x is empty", "(0, 3)"):
        regression.fit(X[:0], Y[:0])
    with refused(DataError, "x is empty"):
        regression.predict([])
    with refused(DataError, "x is empty"):
        regression.evaluate(X[:0], Y[:0])
    with refused(DataError, "validation x is empty"):
        regression.fit(X, Y, validation_data=(X[:0], Y[:0]))
    with refused(DataError, "x is empty"):
        regression.train_on_batch(X[:0], Y[:0])


@pytest.mark.parametrize("split", [1.0, -0.1, 1.5, np.nan, "0.2", True])
def test_validation_split_out_of_range(regression: Any, split: Any) -> None:
    with refused(NisslError, "validation_split"):
        regression.fit(X, Y, validation_split=split)


@pytest.mark.parametrize("split", [0.01, 0.99])
def test_validation_split_that_leaves_nothing(regression: Any, split: float) -> None:
    if split == 0.01:  # Keras holds out N - floor(N * (1 - split)) rows: one of eight
        history = regression.fit(X, Y, validation_split=split, verbose=0).history
        assert "val_loss" in history
        return
    with refused(ArgumentError, "validation_split=0.99", "8 rows"):
        regression.fit(X, Y, validation_split=split)


# ---- arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "value", "error"),
    [
        ("batch_size", 0, ArgumentError),
        ("batch_size", -1, ArgumentError),
        ("batch_size", 2.0, ArgumentTypeError),
        ("batch_size", "32", ArgumentTypeError),
        ("batch_size", True, ArgumentTypeError),
        ("epochs", -1, ArgumentError),
        ("epochs", 1.5, ArgumentTypeError),
        ("epochs", None, ArgumentTypeError),
        ("initial_epoch", -2, ArgumentError),
        ("class_weight", [1.0, 2.0], ArgumentTypeError),
        ("class_weight", {0: -1.0}, ArgumentError),
        ("class_weight", {0: np.nan}, ArgumentError),
        ("class_weight", {0: "heavy"}, NisslError),
        ("class_weight", {"shirt": 1.0}, NisslError),
        ("sample_weight", np.ones(7), DataError),
        ("sample_weight", -np.ones(8), DataError),
        ("sample_weight", np.ones((8, 3)), DataError),
        ("sample_weight", np.array(["a"] * 8), DataError),
        ("validation_data", X, ArgumentTypeError),
        ("validation_data", (X,), ArgumentTypeError),
        ("validation_data", (X, Y, Y, Y), ArgumentTypeError),
        ("callbacks", [print], ArgumentTypeError),
        ("callbacks", callbacks.History, ArgumentTypeError),
        ("callbacks", "history", ArgumentTypeError),
    ],
)
def test_arguments_of_fit(regression: Any, argument: str, value: Any, error: Any) -> None:
    with refused(error, argument):
        regression.fit(X, Y, **{"verbose": 0, argument: value})


def test_validation_arguments_of_fit(regression: Any) -> None:
    for argument in ("validation_batch_size", "validation_freq"):
        with refused(ArgumentError, f"{argument}=0 must be at least 1"):
            regression.fit(X, Y, validation_split=0.5, verbose=0, **{argument: 0})


def test_class_weight_and_sample_weight_together(regression: Any) -> None:
    with refused(ArgumentError, "class_weight", "sample_weight", "not both"):
        regression.fit(X, Y, class_weight={0: 1.0}, sample_weight=np.ones(8))


def test_fit_without_targets(regression: Any) -> None:
    with refused(ArgumentError, "y"):
        regression.fit(X, None)
    with refused(ArgumentError, "y"):
        regression.evaluate(X, None)
    with refused(ArgumentError, "y"):
        regression.train_on_batch(X, None)


def test_batch_size_of_evaluate_and_predict(regression: Any) -> None:
    for size in (0, -3):
        with refused(ArgumentError, "batch_size", str(size)):
            regression.evaluate(X, Y, batch_size=size)
        with refused(ArgumentError, "batch_size", str(size)):
            regression.predict(X, batch_size=size)


# ---- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "kind", "given", "nearest"),
    [
        (lambda: layers.Dense(2, "rellu"), "activation", "rellu", "relu"),
        (lambda: layers.Activation("sofmax"), "activation", "sofmax", "softmax"),
        (
            lambda: layers.Dense(2, kernel_initializer="glorot_unifrom"),
            "initializer",
            "glorot_unifrom",
            "glorot_uniform",
        ),
        (lambda: network(loss="msee"), "loss", "msee", "mse"),
        (
            lambda: network(loss="sparse_categorical_crosentropy"),
            "loss",
            "sparse_categorical_crosentropy",
            "sparse_categorical_crossentropy",
        ),
        (lambda: network(metrics=["acuracy"]), "metric", "acuracy", "accuracy"),
        (lambda: network().compile("addam", "mse"), "optimizer", "addam", "adam"),
        (lambda: network().get_layer("hiden"), "layer", "hiden", "hidden"),
    ],
)
def test_unknown_names_say_the_nearest(make: Any, kind: str, given: str, nearest: str) -> None:
    with refused(UnknownNameError, kind, f"'{given}'", f"did you mean '{nearest}'?"):
        make()


# ---- settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "pieces"),
    [
        (lambda: layers.Dense(0), ("units", "0")),
        (lambda: layers.Dense(-3), ("units", "-3")),
        (lambda: layers.Dense(2.5), ("units", "2.5")),
        (lambda: layers.Dense("ten"), ("units", "'ten'")),
        (lambda: layers.Dense(True), ("units", "True")),
        (lambda: layers.Dropout(1.0), ("rate", "1")),
        (lambda: layers.Dropout(-0.1), ("rate", "-0.1")),
        (lambda: layers.Dropout("half"), ("rate", "'half'")),
        (lambda: layers.Dropout(np.nan), ("rate", "nan")),
        (lambda: layers.Dropout(True), ("rate", "True")),
        (lambda: nissl.Input((0,)), ("input shape", "0")),
        (lambda: nissl.Input((2.5,)), ("input shape", "2.5")),
        (lambda: nissl.Input("ab"), ("input shape",)),
        (lambda: nissl.Input(), ("shape=",)),
        (lambda: layers.Dense(2, name=""), ("name", "''")),
        (lambda: layers.Dense(2, name="a/b"), ("name", "'a/b'")),
        (lambda: layers.Dense(2, name=3), ("name", "3")),
        (lambda: layers.Dense(2, input_shape=(-1,)), ("input shape", "-1")),
        (lambda: layers.Dense(2, dtype="float31"), ("float31", "float32")),
        (lambda: layers.Dense(2, dtype="int32"), ("dtype", "int32")),
        (lambda: layers.Dense(2, use_bias="yes"), ("use_bias", "'yes'")),
        (lambda: optimizers.SGD(-0.1), ("learning_rate", "-0.1")),
        (lambda: optimizers.SGD("fast"), ("learning_rate", "'fast'")),
        (lambda: optimizers.SGD(np.nan), ("learning_rate", "nan")),
        (lambda: optimizers.SGD(0.1, momentum=1.5), ("momentum", "1.5")),
        (lambda: optimizers.Adam(beta_1=1.0), ("beta_1", "1")),
        (lambda: optimizers.Adam(clipnorm=1.0, clipvalue=1.0), ("clipnorm", "clipvalue")),
        (lambda: optimizers.Adam(clipnorm=-1.0), ("clipnorm", "-1.0")),
        (lambda: network(run_eagerly="yes"), ("run_eagerly", "'yes'")),
        (lambda: network(metrics=[["mae"]]), ("metrics", "['mae']")),
        (lambda: network(metrics=[3]), ("metric", "3")),
        (lambda: network(loss=3), ("loss", "3")),
        (lambda: network().compile(3, "mse"), ("optimizer", "3")),
        (lambda: nissl.Sequential([layers.Dense]), ("Dense", "brackets")),
        (lambda: nissl.Sequential([3]), ("layers", "3")),
        (lambda: nissl.Sequential(layers.Dense(3)), ("list",)),
        (lambda: nissl.utils.set_random_seed("42"), ("seed", "'42'")),
        (lambda: nissl.utils.set_random_seed(-1), ("seed", "-1")),
        (lambda: nissl.utils.to_categorical([0, 5], 3), ("5", "0 to 2")),
        (lambda: nissl.utils.to_categorical([-1, 2]), ("-1",)),
        (lambda: nissl.utils.to_categorical([0.5]), ("whole numbers",)),
        (lambda: nissl.utils.to_categorical(["a"]), ("numbers",)),
        (lambda: nissl.utils.to_categorical([]), ("num_classes",)),
        (lambda: nissl.utils.to_categorical([1], 2.5), ("num_classes", "2.5")),
    ],
)
def test_settings_out_of_range_name_the_argument_and_the_value(
    make: Any, pieces: tuple[str, ...]
) -> None:
    with refused(NisslError, *pieces):
        make()


def test_set_weights_checks_all_before_it_changes_any(regression: Any) -> None:
    before = regression.get_weights()
    with refused(ArgumentError, "'net'", "4 weights", "hidden/kernel (3, 4)", "3 were given"):
        regression.set_weights(before[:3])
    for nothing in (None, 3.0, before[0].item):
        with refused(ArgumentTypeError, "'net'", "list of arrays"):
            regression.set_weights(nothing)
    wrong = [*before[:3], np.zeros(2)]
    wrong[0] = wrong[0] + 1
    with refused(ShapeError, "'output/bias'", "(1,)", "(2,)"):
        regression.set_weights(wrong)
    for a, b in zip(before, regression.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
