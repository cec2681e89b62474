"""Commands made from the signatures of the functions that they call.

A :class:`Command` has a function, and for each of its parameters that can be typed a
:class:`~nissl.cli.words.Word`: what help says of it, and how it is read where its kind does not
follow from the signature. What is not typed is left to the function's own default. A command
whose function explains something gets the options of all explanations too.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from nissl import explain
from nissl.cli.help import HelpCommand
from nissl.cli.messages import translate_message
from nissl.cli.showing import SHOWING, Showing
from nissl.cli.words import FLAG, TEXT, Word, option
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError
from nissl.i18n import translate as _

EVERY = {
    "lang": option("CODE", "Language: en or vi; by default from $NISSL_LANG or the system.", TEXT),
    "debug": option("", "Show where in the code an error arises.", FLAG),
}
_KINDS: dict[str, Any] = {
    "int": int,
    "float": float,
    "bool": bool,
    "list[int]": list[int],
    "list[str]": list[str],
    "tuple[int, int]": tuple[int, int],
    "tuple[float, float]": tuple[float, float],
}


@dataclass(frozen=True)
class Command:
    """A command of ``nissl``.

    Attributes:
        name: how it is called.
        help: what it does, to be translated.
        examples: how it may be called, without ``nissl``.
        words: what can be typed, by the parameter of the function that it is handed to; those that
            the function does not name are handed to its ``**options``.
        function: what it calls; the function of this name in :mod:`nissl.explain` by default. Its
            parameter ``showing`` is given how an explanation is to be shown.
        like: the function of :mod:`nissl.explain` that its ``**options`` are for, if any.
        shows: whether the function returns an explanation, which is shown.
        also: endings, such as ``.gif``, of files that are written beside the usual ones.
        cls: how the line is read.
        note: what stands before the examples.
    """

    name: str
    help: str
    examples: tuple[str, ...]
    words: Mapping[str, Word] = field(default_factory=dict[str, Word])
    function: Callable[..., Any] | None = None
    like: str = ""
    shows: bool = True
    also: tuple[str, ...] = ()
    cls: type[HelpCommand] = HelpCommand
    note: str = ""

    def register(self, app: typer.Typer, called: bool) -> None:
        """Add the command; with its words only if it is called, which imports its function."""
        made = _callback(self) if called else lambda: None
        lines = [_("Examples:"), *(f"  nissl {each}" for each in self.examples)]
        epilog = "\n".join([*([_(self.note), ""] if self.note else []), *lines])
        app.command(self.name, cls=self.cls, help=self.help, epilog=epilog)(made)


def _callback(command: Command) -> Callable[..., None]:
    """A function of all words, with a signature that Typer reads."""
    function: Any = command.function or getattr(explain, command.name)
    own = inspect.signature(function).parameters
    passed = inspect.signature(getattr(explain, command.like)).parameters if command.like else {}
    common = SHOWING if command.shows else {}

    def run(**given: Any) -> None:
        showing = Showing(command.also, **_read(common, given))
        showing.check()
        values = _read(command.words, given)
        if "showing" in own:
            values["showing"] = showing
        try:
            found = _call(function, own, values)
        except (ArgumentError, ArgumentTypeError, ShapeError) as error:
            said = _as_typed(translate_message(str(error)), command.words)
            raise (ShapeError if isinstance(error, ShapeError) else ArgumentError)(said) from error
        if command.shows and found is not None:
            showing.show(found)

    known = {**inspect.signature(Showing).parameters, **passed, **own}
    words = {**command.words, **common, **EVERY}
    made: Any = run
    made.__signature__ = inspect.Signature(
        [_parameter(name, word, known.get(name)) for name, word in words.items()]
    )
    return made


def _parameter(name: str, word: Word, own: inspect.Parameter | None) -> inspect.Parameter:
    """A parameter as Typer reads it; ``None`` for what is not typed."""
    several = own is not None and own.kind is own.VAR_POSITIONAL
    needed = own is not None and own.default is own.empty and not several
    written = "" if own is None else str(own.annotation).removesuffix(" | None")
    kind = word.kind.typed if word.kind else list[str] if several else _KINDS.get(written, str)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if needed else None,
        annotation=Annotated[kind if needed else kind | None, word.declared(name)],
    )


def _read(words: Mapping[str, Word], given: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, by the parameters that it is for."""
    return {
        name: word.kind.read(word.typed(name), given[name]) if word.kind else given[name]
        for name, word in words.items()
        if given[name] not in (None, [])
    }


def _call(
    function: Callable[..., Any], own: Mapping[str, inspect.Parameter], values: dict[str, Any]
) -> Any:
    """Call a function; what stands before its ``*arguments`` is handed to it by place."""
    names = list(own)
    several = [name for name in names if own[name].kind is inspect.Parameter.VAR_POSITIONAL]
    before = [name for each in several for name in names[: names.index(each)]]
    first = [values.pop(name, own[name].default) for name in before]
    rest = [value for name in several for value in values.pop(name, ())]
    return function(*first, *rest, **values)


def _as_typed(message: str, words: Mapping[str, Word]) -> str:
    """A message of the library, in which parameters are called as the options are typed."""
    for name, word in words.items():
        if not word.is_argument:
            pattern = rf"(?:^|(?<=: )){name}(?=[= ])|(?<![\w-]){name}=(?=\W|$)"
            message = re.sub(pattern, word.typed(name), message)
    return re.sub(r"^[\w.]+: (?=--)", "", message)
