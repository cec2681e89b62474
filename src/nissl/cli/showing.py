"""How commands show an explanation: on the terminal, in another notation, or into files."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from nissl.cli import console
from nissl.cli.help import HelpCommand
from nissl.cli.options import Debug, Lang
from nissl.errors import ArgumentError, UnknownNameError
from nissl.explain.report import PICTURES, TEXTS, Explanation
from nissl.i18n import mark
from nissl.i18n import translate as _

FORMATS = ("table", "markdown", "latex", "html")

Output = Annotated[
    list[Path] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help=mark(
            "Write into this file too: .svg .png .pdf, .txt .md .tex .html; may be repeated."
        ),
    ),
]
Force = Annotated[
    bool, typer.Option("--force", help=mark("Write over files that are there already."))
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        metavar="NAME",
        help=mark("What is printed: table, markdown, latex or html; table by default."),
    ),
]


def register(
    app: typer.Typer,
    name: str,
    explain: Callable[..., Explanation],
    *,
    help: str,
    epilog: str,
    cls: type[HelpCommand] = HelpCommand,
    also: tuple[str, ...] = (),
) -> None:
    """Add a command that shows what a function explains.

    The function's parameters are the command's; those of every explanation are added to them.
    ``also`` are endings, such as ``.gif``, that it can write beside the usual ones.
    """

    def run(
        output: Output = None,
        force: Force = False,
        format: Format = "table",
        lang: Lang = None,
        debug: Debug = False,
        **given: Any,
    ) -> None:
        check(output, force, format, also)
        show(explain(**given), output, force, format, also)

    own = inspect.signature(explain, eval_str=True).parameters.values()
    *every, _given = inspect.signature(run, eval_str=True).parameters.values()
    command: Any = run
    command.__signature__ = inspect.Signature([*own, *every])
    app.command(name, cls=cls, help=help, epilog=epilog)(command)


def check(
    output: list[Path] | None,
    force: bool,
    format: str = "table",
    also: tuple[str, ...] = (),
) -> None:
    """Raise, before any work is done, what :func:`show` would raise after it.

    ``also`` are endings, such as ``.gif``, that this explanation can write beside the usual ones.
    """
    if format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS)
    for path in output or ():
        if path.suffix.lower() not in PICTURES + also + TEXTS:
            raise ArgumentError(
                _("{path}: the ending must be one of {endings}").format(
                    path=path, endings=" ".join(PICTURES + also + TEXTS)
                )
            )
        if path.exists() and not force:
            raise ArgumentError(
                _("{path} exists already, and is left as it is; add --force to replace it").format(
                    path=path
                )
            )


def show(
    explanation: Explanation,
    output: list[Path] | None,
    force: bool,
    format: str = "table",
    also: tuple[str, ...] = (),
) -> None:
    """Print an explanation, and write it into each file of ``output``."""
    check(output, force, format, also)
    if format == "table":
        console.show(explanation)
    else:
        texts = {
            "markdown": explanation.to_markdown,
            "latex": explanation.to_latex,
            "html": explanation.to_html,
        }
        console.note(texts[format]())
    for path in output or ():
        explanation.save(path)
        console.note(_("Written: {path}").format(path=path), error=format != "table")
