"""The progress bar of fit, evaluate and predict."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from nissl.callbacks.base import Callback, Logs
from nissl.errors import ArgumentError
from nissl.screen import Screen, Segment, printable, show

_BAR_WIDTH = 20
_SHORTEST_BAR = 5
_SHORT_EPOCH = 0.05  # seconds; such epochs are shown together when there are more than _MANY
_MANY = 20


def format_value(value: Any) -> str:
    """Return a log's value as Keras prints it.

    >>> from nissl.progress import format_value
    >>> format_value(0.51234567), format_value(0.00012)
    ('0.5123', '1.2000e-04')
    """
    if not hasattr(value, "__float__"):
        return str(value)
    number = float(value)
    return f"{number:.4e}" if abs(number) <= 1e-3 else f"{number:.4f}"


def format_remaining(seconds: float) -> str:
    """Return a time that is left, such as ``12s``, ``1:05`` or ``1:02:03``."""
    whole = max(0, int(seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    if hours:
        return f"{hours}:{minutes:02d}:{whole % 60:02d}"
    return f"{minutes}:{whole % 60:02d}" if whole > 60 else f"{whole}s"


def format_pace(seconds: float, unit: str = "step") -> str:
    """Return the time of a step or an epoch, such as ``2ms/step``."""
    for scale, name in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * scale >= 1 or seconds == 0:
            return f"{seconds * scale:.0f}{name}/{unit}"
    return f"{seconds * 1e9:.0f}ns/{unit}"


class ProgressBar(Callback):
    """Shows how training, evaluation or prediction gets on, as Keras shows it.

    On a terminal and in a notebook ``verbose=1`` draws a bar in place, at most twenty times a
    second. In a file or a pipe it writes one plain line an epoch. Epochs shorter than 50 ms, if
    there are more than twenty, are not shown one by one: on a terminal one bar then counts the
    epochs, and a file gets a line a second; the last epoch is shown in any case. ``verbose=2``
    writes a line for every epoch everywhere, ``verbose=0`` nothing.

    The time of a step leaves out the first call, which compiles, and validation.

    Args:
        verbose: 0, 1 (``"auto"``) or 2.
        epochs: how many epochs there are; by default from ``params``.
        stream: where to write; ``sys.stdout``, as it is when training begins, by default.
        clock: returns seconds.
        environment: environment variables; those of the process by default.
        columns: returns the width of the terminal; asked of the terminal by default.

    Raises:
        ArgumentError: ``verbose`` is something else.

    >>> from nissl.progress import ProgressBar
    >>> bar = ProgressBar(verbose=1, epochs=2)
    >>> bar.every_epoch
    False
    """

    every_epoch = False

    def __init__(
        self,
        verbose: int | str = 1,
        epochs: int | None = None,
        *,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.perf_counter,
        environment: Mapping[str, str] | None = None,
        columns: Callable[[], int] | None = None,
    ) -> None:
        super().__init__()
        if verbose not in (0, 1, 2, "auto"):
            raise ArgumentError(f"verbose is 0, 1, 2 or 'auto', not {verbose!r}")
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self._given_epochs = epochs
        self._clock = clock
        self._make_screen = lambda: Screen(stream, environment, columns)
        self._screen: Screen | None = None
        self._training = False
        self._validating = False
        self._first_epoch = True
        self._began = 0.0  # when this epoch, evaluation or prediction began
        self._first: tuple[int, float] | None = None  # step and time of the first progress
        self._last: tuple[int, float] | None = None  # and of the last
        self._steps = 0
        self._drawn = float("-inf")
        self._together: tuple[int, float] | None = None  # first epoch that is shown with others
        self._trained_from = 0.0
        self._pending: tuple[int, Logs] | None = None

    def wants(self, hook: str) -> bool:
        """Return whether ``hook`` is needed: none when nothing is to be shown."""
        return self.verbose > 0 and super().wants(hook)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        if self._screen is None:
            show(text)
        else:
            self._screen.lines(text)

    def close(self) -> None:
        """End a line that is still being drawn, as after an interruption."""
        if self._screen is not None:
            self._screen.close()

    @property
    def epochs(self) -> int:
        """How many epochs there are."""
        return self._given_epochs or int(self.params.get("epochs") or 1)

    # ---- hooks -------------------------------------------------------------------------------
    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._training, self._first_epoch = True, True
        self._together = self._pending = None
        self._start()
        self._trained_from = self._began

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._begin(self._clock())
        if self._together is None and self.epochs > 1:
            self._header(epoch)

    def on_progress(self, step: int, steps: int, logs: Logs) -> None:
        if self._validating or self.verbose == 0:
            return
        now = self._clock()
        self._steps = steps
        self._last = (step, now)
        self._first = self._first or self._last
        screen = self._ready()
        if self.verbose != 1 or not screen.in_place or now - self._drawn < screen.interval:
            return
        if self._together is not None:
            if self._pending is not None:
                self._show_together(*self._pending, now)
            return
        self._drawn = now
        screen.draw(self._bar(step, now, logs, last=False))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        now = self._clock()
        if self._together is not None:
            self._collect(epoch, logs or {}, now)
            return
        self._finish(logs or {}, now, self._name(epoch))
        self._first_epoch = False
        if self.verbose == 1 and self.epochs > _MANY and now - self._began < _SHORT_EPOCH:
            self._together = (epoch + 1, now)
        self._began = now

    def on_epochs(self, first: int, columns: dict[str, list[float]]) -> None:
        now = self._clock()
        names, rows = list(columns), list(zip(*columns.values(), strict=True))
        if not rows:
            return
        if self.verbose == 1 and self.epochs > _MANY and (self._together or len(rows) > 1):
            self._together = self._together or (first, self._began)
            self._collect(first + len(rows) - 1, dict(zip(names, rows[-1], strict=True)), now)
            return
        each = (now - self._began) / len(rows)
        for epoch, row in enumerate(rows, start=first):
            if self.epochs > 1:
                self._header(epoch)
            self._begin(now - each)
            self._finish(dict(zip(names, row, strict=True)), now, self._name(epoch))
        self._begin(now)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._pending is not None:
            self._show_together(*self._pending, self._clock(), last=True)
        self.close()
        self._training = False

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._validating = self._training
        if not self._training:
            self._start()

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._training:
            self._finish(logs or {}, self._clock())
        self._validating = False

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        if not self._training:
            self._start()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        if not self._training:
            self._finish({}, self._clock())

    # ---- what is shown -----------------------------------------------------------------------
    def _start(self) -> None:
        self._screen = self._make_screen()
        self._steps = int(self.params.get("steps") or 0)
        self._drawn = float("-inf")
        self._begin(self._clock())

    def _begin(self, now: float) -> None:
        self._began = now
        self._first = self._last = None

    def _ready(self) -> Screen:
        if self._screen is None:
            self._start()
        assert self._screen is not None
        return self._screen

    def _name(self, epoch: int) -> str:
        return f"Epoch {epoch + 1}/{self.epochs}" if self.epochs > 1 else ""

    def _header(self, epoch: int) -> None:
        screen = self._ready()
        if self.verbose == 2 or (self.verbose == 1 and screen.in_place):
            screen.lines(self._name(epoch))

    def _finish(self, logs: Logs, now: float, name: str = "") -> None:
        """Show the last line of an epoch, an evaluation or a prediction."""
        screen = self._ready()
        if self.verbose == 1 and screen.in_place:
            screen.finish(self._bar(self._steps, now, logs, last=True))
        elif self.verbose > 0:
            shown = [name] if name and self.verbose == 1 else []
            shown += [f"{self._steps}/{self._steps}"] if self._steps else []
            shown += [f"{now - self._began:.0f}s", format_pace(self._pace(now))]
            screen.lines(" - ".join([*shown, *_results(logs)]))
        self._drawn = now

    def _pace(self, now: float) -> float:
        """Seconds a step, without the first call of all, which compiles, and validation."""
        step, at = self._last or (self._steps, now)
        before, since = 0, self._began
        if self._first_epoch and self._first is not None and self._first[0] < step:
            before, since = self._first
        return (at - since) / max(1, step - before)

    def _bar(self, step: int, now: float, logs: Logs, last: bool) -> list[Segment]:
        """The line of an epoch, an evaluation or a prediction."""
        pace = self._pace(now)
        spent, left = now - self._began, pace * (self._steps - step)
        count = f"{step:>{len(str(self._steps))}}/{self._steps}" if self._steps else ""
        return self._line(
            count,
            step / self._steps if self._steps else 1.0,
            f"{spent:.0f}s" if last else format_remaining(left),
            format_pace(pace),
            logs,
            last=last,
        )

    def _line(
        self, count: str, share: float, clock: str, pace: str, logs: Logs, *, last: bool
    ) -> list[Segment]:
        """Put a line together; unless it is the last, results and bar shrink to what fits."""
        screen = self._ready()
        results, length = _results(logs), _BAR_WIDTH
        if not last:
            room = screen.width() - len(f"{count}  {clock} {pace}")
            while results and sum(len(each) + 3 for each in results) > room - _SHORTEST_BAR:
                results.pop()
            room -= sum(len(each) + 3 for each in results)
            length = max(_SHORTEST_BAR, min(length, room))
        done = int(share * length)
        return [
            (count, "bold"),
            (" " if count else "", ""),
            (screen.done * done, "done"),
            (screen.rest * (length - done), "rest"),
            (" ", ""),
            (clock, "bold"),
            ("".join([f" {pace}", *(f" - {each}" for each in results)]), ""),
        ]

    # ---- short epochs ------------------------------------------------------------------------
    def _collect(self, epoch: int, logs: Logs, now: float) -> None:
        """Take the results of a short epoch, and show them if it is time to."""
        self._pending = (epoch, logs)
        screen = self._ready()
        if epoch + 1 >= self.epochs:
            self._show_together(epoch, logs, now, last=True)
        elif now - self._drawn >= screen.interval:
            self._show_together(epoch, logs, now)

    def _show_together(self, epoch: int, logs: Logs, now: float, last: bool = False) -> None:
        """Show the bar, or write the line, that stands for all short epochs so far."""
        screen = self._ready()
        assert self._together is not None
        first, since = self._together
        each = (now - since) / max(1, epoch + 1 - first)
        pace = format_pace(each, "epoch")
        count = f"Epoch {epoch + 1:>{len(str(self.epochs))}}/{self.epochs}"
        spent = f"{now - self._trained_from:.0f}s"
        self._drawn = now
        if last or not screen.in_place:
            self._pending = None
        if not screen.in_place:
            screen.lines(" - ".join([self._name(epoch), spent, pace, *_results(logs)]))
            return
        clock = spent if last else format_remaining(each * (self.epochs - epoch - 1))
        line = self._line(count, (epoch + 1) / self.epochs, clock, pace, logs, last=last)
        if last:
            screen.finish(line)
        else:
            screen.draw(line)


def _results(logs: Logs) -> list[str]:
    """Each log as ``name: value``; a name cannot steer the terminal."""
    return [printable(f"{name}: {format_value(value)}", "") for name, value in logs.items()]
