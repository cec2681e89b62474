"""What is said of a watched network: a table of its layers, reasons, advice, and the limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from nissl.explain.latex import number_latex
from nissl.explain.parts import Cell, Part, Table, Text, Value, format_number, formula, table_of
from nissl.explain.training import verdict as verdicts
from nissl.explain.training.measures import LayerState
from nissl.explain.training.verdict import Finding
from nissl.i18n import grouped
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.training.watch import WatchReport

__all__ = ["parts", "signal_cell", "verdict_cell"]

_SPOKEN = 4  # findings of one kind that are told one by one


def parts(shown: WatchReport) -> Iterator[Part]:
    """Yield the verdict, the layers, and the reasons."""
    yield Text(shown.headline, style="good" if shown.verdict == "healthy" else "bad")
    yield _table(shown)
    for text in _reasons(shown):
        yield Text(text)
    for text in _remarks(shown):
        yield Text(text, style="dim")


# ---- the table --------------------------------------------------------------------------------
def verdict_cell(kind: str) -> Cell:
    """Return a verdict in words."""
    return Cell(_(verdicts.KINDS[kind]), style="good" if kind == "healthy" else "bad")


def signal_cell(layer: LayerState, by: float = 1.0) -> Value:
    """How much outputs differ between samples, with as many digits as rounding leaves."""
    if layer.is_lost:
        return Cell(_("below rounding"), number=True)
    if layer.z.bad or math.isnan(layer.signal):
        return _number(layer.signal, layer.z.bad)
    text = format_number(layer.signal / by, layer.signal_digits)
    return Cell(text, number_latex(text), number=True)


def _number(value: float, bad: int = 0) -> Value:
    """A number; nothing where it has no meaning; how many it is about are not finite."""
    if bad:
        return Cell(_("{bad} not finite").format(bad=bad), style="bad")
    return None if math.isnan(value) else value


def _table(shown: WatchReport) -> Table:
    columns: list[tuple[str | Cell, Callable[[LayerState], Value]]] = [
        (Cell(_("deviation of a"), r"\sigma(a)"), lambda s: _number(s.a.deviation, s.a.bad)),
        (_("signal"), signal_cell),
        (
            formula(r"\partial E / \partial a"),
            lambda s: _number(s.delta.rms, s.delta.bad),
        ),
        (
            formula(r"\lVert \partial E / \partial w \rVert"),
            lambda s: _number(s.gradient_norm, sum(w.gradient.bad for w in s.weights)),
        ),
        (
            formula(r"\lVert \Delta w \rVert / \lVert w \rVert"),
            lambda s: _number(s.step_ratio),
        ),
        (_("dead"), lambda s: None if s.dead < 0 else f"{s.dead}/{s.units}"),
        (
            _("saturated"),
            lambda s: None if math.isnan(s.saturated) else f"{100 * s.saturated:.0f}%",
        ),
    ]
    title = _("Layers at epoch {epoch}, on {rows} samples")
    return table_of(
        shown.findings,
        [
            (_("Layer"), lambda found: found.layer.name),
            (formula("h"), lambda found: found.layer.activation),
            (_("Verdict"), lambda found: verdict_cell(found.kind)),
            *((name, lambda found, of=of: of(found.layer)) for name, of in columns),
        ],
        title=title.format(epoch=shown.records[-1].epoch, rows=shown.rows),
        digits=3,
    )


# ---- sentences --------------------------------------------------------------------------------
def _reasons(shown: WatchReport) -> Iterator[str]:
    """For each kind the clearest case: which layer, by which numbers, and what to do."""
    for kind in verdicts.KINDS:
        ill = [(place, f) for place, f in enumerate(shown.findings) if f.kind == kind and f.rule]
        for rule in dict.fromkeys(f.rule for _place, f in ill):
            yield _reason(shown, [(place, f) for place, f in ill if f.rule == rule])


def _reason(shown: WatchReport, alike: Sequence[tuple[int, Finding]]) -> str:
    place, finding = max(alike, key=lambda pair: pair[1].badness)
    text = f"{finding.layer.name}: {_(verdicts.KINDS[finding.kind])}"
    if len(shown.records) > 1:
        start = verdicts.since(shown.records, place)
        text += " " + _("since epoch {epoch}").format(epoch=start)
    text += f": {verdicts.words(finding)}."
    others = [f for _i, f in alike if f is not finding]
    if others:
        named = [f"{f.layer.name} ({format_number(f.value, 2)})" for f in others[:_SPOKEN]]
        if len(others) > _SPOKEN:
            named.append(_("{count} others").format(count=len(others) - _SPOKEN))
        text += " " + _("Likewise {layers}.").format(layers=", ".join(named))
    return text + " " + _("What to do: {what}.").format(what=verdicts.advice(finding))


def _remarks(shown: WatchReport) -> Iterator[str]:
    found = {f.kind for f in shown.findings}
    first, earlier = shown.records[0], dict[str, int]()
    for record in shown.records[:-1]:
        earlier.setdefault(verdicts.worst(verdicts.judge(record, first)), record.epoch)
    for kind, epoch in earlier.items():
        if kind not in {"healthy", *found}:
            yield _("It was {kind} for a time, first at epoch {epoch}.").format(
                kind=_(verdicts.KINDS[kind]), epoch=epoch
            )
    remark = verdicts.rate_remark(shown.records[-1])
    if remark and shown.verdict == "healthy":
        yield remark
    yield _(
        "signal: how much a layer's outputs differ between samples; ∂E/∂a: its root mean square"
    )
    if any(layer.is_lost for layer in shown.records[-1].layers):
        yield _(
            "below rounding: the outputs for different samples are equal in all digits that "
            "count; what differs in the last ones is the machine's."
        )
    told = [text for kind, text in verdicts.LIMITS.items() if kind in found]
    yield "\n".join(_(text) for text in told or [verdicts.SHORT])
    if shown.training_seconds:
        rest = 1000 * (shown.training_seconds - shown.seconds)
        yield _("Time: {watching} ms for {count} records, {training} ms for training.").format(
            count=len(shown.records),
            watching=grouped(1000 * shown.seconds, ".3g"),
            training=grouped(rest, ".0f") if rest >= 1000 else format_number(rest, 3),
        )
