"""What forward and reverse mode cost: operations counted in the derivative programs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nissl import plots
from nissl.autodiff.sweeps import pull_through, push_through
from nissl.core import dtypes, functions
from nissl.core.kinds import accumulate
from nissl.core.passes import simplify
from nissl.core.program import Program, build, placeholder, trace
from nissl.core.tensor import Key, Tensor
from nissl.errors import ArgumentError
from nissl.explain.panels import Panel, Sheet
from nissl.explain.parts import Cell, Part, Table, Text
from nissl.explain.report import Explanation
from nissl.explain.tracing.recording import recording
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
        said = {
            "": _("Both cost the same here."),
            "forward": _("Forward mode is cheaper here: {low} operations against {high}."),
            "reverse": _("Reverse mode is cheaper here: {low} operations against {high}."),
        }
        low, high = map(grouped, sorted((self.forward, self.reverse)))
        why = _(
            "Forward mode takes one sweep an input ({inputs}), "
            "reverse mode one an output ({outputs})."
        )
        return f"{self._sized(why)} {said[self.cheaper].format(low=low, high=high)}"

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
    chosen = [t for t in program.inputs if dtypes.is_floating(t.dtype)]
    smooth = [t for t in program.outputs if dtypes.is_floating(t.dtype)]
    if not chosen or not smooth:
        raise ArgumentError("counting needs a floating argument and a floating result")

    def sweep(given: Sequence[Tensor], found: Iterable[Tensor | None]) -> int:
        """Operations of the value, with those that lead from the given to the found ones."""
        results = [*smooth, *(x for x in found if x is not None)]
        return simplify(build([*program.inputs, *given], results)).flops()

    tangents = [placeholder(t.aval) for t in chosen]
    adjoints = [placeholder(t.aval) for t in smooth]
    pushed: dict[Key, Tensor | None] = {
        t.key: tangent for t, tangent in zip(chosen, tangents, strict=True)
    }
    pulled: dict[Key, Tensor | None] = {}
    with recording():
        push_through(program.equations, pushed)
        for t, adjoint in zip(smooth, adjoints, strict=True):
            pulled[t.key] = accumulate(functions, pulled.get(t.key), adjoint)
        pull_through(program.equations, pulled, lambda t: t.key in pushed, keep=True)
    return ModeCosts(
        inputs=sum(t.aval.size for t in chosen),
        outputs=sum(t.aval.size for t in smooth),
        value=simplify(program).flops(),
        forward_sweep=sweep(tangents, (pushed.get(t.key) for t in smooth)),
        reverse_sweep=sweep(adjoints, (pulled.get(t.key) for t in chosen)),
    )
