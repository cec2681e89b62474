"""What forward and reverse mode cost: operations counted in the derivative programs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nissl import plots
from nissl.autodiff.forward import jvp
from nissl.autodiff.reverse import vjp
from nissl.core import dtypes
from nissl.core.passes import simplify
from nissl.core.program import Program, inline, trace
from nissl.core.tensor import Tensor
from nissl.errors import ArgumentError
from nissl.explain.panels import Panel, Sheet
from nissl.explain.parts import Cell, Part, Table, Text
from nissl.explain.report import Explanation
from nissl.i18n import grouped
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ModeCosts", "mode_costs"]


@dataclass(frozen=True)
class ModeCosts(Explanation):
    """Operations that the derivatives of ``f: R^n -> R^m`` cost in each mode.

    Counted as :meth:`nissl.core.program.Program.flops` does: one an element of the result, more
    where an op says so (a matrix product), none for moving numbers.

    Attributes:
        inputs: ``n``, the numbers that go in.
        outputs: ``m``, the numbers that come out.
        value: operations of the function alone.
        forward_sweep: of the function with the tangent along one direction.
        reverse_sweep: of the function with the adjoints of one output.
    """

    inputs: int
    outputs: int
    value: int
    forward_sweep: int
    reverse_sweep: int

    @property
    def forward(self) -> int:
        """Operations of all derivatives in forward mode: the value once, one sweep an input."""
        return self.value + self.inputs * (self.forward_sweep - self.value)

    @property
    def reverse(self) -> int:
        """Operations of all derivatives in reverse mode: the value once, one sweep an output."""
        return self.value + self.outputs * (self.reverse_sweep - self.value)

    @property
    def cheaper(self) -> str:
        """``"forward"``, ``"reverse"``, or ``""`` where both cost the same."""
        if self.forward == self.reverse:
            return ""
        return "forward" if self.forward < self.reverse else "reverse"

    def table(self) -> Table:
        """Return the counts."""
        return Table(
            (_("Mode"), _("one sweep"), _("sweeps"), _("all derivatives")),
            (
                (_("value alone"), _count(self.value), None, None),
                (_("forward"), *map(_count, (self.forward_sweep, self.inputs, self.forward))),
                (_("reverse"), *map(_count, (self.reverse_sweep, self.outputs, self.reverse))),
            ),
            _("Operations that each mode costs"),
        )

    def sentence(self) -> str:
        """Return which mode is cheaper here, and why."""
        text = self._sized(
            _(
                "Forward mode takes one sweep an input ({inputs}), "
                "reverse mode one an output ({outputs})."
            )
        )
        if not self.cheaper:
            return text + " " + _("Both cost the same here.")
        low, high = sorted((self.forward, self.reverse))
        said = (
            _("Forward mode is cheaper here: {low} operations against {high}.")
            if self.cheaper == "forward"
            else _("Reverse mode is cheaper here: {low} operations against {high}.")
        )
        return text + " " + said.format(low=grouped(low), high=grouped(high))

    def _sized(self, text: str) -> str:
        return text.format(inputs=grouped(self.inputs), outputs=grouped(self.outputs))

    def parts(self) -> Iterator[Part]:
        title = _("The cost of derivatives: {inputs} numbers in, {outputs} out")
        yield Text(self._sized(title), heading=True)
        yield self.table()
        yield Text(self.sentence())

    def draw(self) -> Sheet:
        """Draw the operations of both modes as bars, on a logarithmic axis."""
        title = self._sized(_("{inputs} numbers in, {outputs} out"))
        below = _("operations for all derivatives (logarithmic)")
        return Sheet([[Panel(self._bars, title=title, x=below, size=(6.4, 2.4))]])

    def _bars(self, axes: Axes) -> None:
        costs = [self.value, self.forward, self.reverse]
        colours, hatches = ["#bfbfbf", plots.TRAINING, plots.VALIDATION], ["", "", "///"]
        places = range(len(costs))
        least = [max(cost, 1) for cost in costs]
        bars = axes.barh(places, least, color=colours, hatch=hatches, edgecolor="white", height=0.6)
        axes.bar_label(bars, list(map(grouped, costs)), padding=5)
        axes.set_yticks(places, [_("value alone"), _("forward"), _("reverse")])
        axes.invert_yaxis()
        axes.set_xscale("log")
        axes.set_xlim(1, max(*costs, 10) ** 1.2)


def _count(number: int) -> Cell:
    return Cell(grouped(number), number=True)


def mode_costs(function: Callable[..., Any], *examples: Any) -> ModeCosts:
    """Count the operations that forward and reverse mode take for a function.

    Nothing is computed: the function and its derivatives are traced, simplified and counted.

    Args:
        function: any function of tensors, ``f: R^n -> R^m``.
        examples: for each argument an array, a number or a :class:`~nissl.core.aval.Aval`, of which
            shape and dtype matter only.

    Raises:
        ArgumentError: no argument, or no result, is floating.

    >>> import nissl, numpy as np
    >>> many = mode_costs(lambda x: nissl.sum(x * x), np.zeros(1000, "float32"))
    >>> many.inputs, many.outputs, many.cheaper
    (1000, 1, 'reverse')
    """
    return program_costs(simplify(trace(function, *examples)))


def program_costs(program: Program) -> ModeCosts:
    """Count for a program what :func:`mode_costs` counts for a function."""
    chosen = [i for i, aval in enumerate(program.in_avals) if dtypes.is_floating(aval.dtype)]
    smooth = [i for i, aval in enumerate(program.out_avals) if dtypes.is_floating(aval.dtype)]
    if not chosen or not smooth:
        raise ArgumentError("counting needs a floating argument and a floating result")
    inputs = [program.in_avals[i] for i in chosen]
    outputs = [program.out_avals[i] for i in smooth]

    def function_at(primals: Sequence[Tensor]) -> tuple[Callable[..., Any], list[Tensor]]:
        """The function of the floating inputs alone, and those."""

        def of_chosen(*given: Tensor) -> list[Tensor]:
            moved = dict(zip(chosen, given, strict=True))
            results = inline(program, [moved.get(i, x) for i, x in enumerate(primals)])
            return [results[i] for i in smooth]

        return of_chosen, [primals[i] for i in chosen]

    def push(*given: Tensor) -> Any:
        function, at = function_at(given[: len(program.inputs)])
        return jvp(function, at, given[len(program.inputs) :])

    def pull(*given: Tensor) -> Any:
        function, at = function_at(given[: len(program.inputs)])
        value, back = vjp(function, *at)
        return value, back(list(given[len(program.inputs) :]))

    return ModeCosts(
        inputs=sum(aval.size for aval in inputs),
        outputs=sum(aval.size for aval in outputs),
        value=simplify(program).flops(),
        forward_sweep=simplify(trace(push, *program.in_avals, *inputs)).flops(),
        reverse_sweep=simplify(trace(pull, *program.in_avals, *outputs)).flops(),
    )
