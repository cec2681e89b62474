"""The native loop gives what the NumPy engine gives, or steps aside."""

from __future__ import annotations

import ctypes
import itertools
import os
import select
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nissl
from nissl.engine import choice, get_engine
from nissl.engine.base import LoopSpec
from nissl.engine.choice import native_loop
from nissl.engine.native import compiler
from nissl.engine.native import loop as native
from nissl.engine.native.emit import source_of_arrays
from nissl.engine.native.functions import Unsupported
from nissl.models import streaming
from nissl.models.inputs import Data

pytestmark = pytest.mark.usefixtures("native_loops")
needs_compiler = pytest.mark.skipif(
    os.name != "posix" or shutil.which("cc") is None, reason="needs a C compiler"
)


def spec_and_state(
    model: nissl.Sequential, data: Data, batch_size: int, shuffled: bool
) -> tuple[LoopSpec, list[Any], list[Any]]:
    """What `fit` would hand to an engine."""
    model._ensure_built((None, *data.x.shape[1:]))
    loop = model._loop("train", data, batch_size, shuffled)
    fixed = [np.asarray(v.raw) for v in loop.step.fixed]
    return loop.spec, fixed, [np.asarray(v.raw) for v in loop.step.state]


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
        found, found_reports = made.run_epochs(fixed, state, data, orders, 7)
        wanted, wanted_reports = plain.run_epochs(fixed, state, data, orders, 7)
        for a, b in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)
        for a, b in zip(found_reports, wanted_reports, strict=True):
            np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)
        some = made.run(fixed, state, data, orders[0], 1, spec.steps)
        same = plain.run(fixed, state, data, orders[0], 1, spec.steps)
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
    found, _ = made.run_epochs(fixed, state, [x, y], None, 3)
    wanted, _ = get_engine("numpy").loop(spec).run_epochs(fixed, state, [x, y], None, 3)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6 if a.dtype == np.float32 else 1e-12, atol=1e-13)


def log_cosh(x: Any) -> Any:
    """With the digits of small numbers, by ``log(1 + 2 sinh(x/2)**2)``."""
    small = np.log1p(2 * np.sinh(np.clip(x, -1, 1) / 2) ** 2)
    return np.where(np.abs(x) < 1, small, np.logaddexp(x, -x) - np.log(2))


@needs_compiler
@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("tanh", np.tanh),
        ("exp", np.exp),
        ("sigmoid", lambda v: 1 / (1 + np.exp(-v))),
        ("log_cosh", log_cosh),
        ("softsign", lambda v: np.where(np.isinf(v), np.sign(v), v / (1 + np.abs(v)))),
    ],
)
def test_own_functions_are_right_everywhere(
    name: str, reference: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    text = native.PRELUDE + (
        f"void sweep(const float *x, float *y, long n) "
        f"{{ for (long i = 0; i < n; i++) y[i] = nissl_{name}_f(x[i]); }}"
    )
    library = compiler.load(text, shutil.which("cc") or "")
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-38, -1e-38, 3e-4, 5e-4]
    special += [88.0, -87.3, 200, -200]
    x = np.concatenate([np.linspace(-30, 30, 200_001), np.linspace(-110, 90, 40_001), special])
    x = x.astype("float32")
    y = np.empty_like(x)
    library.sweep(
        *(native.ctypes.c_void_p(a.ctypes.data) for a in (x, y)), native.ctypes.c_long(len(x))
    )
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        wanted = reference(x.astype("float64"))
        tight = wanted.astype("float32")
    assert np.array_equal(np.isnan(y), np.isnan(x))
    normal = np.abs(wanted) > 1.2e-38
    finite = np.isfinite(tight) & normal & ~np.isnan(x)
    units = np.abs(y[finite] - wanted[finite]) / np.spacing(np.abs(tight[finite]))
    assert units.max() < 6
    small = ~normal & np.isfinite(x)  # where numbers have fewer digits
    assert np.abs(y[small] - wanted[small]).max() < 6 * 1.4e-45
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
    monkeypatch.setattr(choice, "has_xla", lambda: False)
    x, y = samples("mse")

    def kind(**options: Any) -> str:
        model = network("mse", "tanh", "sgd", 1, "linear")
        model.run_eagerly = options.get("run_eagerly", False)
        model.fit(x, y, epochs=1, verbose=0)
        return type(model._compiled.values()[0].compiled).__name__

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
    assert compiler._trusted(library)
    (tmp_path / "native").chmod(0o777)
    assert not compiler._trusted(library)
    (tmp_path / "native").chmod(0o700)
    half = library.read_bytes()[:9000]
    library.unlink()  # it is in use: another file takes its name
    library.write_bytes(half)
    assert not compiler._trusted(library)
    again = native_loop(spec)  # it is made anew
    assert again is not None
    again.run_epochs(fixed, state, [x, y], None, 1)
    assert compiler._trusted(library)


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


# each op where C has rules of its own: integers, bools, and what is not a number
OPS = {
    "sign": (nissl.sign, [[np.nan, -2.0, 0.0, np.inf]], "float32"),
    "abs": (nissl.abs, [[-(2**60) - 1, 5, 0]], "int64"),
    "isfinite": (nissl.isfinite, [[1, 0, 7]], "int32"),
    "max": (lambda x: nissl.max(x, axis=1), [[False, True], [False, False]], "bool"),
    "min": (lambda x: nissl.min(x, axis=1), [[False, True], [True, True]], "bool"),
    "all": (lambda x: nissl.all(x, axis=1), [[False, True], [True, True]], "bool"),
    "any": (lambda x: nissl.any(x, axis=1), [[False, True], [False, False]], "bool"),
    "argmax": (
        lambda x: nissl.argmax(x, axis=1),
        [[1, np.nan, 3, np.nan], [np.nan, 5, 6, 7], [1, 3, 3, 2]],
        "float32",
    ),
    "sum": (lambda x: nissl.sum(nissl.broadcast_to(x, (5, 3)), axis=0), [[1, 2, 250]], "uint8"),
}


def spec_of(step: Any, fixed: Any, state: Any, rows: Any) -> LoopSpec:
    """A loop of one step, whose outputs are the new state."""
    return LoopSpec(
        step=nissl.trace(step, *fixed, *state, *rows),
        last=None,
        report=nissl.trace(lambda *s: nissl.sum(nissl.astype(s[0], "float32")), *state),
        fixed=len(fixed),
        state=len(state),
        batch_size=len(rows[0]),
        rows=len(rows[0]),
        shuffled=False,
        fresh=(None,) * len(state),
    )


@needs_compiler
@pytest.mark.parametrize("write", [native.source_of_numbers, source_of_arrays])
@pytest.mark.parametrize("name", OPS)
def test_ops_mean_what_they_mean_in_numpy(
    name: str, write: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    compute, values, dtype = OPS[name]
    x = np.array(values, dtype)
    wanted = np.asarray(compute(nissl.asarray(x)))
    state, rows = np.zeros_like(wanted), np.zeros((1, 1), "float32")
    spec = spec_of(lambda x, _state, _rows: [compute(x)], [x], [state], [rows])
    made = native.NativeLoop(spec, compiler.load(write(spec), shutil.which("cc") or ""))
    (found,) = made.run([x], [state], [rows], None, 0, 1)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


def test_a_product_of_too_many_columns_is_left_to_xla() -> None:
    """Its chunks could not be numbered."""
    w, x = np.zeros((1, 300_000), "float32"), np.zeros((1, 1), "float32")
    spec = spec_of(lambda w, s, x: [s + x @ w], [w], [w], [x])
    with pytest.raises(Unsupported, match="wide"):
        source_of_arrays(spec)


# ---- what the compiler and the cache may do ----------------------------------------------------
def compiler_script(folder: Path, text: str) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / "cc"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


def small_spec() -> tuple[LoopSpec, list[Any], list[Any], list[Any]]:
    x, y = samples("mse")
    spec, fixed, state = spec_and_state(
        network("mse", "tanh", "sgd", 1, "linear"), Data(x, y), 23, False
    )
    return spec, fixed, state, [x, y]


@needs_compiler
def test_a_compiler_that_fails_is_asked_once(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("NISSL_MARCH", raising=False)  # with it, a failure is an error
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path / "cache"))
    spec, *_ = small_spec()
    calls = tmp_path / "calls"
    script = compiler_script(tmp_path, f"echo called >> {calls}; exit 1")
    monkeypatch.setattr(native, "find_compiler", lambda: script)
    assert native_loop(spec) is None
    assert native_loop(spec) is None
    assert calls.read_text() == "called\n"


@needs_compiler
def test_a_compiler_that_hangs_is_ended_with_its_children(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("NISSL_MARCH", raising=False)  # with it, a failure is an error
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path / "cache"))
    spec, *_ = small_spec()
    monkeypatch.setattr(compiler, "SECONDS", 0.5)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = compiler_script(tmp_path, f"sleep 100 > {pipe} & wait")
    monkeypatch.setattr(native, "find_compiler", lambda: script)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert native_loop(spec) is None
    ready, _, _ = select.select([reader], [], [], 20)
    assert ready  # the end of the file: nobody holds the pipe any more
    assert os.read(reader, 1) == b""
    os.close(reader)


@needs_compiler
def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path / "file"))
    spec, fixed, state, data = small_spec()
    made = native_loop(spec)
    assert made is not None
    made.run_epochs(fixed, state, data, None, 1)


@needs_compiler
def test_a_cache_from_which_nothing_may_be_run_is_done_without(
    tmp_path: Path, monkeypatch: Any
) -> None:
    """As on a file system that is mounted noexec; the library is kept there all the same."""
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    load = ctypes.CDLL

    def loaded(name: str) -> ctypes.CDLL:
        if name.startswith(str(tmp_path)):
            raise OSError("failed to map segment from shared object")
        return load(name)

    monkeypatch.setattr(ctypes, "CDLL", loaded)
    spec, fixed, state, data = small_spec()
    for _ in range(2):
        made = native_loop(spec)
        assert made is not None
        made.run_epochs(fixed, state, data, None, 1)
    monkeypatch.setattr(ctypes, "CDLL", lambda name: loaded(str(tmp_path)))
    assert native_loop(spec) is None  # nor from the system's temporary folder


@needs_compiler
@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
def test_a_loop_that_is_dropped_is_unmapped(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    first, again = native_loop(small_spec()[0]), native_loop(small_spec()[0])
    assert first is not None
    assert again is not None
    for loop in ("first", "again"):
        assert str(tmp_path) in Path("/proc/self/maps").read_text()
        if loop == "first":
            del first
        else:
            del again
    assert str(tmp_path) not in Path("/proc/self/maps").read_text()


@needs_compiler
def test_processes_that_compile_the_same_do_not_disturb_each_other(
    tmp_path: Path, monkeypatch: Any
) -> None:
    """What threads do here, all at the same time: each compiles, and one library is kept."""
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    spec, fixed, state, data = small_spec()
    together = threading.Barrier(4)

    def train(_: int) -> Any:
        together.wait()
        made = native_loop(spec)
        assert made is not None
        return made.run_epochs(fixed, state, data, None, 2)[1]

    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(train, range(4)))
    for report in reports[1:]:
        np.testing.assert_array_equal(report, reports[0])
    assert [path.suffix for path in (tmp_path / "native").iterdir()] == [".so"]


# ---- data as users have them -------------------------------------------------------------------
@needs_compiler
def test_data_are_copied_only_if_c_cannot_read_them_and_they_are_small(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    spec, fixed, state, (x, y) = small_spec()
    made = native_loop(spec)
    assert made is not None
    x.flags.writeable = False
    held = made.hold([x, y])
    assert held is not None
    assert np.shares_memory(held[0], x)
    shifted = np.zeros(x.nbytes + 1, "uint8")[1:].view("float32").reshape(x.shape)
    shifted[...] = x
    wanted = made.run(fixed, state, [x, y], None, 0, 1)
    for other in (shifted, x[::-1].copy()[::-1], np.asfortranarray(x), x.astype(">f4")):
        held = made.hold([other, y])
        assert held is not None
        assert held[0].flags.aligned
        assert held[0].flags.c_contiguous
        for a, b in zip(made.run(fixed, state, [other, y], None, 0, 1), wanted, strict=True):
            np.testing.assert_array_equal(a, b)
    large = np.broadcast_to(np.float16(0), (1 << 22, 2))
    assert made.hold([large, y]) is None


@needs_compiler
def test_large_data_that_must_be_cast_are_brought_in_pieces(monkeypatch: Any) -> None:
    monkeypatch.setattr(native, "_MOST_COPIED", 0)
    monkeypatch.setattr(streaming, "RESIDENT_BYTES", 0)
    monkeypatch.setattr(streaming, "PIECE_BYTES", 100)
    x, y = samples("mse")
    weights: list[Any] = []
    for eager in (False, True):
        model = network("mse", "tanh", "adam", 1, "linear")
        model.run_eagerly = eager
        model.fit(x.astype("float16"), y, batch_size=5, epochs=2, verbose=0)
        weights.append(model.get_weights())
        assert isinstance(model._compiled.values()[0].feed(Data(x[::2], y)), streaming.Streamed)
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
