"""Nissl's define-by-run step on tensors, without `jit`: every value is computed at once."""

from __future__ import annotations

import nissl
from benchmarks.peers import common
from benchmarks.peers.common import Result, Settings


def _step(settings: Settings) -> Result:
    x, t = (nissl.tensor(a) for a in common.sine_data())
    parameters: list[nissl.Tensor] = []

    def reset() -> None:
        nonlocal parameters
        parameters = [nissl.tensor(w, requires_grad=True) for w in common.sine_weights()]

    def train() -> None:
        nonlocal parameters
        for _ in range(settings.epochs):
            k1, b1, k2, b2 = parameters
            loss = nissl.mean((nissl.tanh(x @ k1 + b1) @ k2 + b2 - t) ** 2)
            loss.backward()
            with nissl.no_grad():
                stepped = [p - common.SINE_LEARNING_RATE * p.grad for p in parameters]
            parameters = [nissl.tensor(p, requires_grad=True) for p in stepped]

    result = common.stopwatch(reset, train, settings, settings.epochs)
    return common.judge_sine(result, [p.numpy() for p in parameters], settings)


if __name__ == "__main__":
    common.main({("eager-step", "tensors"): _step}, ("nissl", "numpy"))
