"""Nissl against Keras 3: files in both directions, training, losses and metrics."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nissl

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import keras

# Keras's own deprecation notices are not Nissl's to answer for
pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("default")]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 2, 3)).astype(np.float32)
Y = RNG.integers(0, 4, 50)


def network(library: Any, *, dropout: float = 0.0) -> Any:
    """The same network, in Nissl or in Keras."""
    layers = library.layers
    return library.Sequential(
        [
            library.Input((2, 3)),
            layers.Flatten(),
            layers.Dense(6, activation="relu", kernel_initializer="he_normal"),
            layers.Dropout(dropout),
            layers.Dense(5),
            layers.Activation("tanh"),
            layers.Dense(4, activation="softmax", use_bias=False),
        ]
    )


OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda lib: lib.optimizers.SGD(0.1),
    "momentum": lambda lib: lib.optimizers.SGD(0.05, momentum=0.9),
    "nesterov": lambda lib: lib.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda lib: lib.optimizers.Adam(0.01),
    "rmsprop": lambda lib: lib.optimizers.RMSprop(0.01),
    "rmsprop centred": lambda lib: lib.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "amsgrad": lambda lib: lib.optimizers.Adam(0.01, amsgrad=True, beta_1=0.8, epsilon=1e-4),
    "rmsprop-settings": lambda lib: lib.optimizers.RMSprop(
        0.01, rho=0.8, momentum=0.5, centered=True
    ),
    "clipnorm": lambda lib: lib.optimizers.SGD(0.1, clipnorm=0.1),
    "clipvalue": lambda lib: lib.optimizers.Adam(0.01, clipvalue=0.01),
    "global_clipnorm": lambda lib: lib.optimizers.SGD(0.1, global_clipnorm=0.1),
    "decay": lambda lib: lib.optimizers.Adam(0.01, weight_decay=0.1),
}


def compiled(library: Any, optimizer: str, **settings: Any) -> Any:
    model = network(library)
    options = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]} | settings
    model.compile(optimizer=OPTIMIZERS[optimizer](library), **options)
    return model


def pair(optimizer: str, **settings: Any) -> tuple[Any, Any]:
    """The same model twice, with the same weights: Nissl's and Keras's."""
    ours, theirs = compiled(nissl, optimizer, **settings), compiled(keras, optimizer, **settings)
    ours.set_weights(theirs.get_weights())
    return ours, theirs


def same_weights(ours: Any, theirs: Any, tight: float = 1e-5) -> None:
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=tight, atol=tight)


# ---- training ----------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_from_equal_weights_gives_equal_numbers(optimizer: str) -> None:
    ours, theirs = pair(optimizer)
    options = {
        "batch_size": 16,
        "epochs": 3,
        "shuffle": False,
        "verbose": 0,
        "validation_split": 0.2,
    }
    a, b = ours.fit(X, Y, **options), theirs.fit(X, Y, **options)
    same_weights(ours, theirs)
    assert list(a.history) == list(b.history)
    assert a.epoch == b.epoch
    assert a.params == b.params
    for name, values in b.history.items():
        np.testing.assert_allclose(a.history[name], values, rtol=2e-5, err_msg=name)
    np.testing.assert_allclose(
        ours.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("weights", ["class_weight", "sample_weight", "both metrics"])
def test_weighted_training_gives_equal_numbers(weights: str) -> None:
    settings = {"weighted_metrics": ["accuracy"]} if weights == "both metrics" else {}
    ours, theirs = pair("sgd", **settings)
    options: dict[str, Any] = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0}
    if weights == "class_weight":
        options["class_weight"] = {0: 0.5, 1: 2.0, 3: 0.0}
    else:
        options["sample_weight"] = np.linspace(0, 3, 50)
    a, b = ours.fit(X, Y, **options).history, theirs.fit(X, Y, **options).history
    same_weights(ours, theirs)
    assert list(a) == list(b)
    for name, values in b.items():
        np.testing.assert_allclose(a[name], values, rtol=2e-5, err_msg=name)


@pytest.mark.parametrize(
    ("units", "last", "loss", "targets"),
    [
        (1, None, "mse", RNG.normal(size=50)),
        (3, None, "mae", RNG.normal(size=(50, 3))),
        (1, "sigmoid", "binary_crossentropy", Y % 2),
        (4, "softmax", "categorical_crossentropy", np.eye(4)[Y]),
        (2, None, "huber", RNG.normal(size=(50, 2)) * 3),
        (2, "softplus", "poisson", RNG.integers(0, 5, (50, 2))),
        (2, "tanh", "hinge", RNG.integers(0, 2, (50, 2))),
        (2, None, "log_cosh", RNG.normal(size=(50, 2))),
    ],
)
def test_every_kind_of_target_trains_equally(
    units: int, last: Any, loss: str, targets: Any
) -> None:
    def made(library: Any) -> Any:
        layers = library.layers
        model = library.Sequential(
            [library.Input((2, 3)), layers.Flatten(), layers.Dense(units, activation=last)]
        )
        model.compile(optimizer="sgd", loss=loss, metrics=["mae", "accuracy"])
        return model

    ours, theirs = made(nissl), made(keras)
    ours.set_weights(theirs.get_weights())
    options = {"batch_size": 20, "epochs": 2, "shuffle": False, "verbose": 0}
    a, b = ours.fit(X, targets, **options).history, theirs.fit(X, targets, **options).history
    same_weights(ours, theirs)
    assert list(a) == list(b)
    for name, values in b.items():
        np.testing.assert_allclose(a[name], values, rtol=2e-5, err_msg=name)


def test_evaluation_and_single_batches_give_equal_numbers() -> None:
    ours, theirs = pair("adam")
    a = ours.evaluate(X, Y, verbose=0, return_dict=True)
    b = theirs.evaluate(X, Y, verbose=0, return_dict=True)
    assert a == pytest.approx(b, rel=1e-5)
    np.testing.assert_allclose(
        ours.evaluate(X, Y, verbose=0), theirs.evaluate(X, Y, verbose=0), rtol=1e-5
    )
    np.testing.assert_allclose(ours.test_on_batch(X, Y), theirs.test_on_batch(X, Y), rtol=1e-5)
    np.testing.assert_allclose(ours.train_on_batch(X, Y), theirs.train_on_batch(X, Y), rtol=1e-5)
    same_weights(ours, theirs)
    np.testing.assert_allclose(
        ours.predict_on_batch(X), theirs.predict_on_batch(X), rtol=1e-4, atol=1e-6
    )


def test_frozen_layers_and_the_order_of_weights() -> None:
    ours, theirs = pair("momentum")
    for model in (ours, theirs):
        model.layers[1].trainable = False
    assert len(ours.trainable_weights) == len(theirs.trainable_weights)
    assert [w.shape for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]
    for model, library in ((ours, nissl), (theirs, keras)):
        model.compile(
            optimizer=OPTIMIZERS["momentum"](library), loss="sparse_categorical_crossentropy"
        )
        model.fit(X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    same_weights(ours, theirs)


def test_names_are_counted_alike() -> None:
    nissl.backend.clear_session()
    keras.backend.clear_session()
    ours, theirs = network(nissl), network(keras)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert (ours.name, ours.count_params()) == (theirs.name, theirs.count_params())
    assert (ours.input_shape, ours.output_shape) == (theirs.input_shape, theirs.output_shape)


def test_hooks_come_in_the_same_order_with_the_same_keys() -> None:
    heard: dict[str, list[Any]] = {}
    for name, library in (("ours", nissl), ("theirs", keras)):
        told = heard.setdefault(name, [])

        def listen(hook: str, told: list[Any] = told) -> Any:
            def hear(*given: Any, logs: Any = None) -> None:
                number = [g for g in given if isinstance(g, int)]
                found = logs or next((g for g in given if isinstance(g, dict)), {})
                told.append((hook, *number, sorted(found)))

            return hear

        base = library.callbacks.Callback
        hooks = [h for h in dir(base) if h.startswith("on_") and "progress" not in h]
        hooks = [h for h in hooks if h not in ("on_batch_begin", "on_batch_end", "on_epochs")]
        made = type("Log", (base,), {h: staticmethod(listen(h)) for h in hooks})()
        model = compiled(library, "sgd")
        model.fit(
            X[:8],
            Y[:8],
            batch_size=4,
            epochs=2,
            verbose=0,
            validation_data=(X[:4], Y[:4]),
            callbacks=[made],
        )
        model.evaluate(X[:8], Y[:8], batch_size=4, verbose=0, callbacks=[made])
        model.predict(X[:8], batch_size=4, verbose=0, callbacks=[made])
    assert heard["ours"] == heard["theirs"]


# ---- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_file_of_ours_goes_on_in_keras(optimizer: str, tmp_path: Path) -> None:
    ours = compiled(nissl, optimizer)
    options = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0}
    ours.fit(X, Y, **options)
    ours.save(tmp_path / "m.keras")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Keras warns if it cannot restore the optimizer's state
        theirs = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(
        theirs.predict(X, verbose=0), ours.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )
    assert theirs.evaluate(X, Y, verbose=0, return_dict=True) == pytest.approx(
        ours.evaluate(X, Y, verbose=0, return_dict=True), rel=1e-5
    )
    a, b = ours.fit(X, Y, **options).history, theirs.fit(X, Y, **options).history
    for name, values in b.items():
        np.testing.assert_allclose(a[name], values, rtol=2e-5, err_msg=name)
    same_weights(ours, theirs)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_file_of_keras_goes_on_here(optimizer: str, tmp_path: Path) -> None:
    theirs = compiled(keras, optimizer)
    options = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0}
    theirs.fit(X, Y, **options)
    theirs.save(tmp_path / "m.keras")
    ours = nissl.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(
        ours.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )
    a, b = ours.fit(X, Y, **options).history, theirs.fit(X, Y, **options).history
    for name, values in b.items():
        np.testing.assert_allclose(a[name], values, rtol=2e-5, err_msg=name)
    same_weights(ours, theirs)
    ours.save(tmp_path / "again.keras")
    back = keras.models.load_model(tmp_path / "again.keras")
    np.testing.assert_allclose(
        back.predict(X, verbose=0), ours.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )


def test_files_of_every_other_kind_cross_over(tmp_path: Path) -> None:
    def nested(library: Any) -> Any:
        layers = library.layers
        inner = library.Sequential([layers.Dense(3, activation="tanh"), layers.Dense(2)])
        return library.Sequential([library.Input((4,)), inner, layers.Dense(1)])

    def rescaled(library: Any) -> Any:
        layers = library.layers
        return library.Sequential(
            [library.Input((4,)), layers.Rescaling(0.5, offset=-1.0), layers.Dense(1)]
        )

    def uncompiled(library: Any) -> Any:
        return network(library, dropout=0.3)

    def untrained(library: Any) -> Any:
        return compiled(library, "adam")

    def objects(library: Any) -> Any:
        return compiled(
            library,
            "sgd",
            loss=library.losses.SparseCategoricalCrossentropy(),
            metrics=[library.metrics.SparseCategoricalAccuracy(name="acc")],
        )

    for make in (nested, rescaled, uncompiled, untrained, objects):
        for writer, reader in ((nissl, keras), (keras, nissl)):
            model = make(writer)
            path = tmp_path / f"{make.__name__}.keras"
            model.save(path)
            loaded = reader.models.load_model(path)
            x = RNG.normal(size=(5, *model.input_shape[1:])).astype(np.float32)
            np.testing.assert_allclose(
                loaded.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5, atol=1e-6
            )


def test_weight_files_cross_over(tmp_path: Path) -> None:
    ours, theirs = compiled(nissl, "sgd"), compiled(keras, "sgd")
    ours.save_weights(tmp_path / "ours.weights.h5")
    theirs.load_weights(tmp_path / "ours.weights.h5")
    same_weights(ours, theirs, 0.0)
    fresh = compiled(keras, "sgd")
    fresh.save_weights(tmp_path / "theirs.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")
    same_weights(ours, fresh, 0.0)


# ---- losses and metrics ------------------------------------------------------------------------

POINTS = {
    "numbers": (RNG.normal(size=(20, 3)), RNG.normal(size=(20, 3))),
    "probabilities": (
        RNG.dirichlet(np.ones(3), 20),
        np.concatenate([RNG.dirichlet(np.ones(3), 18), np.eye(3)[:2]]),
    ),
    "counts": (RNG.integers(0, 5, (20, 3)).astype(float), RNG.random((20, 3)) + 0.1),
    "bits": (RNG.integers(0, 2, (20, 3)).astype(float), RNG.random((20, 3))),
    "labels": (RNG.integers(0, 3, 20), RNG.dirichlet(np.ones(3), 20)),
}
LOSSES = {
    "MeanSquaredError": "numbers",
    "MeanAbsoluteError": "numbers",
    "MeanAbsolutePercentageError": "numbers",
    "MeanSquaredLogarithmicError": "counts",
    "Huber": "numbers",
    "LogCosh": "numbers",
    "CosineSimilarity": "numbers",
    "Poisson": "counts",
    "KLDivergence": "probabilities",
    "BinaryCrossentropy": "bits",
    "CategoricalCrossentropy": "probabilities",
    "CategoricalHinge": "bits",
    "Hinge": "bits",
    "SquaredHinge": "bits",
    "SparseCategoricalCrossentropy": "labels",
}
METRICS = {
    **{name: kind for name, kind in LOSSES.items() if name not in ("Huber", "LogCosh")},
    "LogCoshError": "numbers",
    "RootMeanSquaredError": "numbers",
    "R2Score": "numbers",
    "BinaryAccuracy": "bits",
    "CategoricalAccuracy": "probabilities",
    "SparseCategoricalAccuracy": "labels",
    "TopKCategoricalAccuracy": "probabilities",
    "SparseTopKCategoricalAccuracy": "labels",
    "Precision": "bits",
    "Recall": "bits",
    "TruePositives": "bits",
    "FalseNegatives": "bits",
    "F1Score": "bits",
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "none"])
def test_losses_give_equal_numbers(name: str, reduction: str) -> None:
    y, p = (a.astype(np.float32) if a.dtype.kind == "f" else a for a in POINTS[LOSSES[name]])
    for w in (None, np.linspace(0, 2, 20).astype(np.float32)):
        ours = getattr(nissl.losses, name)(reduction=reduction)(y, p, sample_weight=w)
        theirs = getattr(keras.losses, name)(reduction=reduction)(y, p, sample_weight=w)
        np.testing.assert_allclose(ours, np.asarray(theirs), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", METRICS)
def test_metrics_give_equal_numbers(name: str) -> None:
    y, p = (a.astype(np.float32) if a.dtype.kind == "f" else a for a in POINTS[METRICS[name]])
    if name in ("F1Score", "CategoricalAccuracy", "TopKCategoricalAccuracy"):
        y = np.round(y)
    settings = {"k": 2} if "TopK" in name else {"threshold": 0.5} if name == "F1Score" else {}
    for w in (None, np.linspace(0, 2, 20).astype(np.float32)):
        ours, theirs = (getattr(lib.metrics, name)(**settings) for lib in (nissl, keras))
        for rows in (slice(0, 8), slice(8, 20)):
            part = None if w is None else w[rows]
            ours.update_state(y[rows], p[rows], sample_weight=part)
            theirs.update_state(y[rows], p[rows], sample_weight=part)
        np.testing.assert_allclose(
            np.asarray(ours.result()), np.asarray(theirs.result()), rtol=2e-5, atol=1e-6
        )


@pytest.mark.parametrize(
    "name",
    [
        *("relu", "leaky_relu", "relu6", "elu", "selu", "silu", "gelu", "mish"),
        *("sigmoid", "hard_sigmoid", "tanh", "softplus", "softsign", "exponential", "linear"),
        *("softmax", "log_softmax"),
    ],
)
def test_activations_give_equal_numbers(name: str) -> None:
    if name not in nissl.activations.registry:
        pytest.skip(f"{name} is not offered")
    x = np.linspace(-6, 6, 60, dtype=np.float32).reshape(10, 6)
    ours = nissl.layers.Activation(name)(x)
    theirs = keras.layers.Activation(name)(x)
    np.testing.assert_allclose(ours, np.asarray(theirs), rtol=1e-5, atol=1e-6)
