"""The native loop gives what the NumPy engine gives, or steps aside."""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nissl
from nissl.engine import base, get_engine
from nissl.engine.base import LoopSpec
from nissl.engine.native import loop as native
from nissl.engine.native import native_loop
from nissl.engine.native.codegen import Unsupported
from nissl.models.inputs import Data

needs_compiler = pytest.mark.skipif(
    os.name != "posix" or shutil.which("cc") is None, reason="needs a C compiler"
)


def spec_and_state(
    model: nissl.Sequential, data: Data, batch_size: int, shuffled: bool
) -> tuple[LoopSpec, list[Any], list[Any]]:
    """What `fit` would hand to an engine."""
    model._ensure_built((None, *data.x.shape[1:]))
    runner = model._runner("train", data, batch_size, shuffled)
    fixed = [np.asarray(v.raw) for v in runner.step.fixed]
    return runner.spec, fixed, [np.asarray(v.raw) for v in runner.step.state]


def network(loss: str, activation: str, optimizer: Any, outputs: int, last: str) -> Any:
    nissl.utils.set_random_seed(3)
    model = nissl.Sequential(
        [
            nissl.Input((2,)),
            nissl.layers.Dense(3, activation=activation),
            nissl.layers.Dense(outputs, activation=last),
        ]
    )
    metrics = ["accuracy"] if "crossentropy" in loss else ["mae"]
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics)
    return model


def samples(loss: str, rows: int = 23) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 2)).astype("float32")
    if loss == "sparse_categorical_crossentropy":
        return x, rng.integers(0, 3, rows)
    if loss == "binary_crossentropy":
        return x, rng.integers(0, 2, (rows, 1)).astype("float32")
    return x, rng.normal(size=(rows, 1)).astype("float32")


OPTIMIZERS = {
    "sgd": lambda: nissl.optimizers.SGD(0.1),
    "nesterov": lambda: nissl.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda: nissl.optimizers.Adam(0.01),
    "clipped": lambda: nissl.optimizers.SGD(0.1, global_clipnorm=0.5),
}
CASES = [
    ("mse", "tanh", "sgd", 1, "linear"),
    ("mse", "sigmoid", "adam", 1, "linear"),
    ("mae", "leaky_relu", "nesterov", 1, "linear"),
    ("huber", "softplus", "sgd", 1, "tanh"),
    ("mse", "tanh", "clipped", 1, "linear"),
    ("binary_crossentropy", "relu", "nesterov", 1, "sigmoid"),
    ("sparse_categorical_crossentropy", "tanh", "adam", 3, "softmax"),
    ("sparse_categorical_crossentropy", "elu", "sgd", 3, "softmax"),
]


@needs_compiler
@pytest.mark.parametrize("case", CASES, ids=["-".join(map(str, c)) for c in CASES])
def test_native_loop_agrees_with_numpy(case: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    loss, activation, optimizer, outputs, last = case
    for batch_size, weighted in itertools.product((23, 5), (False, True)):
        x, y = samples(loss)
        weights = np.linspace(0.5, 1.5, 23, dtype="float32") if weighted else None
        model = network(loss, activation, OPTIMIZERS[optimizer](), outputs, last)
        spec, fixed, state = spec_and_state(model, Data(x, y, weights), batch_size, True)
        data = [a for a in (x, y, weights) if a is not None]
        made = native_loop(spec)
        if made is None:  # say why, instead of passing by
            native.source_of(spec)
        assert made is not None
        plain = get_engine("numpy").loop(spec)
        orders = np.stack([np.random.default_rng(i).permutation(23) for i in range(7)])
        orders = orders.astype(np.int32)
        found, found_reports = made.epochs(fixed, state, data, orders, 7)
        wanted, wanted_reports = plain.epochs(fixed, state, data, orders, 7)
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)
        for a, b in zip(found_reports, wanted_reports, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)
        some = made.steps(fixed, state, data, orders[0], 1, spec.steps)
        same = plain.steps(fixed, state, data, orders[0], 1, spec.steps)
        for a, b in zip(some, same, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


@needs_compiler
def test_float64_is_kept_to_its_own_precision(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    nissl.set_default_float("float64")
    try:
        model = network("mse", "tanh", nissl.optimizers.SGD(0.1), 1, "linear")
        x, y = (a.astype("float64") for a in samples("mse"))
        data = Data(x, y, dtype=np.dtype("float64"))
        spec, fixed, state = spec_and_state(model, data, 5, False)
    finally:
        nissl.set_default_float("float32")
    made = native_loop(spec)
    assert made is not None
    found, _ = made.epochs(fixed, state, [x, y], None, 3)
    wanted, _ = get_engine("numpy").loop(spec).epochs(fixed, state, [x, y], None, 3)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6 if a.dtype == np.float32 else 1e-12, atol=1e-13)


@needs_compiler
@pytest.mark.parametrize(
    ("name", "reference"), [("tanh", np.tanh), ("exp", np.exp), ("sigmoid", None)]
)
def test_own_functions_are_right_everywhere(
    name: str, reference: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    reference = reference or (lambda v: 1 / (1 + np.exp(-v)))
    text = native.PRELUDE + (
        f"void sweep(const float *x, float *y, long n) "
        f"{{ for (long i = 0; i < n; i++) y[i] = nissl_{name}_f(x[i]); }}"
    )
    compiler = shutil.which("cc")
    assert compiler is not None
    library = native._library(text, compiler)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-38, -1e-38, 3e-4, 5e-4]
    special += [88.0, -87.3, 200, -200]
    x = np.concatenate([np.linspace(-30, 30, 200_001), special]).astype("float32")
    y = np.empty_like(x)
    library.sweep(
        *(native.ctypes.c_void_p(a.ctypes.data) for a in (x, y)), native.ctypes.c_long(len(x))
    )
    with np.errstate(over="ignore", under="ignore"):
        wanted = reference(x.astype("float64"))
        tight = wanted.astype("float32")
    assert np.array_equal(np.isnan(y), np.isnan(x))
    normal = np.abs(wanted) > 1.2e-38
    finite = np.isfinite(tight) & normal & ~np.isnan(x)
    units = np.abs(y[finite] - wanted[finite]) / np.spacing(np.abs(tight[finite]))
    assert units.max() < 6
    infinite = np.isinf(tight)
    assert np.array_equal(y[infinite], tight[infinite])


def test_what_is_too_large_is_left_to_xla() -> None:
    wide = nissl.Sequential([nissl.Input((3000,)), nissl.layers.Dense(3000)])
    wide.compile(optimizer="sgd", loss="mse")
    data = Data(np.ones((4, 3000), "float32"), np.ones((4, 3000), "float32"))
    spec, _, _ = spec_and_state(wide, data, 4, False)
    assert native_loop(spec) is None
    with pytest.raises(Unsupported):
        native.source_of(spec)


def test_it_needs_no_jax_and_leaves_numpy_to_those_who_ask(monkeypatch: Any) -> None:
    monkeypatch.setattr(base, "has_xla", lambda: False)
    x, y = samples("mse")

    def kind(**options: Any) -> str:
        model = network("mse", "tanh", "sgd", 1, "linear")
        model.run_eagerly = options.get("run_eagerly", False)
        model.fit(x, y, epochs=1, verbose=0)
        return type(next(iter(model._runners.values())).loop).__name__

    assert kind() == ("NativeLoop" if shutil.which("cc") else "_NumpyLoop")
    assert kind(run_eagerly=True) == "_NumpyLoop"
    nissl.engine.set_engine("numpy")
    try:
        assert kind() == "_NumpyLoop"
    finally:
        nissl.engine.set_engine(None)


def test_it_can_be_switched_off(monkeypatch: Any) -> None:
    monkeypatch.setenv("NISSL_NATIVE", "0")
    model = network("mse", "tanh", "sgd", 1, "linear")
    x, y = samples("mse")
    spec, _, _ = spec_and_state(model, Data(x, y), 5, False)
    assert native_loop(spec) is None


@needs_compiler
def test_a_library_that_others_can_write_is_not_loaded(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    model = network("mse", "tanh", "sgd", 1, "linear")
    x, y = samples("mse")
    spec, fixed, state = spec_and_state(model, Data(x, y), 23, False)
    assert native_loop(spec) is not None
    (library,) = (tmp_path / "native").glob("*.so")
    assert native._trusted(library)
    (tmp_path / "native").chmod(0o777)
    assert not native._trusted(library)
    (tmp_path / "native").chmod(0o700)
    half = library.read_bytes()[:9000]
    library.unlink()  # it is in use: another file takes its name
    library.write_bytes(half)
    assert not native._trusted(library)
    again = native_loop(spec)  # it is made anew
    assert again is not None
    again.epochs(fixed, state, [x, y], None, 1)
    assert native._trusted(library)


@needs_compiler
def test_training_that_diverges_is_stopped_at_the_right_step() -> None:
    model = network("mse", "relu", nissl.optimizers.SGD(1e4), 1, "linear")
    x, y = samples("mse")
    with pytest.raises(nissl.errors.NonFiniteError, match="op") as caught:
        model.fit(x, y, epochs=300, batch_size=5, verbose=0)
    assert "epoch" in str(caught.value)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert model.history is not None
    assert len(model.history.history.get("loss", [])) < 300
