"""A perceptron's training and, where it does not converge, the reason and the way out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from nissl.explain.parts import Part, Text
from nissl.explain.perceptrons import decision
from nissl.explain.perceptrons.gate_picture import draw_gate
from nissl.explain.perceptrons.gate_training import GateNetwork, gate_network
from nissl.explain.perceptrons.gates import GateReport, gate
from nissl.explain.perceptrons.run import PerceptronRun, perceptron
from nissl.explain.perceptrons.run_picture import draw_end
from nissl.explain.perceptrons.separability import Separability, separable
from nissl.explain.perceptrons.separability_picture import draw_plane
from nissl.explain.report import Explanation
from nissl.files import user_path
from nissl.i18n import translate as _
from nissl.models.perceptron import Perceptron
from nissl.plots import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    reason = separable(run.samples, fitted.classes[(run.targets == 1).astype(int)])
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
    """

    run: PerceptronRun
    reason: Separability | None = None
    given: GateReport | None = None
    trained: GateNetwork | None = None

    def parts(self) -> Iterator[Part]:
        yield from self.run.parts()
        if self.reason is not None:
            yield from self.reason.parts()
            if self.reason:
                yield Text(_("So the rule converges, if it is given enough updates."))
        if self.given is not None:
            yield from self.given.layers()
        if self.trained is not None:
            yield from self.trained.parts()

    def draw(self) -> Figure:
        if self.reason is None or self.run.samples.shape[1] > 2:
            return self.run.figure()
        draw: list[Callable[[Axes], None]] = [
            partial(draw_end, run=self.run),
            partial(draw_plane, found=self.reason),
        ]
        if self.given is not None:
            draw.append(partial(draw_gate, gate=self.given.gate))
        if self.trained is not None:
            draw.append(self.trained.draw_on)
        rows = (len(draw) + 1) // 2
        figure = new_figure(9.2, 4.1 * rows + 0.6)
        for place, each in enumerate(draw, start=1):
            axes = figure.add_subplot(rows, 2, place)
            each(axes)
            decision.title(axes, f"{place}. {axes.get_title()}", 46)
        decision.inner_labels(figure, 2)
        decision.legend(figure, columns=5)
        return figure

    def save(self, path: str | os.PathLike[str], **settings: Any) -> None:
        """Write the explanation to a file; as ``.gif`` the run's line moves."""
        if user_path(path).suffix.lower() == ".gif":
            self.run.save(path)
        else:
            super().save(path, **settings)
