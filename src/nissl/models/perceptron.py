"""The perceptron: one neuron with a step for its activation, trained by Rosenblatt's rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from nissl import random
from nissl.arguments import number, whole
from nissl.core import functions as F
from nissl.core.op import quiet
from nissl.core.tensor import Host, Tensor
from nissl.errors import (
    DataError,
    NonFiniteError,
    ShapeError,
    UnbuiltError,
    UnknownNameError,
)
from nissl.models.two_classes import as_array, as_labels, as_samples, frozen, two_classes

__all__ = ["Perceptron"]

ACTIVATIONS = {"heaviside": F.heaviside, "sign": F.sign}
TARGETS = {"heaviside": (0, 1), "sign": (-1, 1)}
_BLOCK = 4096  # samples that are tried at once, at most, in search of the next error


@dataclass(frozen=True, eq=False)
class Update:
    """One step of the rule, ``after = before + eta * error * (1, inputs)``.

    Attributes:
        number: which update it is, from 1.
        epoch: in which pass over the data, from 1.
        sample: which sample, by its place in the data, from 0.
        inputs: its features, shape ``(D,)``.
        target: the output that it should have: 0 or 1, or with sgn -1 or 1.
        pre_activation: ``a = w . x``, with the weights before.
        output: ``H(a)`` or ``sgn(a)``.
        error: ``target - output``.
        before: weights before the update, bias first, shape ``(D + 1,)``.
        after: weights after it.
    """

    number: int
    epoch: int
    sample: int
    inputs: Host
    target: int
    pre_activation: float
    output: int
    error: int
    before: Host
    after: Host


class Perceptron:
    """One neuron whose output is a step, and the perceptron rule that finds its weights.

    ``o = H(w . x)`` or ``o = sgn(w . x)``, where ``w[0]`` is the bias and ``x[0] = 1``. The
    samples are tried in turn, and each one whose output is not its target ``y`` moves the weights:
    ``w(n+1) = w(n) + eta * (y - o) * x(n)``. That goes on until a whole pass finds no error, or
    ``max_updates`` is reached.

    Args:
        activation: ``"heaviside"``, with ``H(0) = 1`` and outputs 0 and 1; or ``"sign"``, with
            ``sgn(0) = 0`` and outputs -1 and 1. Under ``"sign"`` a sample on the line itself has
            the output 0, which is neither target, and so is an error.
        learning_rate: ``eta``, above 0. From zero weights it only scales the weights.
        max_updates: the most updates, at least 1.
        initial_weights: ``"zeros"``; ``"random"``, drawn evenly from [-1, 1); or the weights
            themselves, bias first. Given weights can predict without any training.
        shuffle: whether each pass takes the samples in a new random order.
        seed: of what is random; the same seed gives the same run.

    Everything is computed in float64.

    Raises:
        ArgumentError: an argument outside its range.
        UnknownNameError: another activation.

    Source: Rosenblatt 1958, "The perceptron"; convergence: Novikoff 1962.

    >>> import nissl
    >>> p = nissl.Perceptron().fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> p.converged, p.weights.tolist(), p.predict([[1, 1], [0, 1]]).tolist()
    (True, [-3.0, 2.0, 1.0], [1, 0])
    >>> first = p.history[0]
    >>> first.sample, first.target, first.output, first.after.tolist()
    (0, 0, 1, [-1.0, 0.0, 0.0])
    """

    def __init__(
        self,
        activation: str = "heaviside",
        learning_rate: float = 1.0,
        max_updates: int = 1000,
        initial_weights: str | ArrayLike = "zeros",
        shuffle: bool = False,
        seed: int = 0,
    ) -> None:
        if not isinstance(activation, str) or activation not in ACTIVATIONS:
            raise UnknownNameError("activation", str(activation), ACTIVATIONS)
        self.activation = activation
        self.learning_rate = number("Perceptron", "learning_rate", learning_rate, above=0)
        self.max_updates = whole("Perceptron", "max_updates", max_updates, least=1)
        self.initial_weights = _given_weights(initial_weights)
        self.shuffle = bool(shuffle)
        self.seed = seed
        self.reset()

    def reset(self) -> None:
        """Forget all training: no history, and the initial weights again."""
        given = self.initial_weights
        self._weights: Host | None = None if isinstance(given, str) else given
        self.history: list[Update] = []
        self.errors: list[int] = []  # errors met in each pass
        self.converged = False
        self.samples: Host | None = None  # what it was fitted to, (N, D)
        self.targets: Host | None = None  # outputs wanted, (N,)
        self.classes: Host = np.array(TARGETS[self.activation])

    @property
    def weights(self) -> Host:
        """The weights, bias first, shape ``(D + 1,)``.

        Raises:
            UnbuiltError: there are none yet.
        """
        if self._weights is None:
            raise UnbuiltError(
                "this perceptron has no weights yet; call fit(x, y), or give initial_weights"
            )
        return self._weights

    @property
    def epochs(self) -> int:
        """How many passes over the data were begun."""
        return len(self.errors)

    def fit(self, x: ArrayLike, y: ArrayLike) -> Perceptron:
        """Train anew, from the initial weights, and return the perceptron itself.

        Args:
            x: samples, shape ``(N, D)``, finite numbers.
            y: labels, shape ``(N,)``. 0 and 1 (with sgn: -1 and 1) are the targets themselves; two
                other labels, texts too, stand for them in sorted order, and :meth:`predict`
                answers with these labels.

        Raises:
            ShapeError: shapes that do not fit.
            DataError: labels that are not of two classes.
            NonFiniteError: a NaN or an infinity in ``x``, or in the weights on the way.
        """
        x = as_samples(x)
        classes, positive = two_classes(y, len(x), TARGETS[self.activation])
        self.reset()
        self.classes = classes
        low, high = TARGETS[self.activation]
        self.samples, self.targets = x, np.where(positive, high, low).astype(np.float64)
        source = random.SeedGenerator(self.seed)
        self._weights = frozen(self._start(x.shape[1], source))
        while not self.converged and len(self.history) < self.max_updates:
            order = np.arange(len(x))
            if self.shuffle:
                order = np.asarray(random.permutation(len(x), source))
            met = self._pass(order)
            self.converged = not met
        if not self.converged:  # the last update may have been the one that was needed
            self.converged = bool(np.array_equal(self.outputs(x), self.targets))
        return self

    def _start(self, features: int, source: random.SeedGenerator) -> Host:
        given = self.initial_weights
        if isinstance(given, str):
            if given == "zeros":
                return np.zeros(features + 1)
            return np.asarray(random.uniform(features + 1, -1.0, 1.0, "float64", source))
        if len(given) != features + 1:
            raise ShapeError(
                f"initial_weights has {len(given)} numbers, and {features} features need "
                f"{features + 1}: the bias, then one for each feature"
            )
        return given

    def _pass(self, order: Host) -> int:
        """Try each sample once, in this order; return how many were errors."""
        assert self.samples is not None
        assert self.targets is not None
        self.errors.append(0)
        place, block = 0, 1
        while place < len(order) and len(self.history) < self.max_updates:
            tried = order[place : place + block]
            a, o = self._forward(self.samples[tried])
            wrong = np.flatnonzero(np.asarray(o) != self.targets[tried])
            if not len(wrong):
                place, block = place + len(tried), min(2 * block, _BLOCK)
                continue
            first = int(wrong[0])
            self._update(int(tried[first]), float(a[first]), float(o[first]))
            self.errors[-1] += 1
            place, block = place + first + 1, 1
        return self.errors[-1]

    def _update(self, sample: int, a: float, output: float) -> None:
        assert self.samples is not None
        assert self.targets is not None
        before, target = self.weights, float(self.targets[sample])
        error = target - output
        x = np.concatenate([[1.0], self.samples[sample]])  # (D + 1,), x0 = 1
        with quiet():
            after = frozen(np.asarray(F.add(before, F.multiply(self.learning_rate * error, x))))
        if not np.isfinite(after).all():
            raise NonFiniteError(
                f"perceptron: after update {len(self.history) + 1}, by sample {sample}, a weight "
                "is no longer finite; scale the features to about -1 to 1, or lower learning_rate"
            )
        made = Update(
            number=len(self.history) + 1,
            epoch=len(self.errors),
            sample=sample,
            inputs=self.samples[sample],
            target=int(target),
            pre_activation=a,
            output=int(output),
            error=int(error),
            before=before,
            after=after,
        )
        self.history.append(made)
        self._weights = after

    def _forward(self, x: Host) -> tuple[Tensor, Tensor]:
        """Pre-activations and outputs of samples ``(N, D)``, each summed alone, in one order."""
        weights = self.weights
        if x.shape[1] != len(weights) - 1:
            raise ShapeError(
                f"this perceptron has weights for {len(weights) - 1} features, and x has "
                f"{x.shape[1]}"
            )
        with quiet():
            a = F.add(F.sum(F.multiply(x, weights[1:]), axis=1), weights[0])
            return a, ACTIVATIONS[self.activation](a)

    def decision_function(self, x: ArrayLike) -> Host:
        """Return ``a = w . x`` for each sample, shape ``(N,)``: its side of the line."""
        return np.asarray(self._forward(as_samples(x))[0])

    def outputs(self, x: ArrayLike) -> Host:
        """Return ``H(a)`` or ``sgn(a)`` for each sample, as numbers, shape ``(N,)``."""
        return np.asarray(self._forward(as_samples(x))[1])

    def predict(self, x: ArrayLike) -> Host:
        """Return the label of each sample, shape ``(N,)``.

        A sample on the line itself is given to the second class, under sgn too, whose output 0
        (see :meth:`outputs`) names no class.
        """
        return self.classes[(self.decision_function(x) >= 0).astype(np.intp)]

    def score(self, x: ArrayLike, y: ArrayLike) -> float:
        """Return the share of samples whose output is their target, from 0 to 1.

        Under sgn a sample on the line counts as an error, as it does in training.
        """
        samples = as_samples(x)
        labels = as_labels(y, len(samples))
        strangers = [each for each in np.unique(labels).tolist() if each not in self.classes]
        if strangers:
            raise DataError(
                f"the labels {strangers} are none of the classes {self.classes.tolist()}"
            )
        low, high = TARGETS[self.activation]
        wanted = np.where(labels == self.classes[1], high, low)
        return float(np.mean(self.outputs(samples) == wanted))

    def __repr__(self) -> str:
        state = "not trained"
        if self.errors:
            state = "converged" if self.converged else "not converged"
            state += f" after {len(self.history)} updates"
        return f"<Perceptron {self.activation}, learning_rate {self.learning_rate:g}, {state}>"


def _given_weights(given: Any) -> str | Host:
    if isinstance(given, str):
        if given not in ("zeros", "random"):
            raise UnknownNameError("initial_weights", given, ("zeros", "random"))
        return given
    weights = as_array("initial_weights", given)
    if weights.ndim != 1 or len(weights) < 2 or weights.dtype.kind not in "biuf":
        raise ShapeError(
            "initial_weights is zeros, random, or a list of numbers, the bias and one for each "
            f"feature; not {given!r}"
        )
    if not np.isfinite(weights).all():
        raise NonFiniteError(f"initial_weights has a NaN or an infinity: {weights.tolist()}")
    return frozen(weights.astype(np.float64))
