"""Sequential: how a model is put together, built, named, looked at and taken apart."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import nissl
from close import assert_close
from nissl import layers
from nissl.errors import ArgumentError, ArgumentTypeError, GraphError, ShapeError

X = np.arange(12, dtype=np.float32).reshape(4, 3) / 12


@pytest.fixture(autouse=True)
def fresh_names() -> None:
    nissl.backend.clear_session()


# ---- building ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        lambda: [nissl.Input((3,)), layers.Dense(4), layers.Dense(2)],
        lambda: [nissl.Input(shape=[3]), layers.Dense(4), layers.Dense(2)],
        lambda: [nissl.Input(batch_shape=(None, 3)), layers.Dense(4), layers.Dense(2)],
        lambda: [layers.InputLayer((3,)), layers.Dense(4), layers.Dense(2)],
        lambda: [layers.Dense(4, input_shape=(3,)), layers.Dense(2)],
        lambda: [layers.Dense(4, input_shape=[3]), layers.Dense(2)],
        lambda: [layers.Dense(4, input_dim=3), layers.Dense(2)],
        lambda: [layers.Flatten(input_shape=[3]), layers.Dense(4), layers.Dense(2)],
    ],
)
def test_every_way_of_saying_the_input_shape_builds_at_once(parts: Any) -> None:
    model = nissl.Sequential(parts())
    assert model.built
    assert model.input_shape == (None, 3)
    assert model.output_shape == (None, 2)
    assert model.count_params() == 3 * 4 + 4 + 4 * 2 + 2
    assert [w.shape for w in model.weights] == [(3, 4), (4,), (4, 2), (2,)]
    assert not any(isinstance(layer, layers.InputLayer) for layer in model.layers)


def test_without_an_input_shape_data_builds_it() -> None:
    model = nissl.Sequential([layers.Dense(4), layers.Dense(2)])
    assert not model.built
    assert model.weights == []
    for asked in (lambda: model.output_shape, lambda: model.input_shape):
        with pytest.raises(GraphError, match="add an Input"):
            asked()
    assert model(X).shape == (4, 2)
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 2))
    with pytest.raises(ShapeError, match=r"\(batch, 3\)"):
        model(X[:, :2])


@pytest.mark.parametrize("use", ["fit", "predict", "evaluate", "train_on_batch", "build"])
def test_any_use_builds_it(use: str) -> None:
    model = nissl.Sequential([layers.Dense(1)])
    model.compile("sgd", "mse")
    if use == "build":
        model.build((None, 3))
    elif use == "predict":
        model.predict(X, verbose=0)
    elif use == "train_on_batch":
        model.train_on_batch(X, X[:, 0])
    else:
        getattr(model, use)(X, X[:, 0], verbose=0)
    assert model.count_params() == 4


def test_layers_are_added_and_taken_away() -> None:
    model = nissl.Sequential()
    model.add(nissl.Input((3,)))
    model.add(layers.Dense(4, "relu"))
    assert model.output_shape == (None, 4)
    kernel = model.get_weights()[0]
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2)
    np.testing.assert_array_equal(model.get_weights()[0], kernel)  # what was there stays
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], verbose=0)
    removed = model.pop()
    assert (removed.name, len(model.layers)) == ("dense_1", 1)
    assert model.output_shape == (None, 4)
    assert model.predict(X, verbose=0).shape == (4, 4)
    model.add(layers.Dense(1))
    model.fit(X, X[:, 0], verbose=0)  # the optimizer learns of the new weights
    model.pop()
    model.pop()
    with pytest.raises(GraphError, match="no layer to remove"):
        model.pop()


def test_an_empty_model_says_so() -> None:
    model = nissl.Sequential(name="void")
    with pytest.raises(GraphError, match="no layers"):
        model(X)


def test_an_input_comes_first_and_only_once() -> None:
    with pytest.raises(ArgumentError, match="first layer"):
        nissl.Sequential([layers.Dense(2), nissl.Input((3,))])
    with pytest.raises(ArgumentError, match="first layer"):
        nissl.Sequential([nissl.Input((3,)), nissl.Input((3,))])


def test_layers_that_do_not_follow_each_other_are_named_at_once() -> None:
    narrow = layers.Dense(2, name="narrow")
    narrow(X)
    with pytest.raises(ShapeError, match=r"layer 'narrow' \(Dense\).*3 numbers.*5"):
        nissl.Sequential([nissl.Input((3,)), layers.Dense(5), narrow])


def test_shapes_of_pictures_go_through_flatten() -> None:
    model = nissl.Sequential([nissl.Input((2, 3, 4)), layers.Flatten(), layers.Dense(5)])
    assert model.layers[0].compute_output_shape((None, 2, 3, 4)) == (None, 24)
    assert model.output_shape == (None, 5)
    pictures = np.arange(48, dtype=np.float32).reshape(2, 2, 3, 4)
    flat = model.layers[0](pictures).numpy()
    np.testing.assert_array_equal(flat, pictures.reshape(2, 24))  # row-major, as in Keras


def test_an_input_of_any_length_is_taken_where_layers_allow_it() -> None:
    model = nissl.Sequential([nissl.Input((None, 3)), layers.Dense(2)])
    assert model.input_shape == (None, None, 3)
    for length in (1, 5):
        assert model(np.zeros((2, length, 3))).shape == (2, length, 2)


# ---- names -------------------------------------------------------------------------------------


def test_names_are_counted_as_in_keras_and_start_again() -> None:
    first = nissl.Sequential([nissl.Input((3,)), layers.Dense(2), layers.Dense(2)])
    second = nissl.Sequential([layers.Dense(2, input_shape=(3,)), layers.Activation("relu")])
    assert [first.name, second.name] == ["sequential", "sequential_1"]
    assert [layer.name for layer in first.layers] == ["dense", "dense_1"]
    assert [layer.name for layer in second.layers] == ["dense_2", "activation"]
    nissl.backend.clear_session()
    assert layers.Dense(2).name == "dense"
    assert nissl.Sequential().name == "sequential"


def test_names_differ_within_a_model() -> None:
    with pytest.raises(ArgumentError, match="'net' has a layer named 'twin' already"):
        nissl.Sequential([layers.Dense(2, name="twin"), layers.Dense(2, name="twin")], name="net")


def test_layers_are_found_by_name_and_place() -> None:
    model = nissl.Sequential([nissl.Input((3,)), layers.Dense(2, name="a"), layers.Dense(1)])
    assert model.get_layer("a") is model.get_layer(index=0) is model.layers[0]
    assert model.get_layer(index=-1) is model.layers[1]
    with pytest.raises(ArgumentError, match="2 layers; no number 2"):
        model.get_layer(index=2)


def test_weights_have_paths_that_name_their_layer() -> None:
    model = nissl.Sequential([nissl.Input((3,)), layers.Dense(2, name="a")])
    assert [w.path for w in model.weights] == ["a/kernel", "a/bias"]
    assert [w.name for w in model.weights] == ["kernel", "bias"]


# ---- weights -----------------------------------------------------------------------------------


def test_weights_are_copied_out_and_in() -> None:
    model = nissl.Sequential([nissl.Input((3,)), layers.Dense(2), layers.Dense(1)])
    got = model.get_weights()
    got[0][...] = 7  # the caller's own
    assert not np.any(model.get_weights()[0] == 7)
    model.set_weights([np.ones((3, 2)), [1, 2], np.ones((2, 1), np.float64), np.zeros(1, np.int64)])
    wanted = (X @ np.ones((3, 2)) + [1, 2]) @ np.ones((2, 1))
    assert_close(model.predict(X, verbose=0), wanted, 1e-6)
    assert all(w.dtype == np.float32 for w in model.get_weights())
    model.layers[1].set_weights([np.zeros((2, 1)), [3.0]])
    np.testing.assert_array_equal(model.predict(X, verbose=0), np.full((4, 1), 3.0))


def test_frozen_layers_keep_their_place_in_the_list_of_weights() -> None:
    model = nissl.Sequential([nissl.Input((3,)), layers.Dense(2), layers.Dense(1)])
    paths = [w.path for w in model.weights]
    model.layers[0].trainable = False
    assert [w.path for w in model.weights] == paths
    assert [w.path for w in model.trainable_weights] == paths[2:]
    assert [w.path for w in model.non_trainable_weights] == paths[:2]
    model.trainable = False
    assert model.trainable_weights == []
    assert not any(layer.trainable for layer in model.layers)
    model.trainable = True
    assert [w.path for w in model.trainable_weights] == paths


def test_a_layer_in_two_models_is_one_layer() -> None:
    shared = layers.Dense(2)
    first = nissl.Sequential([nissl.Input((3,)), shared])
    second = nissl.Sequential([nissl.Input((3,)), shared, layers.Dense(1)])
    first.set_weights([np.ones((3, 2)), np.zeros(2)])
    np.testing.assert_array_equal(second.get_weights()[0], np.ones((3, 2)))


def test_a_model_is_a_layer() -> None:
    inner = nissl.Sequential([layers.Dense(2, "tanh"), layers.Dense(2)], name="inner")
    outer = nissl.Sequential([nissl.Input((3,)), inner, layers.Dense(1)])
    assert outer.count_params() == 8 + 6 + 3
    assert len(outer.trainable_weights) == 6
    outer.compile("sgd", "mse")
    before = inner.get_weights()
    outer.fit(X, X[:, 0], epochs=2, verbose=0)
    assert not np.array_equal(inner.get_weights()[0], before[0])
    k1, b1, k2, b2, k3, b3 = outer.get_weights()
    wanted = (np.tanh(X @ k1 + b1) @ k2 + b2) @ k3 + b3
    np.testing.assert_allclose(outer.predict(X, verbose=0), wanted, rtol=1e-5, atol=1e-6)


def test_a_model_within_a_model_survives_a_file(tmp_path: Any) -> None:
    inner = nissl.Sequential([layers.Dense(2, "tanh"), layers.Dense(2)], name="inner")
    outer = nissl.Sequential([nissl.Input((3,)), inner, layers.Dense(1)])
    outer.compile("adam", "mse")
    outer.fit(X, X[:, 0], verbose=0)
    outer.save(tmp_path / "m.keras")
    loaded = nissl.models.load_model(tmp_path / "m.keras")
    assert isinstance(loaded.layers[0], nissl.Sequential)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), outer.predict(X, verbose=0))
    first = outer.fit(X, X[:, 0], verbose=0).history
    assert loaded.fit(X, X[:, 0], verbose=0).history == first


def test_a_copy_goes_its_own_way() -> None:
    model = nissl.Sequential([nissl.Input((3,)), layers.Dropout(0.2), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, X[:, 0], verbose=0)
    before = model.predict(X, verbose=0)
    twin = copy.deepcopy(model)
    np.testing.assert_array_equal(twin.predict(X, verbose=0), before)
    first = twin.fit(X, X[:, 0], verbose=0).history
    np.testing.assert_array_equal(model.predict(X, verbose=0), before)
    assert model.fit(X, X[:, 0], verbose=0).history == first


def test_its_description_makes_it_again() -> None:
    model = nissl.Sequential(
        [nissl.Input((3,)), layers.Dense(2, "relu"), layers.Dropout(0.5), layers.Dense(1)]
    )
    again = nissl.Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert again.count_params() == model.count_params()


@pytest.mark.parametrize("thing", [layers.Dense, "dense", None, [layers.Dense(2)], lambda x: x])
def test_only_layers_are_taken(thing: Any) -> None:
    with pytest.raises(ArgumentTypeError, match="takes layers"):
        nissl.Sequential([thing])
    with pytest.raises(ArgumentTypeError, match="takes layers"):
        nissl.Sequential().add(thing)


# ---- calling it --------------------------------------------------------------------------------


def test_calling_it_gives_a_tensor_that_can_be_differentiated() -> None:
    model = nissl.Sequential([nissl.Input((3,)), layers.Dense(2, "tanh"), layers.Dense(1)])
    loss = nissl.sum(model(X))
    loss.backward()
    k1, b1, k2, _ = model.get_weights()
    z = np.tanh(X @ k1 + b1)
    delta = np.ones((4, 1)) @ k2.T * (1 - z**2)
    for weight, wanted in zip(
        model.weights, [X.T @ delta, delta.sum(0), z.sum(0)[:, None], [4.0]], strict=True
    ):
        assert weight.grad is not None
        assert_close(weight.grad, wanted, 1e-5)
    slope = nissl.grad(lambda x: nissl.sum(model(x)))(X)
    assert_close(slope, delta @ k1.T, 1e-5)


def test_training_true_turns_dropout_on() -> None:
    model = nissl.Sequential([nissl.Input((3,)), layers.Dropout(0.5)])
    ones = np.ones((200, 3), np.float32)
    np.testing.assert_array_equal(model(ones), ones)
    assert set(np.unique(model(ones, training=True))) == {0.0, 2.0}
