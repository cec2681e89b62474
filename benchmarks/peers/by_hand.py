"""The 1-3-1 network by hand: in C, called once for all epochs, and step by step in NumPy."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.peers import common
from benchmarks.peers.common import Result, Settings

SOURCE = Path(__file__).with_name("train_sine.c")
FLOATS = ctypes.POINTER(ctypes.c_float)


def _pointer(array: np.ndarray) -> object:
    return array.ctypes.data_as(FLOATS)


def _sine(settings: Settings, *flags: str) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "train_sine.so"
        command = ["gcc", "-O3", "-march=native", *flags, f"-DSAMPLES={common.SAMPLES}"]
        command += ["-shared", "-fPIC", "-o", str(library), str(SOURCE), "-lm"]
        subprocess.run(command, check=True)
        function = ctypes.CDLL(str(library)).train
    function.argtypes = [FLOATS, FLOATS, FLOATS, ctypes.c_int, ctypes.c_float, FLOATS]
    x, t = (a.ravel().copy() for a in common.sine_data())
    weights, history = np.empty(10, np.float32), np.empty(settings.epochs, np.float32)

    def reset() -> None:
        weights[:] = np.concatenate([w.ravel() for w in common.sine_weights()])

    def train() -> None:
        function(
            _pointer(weights),
            _pointer(x),
            _pointer(t),
            settings.epochs,
            common.SINE_LEARNING_RATE,
            _pointer(history),
        )

    result = common.stopwatch(reset, train, settings, settings.epochs)
    parts = [weights[:3].reshape(1, 3), weights[3:6], weights[6:9].reshape(3, 1), weights[9:]]
    return common.judge_sine(result, parts, settings)


def _step_numpy(settings: Settings) -> Result:
    """The arithmetic of an eager step in NumPy, its derivative worked out on paper."""
    x, t = common.sine_data()
    weights = common.sine_weights()
    rate, scale = np.float32(common.SINE_LEARNING_RATE), np.float32(2.0 / common.SAMPLES)

    def reset() -> None:
        weights[:] = common.sine_weights()

    def train() -> None:
        for _ in range(settings.epochs):
            k1, b1, k2, b2 = weights
            z = np.tanh(x @ k1 + b1)  # (50, 3)
            error = z @ k2 + b2 - t  # (50, 1)
            np.mean(error * error)
            delta = scale * error
            hidden = (delta @ k2.T) * (1 - z * z)  # (50, 3)
            slopes = (x.T @ hidden, hidden.sum(0), z.T @ delta, delta.sum(0))
            weights[:] = [w - rate * slope for w, slope in zip(weights, slopes, strict=True)]

    result = common.stopwatch(reset, train, settings, settings.epochs)
    return common.judge_sine(result, weights, settings)


if __name__ == "__main__":
    common.main(
        {
            ("sine", "fast-math"): lambda s: _sine(s, "-ffast-math"),
            ("sine", "strict"): _sine,
            ("eager-step", "by-hand"): _step_numpy,
        },
        ("numpy",),
    )
