"""Boolean functions by perceptrons: one each, two layers for XOR, and circuits of few kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nissl.errors import ArgumentError, UnknownNameError
from nissl.explain.formulas import symbol
from nissl.explain.parts import Cell, Part, Table, formula
from nissl.explain.perceptrons.circuits import BASES, Circuit, basis_of
from nissl.explain.perceptrons.forms import linear_form
from nissl.explain.report import Explanation
from nissl.i18n import translate as _
from nissl.models.perceptron import Perceptron

__all__ = ["GateReport", "GateTable", "gate", "gates"]

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
    o = H(-1.5 + x₁ + x₂)
    >>> gate("XOR").right
    True
    >>> print(*gate("AND", basis="nor").circuit, sep=", ")
    n1 = NOR(x1, x1), n2 = NOR(x2, x2), n3 = NOR(n1, n2)
    """
    found, of = find(name), basis_of(basis)
    return GateReport(found, BASES[of][found.name], of)


def gates() -> GateTable:
    """Show all gates of two inputs in one truth table, each computed by its perceptrons.

    >>> print(gates().to_markdown().splitlines()[-1])
    | 1 | 1 | 1 | 1 | 0 | 0 | 0 | 1 |
    """
    return GateTable()


class GateTable(Explanation):
    """The explanation that :func:`gates` returns."""

    @property
    def gates(self) -> list[Gate]:
        """The gates of two inputs."""
        return [each for each in GATES.values() if len(each.targets) == 4]

    def parts(self) -> Iterator[Part]:
        two = self.gates
        outputs = np.column_stack([two[0].inputs, *(each.outputs() for each in two)])
        names = (symbol("x", 1), symbol("x", 2), *(each.name for each in two))
        yield Table(names, outputs.astype(int).tolist(), _("All gates of two inputs"))


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
        found = {f"x{number}": x for number, x in enumerate(self.gate.inputs.T, start=1)}
        for node in self.circuit:
            taken = np.stack([found[name] for name in node.inputs], axis=1)  # (rows, 1 or 2)
            found[node.name] = GATES[node.gate].perceptron().outputs(taken)
        return found

    @property
    def form(self) -> Cell:
        """The output as a formula of the inputs."""
        found = self.gate
        if found.weights is not None:
            return formula(f"o = H({linear_form(found.weights).latex})")
        first, second = found.hidden
        inner = rf"\mathrm{{{first}}}(x_{{1}}, x_{{2}}), \mathrm{{{second}}}(x_{{1}}, x_{{2}})"
        return formula(rf"o = \mathrm{{{found.output}}}({inner})")

    @property
    def right(self) -> bool:
        """Whether perceptrons and circuit give the truth table's outputs."""
        wanted = np.array(self.gate.targets, np.float64)
        circuit = self.signals()[self.circuit[-1].name]
        return np.array_equal(self.gate.outputs(), wanted) and np.array_equal(circuit, wanted)
