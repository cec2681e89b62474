"""Commands that take a typed expression, which may begin with a minus."""

from __future__ import annotations

from typing import Any

from nissl.cli.help import HelpCommand


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
