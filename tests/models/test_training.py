"""Training: the numbers of ``fit``, step by step, against a network written out in NumPy.

And the ways in which ``fit`` can run (whole epochs in a call, some batches in a call, one batch at
a time, eagerly, streamed) must all do the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy_network import Network, Rule

import nissl
from close import assert_close
from nissl import callbacks, layers, metrics, optimizers

TIGHT = {"float32": 1e-5, "float64": 1e-10}
RNG = np.random.default_rng(7)
X = RNG.normal(size=(22, 3))
TARGETS = {
    "mse": (RNG.normal(size=(22, 2)), 2, "linear"),
    "binary_crossentropy": ((RNG.random((22, 1)) > 0.5).astype(float), 1, "sigmoid"),
    "sparse_categorical_crossentropy": (RNG.integers(0, 3, 22), 3, "softmax"),
}


def build(
    loss: str = "mse",
    optimizer: Any = "sgd",
    dtype: str = "float32",
    hidden: str = "tanh",
    **settings: Any,
) -> nissl.Sequential:
    _, units, last = TARGETS[loss]
    model = nissl.Sequential(
        [
            nissl.Input((3,), dtype=dtype),
            layers.Dense(4, hidden, dtype=dtype, kernel_initializer=start(1, dtype)),
            layers.Dense(units, last, dtype=dtype, kernel_initializer=start(2, dtype)),
        ]
    )
    model.dtype = np.dtype(dtype)
    model.compile(optimizer, loss, **settings)
    return model


def start(seed: int, dtype: str) -> Any:
    del dtype
    return nissl.initializers.GlorotUniform(seed=seed)


def oracle(model: nissl.Sequential, loss: str, rule: Rule, hidden: str = "tanh") -> Network:
    weights = [w.astype(np.float64) for w in model.get_weights()]
    return Network(weights, [hidden, TARGETS[loss][2]], loss, rule)


def assert_same(model: nissl.Sequential, network: Network, tight: float) -> None:
    for found, wanted in zip(model.get_weights(), network.weights, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=tight, atol=tight)


@pytest.fixture(params=["native", "xla"])
def loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Train with loops in machine code where there can be, and with XLA's."""
    monkeypatch.setenv("NISSL_NATIVE", "1" if request.param == "native" else "0")
    return request.param


# ---- against NumPy -----------------------------------------------------------------------------

RULES: dict[str, tuple[Callable[[], Any], Rule]] = {
    "sgd": (lambda: optimizers.SGD(0.1), Rule(rate=0.1)),
    "momentum": (
        lambda: optimizers.SGD(0.05, momentum=0.9),
        Rule(rate=0.05, momentum=0.9),
    ),
    "nesterov": (
        lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        Rule(rate=0.05, momentum=0.9, nesterov=True),
    ),
    "adam": (lambda: optimizers.Adam(0.01), Rule("adam", rate=0.01)),
    "adam-settings": (
        lambda: optimizers.Adam(0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-4, amsgrad=True),
        Rule("adam", 0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-4, amsgrad=True),
    ),
    "rmsprop": (lambda: optimizers.RMSprop(0.01), Rule("rmsprop", rate=0.01)),
    "rmsprop-settings": (
        lambda: optimizers.RMSprop(0.01, rho=0.8, momentum=0.5, epsilon=1e-3, centered=True),
        Rule("rmsprop", 0.01, momentum=0.5, rho=0.8, epsilon=1e-3, centered=True),
    ),
    "decay": (
        lambda: optimizers.Adam(0.01, weight_decay=0.1),
        Rule("adam", rate=0.01, decay=0.1),
    ),
    "clipnorm": (
        lambda: optimizers.SGD(0.1, clipnorm=0.05),
        Rule(rate=0.1, clipnorm=0.05),
    ),
    "clipvalue": (
        lambda: optimizers.SGD(0.1, clipvalue=0.02),
        Rule(rate=0.1, clipvalue=0.02),
    ),
    "global_clipnorm": (
        lambda: optimizers.SGD(0.1, global_clipnorm=0.1, weight_decay=0.01),
        Rule(rate=0.1, global_clipnorm=0.1, decay=0.01),
    ),
}


ONE_OF_EACH = [("float32", "native"), ("float64", "xla")]


@pytest.mark.parametrize(("dtype", "loops"), ONE_OF_EACH, indirect=["loops"])
@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize("name", RULES)
def test_every_optimizer_trains_as_written_out_in_numpy(name: str, dtype: str) -> None:
    make, rule = RULES[name]
    y = TARGETS["mse"][0]
    model = build("mse", make(), dtype)
    network = oracle(model, "mse", Rule(**{**vars(rule), "slots": []}))
    history = model.fit(X, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    losses = network.fit(X, y, 8, 3)
    assert_same(model, network, TIGHT[dtype])
    assert_close(history.history["loss"], losses, 1e-5)  # reported in float32
    assert model.optimizer is not None
    assert int(model.optimizer.iterations.numpy()) == 9


@pytest.mark.parametrize(("dtype", "loops"), ONE_OF_EACH, indirect=["loops"])
@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize("loss", TARGETS)
@pytest.mark.parametrize("hidden", ["relu", "sigmoid"])
def test_every_loss_trains_as_written_out_in_numpy(loss: str, hidden: str, dtype: str) -> None:
    y = TARGETS[loss][0]
    model = build(loss, optimizers.SGD(0.1), dtype, hidden)
    network = oracle(model, loss, Rule(rate=0.1), hidden)
    before = model.predict(X, verbose=0)
    assert before.dtype == np.dtype(dtype)
    np.testing.assert_allclose(before, network.predict(X), rtol=TIGHT[dtype], atol=TIGHT[dtype])
    history = model.fit(X, y, batch_size=22, epochs=4, verbose=0)
    losses = network.fit(X, y, 22, 4)
    assert_same(model, network, TIGHT[dtype])
    assert_close(history.history["loss"], losses, 1e-5)
    after = model.predict(X, verbose=0)
    np.testing.assert_allclose(after, network.predict(X), rtol=TIGHT[dtype], atol=TIGHT[dtype])
    found = model.evaluate(X, y, verbose=0)
    assert_close(found, network.losses(X, y), 1e-5)


@pytest.mark.usefixtures("loops")
def test_sample_weights_are_divided_by_the_number_of_samples() -> None:
    y, w = TARGETS["mse"][0], RNG.random(22) * 3
    w[4] = 0
    model = build("mse", optimizers.SGD(0.1))
    network = oracle(model, "mse", Rule(rate=0.1))
    history = model.fit(X, y, batch_size=8, epochs=2, shuffle=False, sample_weight=w, verbose=0)
    losses = network.fit(X, y, 8, 2, weights=w)
    assert_same(model, network, 1e-5)
    assert_close(history.history["loss"], losses, 1e-5)
    found = model.evaluate(X, y, sample_weight=w, verbose=0)
    assert_close(found, network.losses(X, y, w), 1e-5)


@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize("shape", ["labels", "column", "one-hot"])
def test_class_weights_are_sample_weights_by_class(shape: str) -> None:
    labels = TARGETS["sparse_categorical_crossentropy"][0]
    loss = "sparse_categorical_crossentropy"
    given = {"labels": labels, "column": labels[:, None], "one-hot": np.eye(3)[labels]}[shape]
    model = build(loss, optimizers.SGD(0.1))
    if shape == "one-hot":
        model.compile(optimizers.SGD(0.1), "categorical_crossentropy")
    network = oracle(model, loss, Rule(rate=0.1))
    weights = {0: 2.0, 2: 0.5}  # a class that is not named has weight 1
    model.fit(X, given, batch_size=8, epochs=2, shuffle=False, class_weight=weights, verbose=0)
    network.fit(X, labels, 8, 2, weights=np.array([2.0, 1.0, 0.5])[labels])
    assert_same(model, network, 1e-5)


@pytest.mark.usefixtures("loops")
def test_learning_rate_and_weights_changed_between_epochs_take_effect() -> None:
    y = TARGETS["mse"][0]
    model = build("mse", optimizers.SGD(0.1, momentum=0.5))
    rule = Rule(rate=0.1, momentum=0.5)
    network = oracle(model, "mse", rule)

    def change(epoch: int, logs: Any) -> None:
        del logs
        assert model.optimizer is not None
        model.optimizer.learning_rate = 0.1 / (epoch + 2)
        weights = model.get_weights()
        weights[1] = weights[1] + 0.25
        model.set_weights(weights)

    def after(epoch: int, batch: int) -> None:
        if batch == 2:
            rule.rate = 0.1 / (epoch + 2)
            network.weights[1] += 0.25

    model.fit(
        X,
        y,
        batch_size=8,
        epochs=4,
        shuffle=False,
        verbose=0,
        callbacks=[callbacks.LambdaCallback(on_epoch_end=change)],
    )
    network.fit(X, y, 8, 4, after_batch=after)
    assert_same(model, network, 1e-5)


@pytest.mark.usefixtures("loops")
def test_learning_rate_and_weights_changed_between_batches_take_effect() -> None:
    y = TARGETS["mse"][0]
    model = build("mse", optimizers.Adam(0.1))
    rule = Rule("adam", rate=0.1)
    network = oracle(model, "mse", rule)

    class Change(callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            assert model.optimizer is not None
            model.optimizer.learning_rate *= 0.5
            kernel = model.layers[0].get_weights()[0]
            model.layers[0].set_weights([kernel * 0.9, np.full(4, 0.1)])

    def after(epoch: int, batch: int) -> None:
        del epoch, batch
        rule.rate *= 0.5
        network.weights[0] *= 0.9
        network.weights[1][...] = 0.1

    model.fit(X, y, batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=[Change()])
    network.fit(X, y, 8, 2, after_batch=after)
    assert_same(model, network, 1e-5)


@pytest.mark.usefixtures("loops")
def test_layers_that_are_not_trainable_keep_their_weights() -> None:
    y = TARGETS["mse"][0]
    model = build("mse", optimizers.SGD(0.1, momentum=0.9))
    model.layers[0].trainable = False
    before = model.get_weights()
    network = oracle(model, "mse", Rule(rate=0.1, momentum=0.9))
    frozen = [w.copy() for w in network.weights[:2]]

    def freeze(epoch: int, batch: int) -> None:
        del epoch, batch
        network.weights[:2] = [w.copy() for w in frozen]

    assert len(model.trainable_weights) == 2
    assert len(model.non_trainable_weights) == 2
    model.fit(X, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    network.fit(X, y, 8, 2, after_batch=freeze)
    assert_same(model, network, 1e-5)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    model.layers[0].trainable = True  # thawed without compiling again
    model.fit(X, y, batch_size=8, epochs=1, shuffle=False, verbose=0)
    assert not np.array_equal(model.get_weights()[0], before[0])


# ---- every way of running does the same --------------------------------------------------------


class Nothing(callbacks.Callback):
    """Makes fit come back after each epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        pass


class NothingEachBatch(callbacks.Callback):
    """Makes fit come back after each batch."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


def outcome(**settings: Any) -> tuple[list[Any], dict[str, list[float]]]:
    """Train the same network on the same seed, and say what came out."""
    nissl.utils.set_random_seed(11)
    compiled = settings.pop("compiled", {})
    loss = "sparse_categorical_crossentropy"
    model = build(loss, optimizers.Adam(0.02), metrics=["accuracy"], **compiled)
    options = {"batch_size": 5, "epochs": 4, "verbose": 0} | settings
    history = model.fit(X, TARGETS[loss][0], **options)
    return model.get_weights(), history.history


def assert_equal_outcomes(a: Any, b: Any, rtol: float = 0.0) -> None:
    for first, second in zip(a[0], b[0], strict=True):
        np.testing.assert_allclose(first, second, rtol=rtol, atol=rtol)
    assert list(a[1]) == list(b[1])
    for name in a[1]:
        assert_close(a[1][name], b[1][name], rtol)


@pytest.fixture(scope="module", params=[True, False], ids=["shuffled", "in order"])
def in_bulk(request: pytest.FixtureRequest) -> tuple[bool, Any]:
    """Many epochs in one compiled call of XLA's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NISSL_NATIVE", "0")
        return request.param, outcome(shuffle=request.param)


@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize("callback", [Nothing, NothingEachBatch])
def test_epochs_and_batches_one_by_one_give_what_many_at_once_give(
    in_bulk: tuple[bool, Any], callback: type[callbacks.Callback]
) -> None:
    shuffle, wanted = in_bulk
    assert_equal_outcomes(outcome(shuffle=shuffle, callbacks=[callback()]), wanted, 2e-6)


def test_the_same_seed_gives_the_same_numbers(in_bulk: tuple[bool, Any], loops: str) -> None:
    shuffle, wanted = in_bulk
    once, again = outcome(shuffle=shuffle), outcome(shuffle=shuffle)
    assert_equal_outcomes(once, again)
    assert_equal_outcomes(once, wanted, 0.0 if loops == "xla" else 2e-6)


def test_eager_and_compiled_agree(in_bulk: tuple[bool, Any]) -> None:
    shuffle, wanted = in_bulk
    assert_equal_outcomes(outcome(shuffle=shuffle, compiled={"run_eagerly": True}), wanted, 2e-5)


def test_jit_compile_false_runs_eagerly() -> None:
    model = build(jit_compile=False)
    assert model.run_eagerly
    assert model.engine_name == "numpy"


@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize("piece", [1, 200])
def test_streamed_data_trains_as_resident_data_does(
    in_bulk: tuple[bool, Any], piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nissl.models import streaming

    monkeypatch.setattr(streaming, "RESIDENT_BYTES", 0)
    monkeypatch.setattr(streaming, "PIECE_BYTES", piece)
    shuffle, wanted = in_bulk
    assert_equal_outcomes(outcome(shuffle=shuffle), wanted, 2e-6)
    assert_equal_outcomes(outcome(shuffle=shuffle, callbacks=[NothingEachBatch()]), wanted, 2e-6)


def test_shuffling_takes_each_row_once_and_in_another_order_each_epoch() -> None:
    seen: list[tuple[int, ...]] = []

    class Seen(callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            weights = self.model.get_weights()[0][:, 0]
            seen.append(tuple(np.flatnonzero(weights)))

    # the gradient of a row that is one-hot touches that row of the kernel only
    model = nissl.Sequential(
        [nissl.Input((6,)), layers.Dense(1, use_bias=False, kernel_initializer="zeros")]
    )
    model.compile(optimizers.SGD(1.0), "mse")
    orders = []
    for _ in range(2):
        model.set_weights([np.zeros((6, 1))])
        seen.clear()
        model.fit(np.eye(6), np.ones(6), batch_size=1, epochs=1, verbose=0, callbacks=[Seen()])
        fresh = [set(now) - set(before) for before, now in zip([(), *seen], seen, strict=False)]
        orders.append([next(iter(new)) for new in fresh])
        assert sorted(orders[-1]) == list(range(6))
    assert orders[0] != orders[1]


# ---- randomness --------------------------------------------------------------------------------


def dropped(run_eagerly: bool = False, seed: int | None = None) -> nissl.Sequential:
    nissl.utils.set_random_seed(3)
    model = nissl.Sequential(
        [nissl.Input((3,)), layers.Dropout(0.5, seed=seed), layers.Dense(2, "softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=run_eagerly)
    return model


def test_dropout_is_the_same_for_the_same_seed_and_engine_and_off_in_evaluation() -> None:
    y = np.arange(22) % 2
    models = []
    for eagerly in (False, False, True):
        models.append(dropped(eagerly))
        models[-1].fit(X, y, batch_size=8, epochs=3, verbose=0)
    first, second, eager = models
    for a, b, c in zip(first.get_weights(), second.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(a, c, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(first.predict(X, verbose=0), first.predict(X, verbose=0))
    kernel, bias = first.get_weights()
    a = X @ kernel + bias
    wanted = np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)
    assert_close(first.predict(X, verbose=0), wanted, 1e-5)


# ---- define by run -----------------------------------------------------------------------------


def test_training_by_hand_with_backward_is_training_by_fit() -> None:
    y = TARGETS["mse"][0]
    model = build("mse", optimizers.SGD(0.1, momentum=0.9))
    network = oracle(model, "mse", Rule(rate=0.1, momentum=0.9))
    optimizer = optimizers.SGD(0.1, momentum=0.9)
    weights = model.trainable_weights
    loss_of = nissl.losses.MeanSquaredError()
    for _ in range(3):
        for start in range(0, 22, 8):
            loss = loss_of(y[start : start + 8], model(X[start : start + 8]))
            for weight in weights:
                weight.zero_grad()
            loss.backward()
            optimizer.apply([weight.grad for weight in weights], weights)
    network.fit(X, y, 8, 3)
    assert_same(model, network, 1e-5)


def test_a_training_step_of_ones_own_can_be_compiled() -> None:
    y = TARGETS["mse"][0]
    model = build("mse")
    network = oracle(model, "mse", Rule("adam", rate=0.01))
    optimizer = optimizers.Adam(0.01)
    optimizer.build(model.trainable_weights)

    @nissl.jit
    def step(x: Any, target: Any) -> Any:
        from nissl.autodiff.reverse import gradients

        loss = nissl.mean(nissl.square(model(x, training=True) - target))
        slopes = gradients(loss, [w.value for w in model.trainable_weights])
        optimizer.apply(slopes)
        return loss

    found = [step(X[s : s + 11], y[s : s + 11]).item() for _ in range(3) for s in (0, 11)]
    losses = network.fit(X, y, 11, 3)
    assert_same(model, network, 1e-5)
    assert_close(np.reshape(found, (3, 2)).mean(axis=1), losses, 1e-5)


# ---- a user's own layers and models ------------------------------------------------------------


class Scaled(layers.Layer):
    """A layer of a user's own: a factor for each input, and a count of calls in training."""

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight((input_shape[-1],), initializer="ones", name="factor")
        self.calls = self.add_weight((), "zeros", dtype="int32", trainable=False, name="calls")

    def call(self, x: Any, training: bool = False) -> Any:
        if training:
            self.calls.assign(self.calls.value + 1)
        return x * self.factor


class TwoWays(nissl.Model):
    """A model of a user's own: two branches, layers as attributes."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.left = Scaled()
        self.right = [layers.Dense(units, "tanh"), layers.Dense(1)]

    def call(self, x: Any, training: bool = False) -> Any:
        z = self.left(x, training=training)
        for layer in self.right:
            z = layer(z)
        return z + nissl.sum(x, axis=1, keepdims=True)


@pytest.mark.usefixtures("loops")
def test_a_layer_of_ones_own_trains_and_keeps_state() -> None:
    model = nissl.Sequential([nissl.Input((3,)), Scaled(), layers.Dense(1)])
    model.compile(optimizers.SGD(0.05), "mse")
    before = model.get_weights()
    history = model.fit(X, X.sum(1), batch_size=8, epochs=20, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0] / 2
    after = model.get_weights()
    assert not np.array_equal(before[0], after[0])
    scaled = model.layers[0]
    assert isinstance(scaled, Scaled)
    assert int(scaled.calls.numpy()) == 3 * 20
    assert [v.name for v in model.trainable_weights] == ["factor", "kernel", "bias"]
    assert [v.name for v in model.non_trainable_weights] == ["calls"]


@pytest.mark.usefixtures("loops")
def test_a_model_of_ones_own_trains_by_the_chain_rule() -> None:
    model = TwoWays(4)
    y = np.sin(X).sum(axis=1, keepdims=True)
    model.compile(optimizers.Adam(0.05), "mse", metrics=["mae"])
    assert not model.built
    history = model.fit(X, y, batch_size=11, epochs=30, verbose=0)
    assert list(history.history) == ["loss", "mae"]
    assert history.history["loss"][-1] < history.history["loss"][0] / 4
    factor, _, k1, b1, k2, b2 = [v.numpy() for v in (model.left.factor, model.left.calls)] + [
        v.numpy() for layer in model.right for v in layer.weights
    ]
    wanted = np.tanh(X * factor @ k1 + b1) @ k2 + b2 + X.sum(1, keepdims=True)
    np.testing.assert_allclose(model.predict(X, verbose=0), wanted, rtol=1e-4, atol=1e-5)
    assert model.evaluate(X, y, verbose=0) == pytest.approx(
        [((wanted - y) ** 2).mean(), np.abs(wanted - y).mean()], rel=1e-4
    )


def test_an_optimizer_of_ones_own_is_a_step() -> None:
    class SignDescent(optimizers.Optimizer):
        def step(self, weight: Any, gradient: Any, slots: Any, rate: Any, t: Any) -> Any:
            del slots, t
            return weight - rate * nissl.sign(gradient), {}

    model = build("mse", SignDescent(0.01))
    before = model.get_weights()
    network = oracle(model, "mse", Rule())
    slopes = network.gradients(X, TARGETS["mse"][0], None)[1]
    model.fit(X, TARGETS["mse"][0], batch_size=22, epochs=1, verbose=0)
    for new, old, slope in zip(model.get_weights(), before, slopes, strict=True):
        np.testing.assert_allclose(new, old - 0.01 * np.sign(slope), rtol=1e-5, atol=1e-6)


def test_a_loss_and_a_metric_of_ones_own_are_functions() -> None:
    def cubed(y_true: Any, y_pred: Any) -> Any:
        return nissl.mean(nissl.abs(y_true - y_pred) ** 3, axis=-1)

    def worst(y_true: Any, y_pred: Any) -> Any:
        return nissl.max(nissl.abs(y_true - y_pred), axis=-1)

    model = build("mse")
    model.compile("sgd", cubed, metrics=[worst, metrics.MeanSquaredError(name="squared")])
    y = TARGETS["mse"][0]
    error = np.abs(model.predict(X, verbose=0) - y)
    found = model.evaluate(X, y, batch_size=7, return_dict=True, verbose=0)
    wanted = {
        "loss": (error**3).mean(),
        "squared": (error**2).mean(),
        "worst": error.max(axis=1).mean(),
    }
    assert found == pytest.approx(wanted, rel=1e-5)
    assert list(model.fit(X, y, verbose=0).history) == ["loss", "squared", "worst"]


def test_one_neuron_learns_what_it_can_be_solved_for() -> None:
    """Least squares has one answer, that of the normal equations."""
    y = X @ [1.0, -2.0, 0.5] + 0.3 + 0.1 * RNG.normal(size=22)
    wide = np.column_stack([X, np.ones(22)])
    wanted = np.linalg.lstsq(wide, y)[0]
    model = nissl.Sequential([nissl.Input((3,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.2, momentum=0.5), "mse")
    history = model.fit(X, y, batch_size=22, epochs=300, verbose=0)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose([*kernel[:, 0], bias[0]], wanted, atol=1e-5)
    assert math.isclose(
        history.history["loss"][-1], ((wide @ wanted - y) ** 2).mean(), rel_tol=1e-4
    )


# ---- float64 throughout ------------------------------------------------------------------------


def test_float64_keeps_its_digits_in_rate_loss_and_metrics(loops: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(23, 3)), rng.normal(size=(23, 2))
    eta = 0.1  # of which float32 keeps 8 digits
    model = nissl.Sequential(
        [nissl.Input((3,), dtype="float64"), layers.Dense(2, use_bias=False, dtype="float64")]
    )
    w = model.get_weights()[0].copy()
    model.compile(optimizers.SGD(eta), "mse", metrics=["mae"])
    assert model.optimizer is not None
    assert model.optimizer.learning_rate == eta
    history = model.fit(x, y, batch_size=8, epochs=5, shuffle=False, verbose=0).history
    for epoch in range(5):
        squares, sizes = 0.0, 0.0
        for start in range(0, 23, 8):
            part = x[start : start + 8]
            error = part @ w - y[start : start + 8]
            squares += (error**2).mean() * len(part)
            sizes += np.abs(error).mean() * len(part)
            w = w - eta * 2 * part.T @ error / error.size
        assert history["loss"][epoch] == pytest.approx(squares / 23, rel=1e-12)
        assert history["mae"][epoch] == pytest.approx(sizes / 23, rel=1e-12)
    np.testing.assert_allclose(model.get_weights()[0], w, rtol=1e-12, atol=1e-13)
    error = x @ w - y
    expected = [(error**2).mean(), np.abs(error).mean()]
    assert model.evaluate(x, y, verbose=0) == pytest.approx(expected, rel=1e-12)
    assert model.train_on_batch(x, y) == pytest.approx(expected, rel=1e-12)
