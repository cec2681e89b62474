"""Verdicts on a network in training: vanishing, exploding, dead, saturated, healthy, and why.

The limits are ours: the papers say what is good (the same variance in every layer), not where bad
begins, and each limit stands here once, with what it rests on.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from operator import ge, gt, lt

from nissl.explain.parts import format_number
from nissl.explain.training.measures import SATURATED, LayerState, Record
from nissl.i18n import mark
from nissl.i18n import translate as _

__all__ = [
    "KINDS",
    "LIMITS",
    "SHORT",
    "Finding",
    "advice",
    "judge",
    "rate_remark",
    "since",
    "words",
    "worst",
]

FOLKLORE = 1e-3
LEARNT = 0.1
VANISHING, EXPLODING = 1e-3, 1e3
DEAD, FLAT, STEP = 0.75, 1 / 3, 0.5

# from the worst; what stands first is said of a layer to which several apply
KINDS = {
    "not finite": mark("not finite"),
    "dead": mark("dead"),
    "saturated": mark("saturated"),
    "exploding": mark("exploding"),
    "vanishing": mark("vanishing"),
    "healthy": mark("healthy"),
}

SHORT = mark(
    "Limits: vanishing below 1e-3 and exploding above 1e3 of the other end, a step above a half, "
    "dead from three quarters of the units, saturated from a third of the outputs."
)

LIMITS = {
    "vanishing": mark(
        "vanishing: ∂E/∂a, or the difference between samples, is below 1e-3 of what it is at the "
        "other end of the network. Glorot and Bengio (2010, section 4.2) want both variances equal "
        "in every layer; how far below is ill is our choice."
    ),
    "exploding": mark(
        "exploding: the same above 1e3, or one step changes a layer by more than half of its "
        "weights' norm. He et al. (2015, section 2.2): a factor b in each layer becomes b to the "
        "power of the depth; Pascanu et al. (2013) clip such gradients. The limits are our choice."
    ),
    "dead": mark(
        "dead: at least three quarters of a layer's units give 0 for every sample, where relu's "
        "derivative is 0 too, so that nothing moves them again (Lu et al. 2019 on dying relu). The "
        "share is our choice; in a deep relu network about half is usual before training."
    ),
    "saturated": mark(
        "saturated: at least a third of a hidden layer's outputs lie where the derivative of its "
        "bounded activation is below a tenth of the largest, while the loss has not come down to "
        "a tenth: a network that has learnt may be so sure (Glorot and Bengio 2010, section 3, "
        "show such layers). The limits are our choice."
    ),
    "step": mark(
        "step: a change of about 1e-3 of the weights' norm in one step is often called right. That "
        "is folklore, with no paper behind it: a hint for the learning rate, not a verdict."
    ),
}

_MATCHED = {
    "linear": "glorot_uniform",
    "sigmoid": "glorot_uniform",
    "tanh": "glorot_uniform",
    "softsign": "glorot_uniform",
    "hard_tanh": "glorot_uniform",
    "selu": "lecun_normal",
}


@dataclass(frozen=True)
class Finding:
    """What is said of one layer.

    Attributes:
        layer: the layer, as measured.
        kind: one of :data:`KINDS`.
        rule: what decided: a key of :data:`_WORDS`, or ``""``.
        value, limit: the number found, and the one that it was compared with.
        other: the layer that it was compared with, if any.
    """

    layer: LayerState
    kind: str
    rule: str = ""
    value: float = math.nan
    limit: float = math.nan
    other: str = ""

    @property
    def badness(self) -> float:
        """How far beyond the limit it is, for comparison with findings of the same rule."""
        return -self.value if self.kind == "vanishing" else self.value


def judge(record: Record, first: Record | None = None) -> tuple[Finding, ...]:
    """Return a finding on each layer of ``record``; ``first`` is how training began, if it did."""
    learnt = first is not None and record.loss <= LEARNT * first.loss
    return tuple(_judged(record.layers, place, learnt) for place in range(len(record.layers)))


def _judged(layers: Sequence[LayerState], place: int, learnt: bool) -> Finding:
    layer, first, last = layers[place], layers[0], layers[-1]
    inner, nan = layer is not last, math.nan
    back = layer.delta.rms / last.delta.rms if last.delta.rms else nan
    ahead = layer.signal / first.signal if inner and first.signal else nan
    wall = next((each.name for each in layers[place + 1 :] if each.dead == each.units), "")
    flat = layer.saturated if inner and not learnt else nan
    for kind, rule, value, is_beyond, limit, other in (  # the first that applies decides
        ("not finite", "bad", layer.bad, gt, 0, ""),
        ("dead", "dead", layer.dead / layer.units, ge, DEAD, ""),
        ("saturated", "flat", flat, ge, FLAT, ""),
        ("exploding", "backward", back, gt, EXPLODING, last.name),
        ("exploding", "forward", ahead, gt, EXPLODING, first.name),
        ("exploding", "step", layer.step_ratio, gt, STEP, ""),
        ("vanishing", "blocked", back if wall and back == 0 else nan, lt, VANISHING, wall),
        ("vanishing", "backward", back, lt, VANISHING, last.name),
        ("vanishing", "alike", ahead if layer.is_lost else nan, lt, VANISHING, first.name),
        ("vanishing", "forward", ahead, lt, VANISHING, first.name),
    ):
        if is_beyond(value, limit):
            return Finding(layer, kind, rule, value, limit, other)
    return Finding(layer, "healthy")


def worst(findings: Sequence[Finding]) -> str:
    """Return the kind of the worst finding."""
    order = list(KINDS)
    return min((f.kind for f in findings), key=order.index, default="healthy")


def since(records: Sequence[Record], place: int) -> int:
    """Return the epoch since which layer number ``place`` has had the verdict that it has now."""
    kinds = [judge(record, records[0])[place].kind for record in records]
    start = len(kinds) - 1
    while start and kinds[start - 1] == kinds[-1]:
        start -= 1
    return records[start].epoch


# ---- in words -------------------------------------------------------------------------------
def _number(value: float) -> str:
    return format_number(value, 3)


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"


_WORDS = {
    "bad": mark("{value} of its numbers are NaN or infinite"),
    "dead": mark("{dead} of {units} units give 0 for every sample (limit {limit})"),
    "flat": mark(
        "{share} of its outputs lie where {activation} is flat, its derivative below "
        "{slope} of the largest (limit {limit})"
    ),
    "alike": mark("its outputs are the same for all samples, but for rounding"),
    "blocked": mark("no gradient reaches it: {other} is dead"),
    "step": mark("one step changes its weights by {value} of their norm (limit {limit})"),
    "backward": mark("∂E/∂a is {value} times that in {other} (limit {limit})"),
    "forward": mark(
        "samples differ in its outputs by {value} times as much as in {other} (limit {limit})"
    ),
}


def words(finding: Finding) -> str:
    """Say what was found, with the numbers; nothing of a healthy layer."""
    if finding.kind == "healthy":
        return ""
    layer, is_share = finding.layer, finding.rule in ("dead", "flat")
    return _(_WORDS[finding.rule]).format(
        value=_number(finding.value), share=_percent(finding.value), other=finding.other,
        limit=_percent(finding.limit) if is_share else _number(finding.limit),
        dead=layer.dead, units=layer.units, activation=layer.activation, slope=_percent(SATURATED),
    )  # fmt: skip


_SLOPES = {"sigmoid": "1/4", "hard_sigmoid": "1/6"}  # the largest
_ADVICE = {  # by the rule, or by the kind and what else is true of the layer
    "blocked": mark("mend {other} first"),
    "step": mark("a lower learning rate, or clipnorm=1.0 in the optimizer"),
    "not finite": mark(
        "a lower learning rate, clipnorm=1.0 in the optimizer, or inputs scaled to about -1 to 1"
    ),
    "dead": mark(
        "a lower learning rate, kernel_initializer='he_normal', or leaky_relu or elu, whose "
        "derivative is nowhere 0"
    ),
    "saturated": mark(
        "smaller weights at the start, such as kernel_initializer='glorot_uniform', inputs "
        "scaled to about -1 to 1, or activation='relu' with 'he_normal'"
    ),
    "exploding, other weights": mark(
        "kernel_initializer='{matched}' for {activation}; else a lower learning rate, or "
        "clipnorm=1.0 in the optimizer"
    ),
    "exploding": mark(
        "inputs scaled to about -1 to 1, a lower learning rate, or clipnorm=1.0 in the optimizer"
    ),
    "vanishing, small slope": mark(
        "activation='relu' with kernel_initializer='he_normal', or 'tanh' with "
        "'glorot_uniform': the derivative of {activation} is at most {slope}, and every layer "
        "multiplies by it"
    ),
    "vanishing, other weights": mark("kernel_initializer='{matched}' for {activation}"),
    "vanishing": mark("fewer layers, or activation='selu' with kernel_initializer='lecun_normal'"),
}


def advice(finding: Finding) -> str:
    """Say what to do about it; nothing for a healthy layer."""
    if finding.kind == "healthy":
        return ""
    activation = finding.layer.activation
    matched = _MATCHED.get(activation or "linear", "he_normal")
    begun = finding.layer.initializer.split("_")[0]
    cases = (
        finding.rule,
        f"{finding.kind}, small slope" if activation in _SLOPES else "",
        f"{finding.kind}, other weights" if begun not in ("", matched.split("_")[0]) else "",
        finding.kind,
    )
    return _(next(_ADVICE[case] for case in cases if case in _ADVICE)).format(
        other=finding.other, matched=matched, activation=activation or "linear",
        slope=_SLOPES.get(activation),
    )  # fmt: skip


def rate_remark(record: Record) -> str:
    """Say how large steps are beside the folklore's 1e-3; empty where there is no optimizer."""
    ratios = [each.step_ratio for each in record.layers]
    found = [ratio for ratio in ratios if math.isfinite(ratio)]
    if not found:
        return ""
    middle = statistics.median(found)
    if middle > 10 * FOLKLORE:
        told = _("; far above 1e-3, so the learning rate may be too high.")
    elif middle < FOLKLORE / 10:
        told = _("; far below 1e-3, so the learning rate may be too low.")
    else:
        told = _("; near 1e-3, as it should be by rule of thumb.")
    text = _("One step changes a layer by {value} of its weights' norm (the median layer)")
    return text.format(value=_number(middle)) + told
