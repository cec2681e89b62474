"""Set-ups side by side in words: factors of signal and gradient, verdicts, and which learn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nissl.explain.parts import Cell, Part, Table, Text, Value, table_of
from nissl.explain.training.depth import LEAST
from nissl.explain.training.watch_tables import signal_cell, verdict_cell
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.training.depth import DepthReport, Outcome

__all__ = ["parts"]

_NOTHING = Cell("< 1e-300", "< 10^{-300}", number=True)
_UNKNOWN = Cell("–")


def parts(shown: DepthReport) -> Iterator[Part]:
    """Yield the networks before training and after it."""
    yield Text(shown.heading, heading=True)
    yield _before(shown)
    yield Text(
        _(
            "signal: how much outputs differ between samples, last hidden layer by first; "
            "gradient: ∂E/∂a, first hidden layer by last. A network in good order has a "
            "factor near 1 in each layer: to the power of the depth, little becomes very much."
        ),
        style="dim",
    )
    lost = [each for each in shown.outcomes if each.forward == 0 and each.hidden[-1].z.rms > LEAST]
    if lost:
        yield Text(_told_lost(lost), style="dim")
    if shown.epochs:
        yield _after(shown)
        yield Text(_told(shown))


def _before(shown: DepthReport) -> Table:
    return table_of(
        shown.outcomes,
        [
            (_("Set-up"), lambda outcome: str(outcome.setup)),
            (_("signal"), _ahead),
            (_("a layer"), lambda outcome: _a_layer(outcome.signals)),
            (_("gradient"), lambda o: _NOTHING if o.backward == 0 else _number(o.backward)),
            (_("a layer"), lambda outcome: _a_layer(outcome.gradients[::-1])),
            (_("Verdict before training"), lambda outcome: verdict_cell(outcome.start.verdict)),
        ],
        title=_("Before training"),
        digits=3,
    )


def _after(shown: DepthReport) -> Table:
    return table_of(
        shown.outcomes,
        [
            (_("Set-up"), lambda outcome: str(outcome.setup)),
            (_("Loss"), lambda outcome: _number(*outcome.losses[-1:])),
            (_("Accuracy"), _accuracy),
            (_("Verdict after training"), _trained),
        ],
        title=_("After {epochs} epochs of training").format(epochs=shown.epochs),
        digits=3,
    )


def _number(value: float = math.nan) -> Value:
    return _UNKNOWN if math.isnan(value) else value


def _ahead(outcome: Outcome) -> Value:
    """The signal's factor, with as many digits as rounding leaves."""
    first, last = outcome.hidden[0], outcome.hidden[-1]
    if outcome.forward == 0 and last.z.rms <= LEAST:
        return _NOTHING
    if outcome.forward == 0:
        return Cell(_("below rounding"), number=True)
    return _UNKNOWN if math.isnan(outcome.forward) else signal_cell(last, first.signal)


def _a_layer(values: Sequence[float]) -> Value:
    """By what a layer multiplies, on the way from the first value to the last that is not lost."""
    kept = [each for each in values if each != 0]
    return _number(kept[-1] ** (1 / (len(kept) - 1))) if len(kept) > 1 else _UNKNOWN


def _accuracy(outcome: Outcome) -> Value:
    return f"{100 * outcome.accuracies[-1]:.1f}%" if outcome.accuracies else _UNKNOWN


def _trained(outcome: Outcome) -> Cell:
    if outcome.trained is None or outcome.stopped:
        return Cell(_("stopped: not finite"), style="bad")
    return verdict_cell(outcome.trained.verdict)


def _told_lost(outcomes: Sequence[Outcome]) -> str:
    """From which layer on the signal is below rounding."""
    text = _(
        "below rounding: computed in float64, which has about 16 digits, the outputs for different "
        "samples are equal in all but the last; the factor a layer is that of the layers before."
    )
    begun = _("{setup}: from {layer} on")
    lost = [(each.setup, each.hidden[each.signals.index(0)].name) for each in outcomes]
    return "\n".join([text, *(begun.format(setup=setup, layer=name) for setup, name in lost)])


def _told(shown: DepthReport) -> str:
    able = "; ".join(str(each.setup) for each in shown.outcomes if shown.learns(each))
    unable = "; ".join(str(each.setup) for each in shown.outcomes if not shown.learns(each))
    told = [
        _("These learn: {names}.").format(names=able) if able else "",
        _("Hardly better than chance so far: {names}.").format(names=unable) if unable else "",
    ]
    return "\n".join(filter(None, told))
