"""Nissl's define-by-run step, on tensors alone and with layers and an optimiser."""

from __future__ import annotations

import numpy as np

import nissl
from benchmarks.peers import common
from benchmarks.peers.common import Result, Settings


def _tensors(settings: Settings) -> Result:
    x, t = (nissl.Tensor(a) for a in common.sine_data())
    weights = common.sine_weights()

    def reset() -> None:
        nonlocal weights
        weights = common.sine_weights()

    def train() -> None:
        nonlocal weights
        for _ in range(settings.epochs):
            parameters = [nissl.Tensor(w) for w in weights]
            k1, b1, k2, b2 = parameters
            loss = nissl.mean((nissl.tanh(x @ k1 + b1) @ k2 + b2 - t) ** 2)
            loss.backward()
            weights = [
                w - common.SINE_LEARNING_RATE * np.asarray(p.grad)
                for w, p in zip(weights, parameters, strict=True)
            ]

    result = common.stopwatch(reset, train, settings, settings.epochs)
    return common.judge_sine(result, [np.asarray(w) for w in weights], settings)


if __name__ == "__main__":
    common.main({("eager-step", "tensors"): _tensors}, ("nissl", "numpy"))
