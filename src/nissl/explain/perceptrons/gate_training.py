"""A gate by two layers, learnt: a small network trained by the library, and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nissl.arguments import whole
from nissl.errors import ArgumentError
from nissl.explain.formulas import call, equal
from nissl.explain.panels import Panel, Sheet
from nissl.explain.parts import Part, Text, format_number, formula
from nissl.explain.perceptrons import decision, gates_tables
from nissl.explain.perceptrons.forms import linear_form, variable
from nissl.explain.perceptrons.gates import Gate, find
from nissl.explain.report import Explanation
from nissl.i18n import translate as _
from nissl.initializers import GlorotUniform
from nissl.layers import Dense, Input
from nissl.models.sequential import Sequential
from nissl.optimizers import Adam

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["GateNetwork", "gate_network"]

Array: TypeAlias = NDArray[Any]
_RATE, _STYLES = 0.1, ("-", "--", "-.", ":")


def gate_network(
    name: str = "XOR", *, hidden: int = 2, epochs: int = 300, seed: int = 2
) -> GateNetwork:
    """Train two layers to compute a Boolean function of two inputs, XOR for one.

    ``z_j = tanh(a_j)``, ``y = sigmoid(a)``; the whole truth table in each step of Adam at rate
    0.1, binary cross-entropy. The output is rounded: 1 from one half on. With two hidden units
    some seeds end where two of the rows share an output of one half; the explanation says so.

    Args:
        name: a gate of two inputs.
        hidden: hidden units, 1 to 4.
        epochs: steps, at least 1.
        seed: of the first weights; the same seed gives the same network.

    Raises:
        UnknownNameError: there is no such gate.
        ArgumentError: the gate has one input, or a number is outside its range.

    >>> gate_network("XOR").right
    True
    """
    found = find(name)
    if found.inputs.shape[1] != 2:
        raise ArgumentError(f"gate_network draws gates of two inputs, and {found.name} has one")
    hidden = whole("gate_network", "hidden", hidden, least=1, most=len(_STYLES))
    epochs = whole("gate_network", "epochs", epochs, least=1)
    model = Sequential(
        [
            Input((2,)),
            Dense(hidden, activation="tanh", kernel_initializer=GlorotUniform(seed=2 * seed)),
            Dense(1, activation="sigmoid", kernel_initializer=GlorotUniform(seed=2 * seed + 1)),
        ]
    )
    model.compile(optimizer=Adam(_RATE), loss="binary_crossentropy")
    x = found.inputs.astype(np.float32)
    y = np.array(found.targets, np.float32)[:, None]  # (4, 1)
    history = model.fit(x, y, batch_size=len(x), epochs=epochs, shuffle=False, verbose=0)
    return GateNetwork(found, model, [float(loss) for loss in history.history["loss"]])


@dataclass(frozen=True, eq=False)
class GateNetwork(Explanation):
    """The explanation that :func:`gate_network` returns.

    Attributes:
        gate: the Boolean function.
        model: the trained network.
        losses: its loss after each step.
    """

    gate: Gate
    model: Sequential
    losses: list[float]

    def outputs(self, x: Array) -> Array:
        """Return what the network gives for inputs ``(N, 2)``, from 0 to 1, shape ``(N,)``."""
        given = x.astype(np.float32)
        return np.asarray(self.model.predict(given, batch_size=4096, verbose=0))[:, 0]

    @property
    def right(self) -> bool:
        """Whether all outputs, rounded, are those of the truth table."""
        rounded = self.outputs(self.gate.inputs) >= 0.5
        return np.array_equal(rounded, np.array(self.gate.targets) == 1)

    def layer(self, number: int) -> list[list[float]]:
        """Return the weights of each unit of a layer, bias first; layers are counted from 0."""
        kernel, bias = (np.asarray(weight) for weight in self.model.layers[number].weights)
        return np.concatenate([bias[None], kernel]).T.tolist()  # (units, inputs + 1)

    def parts(self) -> Iterator[Part]:
        x = self.gate.inputs
        hidden = np.asarray(self.model.layers[0](x.astype(np.float32))).T  # (hidden, 4)
        units = {f"z{place}": z for place, z in enumerate(hidden, start=1)}
        yield Text(self.title, heading=True)
        yield gates_tables.truth(self.gate, {**units, "y": self.outputs(x)}, digits=4)
        for unit, weights in zip(units, self.layer(0), strict=True):
            yield Text(format(equal(variable(unit), call(r"\tanh", linear_form(weights)))))
        last = linear_form(self.layer(1)[0], "z")
        yield Text(format(equal(formula("y"), call(r"\operatorname{sigmoid}", last))))
        told = _("loss {loss} after {steps} steps").format(
            loss=format_number(self.losses[-1], 3), steps=len(self.losses)
        )
        if self.right:
            yield Text(_("Learnt: {told}.").format(told=told), style="good")
        else:
            yield Text(
                _("Not learnt: {told}; try another seed, or more hidden units.").format(told=told),
                style="bad",
            )

    @property
    def title(self) -> str:
        """What stands above."""
        return _("{gate} learnt by two layers").format(gate=self.gate.name)

    def draw(self) -> Sheet:
        return Sheet([[self.panel()]], legend=3)

    def panel(self) -> Panel:
        """Return where the output is at least one half, and where each hidden unit is 0."""
        return decision.panel(self._lines, self.title, 2, (5.2, 4.4))

    def _lines(self, axes: Axes) -> None:
        plane = decision.Plane(axes, self.gate.inputs, np.array(self.gate.targets) == 1)
        plane.shade_where(self.outputs)
        for number, weights in enumerate(self.layer(0)):
            plane.line(weights, _STYLES[number], text=f"$z_{number + 1}$")
        plane.samples((0, 1))
