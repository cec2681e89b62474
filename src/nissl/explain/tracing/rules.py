"""The derivative rule of each line of a trace, as symbols: the op's own rule, traced and printed.

An op states its derivative once, as functions on tensors. Called on promises of the v's, of their
tangents or of their adjoints, it gives a small program; what that program computes is the local
rule. No formula of a derivative stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, TypeAlias

import numpy as np

from nissl.autodiff.sweeps import pull_through, push_through
from nissl.core import dtypes
from nissl.core.op import apply, lookup, no_grad, quiet
from nissl.core.program import equations_behind, placeholder
from nissl.core.tensor import Array, Equation, Key, Tensor
from nissl.errors import NisslError
from nissl.explain.expressions.mathematics import Term, combine, name_term, number_term
from nissl.explain.tracing.recording import Line, Recording, recording

__all__ = ["Rule", "Rules"]

_LONGEST = 160  # characters of a rule that is still read
_GUARDS = ("equal", "greater_equal", "bitwise_and")
_SMALL = 4  # elements of a constant that is written out

Leaf: TypeAlias = tuple[str, Line]  # "" (value), "dot" (tangent) or "bar" (adjoint), of a line


def symbol(leaf: Leaf) -> Term:
    """Return the name of a quantity of a line."""
    kind, line = leaf
    return line.symbol(kind)


@dataclass(frozen=True, eq=False)
class Rule:
    """What is computed from quantities of other lines; nothing at all if ``tensor`` is ``None``.

    Attributes:
        tensor: the end of a small abstract graph.
        leaves: which tensors in it stand for which quantities.
        names: of larger constants.
        instead: what is written where the rule itself cannot be, or is too long.
        index: which of several outputs of one operation is meant.
        simple: whether a sum with 0 and a product with 1 are left out.
    """

    tensor: Tensor | None
    leaves: dict[Key, Leaf]
    names: dict[Key, Term]
    instead: Term | None = None
    index: int | None = None
    simple: bool = True

    def term(self, of: Callable[[Leaf], Term | None] = symbol) -> Term | None:
        """Return the rule in names, or, with numbers for leaves, with the numbers put in.

        ``None`` where a leaf has no short form, or the whole is too long to be read.
        """
        if self.tensor is None:
            return self.instead or number_term(0, fixed=True)
        terms: dict[Key, Term] = {}
        values = {key: line.value for key, (kind, line) in self.leaves.items() if not kind}
        for key, leaf in self.leaves.items():
            made = of(leaf)
            if made is None:
                return None
            terms[key] = made
        for equation in equations_behind((self.tensor,)):
            operands = [self._operand(t, terms) for t in equation.inputs]
            twice = self.simple and equation.inputs[0].key == equation.inputs[-1].key
            if twice and equation.op.name == "add":
                made = combine(lookup("multiply"), [number_term(2, fixed=True), operands[0]])
            elif twice and equation.op.name == "multiply":
                made = combine(lookup("square"), operands[:1])
            elif self.simple and _is_idle(equation, values):
                made = operands[2]
            else:
                made = combine(equation.op, operands, _params(equation), simple=self.simple)
            if len(made.text) > _LONGEST:
                return self.instead if of is symbol else None
            for key in equation.keys:
                terms.setdefault(key, made)
        found = self._operand(self.tensor, terms)
        if self.index is None:
            return found
        return Term(rf"\left({found.latex}\right)_{{{self.index}}}")

    def _operand(self, t: Tensor, terms: dict[Key, Term]) -> Term:
        found = terms.get(t.key) or self.names.get(t.key)
        return found or constant_term(np.asarray(t.concrete()))


def _is_idle(equation: Equation, values: dict[Key, Array]) -> bool:
    """Whether an equation chooses what is special at a point that this is not, such as 0 in x^y.

    Values of what it chooses by are added to ``values``.
    """
    given = [values.get(t.key, t.value) for t in equation.inputs]
    if equation.op.name in _GUARDS and all(x is not None for x in given):
        with quiet(), no_grad():
            found = apply(equation.op, [Tensor(x) for x in given], equation.params)
        assert isinstance(found, Tensor)
        values[equation.keys[0]] = found.numpy()
    if equation.op.name != "where" or equation.inputs[0].equation is None:
        return False
    kind = equation.inputs[0].equation.op.name
    return kind in ("equal", "bitwise_and") and given[0] is not None and not np.any(given[0])


def _params(equation: Equation) -> dict[str, Any]:
    """The parameters of an op, without an axis that says no more than all, or whose tie it is."""
    silent = ("axis", tuple(range(equation.inputs[0].ndim))), ("bound", 0), ("bound", 1)
    return {key: value for key, value in equation.params.items() if (key, value) not in silent}


def constant_term(value: np.ndarray[Any, Any]) -> Term:
    """Return an array that no input changes: its number, its few numbers, or its shape."""
    flat = value.ravel()
    if flat.size and (flat == flat[0]).all():
        if value.dtype.kind == "b":
            return Term(rf"\text{{{bool(flat[0])}}}", number=float(flat[0]))
        return number_term(flat[0].item(), fixed=True)
    if value.size <= _SMALL and value.ndim == 1:
        return Term(f"[{', '.join(number_term(x.item(), 4).latex for x in flat)}]")
    shape = r" \times ".join(map(str, value.shape))
    return Term(rf"\text{{constant}}({shape})")


@dataclass(eq=False)
class _Local:
    """One line's computation on promises."""

    leaves: dict[Key, Leaf]
    inputs: dict[Line, Tensor]
    equations: list[Equation]
    outputs: tuple[Tensor, ...]


@dataclass(eq=False)
class Rules:
    """The formula and the local derivative rules of the lines of a recording."""

    recording: Recording
    _locals: dict[int, _Local] = field(default_factory=dict[int, _Local])
    _pulled: dict[int, dict[Line, Rule]] = field(default_factory=dict[int, dict[Line, Rule]])

    def __post_init__(self) -> None:
        self.names: dict[Key, Term] = {}
        for t in self.recording.program.constants:
            value = np.asarray(t.concrete())
            if value.size > _SMALL and not (value == value.flat[0]).all():
                number = len(self.names) + 1
                self.names[t.key] = Term(f"c_{{{number}}}")
        self._users: dict[Line, list[Line]] = {}
        last: dict[int, Line] = {}
        for line in self.recording.lines:
            if line.equations:
                last.setdefault(id(line.equations[-1]), line)
        for line in last.values():
            for source in self._local(line).inputs:
                self._users.setdefault(source, []).append(line)

    def parents(self, line: Line) -> list[Line]:
        """The lines that a line is computed from."""
        return list(self._local(line).inputs) if line.equations else []

    def children(self, line: Line) -> list[Line]:
        """The lines that are computed from a line."""
        return self._users.get(line, [])

    def _local(self, line: Line) -> _Local:
        main = line.equations[-1]
        if id(main) in self._locals:
            return self._locals[id(main)]
        known = self.recording.by_key
        env: dict[Key, Tensor] = {}
        made = _Local({}, {}, [], ())
        with recording():
            for equation in line.equations:
                for t in equation.inputs:
                    source = known.get(t.key)
                    if source is not None and t.key not in env:
                        promise = env[t.key] = placeholder(t.aval)
                        made.inputs[source] = promise
                        made.leaves[promise.key] = ("", source)
                inputs = [env.get(t.key, t) for t in equation.inputs]
                result = apply(equation.op, inputs, equation.params)
                results = result if isinstance(result, tuple) else (result,)
                made.equations.append(results[0].equation)
                made.outputs = results
                env.update(zip(equation.keys, results, strict=True))
        for key, each in zip(main.keys, made.outputs, strict=True):
            made.leaves[each.key] = ("", known[key])
        self._locals[id(main)] = made
        return made

    def formula(self, line: Line) -> Rule:
        """What a line computes, from other lines."""
        local, place = self._local(line), line.tensor.index
        inputs = {t.key: local.leaves[t.key] for t in local.inputs.values()}
        several = len(local.outputs) > 1
        instead = name_term(line.equations[-1].op.name)
        part = place if several else None
        return Rule(local.outputs[place], inputs, self.names, instead, part, simple=False)

    def forward(self, line: Line) -> Rule:
        """The tangent of a line, from the values and tangents of those that it is made of."""
        local = self._local(line)
        leaves, moving = dict(local.leaves), dict[Key, Tensor | None]()
        for source, t in local.inputs.items():
            if dtypes.is_floating(t.dtype):
                promise = moving[t.key] = placeholder(t.aval)
                leaves[promise.key] = ("dot", source)
        instead = self._chain(line)
        try:
            with recording():
                push_through(local.equations, moving)
        except NisslError:  # a rule that needs values, or that a user has not written
            return Rule(None, leaves, self.names, instead)
        found = moving.get(local.outputs[line.tensor.index].key)
        return Rule(found, leaves, self.names, instead if found is not None else None)

    def reverse(self, line: Line) -> list[Rule]:
        """What each line that uses a line adds to its adjoint."""
        rules: list[Rule] = []
        for user in self.children(line):
            key = id(user.equations[-1])
            if key not in self._pulled:
                self._pulled[key] = self._pull(user)
            rule = self._pulled[key].get(line)
            if rule is not None:
                rules.append(rule)
        return rules

    def _pull(self, line: Line) -> dict[Line, Rule]:
        """What a line adds to the adjoint of each line that it is made of."""
        local = self._local(line)
        leaves, found = dict(local.leaves), dict[Key, Tensor | None]()
        for t in local.outputs:
            if dtypes.is_floating(t.dtype):
                promise = found[t.key] = placeholder(t.aval)
                leaves[promise.key] = ("bar", local.leaves[t.key][1])
        try:
            with recording():
                pull_through(local.equations, found, lambda t: t.value is None, keep=True)
        except NisslError:  # as in forward
            found = {t.key: None for t in local.inputs.values() if dtypes.is_floating(t.dtype)}
        return {
            source: Rule(found[t.key], leaves, self.names, self._chain(line, source))
            for source, t in local.inputs.items()
            if t.key in found
        }

    def _chain(self, line: Line, parent: Line | None = None) -> Term:
        """The rule with the partial derivatives left as they are: ``∂v₅/∂v₃ · v̇₃``.

        That of the tangent, or of what the adjoint of ``parent`` gets.
        """
        sources = [each for each in self._local(line).inputs if each.is_smooth]
        own, multiply = line.symbol().latex, lookup("multiply")
        parts = [
            combine(
                multiply,
                [
                    Term(rf"\frac{{\partial {own}}}{{\partial {each.symbol().latex}}}"),
                    each.symbol("dot") if parent is None else line.symbol("bar"),
                ],
            )
            for each in (sources if parent is None else [parent])
        ]
        return total(parts)


def total(rules: Sequence[Term]) -> Term:
    """Return the sum of terms; 0 of none."""
    return reduce(lambda a, b: combine(lookup("add"), [a, b]), rules, number_term(0, fixed=True))
