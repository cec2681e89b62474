"""Callbacks that record or pass on, and change nothing: History, CSVLogger, LambdaCallback."""

from __future__ import annotations

import io
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from nissl import arguments
from nissl.callbacks.base import HOOKS, Callback, Logs
from nissl.errors import (
    ArgumentError,
    FileFormatError,
    SaveError,
    UnknownNameError,
)
from nissl.files import user_path, writing

__all__ = ["History", "LambdaCallback", "CSVLogger"]


class History(Callback):
    """The results of every epoch; ``fit`` returns one.

    Attributes:
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
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._columns: dict[str, Any] = {}  # arrays of 8 bytes a number until somebody looks
        self._numbers: Any = range(0)  # while they follow each other, and nobody looks
        self._looked = False

    @property
    def history(self) -> dict[str, list[Any]]:
        """For each log the list of its values, one Python float an epoch.

        A float takes 32 bytes. While nobody looks, only the 8 bytes of its digits are kept.
        """
        self._looked = True
        for name, column in self._columns.items():
            if isinstance(column, array):
                self._columns[name] = column.tolist()
        return self._columns

    @property
    def epoch(self) -> list[int]:
        """The numbers of the epochs, counted from 0."""
        self._numbers = list(self._numbers) if isinstance(self._numbers, range) else self._numbers
        return self._numbers

    def last(self) -> dict[str, Any]:
        """Return the last value of each log.

        >>> record = History()
        >>> record.on_epoch_end(0, {"loss": 0.7})
        >>> record.last()
        {'loss': 0.7}
        """
        return {name: column[-1] for name, column in self._columns.items() if column}

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Keep ``verbose``, ``epochs`` and ``steps``."""
        self.params = {k: v for k, v in params.items() if k in ("verbose", "epochs", "steps")}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._count(epoch, 1)
        for name, value in (logs or {}).items():
            self._extend(name, [_number(value)])

    def on_epochs(self, first: int, columns: dict[str, list[float]]) -> None:
        count = max((len(column) for column in columns.values()), default=0)
        self._count(first, count)
        for name, column in columns.items():
            self._extend(name, column)

    def _count(self, first: int, count: int) -> None:
        numbers = self._numbers
        if isinstance(numbers, range) and (not numbers or numbers.stop == first):
            self._numbers = range(numbers.start if numbers else first, first + count)
        else:
            self.epoch.extend(range(first, first + count))

    def _extend(self, name: str, values: list[Any]) -> None:
        if name not in self._columns:
            self._columns[name] = [] if self._looked else array("d")
        column = self._columns[name]
        if isinstance(column, array):
            try:
                column.extend(array("d", values))
            except TypeError:  # several numbers an epoch, or a text
                self._columns[name] = [*column, *values]
        else:
            column.extend(values)


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
            setattr(self, name, arguments.function("LambdaCallback", name, function))


class CSVLogger(Callback):
    """Writes a line of results for each epoch to a CSV file: ``epoch``, then the logs by name.

    Each line is written at once and whole, so that the file is readable while training runs, and
    after a crash. What an epoch lacks is written ``NA``. A log that first appears in a later epoch
    gets a column then: the file is written anew beside the old one, and takes its place.

    Args:
        filename: where to write; folders that are missing are made.
        separator: what stands between values, one character.
        append: go on with the file that is there, in its columns, rather than replace it.

    Raises:
        ArgumentError: ``separator`` is not one character.
        FileFormatError: with ``append``, the file that is there does not begin with ``epoch``.
    """

    every_epoch = False

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        if len(separator) != 1 or separator in '"\r\n':
            raise ArgumentError(
                f"CSVLogger: separator is a character, no quote or line end, not {separator!r}"
            )
        self.filename = user_path(filename, "CSVLogger: filename")
        self.separator = separator
        self.append = append
        self._columns: list[str] = []
        self._begun = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._begun = True
        self._columns = []
        before = ""
        if self.append and self.filename.is_file():
            before = self.filename.read_text("utf-8")
        if before:
            self._columns = next(self._rows(before.split("\n", 1)[:1]))
            if self._columns[:1] != ["epoch"]:
                raise FileFormatError(
                    f"CSVLogger cannot append to {self.filename}: its first line is "
                    f"{before.splitlines()[0][:80]!r}, and is to begin with 'epoch'; write to "
                    "another file, or replace this one with append=False"
                )
        if not before.endswith("\n"):
            self._write("\n" if before else "", "a" if before else "w")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.on_epochs(epoch, {name: [_number(value)] for name, value in (logs or {}).items()})

    def on_epochs(self, first: int, columns: dict[str, list[float]]) -> None:
        if not self._begun:
            self.on_train_begin()
        rows: list[Sequence[Any]] = []
        extra = [name for name in sorted(columns) if name not in self._columns]
        if not self._columns:
            self._columns = ["epoch", *extra]
            rows.append(self._columns)
        elif extra:
            self._widen(extra)
        count = max((len(column) for column in columns.values()), default=1)
        missing = ["NA"] * count
        values = [columns.get(name, missing) for name in self._columns[1:]]
        rows.extend(zip(range(first, first + count), *values, strict=True))
        self._write(self._text(rows))

    def _widen(self, extra: list[str]) -> None:
        """Write the file anew with more columns, and let it take the old one's place."""
        with self.filename.open(encoding="utf-8", newline="") as old:
            rows = list(self._rows(old))
        self._columns = [*self._columns, *extra]
        wider = [self._columns, *([*row, *(["NA"] * len(extra))] for row in rows[1:])]
        with writing(self.filename) as beside:
            beside.write_text(self._text(wider), "utf-8", newline="")

    def _write(self, text: str, mode: Literal["a", "w"] = "a") -> None:
        """Write and close, so that nothing is open or lost however training ends."""
        try:
            self.filename.parent.mkdir(parents=True, exist_ok=True)
            with self.filename.open(mode, encoding="utf-8", newline="") as file:
                file.write(text)
        except OSError as error:
            reason = error.strerror or error
            raise SaveError(f"CSVLogger cannot write {self.filename}: {reason}") from error

    def _rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        import csv

        return csv.reader(lines, delimiter=self.separator)

    def _text(self, rows: Iterable[Sequence[Any]]) -> str:
        import csv

        text = io.StringIO()
        csv.writer(text, delimiter=self.separator, lineterminator="\n").writerows(rows)
        return text.getvalue()


def _number(value: Any) -> float:
    """A log as a Python float; what is no number is kept as it is."""
    return float(value) if hasattr(value, "__float__") else value
