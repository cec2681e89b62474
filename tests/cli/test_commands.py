"""Commands are made from the signatures of functions: what is typed, called, and refused."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import typer

from nissl import explain
from nissl.cli.app import COMMANDS
from nissl.cli.commands import Command
from nissl.cli.words import (
    LENGTH,
    NAMES_EACH,
    NUMBERS,
    PIXELS,
    TEXT,
    UNITS,
    argument,
    option,
)
from nissl.errors import ArgumentError


def run(command: Command, *words: str) -> None:
    """Run a command alone, as ``nissl`` would."""
    app = typer.Typer()
    command.register(app, called=True)
    app.command("other")(lambda: None)
    typer.main.get_command(app).main(args=[command.name, *words], standalone_mode=False)


def made(function: Any, **words: Any) -> Command:
    return Command("act", "Act.", ("act",), words, function, shows=False)


def test_names_kinds_and_defaults_are_the_functions() -> None:
    called: list[Any] = []

    def act(first: str, count: int = 3, share: float | None = None, loud: bool = False) -> None:
        called.append((first, count, share, loud))

    command = made(
        act,
        first=argument("FIRST", ""),
        count=option("N", ""),
        share=option("S", ""),
        loud=option("", ""),
    )
    run(command, "a")
    run(command, "b", "--count", "5", "--share", "0.5", "--loud")
    assert called == [("a", 3, None, False), ("b", 5, 0.5, True)]
    with pytest.raises(Exception, match="first"):
        run(command)


def test_arguments_by_place_come_before_those_by_name() -> None:
    called: list[Any] = []

    def act(start: str = "zero", *rest: str, end: int = 1, **more: Any) -> None:
        called.append((start, rest, end, more))

    command = made(
        act,
        rest=argument("REST", ""),
        start=option("X", ""),
        end=option("N", ""),
        units=option("M", "", UNITS),
    )
    run(command, "a", "b", "--units", "4,3")
    run(command, "--start", "one", "--end", "2")
    assert called == [("zero", ("a", "b"), 1, {"units": (4, 3)}), ("one", (), 2, {})]


def test_errors_name_the_option_that_was_typed() -> None:
    def act(learning_rate: float = 1.0, name: str = "") -> None:
        raise ArgumentError(f"act: learning_rate={learning_rate} must be at most 1; give name=")

    command = made(act, learning_rate=option("X", ""), name=option("N", "", TEXT, "--called"))
    with pytest.raises(ArgumentError, match=r"^--learning-rate=2.0 must be .*; give --called"):
        run(command, "--learning-rate", "2")


def test_every_word_is_for_a_parameter() -> None:
    """A parameter that is renamed, and a word that is for none, show here."""
    for command in COMMANDS:
        function: Any = command.function or getattr(explain, command.name)
        own = inspect.signature(function).parameters
        passes = any(each.kind is each.VAR_KEYWORD for each in own.values())
        for name, word in command.words.items():
            assert name in own or passes, (command.name, name)
            assert word.help, (command.name, name)
        needed = {
            name
            for name, each in own.items()
            if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD
        }
        assert needed <= {*command.words, "showing"}, command.name


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (UNITS, "4, 3", (4, 3)),
        (UNITS, "", ()),
        (NUMBERS, "1,-pi/2", [1, -1.5707963267948966]),
        (NUMBERS, "−0.5", [-0.5]),
        (LENGTH, "8cm", 8 / 2.54),
        (LENGTH, "72 pt", 1.0),
        (LENGTH, "25.4mm", 1.0),
        (LENGTH, "1,5in", 1.5),
        (PIXELS, "28", 28),
        (PIXELS, "28x20", (28, 20)),
        (NAMES_EACH, ["a, b", "c"], ["a", "b", "c"]),
    ],
)
def test_kinds_of_words(kind: Any, text: Any, value: Any) -> None:
    assert kind.read("--x", text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [(UNITS, "4,0"), (NUMBERS, "1,a"), (LENGTH, "8"), (LENGTH, "cm"), (PIXELS, "0x4")],
)
def test_what_is_no_such_word_is_called_by_its_option(kind: Any, text: str) -> None:
    with pytest.raises(ArgumentError, match=r"^--x "):
        kind.read("--x", text)
