"""The derivative rule of each line of a trace, as symbols: the op's own rule, run and printed.

An op states its derivative once, as functions on tensors. Called on the recorded values, and on
promises of their tangents or adjoints, it gives a small graph; what that graph computes is the
local rule. No formula of a derivative stands here.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from nissl.autodiff.sweeps import pull_through, push_through
from nissl.core.op import lookup
from nissl.core.program import equations_behind, placeholder
from nissl.core.tensor import Equation, Key, Tensor
from nissl.errors import NisslError
from nissl.explain.expressions.mathematics import PRODUCT, Term, combine, name_term, number_term
from nissl.explain.tracing.recording import Line, Recording, recording

__all__ = ["Rule", "Rules"]

_LONGEST = 160  # characters of a rule that is still read
_SPECIAL = ("equal", "bitwise_and")  # tests of special points within rules
_SMALL = 4  # elements of a constant that is written out

ZERO, TWO = number_term(0, fixed=True), number_term(2, fixed=True)

Leaf: TypeAlias = tuple[str, Line]  # "" (value), "dot" (tangent) or "bar" (adjoint), of a line


def symbol(leaf: Leaf) -> Term:
    """Return the name of a quantity of a line."""
    kind, line = leaf
    return line.symbol(kind)


@dataclass(frozen=True, eq=False)
class Rule:
    """What is computed from quantities of other lines; nothing at all if ``tensor`` is ``None``.

    Attributes:
        tensor: what is computed.
        equations: by what, oldest first.
        leaves: which tensors stand for which quantities.
        names: of larger constants.
        instead: what is written where the rule itself cannot be, or is too long.
        simple: whether a sum with 0 and a product with 1 are left out.
    """

    tensor: Tensor | None
    equations: Sequence[Equation] = ()
    leaves: Mapping[Key, Leaf] = field(default_factory=dict[Key, Leaf])
    names: Mapping[Key, Term] = field(default_factory=dict[Key, Term])
    instead: Term | None = None
    simple: bool = True

    def term(self, of: Callable[[Leaf], Term | None] = symbol) -> Term | None:
        """Return the rule in names, or, with numbers for leaves, with the numbers put in.

        ``None`` where a leaf has no short form, or the whole is too long to be read.
        """
        if self.tensor is None:
            return self.instead or ZERO
        terms = dict(self.names)
        for key, leaf in self.leaves.items():
            made = of(leaf)
            if made is None:
                return None
            terms[key] = made
        for equation in self.equations:
            made = self._made(equation, [_operand(t, terms) for t in equation.inputs])
            if len(made.text) > _LONGEST:
                return self.instead if of is symbol else None
            for key in equation.keys:
                terms[key] = made if self.simple else terms.get(key, made)
        return _operand(self.tensor, terms)

    def _made(self, equation: Equation, operands: list[Term]) -> Term:
        op, inputs = equation.op, equation.inputs
        if not self.simple:
            return combine(op, operands, _params(equation), simple=False)
        if op.name == "add" and inputs[0].key == inputs[1].key:
            return combine(lookup("multiply"), [TWO, operands[0]])
        if op.name == "multiply" and inputs[0].key == inputs[1].key:
            return combine(lookup("pow"), [operands[0], TWO])
        if op.name == "where" and _is_idle(inputs[0]):
            return operands[2]
        return combine(op, operands, _params(equation))


def _operand(t: Tensor, terms: dict[Key, Term]) -> Term:
    return terms.get(t.key) or constant_term(np.asarray(t.concrete()))


def _is_idle(condition: Tensor) -> bool:
    """Whether a condition is for a special point that this is not, such as 0 in x^y."""
    special = condition.equation is not None and condition.equation.op.name in _SPECIAL
    return special and condition.value is not None and not np.any(condition.value)


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
        number = flat[0].item()
        known = {math.pi: r"\pi", math.e: "e"}.get(number)
        return Term(known, number=number) if known else number_term(number, fixed=True)
    if value.size <= _SMALL and value.ndim == 1:
        return Term(f"[{', '.join(number_term(x.item(), 4).latex for x in flat)}]")
    shape = r" \times ".join(map(str, value.shape))
    return Term(rf"\text{{constant}}({shape})")


@dataclass(eq=False)
class Rules:
    """The formula and the local derivative rules of the lines of a recording."""

    recording: Recording
    names: dict[Key, Term] = field(init=False)

    def __post_init__(self) -> None:
        large = [
            t.key
            for t in self.recording.program.constants
            if np.size(t.concrete()) > _SMALL and np.ptp(np.asarray(t.concrete())) != 0
        ]
        self.names = {key: Term(f"c_{{{number}}}") for number, key in enumerate(large, 1)}
        self._since = max((each.serial for each in self.recording.equations), default=0) + 1
        self._pulled = functools.cache(self._pull)
        self._users: dict[Line, list[Line]] = {}
        for line in self.recording.lines:
            if line.tensor.index == 0:  # once for an operation of several outputs
                for source in self.parents(line):
                    self._users.setdefault(source, []).append(line)

    def parents(self, line: Line) -> list[Line]:
        """The lines that a line is computed from."""
        known = self.recording.by_key
        keys = dict.fromkeys(t.key for equation in line.equations for t in equation.inputs)
        return [known[key] for key in keys if key in known]

    def children(self, line: Line) -> list[Line]:
        """The lines that are computed from a line."""
        return self._users.get(line, [])

    def _leaves(self, line: Line) -> dict[Key, Leaf]:
        """The values that rules of a line are written in: of its parents, and its own."""
        own = [self.recording.by_key[key] for key in line.equations[-1].keys]
        return {each.tensor.key: ("", each) for each in (*self.parents(line), *own)}

    def formula(self, line: Line) -> Rule:
        """What a line computes, from other lines."""
        parents = {each.tensor.key: ("", each) for each in self.parents(line)}
        name = name_term(line.equations[-1].op.name)
        return Rule(line.tensor, line.equations, parents, self.names, name, simple=False)

    def _swept(
        self, line: Line, accent: str, given: Sequence[Line], sweep: Callable[..., Any]
    ) -> Callable[[Line, Term], Rule | None]:
        """Carry promises for the given lines through a line; gives what another gets of them."""
        leaves = self._leaves(line)
        found: dict[Key, Tensor | None] = {}
        for each in given:
            if each.is_smooth:
                promise = found[each.tensor.key] = placeholder(each.tensor.aval)
                leaves[promise.key] = (accent, each)
        missing = False
        try:
            with recording():
                sweep(line.equations, found)
        except NisslError:  # a rule that a user has not written
            missing = True

        def rule(of: Line, chain: Term) -> Rule | None:
            if missing:
                return Rule(None, instead=chain)
            tensor = found.get(of.tensor.key)
            if tensor is None:
                return None
            behind = equations_behind((tensor,), self._since)
            return Rule(tensor, [*line.equations[:-1], *behind], leaves, self.names, chain)

        return rule

    def forward(self, line: Line) -> Rule:
        """The tangent of a line, from the values and tangents of those that it is made of."""
        parents = self.parents(line)
        chain = total([_partial(line, x, x.symbol("dot")) for x in parents if x.is_smooth])
        return self._swept(line, "dot", parents, push_through)(line, chain) or Rule(None)

    def reverse(self, line: Line) -> list[Rule]:
        """What each line that uses a line adds to its adjoint."""
        pulled = [self._pulled(user).get(line) for user in self.children(line)]
        return [rule for rule in pulled if rule is not None]

    def _pull(self, line: Line) -> dict[Line, Rule]:
        """What a line adds to the adjoint of each line that it is made of."""
        own = [self.recording.by_key[key] for key in line.equations[-1].keys]
        rule = self._swept(line, "bar", own, functools.partial(pull_through, keep=True))
        return {
            x: found
            for x in self.parents(line)
            if x.is_smooth and (found := rule(x, _partial(line, x, line.symbol("bar"))))
        }


def _partial(of: Line, by: Line, moved: Term) -> Term:
    """A partial derivative left as it is, times a tangent or an adjoint: ``∂v₅/∂v₃ · v̇₃``."""
    above, below = of.symbol().latex, by.symbol().latex
    fraction = rf"\frac{{\partial {above}}}{{\partial {below}}}"
    return Term(rf"{fraction} \cdot {moved.latex}", PRODUCT)


def total(rules: Sequence[Term]) -> Term:
    """Return the sum of terms; 0 of none."""
    return functools.reduce(lambda a, b: combine(lookup("add"), [a, b]), rules, ZERO)
