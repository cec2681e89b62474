"""Training made visible: what each layer's signals, gradients and steps do, and a verdict on them.

>>> import nissl
>>> from nissl.datasets import digits
>>> (x, y), _ = digits.load_data()
>>> model = nissl.Sequential([nissl.Input((8, 8)), nissl.layers.Flatten(),
...     nissl.layers.Rescaling(1 / 16), nissl.layers.Dense(32, "relu"),
...     nissl.layers.Dense(10, "softmax")])
>>> model.compile("adam", "sparse_categorical_crossentropy")
>>> watch = nissl.explain.Watch(x, y)
>>> history = model.fit(x, y, epochs=2, verbose=0, callbacks=[watch])
>>> watch.report().verdict
'healthy'
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nissl.arguments import optional, whole
from nissl.callbacks import Callback
from nissl.errors import GraphError
from nissl.explain.parts import format_number
from nissl.explain.report import Explanation
from nissl.explain.training import verdict as verdicts
from nissl.explain.training.measures import Record
from nissl.explain.training.probe import Probe
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.models.model import Model

__all__ = ["Watch", "WatchReport", "initialisation"]

_SPOKEN = 4  # findings of one kind that are told one by one


@dataclass(frozen=True)
class WatchReport(Explanation):
    """What was seen of a network: a table of its layers, a verdict in words, and a picture.

    Attributes:
        records: what was measured, in order; one at least.
        rows: how many samples were looked at.
        seconds: time that watching took.
        training_seconds: time that training took, watching included; 0 where nothing was trained.
    """

    records: Sequence[Record]
    rows: int
    seconds: float = 0.0
    training_seconds: float = 0.0

    @property
    def findings(self) -> tuple[verdicts.Finding, ...]:
        """What is said of each layer, as it was in the last record."""
        return verdicts.judge(self.records[-1], self.records[0] if self.records[1:] else None)

    @property
    def verdict(self) -> str:
        """The worst that is said of a layer: a key of :data:`~nissl.explain.verdict.KINDS`."""
        return verdicts.worst(self.findings)

    @property
    def headline(self) -> str:
        """The verdict as a sentence, with what became of the loss."""
        kinds = [each.kind for each in self.findings]
        text = _("Verdict: {kind}, in {ill} of {count} layers.")
        if self.verdict == "healthy":
            text = _("Verdict: {kind}. Every layer is within the limits.")
        text = text.format(
            kind=_(verdicts.KINDS[self.verdict]), ill=kinds.count(self.verdict), count=len(kinds)
        )
        first, last = self.records[0], self.records[-1]
        if last is not first:
            text += " " + _("Loss on the probe: {first} at epoch {begin}, {last} at epoch {end}.")
            text = text.format(
                first=format_number(first.loss, 4),
                last=format_number(last.loss, 4),
                begin=first.epoch,
                end=last.epoch,
            )
        return text


class Watch(Callback):
    """A callback that watches every layer while a network trains.

    At chosen epochs it takes the same few samples through the network, forward and backward, and
    keeps of each layer the distributions of ``a``, ``z`` and ``dE/da``, of each weight those of its
    gradient, the size of the step that the optimizer would make, dead units, and saturated outputs.
    Dropout and the like are off, as in evaluation. Nothing of the training changes.

    Args:
        x, y: samples and targets, such as the training data.
        every: epochs from one record to the next; by default as many as keep the records few.
        records: how many records are kept at most; if there are more, every other one goes, and
            the epochs between them double.
        rows: how many of the samples are looked at, at least 1.
        seed: which of them.

    Attributes:
        kept: the records.
        seconds: time spent watching.

    Raises:
        DataError, ShapeError: in ``fit``, samples that the model cannot take.
        ArgumentError: ``every`` or ``rows`` below 1, ``records`` below 2; in ``fit``, a model
            without layers that can be watched.
    """

    every_epoch = False  # it says by next_look when it needs the weights

    def __init__(
        self,
        x: Any,
        y: Any,
        *,
        every: int | None = None,
        records: int = 16,
        rows: int = 64,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.x, self.y = x, y
        self.every = optional(whole)("watch", "every", every, least=1)
        self.limit = whole("watch", "records", records, least=2)
        self.rows = whole("watch", "rows", rows, least=1)
        self.seed = seed
        self.kept: list[Record] = []
        self.seconds = 0.0
        self._probe: Probe | None = None
        self._stride = self._done = 0
        self._began = self._ended = 0.0

    # ---- hooks -------------------------------------------------------------------------------
    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.kept, self.seconds, self._stride, self._done = [], 0.0, 0, 0
        self._began = self._ended = time.perf_counter()
        if self._probe is None or self._probe.model is not self.model:
            self._probe = Probe(self.model, self.x, self.y, self.rows, seed=self.seed)
        self.seconds = time.perf_counter() - self._began
        self._record()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if not self._stride:  # the first epoch of this training
            self._plan(epoch)

    def next_look(self, done: int) -> int | None:
        if not self._stride:
            self._plan(done)
        first = self.kept[0].epoch
        return done + self._stride - (done - first) % self._stride

    def _plan(self, first: int) -> None:
        """Decide, once it is known where training begins, after which epochs to look."""
        left = int(self.params.get("epochs", first + 1)) - first
        self._stride = self.every or max(1, math.ceil(left / (self.limit - 1)))
        self._done = first
        self.kept[0] = replace(self.kept[0], epoch=first)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._done = epoch + 1
        if (self._done - self.kept[0].epoch) % self._stride == 0:
            self._record()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.close()

    def close(self) -> None:
        """Record the end, also one by an error or an interruption within an epoch."""
        if self.kept and int(self.model.optimizer.iterations.numpy()) != self.kept[-1].step:
            self._record()
        self._ended = time.perf_counter()

    def _record(self) -> None:
        began = time.perf_counter()
        assert self._probe is not None
        self.kept.append(self._probe.measure(self._done))
        if len(self.kept) > self.limit:
            self.kept = self.kept[::2]
            self._stride *= 2
        self.seconds += time.perf_counter() - began

    # ---- what came of it ---------------------------------------------------------------------
    def report(self) -> WatchReport:
        """Return what was seen.

        Raises:
            GraphError: nothing was trained yet.
        """
        if not self.kept or self._probe is None:
            raise GraphError(
                "Watch has seen nothing yet; give it to model.fit(..., callbacks=[watch]) first"
            )
        ended = max(self._ended, self._began + self.seconds)
        return WatchReport(tuple(self.kept), self._probe.rows, self.seconds, ended - self._began)


def initialisation(
    model: Model, x: Any, y: Any, *, loss: Any = None, rows: int = 64, seed: int = 0
) -> WatchReport:
    """Look at a network as it is now: signals, gradients, and a verdict, before any training.

    Args:
        model: a model; built for these samples if it is not built yet.
        x, y: samples and targets.
        loss: what to differentiate; the model's own by default.
        rows: how many samples are looked at, drawn by ``seed``.

    Raises:
        GraphError: no loss was given, and the model was not compiled with one.
        ArgumentError: a model without layers that can be watched.
        DataError, ShapeError: samples that the model cannot take.

    >>> import numpy as np, nissl
    >>> model = nissl.Sequential([nissl.layers.Dense(3, "relu", kernel_initializer="zeros"),
    ...                           nissl.layers.Dense(1)])
    >>> report = nissl.explain.initialisation(model, np.eye(4), np.ones(4), loss="mse")
    >>> report.verdict, report.findings[0].layer.dead
    ('dead', 3)
    """
    probe = Probe(model, x, y, rows, loss, seed)
    return WatchReport([probe.measure()], probe.rows)
