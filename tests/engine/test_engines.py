"""Engines: the same numbers from each, the loops they compile, the cache they keep, JAX left alone.

The oracle of a loop is the loop written out in Python; that of a program, NumPy.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nissl
from close import assert_close
from nissl.core import functions as F
from nissl.core.program import Program, trace
from nissl.core.tensor import Aval
from nissl.engine import Engine, Loop, LoopSpec, default_engine, get_engine, set_engine
from nissl.engine.choice import has_xla, make_loop, native_loop
from nissl.errors import MissingDependencyError, UnknownNameError

ENGINES = ("numpy", "xla")
SOURCE = Path(nissl.__file__).parents[1]
needs_jax = pytest.mark.skipif(not has_xla(), reason="needs JAX")


@pytest.fixture(autouse=True)
def default_engine_afterwards() -> Iterator[None]:
    yield
    set_engine(None)


def run_on(engine: str, program: Program, *values: Any) -> list[np.ndarray[Any, Any]]:
    return get_engine(engine).run(program, [np.asarray(v) for v in values])


# ---- which engine ------------------------------------------------------------------------------


@needs_jax
def test_the_engine_is_chosen_and_goes_back() -> None:
    assert default_engine() == "xla"
    set_engine("numpy")
    assert default_engine() == "numpy"
    assert get_engine().name == "numpy"
    assert get_engine("xla").name == "xla"
    set_engine(None)
    assert get_engine().name == "xla"


def test_an_unknown_engine_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'numpy'"):
        set_engine("numpi")
    with pytest.raises(UnknownNameError, match="Known: numpy, xla"):
        get_engine("torch")


def test_without_the_compiler_numpy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nissl.engine.choice.has_xla", lambda: False)
    assert default_engine() == "numpy"
    with pytest.raises(MissingDependencyError, match=r"pip install 'nissl\[xla\]'"):
        get_engine("xla")
    assert nissl.jit(lambda x: x * 2)(3.0).item() == 6.0


def test_a_process_without_jax_trains_on_numpy() -> None:
    """What a user has who installed NumPy only; a finder that hides the others stands for that."""
    script = (
        "import sys, numpy as np\n"
        "class Hide:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('jax', 'jaxlib', 'h5py', 'ml_dtypes'):\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "import importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n == 'jax' else real(n, *a)\n"
        "sys.meta_path.insert(0, Hide())\n"
        "import nissl\n"
        "model = nissl.Sequential([nissl.Input((2,)), nissl.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "x = np.eye(2); history = model.fit(x, x[:, :1], epochs=3, verbose=0)\n"
        "assert history.history['loss'][2] < history.history['loss'][0]\n"
        "print(nissl.engine.default_engine(), model.predict(x, verbose=0).shape)\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert result.stderr == ""
    assert result.stdout == "numpy (2, 1)\n"


# ---- programs ----------------------------------------------------------------------------------


def network(x: Any, w: Any, b: Any) -> Any:
    z = F.tanh(x @ w + b)
    return F.mean(F.square(F.softmax(z)), axis=0), F.argmax(z, axis=1), F.sort(z, axis=1)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_gives_what_numpy_gives(engine: str) -> None:
    rng = np.random.default_rng(1)
    x, w, b = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)
    program = trace(
        network, Aval((5, 3), "float64"), Aval((3, 4), "float64"), Aval((4,), "float64")
    )
    mean, largest, ordered = run_on(engine, program, x, w, b)
    z = np.tanh(x @ w + b)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert_close(mean, (p**2).mean(axis=0), 1e-12)
    np.testing.assert_array_equal(largest, z.argmax(axis=1))
    assert_close(ordered, np.sort(z, axis=1), 1e-12)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int64", "uint32"])
def test_each_output_has_the_dtype_that_the_program_promises(dtype: str) -> None:
    def work(x: Any) -> Any:
        return x + x, F.sum(x), x > 1, F.astype(x, "float32"), x[1:], F.cumulative_sum(x)

    program = trace(work, Aval((4,), dtype))
    for engine in ENGINES:
        found = run_on(engine, program, np.arange(4).astype(dtype))
        for value, aval in zip(found, program.out_avals, strict=True):
            assert (value.shape, value.dtype) == (aval.shape, aval.dtype), engine


def test_programs_without_inputs_and_with_passed_through_inputs() -> None:
    constant = trace(lambda: F.arange(3) * 2)
    through = trace(lambda x: (x, x, 1.0), Aval((2,), "float32"))
    for engine in ENGINES:
        assert run_on(engine, constant)[0].tolist() == [0, 2, 4]
        first, second, one = run_on(engine, through, np.float32([1, 2]))
        assert first.tolist() == second.tolist() == [1, 2]
        assert one.tolist() == 1.0


# ---- loops -------------------------------------------------------------------------------------


def step(rate: Any, w: Any, total: Any, count: Any, x: Any, y: Any) -> Any:
    """One step of linear regression, and what is counted of it."""
    error = x @ w - y
    w_new = w - rate * (2.0 / x.shape[0]) * (F.matrix_transpose(x) @ error)
    return w_new, total + F.sum(F.square(error)), count + float(x.shape[0])


def make_spec(rows: int, size: int, shuffled: bool) -> LoopSpec:
    def traced(batch: int) -> Program:
        shapes = [(), (3,), (), (), (batch, 3), (batch,)]
        return trace(step, *(Aval(shape, "float64") for shape in shapes), name="step")

    left = rows % size
    avals = [Aval((3,), "float64"), Aval((), "float64"), Aval((), "float64")]
    return LoopSpec(
        step=traced(size),
        last=traced(left) if left else None,
        report=trace(lambda w, total, count: (total / count, count), *avals, name="report"),
        fixed=1,
        state=3,
        batch_size=size,
        rows=rows,
        shuffled=shuffled,
        fresh=(None, np.zeros(()), np.zeros(())),
    )


def by_hand(
    x: Any, y: Any, orders: Any, size: int, rate: float, w: Any
) -> tuple[Any, list[float], list[float]]:
    means, counts = [], []
    for order in orders:
        total = count = 0.0
        for start in range(0, len(x), size):
            rows = order[start : start + size]
            error = x[rows] @ w - y[rows]
            w = w - rate * 2 / len(rows) * x[rows].T @ error
            total, count = total + float((error**2).sum()), count + len(rows)
        means.append(total / count)
        counts.append(count)
    return w, means, counts


def make_loop_on(engine: str, spec: LoopSpec) -> tuple[Engine, Loop]:
    if engine != "native":
        return get_engine(engine), get_engine(engine).loop(spec)
    small = native_loop(spec)
    if small is None:
        pytest.skip("no C compiler here")
    return get_engine("numpy"), small


@pytest.mark.parametrize("engine", [*ENGINES, "native"])
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize(("rows", "size"), [(12, 4), (13, 4), (5, 5), (6, 5), (3, 1)])
def test_loops_do_what_python_does(engine: str, shuffled: bool, rows: int, size: int) -> None:
    rng = np.random.default_rng(rows)
    x, y = rng.normal(size=(rows, 3)), rng.normal(size=rows)
    spec = make_spec(rows, size, shuffled)
    runs, loop = make_loop_on(engine, spec)
    epochs = 3
    plain = np.arange(rows)
    orders = [rng.permutation(rows) if shuffled else plain for _ in range(epochs)]
    rate, start = np.asarray(0.05), [np.ones(3), np.zeros(()), np.zeros(())]
    wanted, means, counts = by_hand(x, y, orders, size, 0.05, np.ones(3))

    given = np.stack(orders).astype(np.int32) if shuffled else None
    data = [runs.to_device(x), runs.to_device(y)]
    fixed = [runs.to_device(rate)]
    state, reports = loop.run_epochs(fixed, [runs.to_device(s) for s in start], data, given, epochs)
    assert_close(np.asarray(state[0]), wanted, 1e-12)
    assert_close(reports[0], means, 1e-12)
    np.testing.assert_array_equal(reports[1], counts)

    # the same in pieces of one and more batches
    state = [runs.to_device(s) for s in start]
    for order in orders:
        state = spec.renew(state, runs.to_device)
        chosen = runs.to_device(order.astype(np.int32)) if shuffled else None
        middle = max(1, spec.steps // 2)
        for first, after in ((0, middle), (middle, spec.steps)):
            state = loop.run(fixed, state, data, chosen, first, after)
    assert_close(np.asarray(state[0]), wanted, 1e-12)
    assert float(np.asarray(state[2])) == rows


def test_a_loop_may_run_fewer_epochs_than_it_has_room_for() -> None:
    spec = make_spec(4, 2, shuffled=True)
    assert spec.capacity > 2
    assert (spec.full_steps, spec.steps) == (2, 2)
    assert make_spec(5, 2, shuffled=True).steps == 3
    x, y = np.ones((4, 3)), np.ones(4)
    state = [np.zeros(3), np.zeros(()), np.zeros(())]
    order = np.arange(4, dtype=np.int32)[None]
    _, reports = get_engine("xla").loop(spec).run_epochs([np.asarray(0.0)], state, [x, y], order, 1)
    assert [len(r) for r in reports] == [1, 1]
    assert reports[0].tolist() == [1.0]


def small_network() -> nissl.Sequential:
    model = nissl.Sequential(
        [nissl.Input((1,)), nissl.layers.Dense(3, "tanh"), nissl.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    return model


def loop_of(model: nissl.Sequential) -> str:
    x = np.linspace(-1, 1, 6)[:, None]
    model.fit(x, x, batch_size=4, epochs=1, verbose=0)
    return type(model._compiled.values()[0].compiled).__name__


@needs_jax
@pytest.mark.usefixtures("native_loops")
def test_a_small_network_trains_in_machine_code_where_there_is_a_compiler(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    if shutil.which("cc") or shutil.which("gcc") or shutil.which("clang"):
        assert loop_of(small_network()) == "NativeLoop"
        (library,) = (tmp_path / "native").iterdir()  # nothing of the compilation is left beside
        assert library.suffix == ".so"
    monkeypatch.setenv("NISSL_NATIVE", "0")
    assert loop_of(small_network()) == "_XlaLoop"
    monkeypatch.delenv("NISSL_NATIVE")
    monkeypatch.setenv("PATH", str(tmp_path))  # no compiler
    assert loop_of(small_network()) == "_XlaLoop"
    set_engine("numpy")
    assert loop_of(small_network()) == "_NumpyLoop"


@needs_jax
def test_a_compiler_that_fails_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("cc", "gcc", "clang"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("NISSL_MARCH", raising=False)  # with it, a failure is an error
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path / "cache"))
    assert loop_of(small_network()) == "_XlaLoop"
    assert not list((tmp_path / "cache" / "native").glob("*"))


def test_a_library_that_others_could_have_written_is_not_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    spec = make_spec(4, 2, shuffled=False)
    if native_loop(spec) is None:
        pytest.skip("no C compiler here")
    (library,) = (tmp_path / "native").iterdir()
    library.unlink()  # it is loaded, and must not change under this process
    library.write_bytes(b"not ours")
    library.parent.chmod(0o777)
    assert native_loop(spec) is not None  # compiled again
    assert library.stat().st_size > 100


def test_a_step_that_c_cannot_say_is_left_to_xla() -> None:
    spec = make_spec(4, 2, shuffled=False)
    sorting = trace(lambda *a: (F.sort(a[1]), *step(*a)[1:]), *spec.step.in_avals, name="step")
    _, loop = make_loop(dataclasses.replace(spec, step=sorting), "xla")
    assert type(loop).__name__ == "_XlaLoop"


# ---- JAX and its cache -------------------------------------------------------------------------


def test_the_users_own_jax_keeps_its_precision() -> None:
    import jax
    import jax.numpy as jnp

    before = jax.config.read("jax_enable_x64")
    assert nissl.jit(lambda x: x * 2)(np.float64(0.1)).dtype == np.float64
    assert jax.config.read("jax_enable_x64") == before
    assert jnp.asarray(np.float64([0.1])).dtype == (jnp.float64 if before else jnp.float32)
    with jax.enable_x64(not before):
        assert nissl.jit(lambda x: x * 3)(np.float64(0.1)).dtype == np.float64


@needs_jax
def test_compiled_programs_are_kept_and_found_by_the_next_process(tmp_path: Path) -> None:
    """Counted by JAX's own events: the second process asks for nothing that is not there."""
    script = (
        "import collections, jax, numpy as np\n"
        "seen = collections.Counter()\n"
        "jax.monitoring.register_event_listener(lambda event, **_: seen.update([event]))\n"
        "import nissl\n"
        "model = nissl.Sequential([nissl.Input((2,)), nissl.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "x = np.ones((5, 2)); model.fit(x, x[:, :1], batch_size=2, epochs=2, verbose=0)\n"
        "model.predict(x, verbose=0)\n"
        "print(seen['/jax/compilation_cache/cache_hits'],\n"
        "      seen['/jax/compilation_cache/cache_misses'])\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"}
    environment |= {"NISSL_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(SOURCE)}
    environment["NISSL_NATIVE"] = "0"
    environment.pop("NISSL_NO_CACHE", None)

    def process(**extra: str) -> tuple[int, int]:
        result = subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**environment, **extra},
        )
        hits, misses = result.stdout.split()
        return int(hits), int(misses)

    first_hits, first_misses = process()
    assert (first_hits, first_misses > 0) == (0, True)
    kept = [p for p in (tmp_path / "cache" / "xla").rglob("*") if p.name.endswith("-cache")]
    assert len(kept) == first_misses
    assert process() == (first_misses, 0)
    chosen = tmp_path / "chosen"
    process(  # what the user chose for JAX stays
        JAX_COMPILATION_CACHE_DIR=str(chosen), JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS="0"
    )
    assert any(chosen.iterdir())
    unused = tmp_path / "unused"
    process(NISSL_CACHE=str(unused), NISSL_NO_CACHE="1")
    assert not unused.exists()


def test_a_cache_that_cannot_be_written_is_not_given_to_jax(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would warn at each program that it compiles."""
    from nissl.engine import xla

    chosen: dict[str, object] = {}
    config = types.SimpleNamespace(jax_compilation_cache_dir=None, update=chosen.__setitem__)
    monkeypatch.setattr(xla.jax, "config", config)
    monkeypatch.delenv("NISSL_NO_CACHE", raising=False)
    (tmp_path / "file").touch()
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path / "file"))
    xla._keep_compiled_programs()
    assert chosen == {}
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path / "folder"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        xla._keep_compiled_programs()
        assert chosen == {}
    xla._keep_compiled_programs()
    assert chosen["jax_compilation_cache_dir"] == str(tmp_path / "folder" / "xla")
