"""The loop over whole arrays gives what the NumPy engine gives, on any number of threads."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nissl
from nissl.engine import get_engine
from nissl.engine.base import LoopSpec
from nissl.engine.native import compiler
from nissl.engine.native import loop as native
from nissl.engine.native.emit import KERNELS, source_of_arrays
from nissl.engine.native.views import Buffer, padded, reshaped
from nissl.errors import ArgumentError
from nissl.models.inputs import Data

pytestmark = [
    pytest.mark.usefixtures("native_loops"),
    pytest.mark.skipif(
        os.name != "posix" or shutil.which("cc") is None, reason="needs a C compiler"
    ),
]
ROWS = 50
Host = np.ndarray[Any, Any]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path_factory.getbasetemp() / "native-cache"))


def made(spec: LoopSpec, threads: int) -> native.NativeLoop:
    """A loop over arrays, whatever would have been chosen."""
    library = compiler.load(source_of_arrays(spec), shutil.which("cc") or "")
    loop = native.NativeLoop(spec, library)
    loop._threads = threads
    return loop


def prepared(
    model: nissl.Sequential, data: Data, batch_size: int, shuffled: bool
) -> tuple[LoopSpec, list[Host], list[Host]]:
    model._ensure_built((None, *data.x.shape[1:]))
    loop = model._loop("train", data, batch_size, shuffled)
    fixed = [np.asarray(v.raw) for v in loop.step.fixed]
    return loop.spec, fixed, [np.asarray(v.raw) for v in loop.step.state]


def compare(spec: LoopSpec, fixed: Any, state: Any, data: list[Host], loop: Any) -> None:
    plain = get_engine("numpy").loop(spec)
    orders = None
    if spec.shuffled:
        drawn = [np.random.default_rng(i).permutation(spec.rows) for i in range(3)]
        orders = np.stack(drawn).astype(np.int32)
    found, reports = loop.run_epochs(fixed, state, data, orders, 3)
    wanted, wanted_reports = plain.run_epochs(fixed, state, data, orders, 3)
    order = None if orders is None else orders[0]
    some = loop.run(fixed, state, data, order, 1, spec.steps)
    same = plain.run(fixed, state, data, order, 1, spec.steps)
    pairs = zip([*found, *reports, *some], [*wanted, *wanted_reports, *same], strict=True)
    for a, b in pairs:
        assert np.isfinite(b).all()
        scale = max(1.0, float(np.abs(b).max()))
        np.testing.assert_allclose(a, b, rtol=5e-5, atol=5e-5 * scale)


# units of the layers, activation, last activation, loss, optimizer
NETWORKS = {
    "lecture": ((30, 17, 10), "relu", "softmax", "sparse_categorical_crossentropy", "sgd"),
    "adam": ((64, 10), "tanh", "softmax", "categorical_crossentropy", "adam"),
    "momentum": ((49, 33, 3), "elu", "linear", "mse", "momentum"),
    "one_output": ((130, 1), "softplus", "sigmoid", "binary_crossentropy", "sgd"),
    "clipped": ((20, 20, 20), "leaky_relu", "linear", "huber", "clipped"),
    "wide": ((200, 1), "gelu", "linear", "mae", "rmsprop"),
    "selu": ((48, 16), "selu", "log_softmax", "mse", "sgd"),
    "softmax": ((33, 5), "mish", "softmax", "mse", "sgd"),
    "dropout": ((40, 9), "relu", "softmax", "categorical_crossentropy", "sgd"),
}
OPTIMIZERS = {
    "sgd": lambda: nissl.optimizers.SGD(0.05),
    "momentum": lambda: nissl.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
    "adam": lambda: nissl.optimizers.Adam(0.003),
    "rmsprop": lambda: nissl.optimizers.RMSprop(0.002),
    "clipped": lambda: nissl.optimizers.SGD(0.05, global_clipnorm=0.5),
}


def network(name: str, shape: tuple[int, ...]) -> tuple[nissl.Sequential, Host]:
    """A network, and targets for it."""
    units, activation, last, loss, optimizer = NETWORKS[name]
    nissl.utils.set_random_seed(5)
    *hidden, outputs = units
    model = nissl.Sequential(
        [
            nissl.Input(shape),
            nissl.layers.Flatten(),
            *(nissl.layers.Dense(n, activation=activation) for n in hidden),
            *([nissl.layers.Dropout(0.3)] if name == "dropout" else []),
            nissl.layers.Dense(outputs, activation=last),
        ]
    )
    metrics = ["accuracy"] if "crossentropy" in loss else ["mae"]
    model.compile(optimizer=OPTIMIZERS[optimizer](), loss=loss, metrics=metrics)
    rng = np.random.default_rng(1)
    if loss == "sparse_categorical_crossentropy":
        return model, rng.integers(0, outputs, ROWS).astype("uint8")
    if loss == "categorical_crossentropy":
        return model, np.eye(outputs, dtype="float32")[rng.integers(0, outputs, ROWS)]
    if loss == "binary_crossentropy":
        return model, rng.integers(0, 2, (ROWS, outputs)).astype("float32")
    return model, rng.normal(size=(ROWS, outputs)).astype("float32")


@pytest.mark.parametrize("name", NETWORKS)
def test_it_agrees_with_numpy(name: str) -> None:
    rng = np.random.default_rng(0)
    for batch_size, threads, weighted in ((16, 2, False), (50, 1, True)):
        model, y = network(name, (6, 5))
        x = rng.normal(size=(ROWS, 6, 5)).astype("float32")
        weights = np.linspace(0.5, 1.5, ROWS, dtype="float32") if weighted else None
        data = Data(x, y, weights)
        spec, fixed, state = prepared(model, data, batch_size, shuffled=batch_size != 50)
        compare(spec, fixed, state, data.arrays, made(spec, threads))


class Noise(nissl.layers.Layer):
    """Adds numbers that are drawn from several streams of one key."""

    def __init__(self) -> None:
        super().__init__(name="noise")
        self.source = nissl.random.SeedGenerator(3)

    def call(self, inputs: nissl.Tensor) -> nissl.Tensor:
        fine = nissl.random.uniform(inputs.shape, -0.1, 0.1, "float64", seed=self.source)
        whole = nissl.random.randint(inputs.shape, -3, 4, "int32", seed=self.source)
        return inputs + nissl.astype(fine, "float32") + nissl.astype(whole, "float32") * 0.1


def test_numbers_of_several_streams_are_the_same() -> None:
    model = nissl.Sequential([nissl.Input((7,)), Noise(), nissl.layers.Dense(1, "tanh")])
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    data = Data(
        rng.normal(size=(ROWS, 7)).astype("float32"), rng.normal(size=(ROWS, 1)).astype("float32")
    )
    spec, fixed, state = prepared(model, data, 16, shuffled=True)
    compare(spec, fixed, state, data.arrays, made(spec, 2))


@pytest.mark.parametrize("stored", ["float64", "uint8", "int32", "bool"])
def test_data_are_read_as_they_are_stored(stored: str) -> None:
    model, y = network("lecture", (9,))
    x = (np.random.default_rng(0).random((ROWS, 9)) * 3).astype(stored)
    data = Data(x, y.astype("int64"))
    spec, fixed, state = prepared(model, data, 16, True)
    assert [dtype.name for dtype in spec.stored] == [stored, "int64"]
    compare(spec, fixed, state, data.arrays, made(spec, 2))


def test_float64_is_kept_to_its_own_precision() -> None:
    nissl.set_default_float("float64")
    try:
        model, y = network("momentum", (21,))
        x = np.random.default_rng(0).normal(size=(ROWS, 21))
        data = Data(x, y.astype("float64"), dtype=np.dtype("float64"))
        spec, fixed, state = prepared(model, data, 16, True)
    finally:
        nissl.set_default_float("float32")
    order = np.arange(ROWS)[::-1].astype(np.int32)
    found = made(spec, 2).run(fixed, state, data.arrays, order, 0, spec.steps)
    wanted = get_engine("numpy").loop(spec).run(fixed, state, data.arrays, order, 0, spec.steps)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6 if a.dtype == np.float32 else 1e-12, atol=1e-13)


# vectors of 64, 32 and 16 bytes: tiles of other sizes
TARGETS = {"x86-64-v4": "avx512f", "haswell": "avx2", "x86-64": "sse2", "armv8-a": "asimd"}


def processor() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    named = (line.partition(":")[2] for line in lines if line.startswith(("flags", "Features")))
    return set(next(named, "").split())


@pytest.mark.parametrize(("name", "dtype"), [("lecture", "float32"), ("momentum", "float64")])
@pytest.mark.parametrize("target", [name for name in TARGETS if name != "x86-64-v4"])
def test_on_processors_of_all_widths_it_is_the_same(
    target: str, dtype: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if TARGETS[target] not in processor():
        pytest.skip("not for this processor")
    monkeypatch.setenv("NISSL_MARCH", target)
    nissl.set_default_float(dtype)
    try:
        model, y = network(name, (6, 5))
        x = np.random.default_rng(0).normal(size=(ROWS, 6, 5)).astype(dtype)
        data = Data(x, y.astype(dtype) if y.dtype.kind == "f" else y, dtype=np.dtype(dtype))
        spec, fixed, state = prepared(model, data, 16, True)
    finally:
        nissl.set_default_float("float32")
    compare(spec, fixed, state, data.arrays, made(spec, 2))


@pytest.mark.parametrize("target", TARGETS)
def test_kernels_keep_their_sums_in_registers(target: str, tmp_path: Path) -> None:
    """Their loops read and write no vector on the stack; compiled, not run."""
    kernels = ["#include <stdint.h>", KERNELS.read_text()]
    for kind, suffix in (("float", "f"), ("double", "d")):
        kernels.append(f"NISSL_VECTOR({kind}, {suffix})")
        for height, condition in ((8, "#if TILE_R == 8"), (6, "#else")):
            found = f"NISSL_FOUND({suffix}, {height})"
            table = f"Kernel_{suffix} kernel_{suffix}[TILE_R][TILE_V] = {{{found}}};"
            kernels += [condition, f"NISSL_ROWS({kind}, {suffix}, {height})", table]
        kernels.append("#endif")
    source, assembly = tmp_path / "kernels.c", tmp_path / "kernels.s"
    source.write_text("\n".join(kernels))
    command = ["cc", *compiler.FLAGS, f"-march={target}", "-fomit-frame-pointer", "-S"]
    built = subprocess.run(
        [*command, source, "-o", assembly], capture_output=True, text=True, check=False
    )
    if built.returncode:
        assert "march" in built.stderr, built.stderr
        pytest.skip("the compiler does not know this processor")
    text = assembly.read_text()
    bodies = re.findall(r"^_?kernel_[fd]_\d_\d:$(.*?)cfi_endproc", text, re.DOTALL | re.MULTILINE)
    assert len(bodies) in (4, 6)
    for body in bodies:
        assert not re.findall(r".*mm\d+, .*\(%rsp.*|.*\(%rsp.*, %.mm\d+|.*q\d+.*\[sp.*", body)


def test_an_architecture_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = product_spec(1)
    monkeypatch.setenv("NISSL_MARCH", "haswel")
    with pytest.raises(ArgumentError, match=r"NISSL_MARCH='haswel': .*could not compile for it"):
        made(spec, 1)
    monkeypatch.setenv("NISSL_MARCH", "haswell; rm -r /")
    with pytest.raises(ArgumentError, match="is not the name"):
        made(spec, 1)


def test_threads_change_no_bit() -> None:
    model, y = network("adam", (40,))
    x = np.random.default_rng(0).normal(size=(ROWS, 40)).astype("float32")
    spec, fixed, state = prepared(model, Data(x, y), 16, False)
    one = made(spec, 1).run(fixed, state, [x, y], None, 0, spec.steps)
    for threads in (2, 5):
        for _ in range(20):
            again = made(spec, threads).run(fixed, state, [x, y], None, 0, spec.steps)
            for a, b in zip(one, again, strict=True):
                assert np.array_equal(a, b)


def test_fit_takes_it_and_stops_where_numbers_end() -> None:
    model, y = network("lecture", (30,))
    x = np.random.default_rng(0).normal(size=(ROWS, 30)).astype("float32")
    model.fit(x, y, epochs=2, batch_size=16, verbose=0)
    loop = model._compiled.values()[0]
    assert isinstance(loop.compiled, native.NativeLoop)
    assert model.optimizer is not None
    model.optimizer.learning_rate = 1e30
    with pytest.raises(nissl.errors.NonFiniteError) as caught:
        model.fit(x, y, epochs=3, batch_size=16, verbose=0)
    assert "step" in str(caught.value)
    assert "dense" in str(caught.value)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_evaluation_and_single_batches_take_it() -> None:
    model, y = network("lecture", (30,))
    x = np.random.default_rng(0).normal(size=(ROWS, 30)).astype("float32")
    loss, accuracy = model.evaluate(x, y, batch_size=16, verbose=0)
    probabilities = np.asarray(model(x), np.float64)
    wanted = -np.log(probabilities[np.arange(ROWS), y]).mean()
    assert loss == pytest.approx(wanted, rel=1e-5)
    assert accuracy == pytest.approx((probabilities.argmax(1) == y).mean())
    before = model.get_weights()
    assert model.train_on_batch(x[:8], y[:8])
    assert not np.array_equal(before[0], model.get_weights()[0])
    kinds = {type(each.compiled) for each in model._compiled.values()}
    assert kinds == {native.NativeLoop}


MAIN = """
int main(void) {{
  void *shared[] = {{{shared}}};
  void *data[] = {{{data}}};
  int32_t order[{rows}];
  for (int i = 0; i < {rows}; i++) order[i] = {rows} - 1 - i;
  return nissl_steps(shared, data, order, 0, {steps}, 0, 3);
}}
"""


def run_checked(spec: LoopSpec, data: list[Host], folder: Path) -> None:
    """Run an epoch as a program of its own, in which the compiler checks every address."""
    avals = spec.step.in_avals[: spec.fixed + spec.state]
    text = source_of_arrays(spec) + MAIN.format(
        shared=", ".join(f"calloc(1, {aval.nbytes})" for aval in avals),
        data=", ".join(f"calloc(1, {array.nbytes})" for array in data),
        rows=spec.rows,
        steps=spec.steps,
    )
    (folder / "step.c").write_text(text)
    flags = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    command = ["cc", *flags, "step.c", "-o", "step", "-lm", "-lpthread"]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if "sanitize" in built.stderr or "asan" in built.stderr:
        pytest.skip("the compiler has no sanitizers")
    assert built.returncode == 0, built.stderr
    environment = {"ASAN_OPTIONS": "detect_leaks=0", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [folder / "step"], capture_output=True, text=True, check=False, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["lecture", "softmax", "dropout"])
def test_nothing_outside_is_read_or_written(name: str, tmp_path: Path) -> None:
    model, y = network(name, (7,))
    x = np.random.default_rng(0).normal(size=(ROWS, 7)).astype("float32")
    data = Data(x, y.astype("int32"))
    spec, _, _ = prepared(model, data, 16, True)
    run_checked(spec, data.arrays, tmp_path)


def test_constants_in_products_lie_where_vectors_may_be_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    constants = [rng.normal(size=(n, 16)).astype("float32") for n in (1, 3, 5, 7)]
    rows = [np.zeros((4, n), "float32") for n in (1, 3, 5, 7)]
    state = [np.zeros((4, 16), "float32") for _ in constants]

    def step(*given: Any) -> list[Any]:
        return [s + x @ c for s, x, c in zip(given[:4], given[4:], constants, strict=True)]

    spec = LoopSpec(
        step=nissl.trace(step, *state, *rows),
        last=None,
        report=nissl.trace(lambda *s: nissl.sum(s[0]), *state),
        fixed=0,
        state=4,
        batch_size=4,
        rows=4,
        shuffled=False,
        fresh=(None,) * 4,
    )
    run_checked(spec, rows, tmp_path)


# ---- products of all shapes ---------------------------------------------------------------------
SIZES = ((1, 1), (3, 16), (7, 17), (50, 64), (9, 256))
FORMS = [(*size, left, right) for size in SIZES for left in (0, 1) for right in (0, 1)]


def product_spec(m: int) -> LoopSpec:
    """A step of which each state is a product: plain factors, and such with turned axes."""

    def step(*given: Any) -> list[Any]:
        count = len(FORMS)
        results: list[Any] = []
        for i, (k, _, left, right) in enumerate(FORMS):
            w, state, x = given[i], given[count + i], given[2 * count + i]
            a = nissl.permute_dims(nissl.reshape(x, (k, m)), (1, 0)) if left else x
            results.append((a @ (nissl.permute_dims(w, (1, 0)) if right else w)) * 2.0 + state)
        return results

    weights = [np.zeros((n, k) if right else (k, n), "float32") for k, n, _, right in FORMS]
    states = [np.zeros((m, n), "float32") for _, n, _, _ in FORMS]
    rows = [np.zeros((m, k), "float32") for k, *_ in FORMS]
    return LoopSpec(
        step=nissl.trace(step, *weights, *states, *rows),
        last=None,
        report=nissl.trace(lambda *s: nissl.sum(s[0]), *states),
        fixed=len(FORMS),
        state=len(FORMS),
        batch_size=m,
        rows=m,
        shuffled=False,
        fresh=(None,) * len(FORMS),
    )


@pytest.mark.parametrize("m", [1, 5, 8, 33])
def test_products_of_all_shapes(m: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "FLAGS", ("-O1", "-shared", "-fPIC"))
    rng = np.random.default_rng(m)

    def draw(*shape: int) -> Host:
        return rng.normal(size=shape).astype("float32")

    weights = [draw(n, k) if right else draw(k, n) for k, n, _, right in FORMS]
    states = [draw(m, n) for _, n, _, _ in FORMS]
    rows = [draw(m, k) for k, *_ in FORMS]
    found = made(product_spec(m), 2).run(weights, states, rows, None, 0, 1)
    for i, (k, _, left, right) in enumerate(FORMS):
        a = rows[i].reshape(k, m).T if left else rows[i]
        b = weights[i].T if right else weights[i]
        wanted = 2.0 * (a.astype("float64") @ b.astype("float64")) + states[i]
        np.testing.assert_allclose(found[i], wanted, rtol=1e-5, atol=2e-5 * k)


def test_old_values_are_read_before_they_are_overwritten_and_slices_of_slices_are_found() -> None:
    """The first state could be overwritten at once, were it not for who reads it later."""

    def step(matrix: Any, totals: Any, x: Any) -> Any:
        new = matrix * 2.0
        below = matrix[1:, 2:][1:, 1:]  # (2, 3) of (4, 6)
        return new, totals + nissl.sum(matrix, axis=0) + nissl.sum(below) + nissl.sum(x)

    rng = np.random.default_rng(2)
    matrix, totals, x = (rng.normal(size=n).astype("float32") for n in ((4, 6), (6,), (5, 2)))
    spec = LoopSpec(
        step=nissl.trace(step, matrix, totals, x),
        last=None,
        report=nissl.trace(lambda m, t: nissl.sum(t), matrix, totals),
        fixed=0,
        state=2,
        batch_size=5,
        rows=5,
        shuffled=False,
        fresh=(None, None),
    )
    found = made(spec, 2).run([], [matrix, totals], [x], None, 0, 1)
    np.testing.assert_array_equal(found[0], 2 * matrix)
    wanted = totals + matrix.sum(0) + matrix[2:, 3:].sum() + x.sum()
    np.testing.assert_allclose(found[1], wanted, rtol=1e-5, atol=1e-5)


# ---- parts --------------------------------------------------------------------------------------
@given(st.lists(st.integers(1, 4), max_size=4), st.data())
@settings(max_examples=200)
def test_reshaped_strides_are_numpys(shape: list[int], data: Any) -> None:
    """Where it gives strides they reach the same numbers; where it finds none, NumPy copies too."""
    axes = data.draw(st.permutations(range(len(shape))))
    array = np.arange(int(np.prod(shape, dtype=int)), dtype=np.int64).reshape(shape)
    array = array.transpose(axes)
    sizes = [n for n in array.shape if n != 1]
    choices = {
        "merge": (array.size,),
        "ones": tuple(x for n in sizes for x in (1, n)),
        "same": array.shape,
        "pairs": tuple(x for n in sizes for x in ((2, n // 2) if n % 2 == 0 else (n,))),
    }
    new = choices[data.draw(st.sampled_from(sorted(choices)))]
    found = reshaped(array.shape, tuple(s // 8 for s in array.strides), new)
    if found is not None:
        view = np.lib.stride_tricks.as_strided(array, new, [8 * s for s in found])
        assert np.array_equal(view, array.reshape(new))
    else:
        assert not np.shares_memory(array.reshape(new), array)


def test_rows_of_a_matrix_begin_at_whole_vectors() -> None:
    assert padded((3, 17)) == (32, 1)
    assert padded((3, 1)) == (16, 1)
    assert padded((5,)) == (1,)
    assert padded((2, 3, 5)) == (15, 5, 1)
    assert padded((4, 1024)) == (1040, 1)


def test_a_loop_without_memory_says_so() -> None:
    native._check(0)
    with pytest.raises(MemoryError, match="memory"):
        native._check(ctypes.c_int(1).value)


def test_there_is_room_for_a_vector_behind_every_buffer() -> None:
    for count, dtype in ((1, "uint8"), (16, "float32"), (17, "float64")):
        buffer = Buffer("b", np.dtype(dtype), count)
        assert buffer.nbytes % 64 == 0
        assert buffer.nbytes >= buffer.count * buffer.dtype.itemsize + 64
