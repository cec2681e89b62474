"""Pictures of gates: the lines of their perceptrons, and circuits."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nissl.explain.perceptrons import decision
from nissl.explain.perceptrons.circuits import Node, made_of
from nissl.explain.perceptrons.forms import feature_names, variable
from nissl.i18n import translate as _
from nissl.plots import INK, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nissl.explain.perceptrons.gates import Gate, GateReport

__all__ = ["draw", "draw_circuit", "draw_gate"]

Array: TypeAlias = NDArray[Any]
_STEP = 2.3  # between columns of a circuit
_WIDTH, _HEIGHT, _BUBBLE = 1.0, 0.8, 0.09  # of a gate, and the radius of its circle
_INSIDE = 0.2  # how far wires reach behind a sign, whose back may be hollow


def draw(report: GateReport) -> Figure:
    """Draw the lines of the perceptrons, and the circuit."""
    gate = report.gate
    columns = max(node.place[0] for node in report.circuit)
    figure = new_figure(6.9 + 1.15 * columns, 4.2 if len(gate.targets) == 4 else 2.8)
    grid = figure.add_gridspec(1, 2, width_ratios=[3.6, 2.6 + 1.15 * columns])
    draw_gate(figure.add_subplot(grid[0]), gate)
    draw_circuit(figure.add_subplot(grid[1]), report)
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


def draw_circuit(axes: Axes, report: GateReport) -> None:
    """Draw the gates of the circuit and what leads from one to the other."""
    inputs = feature_names(report.gate.inputs.shape[1])
    heights = {"x1": 1.0, "x2": -1.0} if len(inputs) == 2 else {"x1": 0.0}
    start = -1.7
    ends: dict[str, tuple[float, float]] = {name: (start, heights[name]) for name in inputs}
    for name in inputs:
        axes.text(start - 0.12, heights[name], _tex(name), ha="right", va="center")
    taken = [name for node in report.circuit for name in node.inputs]
    joined: set[str] = set()
    for node in report.circuit:
        x, y = node.place[0] * _STEP, node.place[1]
        pins = (0.0,) if len(node.inputs) == 1 else (0.2, -0.2)
        for pin, name in zip(pins, node.inputs, strict=True):
            turn = x - _bend(name)
            _wire(axes, ends[name], (x + _INSIDE, y + pin), turn)
            if taken.count(name) > 1 and name not in joined:
                axes.plot([turn], [ends[name][1]], "o", color=INK, markersize=4.5)
            joined.add(name)
        width = _symbol(axes, x, y, node)
        ends[node.name] = (x + width, y)
    x, y = ends[report.circuit[-1].name]
    axes.plot([x, x + 0.5], [y, y], color=INK, linewidth=1.3)
    axes.text(x + 0.58, y, "$o$", ha="left", va="center")
    axes.set_xlim(start - 0.6, x + 0.95)
    axes.set_ylim(-1.75, 1.75)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(made_of(report.basis), fontsize=10)


def _tex(name: str) -> str:
    return f"${variable(name).latex}$"


def _bend(name: str) -> float:
    """How far in front of a gate a wire turns; those of different signals turn apart."""
    return {"x1": 0.75, "x2": 0.55}.get(name, 0.35)


def _wire(axes: Axes, start: tuple[float, float], end: tuple[float, float], turn: float) -> None:
    """A wire in right angles."""
    axes.plot(
        [start[0], turn, turn, end[0]], [start[1], start[1], end[1], end[1]],
        color=INK, linewidth=1.3, solid_joinstyle="round", zorder=0.9,
    )  # fmt: skip


def _outline(gate: str) -> Array:
    """The sign of a gate without its circle, from ``(0, 0)`` on to the right: ``(n, 2)``."""
    half = _HEIGHT / 2
    if gate == "NOT":
        return np.array([[0, half], [0.8, 0], [0, -half]])
    down = np.linspace(half, -half, 41)
    share = (down / half) ** 2
    if gate in ("OR", "NOR"):  # pointed, with a hollow back
        front, back = _WIDTH * (1 - np.abs(down / half) ** 1.8), 0.16 * (1 - share)
    else:  # a D
        front, back = _WIDTH - half + half * np.sqrt(1 - share), np.zeros_like(down)
    return np.concatenate([np.stack([front, down], 1), np.stack([back, down], 1)[::-1]])


def _symbol(axes: Axes, x: float, y: float, node: Node) -> float:
    """Draw the sign of a gate; return its width."""
    from matplotlib.patches import Circle, Polygon

    outline = _outline(node.gate)
    width = float(outline[:, 0].max())
    axes.add_patch(
        Polygon(outline + np.array([x, y]), facecolor="white", edgecolor=INK, linewidth=1.4)
    )
    middle = 0.33 if node.gate == "NOT" else 0.42
    axes.text(x + middle * width, y, _tex(node.name), ha="center", va="center", fontsize=10)
    if node.gate not in ("NOT", "NAND", "NOR"):
        return width
    centre = (x + width + _BUBBLE, y)
    axes.add_patch(Circle(centre, _BUBBLE, facecolor="white", edgecolor=INK, linewidth=1.4))
    return width + 2 * _BUBBLE
