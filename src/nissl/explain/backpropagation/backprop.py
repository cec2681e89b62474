"""Backpropagation step by step: every number of one step of gradient descent in a dense network.

>>> import nissl
>>> model = nissl.Sequential([nissl.Input((1,)), nissl.layers.Dense(1)])
>>> model.set_weights([[[2.0]], [1.0]])
>>> shown = backprop(model, 3.0, 5.0, learning_rate=0.1, loss="half_squared_error")
>>> shown.numbers.stages[0].delta.tolist()  # y - t = 2 * 3 + 1 - 5
[[2.0]]
>>> [w.tolist() for w in shown.new_weights[0]]
[[[1.4]], [0.8]]
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nissl import losses
from nissl.arguments import number, whole
from nissl.core.dtypes import default_float
from nissl.errors import ArgumentError, ArgumentTypeError, DataError, GradientError, ShapeError
from nissl.explain.backpropagation import numbers as backprop_numbers
from nissl.explain.backpropagation import stages as dense_stages
from nissl.explain.backpropagation.checks import Agreement, compare
from nissl.explain.backpropagation.computed import first_not_finite, quantities_of
from nissl.explain.backpropagation.numbers import Numbers, OutputRule, Weights
from nissl.explain.backpropagation.stages import Stages
from nissl.explain.quantities import Quantity, typed
from nissl.explain.report import Explanation
from nissl.losses import Loss

__all__ = ["Backprop", "backprop"]

LEARNING_RATE = 0.1  # where no optimizer says
LIMIT = 1000.0  # units of rounding, beyond which two gradients are not the same one
MOST_STEPS = 100_000


def backprop(
    model: Any,
    x: Any,
    t: Any,
    learning_rate: float | None = None,
    loss: Any = None,
    *,
    sample: int = 0,
    steps: int = 1,
) -> Backprop:
    r"""Show one step of backpropagation, with every number, in the lecture's order B1 to B5.

    B1 initial weights; B2 ``a_j = \sum_i w_ji z_i`` and ``z_j = h(a_j)``; B3 ``delta_k =
    dE_n/da_k``; B4 ``delta_j = h'(a_j) \sum_k w_kj delta_k`` and ``dE_n/dw_ji = delta_j z_i``; B5
    ``w_ji - eta dE/dw_ji`` (Bishop 2006, section 5.3.1). All is computed in float64, and the
    gradient is compared with reverse-mode differentiation of the whole model.

    Args:
        model: a :class:`~nissl.Sequential` of ``Dense`` layers, and layers without weights that
            keep the shape (``Activation``, ``Dropout``, which drops nothing here, ...); in front of
            the first ``Dense``, such as ``Flatten`` and ``Rescaling``, they may change it. The
            model stays as it is.
        x: one sample, or a batch with samples along the first axis; finite or not.
        t: its target or targets, as the loss takes them.
        learning_rate: ``eta``, at least 0; that of the model's optimizer by default, or 0.1.
        loss: what ``compile`` takes; the model's by default. The lecture's is
            ``"half_squared_error"``, ``E_n = 1/2 \sum_k (y_k - t_k)^2``.
        sample: of a batch, the sample whose numbers the tables show, from 0.
        steps: how many steps to make, each with all samples; the tables show the first.

    Raises:
        ArgumentTypeError: the model is no ``Sequential``.
        ArgumentError: a layer cannot be shown (it is named), or there is no loss.
        ShapeError: samples or targets do not fit the model.
        GradientError: the gradient is not the one of reverse mode: there is a fault.
    """
    dense_stages.check(model)
    data, batch = _samples(model, x)
    stages = dense_stages.read(model)
    prepared = _prepared(stages, data)
    chosen = _loss(model, loss)
    targets = _targets(chosen, t, len(data), stages.sizes[-1])
    if not isinstance(sample, Integral) or not -len(data) <= sample < len(data):
        raise ArgumentError(f"sample lies from 0 to {len(data) - 1}, not {sample!r}")
    steps = whole("backprop", "steps", steps, least=1, most=MOST_STEPS)
    weights = tuple(
        (_float64(stage.kernel), None if stage.bias is None else _float64(stage.bias))
        for stage in stages.stages
    )
    return Backprop(
        stages, weights, chosen, _rate(model, learning_rate), data, prepared, targets,
        batch=batch, sample=int(sample) % len(data), steps=int(steps),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Backprop(Explanation):
    """A step of gradient descent; made by :func:`backprop`.

    Attributes:
        stages: the model, read as stages ``a = W z + b``, ``z = h(a)``.
        weights: kernel and bias of each stage before the step, in float64.
        loss: the error function.
        learning_rate: ``eta``.
        x: the samples, one a row; ``prepared`` is what the first ``Dense`` layer sees of them.
        t: targets, one a row.
        batch: whether a batch was given rather than one sample.
        sample: the sample whose numbers the tables show.
        steps: how many steps ``history`` makes.
    """

    stages: Stages
    weights: Weights
    loss: Loss
    learning_rate: float
    x: NDArray[Any] = field(repr=False)
    prepared: NDArray[np.float64] = field(repr=False)
    t: NDArray[Any] = field(repr=False)
    batch: bool = False
    sample: int = 0
    steps: int = 1

    def __post_init__(self) -> None:
        if not self.trouble and self.agreement.units > LIMIT:
            raise GradientError(
                "backpropagation by hand and reverse mode disagree: they differ by up to "
                f"{self.agreement.absolute:.3g}; {typed(self.agreement.where)} differs by "
                f"{self.agreement.units:.3g} units of rounding. This is a fault in Nissl; please "
                "report it with the model"
            )

    # ---- numbers -----------------------------------------------------------------------------
    @cached_property
    def numbers(self) -> Numbers:
        """Everything that the recursion gives."""
        with np.errstate(all="ignore"):
            return backprop_numbers.by_hand(
                self.stages, self.weights, self.loss, self.prepared, self.t
            )

    @cached_property
    def _by_autodiff(self) -> tuple[list[Any], list[Any]]:
        with np.errstate(all="ignore"):
            return backprop_numbers.by_autodiff(
                self.stages, self.weights, self.loss, self.x, self.t
            )

    @cached_property
    def agreement(self) -> Agreement:
        """How far the recursion is from reverse mode through the whole model, in float64."""
        exact, dtype = self._by_autodiff[0], np.dtype(np.float64)
        return compare(self.stages, self.numbers, self.loss, exact, dtype)

    @cached_property
    def own_agreement(self) -> Agreement:
        """How far it is from the gradient that the model computes in its own dtype."""
        own, dtype = self._by_autodiff[1], self.stages.stages[0].kernel.dtype
        return compare(self.stages, self.numbers, self.loss, own, dtype, by_array=True)

    @cached_property
    def trouble(self) -> str:
        """Where the first number stands that is not finite; empty if all are."""
        return first_not_finite(self)

    @cached_property
    def new_weights(self) -> Weights:
        """Kernel and bias of each stage after the step, ``w - eta dE/dw``."""
        found: list[tuple[Any, Any]] = []
        for stage, n in zip(self.stages.stages, self.numbers.stages, strict=True):
            rate = self.learning_rate if stage.trainable else 0.0
            pairs: Any = ((n.kernel, n.kernel_slope), (n.bias, n.bias_slope))
            with np.errstate(all="ignore"):
                kernel, bias = (w if w is None or not rate else w - rate * s for w, s in pairs)
            found.append((kernel, bias))
        return tuple(found)

    @property
    def rule(self) -> OutputRule | None:
        """``delta_k = y_k - t_k``, where a softmax or sigmoid meets its crossentropy."""
        return self.numbers.rule

    @cached_property
    def targets(self) -> NDArray[np.float64] | None:
        """One target an output, ``(batch, outputs)``; ``None`` where the loss means another."""
        if self.rule is not None:
            return self.rule.targets
        shape = self.numbers.stages[-1].z.shape
        if self.t.size != math.prod(shape) or self.t.dtype.kind not in "biuf":
            return None
        return self.t.astype(np.float64).reshape(shape)

    def step(self) -> Backprop:
        """Return the step after this one, from the new weights; the model stays as it is."""
        return replace(self, weights=self.new_weights, steps=1)

    @cached_property
    def history(self) -> list[float]:
        """``E`` before the first step and after each of ``steps``; ends where it is not finite."""
        errors, weights = [self.numbers.error], self.new_weights
        for _step in range(self.steps):
            if not math.isfinite(errors[-1]):
                break
            after = replace(self, weights=weights, steps=1)
            errors.append(after.numbers.error)
            weights = after.new_weights
        return errors

    def quantities(self) -> Iterator[Quantity]:
        """Yield the numbers of B1 to B5 in the order in which they are computed."""
        yield from quantities_of(self)


# ---- what is given ----------------------------------------------------------------------------
def _float64(variable: Any) -> NDArray[np.float64]:
    return np.asarray(variable.numpy(), np.float64)


def _array(name: str, value: Any) -> NDArray[Any]:
    try:
        found = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except ValueError as error:
        raise ShapeError(f"{name}: rows of different lengths are no array ({error})") from error
    if found.dtype.kind not in "biuf" and found.dtype.name != "bfloat16":
        raise ArgumentTypeError(f"{name} holds numbers, not {found.dtype.name} {value!r}"[:200])
    return found


def _samples(model: Any, x: Any) -> tuple[NDArray[Any], bool]:
    """The samples, one a row, in float64, and whether a batch was given; builds the model."""
    data = _array("x", x).astype(np.float64)
    if not data.size:
        raise DataError(f"x is empty: it has shape {data.shape}, and one sample is needed")
    if not model.built:
        data = data.reshape(1, -1) if data.ndim < 2 else data
        model(data.astype(default_float()))
        return data, data.shape[0] > 1
    wanted = tuple(model.input_shape[1:])
    if _fits(data.shape, wanted):
        return data[None], False
    if _fits(data.shape[1:], wanted):
        return data, True
    if wanted == (1,) and data.ndim < 2:
        return data.reshape(-1, 1), data.ndim == 1
    shown = ", ".join("any" if n is None else str(n) for n in wanted)
    raise ShapeError(
        f"model {model.name!r} takes samples of shape ({shown}), one or a batch of them, and x has "
        f"shape {data.shape}"
    )


def _fits(given: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(given) == len(wanted) and all(
        n is None or n == m for n, m in zip(wanted, given, strict=True)
    )


def _prepared(stages: Stages, data: NDArray[Any]) -> NDArray[np.float64]:
    from nissl.core.functions import asarray

    found = stages.prepare(asarray(data)).numpy()
    first = stages.stages[0]
    if found.ndim != 2:
        raise ArgumentError(
            f"layer {first.name!r} (Dense) works on inputs of shape {found.shape}, with more axes "
            "than (batch, inputs); its units cannot be shown as a table. Put a Flatten before it"
        )
    return np.asarray(found, np.float64)


def _loss(model: Any, loss: Any) -> Loss:
    given = model.loss if loss is None else loss
    if given is None:
        raise ArgumentError(
            f"model {model.name!r} has no loss; compile it, or give one: loss='half_squared_error' "
            "is the lecture's E_n = 1/2 sum (y - t)^2"
        )
    found = losses.get(given)
    backprop_numbers.share_of(found, np.ones(1))
    return found


def _rate(model: Any, rate: float | None) -> float:
    if rate is not None:
        return number("backprop", "learning_rate", rate, least=0)
    if model.optimizer is None:
        return LEARNING_RATE
    return float(str(np.float32(model.optimizer.learning_rate)))  # 0.1, as it was written


def _targets(loss: Loss, t: Any, rows: int, outputs: int) -> NDArray[Any]:
    given = _array("t", t)
    if rows == 1 and given.shape[:1] != (1,):
        given = given[None]
    if rows == 1 and given.shape == (1,) and given.dtype.kind == "f":
        given = given[:, None]
    if given.shape[:1] != (rows,):
        raise ShapeError(
            f"t has shape {given.shape}, and there are {rows} samples; give a target for each"
        )
    if given.dtype.kind == "f":
        given = given.astype(np.float64)
    loss.check_targets(given, (None, outputs), "t")
    return given
