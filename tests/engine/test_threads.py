"""Eight threads at the same time get what one alone gets: tensors, tracing, compiling, training.

Each thread does its own variant of a task, whose result is worked out by NumPy, or by the same
task done alone. They start together, and switch as often as Python lets them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import layers
from nissl.core.thread import thread
from nissl.core.variable import Capture, capture

THREADS, TURNS = 8, 5
X = np.linspace(-1, 1, 12).reshape(4, 3)


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Let Python change threads a hundred times as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(before)


def at_once(work: Callable[[int], Any], threads: int = THREADS) -> list[Any]:
    """What ``work(number)`` gives in each of some threads that begin together."""
    begin = threading.Barrier(threads)

    def started(number: int) -> Any:
        begin.wait(20)
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(started, range(threads)))


def close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-9, atol=1e-12)


# ---- tensors and derivatives -------------------------------------------------------------------
def test_backward_of_graphs_that_share_a_leaf_is_each_threads_own() -> None:
    shared = nissl.asarray(X)

    def work(number: int) -> Any:
        found: list[Any] = []
        for _ in range(TURNS):
            w = nissl.tensor(np.full(3, number + 1.0), requires_grad=True)
            nissl.sum(nissl.tanh(shared @ w) ** 2).backward()
            found.append(np.asarray(w.grad))
        return found

    for number, found in enumerate(at_once(work)):
        y = np.tanh(X @ np.full(3, number + 1.0))
        for each in found:
            close(each, X.T @ (2 * y * (1 - y**2)))


def test_no_grad_and_scope_are_each_threads_own() -> None:
    x = nissl.tensor(X, requires_grad=True)

    def work(number: int) -> Any:
        seen: list[tuple[bool, str]] = []
        for _ in range(20 * TURNS):
            plain = nissl.no_grad() if number % 2 else contextlib.nullcontext()
            with plain, nissl.core.op.scope(f"layer_{number}"):
                y = nissl.sin(x)
                seen.append((y.tracked, "" if y.equation is None else y.equation.scope))
        return set(seen), thread.recording, thread.scope

    for number, found in enumerate(at_once(work)):
        wanted = (False, "") if number % 2 else (True, f"layer_{number}")
        assert found == ({wanted}, True, "")


def test_a_capture_is_each_threads_own() -> None:
    count = nissl.Variable(np.zeros(()), name="count")

    def work(number: int) -> Any:
        for _ in range(TURNS):
            with capture(Capture()) as seen:
                count.assign(count.value + float(number))
            assert len(seen.writes) == 1
            assert count.value.value is not None  # outside it is a value again
        return count.numpy()

    assert at_once(work) == [0.0] * THREADS


def test_traces_and_higher_derivatives_do_not_mix() -> None:
    def work(number: int) -> Any:
        f = lambda x: nissl.sum(x ** (number + 2))  # noqa: E731
        program = nissl.trace(f, X)
        return nissl.hvp(f, X, np.ones_like(X)), len(program.equations)

    for number, (found, count) in enumerate(at_once(work)):
        n = number + 2
        close(found, n * (n - 1) * X ** (n - 2.0))
        assert count == len(nissl.trace(lambda x, n=n: nissl.sum(x**n), X).equations)


def test_random_numbers_are_all_different_and_those_of_a_seed_the_same() -> None:
    nissl.utils.set_random_seed(1)

    def work(number: int) -> Any:
        free = [nissl.random.uniform((4,)).numpy().tobytes() for _ in range(TURNS)]
        source = nissl.random.SeedGenerator(number)
        return free, [nissl.random.normal((4,), seed=source).numpy() for _ in range(TURNS)]

    found = at_once(work)
    drawn = [each for free, _ in found for each in free]
    assert len(set(drawn)) == len(drawn)
    for number, (_, normal) in enumerate(found):
        source = nissl.random.SeedGenerator(number)
        for each in normal:
            np.testing.assert_array_equal(each, nissl.random.normal((4,), seed=source))


def test_no_two_threads_get_one_key_of_a_generator_that_they_share() -> None:
    source = nissl.random.SeedGenerator(1)

    def work(_: int) -> list[bytes]:
        return [source.next().numpy().tobytes() for _ in range(50)]

    keys = [key for each in at_once(work) for key in each]
    assert len(set(keys)) == len(keys)


# ---- compiled ----------------------------------------------------------------------------------
@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_one_jitted_function_serves_all(engine: str) -> None:
    f = nissl.jit(lambda x, w: nissl.sum(nissl.tanh(x @ w)), engine=engine)

    def work(number: int) -> Any:
        rows = X[: 1 + number % 4]  # four shapes, each first seen by two threads at once
        w = nissl.tensor(np.full(3, number + 1.0), requires_grad=True)
        value = f(rows, w)
        value.backward()
        return value.numpy(), np.asarray(w.grad)

    for number, (value, slope) in enumerate(at_once(work)):
        rows = X[: 1 + number % 4]
        y = np.tanh(rows @ np.full(3, number + 1.0))
        close(value, y.sum())
        close(slope, rows.T @ (1 - y**2))


def test_jitted_functions_of_variables_keep_to_their_own() -> None:
    def work(number: int) -> Any:
        total = nissl.Variable(np.zeros(3))

        @nissl.jit(engine="numpy")
        def add(x: Any) -> Any:
            total.assign_add(nissl.sum(x, axis=0) * float(number))

        for _ in range(TURNS):
            add(X)
        return total.numpy()

    for number, found in enumerate(at_once(work)):
        close(found, TURNS * number * X.sum(0))


def test_an_engine_may_be_chosen_while_others_ask() -> None:
    def work(number: int) -> set[str]:
        if number:
            return {nissl.engine.default_engine() for _ in range(3000)}
        for _ in range(1000):
            nissl.engine.set_engine("numpy")
            nissl.engine.set_engine(None)
        return set()

    assert set().union(*at_once(work)) <= {"numpy", "xla"}


# ---- models ------------------------------------------------------------------------------------
def network(number: int) -> nissl.Sequential:
    made = nissl.Sequential(
        [
            nissl.Input((3,)),
            layers.Dense(4, "tanh", kernel_initializer=nissl.initializers.GlorotUniform(number)),
            layers.Dense(1, kernel_initializer=nissl.initializers.GlorotUniform(number + 100)),
        ]
    )
    made.compile("adam", "mse")
    return made


def trained(number: int) -> list[Any]:
    model = network(number % 4)
    x = X.astype("float32")
    history = model.fit(x, x[:, :1], epochs=3, batch_size=3, shuffle=False, verbose=0)
    return [*history.history["loss"], *model.get_weights(), model.predict(x, verbose=0)]


@pytest.mark.parametrize("way", ["native", "numpy"])
def test_trainings_of_different_models_do_not_disturb_each_other(
    way: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if way == "native" and (os.name != "posix" or not shutil.which("cc")):
        pytest.skip("needs a C compiler")
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))  # two threads compile the same at once
    if way == "numpy":
        nissl.engine.set_engine("numpy")
    try:
        found = at_once(trained, 2 if way == "native" else THREADS)
        for number, each in enumerate(found):
            for a, b in zip(each, trained(number), strict=True):
                np.testing.assert_array_equal(a, b)
    finally:
        nissl.engine.set_engine(None)


def test_a_model_that_is_only_read_serves_all() -> None:
    model = network(1)
    x = X.astype("float32")
    alone = np.asarray(model(x))

    def work(number: int) -> Any:
        called = model(x[: 1 + number % 4])
        nissl.sum(called).backward()
        return np.asarray(called), model.predict(x, verbose=0)

    for number, (called, predicted) in enumerate(at_once(work)):
        np.testing.assert_allclose(called, alone[: 1 + number % 4], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(predicted, alone, rtol=1e-5, atol=1e-6)


def test_layers_have_names_of_their_own() -> None:
    names = [
        name
        for each in at_once(lambda _: [layers.Dense(1).name for _ in range(20)])
        for name in each
    ]
    assert len(set(names)) == len(names)


def test_models_are_saved_and_loaded_at_the_same_time(tmp_path: Any) -> None:
    x = X.astype("float32")
    models = [network(number) for number in range(4)]

    def work(number: int) -> Any:
        path = tmp_path / f"{number}.keras"
        for _ in range(2):
            models[number].save(path)
        return nissl.models.load_model(path)(x).numpy()

    for model, found in zip(models, at_once(work, 4), strict=True):
        np.testing.assert_array_equal(found, np.asarray(model(x)))
