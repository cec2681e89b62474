"""What every peer shares: data, initial weights, the independent reference, the stopwatch.

NumPy only, because this file is imported in every peer's environment.
"""

from __future__ import annotations

import itertools
import json
import math
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np

LEAST_SECONDS, MOST_REPEATS = 0.5, 200
SAMPLES = 50
SINE_LEARNING_RATE = 0.05
FASHION_LEARNING_RATE = 0.01
FASHION_BATCH = 32
FASHION_TRAIN = 55_000
FASHION_WIDTHS = (784, 300, 100, 10)
# Mean loss over one epoch from `fashion_weights`, by float64 formulas in NumPy over three shuffles
# (0.7327, 0.7320, 0.7293); every library differs by about 0.002 from shuffle to shuffle.
FASHION_TRAIN_LOSS = 0.731
FASHION_TOLERANCE = 0.008
SINE_RELATIVE_TOLERANCE = 2e-3

Result = dict[str, Any]
Peer = Callable[["Settings"], Result]


@dataclass(frozen=True)
class Settings:
    """What the runner asks of one child process."""

    epochs: int
    repeats: int
    samples: int = FASHION_TRAIN
    data: str = ""


def sine_data() -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets, both `(50, 1)` float32: `sin` on `[0, 6]`."""
    x = np.linspace(0.0, 6.0, SAMPLES, dtype=np.float32)[:, None]
    return x, np.sin(x)


def sine_weights() -> list[np.ndarray]:
    """Kernel `(1, 3)`, bias `(3,)`, kernel `(3, 1)`, bias `(1,)`; the same for every peer."""
    return _glorot((1, 3, 1), seed=7)


def fashion_weights() -> list[np.ndarray]:
    """Kernels `(in, out)` and biases of 784-300-100-10; the same for every peer."""
    return _glorot(FASHION_WIDTHS, seed=42)


def _glorot(widths: tuple[int, ...], seed: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    weights: list[np.ndarray] = []
    for inputs, outputs in itertools.pairwise(widths):
        limit = math.sqrt(6.0 / (inputs + outputs))
        weights.append(random.uniform(-limit, limit, (inputs, outputs)).astype(np.float32))
        weights.append(np.zeros(outputs, np.float32))
    return weights


def fashion_data(settings: Settings) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training images `(n, 784)` float32 in `[0, 1]` and labels int32, then the test set's."""
    with np.load(settings.data) as file:
        images, labels = file["x_train"][: settings.samples], file["y_train"][: settings.samples]
        test_images, test_labels = file["x_test"], file["y_test"]
    return _flat(images), labels.astype(np.int32), _flat(test_images), test_labels.astype(np.int32)


def fashion_pictures(settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Training images `(n, 28, 28)` divided by 255, thus float64, and labels uint8."""
    with np.load(settings.data) as file:
        images, labels = file["x_train"], file["y_train"]
    return images[: settings.samples] / 255.0, labels[: settings.samples]


def _flat(images: np.ndarray) -> np.ndarray:
    flat = images.reshape(len(images), -1).astype(np.float32)  # (n, 28, 28) -> (n, 784)
    flat /= np.float32(255.0)
    return flat


def sine_reference(epochs: int) -> float:
    """Mean squared error after `epochs` steps, by float64 formulas that no peer shares."""
    x, t = (a.astype(np.float64) for a in sine_data())
    k1, b1, k2, b2 = (a.astype(np.float64) for a in sine_weights())
    for _ in range(epochs):
        z = np.tanh(x @ k1 + b1)  # (50, 3)
        delta = 2.0 / SAMPLES * (z @ k2 + b2 - t)  # (50, 1)
        hidden = (delta @ k2.T) * (1.0 - z * z)  # (50, 3)
        k2, b2 = k2 - SINE_LEARNING_RATE * z.T @ delta, b2 - SINE_LEARNING_RATE * delta.sum(0)
        k1, b1 = k1 - SINE_LEARNING_RATE * x.T @ hidden, b1 - SINE_LEARNING_RATE * hidden.sum(0)
    return _mean_squared_error([k1, b1, k2, b2], x, t)


def _mean_squared_error(weights: list[np.ndarray], x: np.ndarray, t: np.ndarray) -> float:
    k1, b1, k2, b2 = (np.asarray(w, np.float64) for w in weights)
    return float(np.mean((np.tanh(x @ k1 + b1) @ k2 + b2 - t) ** 2))


def stopwatch(
    reset: Callable[[], None], train: Callable[[], float | None], settings: Settings, units: int
) -> Result:
    """Time `train` from reset weights: once cold, then warm, in seconds a unit.

    It is timed `repeats` times, and what is short for at least half a second, so that an
    interpreter or a compiler that learns while it runs has learnt.

    `train` must return only when the last weight has its value; it may return the training loss.
    """
    reset()
    start = time.perf_counter()
    train_loss = train()
    cold = time.perf_counter() - start
    times: list[float] = []
    spent = 0.0
    while len(times) < settings.repeats or (spent < LEAST_SECONDS and len(times) < MOST_REPEATS):
        reset()
        start = time.perf_counter()
        train_loss = train()
        took = time.perf_counter() - start
        spent += took
        times.append(took / units)
    return {
        "cold_s": cold,
        "times_s": times,
        "train_loss": train_loss,
        "peak_memory_mb": _peak_memory_mb(),
    }


def judge_sine(result: Result, weights: list[np.ndarray], settings: Settings) -> Result:
    """Add the loss of the trained weights and whether it is the reference's to rounding."""
    x, t = (a.astype(np.float64) for a in sine_data())
    loss, expected = _mean_squared_error(weights, x, t), sine_reference(settings.epochs)
    agrees = abs(loss - expected) <= SINE_RELATIVE_TOLERANCE * expected
    return result | {"loss": loss, "expected_loss": expected, "agrees": agrees}


def judge_fashion(result: Result, weights: list[np.ndarray], settings: Settings) -> Result:
    """Add test loss and accuracy, and whether the mean loss of the epoch is right."""
    _, _, images, labels = fashion_data(settings)
    k1, b1, k2, b2, k3, b3 = weights
    hidden = np.maximum(np.maximum(images @ k1 + b1, 0) @ k2 + b2, 0)
    logits = (hidden @ k3 + b3).astype(np.float64)  # (10000, 10)
    logits -= logits.max(axis=1, keepdims=True)
    log_likelihood = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    accuracy = float(np.mean(logits.argmax(axis=1) == labels))
    loss = float(-np.mean(log_likelihood[np.arange(len(labels)), labels]))
    agrees = math.isfinite(result["train_loss"])
    if settings.samples == FASHION_TRAIN and settings.epochs == 1:
        agrees = abs(result["train_loss"] - FASHION_TRAIN_LOSS) <= FASHION_TOLERANCE
    return result | {"loss": loss, "test_accuracy": accuracy, "agrees": agrees}


def _peak_memory_mb() -> float:
    """The most memory that this process has held, in MB (10^6 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def main(peers: dict[tuple[str, str], Peer], packages: tuple[str, ...]) -> None:
    """Run one `(work, variant)` from the command line and print its result as a line of JSON."""
    work, variant, settings = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
    result = peers[work, variant](Settings(**settings))
    result["versions"] = {name: metadata.version(name) for name in packages}
    print(json.dumps(result), flush=True)
