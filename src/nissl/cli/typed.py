"""What is typed: expressions that may begin with a minus, and numbers with signs of any script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from nissl.cli.help import HelpCommand
from nissl.explain.expressions.tokens import narrow

_NUMBERS = re.compile(r"(?:--[\w-]+=)?[-+.,;:\deE\s]*\d[-+.,;:\deE\s]*")


def plain_numbers(words: Sequence[str]) -> list[str]:
    """Return the words of a command line, numbers among them with ASCII's minus and digits.

    This is the one place where options' numbers are made plain; expressions read such signs too.

    >>> plain_numbers(["−0.5", "--seed=１２", "a−b.csv"])
    ['-0.5', '--seed=12', 'a−b.csv']
    """
    narrowed = [unicodedata.normalize("NFKC", narrow(word)) for word in words]
    return [
        plain if _NUMBERS.fullmatch(plain) else word
        for word, plain in zip(words, narrowed, strict=True)
    ]


class TypedCommand(HelpCommand):
    """A command whose arguments may begin with a minus, as ``-x**2`` and ``-1`` do.

    A blank before such a word, which the grammar of expressions skips, keeps it from being taken
    for an option.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of the command line, those before ``--`` with blanks where needed."""
        words = args[: args.index("--")] if "--" in args else args
        return super().parse_args(
            ctx, [*(self._kept(word, ctx) for word in words), *args[len(words) :]]
        )

    def _kept(self, word: str, ctx: Any) -> str:
        if len(word) < 2 or word[0] != "-" or word[1] == "-":
            return word
        for each in self.get_params(ctx):
            if word in each.opts or (word[:2] in each.opts and not getattr(each, "is_flag", True)):
                return word  # also -oFILE in one word
        return f" {word}"
