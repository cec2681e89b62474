"""Callbacks that record or pass on, and change nothing: History, CSVLogger, LambdaCallback."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from nissl.callbacks.base import HOOKS, Callback, Logs
from nissl.errors import ArgumentError, ArgumentTypeError, FileFormatError, UnknownNameError


class History(Callback):
    """The results of every epoch; ``fit`` returns one.

    Attributes:
        history: for each log its values, one Python float an epoch.
        epoch: the numbers of the epochs, counted from 0.
        params: ``verbose``, ``epochs`` and ``steps`` of the call.
        model: the trained model.

    >>> from nissl.callbacks import History
    >>> record = History()
    >>> record.on_epoch_end(0, {"accuracy": 0.5, "loss": 0.7})
    >>> record.history
    {'accuracy': [0.5], 'loss': [0.7]}
    """

    every_epoch = False

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.history = {}
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(_number(value))

    def on_epochs(self, first: int, columns: dict[str, list[float]]) -> None:
        count = max((len(column) for column in columns.values()), default=0)
        self.epoch.extend(range(first, first + count))
        for name, column in columns.items():
            self.history.setdefault(name, []).extend(column)


class LambdaCallback(Callback):
    """A callback out of functions.

    Args:
        every_epoch: see :class:`Callback`.
        hooks: functions by the names of the hooks, with their arguments.

    >>> from nissl.callbacks import LambdaCallback
    >>> show = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
    >>> show.on_epoch_end(0, {"loss": 0.5})
    0 0.5
    """

    def __init__(self, *, every_epoch: bool = True, **hooks: Callable[..., Any] | None) -> None:
        super().__init__()
        self.every_epoch = every_epoch
        for name, function in hooks.items():
            if name not in (*HOOKS, "on_progress"):
                raise UnknownNameError("callback hook", name, (*HOOKS, "on_progress"))
            if function is None:
                continue
            if not callable(function):
                raise ArgumentTypeError(f"LambdaCallback: {name} is a function, not {function!r}")
            setattr(self, name, function)


class CSVLogger(Callback):
    """Writes a line of results for each epoch to a CSV file: ``epoch``, then the logs by name.

    Each line is written at once and whole, so that the file is readable while training runs, and
    after a crash. Values that a later epoch lacks are written ``NA``.

    Args:
        filename: where to write; folders that are missing are made.
        separator: what stands between values, one character.
        append: go on with the file that is there, in its columns, rather than replace it.

    Raises:
        ArgumentError: ``separator`` is not one character.
        FileFormatError: with ``append``, the file's columns are not those of this training.
    """

    every_epoch = False

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        if len(separator) != 1:
            raise ArgumentError(f"CSVLogger: separator is one character, not {separator!r}")
        self.filename = Path(filename)
        self.separator = separator
        self.append = append
        self._columns: list[str] | None = None
        self._file: TextIO | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._close()
        self._columns = None
        self.filename.parent.mkdir(parents=True, exist_ok=True)
        before = self.filename.read_text("utf-8") if self._goes_on() else ""
        if before:
            self._columns = next(csv.reader([before.split("\n", 1)[0]], delimiter=self.separator))
        self._file = self.filename.open("a" if before else "w", encoding="utf-8", newline="")
        if before and not before.endswith("\n"):
            self._file.write("\n")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.on_epochs(epoch, {name: [_number(value)] for name, value in (logs or {}).items()})

    def on_epochs(self, first: int, columns: dict[str, list[float]]) -> None:
        if self._file is None:
            self.on_train_begin()
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.separator, lineterminator="\n")
        if self._columns is None:
            self._columns = ["epoch", *sorted(columns)]
            writer.writerow(self._columns)
        self._check(columns)
        count = max((len(column) for column in columns.values()), default=1)
        missing = ["NA"] * count
        values = [columns.get(name, missing) for name in self._columns[1:]]
        rows = zip(range(first, first + count), *values, strict=True)
        writer.writerows(rows)
        assert self._file is not None
        self._file.write(text.getvalue())
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._close()

    def _goes_on(self) -> bool:
        return self.append and self.filename.is_file()

    def _check(self, columns: dict[str, list[float]]) -> None:
        known = self._columns or []
        extra = [name for name in columns if name not in known]
        if known[:1] != ["epoch"] or extra:
            raise FileFormatError(
                f"{self.filename} has the columns {', '.join(known)}, and this training logs "
                f"epoch, {', '.join(sorted(columns))}; write to another file, or append=False"
            )

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _number(value: Any) -> float:
    """A log as a Python float; what is no number is kept as it is."""
    return float(value) if hasattr(value, "__float__") else value
