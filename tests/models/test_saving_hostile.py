"""Configs of .keras files that are wrong or hostile: refused with the file's name, never obeyed.

The container itself (zip, JSON, HDF5) is tested in test_archive_hostile.py; here the container is
sound and what it says is not.
"""

from __future__ import annotations

import copy
import json
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nissl
from nissl import layers, optimizers
from nissl.errors import FileFormatError, NisslError
from nissl.models import load_model
from nissl.models.archive import Archive, read_archive, write_archive

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    model = nissl.Sequential(
        [
            nissl.Input((2, 2)),
            layers.Flatten(),
            layers.Dense(3, "tanh"),
            layers.Dropout(0.25),
            layers.Dense(2, "softmax"),
        ]
    )
    model.compile(
        optimizers.Adam(0.01),
        "sparse_categorical_crossentropy",
        metrics=["accuracy", nissl.metrics.SparseCategoricalAccuracy(name="second")],
    )
    model.fit(np.ones((4, 2, 2)), np.arange(4) % 2, verbose=0)
    path = tmp_path_factory.mktemp("sound") / "m.keras"
    model.save(path)
    return read_archive(path)


def written(sound: Archive, path: Path, change: Change, weights: Change = lambda w: None) -> Path:
    config, arrays = copy.deepcopy(sound.config), dict(sound.weights)
    config = change(config) or config
    weights(arrays)
    groups = {"": "m", "optimizer": "adam"} | {
        f"layers/{n}": n for n in ("flatten", "dense", "dropout", "dense_1")
    }
    write_archive(path, config, sound.metadata, arrays, groups)
    return path


def at(config: Any, *path: Any) -> Any:
    for key in path:
        config = config[key]
    return config


def put(value: Any, *path: Any) -> Change:
    def change(config: dict[str, Any]) -> None:
        at(config, *path[:-1])[path[-1]] = value

    return change


def drop(*path: Any) -> Change:
    def change(config: dict[str, Any]) -> None:
        del at(config, *path[:-1])[path[-1]]

    return change


DENSE = ("config", "layers", 2)
SETTINGS = (*DENSE, "config")
OPTIMIZER = ("compile_config", "optimizer")

WRONG: dict[str, Change] = {
    "units huge": put(10**15, *SETTINGS, "units"),
    "units large": put(100_000, *SETTINGS, "units"),
    "units text": put("x", *SETTINGS, "units"),
    "units fraction": put(2.5, *SETTINGS, "units"),
    "units true": put(True, *SETTINGS, "units"),
    "units negative": put(-3, *SETTINGS, "units"),
    "units zero": put(0, *SETTINGS, "units"),
    "units list": put([3], *SETTINGS, "units"),
    "units null": put(None, *SETTINGS, "units"),
    "units missing": drop(*SETTINGS, "units"),
    "units other": put(4, *SETTINGS, "units"),
    "use_bias text": put("no", *SETTINGS, "use_bias"),
    "use_bias other": put(False, *SETTINGS, "use_bias"),
    "activation unknown": put("relux", *SETTINGS, "activation"),
    "activation number": put(3, *SETTINGS, "activation"),
    "activation lambda": put(
        {
            "module": "builtins",
            "class_name": "__lambda__",
            "config": {"value": ["4wAA", None, None]},
        },
        *SETTINGS,
        "activation",
    ),
    "activation foreign": put(
        {
            "module": "os",
            "class_name": "function",
            "config": "system",
            "registered_name": "function",
        },
        *SETTINGS,
        "activation",
    ),
    "initializer foreign": put(
        {"module": "subprocess", "class_name": "Popen", "config": {"args": "true"}},
        *SETTINGS,
        "kernel_initializer",
    ),
    "initializer settings": put(
        {
            "module": "keras.initializers",
            "class_name": "RandomUniform",
            "config": {"minval": "a"},
        },
        *SETTINGS,
        "kernel_initializer",
    ),
    "constraint": put(
        {"module": "keras.constraints", "class_name": "MaxNorm", "config": {}},
        *SETTINGS,
        "kernel_constraint",
    ),
    "regularizer": put(
        {"module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.01}},
        *SETTINGS,
        "kernel_regularizer",
    ),
    "dtype unknown": put("float31", *SETTINGS, "dtype"),
    "dtype integer": put("int32", *SETTINGS, "dtype"),
    "dtype mixed": put("mixed_float16", *SETTINGS, "dtype"),
    "dtype object": put({"class_name": "Unheard"}, *SETTINGS, "dtype"),
    "name number": put(3, *SETTINGS, "name"),
    "name path": put("../../etc", *SETTINGS, "name"),
    "name twice": lambda c: put(at(c, "config", "layers", 4, "config", "name"), *SETTINGS, "name")(
        c
    ),
    "layer unknown": put("Conv9D", *DENSE, "class_name"),
    "layer foreign": put("os.system", *DENSE, "class_name"),
    "layer number": put(7, *DENSE, "class_name"),
    "layer config list": put([], *DENSE, "config"),
    "layer config missing": drop(*DENSE, "config"),
    "layer text": put("Dense", *DENSE),
    "layer null": put(None, *DENSE),
    "layer is a metric": put("Mean", *DENSE, "class_name"),
    "layer missing": drop(*DENSE),
    "last layer missing": drop("config", "layers", 4),
    "layers missing": drop("config", "layers"),
    "layers text": put("Dense", "config", "layers"),
    "layers object": put({}, "config", "layers"),
    "input second": put(
        {
            "module": "keras.layers",
            "class_name": "InputLayer",
            "config": {"batch_shape": [None, 2, 2], "name": "i"},
        },
        "config",
        "layers",
        1,
    ),
    "input shape huge": put([None, 10**9, 10**9], "config", "layers", 0, "config", "batch_shape"),
    "input shape large": put([None, 2, 10**7], "config", "layers", 0, "config", "batch_shape"),
    "input shape text": put("28", "config", "layers", 0, "config", "batch_shape"),
    "input shape texts": put([None, "2", "2"], "config", "layers", 0, "config", "batch_shape"),
    "input shape negative": put([None, -2, 2], "config", "layers", 0, "config", "batch_shape"),
    "input shape empty": put([], "config", "layers", 0, "config", "batch_shape"),
    "input shape null": put(None, "config", "layers", 0, "config", "batch_shape"),
    "dropout rate": put(2.0, "config", "layers", 3, "config", "rate"),
    "dropout text": put("half", "config", "layers", 3, "config", "rate"),
    "dropout noise": put("ab", "config", "layers", 3, "config", "noise_shape"),
    "dropout seed": put("ab", "config", "layers", 3, "config", "seed"),
    "model class": put("Functional", "class_name"),
    "model class missing": drop("class_name"),
    "model class list": put(["Sequential"], "class_name"),
    "model config missing": drop("config"),
    "model config list": put([], "config"),
    "model name": put(["x"], "config", "name"),
    "empty": lambda config: {"nothing": 1},
    "optimizer unknown": put("Ftrlx", *OPTIMIZER, "class_name"),
    "optimizer foreign": put({"module": "os", "class_name": "system", "config": {}}, *OPTIMIZER),
    "optimizer text": put("adamm", *OPTIMIZER),
    "optimizer list": put([1], *OPTIMIZER),
    "optimizer null": put(None, *OPTIMIZER),
    "optimizer is a loss": put("MeanSquaredError", *OPTIMIZER, "class_name"),
    "rate text": put("fast", *OPTIMIZER, "config", "learning_rate"),
    "rate negative": put(-1.0, *OPTIMIZER, "config", "learning_rate"),
    "beta": put(1.5, *OPTIMIZER, "config", "beta_1"),
    "averages": put(True, *OPTIMIZER, "config", "use_ema"),
    "loss unknown": put("squared_eror", "compile_config", "loss"),
    "loss number": put(3, "compile_config", "loss"),
    "loss foreign": put(
        {"module": "builtins", "class_name": "function", "config": "eval"},
        "compile_config",
        "loss",
    ),
    "loss settings": put(
        {
            "module": "keras.losses",
            "class_name": "MeanSquaredError",
            "config": {"reduction": "most"},
        },
        "compile_config",
        "loss",
    ),
    "loss settings type": put(
        {
            "module": "keras.losses",
            "class_name": "BinaryCrossentropy",
            "config": {"label_smoothing": "x"},
        },
        "compile_config",
        "loss",
    ),
    "metrics text": put("accuracy", "compile_config", "metrics"),
    "metrics unknown": put(["acuracy"], "compile_config", "metrics"),
    "metrics numbers": put([1, 2], "compile_config", "metrics"),
    "metrics nested": put([["accuracy"]], "compile_config", "metrics"),
    "metric settings": put(
        {"module": "keras.metrics", "class_name": "BinaryAccuracy", "config": {"threshold": "x"}},
        "compile_config",
        "metrics",
        1,
    ),
    "metric foreign": put(
        {"module": "os", "class_name": "system", "config": {"command": "true"}},
        "compile_config",
        "metrics",
        1,
    ),
    "compile_config list": put([], "compile_config"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_config_is_refused_and_names_the_file(
    name: str, sound: Archive, tmp_path: Path
) -> None:
    path = written(sound, tmp_path / "bad.keras", WRONG[name])
    tracemalloc.start()
    clock = time.process_time()
    with pytest.raises(FileFormatError) as caught:
        load_model(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "bad.keras" in str(caught.value)
    assert len(str(caught.value)) < 3000
    assert peak < 64 << 20  # a number in a config does not decide how much memory is taken
    assert time.process_time() - clock < 10


def arrays_changed(change: Callable[[dict[str, Any]], Any]) -> Change:
    def apply(weights: dict[str, Any]) -> None:
        change(weights)

    return apply


KERNEL = "layers/dense/vars/0"
WRONG_WEIGHTS: dict[str, Change] = {
    "shape": lambda w: w.update({KERNEL: np.zeros((4, 5), np.float32)}),
    "transposed": lambda w: w.update({KERNEL: w[KERNEL].T.copy()}),
    "scalar": lambda w: w.update({KERNEL: np.float32(0)}),
    "integers": lambda w: w.update({KERNEL: w[KERNEL].astype(np.int32)}),
    "booleans": lambda w: w.update({KERNEL: w[KERNEL] > 0}),
    "missing": lambda w: w.pop("layers/dense/vars/1"),
    "missing first": lambda w: w.pop(KERNEL),
    "layer missing": lambda w: (w.pop(KERNEL), w.pop("layers/dense/vars/1")),
    "one more": lambda w: w.update({"layers/dense/vars/2": np.zeros(3, np.float32)}),
    "optimizer shape": lambda w: w.update({"optimizer/vars/2": np.zeros(7, np.float32)}),
    "optimizer missing": lambda w: w.pop("optimizer/vars/5"),
    "optimizer step": lambda w: w.update({"optimizer/vars/0": np.float32(1.5)}),
    "optimizer step negative": lambda w: w.update({"optimizer/vars/0": np.int64(-5)}),
    "optimizer step huge": lambda w: w.update({"optimizer/vars/0": np.int64(2**60)}),
    "learning rate": lambda w: w.update({"optimizer/vars/1": np.float32(np.nan)}),
}


@pytest.mark.parametrize("name", WRONG_WEIGHTS)
def test_weights_that_do_not_fit_are_refused(name: str, sound: Archive, tmp_path: Path) -> None:
    path = written(sound, tmp_path / "bad.keras", lambda c: None, WRONG_WEIGHTS[name])
    with pytest.raises(FileFormatError, match=r"bad\.keras"):
        load_model(path)


def test_weights_for_which_there_is_no_layer_are_not_passed_over(
    sound: Archive, tmp_path: Path
) -> None:
    path = written(sound, tmp_path / "bad.keras", WRONG["last layer missing"])
    with pytest.raises(FileFormatError, match=r"'layers/dense_1/vars/0', for which.*no layer"):
        load_model(path, compile=False)


def test_the_sound_file_and_harmless_differences_load(sound: Archive, tmp_path: Path) -> None:
    def newer(config: dict[str, Any]) -> None:
        """What other versions of Keras write."""
        dense = at(config, *SETTINGS)
        dense["quantization_config"] = None
        dense["dtype"] = {
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": "float32"},
            "registered_name": None,
            "shared_object_id": 7,
        }
        dense["kernel_initializer"]["config"] |= {"input_axes": None, "output_axes": None}
        at(config, "config", "layers", 0, "config").update(ragged=False, optional=False)
        at(config, "config", "layers", 3).pop("build_config")
        config["shared_object_id"] = 1
        config["compile_config"]["optimizer"]["config"]["unheard"] = None

    def doubles(weights: dict[str, Any]) -> None:
        weights[KERNEL] = weights[KERNEL].astype(np.float64)
        weights["optimizer/vars/0"] = np.int64(weights["optimizer/vars/0"])
        weights["nissl/extra/vars/0"] = np.zeros(3)

    for change, weights in ((lambda c: None, lambda w: None), (newer, doubles)):
        path = written(sound, tmp_path / "good.keras", change, weights)
        model = load_model(path)
        np.testing.assert_array_equal(model.get_weights()[0], sound.weights[KERNEL])
        assert model.get_weights()[0].dtype == np.float32
        model.fit(np.ones((4, 2, 2)), np.arange(4) % 2, verbose=0)


def test_weights_that_are_not_finite_load_for_who_wants_to_look(
    sound: Archive, tmp_path: Path
) -> None:
    def spoil(weights: dict[str, Any]) -> None:
        weights[KERNEL] = weights[KERNEL] * np.nan

    model = load_model(written(sound, tmp_path / "m.keras", lambda c: None, spoil))
    assert np.isnan(model.get_weights()[0]).all()


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(-1e9, 1e9)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key in sorted(value):
            found += places(value[key], (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            found += places(each, (*path, number))
    return found


@settings(
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_value_anywhere_loads_or_is_refused_in_order(
    data: st.DataObject, sound: Archive, tmp_path: Path
) -> None:
    place = data.draw(st.sampled_from(places(sound.config)))
    value = data.draw(json_values)
    path = written(sound, tmp_path / "any.keras", put(value, *place))
    try:
        model = load_model(path)
    except NisslError as error:
        refusal = error
    else:
        assert model.count_params() < 1000, json.dumps(value)
        return
    assert isinstance(refusal, FileFormatError)
    assert "any.keras" in str(refusal)
