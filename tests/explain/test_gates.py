"""Gates by perceptrons: truth tables, circuits of few kinds, two layers, given and trained."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
import pytest

from nissl.errors import ArgumentError, UnknownNameError
from nissl.explain import gate, gate_network, separable
from nissl.explain.perceptrons.circuits import BASES, Node
from nissl.explain.perceptrons.gates import GATES

TABLES = {  # the lecture's, rows 00 01 10 11
    "AND": (lambda a, b: a and b),
    "OR": (lambda a, b: a or b),
    "XOR": (lambda a, b: a != b),
    "NAND": (lambda a, b: not (a and b)),
    "NOR": (lambda a, b: not (a or b)),
    "XNOR": (lambda a, b: a == b),
    "NOT": (lambda a: not a),
}


def test_the_gates_are_these() -> None:
    assert set(GATES) == set(TABLES)


@pytest.mark.parametrize("name", list(TABLES))
def test_perceptrons_and_circuits_give_the_truth_table(name: str) -> None:
    found = GATES[name]
    wanted = [int(TABLES[name](*map(bool, row))) for row in found.inputs.tolist()]
    assert list(found.targets) == wanted
    assert found.outputs().tolist() == wanted
    for basis in BASES:
        report = gate(name, basis=basis)
        signals = report.signals()
        for node in report.circuit:  # each is of the basis, and does what such a gate does
            assert node.gate in basis
            taken = zip(*(signals[signal] for signal in node.inputs), strict=True)
            assert signals[node.name].tolist() == [TABLES[node.gate](*row) for row in taken]
        assert signals[report.circuit[-1].name].tolist() == wanted
        assert report.right
    assert bool(separable(found.inputs, found.targets)) == (found.weights is not None)


def smallest(basis: tuple[str, ...], wanted: set[int]) -> dict[int, int]:
    """The least number of gates for each truth table, by trying all circuits of two inputs.

    A truth table is a number of four bits; a circuit, the set of those that its signals have.
    """
    make = {
        "NAND": lambda a, b: 15 ^ (a & b), "NOR": lambda a, b: 15 ^ (a | b),
        "AND": lambda a, b: a & b, "OR": lambda a, b: a | b, "NOT": lambda a, b: 15 ^ a,
    }  # fmt: skip
    found: dict[int, int] = {}
    circuits = {frozenset({0b0011, 0b0101})}
    for count in range(1, 9):
        circuits = {
            circuit | {table}
            for circuit in circuits
            for a, b in combinations_with_replacement(circuit, 2)
            for name in basis
            for table in ((make[name](a, b), make[name](b, a)))
            if table not in circuit and table not in (0, 15)
        }
        for table in frozenset().union(*circuits) & wanted - set(found):
            found[table] = count
        if set(found) == wanted:
            break
    return found


@pytest.mark.parametrize("basis", list(BASES), ids="+".join)
def test_no_circuit_has_fewer_gates(basis: tuple[str, ...]) -> None:
    tables = {
        name: int("".join(map(str, found.targets)), 2)
        for name, found in GATES.items()
        if name != "NOT"
    }
    least = smallest(basis, set(tables.values()))
    assert {name: least[table] for name, table in tables.items()} == {
        name: len(BASES[basis][name]) for name in tables
    }
    assert len(BASES[basis]["NOT"]) == 1


def test_a_basis_is_named_in_any_way() -> None:
    assert gate("XOR", basis="not, And").basis == ("AND", "NOT")
    assert gate("XOR", basis=["NOR"]).basis == ("NOR",)
    assert "n₅ = NOR(n₄, n₄)" in gate("XOR", basis="nor").to_text()
    assert "From AND and NOT alone" in gate("OR", basis="and,not").to_text()
    for other in ("and", "and,or", "nand,nor", "", "xor"):
        with pytest.raises(ArgumentError, match="NAND; NOR; AND,NOT; OR,NOT; not out of"):
            gate("XOR", basis=other)


def test_the_weights_of_and_are_the_lectures() -> None:
    assert GATES["AND"].weights == (-1.5, 1, 1)
    assert gate("and").form.text == "o = H(-1.5 + x₁ + x₂)"
    assert gate("and").form.latex == "o = H(-1.5 + x_{1} + x_{2})"


def test_wrong_weights_and_wrong_circuits_are_seen() -> None:
    wrong = replace(GATES["AND"], weights=(-0.5, 1, 1))  # those of OR
    report = replace(gate("AND"), gate=wrong)
    assert not report.right
    assert "wrong" in report.to_text()
    report = replace(gate("AND"), circuit=(Node("n1", "NAND", ("x1", "x2"), (0, 0)),))
    assert not report.right
    assert "wrong" in report.to_text()
    layers = replace(GATES["XOR"], hidden=("OR", "AND"))
    assert not replace(gate("XOR"), gate=layers).right


def test_a_gate_that_needs_two_layers_says_so() -> None:
    with pytest.raises(ArgumentError, match="no single perceptron computes XOR"):
        GATES["XOR"].perceptron()
    shown = gate("XOR").to_text()
    for said in ("w₀ + w₁ + w₂ < 0", "z₁ = H(-0.5 + x₁ + x₂)", "z₂ = H(1.5 - x₁ - x₂)"):
        assert said in shown
    assert "n₄ = NAND(n₂, n₃)" in shown
    assert "wrong" not in shown


@pytest.mark.parametrize("name", list(TABLES))
@pytest.mark.parametrize("basis", ["NAND", "OR,NOT"])
def test_every_gate_can_be_shown_and_drawn(name: str, basis: str, tmp_path) -> None:
    report = gate(name, basis=basis)
    for ending in ("md", "tex"):
        report.save(tmp_path / f"gate.{ending}")
    figure = report.figure()
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[1] == {"NAND": "From NAND alone", "OR,NOT": "From OR and NOT alone"}[basis]
    symbols = [text.get_text() for text in figure.axes[1].texts]
    for node in report.circuit:
        assert f"${node.name[0]}_{{{node.name[1:]}}}$" in symbols
    assert symbols[-1] == "$o$"


def test_unknown_gates() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'NAND'"):
        gate("NANDD")


# ---- trained ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["XOR", "XNOR", "AND"])
def test_two_layers_learn_a_gate(name: str) -> None:
    found = gate_network(name)
    assert found.right
    wanted = np.array(GATES[name].targets)
    outputs = found.outputs(GATES[name].inputs)
    assert np.abs(outputs - wanted).max() < 0.05
    # the printed weights give the printed outputs, by the formulas that are printed
    x = GATES[name].inputs
    hidden = np.array(found.layer(0))
    z = np.tanh(hidden[:, 0] + x @ hidden[:, 1:].T)
    last = np.array(found.layer(1)[0])
    by_hand = 1 / (1 + np.exp(-(last[0] + z @ last[1:])))
    np.testing.assert_allclose(outputs, by_hand, atol=1e-5)
    assert found.losses[-1] < found.losses[0]
    assert "Learnt: loss" in found.to_text()


def test_the_same_seed_gives_the_same_network() -> None:
    assert gate_network("XOR").layer(0) == gate_network("XOR").layer(0)
    assert gate_network("XOR", seed=3).layer(0) != gate_network("XOR").layer(0)


def test_a_network_that_did_not_learn_says_so(tmp_path) -> None:
    found = gate_network("XOR", epochs=1)
    assert not found.right
    shown = found.to_text()
    assert "Not learnt" in shown
    assert "wrong" in shown
    found.save(tmp_path / "network.svg")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "NOT"}, "NOT has one"),
        ({"hidden": 0}, "hidden=0 must be at least 1"),
        ({"hidden": 5}, "hidden=5 must be at most 4"),
        ({"epochs": 0}, "epochs=0 must be at least 1"),
        ({"name": "XOOR"}, "did you mean 'XOR'"),
    ],
)
def test_bad_arguments(arguments: dict, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        gate_network(**arguments)
