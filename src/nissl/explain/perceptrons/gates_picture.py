"""Pictures of gates: the lines of their perceptrons, and circuits."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nissl.explain.panels import Panel, Sheet
from nissl.explain.perceptrons import decision
from nissl.explain.perceptrons.circuits import Node, made_of
from nissl.explain.perceptrons.forms import variable
from nissl.explain.perceptrons.gates import GATES, Gate, GateReport, GateTable
from nissl.i18n import translate as _
from nissl.plots import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw", "draw_circuit", "panel"]

Array: TypeAlias = NDArray[Any]
_STEP = 2.3  # between columns of a circuit
_WIDTH, _HEIGHT, _BUBBLE = 1.0, 0.8, 0.09  # of a gate, and the radius of its circle
_INSIDE = 0.2  # how far wires reach behind a sign, whose back may be hollow


def draw(report: GateReport | GateTable) -> Sheet:
    """Draw the lines of the perceptrons, and the circuit; of all gates the lines."""
    if isinstance(report, GateTable):
        panels = [replace(panel(each, (3.3, 2.9)), title=each.name) for each in report.gates]
        return Sheet.grid(panels, 3, legend=5, finish=decision.outer_labels)
    columns = max(node.place[0] for node in report.circuit)
    height = 3.3 if len(report.gate.targets) == 4 else 2.2
    circuit = Panel(
        lambda axes: draw_circuit(axes, report),
        made_of(report.basis),
        size=(2.6 + columns, height),
    )
    lines = panel(report.gate, (4.0, height))
    return Sheet([[lines, circuit]], title=report.gate.name, legend=5)


def panel(gate: Gate, size: tuple[float, float] = (4.6, 3.7)) -> Panel:
    """Return the truth table as points, with the lines of the perceptrons and the region of 1."""
    one = gate.weights is not None
    title = _("One perceptron") if one else _("Two layers of perceptrons")
    return decision.panel(lambda axes: _lines(axes, gate), title, gate.inputs.shape[1], size)


def _lines(axes: Axes, gate: Gate) -> None:
    plane = decision.Plane(axes, gate.inputs, np.array(gate.targets) == 1)
    if gate.weights is not None:
        plane.shade(gate.weights)
        plane.line(gate.weights, label=_("line w·x = 0"))
    else:
        weights = [GATES[name].perceptron().weights for name in gate.hidden]
        for hidden in product((0, 1), repeat=2):  # of each way to lie beside both lines
            if GATES[gate.output].perceptron().outputs([hidden])[0] == 1:
                plane.shade(*((2 * z - 1) * w for z, w in zip(hidden, weights, strict=True)))
        for number, (name, style) in enumerate(zip(gate.hidden, ("-", "--"), strict=True)):
            plane.line(weights[number], style, text=f"$z_{number + 1}$: {name}")
    plane.samples((0, 1))


def draw_circuit(axes: Axes, report: GateReport) -> None:
    """Draw the gates of the circuit and what leads from one to the other."""
    heights = {"x1": 1.0, "x2": -1.0} if len(report.gate.targets) == 4 else {"x1": 0.0}
    start = -1.7
    ends = {name: (start, height) for name, height in heights.items()}
    for name, height in heights.items():
        axes.text(start - 0.12, height, _tex(name), ha="right", va="center")
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
