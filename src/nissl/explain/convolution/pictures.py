"""How a convolution is drawn: picture and results, and one patch with its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nissl.explain.convolution.convolving import Filtered
from nissl.explain.convolution.kernels import entry
from nissl.explain.drawing.lettering import drawable, style
from nissl.explain.parts import format_number
from nissl.i18n import translate as _
from nissl.plots import GRID, INK, TRAINING, VALIDATION, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

Array = NDArray[np.float64]

_FEW = 4  # results up to which each has its patch drawn
_AROUND = 9  # pixels shown around a patch, where it is enlarged
_PANEL = 3.2  # inches
_NONE = 1e-9  # what a sum of weights may be off
_HAND = 3.0  # inches that a row of numbers is high


def draw(groups: Sequence[Sequence[Filtered]]) -> Figure:
    """Draw the results of each picture; results of one picture stand together."""
    results = [each for group in groups for each in group]
    hands = [each for each in results if each.by_hand] if len(results) <= _FEW else []
    columns = min(4, max(len(group) + 1 for group in groups))
    width = max(_PANEL * columns, 11.0 if hands else 6.4)
    blocks = [(math.ceil((len(group) + 1) / columns), group) for group in groups]
    heights = [rows * _height(group[0], width / columns) for rows, group in blocks]
    heights += [_HAND * len(each.kernel.matrices) for each in hands]
    figure = new_figure(width, sum(heights))
    bands = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    for band, (rows, group) in zip(bands, blocks, strict=False):
        _panels(band, group, rows, columns, bool(hands))
    for band, each in zip(bands[len(blocks) :], hands, strict=True):
        _hand(band, each)
    return figure


def _height(result: Filtered, width: float) -> float:
    rows, columns = result.picture.pixels.shape
    return width * min(max(rows / columns, 0.35), 1.6) * 0.86 + 1.1


# ---- pictures --------------------------------------------------------------------------------
def _panels(
    band: SubFigure, group: Sequence[Filtered], rows: int, columns: int, marked: bool
) -> None:
    picture = group[0].picture
    axes = band.add_subplot(rows, columns, 1)
    _image(band, axes, picture.pixels, (picture.black, picture.white), _("intensity I(j, k)"))
    axes.set_title(drawable(picture.name, 34), **style(10))
    if marked:
        for place in {_surroundings(each) for each in group}:
            _frame(axes, *place)
    for place, result in enumerate(group, start=2):
        axes = band.add_subplot(rows, columns, place)
        label = "sqrt(C1² + C2²)" if len(result.kernel.matrices) == 2 else "C(j, k)"
        _image(band, axes, result.result, _range(result), label)
        axes.set_title(drawable(result.kernel.name, 34), **style(10))
        for colour, thick in (("white", 3.2), (VALIDATION, 1.8)) if marked else ():
            axes.plot(
                [result.at[1]], [result.at[0]], "o", markersize=11, markerfacecolor="none",
                markeredgecolor=colour, markeredgewidth=thick,
            )  # fmt: skip


def _ends(low: float, high: float) -> tuple[float, float]:
    """What is black and what is white, kept apart where a picture has one intensity only."""
    room = max(0.5, abs(low) / 1000)
    return (low, high) if low < high else (low - room, low + room)


def _image(
    band: SubFigure, axes: Axes, values: Array, limits: tuple[float, float], label: str
) -> None:
    low, high = _ends(*limits)
    shown = axes.imshow(values, cmap="gray", vmin=low, vmax=high)
    cut = bool(values.min() < low), bool(values.max() > high)
    extend = {(1, 1): "both", (1, 0): "min", (0, 1): "max", (0, 0): "neither"}[cut]
    bar = band.colorbar(
        shown, ax=axes, orientation="horizontal", shrink=0.9, pad=0.02, extend=extend
    )
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7)
    _pixel_axes(axes, 6)


def _range(result: Filtered) -> tuple[float, float]:
    """What is black and what is white: 0 is in the middle where both signs are to be seen."""
    values = result.result
    size = float(np.percentile(np.abs(values), 99.8)) or float(np.abs(values).max()) or 1.0
    if len(result.kernel.matrices) == 2:
        return 0.0, size
    if abs(result.kernel.total) < _NONE:
        return -size, size
    if abs(result.kernel.total - 1) < _NONE:
        return result.picture.black, result.picture.white
    return float(values.min()), float(values.max())


def _surroundings(result: Filtered) -> tuple[int, int, int, int]:
    """Row, column, height and width of what is enlarged around the patch, within the picture."""
    at, shape, whole = map(np.array, (result.at, result.kernel.shape, result.picture.pixels.shape))
    size = np.minimum(shape + 2 * _AROUND, whole)
    row, column = np.clip(at - _AROUND, 0, whole - size).tolist()
    height, width = size.tolist()
    return row, column, height, width


def _frame(axes: Axes, row: int, column: int, height: int, width: int) -> None:
    from matplotlib.patches import Rectangle

    for colour, thick in (("white", 3.4), (VALIDATION, 1.8)):
        axes.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), width, height, fill=False, edgecolor=colour,
                linewidth=thick, clip_on=False,
            )
        )  # fmt: skip


# ---- numbers ---------------------------------------------------------------------------------
def _hand(band: SubFigure, result: Filtered) -> None:
    """A row for each matrix of the kernel: where the patch lies, patch, kernel, products."""
    count = len(result.kernel.matrices)
    name, picture, pixels = drawable(result.kernel.name, 20), result.picture, result.patch()
    for number, products in enumerate(result.products()):
        axes = [band.add_subplot(count, 4, 4 * number + place) for place in range(1, 5)]
        own = "" if count == 1 else str(number + 1)
        texts = [[entry(value) for value in row] for row in result.kernel.matrices[number]]
        _enlarged(axes[0], result)
        _cells(axes[1], pixels, (picture.black, picture.white), _shown(pixels))
        _cells(axes[2], result.kernel.arrays()[number], None, texts)
        _cells(axes[3], products, None, _shown(products))
        titles = (
            _("patch: {formula}").format(formula="I(j+l, k+m)"),
            _("kernel {name}: {formula}").format(name=name, formula=f"K{own}(l, m)"),
            _("products: {formula}").format(formula=f"I(j+l, k+m) K{own}(l, m)"),
        )
        for each, title in zip(axes[1:], titles, strict=True):
            each.set_title(title, **style(9))
            each.set_xlabel("$m$", fontsize=9, labelpad=1)
            each.set_ylabel("$l$", fontsize=9, labelpad=6, rotation=0, va="center")
        for each, sign in ((axes[2], "×"), (axes[3], "=")):
            each.annotate(
                sign, (0, 0.5), (-26, 0), xycoords="axes fraction", textcoords="offset points",
                fontsize=15, ha="center", va="center",
            )  # fmt: skip
    band.supxlabel(_sum(result), x=0.985, ha="right", fontsize=10, fontweight="bold")


def _sum(result: Filtered) -> str:
    """What the products add up to, in words and figures."""
    j, k = result.at
    parts = [format_number(float(part[j, k])) for part in result.parts]
    if len(parts) == 1:
        return _("sum: {name}({j}, {k}) = {value}").format(name="C", j=j, k=k, value=parts[0])
    whole = format_number(float(result.result[j, k]))
    first, second = parts
    sums = _("sums: {first} and {second}").format(
        first=f"C1({j}, {k}) = {first}", second=f"C2({j}, {k}) = {second}"
    )
    return f"{sums};  sqrt(({first})² + ({second})²) = {whole}"


def _enlarged(axes: Axes, result: Filtered) -> None:
    picture = result.picture
    row, column, height, width = _surroundings(result)
    low, high = _ends(picture.black, picture.white)
    axes.imshow(
        picture.pixels[row : row + height, column : column + width], cmap="gray",
        vmin=low, vmax=high, interpolation="nearest",
        extent=(column - 0.5, column + width - 0.5, row + height - 0.5, row - 0.5),
    )  # fmt: skip
    _frame(axes, *result.at, *result.kernel.shape)
    axes.set_title(
        _("{picture}, enlarged\nthe patch begins at j = {j}, k = {k}").format(
            picture=drawable(picture.name, 28), j=result.at[0], k=result.at[1]
        ),
        **style(9),
    )
    _pixel_axes(axes, 4)


def _pixel_axes(axes: Axes, most: int) -> None:
    """Axes that count rows and columns, with about ``most`` numbers each."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(_("column"), fontsize=8, labelpad=1)
    axes.set_ylabel(_("row"), fontsize=8, labelpad=3)
    axes.tick_params(labelsize=7)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(most, integer=True, min_n_ticks=1))


def _shown(values: Array) -> list[list[str]]:
    return [[format_number(value, 4) for value in row] for row in values.tolist()]


def _cells(
    axes: Axes, values: Array, limits: tuple[float, float] | None, texts: Sequence[Sequence[str]]
) -> None:
    """Numbers in squares; grey as the picture is, or tinted by sign, which the numbers say too."""
    from matplotlib.colors import LinearSegmentedColormap

    height, width = values.shape
    tints: Any = "gray"
    if limits is None:
        size = float(np.abs(values).max()) or 1.0
        limits = (-2.2 * size, 2.2 * size)
        tints = LinearSegmentedColormap.from_list("sign", [VALIDATION, "white", TRAINING])
    low, high = _ends(*limits)
    axes.imshow(values, cmap=tints, vmin=low, vmax=high)
    longest = max(len(text) for row in texts for text in row)
    size = min(12.0, 190 / (width * max(longest, 3)), 72 / height)
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            dark = tints == "gray" and (values[row, column] - low) / (high - low) < 0.5
            axes.text(
                column, row, text, ha="center", va="center", fontsize=size,
                color="white" if dark else INK,
            )  # fmt: skip
    axes.set_xticks(range(width), [str(m) for m in range(width)], fontsize=7)
    axes.set_yticks(range(height), [str(n) for n in range(height)], fontsize=7)
    axes.set_xticks(np.arange(0.5, width - 1), minor=True)
    axes.set_yticks(np.arange(0.5, height - 1), minor=True)
    axes.grid(which="minor", color=GRID, linewidth=0.8)
    axes.tick_params(which="both", length=0)
