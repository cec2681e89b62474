"""Layers of one's own: the mode of training, building by hand, what attributes hold, settings."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nissl
from close import assert_close
from nissl import layers
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    GraphError,
    MissingNameError,
    NisslError,
    ShapeError,
)

ONES = np.ones((32, 8), np.float32)
X = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]], np.float32)


class Plain(layers.Layer):
    """Its call has no argument ``training``."""

    def __init__(self, inner: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.inner = layers.Dropout(0.5, seed=1) if inner is None else inner

    def call(self, x: Any) -> Any:
        return self.inner(x)


class Keyword(Plain):
    """Its call hands on whatever it is given."""

    def call(self, x: Any, **kwargs: Any) -> Any:
        return self.inner(x, **kwargs)


class Jitted(Plain):
    """It calls what is below in a compiled function."""

    def __init__(self) -> None:
        super().__init__()
        self.run = nissl.jit(lambda x: self.inner(x))

    def call(self, x: Any) -> Any:
        return self.run(x)


class Own(nissl.Model):
    """A model of one's own."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Plain()

    def call(self, x: Any) -> Any:
        return self.first(x)


NESTED: dict[str, Callable[[], layers.Layer]] = {
    "plain": Plain,
    "keyword": Keyword,
    "twice": lambda: Plain(Plain()),
    "sequential": lambda: Plain(nissl.Sequential([layers.Dropout(0.5, seed=1)])),
    "in_sequential": lambda: nissl.Sequential([Plain()]),
    "jitted": Jitted,
    "own_model": Own,
}


def dropped(out: Any) -> float:
    return float((np.asarray(out) == 0).mean())


# ---- the mode of training ----------------------------------------------------------------------


@pytest.mark.parametrize("name", NESTED)
def test_the_mode_reaches_every_layer_below(name: str) -> None:
    layer = NESTED[name]()
    for _ in range(2):
        assert dropped(layer(ONES)) == 0
        assert 0.3 < dropped(layer(ONES, training=True)) < 0.7
        assert dropped(layer(ONES, training=False)) == 0
    run = nissl.jit(lambda x: layer(x, training=True))
    assert 0.3 < dropped(run(ONES)) < 0.7


@pytest.mark.parametrize("name", NESTED)
def test_fit_drops_and_evaluation_never_does(name: str) -> None:
    """With weights of 1 and a target of 8, the loss is 8 where half are dropped (variance)."""
    last = layers.Dense(1, use_bias=False, kernel_initializer="ones")
    model = nissl.Sequential([nissl.Input((8,)), NESTED[name](), last])
    model.compile(nissl.optimizers.SGD(0.0), "mse")
    y = np.full((32, 1), 8.0, np.float32)
    assert 2 < model.fit(ONES, y, epochs=3, verbose=0).history["loss"][-1] < 20
    assert model.train_on_batch(ONES, y) > 2
    assert model.evaluate(ONES, y, verbose=0) == 0
    assert model.test_on_batch(ONES, y) == 0
    np.testing.assert_array_equal(model.predict(ONES, verbose=0), y)


def test_an_explicit_mode_wins_over_that_of_the_call_around() -> None:
    class Always(Plain):
        def call(self, x: Any) -> Any:
            return self.inner(x, training=True)

    class Never(Plain):
        def call(self, x: Any) -> Any:
            return self.inner(x, False)

    assert dropped(Plain(Always())(ONES, training=False)) > 0.3
    assert dropped(Plain(Plain(Never()))(ONES, training=True)) == 0

    class Both(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.drop = layers.Dropout(0.5, seed=0)

        def call(self, x: Any) -> Any:
            return self.drop(x, training=False), self.drop(x)

    off, on = Both()(ONES, training=True)
    assert (dropped(off), dropped(on) > 0.3) == (0, True)


def test_a_default_of_call_is_the_mode_where_nobody_says_another() -> None:
    class Eager(Plain):
        def call(self, x: Any, training: Any = True) -> Any:
            return self.inner(x)

    seen: list[Any] = []

    class Asks(layers.Layer):
        def call(self, x: Any, training: Any = None) -> Any:
            seen.append(training)
            return x

    assert dropped(Eager()(ONES)) > 0.3
    assert dropped(Plain(Eager())(ONES, training=False)) == 0
    Asks()(ONES)
    Plain(Asks())(ONES, training=True)
    Asks()(ONES, False)
    assert seen == [None, True, False]


def test_the_mode_ends_with_the_call_also_with_one_that_fails() -> None:
    class Fails(layers.Layer):
        def call(self, x: Any) -> Any:
            raise ArgumentError("no")

    with pytest.raises(ArgumentError):
        Fails()(ONES, training=True)
    assert dropped(layers.Dropout(0.5)(ONES)) == 0


def test_the_mode_of_one_thread_is_not_that_of_another() -> None:
    found: dict[str, float] = {}
    both = threading.Barrier(2, timeout=20)

    class Waits(Plain):
        def call(self, x: Any) -> Any:
            both.wait()
            out = self.inner(x)
            both.wait()
            return out

    def run(training: bool) -> None:
        found[str(training)] = dropped(Waits()(ONES, training=training))

    threads = [threading.Thread(target=run, args=(mode,)) for mode in (True, False)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found["True"] > 0.3
    assert found["False"] == 0


# ---- building by hand --------------------------------------------------------------------------


class BuildsBelow(layers.Layer):
    """Keras's recommended way: what is below is built in ``build``."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = layers.Dense(4), layers.Dense(2)

    def build(self, input_shape: Any) -> None:
        self.first.build(input_shape)
        self.second.build((*input_shape[:-1], 4))
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        return self.second(self.first(x))


def test_weights_that_build_made_are_those_that_the_call_uses() -> None:
    layer = BuildsBelow()
    layer.build((None, 3))
    assert layer.built
    assert layer.first.built
    assert [w.shape for w in layer.weights] == [(3, 4), (4,), (4, 2), (2,)]
    layer.set_weights([np.full(w.shape, 0.5) for w in layer.weights])
    kept = layer.weights
    out = layer(X)
    assert all(a is b for a, b in zip(layer.weights, kept, strict=True))
    by_hand = (X @ np.full((3, 4), 0.5) + 0.5) @ np.full((4, 2), 0.5) + 0.5
    assert_close(out, by_hand, 1e-6)


@pytest.mark.parametrize(
    "shape", [(None, 3), [None, 3], (7, 3), (np.int64(2), np.int64(3))], ids=str
)
def test_building_again_for_the_same_shape_changes_nothing(shape: Any) -> None:
    dense = layers.Dense(2)
    dense.build(shape)
    assert dense.build_shape == (None, 3)
    kernel = dense.kernel
    dense.build((None, 3))
    dense(X)
    assert dense.kernel is kernel
    assert len(dense.weights) == 2


@pytest.mark.parametrize("make", [lambda: layers.Dense(2, name="d"), BuildsBelow])
def test_building_again_for_another_shape_is_refused(make: Callable[[], layers.Layer]) -> None:
    layer = make()
    layer(X)
    with pytest.raises(ShapeError, match=r"built for inputs of shape \(None, 3\) already.*5"):
        layer.build((None, 5))
    assert layer(X).shape == (2, 2)


def test_sequential_is_built_by_hand_once() -> None:
    model = nissl.Sequential([layers.Dense(2), layers.Dense(1)])
    model.build((None, 3))
    assert model.count_params() == 3 * 2 + 2 + 2 + 1
    with pytest.raises(ShapeError, match=r"\(None, 3\)"):
        model.build((None, 4))
    with pytest.raises(ShapeError, match=r"\(None, 4\)"):
        nissl.Sequential([nissl.Input((3,))]).build((None, 4))


@pytest.mark.parametrize("shape", [None, 3, "ab", (None, "x"), (None, 2.5), (None, -1)], ids=str)
def test_build_takes_a_shape(shape: Any) -> None:
    for layer in (layers.Dense(2), layers.Flatten(), nissl.Sequential([layers.Dense(2)]), Own()):
        with pytest.raises(NisslError, match="build takes a shape with the batch first"):
            layer.build(shape)


def test_a_model_of_ones_own_is_built_by_hand() -> None:
    class Two(nissl.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = Two()
    with pytest.raises(GraphError, match=r"layer 'dense.*' \(Dense\) has no weights yet"):
        model.count_params()
    model.build((None, 3))
    assert model.count_params() == 8
    assert model(X).shape == (2, 2)


def test_a_build_that_fails_leaves_nothing_behind() -> None:
    class Picky(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight((2,), name="w")
            if input_shape[-1] != 3:
                raise ShapeError("needs three")

        def call(self, x: Any) -> Any:
            return x

    layer = Picky()
    with pytest.raises(ShapeError):
        layer(X[:, :2])
    assert not layer.built
    layer(X)
    assert len(layer.weights) == 1


def test_super_build_of_a_layer_with_weights() -> None:
    class Scaled(layers.Dense):
        def build(self, input_shape: Any) -> None:
            super().build(input_shape)
            self.scale = self.add_weight((), initializer="ones", name="scale")

        def call(self, x: Any) -> Any:
            return super().call(x) * self.scale

    layer = Scaled(2)
    layer.build((None, 3))
    layer(X)
    assert [w.name for w in layer.weights] == ["kernel", "bias", "scale"]


def test_two_threads_build_a_layer_once() -> None:
    class Slow(layers.Layer):
        def build(self, input_shape: Any) -> None:
            started.set()
            self.w = self.add_weight((2,), name="w")

        def call(self, x: Any) -> Any:
            return x

    started, layer = threading.Event(), Slow()
    threads = [threading.Thread(target=layer, args=(X,)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert started.is_set()
    assert len(layer.weights) == 1


# ---- what attributes hold ----------------------------------------------------------------------


def in_list(thing: Any) -> Any:
    return [thing]


HOLDERS: dict[str, Callable[[Any], Any]] = {
    "alone": lambda thing: thing,
    "list": in_list,
    "tuple": lambda thing: (1, thing),
    "dict": lambda thing: {"a": "text", "b": thing},
    "set": lambda thing: {thing},
    "deep": lambda thing: {"a": [(None, {"b": thing})]},
}


class Holder(layers.Layer):
    """Holds a dense layer and a variable under names that begin with an underscore."""

    def __init__(self, hold: Callable[[Any], Any]) -> None:
        super().__init__()
        self._dense = hold(layers.Dense(2, name="inner"))
        self._offset = hold(nissl.Variable(np.float32(0.5), name="offset"))
        self.hold = hold

    def call(self, x: Any) -> Any:
        dense = next(iter(self.sublayers()))
        offset = next(w for w in self.weights if w.name == "offset")
        return dense(x) + offset


@pytest.mark.parametrize("how", HOLDERS)
def test_underscored_attributes_are_trained_counted_and_saved(how: str, tmp_path: Any) -> None:
    layer = Holder(HOLDERS[how])
    model = nissl.Sequential([nissl.Input((3,)), layer])
    assert [w.name for w in layer.weights] == ["offset", "kernel", "bias"]
    assert model.count_params() == 1 + 6 + 2
    before = model.get_weights()
    model.compile(nissl.optimizers.SGD(0.1), "mse")
    model.fit(X, X[:, :2] + 1, verbose=0)
    after = model.get_weights()
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    model.save_weights(tmp_path / "m.weights.h5")
    model.set_weights(before)
    model.load_weights(tmp_path / "m.weights.h5")
    for a, b in zip(model.get_weights(), after, strict=True):
        np.testing.assert_array_equal(a, b)


def test_deleted_and_replaced_attributes_go_away() -> None:
    class Changing(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.a = self.add_weight((1,), name="a")
            self.b = self.add_weight((2,), name="b")
            self.below = layers.Dense(2, name="below")

        def call(self, x: Any) -> Any:
            return self.below(x)

    layer = Changing()
    layer(X)
    layer.a = nissl.Variable([1.0, 2.0, 3.0], name="new")
    assert [w.name for w in layer.weights] == ["new", "b", "kernel", "bias"]
    del layer.b
    assert [w.name for w in layer.weights] == ["new", "kernel", "bias"]
    layer.below = layers.Dense(1, name="other")
    layer(X)
    assert [w.shape for w in layer.weights] == [(3,), (3, 1), (1,)]
    del layer.below
    assert [w.name for w in layer.weights] == ["new"]


def test_a_layer_added_after_building_is_trained() -> None:
    class Growing(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self._blocks = [layers.Dense(3)]

        def call(self, x: Any) -> Any:
            for block in self._blocks:
                x = block(x)
            return x

    layer = Growing()
    model = nissl.Sequential([nissl.Input((3,)), layer])
    model.compile(nissl.optimizers.SGD(0.1), "mse")
    model.fit(X, X + 1, verbose=0)
    first = model.predict(X, verbose=0)
    layer._blocks.append(layers.Dense(3, kernel_initializer="zeros"))
    np.testing.assert_array_equal(model.predict(X, verbose=0), np.zeros_like(first))
    assert len(model.weights) == 4
    model.compile(nissl.optimizers.SGD(0.1), "mse")
    model.fit(X, X + 1, verbose=0)
    assert np.any(layer._blocks[1].get_weights()[0] != 0)


def test_a_circle_of_layers_ends() -> None:
    outer, inner = Plain(layers.Dense(2)), Plain(layers.Dense(2))
    outer(X)
    inner(X)
    outer.other, inner._parent = inner, outer
    assert len(outer.weights) == len(inner.weights) == 4
    outer.trainable = False
    assert inner.trainable_weights == []


def test_layers_frozen_by_what_holds_them_are_not_trained() -> None:
    shared = layers.Dense(2)
    frozen, free = Plain(shared), Plain(shared)
    both = Plain(frozen)
    both.free = free
    frozen(X)
    frozen.trainable = False
    assert both.trainable_weights == []
    shared.trainable = True
    assert frozen.trainable_weights == []
    assert len(both.trainable_weights) == 2  # by the way of the one that is free


# ---- settings ----------------------------------------------------------------------------------


def one(layer: layers.Layer) -> nissl.Sequential:
    return nissl.Sequential([nissl.Input((1,)), layer])


@pytest.mark.parametrize("given", ["relu", nissl.activations.relu, nissl.relu])
def test_a_changed_activation_is_obeyed_everywhere(given: Any) -> None:
    dense = layers.Dense(1, kernel_initializer="ones")
    model = one(dense)
    model.compile(nissl.optimizers.SGD(0.0), "mse", metrics=["mae"])
    x, y = np.float32([[-1.0], [2.0]]), np.zeros((2, 1), np.float32)
    run = nissl.jit(lambda x: model(x))
    run(x)
    model.predict(x, verbose=0)
    assert model.fit(x, y, verbose=0).history["loss"] == [2.5]
    assert model.evaluate(x, y, verbose=0) == [2.5, 1.5]
    dense.activation = given
    for out in (model(x), model.predict(x, verbose=0), model.predict_on_batch(x), run(x)):
        np.testing.assert_array_equal(out, [[0], [2]])
    assert model.fit(x, y, verbose=0).history["loss"] == [2.0]
    assert model.train_on_batch(x, y) == [2.0, 1.0]
    assert model.evaluate(x, y, verbose=0) == [2.0, 1.0]
    dense.activation = None
    np.testing.assert_array_equal(model.predict(x, verbose=0), x)


def test_a_program_is_made_once_for_settings_that_come_back() -> None:
    drop = layers.Dropout(0.0, seed=0)
    model = nissl.Sequential([nissl.Input((8,)), drop])
    model.compile(nissl.optimizers.SGD(0.0), "mse")
    for rate, dropping in ((0.0, False), (0.5, True), (0.0, False), (0.5, True)):
        drop.rate = rate
        loss = model.train_on_batch(ONES, ONES)
        assert (loss > 0) == dropping
    assert len(model._compiled) == 2
    for name in ("first", "second"):
        model.predict(ONES, verbose=0)
        model.note = name  # a model's attribute is a setting too
    assert model.note == "second"


def test_what_a_layer_changes_while_it_is_called_makes_no_new_program() -> None:
    class Counts(layers.Layer):
        calls = 0

        def call(self, x: Any) -> Any:
            self.calls += 1
            self.last = x
            return x

    layer = Counts()
    model = one(layer)
    x = np.float32([[1.0]])
    model.predict(x, verbose=0)
    traced = layer.calls
    for _ in range(3):
        model.predict(x, verbose=0)
    assert layer.calls == traced


def test_changed_settings_of_loss_and_optimizer_are_obeyed() -> None:
    model = one(layers.Dense(1, use_bias=False, kernel_initializer="ones"))
    model.compile(nissl.optimizers.SGD(0.0), nissl.losses.Huber(delta=1.0))
    x, y = np.float32([[3.0]]), np.zeros((1, 1), np.float32)
    assert model.fit(x, y, verbose=0).history["loss"] == [2.5]  # 1 * (3 - 0.5)
    assert model.loss is not None
    vars(model.loss)["delta"] = 3.0
    assert model.fit(x, y, verbose=0).history["loss"] == [4.5]  # 3 ** 2 / 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("use_bias", False), ("units", 3), ("dtype", "float64"), ("kernel_initializer", "zeros")],
)
def test_settings_that_the_weights_depend_on_stay(name: str, value: Any) -> None:
    dense = layers.Dense(2)
    setattr(dense, name, value)  # not built yet
    dense = layers.Dense(2, name="d")
    dense(X)
    with pytest.raises(ArgumentError, match=rf"layer 'd' \(Dense\).*{name}.*make a new layer"):
        setattr(dense, name, value)
    setattr(dense, name, getattr(dense, name))


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (lambda: layers.Dense(2), "activation", "rellu"),
        (lambda: layers.Dense(2), "activation", 3),
        (lambda: layers.Dropout(0.5), "rate", 1.5),
        (lambda: layers.Dropout(0.5), "noise_shape", (-1, 0)),
        (lambda: layers.Flatten(), "data_format", "channels"),
        (lambda: layers.Rescaling(1.0), "scale", "1/255"),
        (lambda: layers.Dense(2), "trainable", "no"),
        (lambda: layers.Dense(2), "name", "a/b"),
    ],
)
def test_a_setting_is_checked_when_it_is_changed(make: Any, name: str, value: Any) -> None:
    layer = make()
    before = getattr(layer, name)
    with pytest.raises(NisslError, match=name):
        setattr(layer, name, value)
    assert getattr(layer, name) is before


def test_a_copy_is_another_layer_to_compiled_programs() -> None:
    dense = layers.Dense(1, kernel_initializer="ones")
    model = one(dense)
    x = np.float32([[2.0]])
    assert model.predict(x, verbose=0).item() == 2
    other = copy.deepcopy(dense)
    other.set_weights([[[5.0]], [0.0]])
    model.stack[0] = other
    assert model.predict(x, verbose=0).item() == 10
    again = copy.deepcopy(model)
    again.stack[0].set_weights([[[7.0]], [0.0]])
    assert again.predict(x, verbose=0).item() == 14
    assert model.predict(x, verbose=0).item() == 10


# ---- attributes that are not there, layers called on layers ------------------------------------


def test_an_init_that_forgets_its_super_is_named() -> None:
    class Forgets(layers.Layer):
        def __init__(self) -> None:
            self.dense = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    with pytest.raises(NisslError, match=r"Forgets .* must call super\(\)\.__init__\(\) first"):
        Forgets()(X)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("add_loss", "not there yet"),
        ("to_json", "not there yet"),
        ("kernal", "did you mean 'kernel'?"),
        ("xyzzy", "no attribute 'xyzzy'"),
    ],
)
def test_missing_attributes_lead_on(name: str, said: str) -> None:
    dense = layers.Dense(2)
    assert not hasattr(dense, name)
    with pytest.raises(MissingNameError, match=said):
        getattr(dense, name)


def test_layers_called_on_an_input_lead_to_sequential() -> None:
    for given in (nissl.Input((3,)), [nissl.Input((3,)), nissl.Input((3,))], layers.Dense(2)):
        with pytest.raises(ArgumentTypeError, match=r"not there yet. Write nissl\.Sequential"):
            layers.Dense(4)(given)


def test_several_inputs_and_outputs_have_shapes() -> None:
    class Split(layers.Layer):
        def call(self, x: Any) -> Any:
            a, b = x
            return {"sum": a + b, "first": a[:, :1]}

    found = Split().compute_output_shape([(None, 3), (None, 3)])
    assert found == {"sum": (None, 3), "first": (None, 1)}
    assert layers.Dense(2)([[1.0, 2.0]]).shape == (1, 2)


def returning(what: Any) -> layers.Layer:
    class Returns(layers.Layer):
        def call(self, x: Any) -> Any:
            return what(x)

    return Returns(name="returns")


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lambda x: None, r"layer 'returns' \(Returns\): call returned None; end it with return"),
        (lambda x: np.ones(3), "a layer returns tensors, not ndarray"),
        (lambda x: "text", "a layer returns tensors, not str 'text'"),
        (lambda x: (x, x), r"layer 'd' \(Dense\) takes one tensor, not .* of 2"),
        (lambda x: x[0, 0], r"needs inputs with at least one axis beside the batch, not \(\)"),
    ],
)
def test_what_a_layer_may_return(what: Any, said: str) -> None:
    with pytest.raises(NisslError, match=said):
        nissl.Sequential([nissl.Input((3,)), returning(what), layers.Dense(2, name="d")])


@pytest.mark.parametrize(
    "make", [lambda: layers.Dense(2), layers.Flatten, lambda: layers.Rescaling(1.0)]
)
def test_layers_of_one_input_take_one(make: Callable[[], layers.Layer]) -> None:
    for given in (None, {"a": X}, [X, X]):
        with pytest.raises(NisslError):
            make()(given)
    with pytest.raises(ArgumentTypeError, match="no input was given"):
        make()()
    with pytest.raises(ShapeError):
        layers.Flatten()(3.0)


def test_the_input_may_be_named() -> None:
    dense = layers.Dense(2)
    np.testing.assert_array_equal(dense(inputs=X), dense(x=X))

    class Other(layers.Layer):
        def call(self, sequence: Any) -> Any:
            return sequence

    np.testing.assert_array_equal(Other()(sequence=X), X)


def test_a_build_with_another_number_of_arguments() -> None:
    class Without(layers.Layer):
        def build(self) -> None:
            self.w = self.add_weight((1,), name="w")

        def call(self, x: Any) -> Any:
            return x

    class Two(layers.Layer):
        def build(self, query_shape: Any, value_shape: Any) -> None:
            self.w = self.add_weight((query_shape[-1], value_shape[-1]), name="w")

        def call(self, x: Any) -> Any:
            return x

    assert len(Without()(X).shape) == 2
    with pytest.raises(ArgumentTypeError, match="build takes query_shape, value_shape"):
        Two()(X)
    two = Two()
    two.build((None, 3), (None, 5))
    assert [w.shape for w in two.weights] == [(3, 5)]


def test_flattened_channels_in_memory_and_from_a_file(tmp_path: Any) -> None:
    """Keras moves the channels to the end first; worked by hand for two channels of two pixels."""
    x = np.arange(4.0, dtype=np.float32).reshape(1, 2, 2)  # [[0, 1], [2, 3]]
    model = nissl.Sequential([nissl.Input((2, 2)), layers.Flatten("channels_first")])
    model.save(tmp_path / "m.keras")
    for each in (model, nissl.models.load_model(tmp_path / "m.keras")):
        assert each(x).tolist() == [[0, 2, 1, 3]]
        assert each.predict(x, verbose=0).tolist() == [[0, 2, 1, 3]]
    assert layers.Flatten("channels_first")([[1.0, 2.0]]).tolist() == [[1, 2]]


def test_rescaling_of_channels_in_memory_and_from_a_file(tmp_path: Any) -> None:
    rescaling = layers.Rescaling(np.array([1.0, 2.0]), offset=[10, 20])
    model = nissl.Sequential([nissl.Input((1, 2)), rescaling])
    model.save(tmp_path / "m.keras")
    for each in (model, nissl.models.load_model(tmp_path / "m.keras")):
        assert each(np.ones((1, 1, 2))).tolist() == [[[11, 22]]]
    rescaling.offset = 0
    assert model.predict(np.ones((1, 1, 2)), verbose=0).tolist() == [[[1, 2]]]


@pytest.mark.parametrize("value", [np.ones((3, 2)), nissl.ones((3, 2)), [[1.0]], 2.0])
def test_numbers_do_not_take_a_variables_place(value: Any) -> None:
    dense = layers.Dense(2)
    dense(X)
    with pytest.raises(ArgumentTypeError, match=r"kernel is a variable.*kernel\.assign"):
        dense.kernel = value
    dense.bias = None
    assert [w.name for w in dense.weights] == ["kernel"]


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (lambda: nissl.optimizers.SGD(0.1), "momentum", 0.9),
        (lambda: nissl.optimizers.SGD(0.1, momentum=0.9), "momentum", 0.0),
        (lambda: nissl.optimizers.Adam(), "amsgrad", True),
        (lambda: nissl.optimizers.RMSprop(), "centered", True),
    ],
)
def test_settings_that_an_optimizers_slots_depend_on_stay(make: Any, name: str, value: Any) -> None:
    optimizer = make()
    with pytest.raises(ArgumentError, match=f"made with {name}=.*make a new one"):
        setattr(optimizer, name, value)
    setattr(optimizer, name, getattr(optimizer, name))


def test_a_changed_momentum_is_obeyed() -> None:
    """Two steps by hand: with a slope of 1, from 0: -0.1, then the momentum times that more."""
    model = one(layers.Dense(1, use_bias=False, kernel_initializer="zeros"))
    model.compile(nissl.optimizers.SGD(0.1, momentum=0.5), "mse")
    assert model.optimizer is not None
    x, y = np.float32([[0.0]]), np.float32([[0.0]])
    model.train_on_batch(x, y)
    slot = model.optimizer.slot_variables()[0]
    slot.assign([[1.0]])
    model.optimizer.momentum = 0.25
    model.train_on_batch(x, y)  # the slope is 0, so the step is 0.25 times the last
    assert model.get_weights()[0].item() == 0.25
