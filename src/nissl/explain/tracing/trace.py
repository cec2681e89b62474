"""Evaluation traces: a function at a point, line by line, with its derivatives in both modes."""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nissl.arguments import optional, whole
from nissl.core import dtypes
from nissl.core.functions import asarray
from nissl.core.op import no_grad, quiet
from nissl.core.tensor import Array, Tensor
from nissl.core.tree import flatten
from nissl.errors import DTypeError, OutOfRangeError, UnknownNameError
from nissl.explain.report import Explanation
from nissl.explain.tracing.costs import ModeCosts, program_costs
from nissl.explain.tracing.kinks import Component
from nissl.explain.tracing.quotient import Quotient, difference_quotient
from nissl.explain.tracing.recording import Call, Line, Recording, arguments, record
from nissl.explain.tracing.rules import Rules

__all__ = ["Component", "Trace", "trace"]

MODES = ("both", "forward", "reverse")
_MEANT = {
    "backward": "reverse", "backwards": "reverse", "backprop": "reverse", "ngược": "reverse",
    "adjoint": "reverse", "tangent": "forward", "tiến": "forward", "xuôi": "forward",
}  # fmt: skip
_EACH = 3  # an array of so many elements is differentiated by each of them
_ALL = 12  # or of so many, where all directions together are no more
_WHOLE = "{} (all)"  # each element moves as much as the others
_EPSILONS = {2: 2.0**-8, 4: 2.0**-23, 8: 2.0**-52}  # of numbers of so many bytes
_TOLERANCES = {2: 5e-2, 4: 1e-3, 8: 1e-6}  # that differences of the function can tell apart
_CHECKED = 24  # derivatives that are checked by a difference quotient


@dataclass(frozen=True, eq=False)
class Direction:
    """What is differentiated by, or what is differentiated: a number, or an array as a whole.

    Attributes:
        label: ``x1``, ``w[0, 1]``; ``w (all)``, or ``sum(f)``, for all elements together.
        place: which input, or which output.
        weight: the tangent of that input, or the adjoint of that output.
    """

    label: str
    place: int
    weight: np.ndarray[Any, Any]


@dataclass(eq=False, repr=False)
class Trace(Explanation):
    """The values that a function goes through at a point, their derivatives, and their graph.

    Attributes:
        call: the function and its arguments.
        recording: the lines and the program; ``recording.program`` prints the program.
        mode: which tables there are: ``"both"``, ``"forward"`` or ``"reverse"``.
        directions: what is differentiated by.
        seeds: what is differentiated.
        digits: significant digits of the values.
        rows: lines that are shown of a long program; ``None`` for all.
    """

    call: Call
    recording: Recording
    mode: str
    directions: Sequence[Direction]
    seeds: Sequence[Direction]
    digits: int
    rows: int | None

    @functools.cached_property
    def rules(self) -> Rules:
        """The local derivative rules."""
        return Rules(self.recording)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines ``v_1``, ``v_2``, ... of the trace."""
        return self.recording.lines

    @property
    def values(self) -> list[Array]:
        """The value of each line."""
        return [line.value for line in self.lines]

    @functools.cached_property
    def tangents(self) -> dict[str, list[Array | None]]:
        """For each direction the tangent of each line; ``None`` for what has no derivative."""
        if self.mode == "reverse":
            return {}
        return {by.label: self.recording.tangents(by.place, by.weight) for by in self.directions}

    @functools.cached_property
    def adjoints(self) -> dict[str, list[Array | None]]:
        """For each seed the adjoint of each line; ``None`` for what has no derivative."""
        if self.mode == "forward":
            return {}
        return {of.label: self.recording.adjoints(of.place, of.weight) for of in self.seeds}

    @functools.cached_property
    def gradient(self) -> tuple[Component, ...]:
        """Every derivative that was asked for, each checked by a difference quotient.

        The quotients call the function again, in float64, at points close by.
        """
        pairs = [(seed, by) for seed in self.seeds for by in self.directions]
        return tuple(
            self._component(seed, by, checked=number < _CHECKED)
            for number, (seed, by) in enumerate(pairs)
        )

    @functools.cached_property
    def costs(self) -> ModeCosts:
        """The operations that each mode costs."""
        return program_costs(self.recording.program)

    def _component(self, seed: Direction, by: Direction, checked: bool) -> Component:
        tangents, adjoints = self.tangents.get(by.label), self.adjoints.get(seed.label)
        output = self.recording.line_of(self.recording.outputs[seed.place][1])
        forward = reverse = None
        if tangents is not None:
            forward = _dot(seed.weight, tangents[output.number - 1]) if output else 0.0
        if adjoints is not None:
            reverse = _dot(by.weight, adjoints[by.place])
        tolerance = _TOLERANCES[self.recording.itemsize]
        component = Component(seed.label, by.label, forward, reverse, tolerance=tolerance)
        if not checked:
            return component
        found, value = self._quotient(seed, by), component.value
        if math.isfinite(value) and abs(value) > found.steepest:
            return component  # the numbers are too far apart to see such a slope
        return dataclasses.replace(component, differences=found)

    def _quotient(self, seed: Direction, by: Direction) -> Quotient:
        given = [
            Tensor(np.asarray(x, np.float64 if dtypes.is_floating(x.dtype) else None))
            for x in self.call.values
        ]

        def weighted(moved: np.ndarray[Any, Any]) -> float:
            given[by.place] = Tensor(np.asarray(moved))
            with no_grad(), quiet():
                leaves = flatten(self.call.fill(given))[0]
            return _dot(seed.weight, asarray(leaves[seed.place]).numpy())

        point = np.asarray(given[by.place].numpy())
        direction = np.asarray(by.weight, np.float64)
        return difference_quotient(weighted, point, direction, self._noise(seed))

    def _noise(self, seed: Direction) -> float:
        """About how far off the result is by rounding in each line, of which adjoints tell."""
        adjoints = self.adjoints.get(seed.label)
        if adjoints is None:
            adjoints = self.recording.adjoints(seed.place, seed.weight)
        off = [
            _EPSILONS[line.value.dtype.itemsize] * _size(line.value, adjoint)
            for line, adjoint in zip(self.lines, adjoints, strict=True)
            if line.is_smooth
        ]
        return 4 * math.hypot(*off)


def _dot(weight: Array, found: Array | None) -> float:
    if found is None:
        return 0.0
    a, b = np.asarray(weight, np.float64), np.asarray(found, np.float64)
    with np.errstate(all="ignore"):
        return float(np.sum(np.where(a == 0, 0.0, a * b)))  # what is not asked for may be infinite


def _size(value: Array, adjoint: Array | None) -> float:
    """The root of the sum of squares of all finite products."""
    if adjoint is None:
        return 0.0
    with np.errstate(all="ignore"):
        products = np.abs(np.asarray(value, np.float64) * np.asarray(adjoint, np.float64))
        products = products[np.isfinite(products)]
        top = float(np.max(products, initial=0.0)) or 1.0
        return top * math.sqrt(float(np.sum((products / top) ** 2)))


# ---- what is differentiated, and by what -----------------------------------------------------
def _elements(
    found: Sequence[tuple[str, int, np.ndarray[Any, Any]]], whole: str
) -> Iterator[Direction]:
    """A direction for each element of small arrays, or of few; one for all of a large one."""
    every = sum(like.size for _, _, like in found) <= _ALL
    for label, place, like in found:
        if like.ndim and (every or like.size <= _EACH):
            yield from (_element(label, place, like, index) for index in np.ndindex(*like.shape))
        else:
            name = whole.format(label) if like.ndim else label
            yield Direction(name, place, np.ones_like(like))


def _element(
    label: str, place: int, like: np.ndarray[Any, Any], index: tuple[int, ...]
) -> Direction:
    weight = np.zeros_like(like)
    weight[index] = 1
    return Direction(f"{label}[{', '.join(map(str, index))}]", place, weight)


def _seeds(recording: Recording) -> Iterator[Direction]:
    outputs = [(name, place, t.numpy()) for place, (name, t) in enumerate(recording.outputs)]
    smooth = [each for each in outputs if dtypes.is_floating(each[2].dtype)]
    return _elements(smooth, "sum({})")


def _directions(recording: Recording, wanted: Sequence[str] | None) -> Iterator[Direction]:
    if wanted is None:
        smooth = [line for line in recording.inputs if line.is_smooth]
        yield from _elements([(x.name, x.number - 1, x.value) for x in smooth], _WHOLE)
        return
    by_name = {line.name: line for line in recording.inputs}
    for text in wanted:
        element = None if text in by_name else re.fullmatch(r"(.+?)\s*\[([\d\s,]+)\]", text)
        name = text if element is None else element[1]
        line = by_name.get(name)
        if line is None:
            raise UnknownNameError("input", name, by_name)
        if not line.is_smooth:
            raise DTypeError(
                f"{name} holds {line.value.dtype.name}; only floating inputs have derivatives"
            )
        if element is None:
            yield from _elements([(name, line.number - 1, line.value)], _WHOLE)
            continue
        shape = line.value.shape
        index = tuple(int(part) for part in re.findall(r"\d+", element[2]))
        if len(index) != len(shape) or any(i >= n for i, n in zip(index, shape, strict=True)):
            raise OutOfRangeError(f"{text}: {name} has shape {shape}")
        yield _element(name, line.number - 1, line.value, index)


# ---- the door --------------------------------------------------------------------------------
def trace(
    function: Callable[..., Any],
    *,
    mode: str = "both",
    with_respect_to: str | Sequence[str] | None = None,
    share: bool = True,
    digits: int = 15,
    rows: int | None = 40,
) -> Callable[..., Trace]:
    r"""Return a function that takes the arguments of ``function`` and explains the call.

    Every value ``v_i`` that the function goes through gets a line, with its formula and number,
    its tangent ``v̇ᵢ = sum over j in pa(i) of v̇ⱼ ∂vᵢ/∂vⱼ`` by each input (forward mode), and its
    adjoint ``v̄ᵢ = sum over j in ch(i) of v̄ⱼ ∂vⱼ/∂vᵢ`` (reverse mode), each with the local rule in
    symbols and with the numbers put in; ``pa(i)`` are the parents, ``ch(i)`` the children. The
    derivatives are checked against difference quotients, and the operations of both modes are
    counted. Several typed lines are shown as they are, under the names that they were given.

    Stretching, reshaping and casting move numbers and compute none: they have no line of their own,
    and what they do to shapes is done in the line that uses them.

    Args:
        function: any function of tensors, or an :class:`~nissl.explain.Expression`. It is called on
            values, so its own control flow takes its way. Containers are taken and returned.
        mode: ``"forward"``, ``"reverse"`` or ``"both"``.
        with_respect_to: names of inputs, or elements such as ``"w[0, 1]"``; by default all. An
            array of more than 12 elements is moved as a whole, each element by 1.
        share: whether what is computed twice from the same values gets one line.
        digits: significant digits of the values.
        rows: lines that are shown of a longer program; ``None`` for all.

    Returns:
        A function that gives a :class:`Trace`. Python's numbers are taken in float64; arrays keep
        their dtype; settings such as texts and booleans are passed on as they are.

    Raises:
        UnknownNameError: an unknown mode or input.
        ArgumentError: nothing floating to differentiate by.

    Source: Griewank and Walther, *Evaluating Derivatives*, 2nd ed., sections 3.1 and 3.2.

    >>> from nissl import explain
    >>> made = explain.trace(explain.parse("x1 * x2"))(3.0, 2.0)
    >>> print(made.recording.program)
    f(v1: float64[], v2: float64[])
      v3 = v1 * v2   : float64[]
    return v3
    >>> [made.rules.forward(made.lines[2]).term().text, made.gradient[0].value]
    ['v̇₁ v₂ + v₁ v̇₂', 2.0]
    """
    if mode not in MODES:
        raise UnknownNameError("mode", str(mode), MODES, meant=_MEANT.get(str(mode).lower(), ""))
    digits = whole("trace", "digits", digits, least=1, most=17)
    rows = optional(whole)("trace", "rows", rows, least=2)
    wanted = [with_respect_to] if isinstance(with_respect_to, str) else with_respect_to

    def explained(*args: Any, **kwargs: Any) -> Trace:
        call = arguments(function, args, kwargs)
        recording = record(call, share=share)
        seeds = list(_seeds(recording))
        if not seeds:
            raise DTypeError("the function returns no floating number, so there is no derivative")
        return Trace(
            call, recording, mode, list(_directions(recording, wanted)), seeds, digits, rows
        )

    return explained
