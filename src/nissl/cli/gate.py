"""``nissl gate``: a gate by perceptrons, and by a circuit of few kinds of gates."""

from __future__ import annotations

from typing import Annotated

import typer

from nissl.cli.help import HelpCommand
from nissl.cli.options import Debug, Lang
from nissl.cli.showing import Force, Format, Output, check, show
from nissl.i18n import mark

Name = Annotated[
    str, typer.Argument(metavar="GATE", help=mark("AND, OR, NAND, NOR, XOR, XNOR or NOT."))
]
Basis = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="GATES",
        help=mark("What the circuit is made of: nand (the default), nor, and,not or or,not."),
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "gate",
        cls=HelpCommand,
        help=mark("Show a gate by perceptrons, and made out of NAND, NOR, or AND and NOT alone."),
        epilog=mark(
            "Examples:\n"
            "  nissl gate XOR -o xor.svg\n"
            "  nissl gate XOR --from nor\n"
            "  nissl gate OR --from and,not"
        ),
    )(gate)


def gate(
    name: Name,
    basis: Basis = "nand",
    output: Output = None,
    force: Force = False,
    format: Format = "table",
    lang: Lang = None,
    debug: Debug = False,
) -> None:
    """Show the gate."""
    from nissl import explain

    check(output, force, format)
    show(explain.gate(name, basis=basis), output, force, format)
