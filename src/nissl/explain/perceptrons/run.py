"""A perceptron's training, update by update: as a table, as pictures, and as an animation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nissl.arguments import whole
from nissl.errors import ArgumentError, ArgumentTypeError
from nissl.explain import quantities
from nissl.explain.parts import Cell, formula
from nissl.explain.perceptrons.forms import linear_form
from nissl.explain.quantities import Quantity
from nissl.explain.report import Explanation
from nissl.i18n import translate as _
from nissl.models.perceptron import TARGETS, Perceptron, Update

__all__ = ["PerceptronRun", "perceptron"]


def perceptron(fitted: Perceptron, *, title: str = "", rows: int = 24) -> PerceptronRun:
    """Show how a perceptron was trained.

    ``w(n+1) = w(n) + eta (y - o) x(n)``, each update in a row of the table: which sample, its
    output and error, and the weights before and after. The picture shows the line
    ``w . x = 0`` after several updates and at the end; for more than two features the distances
    to the plane, and the errors of each pass. Saved as ``.gif``, the line moves.

    Args:
        fitted: a perceptron whose ``fit`` was called.
        title: what stands above; "Perceptron" by default.
        rows: updates up to which each is listed, at least 1; of more, those in the middle are left
            out. Of a run that goes round in a circle only the first round is listed.

    Raises:
        ArgumentTypeError: not a perceptron.
        ArgumentError: it has not been fitted, or ``rows`` is below 1.

    >>> import nissl
    >>> p = nissl.Perceptron().fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> run = perceptron(p, rows=2)
    >>> print(run.to_markdown().split("\\n\\n")[5])  # doctest: +NORMALIZE_WHITESPACE
    | n | epoch | sample | x(n) | y | a | o | y - o | w(n) | w(n + 1) |
    |--:|------:|-------:|------|--:|--:|--:|------:|------|----------|
    | 1 | 1 | 0 | (0, 0) | 0 | 0 | 1 | -1 | (0, 0, 0) | (-1, 0, 0) |
    |  |  |  |  |  |  |  |  | … 9 more |  |
    | 11 | 5 | 1 | (0, 1) | 0 | 0 | 1 | -1 | (-2, 2, 2) | (-3, 2, 1) |
    """
    if not isinstance(fitted, Perceptron):
        raise ArgumentTypeError(
            f"explain.perceptron takes a nissl.Perceptron, not {type(fitted).__name__}"
        )
    if fitted.samples is None or fitted.targets is None:
        raise ArgumentError("this perceptron has not been fitted; call fit(x, y) first")
    rows = whole("explain.perceptron", "rows", rows, least=1)
    return PerceptronRun(fitted, fitted.samples, fitted.targets, title, rows)


def cycle(history: Sequence[Update]) -> tuple[int, int] | None:
    """Return from which update on a run repeats itself, and after how many updates.

    Where the samples come in the same order in each pass, the same weights at the same sample mean
    that all that followed follows again. ``None`` where that did not happen.

    >>> import nissl
    >>> p = nissl.Perceptron(max_updates=50)
    >>> cycle(p.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]).history)
    (4, 4)
    """
    seen: dict[tuple[int, bytes], int] = {}
    for update in history:
        state = update.sample, (update.before + 0.0).tobytes()
        if state in seen:
            return seen[state], update.number - seen[state]
        seen[state] = update.number
    return None


@dataclass(frozen=True, eq=False)
class PerceptronRun(Explanation):
    """The explanation that :func:`perceptron` returns."""

    fitted: Perceptron
    samples: Any  # (N, D)
    targets: Any  # (N,)
    title: str = ""
    rows: int = 24

    @cached_property
    def circle(self) -> tuple[int, int] | None:
        """What :func:`cycle` finds, of a run that did not converge."""
        told = not self.fitted.converged and not self.fitted.shuffle
        return cycle(self.fitted.history) if told else None

    @property
    def updates(self) -> list[Update]:
        """The updates, without those that only repeat earlier ones."""
        return self.fitted.history[: sum(self.circle) - 1 if self.circle else None]

    @property
    def form(self) -> Cell:
        """The output of the trained perceptron, as a formula."""
        return formula(f"o = {self.function}({linear_form(self.fitted.weights.tolist()).latex})")

    @property
    def function(self) -> str:
        """The activation in LaTeX."""
        return {"heaviside": "H", "sign": r"\operatorname{sgn}"}[self.fitted.activation]

    @property
    def outputs(self) -> tuple[int, int]:
        """The two outputs that are wanted: 0 and 1, or -1 and 1."""
        return TARGETS[self.fitted.activation]

    @property
    def at_zero(self) -> int:
        """The output on the line itself: ``H(0) = 1``, ``sgn(0) = 0``."""
        return {"heaviside": 1, "sign": 0}[self.fitted.activation]

    @property
    def right(self) -> int:
        """How many samples have the output that they should have, at the end."""
        return int(np.sum(self.fitted.outputs(self.samples) == self.targets))

    def quantities(self) -> Iterator[Quantity]:
        """Yield the numbers of each update, weight by weight, then those of other tables."""
        step = quantities.typed(_("Each update"))
        for update in self.updates:
            found = {
                "sample": update.sample, "y": update.target, "a": update.pre_activation,
                "o": update.output, "y - o": update.error,
            }  # fmt: skip
            found.update({f"w_{i}(n + 1)": weight for i, weight in enumerate(update.after)})
            for name, value in found.items():
                yield Quantity(step, f"n={update.number} {name}", float(value))
        yield from (each for each in super().quantities() if each.step != step)
