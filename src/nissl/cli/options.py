"""Options that several commands share. Help texts are translated where the help is shown."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from nissl.errors import ArgumentError
from nissl.i18n import mark
from nissl.i18n import translate as _

T = TypeVar("T")


def _show_version(wanted: bool) -> None:
    if wanted:
        from nissl.version import __version__

        print(f"nissl {__version__}")
        raise typer.Exit


def checked_size(text: str | None) -> int | tuple[int, int] | None:
    """Return ``"28"`` as 28 and ``"28x20"`` as (28, 20): height and width."""
    if text is None:
        return None
    parts = text.lower().split("x")
    if len(parts) not in (1, 2) or not all(part.isdecimal() and int(part) for part in parts):
        raise ArgumentError(
            _("--size is one number of pixels, or height x width as in 28x28, not {value}").format(
                value=repr(text)
            )
        )
    sizes = [int(part) for part in parts]
    return sizes[0] if len(sizes) == 1 else (sizes[0], sizes[1])


Lang = Annotated[
    str | None,
    typer.Option(
        "--lang",
        metavar="CODE",
        help=mark("Language: en or vi; by default from $NISSL_LANG or the system."),
    ),
]
Debug = Annotated[
    bool, typer.Option("--debug", help=mark("Show where in the code an error arises."))
]
Version = Annotated[
    bool,
    typer.Option(
        "--version", is_eager=True, callback=_show_version, help=mark("Show the version and stop.")
    ),
]
RunOrModel = Annotated[
    str,
    typer.Argument(metavar="RUN", help=mark("A run folder of nissl train, or a .keras file.")),
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help=mark("Of a table: the column to predict, by name or number; the last."),
    ),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help=mark("Of a table: whether its first line has names; by default where it has words."),
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help=mark("Of a table: a column to leave out; repeatable.")),
]
Category = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help=mark("Of a table: a column of categories, whatever is in it; repeatable."),
    ),
]
Decimal = Annotated[
    str | None,
    typer.Option(
        metavar="MARK",
        help=mark("Of a table: the decimal mark, . or , where its numbers leave it open."),
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=mark("Of a table: its encoding, such as cp1252 or cp1258; UTF-8 by default."),
    ),
]
Task = Annotated[
    str | None,
    typer.Option(
        metavar="TASK",
        help=mark("Of a table: classification or regression; by default words are classes."),
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        metavar="PIXELS",
        help=mark("Of a folder of pictures: bring all to this size, such as 28 or 28x20."),
    ),
]
Colour = Annotated[
    str | None,
    typer.Option(
        metavar="MODE", help=mark("Of a folder of pictures: grey or rgb; by default as they are.")
    ),
]
TestFraction = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help=mark("Of own data without a test part: the share set aside for testing; 0.2."),
    ),
]


@dataclass(frozen=True)
class Reading:
    """How a command reads data: options of :func:`nissl.datasets.load`, as they are typed."""

    target: Target = None
    task: Task = None
    header: Header = None
    ignore: Ignore = None
    category: Category = None
    decimal: Decimal = None
    encoding: Encoding = None
    size: Size = None
    colour: Colour = None
    test_fraction: TestFraction = None


def taking(options: type[T], command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that takes an option for each field of a dataclass.

    The parameter of ``command`` that is of this class gets them together.
    """
    hints = get_type_hints(options, include_extras=True)
    fields = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)
        for name, hint in hints.items()
    ]
    parameters: list[inspect.Parameter] = []
    place = ""
    for each in inspect.signature(command, eval_str=True).parameters.values():
        if each.annotation is options:
            place, parameters = each.name, [*parameters, *fields]
        else:
            parameters.append(each.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    def run(**given: Any) -> None:
        together = options(**{name: given.pop(name) for name in hints})
        command(**given, **{place: together})

    made: Any = run
    made.__signature__ = inspect.Signature(parameters)
    return made
