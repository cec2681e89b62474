"""A perceptron's training and, where it does not converge, the reason and the way out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from nissl.errors import DataError
from nissl.explain.panels import Sheet
from nissl.explain.parts import Part, Text
from nissl.explain.perceptrons import (
    decision,
    gates_picture,
    gates_tables,
    run_picture,
    separability_picture,
)
from nissl.explain.perceptrons.gate_training import GateNetwork, gate_network
from nissl.explain.perceptrons.gates import GateReport, gate
from nissl.explain.perceptrons.run import PerceptronRun, perceptron
from nissl.explain.perceptrons.separability import Separability, separable
from nissl.explain.quantities import Quantity
from nissl.explain.report import Explanation
from nissl.files import user_path
from nissl.i18n import translate as _
from nissl.models.perceptron import Perceptron

__all__ = ["PerceptronStudy", "perceptron_study"]

LARGE = 2_000_000  # numbers in the data up to which separability is decided unasked


def perceptron_study(
    fitted: Perceptron, *, name: str = "", title: str = "", rows: int = 24
) -> PerceptronStudy:
    """Show a perceptron's run and, where it did not converge, why.

    Then :func:`~nissl.explain.separable` says whether any line could have been found. For a gate
    that no line computes, two layers follow, with given and with trained weights.

    Args:
        fitted: a perceptron whose ``fit`` was called.
        name: the gate that it was to learn, if it was one.
        title, rows: as :func:`~nissl.explain.perceptron` takes them.

    >>> import nissl
    >>> xor = nissl.Perceptron(max_updates=20).fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    >>> bool(perceptron_study(xor).reason)
    False
    """
    run = perceptron(fitted, title=title or name, rows=rows)
    if fitted.converged or run.samples.size > LARGE:
        return PerceptronStudy(run)
    try:
        reason = separable(run.samples, fitted.classes[(run.targets == 1).astype(int)])
    except DataError:
        return PerceptronStudy(run, undecided=True)
    if reason or not name:
        return PerceptronStudy(run, reason)
    return PerceptronStudy(run, reason, gate(name), gate_network(name))


@dataclass(frozen=True, eq=False)
class PerceptronStudy(Explanation):
    """The explanation that :func:`perceptron_study` returns.

    Attributes:
        run: the training.
        reason: whether a line exists; ``None`` where the run converged, or the data are too many
            to decide it here.
        given: two layers with given weights, for a gate that needs them.
        trained: two layers that were trained, for such a gate.
        undecided: whether rounding hides if a line exists.
    """

    run: PerceptronRun
    reason: Separability | None = None
    given: GateReport | None = None
    trained: GateNetwork | None = None
    undecided: bool = False

    def parts(self) -> Iterator[Part]:
        yield from self.run.parts()
        if self.undecided:
            yield Text(_("Whether a line separates the classes is undecided within rounding."))
        if self.reason is not None:
            yield from self.reason.parts()
            if self.reason:
                yield Text(_("So the rule converges, if it is given enough updates."))
        if self.given is not None:
            yield from gates_tables.layers(self.given.gate)
        if self.trained is not None:
            yield from self.trained.parts()

    def quantities(self) -> Iterator[Quantity]:
        """Yield the numbers of all that is shown, in its order."""
        for each in (self.run, self.reason, self.trained):
            if each is not None:
                yield from each.quantities()

    def draw(self) -> Sheet:
        if self.reason is None or self.run.samples.shape[1] > 2:
            return run_picture.draw(self.run)
        panels = [run_picture.panel(self.run), separability_picture.panel(self.reason)]
        if self.given is not None:
            panels.append(gates_picture.panel(self.given.gate))
        if self.trained is not None:
            panels.append(self.trained.panel())
        numbered = [
            replace(panel, title=f"{place}. {panel.title}", size=(4.6, 4.0))
            for place, panel in enumerate(panels, start=1)
        ]
        return Sheet.grid(numbered, 2, legend=5, finish=decision.outer_labels)

    def save(self, path: str | os.PathLike[str], **settings: Any) -> None:
        """Write the explanation to a file; as ``.gif`` the run's line moves."""
        if user_path(path).suffix.lower() == ".gif":
            self.run.save(path)
        else:
            super().save(path, **settings)
