"""Texts and tables of a gate: its perceptron or two layers of them, and its circuit."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from nissl.explain.parts import Part, Table, Text, formula
from nissl.explain.perceptrons.circuits import made_of
from nissl.explain.perceptrons.forms import linear_form, right_or_wrong, variable
from nissl.explain.perceptrons.gates import GATES
from nissl.explain.perceptrons.separability import Separability, exact_points
from nissl.explain.perceptrons.separability_tables import contradiction
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.perceptrons.gates import Array, Gate, GateReport

__all__ = ["layers", "parts", "truth"]


def parts(report: GateReport) -> Iterator[Part]:
    """Yield perceptrons with their formulas, then the circuit with all signals."""
    gate = report.gate
    yield Text(gate.name, heading=True)
    if gate.weights is not None:
        shown = {"a": gate.perceptron().decision_function(gate.inputs), "o": gate.outputs()}
        yield truth(gate, shown, _("One perceptron"))
        yield Text(format(formula(rf"{report.form.latex},\quad H(0) = 1")))
    else:
        yield Text(_("No single perceptron computes it:"))
        samples = Separability(
            exact_points(gate.inputs), tuple(map(bool, gate.targets)), classes=(0, 1)
        )
        middle = dict.fromkeys(range(len(gate.targets)), Fraction(1, 2))  # of both diagonals
        yield from contradiction(samples.answered(coefficients=middle))
        yield from layers(gate)
    signals = report.signals()
    inner = {name: values for name, values in signals.items() if name[0] != "x"}
    yield truth(gate, inner, made_of(report.basis))
    yield Text(", ".join(format(formula(node.form)) for node in report.circuit))


def layers(gate: Gate) -> Iterator[Part]:
    """Yield what two layers with given weights make of each row; nothing if one is enough."""
    if gate.weights is not None:
        return
    hidden = gate.hidden_outputs(gate.inputs)
    shown = {"z1": hidden[:, 0], "z2": hidden[:, 1], "o": gate.outputs()}
    yield truth(gate, shown, _("{gate} by two layers, with given weights").format(gate=gate.name))
    for name, each in zip(shown, (*gate.hidden, gate.output), strict=True):
        form = linear_form(GATES[each].weights or (), "z" if name == "o" else "x")
        yield Text(format(formula(f"{variable(name).latex} = H({form.latex})")))


def truth(gate: Gate, signals: dict[str, Array], title: str = "", digits: int = 6) -> Table:
    """A truth table: inputs, signals of which the last is the output, and what it should be."""
    names = [f"x{place}" for place in range(1, gate.inputs.shape[1] + 1)]
    *_others, output = signals.values()
    rows = [
        (*map(int, x), *(signal[row].item() for signal in signals.values()), gate.targets[row],
         right_or_wrong(gate.targets[row], int(output[row] >= 0.5)))
        for row, x in enumerate(gate.inputs)
    ]  # fmt: skip
    return Table((*map(variable, (*names, *signals)), gate.name, ""), rows, title, digits)
