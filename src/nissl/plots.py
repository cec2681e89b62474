"""Pictures of training and of its results, from plain arrays.

Each function returns a matplotlib ``Figure`` that no window shows and that touches no global state;
``save`` writes one to a file. Captions are in the language that :mod:`nissl.i18n` speaks. What
colours say, line styles, markers or numbers say too, so that everything can be printed in grey.

>>> from nissl import plots
>>> figure = plots.curves({"loss": [0.9, 0.5, 0.4], "val_loss": [0.8, 0.6, 0.5]})
>>> [axes.get_xlabel() for axes in figure.axes]
['Epoch']
"""

from __future__ import annotations

import functools
import math
import os
import textwrap
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from nissl.errors import ArgumentError, MissingDependencyError, ShapeError
from nissl.files import user_path, writing
from nissl.i18n import grouped, mark
from nissl.i18n import translate as _
from nissl.screen import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "alone",
    "bare",
    "confusion",
    "curves",
    "drawing",
    "metric_name",
    "mistakes",
    "new_figure",
    "regression",
    "samples",
    "save",
    "write",
]

P = ParamSpec("P")
R = TypeVar("R")

INK = "#1b1b1b"
TRAINING = "#1f4e79"  # dark in grey print
VALIDATION = "#e07b39"  # light in grey print
GRID = "#d9d9d9"
DPI = 120  # pixels an inch of PNG files
ENDINGS = (".png", ".svg", ".pdf")
_DATES = {".svg": "Date", ".pdf": "CreationDate"}
_MARKED = 40  # epochs up to which each is marked by a point
_NUMBERED = 25  # classes up to which a confusion matrix shows its numbers
_SCATTER = 5000  # points up to which each is drawn

_METRICS = {
    "loss": mark("Loss"),
    "accuracy": mark("Accuracy"),
    "mean_absolute_error": mark("Mean absolute error"),
    "mean_squared_error": mark("Mean squared error"),
    "learning_rate": mark("Learning rate"),
}


_locks = [threading.RLock()]
if hasattr(os, "register_at_fork"):  # a thread that draws is not there to let go in a child
    os.register_at_fork(after_in_child=lambda: _locks.__setitem__(0, threading.RLock()))


def drawing() -> AbstractContextManager[Any]:
    """Return what a thread holds while matplotlib measures texts or draws for it.

    Figures share fonts, and a parser of mathematics that fails when two threads use it. What
    Nissl draws, it draws so; where threads of yours draw too, let them hold it.

    >>> figure = new_figure(2.0, 1.0)
    >>> with drawing():
    ...     figure.canvas.draw()
    """
    return _locks[0]


def alone(draw: Callable[P, R]) -> Callable[P, R]:
    """Return a function that holds :func:`drawing` while it runs."""

    @functools.wraps(draw)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with drawing():
            return draw(*args, **kwargs)

    return run


def metric_name(name: str) -> str:
    """Return what a reader calls the log ``name``, with or without ``val_``.

    >>> metric_name("val_accuracy"), metric_name("my_own")
    ('Accuracy', 'my_own')
    """
    plain = name.removeprefix("val_")
    return _(_METRICS.get(plain, plain))


def save(figure: Figure, path: str | os.PathLike[str], dpi: float | None = None) -> None:
    """Write a figure to a file, whole or not at all; its ending chooses the format, such as PNG.

    The same figure gives the same bytes, whatever the day.

    Args:
        figure: the picture.
        path: where to; a file that is there is replaced.
        dpi: pixels an inch, for PNG; :data:`DPI` by default, which may be set.

    Raises:
        ArgumentError: the ending is none of those in :data:`ENDINGS`.
    """
    ending = user_path(path).suffix.lower()
    if ending not in ENDINGS:
        raise ArgumentError(
            f"{os.fspath(path)}: pictures are written as {', '.join(ENDINGS)}; the ending "
            f"{ending!r} is none of these"
        )
    with writing(path) as beside:
        write(figure, beside, ending[1:], dpi)


def write(figure: Figure, target: Any, format: str, dpi: float | None = None) -> None:
    """Write a figure to a path or a stream: ``png``, or ``svg`` and ``pdf`` with text as text."""
    import matplotlib as mpl

    settings: Any = {"svg.hashsalt": "nissl", "svg.fonttype": "none", "pdf.fonttype": 42}
    with drawing(), mpl.rc_context(settings):
        dates = {_DATES[f".{format}"]: None} if f".{format}" in _DATES else {}
        figure.savefig(target, format=format, dpi=DPI if dpi is None else dpi, metadata=dates)


# ---- pictures --------------------------------------------------------------------------------
def curves(
    history: Mapping[str, Sequence[float]],
    *,
    first_epoch: int = 1,
    units: Mapping[str, str] | None = None,
) -> Figure:
    """Draw loss and metrics over the epochs, training and validation together.

    Args:
        history: for each log one value an epoch; ``val_...`` is the validation of ``...``.
        first_epoch: number of the first epoch.
        units: the unit of a log, for the axis; none by default.

    Raises:
        ArgumentError: there is no epoch to draw.
    """
    names = [name for name in history if not name.startswith("val_")]
    names.sort(key=lambda name: name != "loss")
    if not names or not len(history[names[0]]):
        raise ArgumentError("curves: the history has no epoch, so there is nothing to draw")
    figure = new_figure(4.8 * len(names), 3.6)
    from matplotlib.ticker import MaxNLocator

    for place, name in enumerate(names, start=1):
        axes = figure.add_subplot(1, len(names), place)
        _curve(axes, history[name], first_epoch, _("training"), TRAINING, "-", "o")
        if history.get(f"val_{name}"):
            values = history[f"val_{name}"]
            _curve(axes, values, first_epoch, _("validation"), VALIDATION, "--", "s")
        unit = (units or {}).get(name, "")
        axes.set_ylabel(f"{metric_name(name)} [{unit}]" if unit else metric_name(name))
        axes.set_xlabel(_("Epoch"))
        last = first_epoch + len(history[name]) - 1
        axes.set_xlim(first_epoch - 0.5, max(last, first_epoch) + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10]))
        axes.grid(color=GRID, linewidth=0.6)
        axes.legend(frameon=False)
        bare(axes)
    return figure


def _curve(
    axes: Axes, values: Any, first: int, label: str, colour: str, line: str, marker: str
) -> None:
    epochs = np.arange(first, first + len(values))
    shown = marker if len(values) <= _MARKED else ""
    axes.plot(
        epochs, values, line, marker=shown, color=colour, label=label, markersize=3.5, linewidth=1.6
    )


def confusion(matrix: ArrayLike, names: Sequence[str]) -> Figure:
    """Draw a confusion matrix: how often each true class (row) was taken for each (column).

    Args:
        matrix: counts of shape ``(classes, classes)``, true classes along the first axis.
        names: the name of each class.

    A cell's shade is its share of its row, so that rare classes are seen as well.
    """
    counts = np.asarray(matrix)
    classes = len(names)
    if counts.shape != (classes, classes) or not classes:
        raise ShapeError(
            f"confusion: {classes} classes need a matrix of shape {(classes, classes)}, "
            f"not {counts.shape}"
        )
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)  # (classes, classes)
    side = max(3.6, min(0.62 * classes, 14.0))
    shown = [_short(name) for name in names]
    margin = 1.2 + 0.09 * max(len(name) for name in shown)
    figure = new_figure(side + margin + 0.9, side + margin)
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Greys", vmin=0, vmax=1)
    ticks = np.arange(classes)
    if classes > 2:
        axes.set_xticks(ticks, shown, rotation=45, ha="right")
    else:
        axes.set_xticks(ticks, shown)
    axes.set_yticks(ticks, shown)
    if classes > _NUMBERED:
        axes.tick_params(labelsize=6)
    else:
        _cell_numbers(axes, counts, shares)
    axes.set_xlabel(_("Predicted class"))
    axes.set_ylabel(_("True class"))
    right, total = int(np.trace(counts)), int(counts.sum())
    axes.set_title(
        _("Accuracy {share}: {right} of {total} right").format(
            share=_percent(right / max(total, 1), 2), right=grouped(right), total=grouped(total)
        )
    )
    bar = figure.colorbar(image, ax=axes, shrink=0.8)
    bar.set_label(_("Share of the true class"))
    return figure


def _cell_numbers(axes: Axes, counts: Any, shares: Any) -> None:
    size = 9 if counts.max() < 10_000 else 7
    for row, column in np.ndindex(*counts.shape):
        if counts[row, column]:
            colour = "white" if shares[row, column] > 0.5 else INK
            text = f"{counts[row, column]:d}"
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)


def mistakes(
    pictures: ArrayLike,
    true: Sequence[str],
    predicted: Sequence[str],
    probability: Sequence[float],
    *,
    total: int,
    samples: int,
) -> Figure:
    """Draw the pictures that a network was most wrong about, worst first.

    Args:
        pictures: shape ``(N, height, width)``, or with 1 or 3 channels as the last axis.
        true, predicted: names of the true and of the predicted class, one a picture.
        probability: what the network gave the predicted class, one a picture, 0 to 1.
        total: how many mistakes there were in all.
        samples: out of how many.
    """
    captions = [
        _("true: {name}").format(name=_short(name, 18))
        + "\n"
        + _("predicted: {name}, {share}").format(name=_short(guess, 18), share=_percent(share))
        for name, guess, share in zip(true, predicted, probability, strict=True)
    ]
    title = _("Mistakes in {samples} samples: {total}, the worst {count} shown").format(
        count=len(captions), total=grouped(total), samples=grouped(samples)
    )
    if not captions:
        title = _("No mistakes in {samples} samples").format(samples=grouped(samples))
    return _gallery(pictures, captions, title)


def samples(pictures: ArrayLike, labels: Sequence[str], title: str = "") -> Figure:
    """Draw pictures, each with its label; shapes as in :func:`mistakes`."""
    return _gallery(pictures, [_short(label, 18) for label in labels], title)


def regression(true: ArrayLike, predicted: ArrayLike, *, target: str = "") -> Figure:
    """Draw predicted against true values, and the errors against the predictions.

    Args:
        true, predicted: values of the same shape, in the unit of the target.
        target: what the target is called, for the axes.
    """
    t, y = np.asarray(true, float).ravel(), np.asarray(predicted, float).ravel()
    if t.shape != y.shape or not t.size:
        raise ShapeError(f"regression: shapes {np.shape(true)} and {np.shape(predicted)} differ")
    if t.size > _SCATTER:
        chosen = np.linspace(0, t.size - 1, _SCATTER).astype(int)
        t, y = t[chosen], y[chosen]
    figure = new_figure(9.6, 4.2)
    left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    ends = [min(t.min(), y.min()), max(t.max(), y.max())]
    left.plot(ends, ends, "--", color=INK, linewidth=1, label=_("prediction = truth"))
    right.axhline(0, linestyle="--", color=INK, linewidth=1)
    style: dict[str, Any] = {"s": 16, "color": TRAINING, "alpha": 0.7 if t.size < 500 else 0.3}
    left.scatter(t, y, linewidths=0, **style)
    right.scatter(y, y - t, linewidths=0, **style)
    named = f" ({_short(target, 30)})" if target else ""
    left.set_xlabel(_("True value") + named)
    left.set_ylabel(_("Predicted value") + named)
    right.set_xlabel(_("Predicted value") + named)
    right.set_ylabel(_("Error: predicted - true"))
    left.legend(frameon=False)
    for axes in (left, right):
        axes.grid(color=GRID, linewidth=0.6)
        bare(axes)
    return figure


# ---- parts -----------------------------------------------------------------------------------
def _gallery(pictures: ArrayLike, captions: Sequence[str], title: str) -> Figure:
    """Pictures in rows, each below its caption."""
    array = np.asarray(pictures)
    count = len(captions)
    if count and (array.ndim not in (3, 4) or len(array) != count):
        raise ShapeError(f"{count} captions need as many pictures, not an array {array.shape}")
    columns = min(5, max(count, 1))
    rows = max(1, math.ceil(count / columns))
    lines = max((caption.count("\n") + 1 for caption in captions), default=0)
    figure = new_figure(2.05 * columns if count > 2 else 4.6, (1.5 + 0.2 * lines) * rows + 0.5)
    for place, caption in enumerate(captions):
        axes = figure.add_subplot(rows, columns, place + 1)
        axes.imshow(_shown(array[place]), cmap="gray", interpolation="nearest")
        axes.set_title(caption, fontsize=7.5)
        axes.set_xticks([])
        axes.set_yticks([])
    figure.suptitle("\n".join(textwrap.wrap(title, int(figure.get_figwidth() * 11))), fontsize=11)
    return figure


def _shown(picture: Any) -> Any:
    """A picture in 0 to 1, spread over its own range, as matplotlib takes it."""
    values = np.asarray(picture, float)
    if values.ndim == 3 and values.shape[-1] == 1:
        values = values[..., 0]
    low, high = values.min(), values.max()
    return (values - low) / (high - low if high > low else 1.0)


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, white, laid out so that nothing overlaps; sizes in inches.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise MissingDependencyError("matplotlib", "Drawing pictures", "plots") from error
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08)
    figure = Figure(figsize=(width, height), layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def bare(axes: Axes, grid: bool = False) -> None:
    """Take away the frame above and to the right; draw a grid, below everything, if asked."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(color=GRID, linewidth=0.6)


def _short(name: str, length: int = 24) -> str:
    """A name cut to ``length`` characters, printable, and free of matplotlib's mathematics."""
    clean = printable(name, "").replace("$", r"\$")
    return clean if len(clean) <= length else clean[: length - 1] + "…"


def _percent(share: float, digits: int = 0) -> str:
    return f"{100 * share:.{digits}f}%"
