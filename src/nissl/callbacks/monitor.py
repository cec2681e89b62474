"""Callbacks that watch one of the logs, and stop training by it."""

from __future__ import annotations

import math
import re
from typing import Any, Literal

from nissl.arguments import flag, named, number, one_of, whole
from nissl.callbacks.base import Callback, Logs
from nissl.errors import ArgumentError, UnknownNameError
from nissl.settings import configured, setting

__all__ = ["EarlyStopping", "TerminateOnNaN"]

Mode = Literal["auto", "min", "max"]
MODES: tuple[Mode, ...] = ("auto", "min", "max")

_LARGER_IS_BETTER = re.compile(
    r"acc|auc|precision|recall|f1|fbeta|fmeasure|iou|r2|cosine_similarity|sensitivity|specificity"
)
_SMALLER_IS_BETTER = re.compile(
    r"loss|error|entropy|divergence|hinge|poisson|huber|log_?cosh"
    r"|(^|_)(mse|rmse|mae|mape|msle|kld|bce|ce|learning_rate)($|_)"
)


class Monitor(Callback):
    """Watches one of the logs and knows when it is better than before.

    Args:
        monitor: the log's name, such as ``"val_loss"``.
        mode: ``"min"`` or ``"max"``; ``"auto"`` decides by the name.
        min_delta: the least change that counts as better, 0 or more.
        verbose: whether to say what is done.

    Raises:
        ArgumentError: ``mode`` is unknown, ``min_delta`` is negative, or the name does not tell
            the direction.
        UnknownNameError: the training has no such log; raised after the first epoch.
    """

    monitor: str
    mode: Mode
    min_delta: float
    verbose: int

    def __pre_init__(self) -> None:
        super().__pre_init__()
        self.best: float | None = None
        self._seen = False

    def _title(self) -> str:
        return type(self).__name__

    def current(self, logs: Logs | None) -> float | None:
        """Return the watched value, or ``None`` in an epoch without validation."""
        values = logs or {}
        if self.monitor in values:
            self._seen = True
            return float(values[self.monitor])
        if self._seen or (self.monitor.startswith("val_") and self._validates_sometimes()):
            return None
        hint = ""
        if self.monitor.startswith("val_") and not any(k.startswith("val_") for k in values):
            hint = " (val_... exist only if fit gets validation_data or validation_split)"
        raise UnknownNameError(f"log for {self._title()} to monitor{hint}:", self.monitor, values)

    def _validates_sometimes(self) -> bool:
        return self.params.get("validation_freq", 1) != 1

    def better(self, value: float, reference: float | None) -> bool:
        """Return whether ``value`` is better than ``reference`` by more than ``min_delta``."""
        if math.isnan(value):
            return False
        if reference is None:
            return True
        if self.direction() == "max":
            return value - self.min_delta > reference
        return value + self.min_delta < reference

    def direction(self) -> str:
        """Return ``"min"`` or ``"max"``."""
        if self.mode != "auto":
            return self.mode
        if _LARGER_IS_BETTER.search(self.monitor) and not self.monitor.endswith("loss"):
            return "max"
        if _SMALLER_IS_BETTER.search(self.monitor):
            return "min"
        raise ArgumentError(
            f"{self._title()}: whether {self.monitor!r} should fall or rise is not clear from its "
            "name; give mode='min' or mode='max'"
        )


def _size(who: str, name: str, value: Any) -> float:
    return abs(number(who, name, value))


@configured
class EarlyStopping(Monitor):
    """Stops training when the watched value has not become better for some epochs.

    Args:
        monitor: the log to watch.
        min_delta: the least change that counts as better.
        patience: after how many epochs without a better value to stop; 0 stops at the first.
        verbose: 1 says when it stops.
        mode: ``"min"``, ``"max"``, or ``"auto"`` by the name.
        baseline: only a value better than this restarts the count.
        restore_best_weights: at the end go back to the weights of the best epoch.
        start_from_epoch: how many epochs to let pass before watching.

    Raises:
        ArgumentError: ``patience`` or ``start_from_epoch`` is negative; see also :class:`Monitor`.

    Source:
        Prechelt, "Early Stopping - But When?", in Neural Networks: Tricks of the Trade, 1998.

    >>> import nissl
    >>> nissl.callbacks.EarlyStopping(monitor="val_loss", patience=3).direction()
    'min'
    """

    monitor: str = setting(named, default="val_loss")
    min_delta: float = setting(_size, default=0.0)
    patience: int = setting(whole, default=0, least=0)
    verbose: int = setting(default=0)
    mode: Mode = setting(one_of, default="auto", allowed=MODES)
    baseline: float | None = setting(default=None)
    restore_best_weights: bool = setting(flag, default=False)
    start_from_epoch: int = setting(whole, default=0, least=0)

    def __post_init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.current(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)
        self.wait += 1
        if self.better(value, self.best):
            self.best = value
            self._keep(epoch)
            if self.baseline is None or self.better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose:
            self.say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose:
                self.say(f"Restoring the weights of the best epoch, {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class TerminateOnNaN(Callback):
    """Stops training when the loss is not a finite number.

    It is here for scripts that name it and does nothing more than training does already: ``fit``
    stops with :class:`nissl.errors.NonFiniteError`, which says where the number first appeared.
    """

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            self.say(f"Epoch {epoch + 1}: the loss is {loss}, training stops")
            self.model.stop_training = True
