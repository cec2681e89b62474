"""A perceptron's training, update by update: as a table, as pictures, and as an animation."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.arguments import whole
from nissl.errors import ArgumentError, ArgumentTypeError
from nissl.explain.parts import Cell, Part, Table, Text, format_number
from nissl.explain.perceptrons.forms import (
    feature_names,
    fold,
    linear_form,
    right_or_wrong,
    vector,
)
from nissl.explain.report import Explanation
from nissl.files import user_path
from nissl.i18n import grouped
from nissl.i18n import translate as _
from nissl.models.perceptron import TARGETS, Perceptron, Update

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PerceptronRun", "perceptron"]

_LISTED = 3  # features of a sample that are listed
_CHECKED = 16  # samples up to which the final outputs are listed
_NAMES = {"heaviside": ("H", "H"), "sign": ("sgn", r"\operatorname{sgn}")}


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
    >>> print(run.to_markdown().split("\\n\\n")[4])  # doctest: +NORMALIZE_WHITESPACE
    | n | epoch | sample | x(n) | y | a | o | y - o | w(n) | w(n+1) |
    |--:|------:|-------:|------|--:|--:|--:|------:|------|--------|
    | 1 | 1 | 0 | (0, 0) | 0 | 0 | 1 | -1 | (0, 0, 0) | (-1, 0, 0) |
    | ... |  |  |  |  |  |  |  |  |  |
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

    def parts(self) -> Iterator[Part]:
        yield Text(self.title or _("Perceptron"), heading=True)
        yield from self._rule()
        yield from self._classes()
        yield from self._updates()
        yield from self._verdict()
        yield from self._outputs()

    def _rule(self) -> Iterator[Part]:
        name, tex = _NAMES[self.fitted.activation]
        yield Text(
            f"o = {name}(w·x),  w(n+1) = w(n) + η (y - o) x(n)",
            latex=rf"$o = {tex}(\mathbf{{w}}^T\mathbf{{x}})$, \quad "
            r"$\mathbf{w}(n+1) = \mathbf{w}(n) + \eta\, (y - o)\, \mathbf{x}(n)$",
        )
        yield Text(
            _("Learning rate η = {rate}; the bias is w0, with x0 = 1; {convention}.").format(
                rate=format_number(self.fitted.learning_rate),
                convention="H(0) = 1" if name == "H" else "sgn(0) = 0",
            )
        )

    def _classes(self) -> Iterator[Part]:
        low, high = self.outputs
        first, second = self.fitted.classes.tolist()
        if (first, second) != (low, high):
            yield Text(
                _("Target {low} is {first}, target {high} is {second}.").format(
                    low=low, first=first, high=high, second=second
                )
            )

    def _updates(self) -> Iterator[Part]:
        listed = self.samples.shape[1] <= _LISTED  # else the sample's number stands for it
        rows = [
            (
                u.number, u.epoch, u.sample, *([vector(u.inputs)] if listed else []), u.target,
                u.pre_activation, u.output, u.error, vector(u.before), vector(u.after),
            )
            for u in self.updates
        ]  # fmt: skip
        x = [Cell("x(n)", r"\mathbf{x}(n)")] if listed else []
        columns = (
            "n", _("epoch"), _("sample"), *x, "y", "a", "o", "y - o",
            Cell("w(n)", r"\mathbf{w}(n)"), Cell("w(n+1)", r"\mathbf{w}(n+1)"),
        )  # fmt: skip
        between = ("...", *[None] * (len(columns) - 1))
        shown = fold(rows, between, self.rows)
        if self.circle is not None:
            shown.append(between)
        yield Table(columns, shown, _("Each update"), digits=4)
        if self.circle is not None:
            start, length = self.circle
            yield Text(
                _(
                    "From update {start} on the run repeats itself every {length} updates: "
                    "more of them would change nothing."
                ).format(start=start, length=length)
            )

    @property
    def form(self) -> Cell:
        """The output of the trained perceptron, as a formula."""
        weights = self.fitted.weights.tolist()
        name, tex = _NAMES[self.fitted.activation]
        inner = linear_form(weights[0], weights[1:], feature_names(len(weights) - 1))
        return Cell(f"o = {name}({inner.text})", rf"o = {tex}({inner.latex})")

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

    def _verdict(self) -> Iterator[Part]:
        fitted = self.fitted
        told = _("{updates} updates in {epochs} passes over {count} samples").format(
            updates=grouped(len(fitted.history)),
            epochs=grouped(fitted.epochs),
            count=grouped(len(self.samples)),
        )
        if fitted.converged:
            yield Text(
                _("Converged: {told}, and no error is left.").format(told=told), style="good"
            )
        else:
            yield Text(
                _(
                    "Not converged: {told}, and then the limit of {most} updates was reached."
                ).format(told=told, most=grouped(fitted.max_updates)),
                style="bad",
            )
        yield Text(
            _("Final weights: {form}").format(form=self.form.text),
            latex=_("Final weights: {form}").format(form=f"${self.form.latex}$"),
        )

    def _outputs(self) -> Iterator[Part]:
        if len(self.samples) > _CHECKED:
            yield Text(
                _("Right at the end: {right} of {count} samples.").format(
                    right=grouped(self.right), count=grouped(len(self.samples))
                )
            )
            return
        a = self.fitted.decision_function(self.samples)
        o = self.fitted.outputs(self.samples)
        rows = [
            (
                vector(x), int(y), float(value), int(output), right_or_wrong(y, output))
            for x, y, value, output in zip(self.samples, self.targets, a, o, strict=True)
        ]  # fmt: skip
        columns = ("x", "y", Cell("a = w·x", r"a = \mathbf{w}^T\mathbf{x}"), "o", "")
        yield Table(columns, rows, _("Outputs with the final weights"))

    def draw(self) -> Figure:
        from nissl.explain.perceptrons.run_picture import draw

        return draw(self)

    def save(self, path: str | os.PathLike[str], **settings: Any) -> None:
        """Write the explanation to a file; as ``.gif`` the line moves from update to update.

        Raises:
            ArgumentError: the ending is none that can be written, or there is no line to animate:
                there are more than two features, or no update.
        """
        if user_path(path).suffix.lower() == ".gif":
            from nissl.explain.perceptrons.run_picture import animate

            animate(self, path)
        else:
            super().save(path, **settings)
