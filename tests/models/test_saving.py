"""Models in files: saved and loaded, they predict the same and go on training the same.

Keras 3 is the oracle of reading: tests/fixtures holds files that it wrote, with its numbers.
"""

from __future__ import annotations

import json
import resource
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nissl
from close import assert_close
from nissl import layers, losses, metrics, optimizers
from nissl.errors import ArgumentError, FileFormatError, NisslError, SaveError
from nissl.models import load_model, save_model

FIXTURES = Path(__file__).parents[1] / "fixtures"
RNG = np.random.default_rng(8)
X = RNG.normal(size=(24, 4)).astype(np.float32)
Y = RNG.integers(0, 3, 24)


def build(optimizer: Any = "adam", **settings: Any) -> nissl.Sequential:
    model = nissl.Sequential(
        [
            nissl.Input((2, 2)),
            layers.Flatten(),
            layers.Dense(5, "tanh", kernel_initializer="he_normal", name="hidden"),
            layers.Activation("relu"),
            layers.Dropout(0.25),
            layers.Dense(3, use_bias=False),
            layers.Activation("softmax"),
        ],
        name="small",
    )
    settings = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]} | settings
    model.compile(optimizer, **settings)
    return model


PICTURES = X.reshape(-1, 2, 2)
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.05),
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipvalue=0.5),
    "adam": lambda: optimizers.Adam(0.01, beta_1=0.8, epsilon=1e-5, weight_decay=0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True, global_clipnorm=1.0),
}


# ---- round trips -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_loaded_model_predicts_and_trains_on_exactly_as_the_saved(
    name: str, tmp_path: Path
) -> None:
    model = build(OPTIMIZERS[name]())
    options: dict[str, Any] = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0}
    model.fit(PICTURES, Y, **options)
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert loaded.name == "small"
    assert [type(layer) for layer in loaded.layers] == [type(layer) for layer in model.layers]
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert loaded.optimizer is not None
    assert model.optimizer is not None
    for a, b in zip(loaded.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    np.testing.assert_array_equal(
        loaded.predict(PICTURES, verbose=0), model.predict(PICTURES, verbose=0)
    )
    assert loaded.evaluate(PICTURES, Y, verbose=0) == model.evaluate(PICTURES, Y, verbose=0)
    first = model.fit(PICTURES, Y, **options).history
    second = loaded.fit(PICTURES, Y, **options).history
    assert first == second
    for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("saved", ["unbuilt", "uncompiled", "untrained", "built by data"])
def test_models_in_every_state_of_life(saved: str, tmp_path: Path) -> None:
    parts: list[Any] = [layers.Dense(3, "relu"), layers.Dense(1)]
    if saved in ("uncompiled", "untrained"):
        parts.insert(0, nissl.Input((4,)))
    model = nissl.Sequential(parts)
    if saved != "uncompiled":
        model.compile(optimizers.SGD(0.1, momentum=0.5), "mse")
    if saved == "built by data":
        model(X)
    save_model(model, tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert loaded.built == model.built == (saved != "unbuilt")
    assert loaded.compiled == (saved != "uncompiled")
    if saved != "unbuilt":
        np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    if saved != "uncompiled":
        loaded.fit(X, X[:, 0], verbose=0)


def test_loss_and_metrics_come_back_as_they_were_given(tmp_path: Path) -> None:
    model = build(
        "sgd",
        loss=losses.SparseCategoricalCrossentropy(from_logits=False, name="ce"),
        metrics=["accuracy", metrics.SparseTopKCategoricalAccuracy(k=2, name="top2")],
        weighted_metrics=["acc"],
    )
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    wanted = model.evaluate(PICTURES, Y, return_dict=True, verbose=0)
    assert loaded.evaluate(PICTURES, Y, return_dict=True, verbose=0) == wanted
    assert set(wanted) == {"loss", "accuracy", "top2", "acc"}
    assert isinstance(loaded.loss, losses.SparseCategoricalCrossentropy)
    assert loaded.loss.name == "ce"
    uncompiled = load_model(tmp_path / "m.keras", compile=False)
    assert not uncompiled.compiled


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_weights_of_every_floating_dtype(dtype: str, tmp_path: Path) -> None:
    model = nissl.Sequential([nissl.Input((4,), dtype=dtype), layers.Dense(3, "tanh", dtype=dtype)])
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
        assert a.dtype == b.dtype == nissl.asarray(0, dtype).dtype
        np.testing.assert_array_equal(a.astype(np.float64), b.astype(np.float64))


def test_a_frozen_layer_comes_back_frozen(tmp_path: Path) -> None:
    model = build(optimizers.Adam(0.01))
    model.get_layer("hidden").trainable = False
    model.fit(PICTURES, Y, epochs=1, verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert not loaded.get_layer("hidden").trainable
    assert len(loaded.trainable_weights) == len(model.trainable_weights) == 1
    for a, b in zip(loaded.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    first = model.fit(PICTURES, Y, shuffle=False, verbose=0).history
    assert loaded.fit(PICTURES, Y, shuffle=False, verbose=0).history == first


def test_weights_that_are_not_trained_are_kept_in_order(tmp_path: Path) -> None:
    a, b = build(), build()
    a.get_layer("hidden").trainable = False
    a.save_weights(tmp_path / "w.weights.h5")
    b.load_weights(tmp_path / "w.weights.h5")
    for one, other in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


# ---- what Keras wrote --------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["keras3_adam", "keras3_sgd_momentum"])
def recorded(request: pytest.FixtureRequest) -> tuple[Path, dict[str, Any]]:
    path = FIXTURES / f"{request.param}.keras"
    return path, json.loads(path.with_suffix(".json").read_text())


def test_a_file_of_keras_predicts_and_evaluates_as_in_keras(
    recorded: tuple[Path, dict[str, Any]],
) -> None:
    path, told = recorded
    model = load_model(path)
    x, y = np.asarray(told["x"], np.float32), np.asarray(told["y"])
    np.testing.assert_allclose(
        model.predict(x, verbose=0), told["predictions"], rtol=1e-5, atol=1e-6
    )
    found = model.evaluate(x, y, return_dict=True, verbose=0)
    assert found == pytest.approx(told["evaluate"], rel=1e-5)
    for variable, wanted in zip(model.weights, told["weights"], strict=True):
        np.testing.assert_allclose(variable.numpy(), wanted, rtol=1e-6, atol=1e-7)
    assert model.optimizer is not None
    for variable, wanted in zip(
        model.optimizer.variables, told["optimizer_variables"], strict=True
    ):
        np.testing.assert_allclose(variable.numpy(), wanted, rtol=1e-6, atol=1e-12)


def test_a_file_of_keras_goes_on_training_as_in_keras(
    recorded: tuple[Path, dict[str, Any]],
) -> None:
    path, told = recorded
    model, later = load_model(path), told["after_two_more_steps"]
    for layer in model.layers:
        if isinstance(layer, layers.Dropout):
            layer.rate = 0.0
    x, y = np.asarray(told["x"], np.float32), np.asarray(told["y"])
    history = model.fit(x, y, batch_size=12, epochs=2, shuffle=False, verbose=0).history
    for name, wanted in later["history"].items():
        assert_close(history[name], wanted, 1e-5)
    for variable, wanted in zip(model.weights, later["weights"], strict=True):
        np.testing.assert_allclose(variable.numpy(), wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        model.predict(x, verbose=0), later["predictions"], rtol=1e-4, atol=1e-5
    )


def test_a_file_of_keras_saved_again_holds_the_same(
    recorded: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    from nissl.models.archive import read_archive

    path, _ = recorded
    load_model(path).save(tmp_path / "again.keras")
    before, after = read_archive(path), read_archive(tmp_path / "again.keras")
    for name, array in before.weights.items():
        np.testing.assert_array_equal(after.weights[name], array, err_msg=name)
    more = set(after.weights) - set(before.weights)
    assert all(name.startswith("nissl/") for name in more)  # which Keras leaves aside
    assert set(before.weights) <= set(after.weights)


def test_the_file_is_keras_own_format(tmp_path: Path) -> None:
    build().save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        assert file.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert all(info.compress_type == zipfile.ZIP_STORED for info in file.infolist())
        config = json.loads(file.read("config.json"))
    assert (config["module"], config["class_name"]) == ("keras", "Sequential")
    described = config["config"]["layers"]
    assert [each["class_name"] for each in described] == [
        "InputLayer",
        "Flatten",
        "Dense",
        "Activation",
        "Dropout",
        "Dense",
        "Activation",
    ]
    dense = described[2]
    assert dense["module"] == "keras.layers"
    assert dense["config"]["units"] == 5
    assert dense["config"]["activation"] == "tanh"
    assert dense["config"]["dtype"] == "float32"
    assert dense["config"]["kernel_initializer"]["class_name"] == "HeNormal"
    assert dense["build_config"] == {"input_shape": [None, 4]}
    assert described[0]["config"]["batch_shape"] == [None, 2, 2]
    optimizer = config["compile_config"]["optimizer"]
    assert optimizer["class_name"] == "Adam"
    assert isinstance(optimizer["config"]["learning_rate"], float)
    assert config["compile_config"]["loss"] == "sparse_categorical_crossentropy"
    assert config["compile_config"]["metrics"] == ["accuracy"]


# ---- weights alone -----------------------------------------------------------------------------


def test_weights_alone(tmp_path: Path) -> None:
    a, b = build(), build()
    a.save_weights(tmp_path / "a.weights.h5")
    b.load_weights(tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(a.predict(PICTURES, verbose=0), b.predict(PICTURES, verbose=0))
    a.save(tmp_path / "a.keras")
    c = build()
    c.load_weights(tmp_path / "a.keras")
    np.testing.assert_array_equal(a.predict(PICTURES, verbose=0), c.predict(PICTURES, verbose=0))


def test_weights_of_another_network_are_refused_and_nothing_changes(tmp_path: Path) -> None:
    build().save_weights(tmp_path / "a.weights.h5")
    other = nissl.Sequential([nissl.Input((4,)), layers.Dense(5), layers.Dense(7, use_bias=False)])
    before = other.get_weights()
    with pytest.raises(FileFormatError, match=r"dense_1/vars/0 has shape \(5, 3\).*\(5, 7\)"):
        other.load_weights(tmp_path / "a.weights.h5")
    for a, b in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    deeper = nissl.Sequential([nissl.Input((4,)), *(layers.Dense(5) for _ in range(3))])
    with pytest.raises(FileFormatError, match=r"'layers/dense_1' holds 1 arrays.*2 variables"):
        deeper.load_weights(tmp_path / "a.weights.h5")
    unbuilt = nissl.Sequential([layers.Dense(5)])
    with pytest.raises(NisslError, match="build"):
        unbuilt.load_weights(tmp_path / "a.weights.h5")


def test_a_model_of_ones_own_keeps_its_weights_in_a_file(tmp_path: Path) -> None:
    class Own(nissl.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first = layers.Dense(3, "tanh")
            self.second = [layers.Dense(2), layers.Dense(2)]

        def call(self, x: Any, training: bool = False) -> Any:
            z = self.first(x)
            return self.second[0](z) + self.second[1](z)

    a, b = Own(), Own()
    a(X)
    b(X)
    with pytest.raises(ArgumentError, match=r"only Sequential.*save_weights"):
        a.save(tmp_path / "a.keras")
    a.save_weights(tmp_path / "a.weights.h5")
    b.load_weights(tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(a.predict(X, verbose=0), b.predict(X, verbose=0))


# ---- where it cannot be written ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["m", "m.h5", "m.keras.zip", "m.KERAS", "weights.h5"])
def test_another_ending_is_refused(name: str, tmp_path: Path) -> None:
    model = build()
    with pytest.raises(ArgumentError, match=r"'\.keras'"):
        model.save(tmp_path / name)
    with pytest.raises(ArgumentError, match=r"'\.weights\.h5'"):
        model.save_weights(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_kept_if_asked(tmp_path: Path) -> None:
    target = tmp_path / "m.keras"
    target.write_bytes(b"mine")
    with pytest.raises(SaveError, match="exists already; pass overwrite=True"):
        build().save(target, overwrite=False)
    assert target.read_bytes() == b"mine"
    build().save(str(target))
    load_model(str(target))


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    build().save(tmp_path / "new" / "folder" / "m.keras")  # folders are made
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError, match="file"):
        build().save(tmp_path / "file" / "m.keras")
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(SaveError, match=r"folder\.keras"):
        build().save(tmp_path / "folder.keras")


@pytest.mark.parametrize("ending", ["keras", "weights.h5"])
def test_a_full_disk_leaves_the_old_file(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import signal

    model, target = build(), tmp_path / f"m.{ending}"
    save = model.save if ending == "keras" else model.save_weights
    save(target)
    before = target.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(SaveError, match="could not be written"):
            save(target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert target.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [target.name]
    save(target)
    assert len(target.read_bytes()) == len(before)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    for read in (load_model, build().load_weights):
        with pytest.raises(NisslError, match=r"gone\.keras") as caught:
            read(tmp_path / "gone.keras")
        assert isinstance(caught.value, OSError | ValueError)


def test_what_has_no_place_in_a_file_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    def own(a: Any) -> Any:
        return a * 2.0

    for model in (
        nissl.Sequential([nissl.Input((2,)), layers.Dense(2, own)]),
        build(loss=lambda t, y: nissl.sum(t - y, axis=-1)),
        build(metrics=[own]),
    ):
        with pytest.raises(NisslError):
            model.save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())
