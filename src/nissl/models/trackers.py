"""What a model counts over an epoch: its loss, its metrics, and the first step that went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nissl import metrics as metrics_module
from nissl.core import functions as F
from nissl.core.tensor import Tensor
from nissl.core.variable import Capture, Variable, capture
from nissl.metrics import Metric


class Trackers:
    """What is counted over an epoch: the loss, the metrics, and the first step that went wrong."""

    def __init__(self, metrics: Sequence[Metric], weighted: Sequence[Metric]) -> None:
        self.loss = metrics_module.Mean(name="loss")
        self.metrics = tuple(metrics)
        self.weighted = tuple(weighted)
        self.bad_step = Variable(np.int32(-1), trainable=False, name="first_bad_step")

    @property
    def all(self) -> tuple[Metric, ...]:
        """Loss, metrics and weighted metrics, in the order in which they are reported."""
        return (self.loss, *self.metrics, *self.weighted)

    def names(self) -> list[str]:
        """Names of the numbers that a report holds, before that of the bad step."""
        return [metric.name for metric in self.all]

    def variables(self) -> list[Variable]:
        """All state of them, and the first bad step."""
        return [*(v for metric in self.all for v in metric.variables), self.bad_step]

    def update(self, loss: Tensor, y: Tensor, prediction: Tensor, weights: Tensor | None) -> None:
        """Take one more batch into account; the loss counts by its rows, not by their weights."""
        rows = prediction.shape[0]
        self.loss.update_state(F.reshape(F.stop_gradient(loss), (1,)), F.full((1,), float(rows)))
        for metric in self.metrics:
            metric.update_state(y, prediction)
        for metric in self.weighted:
            metric.update_state(y, prediction, weights)

    def reset(self) -> None:
        """Begin a new epoch."""
        for metric in self.all:
            metric.reset_state()

    def fresh(self, state: Sequence[Variable]) -> tuple[Any, ...]:
        """For each state variable the value with which an epoch begins, or ``None`` to keep it."""
        with capture(Capture()) as seen:
            self.reset()
        return tuple(seen.writes[v].numpy() if v in seen.writes else None for v in state)


def rename_repeated(metrics: list[Any], weighted: list[Any]) -> None:
    """Give each metric a name of its own, as Keras does."""
    plain = {m.name for m in metrics}
    for metric in weighted:
        if metric.name in plain:
            metric.name = f"weighted_{metric.name}"
    seen: dict[str, int] = {"loss": 1}
    for metric in (*metrics, *weighted):
        number = seen.get(metric.name, 0)
        seen[metric.name] = number + 1
        if number:
            metric.name = f"{metric.name}_{number}"
