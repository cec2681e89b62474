"""Memory: what is free is read from the system, and what cannot fit is refused before it begins."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import layers
from nissl.core import memory
from nissl.errors import OutOfMemoryError

MEMINFO = "MemTotal: 8000 kB\nMemFree: 100 kB\nMemAvailable: 3000 kB\nSwapFree: 500 kB\n"
MIB = 1 << 20


def system(folder: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> None:
    """A system that says of its memory what these files say; ``__`` in a name is ``/``."""
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_in_bytes", "*").replace("_", ".")
        path = Path(str(path).replace("*", "_in_bytes").replace("inactive.file", "inactive_file"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(memory, "_PROC", folder / "proc")
    monkeypatch.setattr(memory, "_CGROUPS", folder / "sys")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, 3500 * 1024),
        ({"proc__self__cgroup": "0::/\n", "sys__memory_max": "max\n"}, 3500 * 1024),
        (
            {
                "proc__self__cgroup": "0::/box\n",
                "sys__box__memory_max": "9000\n",
                "sys__box__memory_current": "4000\n",
                "sys__box__memory_stat": "anon 3000\ninactive_file 600\n",
            },
            5600,
        ),
        (
            {  # the group above allows less
                "proc__self__cgroup": "0::/box/inner\n",
                "sys__box__inner__memory_max": "9000",
                "sys__box__inner__memory_current": "1000",
                "sys__box__memory_max": "5000",
                "sys__box__memory_current": "4900",
            },
            100,
        ),
        (
            {  # the older kind, in a container that sees its own group as the root
                "proc__self__cgroup": "5:cpu:/box\n4:memory:/box\n",
                "sys__memory__memory_limit_in_bytes": "7000",
                "sys__memory__memory_usage_in_bytes": "8000",
            },
            0,
        ),
    ],
)
def test_what_is_free_is_the_least_of_what_the_system_says(
    files: dict[str, str], expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system(tmp_path, monkeypatch, proc__meminfo=MEMINFO, **files)
    assert memory.available() == expected


def test_where_no_file_says_the_number_of_pages_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system(tmp_path, monkeypatch)
    found = memory.available()
    assert found is None or found > MIB


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of 10 MiB, on which everything above 1 MiB is asked about."""
    monkeypatch.setattr(memory, "LARGE", MIB)
    monkeypatch.setattr(memory, "available", lambda: 10 * MIB)


def refused(make: Any, *pieces: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(OutOfMemoryError) as caught:
            make()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MIB  # nothing of it was made
    assert isinstance(caught.value, MemoryError)
    for piece in (*pieces, f"{10 * MIB:,} are free"):
        assert piece in str(caught.value)


def stack(*units: int) -> Any:
    return [nissl.Input((8,)), *(layers.Dense(n, use_bias=False) for n in units)]


def test_a_network_that_cannot_fit_is_refused_whole(small: None) -> None:
    # the numbers of all layers but the small first, which is there already, and three times the
    # largest weight to draw it
    needed = 4 * (4 * 700 * 700 + 700 * 10) + 3 * 4 * 700 * 700
    units = (700, 700, 700, 700, 700, 10)
    refused(lambda: nissl.Sequential(stack(*units), name="wide"), "'wide'", f"{needed:,} bytes")


def test_a_network_that_fits_is_made(small: None) -> None:
    model = nissl.Sequential(stack(600, 600))
    assert model.count_params() == 8 * 600 + 600 * 600
    assert [w.shape for w in model.get_weights()] == [(8, 600), (600, 600)]
    assert np.ptp(model.get_weights()[1]) > 0


def test_a_layer_alone_is_refused_too(small: None) -> None:
    dense = layers.Dense(10**9, name="dense")
    refused(lambda: dense.build((None, 10)), "'dense'", "(10, 1000000000)", "160,000,000,000 bytes")
    assert dense.weights == []


def test_a_layer_of_ones_own_is_not_copied_to_be_counted(small: None) -> None:
    class Wide(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight((1000, 2000), name="kernel")

        def call(self, x: Any) -> Any:
            return x

    refused(lambda: nissl.Sequential([nissl.Input((8,)), Wide()]), "'kernel'", "32,000,000 bytes")


def test_slots_of_the_optimizer_are_counted_before_they_are_made(small: None) -> None:
    x = np.zeros((4, 8), np.float32)
    model = nissl.Sequential(stack(660, 660, 660, 1))
    model.compile("sgd", "mse")
    model.train_on_batch(x, x[:, :1])  # gradients alone fit
    model.compile("adam", "mse")
    numbers = sum(w.size for w in model.get_weights())
    with pytest.raises(OutOfMemoryError, match=f"2 optimizer slots.*{4 * 3 * numbers:,} bytes"):
        model.train_on_batch(x, x[:, :1])
    assert model.optimizer is not None
    assert model.optimizer.slot_variables() == []


def test_a_batch_that_cannot_fit_is_refused(small: None) -> None:
    model = nissl.Sequential(stack(1000, 1))
    model.compile("sgd", "mse")
    x = np.zeros((3000, 8), np.float32)
    for use in (
        lambda: model.predict(x, batch_size=3000, verbose=0),
        lambda: model.evaluate(x, x[:, :1], batch_size=3000, verbose=0),
        lambda: model.fit(x, x[:, :1], batch_size=3000, verbose=0),
    ):
        with pytest.raises(OutOfMemoryError, match=r"\(3000, 1000\).*12,000,000.*batch_size"):
            use()
    assert model.predict(x, verbose=0).shape == (3000, 1)


def test_rows_evaluated_at_once_depend_on_the_widest_layer() -> None:
    model = nissl.Sequential(stack(1 << 14, 1))
    model.compile("sgd", "mse")
    x = np.zeros((300, 8), np.float32)
    sizes: list[int] = []
    watch = nissl.callbacks.LambdaCallback(
        on_predict_batch_end=lambda batch, logs: sizes.append(len(logs["outputs"]))
    )
    model.predict(x, verbose=0, callbacks=[watch])
    assert sizes == [128, 128, 44]  # 2**21 / 2**14 rows
