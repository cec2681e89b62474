"""A gate by two layers, learnt: a small network trained by the library, and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nissl.arguments import whole
from nissl.errors import ArgumentError
from nissl.explain.parts import Part, Table, Text, format_number
from nissl.explain.perceptrons import decision
from nissl.explain.perceptrons.forms import linear_form, right_or_wrong, variable
from nissl.explain.perceptrons.gates import Gate, find
from nissl.explain.report import Explanation
from nissl.i18n import translate as _
from nissl.initializers import GlorotUniform
from nissl.layers import Dense, Input
from nissl.models.sequential import Sequential
from nissl.optimizers import Adam
from nissl.plots import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
        yield Text(_("{gate} learnt by two layers").format(gate=self.gate.name), heading=True)
        x = self.gate.inputs
        hidden = np.asarray(self.model.layers[0](x.astype(np.float32)))  # (4, hidden)
        units = [f"z{number}" for number in range(1, hidden.shape[1] + 1)]
        rows = [
            (
                *map(int, inputs), *map(float, z), float(y), target,
                right_or_wrong(target, float(y >= 0.5)),
            )
            for inputs, z, y, target in zip(
                x, hidden, self.outputs(x), self.gate.targets, strict=True
            )
        ]  # fmt: skip
        names = [variable(name) for name in ("x1", "x2", *units)]
        yield Table((*names, "y", self.gate.name, ""), rows, digits=4)
        for name, weights in zip(units, self.layer(0), strict=True):
            form = linear_form(weights[0], weights[1:], ("x1", "x2"))
            yield Text(
                f"{name} = tanh({form.text})",
                latex=rf"${variable(name).latex} = \tanh({form.latex})$",
            )
        weights = self.layer(1)[0]
        form = linear_form(weights[0], weights[1:], units)
        yield Text(f"y = sigmoid({form.text})", latex=rf"$y = \sigma({form.latex})$")
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

    def draw(self) -> Figure:
        figure = new_figure(5.2, 4.9)
        self.draw_on(figure.add_subplot())
        decision.legend(figure)
        return figure

    def draw_on(self, axes: Axes) -> None:
        """Draw where the output is at least one half, and where each hidden unit is 0."""
        points, positive = self.gate.inputs, np.array(self.gate.targets) == 1
        box = decision.limits(points)
        decision.shade_where(axes, box, self.outputs, _("output 1"))
        for number, weights in enumerate(self.layer(0), start=1):
            style = _STYLES[number - 1]
            decision.line(axes, box, weights, style=style, text=f"$z_{number}$")
        decision.samples(axes, points, positive, (0, 1))
        decision.label_axes(axes, box, 2)
        axes.set_title(_("{gate} learnt by two layers").format(gate=self.gate.name), fontsize=10)
