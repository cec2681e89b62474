"""Circuits that compute each gate out of one kind or two alone, none smaller than theirs.

A set of gates out of which all others can be made is called functionally complete, or a basis.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from nissl.errors import ArgumentError
from nissl.explain.perceptrons.forms import variable
from nissl.i18n import translate as _

__all__ = ["BASES", "Circuit", "Node", "basis_of", "made_of"]


@dataclass(frozen=True)
class Node:
    """One gate of a circuit, and where it is drawn.

    Attributes:
        name: what its output is called.
        gate: which gate it is.
        inputs: the signals that it takes: ``x1``, ``x2`` or the names of nodes before it.
        place: column from the left, and height.
    """

    name: str
    gate: str
    inputs: tuple[str, ...]
    place: tuple[float, float]

    @property
    def form(self) -> str:
        """The node as a formula in LaTeX."""
        inputs = ", ".join(variable(name).latex for name in self.inputs)
        return rf"{variable(self.name).latex} = \mathrm{{{self.gate}}}({inputs})"

    def __str__(self) -> str:
        return f"{self.name} = {self.gate}({', '.join(self.inputs)})"


Circuit: TypeAlias = tuple[Node, ...]  # the last one is the output
_Rows: TypeAlias = tuple[tuple[str, str, float, float], ...]

_OR: _Rows = (("NAND", "x1 x1", 0, 1), ("NAND", "x2 x2", 0, -1), ("NAND", "n1 n2", 1, 0))
_XOR: _Rows = (
    ("NAND", "x1 x2", 0, 0), ("NAND", "x1 n1", 1, 1), ("NAND", "n1 x2", 1, -1),
    ("NAND", "n2 n3", 2, 0),
)  # fmt: skip
_NAND: Mapping[str, _Rows] = {
    "AND": (("NAND", "x1 x2", 0, 0), ("NAND", "n1 n1", 1, 0)),
    "OR": _OR,
    "NAND": (("NAND", "x1 x2", 0, 0),),
    "NOR": (*_OR, ("NAND", "n3 n3", 2, 0)),
    "XOR": _XOR,
    "XNOR": (*_XOR, ("NAND", "n4 n4", 3, 0)),
    "NOT": (("NAND", "x1 x1", 0, 0),),
}
_NOR: _Rows = (("NOT", "x1", 0, 1), ("NOT", "x2", 0, -1), ("AND", "n1 n2", 1, 0))
_AND_NOT: Mapping[str, _Rows] = {
    "AND": (("AND", "x1 x2", 0, 0),),
    "OR": (*_NOR, ("NOT", "n3", 2, 0)),
    "NAND": (("AND", "x1 x2", 0, 0), ("NOT", "n1", 1, 0)),
    "NOR": _NOR,
    "XOR": (
        ("AND", "x1 x2", 0, 1), ("NOT", "x1", 0, 0), ("NOT", "x2", 0, -1), ("NOT", "n1", 1, 1),
        ("AND", "n2 n3", 1, -0.5), ("NOT", "n5", 2, -0.5), ("AND", "n4 n6", 3, 0.25),
    ),
    "XNOR": (
        ("NOT", "x2", 0, 0.45), ("NOT", "x1", 0, -0.45), ("AND", "x1 n1", 1, 1),
        ("AND", "n2 x2", 1, -1), ("NOT", "n3", 2, 1), ("NOT", "n4", 2, -1), ("AND", "n5 n6", 3, 0),
    ),
    "NOT": (("NOT", "x1", 0, 0),),
}  # fmt: skip
# with every 0 a 1 and every 1 a 0, De Morgan's laws turn each gate into this one
_DUAL = {"AND": "OR", "NAND": "NOR", "XOR": "XNOR", "NOT": "NOT"}
_DUAL.update({other: one for one, other in _DUAL.items()})


def _dual(circuits: Mapping[str, _Rows]) -> dict[str, _Rows]:
    return {
        _DUAL[name]: tuple((_DUAL[gate], inputs, x, y) for gate, inputs, x, y in rows)
        for name, rows in circuits.items()
    }


def _nodes(rows: _Rows) -> Circuit:
    return tuple(
        Node(f"n{number}", gate, tuple(inputs.split()), (x, y))
        for number, (gate, inputs, x, y) in enumerate(rows, start=1)
    )


BASES: Mapping[tuple[str, ...], Mapping[str, Circuit]] = {
    basis: {name: _nodes(rows) for name, rows in circuits.items()}
    for basis, circuits in {
        ("NAND",): _NAND,
        ("NOR",): _dual(_NAND),
        ("AND", "NOT"): _AND_NOT,
        ("OR", "NOT"): _dual(_AND_NOT),
    }.items()
}


def basis_of(gates: str | Iterable[str]) -> tuple[str, ...]:
    """Return which of the :data:`BASES` is meant by names of gates, or by ``and,not``.

    Raises:
        ArgumentError: it is none of them.

    >>> basis_of("not, and")
    ('AND', 'NOT')
    """
    given = gates.split(",") if isinstance(gates, str) else list(gates)
    wanted = [name.strip().upper() for name in given]
    for basis in BASES:
        if set(wanted) == set(basis):
            return basis
    raise ArgumentError(
        f"gates are made out of one of these: {'; '.join(map(','.join, BASES))}; not out of "
        f"{','.join(wanted)!r}"
    )


def made_of(basis: tuple[str, ...]) -> str:
    """A title such as ``From NAND alone``, or ``From AND and NOT alone``."""
    one, *other = basis
    both = _("{one} and {other}").format(one=one, other=other[0]) if other else one
    return _("From {gates} alone").format(gates=both)
