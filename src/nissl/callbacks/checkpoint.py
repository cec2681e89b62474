"""ModelCheckpoint: saves the model while it trains."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any, Literal

from nissl.arguments import flag, named, one_of
from nissl.callbacks.base import Logs
from nissl.callbacks.monitor import MODES, Mode, Monitor
from nissl.errors import ArgumentError, UnknownNameError
from nissl.files import user_path
from nissl.settings import configured, setting

__all__ = ["ModelCheckpoint"]


def _path(who: str, name: str, value: Any) -> str:
    return str(user_path(value, f"{who}: {name}"))


def _frequency(who: str, name: str, value: Any) -> Any:
    if value != "epoch" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ArgumentError(f"{who}: {name} is 'epoch' or a number of batches, not {value!r}")
    return value


@configured
class ModelCheckpoint(Monitor):
    """Saves the model after every epoch, or whenever the watched value is the best so far.

    Args:
        filepath: where to save; ``{epoch}`` (counted from 1) and the names of logs may stand in
            it with a format, as in ``"model-{epoch:02d}-{val_loss:.2f}.keras"``.
        monitor: the log to watch.
        verbose: 1 says what is saved.
        save_best_only: save only when the watched value is better than ever.
        save_weights_only: save weights alone; ``filepath`` then ends in ``.weights.h5``.
        mode: ``"min"``, ``"max"``, or ``"auto"`` by the name.
        save_freq: ``"epoch"``, or after how many batches to save (which makes the compiled loop
            stop at every batch).
        initial_value_threshold: with ``save_best_only``, the value to be better than at first.

    Raises:
        ArgumentError: the ending of ``filepath`` does not fit, or it asks for more than names of
            logs; see also :class:`Monitor`.

    >>> import nissl
    >>> nissl.callbacks.ModelCheckpoint("model.keras", save_best_only=True).direction()
    'min'
    """

    filepath: str = setting(_path)
    monitor: str = setting(named, default="val_loss")
    verbose: int = setting(default=0)
    save_best_only: bool = setting(flag, default=False)
    save_weights_only: bool = setting(flag, default=False)
    mode: Mode = setting(one_of, default="auto", allowed=MODES)
    save_freq: Literal["epoch"] | int = setting(_frequency, default="epoch")
    initial_value_threshold: float | None = setting(default=None)
    min_delta = 0.0

    def __post_init__(self) -> None:
        self._every = None if self.save_freq == "epoch" else self.save_freq
        self.best = self.initial_value_threshold
        self._batches = 0
        self._epoch = 0
        wanted = ".weights.h5" if self.save_weights_only else ".keras"
        if not self.filepath.endswith(wanted):
            raise ArgumentError(
                f"ModelCheckpoint: with save_weights_only={self.save_weights_only} filepath ends "
                f"in {wanted!r}, unlike {self.filepath!r}"
            )
        format_path(self.filepath, _examples(self.filepath))  # a bad format is an error now

    def wants(self, hook: str) -> bool:
        """Return whether ``hook`` is needed; batches only if ``save_freq`` counts them."""
        if self._every is None and hook == "on_train_batch_end":
            return False
        return super().wants(hook)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._every is None:
            return
        self._batches += 1
        if self._batches % self._every == 0:
            self._save(self._epoch, {"batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._every is None:
            self._save(epoch, dict(logs or {}))

    def _save(self, epoch: int, logs: Logs) -> None:
        said, value = "saving the model", None
        if self.save_best_only:
            value = self.current(logs)
            if value is None or not self.better(value, self.best):
                if self.verbose and value is not None:
                    self.say(
                        f"Epoch {epoch + 1}: {self.monitor} {_short(value)} is not better "
                        f"than {_short(self.best)}"
                    )
                return
            change = "is" if self.best is None else f"improved from {_short(self.best)} to"
            said = f"{self.monitor} {change} {_short(value)}, {said}"
        path = Path(format_path(self.filepath, {**logs, "epoch": epoch + 1}))
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        self.best = self.best if value is None else value
        if self.verbose:
            self.say(f"Epoch {epoch + 1}: {said} to {path}")


def format_path(template: str, values: Logs) -> str:
    """Fill ``{name:format}`` in a path from ``values``, and nothing else.

    Unlike ``str.format`` it takes no attribute, no index and no conversion.

    >>> from nissl.callbacks.checkpoint import format_path
    >>> format_path("m-{epoch:02d}-{val_loss:.2f}.keras", {"epoch": 3, "val_loss": 0.456})
    'm-03-0.46.keras'
    """
    for name in _fields(template):
        if name not in values:
            raise UnknownNameError(f"name in the path {template!r}:", name, values)
    try:
        return template.format_map(values)
    except ValueError as error:
        raise ArgumentError(f"the path {template!r} has a format that fails: {error}") from error


def _fields(template: str) -> list[str]:
    """The names in a path's braces, each checked to be a plain name with a plain format."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise ArgumentError(f"the path {template!r} has braces that do not match") from error
    names: list[str] = []
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if not name or set(name) & set(".[]") or conversion or "{" in (form or ""):
            raise ArgumentError(
                f"the path {template!r}: in braces stands the name of a log and a format, such as "
                f"{{epoch:02d}}, not {name!r}"
            )
        names.append(name)
    return names


def _examples(template: str) -> Logs:
    """Values of the kinds that training will give for the names in a path."""
    return {name: 1 if name in ("epoch", "batch") else 1.0 for name in _fields(template)}


def _short(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.5g}"
