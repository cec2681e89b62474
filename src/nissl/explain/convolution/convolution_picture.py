"""How a convolution is drawn: picture and results, and one patch with its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nissl.explain.convolution.convolution import Convolution, Filtered
from nissl.explain.convolution.kernels import entry
from nissl.explain.drawing.lettering import drawable, mathematics
from nissl.explain.panels import Panel, Sheet
from nissl.explain.parts import format_number
from nissl.i18n import translate as _
from nissl.plots import GRID, INK, TRAINING, VALIDATION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw"]

Array = NDArray[np.float64]
Limits = tuple[float, float]

_FEW = 4  # results up to which each has its patch drawn
_COLUMNS = 4
_AROUND = 9  # pixels shown around a patch, where it is enlarged
_NONE = 1e-9  # what a sum of weights may be off
_MOST_NUMBERS = 6  # on an axis


def draw(shown: Convolution) -> Sheet:
    """Draw the results of each picture, and where they are few one patch of each with numbers."""
    few = len(shown.results) <= _FEW
    hands = [each for each in shown.results if each.by_hand and few]
    rows: list[list[Panel]] = []
    for group in shown.pictures():
        columns = min(_COLUMNS, len(group) + 1)
        panels = [_original(group, bool(hands)), *(_result(each, bool(hands)) for each in group)]
        rows += [panels[n : n + columns] for n in range(0, len(panels), columns)]
    return Sheet([*rows, *(row for each in hands for row in _hand(each))])


def _named(name: str, length: int = 34) -> str:
    return mathematics("", drawable(name, length))


# ---- pictures --------------------------------------------------------------------------------
def _size(result: Filtered) -> Limits:
    rows, columns = result.picture.pixels.shape
    return 3.2, 3.2 * min(max(rows / columns, 0.35), 1.6) * 0.86 + 1.1


def _original(group: Sequence[Filtered], marked: bool) -> Panel:
    picture = group[0].picture

    def paint(axes: Axes) -> None:
        _image(axes, picture.pixels, (picture.black, picture.white), _("intensity I(j, k)"))
        for place in {_surroundings(each) for each in group if marked}:
            _frame(axes, *place)

    return Panel(paint, _named(picture.name), _("column"), _("row"), _size(group[0]), framed=True)


def _result(result: Filtered, marked: bool) -> Panel:
    label = r"$\sqrt{C_1^2 + C_2^2}$" if len(result.kernel.matrices) == 2 else "C(j, k)"

    def paint(axes: Axes) -> None:
        _image(axes, result.result, _range(result), label)
        for colour, thick in (("white", 3.2), (VALIDATION, 1.8)) if marked else ():
            axes.plot(
                [result.at[1]], [result.at[0]], "o", markersize=11, markerfacecolor="none",
                markeredgecolor=colour, markeredgewidth=thick,
            )  # fmt: skip

    name = _named(result.kernel.name)
    return Panel(paint, name, _("column"), _("row"), _size(result), framed=True)


def _ends(low: float, high: float) -> Limits:
    """What is black and what is white, kept apart where a picture has one intensity only."""
    room = max(0.5, abs(low) / 1000)
    return (low, high) if low < high else (low - room, low + room)


def _image(axes: Axes, values: Array, limits: Limits, label: str) -> None:
    low, high = _ends(*limits)
    shown = axes.imshow(values, cmap="gray", vmin=low, vmax=high)
    cut = bool(values.min() < low), bool(values.max() > high)
    extend = {(1, 1): "both", (1, 0): "min", (0, 1): "max", (0, 0): "neither"}[cut]
    figure: Any = axes.figure
    bar = figure.colorbar(
        shown, ax=axes, orientation="horizontal", shrink=0.9, pad=0.02, extend=extend
    )
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=7.5)
    bar.locator = _locator()
    bar.update_ticks()
    _pixels(axes)


def _range(result: Filtered) -> Limits:
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


def _locator() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(_MOST_NUMBERS, min_n_ticks=1)


def _pixels(axes: Axes) -> None:
    """Let axes count rows and columns."""
    axes.tick_params(labelsize=7.5)
    for axis in (axes.xaxis, axes.yaxis):
        locator = _locator()
        locator.set_params(integer=True)
        axis.set_major_locator(locator)


# ---- numbers ---------------------------------------------------------------------------------
def _hand(result: Filtered) -> Iterator[list[Panel]]:
    """A row for each matrix of the kernel: where the patch lies, patch, kernel, products."""
    picture, pixels = result.picture, result.patch()
    place = _("the patch begins at ({j}, {k})").format(j=result.at[0], k=result.at[1])
    name = _named(result.kernel.name, 20)
    for number, products in enumerate(result.products()):
        own = f"K_{number + 1}" if len(result.kernel.matrices) == 2 else "K"
        texts = [[entry(value) for value in row] for row in result.kernel.matrices[number]]
        weights = result.kernel.arrays()[number]
        row = [
            (partial(_enlarged, result=result), f"{_named(picture.name, 28)}\n{place}"),
            (
                partial(_cells, values=pixels, limits=(picture.black, picture.white)),
                _("patch: {formula}").format(formula="$I(j+l, k+m)$"),
            ),
            (
                partial(_cells, values=weights, texts=texts, sign="×"),
                _("kernel {name}: {formula}").format(name=name, formula=f"${own}(l, m)$"),
            ),
            (
                partial(_cells, values=products, sign="=", told=_sum(result, number)),
                _("products: {formula}").format(formula=rf"$I(j+l, k+m)\,{own}(l, m)$"),
            ),
        ]
        yield [Panel(paint, title, size=(2.75, 2.9), framed=True) for paint, title in row]


def _sum(result: Filtered, number: int) -> str:
    """What the products of a matrix add up to, and after the last of two their length."""
    (j, k), count = result.at, len(result.parts)
    name = f"C_{number + 1}" if count == 2 else "C"
    value = format_number(float(result.parts[number][j, k]))
    said = _("sum: {name} = {value}").format(name=f"${name}$({j}, {k})", value=value)
    if count == 2 and number == 1:
        whole = format_number(float(result.result[j, k]))
        said += f"\n$\\sqrt{{C_1^2 + C_2^2}} = {whole}$"
    return said


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
    _pixels(axes)


def _cells(
    axes: Axes,
    values: Array,
    limits: Limits | None = None,
    texts: Sequence[Sequence[str]] | None = None,
    sign: str = "",
    told: str = "",
) -> None:
    """Numbers in squares; grey as the picture is, or tinted by sign, which the numbers say too."""
    from matplotlib.colors import LinearSegmentedColormap

    height, width = values.shape
    shown = texts or [[format_number(value, 4) for value in row] for row in values.tolist()]
    tints: Any = "gray"
    if limits is None:
        size = float(np.abs(values).max()) or 1.0
        limits = (-2.2 * size, 2.2 * size)
        tints = LinearSegmentedColormap.from_list("sign", [VALIDATION, "white", TRAINING])
    low, high = _ends(*limits)
    axes.imshow(values, cmap=tints, vmin=low, vmax=high)
    longest = max(len(text) for row in shown for text in row)
    letters = min(12.0, 190 / (width * max(longest, 3)), 72 / height)
    for row, line in enumerate(shown):
        for column, text in enumerate(line):
            dark = tints == "gray" and (values[row, column] - low) / (high - low) < 0.5
            axes.text(
                column, row, text, ha="center", va="center", fontsize=letters,
                color="white" if dark else INK,
            )  # fmt: skip
    axes.set_xticks(range(width), [str(m) for m in range(width)], fontsize=7.5)
    axes.set_yticks(range(height), [str(n) for n in range(height)], fontsize=7.5)
    axes.set_xticks(np.arange(0.5, width - 1), minor=True)
    axes.set_yticks(np.arange(0.5, height - 1), minor=True)
    axes.grid(which="minor", color=GRID, linewidth=0.8)
    axes.tick_params(which="both", length=0)
    axes.set_xlabel("$m$", fontsize=9, labelpad=1)
    axes.set_ylabel("$l$", fontsize=9, labelpad=6, rotation=0, va="center")
    kind: Any = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center"}
    axes.annotate(sign, (0, 0.5), (-26, 0), fontsize=15, va="center", **kind)
    axes.annotate(told, (0.5, 0), (0, -27), fontsize=10, va="top", fontweight="bold", **kind)
