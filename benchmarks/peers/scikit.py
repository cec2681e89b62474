"""scikit-learn's multi-layer perceptron."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.peers import common
from benchmarks.peers.common import Result, Settings

NEVER = 10**9


def _set(model: Any, weights: list[np.ndarray]) -> None:
    model.coefs_ = [w.copy() for w in weights[0::2]]
    model.intercepts_ = [w.copy() for w in weights[1::2]]
    model.loss_curve_, model.best_loss_, model.n_iter_, model.t_ = [], np.inf, 0, 0


def _weights(model: Any) -> list[np.ndarray]:
    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    return [array for pair in pairs for array in pair]


def _sine(settings: Settings) -> Result:
    x, t = common.sine_data()
    # Its loss is half the mean square, hence twice the learning rate for the same steps.
    model = MLPRegressor(
        hidden_layer_sizes=(3,),
        activation="tanh",
        solver="sgd",
        alpha=0.0,
        batch_size=common.SAMPLES,
        learning_rate_init=2.0 * common.SINE_LEARNING_RATE,
        max_iter=1,
        shuffle=False,
        tol=0.0,
        n_iter_no_change=NEVER,
        momentum=0.0,
        warm_start=True,
    )
    model.fit(x, t[:, 0])
    model.max_iter = settings.epochs
    result = common.stopwatch(
        lambda: _set(model, common.sine_weights()),
        lambda: model.fit(x, t[:, 0]) and None,
        settings,
        settings.epochs,
    )
    return common.judge_sine(result, _weights(model), settings)


def _fashion(settings: Settings) -> Result:
    """One epoch; it reports no training accuracy, so it does a little less than the others."""
    x, t, _, _ = common.fashion_data(settings)
    model = MLPClassifier(
        hidden_layer_sizes=common.FASHION_WIDTHS[1:-1],
        solver="sgd",
        alpha=0.0,
        batch_size=common.FASHION_BATCH,
        learning_rate_init=common.FASHION_LEARNING_RATE,
        max_iter=settings.epochs,
        momentum=0.0,
        tol=0.0,
        n_iter_no_change=NEVER,
        warm_start=True,
    )
    model.partial_fit(x[:32], t[:32], classes=np.arange(10))
    result = common.stopwatch(
        lambda: _set(model, common.fashion_weights()),
        lambda: float(model.fit(x, t).loss_curve_[-1]),
        settings,
        settings.epochs,
    )
    return common.judge_fashion(result, _weights(model), settings)


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    common.main({("sine", "fit"): _sine, ("fashion", "fit"): _fashion}, ("scikit-learn", "numpy"))
