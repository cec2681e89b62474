"""Texts and tables of a perceptron's run: the rule, each update, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from nissl.explain.formulas import symbol
from nissl.explain.parts import Part, Table, Text, format_number, formula, table_of
from nissl.explain.perceptrons.forms import counted, right_or_wrong, vector
from nissl.i18n import grouped
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.perceptrons.run import PerceptronRun

__all__ = ["parts"]

_LISTED = 3  # features of a sample that are listed
_CHECKED = 16  # samples up to which the final outputs are listed
_X, _W = r"\mathbf{x}", r"\mathbf{w}"
_A = formula(rf"a = {_W} \cdot {_X}")


def parts(run: PerceptronRun) -> Iterator[Part]:
    """Yield the rule, the updates, the verdict and the final outputs."""
    yield Text(run.title or _("Perceptron"), heading=True)
    rule = rf"{_W}(n+1) = {_W}(n) + \eta\,(y - o)\,{_X}(n)"
    yield Text(format(formula(rf"o = {run.function}({_W} \cdot {_X}),\quad {rule}")))
    yield Text(
        _("Learning rate η = {rate}; the bias is {w0}, with {x0} = 1; {convention}.").format(
            rate=format_number(run.fitted.learning_rate),
            w0=symbol("w", 0),
            x0=symbol("x", 0),
            convention=formula(rf"{run.function}(0) = {run.at_zero}"),
        )
    )
    yield Text(
        _(
            "B1: the weights begin as {weights}. B2: a sample is the input. B3: its output o is "
            "computed. B4: where o is not y, the weights are updated. B5: this is repeated until "
            "no error is left, or {most} updates are made."
        ).format(
            weights=vector(run.updates[0].before if run.updates else run.fitted.weights),
            most=grouped(run.fitted.max_updates),
        ),
    )
    first, second = run.fitted.classes.tolist()
    low, high = run.outputs
    if (first, second) != (low, high):
        yield Text(
            _("Target {low} is {first}, target {high} is {second}.").format(
                low=low, first=first, high=high, second=second
            )
        )
    yield from _updates(run)
    yield from _verdict(run)
    yield from _outputs(run)


def _updates(run: PerceptronRun) -> Iterator[Part]:
    if not run.updates:
        yield Text(_("No update was necessary: every output is right at once."))
        return
    listed = run.samples.shape[1] <= _LISTED  # else the sample's number stands for it
    table = table_of(
        run.updates,
        [
            (formula("n"), lambda u: u.number),
            (_("epoch"), lambda u: u.epoch),
            (_("sample"), lambda u: u.sample),
            (formula(rf"{_X}(n)"), lambda u: vector(u.inputs)) if listed else None,
            (formula("y"), lambda u: u.target),
            (formula("a"), lambda u: u.pre_activation),
            (formula("o"), lambda u: u.output),
            (formula("y - o"), lambda u: u.error),
            (formula(rf"{_W}(n)"), lambda u: vector(u.before)),
            (formula(rf"{_W}(n+1)"), lambda u: vector(u.after)),
        ],
        title=_("Each update"),
        digits=4,
        most=run.rows,
    )
    if run.circle is None:
        yield table
        return
    start, length = run.circle
    yield replace(table, rows=[*table.rows, ["…", *[None] * (len(table.columns) - 1)]])
    yield Text(
        _(
            "From update {start} on the run repeats itself every {length} updates: "
            "more of them would change nothing."
        ).format(start=start, length=length)
    )


def _verdict(run: PerceptronRun) -> Iterator[Part]:
    fitted = run.fitted
    told = _("{updates} in {passes} over {samples}").format(
        updates=counted(len(fitted.history), _("1 update"), _("{count} updates")),
        passes=counted(fitted.epochs, _("1 pass"), _("{count} passes")),
        samples=counted(len(run.samples), _("1 sample"), _("{count} samples")),
    )
    if fitted.converged:
        yield Text(_("Converged: {told}, and no error is left.").format(told=told), style="good")
    else:
        yield Text(
            _("Not converged: {told}, and then the limit of {most} updates was reached.").format(
                told=told, most=grouped(fitted.max_updates)
            ),
            style="bad",
        )
    yield Text(_("Final weights: {form}").format(form=run.form))


def _outputs(run: PerceptronRun) -> Iterator[Part]:
    if len(run.samples) > _CHECKED:
        yield Text(
            _("Right at the end: {right} of {count} samples.").format(
                right=grouped(run.right), count=grouped(len(run.samples))
            )
        )
        return
    a, o = run.fitted.decision_function(run.samples), run.fitted.outputs(run.samples)
    rows = [
        (vector(x), int(y), float(value), int(output), right_or_wrong(y, output))
        for x, y, value, output in zip(run.samples, run.targets, a, o, strict=True)
    ]
    columns = (formula(_X), formula("y"), _A, formula("o"), "")
    yield Table(columns, rows, _("Outputs with the final weights"))
