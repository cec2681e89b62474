"""Values and gradients against PyTorch, where it is installed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nissl

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.peers
functional: Any = torch.nn.functional

X = np.array([[-3.0, -1.0, -0.5, 0.25], [0.5, 1.0, 2.0, 30.0]])
FUNCTIONS = {
    "softplus": (nissl.softplus, functional.softplus),
    "gelu": (nissl.gelu, functional.gelu),
    "gelu by tanh": (
        lambda x: nissl.gelu(x, approximate=True),
        lambda x: functional.gelu(x, approximate="tanh"),
    ),
    "selu": (nissl.selu, functional.selu),
    "silu": (nissl.silu, functional.silu),
    "log_softmax": (nissl.log_softmax, lambda x: functional.log_softmax(x, -1)),
    "softmax": (nissl.softmax, lambda x: functional.softmax(x, -1)),
    "logsumexp": (lambda x: nissl.logsumexp(x, axis=1), lambda x: torch.logsumexp(x, 1)),
    "var": (lambda x: nissl.var(x, axis=0), lambda x: x.var(0, correction=0)),
    "sort": (lambda x: nissl.sort(x, axis=0), lambda x: x.sort(0).values),
    "cumulative_prod": (lambda x: nissl.cumulative_prod(x, axis=1), lambda x: x.cumprod(1)),
    "einsum": (
        lambda x: nissl.einsum("ij,kj->ik", x, x),
        lambda x: torch.einsum("ij,kj->ik", x, x),
    ),
    "indexing": (lambda x: x[[1, 0, 1], ::-2], lambda x: x[[1, 0, 1]].flip(1)[:, ::2]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_and_gradient(name: str) -> None:
    ours, theirs = FUNCTIONS[name]
    x = nissl.tensor(X, requires_grad=True)
    y = torch.tensor(X, requires_grad=True)
    found, wanted = ours(x), theirs(y)
    np.testing.assert_allclose(found.numpy(), wanted.detach().numpy(), rtol=1e-9, atol=1e-12)
    weights = np.random.default_rng(0).normal(size=found.shape)
    found.backward(weights)
    wanted.backward(torch.tensor(weights))
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-8, atol=1e-12)


def test_define_by_run_training_goes_the_same_way() -> None:
    rng = np.random.default_rng(1)
    x, t = np.linspace(0, 6, 50)[:, None], np.sin(np.linspace(0, 6, 50))[:, None]
    start = [rng.normal(size=shape) for shape in ((1, 3), (3,), (3, 1), (1,))]
    ours = [nissl.Variable(w) for w in start]
    theirs = [torch.tensor(w, requires_grad=True) for w in start]
    optimizer = nissl.optimizers.SGD(0.05, momentum=0.9, nesterov=True)
    reference = torch.optim.SGD(theirs, lr=0.05, momentum=0.9, nesterov=True)
    tx, tt = torch.tensor(x), torch.tensor(t)
    for _ in range(50):
        for variable in ours:
            variable.zero_grad()
        k1, b1, k2, b2 = (v.value for v in ours)
        nissl.mean((nissl.tanh(x @ k1 + b1) @ k2 + b2 - t) ** 2).backward()
        optimizer.apply([v.grad for v in ours], ours)
        reference.zero_grad()
        k1, b1, k2, b2 = theirs
        ((torch.tanh(tx @ k1 + b1) @ k2 + b2 - tt) ** 2).mean().backward()
        reference.step()
    for variable, weight in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(variable.numpy(), weight.detach().numpy(), rtol=1e-6)
