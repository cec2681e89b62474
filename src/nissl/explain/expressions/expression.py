"""Expressions that a reader types: functions of some inputs, which nothing dangerous can be in."""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.tensor import Tensor, TensorLike
from nissl.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from nissl.explain.expressions.grammar import MAX_CHARACTERS, Reader, Statement, Step
from nissl.explain.expressions.mathematics import statements_latex
from nissl.explain.expressions.vocabulary import CONSTANTS, functions

__all__ = ["Expression", "parse"]

_LONGEST = 60  # characters of an expression that a message quotes


@dataclass(frozen=True)
class Expression:
    """A typed function of some inputs; made by :func:`parse`, called on tensors.

    Attributes:
        text: what was typed.
        inputs: names of the inputs, in the order in which they are passed.
        statements: what is computed: the last is the result, those before are given names.

    >>> f = parse("x1*x2 + exp(x1*x2) - sin(x2)")
    >>> f.inputs
    ('x1', 'x2')
    >>> round(f(1.0, 2.0).item(), 4), round(f(x2=2.0, x1=1.0).item(), 4)
    (8.4798, 8.4798)
    """

    text: str
    inputs: tuple[str, ...]
    statements: tuple[Statement, ...] = field(repr=False)

    @property
    def __name__(self) -> str:
        return "f"

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        if any(map(keyword.iskeyword, self.inputs)):  # such as lambda
            kind = inspect.Parameter.POSITIONAL_ONLY
        return inspect.Signature([inspect.Parameter(name, kind) for name in self.inputs])

    @property
    def constant(self) -> float | None:
        """The number that this is whatever the inputs are; ``None`` if it depends on them."""
        return self.statements[-1].steps[-1].value

    @property
    def latex(self) -> str:
        """The expression in LaTeX's mathematics.

        >>> parse("x1*x2 + exp(x1*x2)/2").latex
        'x_{1} \\\\, x_{2} + \\\\frac{\\\\exp(x_{1} \\\\, x_{2})}{2}'
        """
        return statements_latex(self.statements)

    def __call__(self, *values: TensorLike, **named: TensorLike) -> Tensor:
        """Compute the expression.

        Args:
            values: for each input a tensor, array or number; integers become the default float.
            named: the same by name. All shapes broadcast.

        Raises:
            ArgumentTypeError: an input is missing or given twice, or there are too many.
            UnknownNameError: a name that is no input.
        """
        return self.values(*values, **named)[-1]

    def values(self, *values: TensorLike, **named: TensorLike) -> list[Tensor]:
        """Compute the value of each statement; as :meth:`__call__` does, which gives the last."""
        known: dict[str, Tensor | float] = {
            name: _real(x) for name, x in self.bind(values, named).items()
        }
        like = next(iter(known.values()), None)
        made: list[Tensor] = []

        def computed(step: Step, operands: Sequence[Tensor | float]) -> Tensor | float:
            if step.value is not None:
                return step.value
            return step.known.function(*operands) if step.known else known[step.name]

        for statement in self.statements:
            found = known[statement.name] = statement.fold(computed)
            if not isinstance(found, Tensor):
                found = F.asarray(found) if like is None else F.full_like(like, found)
            made.append(found)
        return made

    def bind(
        self, values: Sequence[TensorLike], named: Mapping[str, TensorLike]
    ) -> dict[str, TensorLike]:
        """Return the value of each input by its name, in order, or say what is amiss."""
        if len(values) > len(self.inputs):
            raise ArgumentTypeError(
                f"{_shown(self.text)} has {len(self.inputs)} inputs "
                f"({', '.join(self.inputs) or 'none'}), and {len(values)} values were given"
            )
        found = dict(zip(self.inputs, values, strict=False))
        for name, value in named.items():
            if name not in self.inputs:
                raise UnknownNameError("input", name, self.inputs)
            if name in found:
                raise ArgumentTypeError(f"the input {name!r} was given twice")
            found[name] = value
        missing = [name for name in self.inputs if name not in found]
        if missing:
            raise ArgumentTypeError(
                f"{_shown(self.text)} needs a value for {', '.join(missing)} as well"
            )
        return {name: found[name] for name in self.inputs}

    def __str__(self) -> str:
        return self.text


def _real(x: TensorLike) -> Tensor:
    x = F.asarray(x)
    return x if dtypes.is_floating(x.dtype) else F.astype(x, dtypes.default_float())


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


# ---- reading ---------------------------------------------------------------------------------
def parse(text: str, names: Sequence[str] | None = None) -> Expression:
    """Read an expression.

    Args:
        text: such as ``"x1*x2 + exp(x1*x2) - sin(x2)"``, or several statements, parted by
            semicolons or line ends, of which all but the last give a name to a value:
            ``"v3 = x1*x2; v4 = sin(x2); v3 + v4"``. At most 4000 characters, 1000 steps, and
            100 brackets or pending operators at once. ``log`` and ``ln`` are natural, ``lg`` is
            to base 10 and ``lb`` to base 2 (ISO 80000-2).
        names: the inputs that it may use, in the order in which it is then called. By default
            every name that is no function and no constant is an input, in the order of first
            appearance, but ``x1``, ``x2``, ... in the order of their numbers.

    Raises:
        ArgumentError: the text is no expression; the message shows the place.
        ArgumentTypeError: ``text`` is no text.

    >>> parse("-x² + |x|")(3.0).item()
    -6.0
    >>> parse("v3 = x1*x2; v4 = sin(x2); v3 + v4").inputs
    ('x1', 'x2')
    >>> parse("x^2 + sinn(x)")
    Traceback (most recent call last):
        ...
    nissl.errors.ArgumentError: column 7: unknown function 'sinn'; did you mean 'sin'?
      x^2 + sinn(x)
            ^^^^
    """
    if not isinstance(text, str):
        raise ArgumentTypeError(f"an expression is a text, not {type(text).__name__} {text!r}")
    if len(text) > MAX_CHARACTERS:
        raise ArgumentError(
            f"the expression has {len(text)} characters; at most {MAX_CHARACTERS} are read"
        )
    for name in names or ():
        if not name.isidentifier() or name in functions() or name in CONSTANTS:
            raise ArgumentError(
                f"an input cannot be called {name!r}: that is a function, a constant, or no name"
            )
    inputs, statements = Reader(text, names).read()
    return Expression(text.strip(), inputs, statements)
