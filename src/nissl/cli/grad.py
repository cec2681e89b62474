"""``nissl grad``: a typed function at a point, line by line, with its derivatives."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nissl import explain
from nissl.cli.commands import Command
from nissl.cli.messages import translate_message
from nissl.cli.typed import TypedCommand
from nissl.cli.words import NAMES_EACH, argument, option
from nissl.errors import ArgumentError, UnknownNameError
from nissl.i18n import mark
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.expressions.expression import Expression

_VALUE = re.compile(r"\s*([^\W\d]\w*)\s*=(?!=)\s*(.*)", re.DOTALL)
_NAME = re.compile(r"[^\W\d]\w*")
_NEXT = re.compile(r"[,;\s]\s*(?=[^\W\d]\w*\s*=)")


def grad(
    words: list[str] | None = None,
    *,
    file: str | None = None,
    at: list[str] | None = None,
    all_lines: bool = False,
    separate: bool = False,
    **settings: Any,
) -> explain.Explanation:
    """Explain the derivatives of a typed function."""
    texts = [word for word in words or () if not _is_value(word)]
    f = explain.parse(_read(file) if file is not None and not texts else _single(texts, file))
    point = _point(f, [*(at or ()), *(word for word in words or () if _is_value(word))])
    rows = None if all_lines else 40
    return explain.trace(f, share=not separate, rows=rows, **settings)(**point)


def _is_value(word: str) -> bool:
    """Whether a word is a part of the point, and not a typed line such as ``y = x^2``."""
    from nissl.explain.expressions.vocabulary import CONSTANTS, functions

    found = [_VALUE.fullmatch(part) for part in _NEXT.split(word.strip())]
    names = {name for each in found if each for name in _NAME.findall(each[2])}
    return all(found) and names <= {*CONSTANTS, *functions(), "π", "nan", "inf", "infinity"}


def _single(texts: Sequence[str], file: str | None) -> str:
    if file is not None:
        raise ArgumentError(_("give an expression or --file, not both"))
    if not texts:
        raise ArgumentError(
            _("the expression is missing; write it in quotes, as in {example}").format(
                example='nissl grad "x1*x2" --at x1=1 x2=2'
            )
        )
    if len(texts) != 1:
        raise ArgumentError(
            _("one expression is wanted, in quotes; these words were given: {words}").format(
                words=", ".join(repr(text.strip()) for text in texts)
            )
        )
    return texts[0]


def _read(file: str) -> str:
    """The lines of a file, without remarks."""
    from nissl.datasets.files import read_bytes
    from nissl.files import user_path

    try:
        text = read_bytes(user_path(file), limit=1 << 20).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArgumentError(_("{path} is no text in UTF-8").format(path=file)) from error
    return re.sub(r"#[^\n]*", "", text)


def _point(f: Expression, given: Sequence[str]) -> dict[str, float]:
    """The value of each input, as it was typed."""
    if not f.inputs:
        raise ArgumentError(
            _("{text} has no input, so there is nothing to differentiate by").format(
                text=repr(f.text)
            )
        )
    point: dict[str, float] = {}
    for text in (part for word in given for part in _NEXT.split(word.strip())):
        found = _VALUE.fullmatch(text.rstrip(" ,;"))
        if found is None:
            raise ArgumentError(
                _("--at takes NAME=VALUE, as in x1=1, and not {text}").format(text=repr(text))
            )
        name = unicodedata.normalize("NFKC", found[1])
        if name not in f.inputs:
            _refuse_products(f, given)
            raise UnknownNameError("input", name, f.inputs)
        if name in point:
            raise ArgumentError(_("a value for {name} was given twice").format(name=name))
        point[name] = _number(name, found[2])
    missing = [name for name in f.inputs if name not in point]
    if missing:
        raise ArgumentError(
            _("no value for {names}; add it, as in --at {example}").format(
                names=", ".join(missing), example=" ".join(f"{name}=1" for name in f.inputs)
            )
        )
    return {name: point[name] for name in f.inputs}


def _refuse_products(f: Expression, given: Sequence[str]) -> None:
    """Say so where an input is called ``xy`` and the point has values for ``x`` and ``y``."""
    from nissl.explain.expressions.grammar import as_product

    names = _NAME.findall(" ".join(re.sub(r"=[^,;\s]*", " ", word) for word in given))
    for product in filter(None, (as_product(name, names) for name in f.inputs)):
        raise ArgumentError(_("a product is written with *: {product}?").format(product=product))


def _number(name: str, text: str) -> float:
    """A number that was typed, such as ``-1.5`` or ``pi/2``."""
    from nissl.explain.expressions.expression import parse

    if text.strip().lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise ArgumentError(
            _("the value of {name} is {text}; a point has finite numbers only").format(
                name=name, text=text.strip()
            )
        )
    try:
        value = parse(text, names=())
    except ArgumentError as error:
        raise ArgumentError(
            _("the value of {name} is no number: {problem}").format(
                name=name, problem=translate_message(str(error))
            )
        ) from error
    constant = value.constant
    assert constant is not None  # there are no inputs in it
    return constant


GRAD = Command(
    "grad",
    "Show how a function is computed and differentiated, line by line, in forward and in "
    "reverse mode.",
    (
        'grad "x1*x2 + exp(x1*x2) - sin(x2)" --at x1=1 x2=2',
        'grad "(x-3)^2 + 3*sin(x-2)" --at x=1 --mode reverse -o graph.svg',
        'grad "v3 = x1*x2; v4 = sin(x2); v5 = v3 - v4" --at x1=1 x2=2',
    ),
    {
        "words": argument(
            "EXPRESSION",
            'The function, in quotes, such as "x1*x2 + exp(x1*x2) - sin(x2)", or its lines, '
            'such as "v3 = x1*x2; v4 = sin(x2); v5 = v3 - v4".',
        ),
        "file": option(
            "FILE", "A text file with the lines of the function; what follows # is a remark."
        ),
        "at": option("NAME=VALUE ...", "The point: a value for each input, such as x1=1 x2=pi/2."),
        "mode": option("MODE", "forward, reverse or both; both."),
        "with_respect_to": option(
            "NAME", "An input to differentiate by; may be repeated; all by default.", NAMES_EACH
        ),
        "digits": option("N", "Significant digits, 1 to 17; 15."),
        "all_lines": option("", "Show every line of a long function.", flags="--all"),
        "separate": option("", "Give what stands in the expression twice a line each time."),
    },
    grad,
    like="trace",
    cls=TypedCommand,
    note=mark(
        "Where a value is not finite (a division by zero, a logarithm of a negative number, an "
        "overflow), the tables are shown with the place marked."
    ),
)
