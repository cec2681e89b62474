"""Callbacks that set the learning rate."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from nissl.arguments import function, named, number, one_of, whole
from nissl.callbacks.base import Callback, Logs
from nissl.callbacks.monitor import MODES, Mode, Monitor
from nissl.errors import ArgumentError, ArgumentTypeError
from nissl.settings import configured, setting

__all__ = ["LearningRateScheduler", "ReduceLROnPlateau"]


@configured
class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Args:
        schedule: called with the epoch's number, from 0, and, if it takes two arguments, the
            present learning rate; returns the new one.
        verbose: 1 says each new rate.

    Raises:
        ArgumentTypeError: ``schedule`` is not a function, or does not return a number.
    """

    schedule: Callable[..., Any] = setting(function)
    verbose: int = setting(default=0)

    def __post_init__(self) -> None:
        self._takes_rate = _takes_two(self.schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        given = (epoch, learning_rate(self)) if self._takes_rate else (epoch,)
        rate = self.schedule(*given)
        if isinstance(rate, bool | str) or not hasattr(rate, "__float__"):
            raise ArgumentTypeError(
                f"LearningRateScheduler: schedule returned {rate!r} for epoch {epoch}; it is to "
                "return a number"
            )
        set_learning_rate(self, float(rate))
        if self.verbose:
            self.say(f"Epoch {epoch + 1}: the learning rate is set to {float(rate):g}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = learning_rate(self)


@configured
class ReduceLROnPlateau(Monitor):
    """Multiplies the learning rate by ``factor`` when the watched value stops getting better.

    Args:
        monitor: the log to watch.
        factor: between 0 and 1.
        patience: after how many epochs without a better value to reduce.
        verbose: 1 says each reduction.
        mode: ``"min"``, ``"max"``, or ``"auto"`` by the name.
        min_delta: the least change that counts as better.
        cooldown: how many epochs to wait after a reduction before watching again.
        min_lr: the learning rate is never made smaller than this.

    Raises:
        ArgumentError: ``factor`` is not between 0 and 1; see also :class:`Monitor`.
    """

    monitor: str = setting(named, default="val_loss")
    factor: float = setting(number, default=0.1, above=0, below=1)
    patience: int = setting(whole, default=10, least=0)
    verbose: int = setting(default=0)
    mode: Mode = setting(one_of, default="auto", allowed=MODES)
    min_delta: float = setting(number, default=1e-4, least=0)
    cooldown: int = setting(whole, default=0, least=0)
    min_lr: float = setting(number, default=0.0, least=0)

    def __post_init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        rate = learning_rate(self)
        value = self.current(logs)
        if logs is not None:
            logs["learning_rate"] = rate
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.better(value, self.best):
            self.best = value
            self.wait = 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch, rate)

    def _reduce(self, epoch: int, rate: float) -> None:
        if rate <= self.min_lr:
            return
        lower = max(rate * self.factor, self.min_lr)
        set_learning_rate(self, lower)
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose:
            self.say(f"Epoch {epoch + 1}: the learning rate is reduced to {lower:g}.")


def learning_rate(callback: Callback) -> float:
    """Return the learning rate of the model's optimiser as a float."""
    return float(_optimizer(callback).learning_rate)


def set_learning_rate(callback: Callback, rate: float) -> None:
    """Set the learning rate of the model's optimiser."""
    _optimizer(callback).learning_rate = rate


def _optimizer(callback: Callback) -> Any:
    optimizer = getattr(callback.model, "optimizer", None)
    rate = getattr(optimizer, "learning_rate", None)
    title = type(callback).__name__
    if rate is None:
        raise ArgumentError(f"{title} needs a compiled model whose optimizer has a learning_rate")
    if not hasattr(rate, "__float__"):
        raise ArgumentError(
            f"{title} sets the learning rate, but the optimizer has the schedule {rate!r}; "
            "give the optimizer a number instead"
        )
    return optimizer


def _takes_two(schedule: Callable[..., Any]) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except (TypeError, ValueError):
        return False
    return True
