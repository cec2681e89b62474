"""The screen that progress is drawn on: a terminal, a notebook, or a file of lines."""

from __future__ import annotations

import contextlib
import os
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TextIO

Segment = tuple[str, str]  # a text and its style: "", "bold", "done" or "rest"

_STYLES = {"bold": "\x1b[1m", "done": "\x1b[32m", "rest": "\x1b[37m"}
_RESET = "\x1b[0m"
_INTERVAL = {"terminal": 0.05, "notebook": 0.1, "log": 1.0}  # seconds between two updates


def printable(text: str, kept: str = "\n\t") -> str:
    """Return a text with ``?`` for what steers a terminal, but for the characters in ``kept``.

    A space between the thousands of a number stays.

    >>> printable("\x1b[31mred"), printable("266\u202f610") == "266\u202f610"
    ('?[31mred', True)
    """
    return "".join(c if c.isprintable() or c == "\u202f" or c in kept else "?" for c in text)


def show(text: str, *, end: str = "\n", error: bool = False) -> None:
    """Print lines, with ``?`` for what the stream's encoding lacks; a dead stream is no error.

    Args:
        text: what to print.
        end: what to print after it.
        error: whether to print to the standard error stream.
    """
    target = sys.stderr if error else sys.stdout
    if target is None:  # a program without a console
        return
    with contextlib.suppress(OSError, ValueError):  # gone, full, or closed
        target.write(encodable(text + end, target))
        target.flush()


def is_terminal(stream: Any) -> bool:
    """Return whether a stream, which may be absent or closed, is a terminal."""
    try:
        return bool(stream is not None and stream.isatty())
    except (AttributeError, ValueError):
        return False


class Screen:
    """Where progress is shown: a terminal, a notebook, or a file of lines.

    A line on a terminal or in a notebook is drawn again and again in place, after ``"\\r"``. What
    is written to anything else, or to a terminal whose ``TERM`` is ``dumb``, is whole lines of
    plain text. ``NO_COLOR`` turns colours off. Where the encoding lacks box characters, ASCII
    stands for them. When the stream fails (a closed pipe, a full disk), the screen goes silent
    rather than stop what it reports on.

    Args:
        stream: where to write; ``sys.stdout`` by default.
        environment: environment variables; those of the process by default.
        columns: returns the width of the terminal; asked of the terminal by default.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        environment: Mapping[str, str] | None = None,
        columns: Callable[[], int] | None = None,
    ) -> None:
        variables = os.environ if environment is None else environment
        self.stream: TextIO | None = sys.stdout if stream is None else stream
        self.kind = _kind(self.stream, variables)
        self.colour = self.kind == "terminal" and _takes_colour(variables)
        self.done, self.rest = self._bar_characters()
        self._columns = columns or self._terminal_columns
        self._open: list[Segment] = []

    @property
    def in_place(self) -> bool:
        """Whether a line can be drawn again in place."""
        return self.kind != "log"

    @property
    def interval(self) -> float:
        """The least number of seconds between two updates."""
        return _INTERVAL[self.kind]

    def width(self) -> int:
        """How many characters a line may have without wrapping."""
        return max(1, self._columns() - 1) if self.kind == "terminal" else 120

    def draw(self, segments: Sequence[Segment]) -> None:
        """Draw the open line anew, cut so that it does not wrap."""
        cut = _cut(segments, self.width())
        self._write("\r" + self._render(cut) + self._padding(cut))
        self._open = cut

    def finish(self, segments: Sequence[Segment]) -> None:
        """Draw the open line for the last time, whole, and end it."""
        start = "\r" if self._open else ""
        self._write(start + self._render(segments) + self._padding(segments) + "\n")
        self._open = []

    def lines(self, text: str) -> None:
        """Write lines above the open line."""
        kept, self._open = self._open, []
        start = "\r" + " " * _width(kept) + "\r" if kept else ""
        self._write(start + text + "\n")
        if kept:
            self.draw(kept)

    def close(self) -> None:
        """End the open line, if there is one, as it stands."""
        if self._open:
            self._write("\n")
            self._open = []

    def _render(self, segments: Sequence[Segment]) -> str:
        if not self.colour:
            return "".join(text for text, _ in segments)
        return "".join(
            f"{_STYLES[style]}{text}{_RESET}" if style and text else text
            for text, style in segments
        )

    def _padding(self, segments: Sequence[Segment]) -> str:
        return " " * max(0, _width(self._open) - _width(segments))

    def _write(self, text: str) -> None:
        if self.stream is None:
            return
        try:
            self.stream.write(encodable(text, self.stream))
            self.stream.flush()
        except (OSError, ValueError):  # gone, full, or closed
            self.stream = None

    def _bar_characters(self) -> tuple[str, str]:
        if not can_encode("━─", self.stream):
            return "=", "."
        return ("━", "━") if self.colour else ("━", "─")

    def _terminal_columns(self) -> int:
        try:
            assert self.stream is not None
            return os.get_terminal_size(self.stream.fileno()).columns or 80
        except (OSError, ValueError, AttributeError):
            return 80


def can_encode(text: str, stream: Any) -> bool:
    """Return whether a stream's encoding has all of these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def encodable(text: str, stream: Any) -> str:
    """Return the text with ``?`` for what the stream cannot encode."""
    if text.isascii() or can_encode(text, stream):
        return text
    try:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        return text.encode(encoding, "replace").decode(encoding)
    except LookupError:  # an encoding that Python does not know
        return text.encode("ascii", "replace").decode()


def _kind(stream: Any, variables: Mapping[str, str]) -> Literal["terminal", "notebook", "log"]:
    if is_terminal(stream):
        return "log" if variables.get("TERM") == "dumb" else "terminal"
    return "notebook" if stream is sys.stdout and in_notebook() else "log"


def _takes_colour(variables: Mapping[str, str]) -> bool:
    if variables.get("NO_COLOR"):
        return False
    if sys.platform == "win32":
        return any(name in variables for name in ("WT_SESSION", "ANSICON", "TERM"))
    return True


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook; imports nothing to find out."""
    module = sys.modules.get("IPython")
    ask = getattr(module, "get_ipython", None)
    shell = None if ask is None else ask()
    return any(kind.__name__ == "ZMQInteractiveShell" for kind in type(shell).__mro__)


def _width(segments: Sequence[Segment]) -> int:
    return sum(_columns_of(text) for text, _ in segments)


def _columns_of(text: str) -> int:
    """How many columns a text takes; East Asian characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(bool(unicodedata.combining(c)) for c in text)


def _cut(segments: Sequence[Segment], width: int) -> list[Segment]:
    """The segments that fit into ``width`` columns, the last of them cut."""
    kept: list[Segment] = []
    left = width
    for text, style in segments:
        piece = text
        while _columns_of(piece) > left:
            piece = piece[:-1]
        kept.append((piece, style))
        left -= _columns_of(piece)
        if len(piece) < len(text):
            break
    return kept
