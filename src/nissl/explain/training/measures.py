"""What is measured of a layer: distributions, sizes, dead units, saturated outputs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nissl import activations
from nissl.core.tensor import Host

__all__ = [
    "LayerState",
    "Record",
    "Spread",
    "WeightState",
    "dead",
    "norm",
    "rounding",
    "saturated",
    "signal",
]

LEVELS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
BINS = 24
_AT_MOST = 2_000  # numbers of which quantiles and histogram are taken; more are thinned evenly
_LEVELS = np.array(LEVELS)
_INNER = np.arange(1, BINS) / BINS
_ULPS = 8  # units in the last place of a layer's outputs by which equal samples may differ
_EPSILONS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
SATURATED = 0.1  # of its largest, the derivative below which a bounded activation is saturated


@dataclass(frozen=True)
class Spread:
    """How numbers are distributed.

    Attributes:
        size: how many there are.
        bad: how many of them are NaN or infinite; the rest of this is about the others.
        mean, deviation, rms: their mean, standard deviation and root mean square.
        quantiles: at 0, 5, 25, 50, 75, 95 and 100 %; NaN where no number is finite.
        edges, counts: a histogram, from the smallest to the largest.
    """

    size: int
    bad: int
    mean: float
    deviation: float
    rms: float
    quantiles: tuple[float, ...]
    edges: tuple[float, float]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, array: Any) -> Spread:
        """Describe an array of any shape.

        >>> Spread.of([1.0, 2.0, 3.0, float("inf")]).quantiles[3]
        2.0
        """
        values = np.asarray(array).ravel()
        finite = values
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
        if not math.isfinite(low) or not math.isfinite(high):
            finite = values[np.isfinite(values)]
            if finite.size:
                low, high = float(finite.min()), float(finite.max())
        bad, nan = values.size - finite.size, math.nan
        if not finite.size:
            nothing = (nan,) * len(LEVELS)
            return cls(values.size, bad, nan, nan, nan, nothing, (0.0, 0.0), (0,) * BINS)
        ordered = np.asarray(finite[:: -(-finite.size // _AT_MOST)], np.float64)
        ordered.sort()
        places = np.interp(_LEVELS * (ordered.size - 1), np.arange(ordered.size), ordered)
        ends = ordered.searchsorted(low + _INNER * (high - low)).tolist()
        bounds = [0, *ends, ordered.size]
        top = max(-low, high) or 1.0  # squares of numbers near 1e200 must not overflow
        scaled = np.asarray(finite, np.float64) / top
        mean, square = float(scaled.sum()) / scaled.size, float(scaled @ scaled) / scaled.size
        scaled -= mean
        return cls(
            values.size,
            bad,
            mean * top,
            math.sqrt(float(scaled @ scaled) / scaled.size) * top,
            math.sqrt(square) * top,
            (low, *places[1:-1].tolist(), high),
            (low, high),
            tuple(after - before for before, after in itertools.pairwise(bounds)),
        )


@dataclass(frozen=True)
class WeightState:
    """One weight: its own size, its gradient, and the step that the optimizer would make.

    Attributes:
        name: path of the weight.
        norm: Euclidean norm of the weight.
        gradient: how ``dE/dw`` is distributed.
        gradient_norm: Euclidean norm of ``dE/dw``.
        step_norm: norm of the change in one step on the probe; NaN without an optimizer.
    """

    name: str
    norm: float
    gradient: Spread
    gradient_norm: float
    step_norm: float


@dataclass(frozen=True)
class LayerState:
    """One layer on the probe.

    Attributes:
        name: path of the layer; of one called twice, all its calls are taken together.
        kind: name of its class.
        activation: name of ``h``; empty where there is none.
        initializer: name of what the kernel began with; empty where that is not known.
        units: length of the last axis.
        a: distribution of the pre-activations; that of the outputs where there is no activation.
        z: distribution of the activations.
        delta: distribution of ``dE/da``.
        signal: how much ``z`` differs between samples: the root of its variance over the samples,
            averaged over units; NaN for one sample, 0 where it is below ``rounding``.
        rounding: how much the outputs of equal samples may differ by rounding alone.
        dead: units whose output is 0 for every sample; -1 where that has no meaning.
        saturated: share of the outputs where a bounded activation is flat, its derivative below a
            tenth of the largest; NaN where that has no meaning.
        weights: its trainable weights.
    """

    name: str
    kind: str
    activation: str
    initializer: str
    units: int
    a: Spread
    z: Spread
    delta: Spread
    signal: float
    rounding: float
    dead: int
    saturated: float
    weights: tuple[WeightState, ...]

    @property
    def is_lost(self) -> bool:
        """Whether samples differ in its outputs, which are not 0, by less than rounding."""
        return self.signal == 0 and self.z.rms > 0

    @property
    def signal_digits(self) -> int:
        """How many digits of ``signal`` stand above rounding, at most 3."""
        if not 0 < self.rounding < self.signal:
            return 3
        return min(3, 1 + int(math.log10(self.signal / self.rounding)))

    @property
    def gradient_norm(self) -> float:
        """Norm of the gradients of all its weights together; NaN without weights."""
        return _norm_of([w.gradient_norm for w in self.weights])

    @property
    def weight_norm(self) -> float:
        """Norm of all its weights together; NaN without weights."""
        return _norm_of([w.norm for w in self.weights])

    @property
    def step_ratio(self) -> float:
        """``||dw|| / ||w||`` of one step on the probe; NaN where it has no meaning."""
        size = self.weight_norm
        return _norm_of([w.step_norm for w in self.weights]) / size if size > 0 else math.nan

    @property
    def bad(self) -> int:
        """How many of all its numbers are not finite."""
        own = self.a.bad + self.z.bad + self.delta.bad
        return own + sum(w.gradient.bad + (not math.isfinite(w.norm)) for w in self.weights)


@dataclass(frozen=True)
class Record:
    """All layers at one moment.

    Attributes:
        epoch: epochs trained before it.
        step: steps that the optimizer had made; 0 without one.
        loss: loss on the probe.
        layers: from the input to the output.
    """

    epoch: int
    step: int
    loss: float
    layers: tuple[LayerState, ...]


def norm(array: Host) -> float:
    """Euclidean norm, also of numbers whose squares would overflow; NaN if one is not finite."""
    values = np.asarray(array, np.float64).ravel()
    top = float(np.max(np.abs(values), initial=0.0))
    if not math.isfinite(top) or not top:
        return top if top == 0 else math.nan
    values = values / top
    return top * math.sqrt(float(values @ values))


def _norm_of(parts: Sequence[float]) -> float:
    return math.hypot(*parts) if parts else math.nan


# ---- what is measured on the outputs of a layer --------------------------------------------------
def rounding(calls: Sequence[Host]) -> float:
    """How much outputs may differ by rounding alone: a few units in the last place of their size.

    >>> round(rounding([np.array([[2.0], [-2.0]])]) / 2.0**-52, 6)
    16.0
    """
    size = sum(each.size for each in calls) or 1
    total = math.hypot(*(norm(each) for each in calls)) / math.sqrt(size)
    return _ULPS * max(_EPSILONS.get(each.dtype.name, 0.0) for each in calls) * total


def signal(calls: Sequence[Host]) -> float:
    """How much outputs differ between samples: NaN for one sample or numbers not finite.

    What is below :func:`rounding` is 0: it says more about the machine than about the network.
    """
    parts = [np.asarray(each, np.float64) for each in calls]
    if any(len(each) < 2 for each in parts):
        return math.nan
    top = max(float(np.max(np.abs(each), initial=0.0)) for each in parts) or 1.0
    if not math.isfinite(top):
        return math.nan
    # differences of near numbers are exact, so that the mean's own rounding does not count
    variances = [float(np.mean(np.var((each - each[:1]) / top, axis=0))) for each in parts]
    found = top * math.sqrt(sum(variances) / len(variances))
    return found if found > rounding(calls) else 0.0


def dead(activation: str, outputs: Host) -> int:
    """Units that give 0 for every sample, of activations for which the derivative is 0 there."""
    facts = activations.FACTS.get(activation)
    rectifies = activation and (
        facts is None or (facts.low == 0 and (math.isinf(facts.high) or activation == "relu6"))
    )
    return int(np.all(outputs == 0, axis=0).sum()) if rectifies else -1


# the derivative of bounded activations, as a share of its largest, from the output z
_SLOPES: dict[str, Callable[[Host], Any]] = {
    "hard_sigmoid": lambda z: (z > 0) & (z < 1),
    "hard_tanh": lambda z: np.abs(z) < 1,
    "heaviside": np.zeros_like,
    "sigmoid": lambda z: 4 * z * (1 - z),
    "sign": np.zeros_like,
    "softsign": lambda z: (1 - np.abs(z)) ** 2,
    "tanh": lambda z: 1 - z**2,
}


def saturated(activation: str, outputs: Host) -> float:
    """The share of outputs at which a bounded activation is flat."""
    slope = _SLOPES.get(activation)
    if slope is None:
        return math.nan
    return float(np.mean(slope(np.asarray(outputs, np.float64)) < SATURATED))
