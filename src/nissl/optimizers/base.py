"""Optimizer: a rule for one weight, two small functions, applied to all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nissl.core import functions as F
from nissl.core.tensor import Tensor, TensorLike
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError
from nissl.registry import Registry, refuse_unknown, settings_for, snake_case

registry: Registry[type[Optimizer]] = Registry("optimizer", "keras.optimizers")


def checked(name: str, value: Any, low: float, high: float, *, open_high: bool = False) -> float:
    """Return a setting as a float, which must lie in a range."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ArgumentTypeError(f"{name} is a number, not {type(value).__name__} {value!r}")
    number = float(value)
    inside = low <= number < high if open_high else low <= number <= high
    if not inside or not math.isfinite(number):
        raise ArgumentError(
            f"{name} lies from {low} to {'below ' if open_high else ''}{high}, not {value}"
        )
    return number


def checked_flag(name: str, value: Any) -> bool:
    """Return a setting that is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ArgumentTypeError(f"{name} is True or False, not {value!r}")
    return bool(value)


def _optional(name: str, value: Any, low: float) -> float | None:
    return None if value is None else checked(name, value, low, math.inf)


_TINY = 1e-30  # a limit of 0 would stop all training


class Optimizer:
    """How gradients change weights.

    A subclass writes :meth:`start`, the slots of one weight, and :meth:`step`, the new weight and
    slots from the old ones and the gradient.

    Args:
        learning_rate: step size eta, at least 0.
        weight_decay: if given, each step first shrinks weights by ``learning_rate * weight_decay``.
        clipnorm: largest Euclidean norm of each weight's gradient.
        global_clipnorm: largest norm of all gradients together.
        clipvalue: largest absolute value of each gradient entry.
        name: name of the optimizer.
    """

    slot_names: tuple[str, ...] = ()

    def __init__(
        self,
        learning_rate: float = 0.001,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        global_clipnorm: float | None = None,
        clipvalue: float | None = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        refuse_unknown(type(self), unknown)
        rate = checked("learning_rate", learning_rate, 0.0, math.inf)
        limits = {"clipnorm": clipnorm, "global_clipnorm": global_clipnorm, "clipvalue": clipvalue}
        given = [key for key, value in limits.items() if value is not None]
        if len(given) > 1:
            raise ArgumentError(
                f"{type(self).__name__}: only one of {', '.join(given)} can be given"
            )
        if not isinstance(name, str | None):
            raise ArgumentTypeError(f"{type(self).__name__}: name is a text, not {name!r}")
        self.name = name or snake_case(type(self).__name__)
        self.weight_decay = _optional("weight_decay", weight_decay, 0.0)
        self.clipnorm = _optional("clipnorm", clipnorm, _TINY)
        self.global_clipnorm = _optional("global_clipnorm", global_clipnorm, _TINY)
        self.clipvalue = _optional("clipvalue", clipvalue, _TINY)
        self.iterations = Variable(np.int32(0), trainable=False, name="iteration")
        self._learning_rate = Variable(np.float32(rate), trainable=False, name="learning_rate")
        self.built = False
        self._weights: list[Variable] = []
        self._slots: list[dict[str, Variable]] = []

    # ---- what a subclass writes --------------------------------------------------------------
    def start(self, weight: Variable) -> Mapping[str, TensorLike]:
        """Return the first value of each slot of a weight; zeros for each slot name by default."""
        return {name: np.zeros(weight.shape, weight.dtype) for name in self.slot_names}

    def step(
        self,
        weight: Tensor,
        gradient: Tensor,
        slots: Mapping[str, Tensor],
        rate: Tensor,
        t: Tensor,
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Return the new weight and slots; ``t`` counts steps from 1, in the weight's dtype."""
        raise ArgumentTypeError(f"{type(self).__name__} does not say how it makes a step")

    def get_config(self) -> dict[str, Any]:
        """Return the settings, as Keras 3 names them."""
        return {
            "name": self.name,
            "learning_rate": float(self.learning_rate),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": False,
            "ema_momentum": 0.99,
            "ema_overwrite_frequency": None,
            "loss_scale_factor": None,
            "gradient_accumulation_steps": None,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Optimizer:
        """Make an optimizer from its settings; Keras's that are not offered must be off."""
        return cls(**settings_for(cls, config))

    # ---- state -------------------------------------------------------------------------------
    @property
    def learning_rate(self) -> float:
        """Step size; may be set at any time, also while training runs."""
        return float(self._learning_rate.numpy())

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate.assign(np.float32(checked("learning_rate", value, 0.0, math.inf)))

    def build(self, weights: Sequence[Variable]) -> None:
        """Make the slots of these weights; what was learned about a weight before stays."""
        if self._weights == list(weights):
            return
        there = dict(zip(self._weights, self._slots, strict=True))
        self._weights = list(weights)
        self._slots = [there[w] if w in there else self._start(w) for w in self._weights]
        self.built = True

    def _start(self, weight: Variable) -> dict[str, Variable]:
        slots: dict[str, Variable] = {}
        for key, value in self.start(weight).items():
            slots[key] = Variable(value, trainable=False, dtype=weight.dtype, name=key)
            slots[key].path = f"{self.name}/{weight.path}/{key}"
        return slots

    def slot_variables(self) -> list[Variable]:
        """The slots in the order in which files keep them: weight by weight."""
        return [v for slots in self._slots for v in slots.values()]

    @property
    def variables(self) -> list[Variable]:
        """Count of steps, learning rate, then the slots, in the order of Keras's files."""
        return [self.iterations, self._learning_rate, *self.slot_variables()]

    # ---- a step ------------------------------------------------------------------------------
    def _clipped(self, gradients: list[Tensor]) -> list[Tensor]:
        if self.clipvalue is not None:
            limit = float(self.clipvalue)
            return [F.clip(g, -limit, limit) for g in gradients]
        if self.clipnorm is not None:
            limit = float(self.clipnorm)
            norms = [F.sqrt(F.sum(F.square(g))) for g in gradients]
            return [
                g * (limit / F.maximum(n, limit)) for g, n in zip(gradients, norms, strict=True)
            ]
        if self.global_clipnorm is not None and gradients:
            limit = float(self.global_clipnorm)
            total = F.sqrt(
                sum((F.sum(F.square(g)) for g in gradients[1:]), F.sum(F.square(gradients[0])))
            )
            return [g * (limit / F.maximum(total, limit)) for g in gradients]
        return gradients

    def apply(
        self, gradients: Sequence[TensorLike], weights: Sequence[Variable] | None = None
    ) -> None:
        """Change weights by their gradients; works eagerly and inside a trace.

        Args:
            gradients: one an entry of ``weights``, of the same shape.
            weights: variables; those that it was built for by default.
        """
        if weights is not None:
            self.build(weights)
        if len(gradients) != len(self._weights):
            raise ArgumentError(
                f"{len(gradients)} gradients were given for {len(self._weights)} weights"
            )
        given: list[Tensor] = []
        for gradient, weight in zip(gradients, self._weights, strict=True):
            if gradient is None:
                raise ArgumentError(
                    f"the weight {weight.path!r} has no gradient: the loss does not depend on it"
                )
            g = F.stop_gradient(F.asarray(gradient, weight.dtype))
            if g.shape != weight.shape:
                raise ShapeError(
                    f"the gradient of {weight.path!r} has shape {g.shape}, the weight "
                    f"{weight.shape}"
                )
            given.append(g)
        count = self.iterations.value + 1
        for weight, gradient, slots in zip(
            self._weights, self._clipped(given), self._slots, strict=True
        ):
            rate = F.astype(self._learning_rate.value, weight.dtype)
            t = F.astype(count, weight.dtype)
            old = F.stop_gradient(weight.value)
            if self.weight_decay is not None:
                old = old - old * (rate * float(self.weight_decay))
            current = {key: slot.value for key, slot in slots.items()}
            new, moved = self.step(old, gradient, current, rate, t)
            weight.assign(new)
            for key, value in moved.items():
                slots[key].assign(value)
        self.iterations.assign(count)

    def apply_gradients(self, pairs: Any) -> None:
        """Change weights given as (gradient, weight) pairs."""
        listed = list(pairs)
        self.apply([g for g, _ in listed], [w for _, w in listed])
