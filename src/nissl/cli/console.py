"""What the commands print: lines, tables, errors; plain where colours are not wanted."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nissl.screen import can_encode, printable

_BOXES = "─│┌┐└┘├┤┬┴┼━"


def _console(error: bool = False) -> Console:
    """A console on the stream as it is now, so that redirection is seen."""
    return Console(
        file=sys.stderr if error else sys.stdout, highlight=False, soft_wrap=True, emoji=False
    )


def note(text: str = "", style: str = "", *, error: bool = False) -> None:
    """Print a line as it is, without wrapping, so that paths can be copied."""
    _console(error).print(Text(printable(text), style=style))


def heading(text: str) -> None:
    """Print a line that a part of the output begins with."""
    note()
    note(text, "bold")


def error(text: str) -> None:
    """Print an error, in red where there are colours, to the standard error stream."""
    _console(error=True).print(Text(printable(text), style="red"))


def warn(text: str) -> None:
    """Print what the user should know, and what stops nothing."""
    _console(error=True).print(Text(printable(text), style="yellow"))


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()
) -> None:
    """Print a table; the columns whose positions are in ``numbers`` are aligned to the right."""
    from rich import box

    console = _console()
    console.soft_wrap = False
    fancy = can_encode(_BOXES, sys.stdout)
    made = Table(box=box.SIMPLE_HEAD if fancy else box.ASCII, pad_edge=False, show_edge=False)
    for place, name in enumerate(columns):
        made.add_column(Text(name), justify="right" if place in numbers else "left")
    for row in rows:
        made.add_row(*[Text(printable(cell)) for cell in row])
    console.print(made)


def show(thing: Any) -> None:
    """Print what rich can draw, with plain characters where the stream has no others."""
    console = _console()
    console.soft_wrap = False
    if not console.is_terminal:
        console.width = 10_000  # a file has no edge to fold a table at
    console.print(thing)


def pairs(rows: Iterable[tuple[str, str]]) -> None:
    """Print names and values below each other, values in one column."""
    listed = [(printable(name), printable(value)) for name, value in rows]
    width = max((len(name) for name, _value in listed), default=0)
    for name, value in listed:
        line = Text("  ")
        line.append(name.ljust(width), style="dim")
        line.append(f"  {value}")
        _console().print(line)
