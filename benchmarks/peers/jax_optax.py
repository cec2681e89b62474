"""JAX with optax: a jitted step called from Python, and a whole training inside `lax.scan`."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np
import optax
from jax import lax
from jax import numpy as jnp

from benchmarks.peers import common
from benchmarks.peers.common import Result, Settings

State = tuple[list[jax.Array], Any]


def _sine(settings: Settings, scanned: bool) -> Result:
    x, t = (jnp.asarray(a) for a in common.sine_data())
    optimizer = optax.sgd(common.SINE_LEARNING_RATE)
    state: State = ([], None)

    def objective(weights: list[jax.Array]) -> jax.Array:
        k1, b1, k2, b2 = weights
        return jnp.mean((jnp.tanh(x @ k1 + b1) @ k2 + b2 - t) ** 2)

    def update(state: State, _: None = None) -> tuple[State, jax.Array]:
        weights, slots = state
        loss, gradients = jax.value_and_grad(objective)(weights)
        updates, slots = optimizer.update(gradients, slots)
        return (optax.apply_updates(weights, updates), slots), loss

    step = jax.jit(update, donate_argnums=0)
    loop = jax.jit(lambda s: lax.scan(update, s, None, settings.epochs), donate_argnums=0)

    def reset() -> None:
        nonlocal state
        weights = [jnp.array(w) for w in common.sine_weights()]
        state = (weights, optimizer.init(weights))

    def train() -> None:
        nonlocal state
        if scanned:
            state, _ = loop(state)
        else:
            history: list[jax.Array] = []
            for _ in range(settings.epochs):
                state, loss = step(state)
                history.append(loss)
        jax.block_until_ready(state)

    result = common.stopwatch(reset, train, settings, settings.epochs)
    return common.judge_sine(result, [np.asarray(w) for w in state[0]], settings)


def _fashion(settings: Settings, scanned: bool) -> Result:
    images, labels, _, _ = common.fashion_data(settings)
    x, t = jnp.asarray(images), jnp.asarray(labels)
    optimizer = optax.sgd(common.FASHION_LEARNING_RATE)
    random = np.random.default_rng(0)
    state: State = ([], None)

    def objective(weights: list[jax.Array], xb: jax.Array, tb: jax.Array) -> Any:
        k1, b1, k2, b2, k3, b3 = weights
        logits = jax.nn.relu(jax.nn.relu(xb @ k1 + b1) @ k2 + b2) @ k3 + b3
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, tb).mean()
        return loss, (logits.argmax(1) == tb).sum()

    def update(state: State, x: jax.Array, t: jax.Array, index: jax.Array) -> Any:
        weights, slots = state
        derive = jax.value_and_grad(objective, has_aux=True)
        (loss, right), gradients = derive(weights, x[index], t[index])
        updates, slots = optimizer.update(gradients, slots)
        return (optax.apply_updates(weights, updates), slots), (loss * len(index), right)

    step = jax.jit(update, donate_argnums=0)

    @jax.jit
    def loop(state: State, x: jax.Array, t: jax.Array, indices: jax.Array) -> Any:
        return lax.scan(lambda s, index: update(s, x, t, index), state, indices)

    def reset() -> None:
        nonlocal state
        weights = [jnp.array(w) for w in common.fashion_weights()]
        state = (weights, optimizer.init(weights))

    def train() -> float:
        nonlocal state
        mean_loss = math.nan
        batch, count = common.FASHION_BATCH, len(x)
        whole = count // batch * batch
        for _ in range(settings.epochs):
            order = random.permutation(count).astype(np.int32)
            totals: list[Any] = []
            if scanned:
                state, sums = loop(state, x, t, order[:whole].reshape(-1, batch))
                totals.append(jax.tree.map(jnp.sum, sums))
                if whole < count:
                    state, last = step(state, x, t, order[whole:])
                    totals.append(last)
            else:
                for start in range(0, count, batch):
                    state, sums = step(state, x, t, order[start : start + batch])
                    totals.append(sums)
            mean_loss = sum(float(loss) for loss, _ in totals) / count
            _accuracy = sum(int(right) for _, right in totals) / count
        jax.block_until_ready(state)
        return mean_loss

    result = common.stopwatch(reset, train, settings, settings.epochs)
    return common.judge_fashion(result, [np.asarray(w) for w in state[0]], settings)


if __name__ == "__main__":
    common.main(
        {
            ("sine", "step"): lambda s: _sine(s, scanned=False),
            ("sine", "scan"): lambda s: _sine(s, scanned=True),
            ("fashion", "step"): lambda s: _fashion(s, scanned=False),
            ("fashion", "scan"): lambda s: _fashion(s, scanned=True),
        },
        ("jax", "optax", "numpy"),
    )
