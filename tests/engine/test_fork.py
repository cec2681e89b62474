"""A process that is forked after XLA has worked: it computes, or says at once why it cannot."""

from __future__ import annotations

import os
import pickle
import select
import shutil
import signal
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nissl
from nissl.engine.choice import has_xla
from nissl.errors import EngineError, NisslError

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
X = np.ones((8, 3), np.float32)


def forked(work: Callable[[], Any]) -> Any:
    """What ``work`` gives or raises in a child; it fails if that is silent for 20 seconds."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # JAX, and newer versions of Python, warn of every fork
        child = os.fork()
    if not child:
        try:
            found = work()
        except Exception as error:
            found = error
        os.write(writer, pickle.dumps(found))
        os._exit(0)
    os.close(writer)
    try:
        ready, _, _ = select.select([reader], [], [], 20)
        assert ready, "the child hangs"
        found = pickle.loads(os.read(reader, 1 << 16))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)
    if isinstance(found, Exception):
        raise found
    return found


def model() -> nissl.Sequential:
    made = nissl.Sequential([nissl.Input((3,)), nissl.layers.Dense(2, kernel_initializer="ones")])
    made.compile("sgd", "mse")
    return made


@pytest.fixture
def used() -> Any:
    """A jitted function that XLA has run in this process."""
    f = nissl.jit(lambda x: nissl.sum(nissl.sin(x) ** 2))
    assert f(X).item() == pytest.approx(24 * np.sin(1) ** 2, rel=1e-5)
    return f


WAYS: dict[str, Callable[[Any], Any]] = {
    "what was compiled": lambda f: f(X),
    "what is new": lambda f: nissl.jit(lambda x: x + 1)(X),
    "a gradient": lambda f: nissl.grad(f)(X),
    "fit": lambda f: model().fit(X, X[:, :2], verbose=0),
    "evaluate": lambda f: model().evaluate(X, X[:, :2], verbose=0),
    "grandchild": lambda f: forked(lambda: f(X)),
}


@pytest.mark.skipif(not has_xla(), reason="needs JAX")
@pytest.mark.parametrize("way", WAYS)
def test_xla_refuses_at_once(way: str, used: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISSL_NATIVE", "0")
    with pytest.raises(EngineError, match=r"was forked .*'spawn'.*set_engine\('numpy'\)") as caught:
        forked(lambda: WAYS[way](used))
    assert isinstance(caught.value, NisslError)
    used(X)  # the parent goes on


def test_what_needs_no_xla_works(used: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    made = model()

    def eager() -> Any:
        x = nissl.tensor(X, requires_grad=True)
        nissl.sum(made(x)).backward()
        return x.grad.numpy()

    np.testing.assert_array_equal(forked(eager), np.full((8, 3), 2.0))

    def numpy() -> Any:
        nissl.engine.set_engine("numpy")
        history = made.fit(X, X[:, :2], epochs=2, verbose=0).history["loss"]
        return used(X).item(), history, made.predict(X, verbose=0).tolist()

    value, history, predicted = forked(numpy)
    assert value == pytest.approx(24 * np.sin(1) ** 2, rel=1e-5)
    assert history[0] == pytest.approx(4.0)  # (3 - 1) ** 2
    assert history[1] < history[0]
    assert np.all(np.array(predicted) < 3.0)


@pytest.mark.usefixtures("native_loops")
@pytest.mark.skipif(os.name != "posix" or not shutil.which("cc"), reason="needs a C compiler")
def test_native_loops_work(used: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NISSL_CACHE", str(tmp_path))
    rng = np.random.default_rng(0)
    x, y = (
        rng.normal(size=(64, 300)).astype("float32"),
        rng.normal(size=(64, 200)).astype("float32"),
    )

    def train() -> Any:
        wide = nissl.Sequential(
            [nissl.Input((300,)), nissl.layers.Dense(200, kernel_initializer="zeros")]
        )
        wide.compile("sgd", "mse")
        history = wide.fit(x, y, epochs=2, batch_size=32, shuffle=False, verbose=0)
        assert [type(each.compiled).__name__ for each in wide._compiled.values()] == ["NativeLoop"]
        return history.history["loss"]

    assert forked(train) == train()
