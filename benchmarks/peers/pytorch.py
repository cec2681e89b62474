"""PyTorch on CPU: eager, and with `torch.compile`."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.peers import common
from benchmarks.peers.common import Result, Settings


def _load(model: nn.Sequential, weights: list[np.ndarray]) -> None:
    # PyTorch keeps a kernel as (out, in).
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(weight.T.copy()))


def _weights(model: nn.Sequential) -> list[np.ndarray]:
    return [parameter.detach().numpy().T for parameter in model.parameters()]


def _sine(settings: Settings, compiled: bool) -> Result:
    x, t = (torch.from_numpy(a) for a in common.sine_data())
    model = nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=common.SINE_LEARNING_RATE)

    def objective() -> torch.Tensor:
        return functional.mse_loss(model(x), t)

    step = objective
    if compiled:
        step = torch.compile(objective, dynamic=False)

    def train() -> None:
        history: list[torch.Tensor] = []
        for _ in range(settings.epochs):
            optimizer.zero_grad()
            loss = step()
            loss.backward()
            optimizer.step()
            history.append(loss.detach())

    result = common.stopwatch(
        lambda: _load(model, common.sine_weights()), train, settings, settings.epochs
    )
    return common.judge_sine(result, _weights(model), settings)


def _sine_tensors(settings: Settings) -> Result:
    """Without modules or optimiser: the shortest eager step that PyTorch's own tutorials show."""
    x, t = (torch.from_numpy(a) for a in common.sine_data())
    parameters = [torch.from_numpy(w).requires_grad_() for w in common.sine_weights()]
    k1, b1, k2, b2 = parameters

    def reset() -> None:
        with torch.no_grad():
            for parameter, weight in zip(parameters, common.sine_weights(), strict=True):
                parameter.copy_(torch.from_numpy(weight))

    def train() -> None:
        for _ in range(settings.epochs):
            loss = functional.mse_loss(torch.tanh(x @ k1 + b1) @ k2 + b2, t)
            loss.backward()
            with torch.no_grad():
                for parameter in parameters:
                    parameter.sub_(common.SINE_LEARNING_RATE * parameter.grad)
                    parameter.grad = None

    result = common.stopwatch(reset, train, settings, settings.epochs)
    return common.judge_sine(result, [p.detach().numpy() for p in parameters], settings)


def _fashion(settings: Settings, compiled: bool) -> Result:
    images, labels, _, _ = common.fashion_data(settings)
    x, t = torch.from_numpy(images), torch.from_numpy(labels).long()
    model = nn.Sequential(
        nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=common.FASHION_LEARNING_RATE)

    def objective(xb: torch.Tensor, tb: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = model(xb)
        return functional.cross_entropy(logits, tb), (logits.argmax(1) == tb).sum()

    step: Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]] = objective
    if compiled:
        step = torch.compile(objective, dynamic=False)

    def train() -> float:
        mean_loss = math.nan
        for _ in range(settings.epochs):
            total, correct = torch.zeros(()), torch.zeros((), dtype=torch.long)
            for index in torch.randperm(len(x)).split(common.FASHION_BATCH):
                optimizer.zero_grad()
                loss, right = step(x[index], t[index])
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(index)
                correct += right
            mean_loss, _accuracy = float(total) / len(x), float(correct) / len(x)
        return mean_loss

    result = common.stopwatch(
        lambda: _load(model, common.fashion_weights()), train, settings, settings.epochs
    )
    return common.judge_fashion(result, _weights(model), settings)


if __name__ == "__main__":
    common.main(
        {
            ("sine", "eager"): lambda s: _sine(s, compiled=False),
            ("sine", "compile"): lambda s: _sine(s, compiled=True),
            ("eager-step", "modules"): lambda s: _sine(s, compiled=False),
            ("eager-step", "tensors"): _sine_tensors,
            ("fashion", "eager"): lambda s: _fashion(s, compiled=False),
            ("fashion", "compile"): lambda s: _fashion(s, compiled=True),
        },
        ("torch", "numpy"),
    )
