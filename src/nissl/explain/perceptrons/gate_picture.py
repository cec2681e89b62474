"""Pictures of gates: the lines of their perceptrons, and circuits of NAND."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from nissl.explain.perceptrons import decision
from nissl.explain.perceptrons.forms import feature_names
from nissl.i18n import translate as _
from nissl.plots import INK, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nissl.explain.perceptrons.gates import Gate, GateReport

__all__ = ["draw", "draw_circuit", "draw_gate"]

_STEP = 2.3  # between columns of a circuit
_WIDTH, _HEIGHT, _BUBBLE = 1.0, 0.8, 0.09  # of a NAND, and the radius of its circle


def draw(report: GateReport) -> Figure:
    """Draw the lines of the perceptrons, and the circuit."""
    gate = report.gate
    columns = max(each.place[0] for each in gate.circuit)
    figure = new_figure(6.9 + 1.15 * columns, 4.2 if len(gate.targets) == 4 else 2.8)
    grid = figure.add_gridspec(1, 2, width_ratios=[3.6, 2.6 + 1.15 * columns])
    draw_gate(figure.add_subplot(grid[0]), gate)
    draw_circuit(figure.add_subplot(grid[1]), gate)
    figure.suptitle(gate.name)
    decision.legend(figure, columns=5)
    return figure


def draw_gate(axes: Axes, gate: Gate) -> None:
    """Draw the truth table as points, and the lines of the perceptrons with the region of 1."""
    from nissl.explain.perceptrons.gates import GATES

    positive = np.array(gate.targets) == 1
    points = decision.flat(gate.inputs, positive)
    box = decision.limits(points)
    if gate.weights is not None:
        decision.shade(axes, box, gate.weights, label=_("output 1"))
        decision.line(axes, box, gate.weights, label=_("line w·x = 0"))
        axes.set_title(_("One perceptron"), fontsize=10)
    else:
        _region(axes, box, gate)
        for number, (name, style) in enumerate(zip(gate.hidden, ("-", "--"), strict=True), 1):
            weights = GATES[name].perceptron().weights.tolist()
            decision.line(axes, box, weights, style=style, text=f"$z_{number}$: {name}")
        axes.set_title(_("Two layers of perceptrons"), fontsize=10)
    decision.samples(axes, points, positive, (0, 1))
    decision.label_axes(axes, box, gate.inputs.shape[1])


def _region(axes: Axes, box: decision.Box, gate: Gate) -> None:
    """Shade where the second layer gives 1: of each way to lie beside both lines that does."""
    from nissl.explain.perceptrons.gates import GATES

    weights = [GATES[name].perceptron().weights for name in gate.hidden]
    last = GATES[gate.output].perceptron()
    for hidden in product((0, 1), repeat=2):
        if last.outputs([hidden])[0] == 1:
            halves = [(2 * z - 1) * w for z, w in zip(hidden, weights, strict=True)]
            decision.shade(axes, box, *halves, label=_("output 1"))


def draw_circuit(axes: Axes, gate: Gate) -> None:
    """Draw the NANDs and what leads from one to the other."""
    inputs = feature_names(gate.inputs.shape[1])
    heights = {"x1": 1.0, "x2": -1.0} if len(inputs) == 2 else {"x1": 0.0}
    start = -1.7
    ends: dict[str, tuple[float, float]] = {name: (start, heights[name]) for name in inputs}
    for name in inputs:
        axes.text(
            start - 0.12, heights[name], f"${name[0]}_{{{name[1:]}}}$", ha="right", va="center"
        )
    taken = [name for each in gate.circuit for name in each.inputs]
    joined: set[str] = set()
    for each in gate.circuit:
        x, y = each.place[0] * _STEP, each.place[1]
        _symbol(axes, x, y, each.name)
        for pin, name in zip((0.2, -0.2), each.inputs, strict=True):
            turn = x - _bend(name)
            _wire(axes, ends[name], (x, y + pin), turn)
            if taken.count(name) > 1 and name not in joined:
                axes.plot([turn], [ends[name][1]], "o", color=INK, markersize=4.5)
            joined.add(name)
        ends[each.name] = (x + _WIDTH + 2 * _BUBBLE, y)
    x, y = ends[gate.circuit[-1].name]
    axes.plot([x, x + 0.5], [y, y], color=INK, linewidth=1.3)
    axes.text(x + 0.58, y, "$o$", ha="left", va="center")
    axes.set_xlim(start - 0.6, x + 0.95)
    axes.set_ylim(-1.75, 1.75)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(_("From NAND alone"), fontsize=10)


def _bend(name: str) -> float:
    """How far in front of a gate a wire turns; those of different signals turn apart."""
    return {"x1": 0.75, "x2": 0.55}.get(name, 0.35)


def _wire(axes: Axes, start: tuple[float, float], end: tuple[float, float], turn: float) -> None:
    """A wire in right angles."""
    axes.plot(
        [start[0], turn, turn, end[0]], [start[1], start[1], end[1], end[1]],
        color=INK, linewidth=1.3, solid_joinstyle="round", zorder=1,
    )  # fmt: skip


def _symbol(axes: Axes, x: float, y: float, name: str) -> None:
    """The sign of a NAND: a D with a circle at its output."""
    from matplotlib.patches import Circle, PathPatch
    from matplotlib.path import Path

    half, straight = _HEIGHT / 2, _WIDTH - _HEIGHT / 2
    angles = np.linspace(np.pi / 2, -np.pi / 2, 25)
    arc = np.stack([x + straight + half * np.cos(angles), y + half * np.sin(angles)], axis=1)
    outline = np.concatenate([[[x, y + half]], arc, [[x, y - half]], [[x, y + half]]])
    axes.add_patch(PathPatch(Path(outline, closed=True), facecolor="white", edgecolor=INK, lw=1.4))
    axes.add_patch(
        Circle((x + _WIDTH + _BUBBLE, y), _BUBBLE, facecolor="white", edgecolor=INK, lw=1.4)
    )
    axes.text(x + 0.42, y, f"${name[0]}_{{{name[1:]}}}$", ha="center", va="center", fontsize=10)
