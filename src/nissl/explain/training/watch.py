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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nissl.arguments import optional, whole
from nissl.callbacks import Callback
from nissl.errors import GraphError
from nissl.explain.latex import number_latex
from nissl.explain.parts import Cell, Part, Table, Text, format_number
from nissl.explain.report import Explanation
from nissl.explain.training import verdict as verdicts
from nissl.explain.training.measures import LayerState, Record
from nissl.explain.training.probe import Probe
from nissl.i18n import grouped
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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

    def parts(self) -> Iterator[Part]:
        last = self.records[-1]
        yield Text(self.headline, style="good" if self.verdict == "healthy" else "bad")
        yield self._table(last)
        for text in self._reasons():
            yield Text(text)
        for text in self._remarks():
            yield Text(text, style="dim")

    @property
    def headline(self) -> str:
        """The verdict as a sentence, with what became of the loss."""
        found, count = self.verdict, len(self.findings)
        named = _(verdicts.KINDS[found])
        if found == "healthy":
            text = _("Verdict: {kind}. Every layer is within the limits.").format(kind=named)
        else:
            ill = [f for f in self.findings if f.kind == found]
            text = _("Verdict: {kind}, in {ill} of {count} layers.").format(
                kind=named, ill=len(ill), count=count
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

    def _table(self, record: Record) -> Table:
        columns = (
            _("Layer"),
            Cell("h", "h"),
            _("Verdict"),
            Cell(_("deviation of a"), r"\sigma(a)"),
            _("signal"),
            Cell("dE/da", r"\partial E / \partial a"),
            Cell("||dE/dw||", r"\lVert \partial E / \partial w \rVert"),
            Cell("||step||/||w||", r"\lVert \Delta w \rVert / \lVert w \rVert"),
            _("dead"),
            _("saturated"),
        )
        rows = [self._row(f.layer, f.kind) for f in self.findings]
        title = _("Layers at epoch {epoch}, on {rows} samples").format(
            epoch=record.epoch, rows=self.rows
        )
        return Table(columns, rows, title, digits=3)

    def _row(self, layer: LayerState, kind: str) -> list[str | float | Cell | None]:
        def number(value: float) -> float | None:
            return None if math.isnan(value) else value

        def spread(value: float, bad: int) -> str | float | Cell | None:
            return Cell(_("{bad} not finite").format(bad=bad), style="bad") if bad else value

        dead = None if layer.dead < 0 else f"{layer.dead}/{layer.units}"
        flat = None if math.isnan(layer.saturated) else f"{100 * layer.saturated:.0f}%"
        bad = sum(w.gradient.bad for w in layer.weights)
        return [
            layer.name,
            layer.activation,
            Cell(_(verdicts.KINDS[kind]), style="good" if kind == "healthy" else "bad"),
            spread(layer.a.deviation, layer.a.bad),
            signal_cell(layer),
            spread(layer.delta.rms, layer.delta.bad),
            spread(0.0, bad) if bad else number(layer.gradient_norm),
            number(layer.step_ratio),
            dead,
            flat,
        ]

    def _reasons(self) -> Iterator[str]:
        """For each kind the clearest case: which layer, by which numbers, and what to do."""
        for kind in verdicts.KINDS:
            ill = [(i, f) for i, f in enumerate(self.findings) if f.kind == kind and f.rule]
            for rule in dict.fromkeys(f.rule for _i, f in ill):
                alike = [(i, f) for i, f in ill if f.rule == rule]
                yield self._reason(kind, alike)

    def _reason(self, kind: str, alike: Sequence[tuple[int, verdicts.Finding]]) -> str:
        place, finding = max(alike, key=lambda pair: pair[1].badness)
        named = _(verdicts.KINDS[kind])
        text = f"{finding.layer.name}: {named}"
        if len(self.records) > 1:
            start = verdicts.since(self.records, place)
            text += " " + _("since epoch {epoch}").format(epoch=start)
        text += f": {verdicts.words(finding)}."
        others = [f for _i, f in alike if f is not finding]
        if others:
            shown = [f"{f.layer.name} ({format_number(f.value, 2)})" for f in others[:_SPOKEN]]
            if len(others) > _SPOKEN:
                shown.append(_("{count} others").format(count=len(others) - _SPOKEN))
            text += " " + _("Likewise {layers}.").format(layers=", ".join(shown))
        return text + " " + _("What to do: {what}.").format(what=verdicts.advice(finding))

    def _remarks(self) -> Iterator[str]:
        found = {f.kind for f in self.findings}
        first, earlier = self.records[0], dict[str, int]()
        for record in self.records[:-1]:
            earlier.setdefault(verdicts.worst(verdicts.judge(record, first)), record.epoch)
        for kind, epoch in earlier.items():
            if kind != "healthy" and kind not in found:
                yield _("It was {kind} for a time, first at epoch {epoch}.").format(
                    kind=_(verdicts.KINDS[kind]), epoch=epoch
                )
        remark = verdicts.rate_remark(self.records[-1])
        if remark and self.verdict == "healthy":
            yield remark
        yield _(
            "signal: how much a layer's outputs differ between samples; dE/da: its root mean square"
        )
        if any(layer.is_lost for layer in self.records[-1].layers):
            yield _(
                "below rounding: the outputs for different samples are equal in all digits that "
                "count; what differs in the last ones is the machine's."
            )
        told = [text for kind, text in verdicts.LIMITS.items() if kind in found]
        yield "\n".join(_(text) for text in told or [verdicts.SHORT])
        if self.training_seconds:
            rest = self.training_seconds - self.seconds
            yield _("Time: {watching} ms for {count} records, {training} ms for training.").format(
                count=len(self.records),
                watching=grouped(1000 * self.seconds, ".3g"),
                training=grouped(1000 * rest, ".0f")
                if rest >= 1
                else format_number(1000 * rest, 3),
            )

    def draw(self) -> Figure:
        from nissl.explain.training.watch_picture import draw

        return draw(self)


def signal_cell(layer: LayerState, by: float = 1.0) -> Cell | None:
    """How much outputs differ between samples, with as many digits as rounding leaves."""
    if layer.z.bad:
        return Cell(_("{bad} not finite").format(bad=layer.z.bad), style="bad")
    if layer.is_lost:
        return Cell(_("below rounding"), number=True)
    if math.isnan(layer.signal):
        return None
    text = format_number(layer.signal / by, layer.signal_digits)
    return Cell(text, number_latex(text), number=True)


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
