"""Boolean functions by perceptrons: one each, two layers for XOR, and circuits of few kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nissl.errors import ArgumentError, UnknownNameError
from nissl.explain.parts import Cell, Part, Table, Text
from nissl.explain.perceptrons.circuits import BASES, Circuit, basis_of, made_of
from nissl.explain.perceptrons.forms import feature_names, linear_form, right_or_wrong, variable
from nissl.explain.perceptrons.separability import separable
from nissl.explain.report import Explanation
from nissl.i18n import translate as _
from nissl.models.perceptron import Perceptron

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["GateReport", "gate"]

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True)
class Gate:
    """A Boolean function, and the perceptrons that compute it.

    Attributes:
        name: its name.
        targets: its value for each row of :attr:`inputs`.
        weights: of one perceptron that computes it, bias first; ``None`` if there is none.
        hidden: for two layers, the gates of the first.
        output: and the gate of the second, which takes their outputs.
    """

    name: str
    targets: tuple[int, ...]
    weights: tuple[float, ...] | None
    hidden: tuple[str, ...] = ()
    output: str = ""

    @property
    def inputs(self) -> Array:
        """All rows of the truth table, shape ``(2 ** D, D)``, counting upwards."""
        count = (len(self.targets) - 1).bit_length()
        return np.array(list(product((0, 1), repeat=count)), np.float64)

    def perceptron(self) -> Perceptron:
        """Return the perceptron with the given weights.

        >>> GATES["AND"].perceptron().outputs([[0, 1], [1, 1]]).tolist()
        [0.0, 1.0]
        """
        if self.weights is None:
            raise ArgumentError(f"no single perceptron computes {self.name}; see gate_network")
        return Perceptron("heaviside", initial_weights=self.weights)

    def outputs(self) -> Array:
        """The outputs of one perceptron, or of two layers, for all inputs."""
        if self.weights is not None:
            return self.perceptron().outputs(self.inputs)
        return GATES[self.output].perceptron().outputs(self.hidden_outputs(self.inputs))

    def hidden_outputs(self, x: Array) -> Array:
        """The outputs of the first of two layers, shape ``(N, 2)``."""
        return np.stack([GATES[name].perceptron().outputs(x) for name in self.hidden], axis=1)


GATES: Mapping[str, Gate] = {
    each.name: each
    for each in (
        Gate("AND", (0, 0, 0, 1), (-1.5, 1, 1)),
        Gate("OR", (0, 1, 1, 1), (-0.5, 1, 1)),
        Gate("NAND", (1, 1, 1, 0), (1.5, -1, -1)),
        Gate("NOR", (1, 0, 0, 0), (0.5, -1, -1)),
        Gate("XOR", (0, 1, 1, 0), None, ("OR", "NAND"), "AND"),
        Gate("XNOR", (1, 0, 0, 1), None, ("NOR", "AND"), "OR"),
        Gate("NOT", (1, 0), (0.5, -1)),
    )
}


def find(name: str) -> Gate:
    """Return the gate of a name, in capitals or not.

    Raises:
        UnknownNameError: there is none.
    """
    if str(name).upper() not in GATES:
        raise UnknownNameError("gate", str(name), GATES)
    return GATES[str(name).upper()]


def gate(name: str, *, basis: str | Sequence[str] = "NAND") -> GateReport:
    """Show a Boolean function by perceptrons: by one or by two layers, and by a circuit.

    The circuit has no other gates than those of the basis, each computed by its perceptron, and no
    circuit of them has fewer.

    Args:
        name: one of AND, OR, NAND, NOR, XOR, XNOR and NOT.
        basis: the gates of the circuit: ``"NAND"``, ``"NOR"``, ``"AND,NOT"`` or ``"OR,NOT"``, or
            the names as a list.

    Raises:
        UnknownNameError: another name.
        ArgumentError: another basis.

    >>> print(gate("AND").form.text)
    o = H(-1.5 + x1 + x2)
    >>> gate("XOR").right
    True
    >>> print(*gate("AND", basis="nor").circuit, sep=", ")
    n1 = NOR(x1, x1), n2 = NOR(x2, x2), n3 = NOR(n1, n2)
    """
    found, of = find(name), basis_of(basis)
    return GateReport(found, BASES[of][found.name], of)


@dataclass(frozen=True, eq=False)
class GateReport(Explanation):
    """The explanation that :func:`gate` returns.

    Attributes:
        gate: the Boolean function.
        circuit: what computes it out of the basis alone; its last node is the output.
        basis: names of the gates in the circuit.
    """

    gate: Gate
    circuit: Circuit
    basis: tuple[str, ...]

    def signals(self) -> dict[str, Array]:
        """Each signal of the circuit for all inputs, each node computed by its perceptron."""
        inputs = self.gate.inputs
        found = dict(zip(feature_names(inputs.shape[1]), inputs.T, strict=True))
        for node in self.circuit:
            taken = np.stack([found[name] for name in node.inputs], axis=1)  # (rows, 1 or 2)
            found[node.name] = GATES[node.gate].perceptron().outputs(taken)
        return found

    @property
    def form(self) -> Cell:
        """The output as a formula of the inputs."""
        found = self.gate
        if found.weights is not None:
            inner = linear_form(
                found.weights[0], found.weights[1:], feature_names(found.inputs.shape[1])
            )
            return Cell(f"o = H({inner.text})", f"o = H({inner.latex})")
        first, second = found.hidden
        text = f"o = {found.output}({first}(x1, x2), {second}(x1, x2))"
        return Cell(text, rf"\text{{{text}}}")

    @property
    def right(self) -> bool:
        """Whether perceptrons and circuit give the truth table's outputs."""
        wanted = np.array(self.gate.targets, np.float64)
        circuit = self.signals()[self.circuit[-1].name]
        return np.array_equal(self.gate.outputs(), wanted) and np.array_equal(circuit, wanted)

    def parts(self) -> Iterator[Part]:
        yield Text(self.gate.name, heading=True)
        if self.gate.weights is None:
            yield from self._two_layers()
        else:
            yield from self._one()
        yield from self._circuit()

    def _one(self) -> Iterator[Part]:
        a = self.gate.perceptron().decision_function(self.gate.inputs)
        rows = [
            (*map(int, x), target, float(value), int(output), right_or_wrong(target, output))
            for x, target, value, output in zip(
                self.gate.inputs, self.gate.targets, a, self.gate.outputs(), strict=True
            )
        ]
        names = feature_names(self.gate.inputs.shape[1])
        yield Table(
            (*map(variable, names), self.gate.name, "a", "o", ""), rows, _("One perceptron")
        )
        yield Text(f"{self.form.text},  H(0) = 1", latex=f"${self.form.latex}$")

    def _two_layers(self) -> Iterator[Part]:
        found = self.gate
        yield Text(_("No single perceptron computes it:"))
        reason = separable(found.inputs, np.array(found.targets))
        yield from reason.contradiction()
        yield from self.layers()

    def layers(self) -> Iterator[Part]:
        """Yield what two layers with given weights make of each row; nothing if one is enough."""
        found = self.gate
        if found.weights is not None:
            return
        hidden = found.hidden_outputs(found.inputs)
        rows = [
            (*map(int, x), *map(int, z), int(output), target, right_or_wrong(target, output))
            for x, z, output, target in zip(
                found.inputs, hidden, found.outputs(), found.targets, strict=True
            )
        ]
        columns = (*map(variable, ("x1", "x2", "z1", "z2")), "o", found.name, "")
        told = _("{gate} by two layers, with given weights").format(gate=found.name)
        yield Table(columns, rows, told)
        for name, each in zip(("z1", "z2", "o"), (*found.hidden, found.output), strict=True):
            bias, *weights = GATES[each].perceptron().weights.tolist()
            form = linear_form(bias, weights, ("z1", "z2") if name == "o" else ("x1", "x2"))
            yield Text(f"{name} = H({form.text})", f"${variable(name).latex} = H({form.latex})$")

    def _circuit(self) -> Iterator[Part]:
        signals = self.signals()
        last = self.circuit[-1].name
        rows = [
            (*(int(signals[name][row]) for name in signals), target,
             right_or_wrong(target, signals[last][row]))
            for row, target in enumerate(self.gate.targets)
        ]  # fmt: skip
        yield Table((*map(variable, signals), self.gate.name, ""), rows, made_of(self.basis))
        yield Text(", ".join(map(str, self.circuit)))

    def draw(self) -> Figure:
        from nissl.explain.perceptrons.gate_picture import draw

        return draw(self)
