"""Optimizer: a rule for one weight, two small functions, applied to all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from nissl.arguments import number, optional, several
from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.tensor import Tensor, TensorLike
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from nissl.optimizers.clipping import clip_by_norm
from nissl.registry import Registry, own_name
from nissl.settings import Configured, Setting, configured, setting

__all__ = ["Optimizer"]

registry: Registry[type[Optimizer]] = Registry("optimizer", "keras.optimizers")


def _rate(who: str, name: str, value: Any) -> float:
    """Check a learning rate; schedules, from code or from files, are not there yet."""
    if callable(value) or isinstance(value, Mapping):
        raise ArgumentError(
            f"{who}: {name} is a number; schedules such as {value!r:.80} are not there yet. "
            "Change it while training with callbacks.LearningRateScheduler or ReduceLROnPlateau"
        )
    return number(who, name, value, least=0)


class _Rate(Setting):
    """A setting that a variable keeps, so that compiled steps read it."""

    def settle(self, cls: type, name: str) -> None:
        """Stay in the class, to be asked for the value."""

    def __get__(self, optimizer: Any, owner: type) -> Any:
        return self if optimizer is None else float(optimizer._learning_rate.numpy())

    def __set__(self, optimizer: Any, value: float) -> None:
        optimizer._learning_rate.assign(np.float64(value))


RATE = _Rate(_rate)
LIMIT = Setting(partial(optional(number), least=1e-30))  # 0 would stop all training


def wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which a weight's steps are computed: its own, but float32 at least."""
    return dtypes.float32 if dtype.itemsize < 4 else dtype


def _check_weight(who: str, weight: Any) -> None:
    if not isinstance(weight, Variable):
        raise ArgumentTypeError(
            f"{who}: a weight is a nissl.Variable, not {type(weight).__name__} {weight!r:.80}"
        )
    if not dtypes.is_floating(weight.dtype):
        raise DTypeError(
            f"{who}: the weight {weight.path!r} is {weight.dtype.name}, which has no derivatives "
            "and no room for steps; make it a floating one"
        )


def _master(weight: Variable) -> Variable | None:
    """Return what keeps the digits of a weight of half precision from step to step."""
    if wide(weight.dtype) == weight.dtype:
        return None
    master = Variable(weight.numpy(), trainable=False, dtype=wide(weight.dtype), name="master")
    master.path = f"{weight.path}/master"
    return master


def _whole(weight: Variable, master: Variable | None) -> Tensor:
    """Return a weight with all its digits; the master's where the two have not parted.

    They part where somebody assigned to the weight: there the weight is right.
    """
    value = F.stop_gradient(weight.value)
    if master is None:
        return value
    same = F.astype(master.value, weight.dtype) == value
    return F.where(same, master.value, F.astype(value, master.dtype))


# what Keras's files have and what is off here
_OFF = {
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}


@configured
class Optimizer(Configured):
    """How gradients change weights.

    The settings of a subclass are its fields (:func:`nissl.settings.setting`); those that decide
    which slots there are, are ``fixed``. It writes :meth:`start`, the slots of one weight, and
    :meth:`step`, the new weight and slots from the old ones and the gradient. Steps are computed in
    the dtype of the weight, but in float32 at least: for weights of half precision the optimizer
    keeps its slots, and a copy with all digits to which steps are added, in float32.

    A gradient with an infinity or a NaN is no direction. Clipping by a norm leaves it with a NaN,
    so that training stops and names the step; ``clipvalue`` turns an infinity into its limit.

    Args:
        learning_rate: step size eta, at least 0.
        weight_decay: if given, each step first shrinks weights by ``learning_rate * weight_decay``.
        clipnorm: largest Euclidean norm of each weight's gradient.
        global_clipnorm: largest norm of all gradients together.
        clipvalue: largest absolute value of each gradient entry.
        name: name of the optimizer.
    """

    slot_names = tuple[str, ...]()

    learning_rate: float = setting(RATE, default=0.001)
    name: Any = setting(own_name, default=None, kw_only=True, shown=False)
    weight_decay: float | None = setting(LIMIT, default=None, kw_only=True, shown=False, least=0)
    clipnorm: float | None = setting(LIMIT, default=None, kw_only=True, shown=False)
    global_clipnorm: float | None = setting(LIMIT, default=None, kw_only=True, shown=False)
    clipvalue: float | None = setting(LIMIT, default=None, kw_only=True, shown=False)

    def __pre_init__(self) -> None:
        self.iterations = Variable(np.int32(0), trainable=False, name="iteration")
        self._learning_rate = Variable(np.float64(0), trainable=False, name="learning_rate")
        self.built = False
        self._weights: list[Variable] = []
        self._masters: list[Variable | None] = []
        self._slots: list[dict[str, Variable]] = []

    def __post_init__(self) -> None:
        limits = ("clipnorm", "global_clipnorm", "clipvalue")
        given = [name for name in limits if getattr(self, name) is not None]
        if len(given) > 1:
            raise ArgumentError(
                f"{type(self).__name__}: only one of {', '.join(given)} can be given"
            )

    def refuse_change(self, name: str, value: Any) -> None:
        before = vars(self)[name]
        if bool(value) != bool(before):
            raise ArgumentError(
                f"{type(self).__name__}: it was made with {name}={before!r}, which decides what it "
                f"keeps for each weight and cannot become {value!r}; make a new one, and compile"
            )

    # ---- what a subclass writes --------------------------------------------------------------
    def start(self, weight: Variable) -> Mapping[str, TensorLike]:
        """Return the first value of each slot of a weight; zeros for each slot name by default."""
        return {name: np.zeros(weight.shape, wide(weight.dtype)) for name in self.slot_names}

    def step(
        self,
        weight: Tensor,
        gradient: Tensor,
        slots: Mapping[str, Tensor],
        rate: Tensor,
        t: Tensor,
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        """Return the new weight and slots; ``t`` counts steps from 1. All are of one dtype."""
        raise ArgumentTypeError(f"{type(self).__name__} does not say how it makes a step")

    def get_config(self) -> dict[str, Any]:
        """Return the settings, as Keras 3 names them."""
        own = super().get_config()
        general = {name: own.pop(name) for name in ("name", *Optimizer.settings) if name in own}
        return {**general, **_OFF, **own}

    # ---- state -------------------------------------------------------------------------------
    def build(self, weights: Sequence[Variable]) -> None:
        """Make the slots of these weights; what was learned about a weight before stays."""
        if self._weights == list(weights):
            return
        for weight in weights:
            _check_weight(type(self).__name__, weight)
        there = dict(zip(self._weights, zip(self._slots, self._masters, strict=True), strict=True))
        both = [there[w] if w in there else (self._start(w), _master(w)) for w in weights]
        self._weights = list(weights)
        self._slots, self._masters = [slots for slots, _ in both], [master for _, master in both]
        self.built = True

    def _start(self, weight: Variable) -> dict[str, Variable]:
        slots: dict[str, Variable] = {}
        for key, value in self.start(weight).items():
            slots[key] = Variable(value, trainable=False, dtype=wide(weight.dtype), name=key)
            slots[key].path = f"{self.name}/{weight.path}/{key}"
        return slots

    def slot_variables(self) -> list[Variable]:
        """The slots in the order in which files keep them: weight by weight."""
        return [v for slots in self._slots for v in slots.values()]

    def master_variables(self) -> list[Variable]:
        """Copies in float32 of the weights of half precision; files keep them at the end."""
        return [master for master in self._masters if master is not None]

    @property
    def variables(self) -> list[Variable]:
        """Count of steps, learning rate, the slots in the order of Keras's files, the masters."""
        slots = self.slot_variables()
        return [self.iterations, self._learning_rate, *slots, *self.master_variables()]

    # ---- a step ------------------------------------------------------------------------------
    def _clipped(self, gradients: list[Tensor]) -> list[Tensor]:
        if self.clipvalue is not None:
            return [F.clip(g, -self.clipvalue, self.clipvalue) for g in gradients]
        if self.clipnorm is not None:
            return [clip_by_norm([g], self.clipnorm)[0] for g in gradients]
        if self.global_clipnorm is not None:
            return clip_by_norm(gradients, self.global_clipnorm)
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
            self.build(several(type(self).__name__, "weights", weights))
        gradients = several(type(self).__name__, "gradients", gradients)
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
            g = F.stop_gradient(F.asarray(gradient, wide(weight.dtype)))
            if g.shape != weight.shape:
                raise ShapeError(
                    f"the gradient of {weight.path!r} has shape {g.shape}, the weight "
                    f"{weight.shape}"
                )
            given.append(g)
        count = self.iterations.value + 1
        clipped = self._clipped(given)
        for weight, gradient, slots, master in zip(
            self._weights, clipped, self._slots, self._masters, strict=True
        ):
            dtype = wide(weight.dtype)
            rate, t = F.astype(self._learning_rate.value, dtype), F.astype(count, dtype)
            old = _whole(weight, master)
            if self.weight_decay is not None:
                old = old - old * (rate * self.weight_decay)
            current = {key: slot.value for key, slot in slots.items()}
            new, moved = self.step(old, gradient, current, rate, t)
            weight.assign(new)
            if master is not None:
                master.assign(new)
            for key, value in moved.items():
                slots[key].assign(value)
        self.iterations.assign(count)

    def apply_gradients(self, pairs: Any) -> None:
        """Change weights given as (gradient, weight) pairs."""
        who = type(self).__name__
        listed = [several(who, "a pair", each) for each in several(who, "pairs", pairs)]
        if any(len(each) != 2 for each in listed):
            raise ArgumentError(f"{who}: pairs are of a gradient and its weight")
        self.apply([g for g, _ in listed], [w for _, w in listed])
