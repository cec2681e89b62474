"""The network of a backpropagation drawn with its numbers."""

from __future__ import annotations

import textwrap
from functools import partial
from typing import TYPE_CHECKING

from nissl.explain.backpropagation.error import error_formula
from nissl.explain.drawing.lettering import drawable, mathematics
from nissl.explain.drawing.network_picture import DIGITS, draw_network
from nissl.explain.panels import Ways
from nissl.explain.parts import format_number
from nissl.i18n import grouped
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nissl.explain.backpropagation.backprop import Backprop

__all__ = ["draw"]


def draw(result: Backprop) -> Ways:
    """Return the network with its numbers; where there is little room, with those of units only."""
    return Ways([partial(_network, result, numbers=True), partial(_network, result, numbers=False)])


def _network(result: Backprop, numbers: bool) -> Figure:
    """Draw the network: on top of each unit ``a`` and ``z``, below it ``delta``."""
    n, stages, steps = result.sample, result.stages, result.numbers.stages
    last = len(stages.stages) - 1
    inputs = steps[0].inputs[n]
    labels = [[f"$x_{{{i + 1}}}$" for i in range(len(inputs))]]
    forward = [[f"x = {_short(value)}" for value in inputs]]
    backward = [[""] * len(inputs)]
    titles = [_("inputs")]
    for place, (stage, each) in enumerate(zip(stages.stages, steps, strict=True)):
        letter = "y" if place == last else "z"
        labels.append([f"${letter}_{{{j + 1}}}$" for j in range(stage.units)])
        forward.append(
            [f"a = {_short(a)}\n{letter} = {_short(z)}"
             for a, z in zip(each.a[n], each.z[n], strict=True)]
        )  # fmt: skip
        backward.append([f"δ = {_short(delta)}" for delta in each.delta[n]])
        name = mathematics("", drawable(stage.name, 24))
        titles.append(f"{name}\n{stage.activation}")
    if result.targets is not None:
        forward[-1] = [
            f"{text}\nt = {_short(goal)}"
            for text, goal in zip(forward[-1], result.targets[n], strict=True)
        ]
    loss = error_formula(result.loss)
    error = format_number(result.numbers.errors[n], 4)
    formula = mathematics(loss.latex, loss.text)
    caption = f"{formula} = {error},  η = {format_number(result.learning_rate)}"
    if result.batch:
        caption += "\n" + _(
            "sample n = {sample} of {count}; ∂E/∂w over all, E = {error}"
        ).format(
            sample=result.sample, count=grouped(len(result.x)),
            error=format_number(result.numbers.error, 4),
        )  # fmt: skip
    if result.trouble:
        caption += "\n" + textwrap.fill(mathematics("", drawable(result.trouble)), 80)
    sizes = "-".join(str(size) for size in stages.sizes)
    return draw_network(
        stages.sizes,
        [each.kernel for each in steps],
        [each.bias for each in steps],
        slopes=[each.kernel_slope for each in steps],
        bias_slopes=[each.bias_slope for each in steps],
        labels=labels, titles=titles, forward=forward, backward=backward, numbers=numbers,
        title=_("Backpropagation in a {sizes} network").format(sizes=sizes),
        caption=caption,
    )  # fmt: skip


def _short(value: float) -> str:
    return format_number(value, DIGITS)
