"""The table of a model's layers, with their output shapes and numbers of parameters."""

from __future__ import annotations

import html
import importlib
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from nissl.arguments import whole
from nissl.errors import NisslError
from nissl.i18n import grouped, mark
from nissl.i18n import translate as _
from nissl.layers.base import makes_weights
from nissl.screen import can_encode, in_notebook, show

Align = Literal["<", ">", "^"]
_NARROWEST, _WIDEST = 40, 88
_TRAINABLE = 11  # inner width of the column that says what is trained


@dataclass(frozen=True)
class Row:
    """One layer in the table.

    Attributes:
        name: the layer's name.
        kind: its class.
        output_shape: shape of its output with ``None`` for the batch; ``None`` while unknown.
        params: how many numbers its weights hold.
        built: whether its weights exist.
        trainable: whether training changes any weight; ``None`` for a layer without weights.
        depth: 0 for a layer of the model itself, 1 for one of a model in it, ...
    """

    name: str
    kind: str
    output_shape: Any
    params: int
    built: bool
    trainable: bool | None
    depth: int = 0


@dataclass(frozen=True)
class _Box:
    """Characters of a table: top, header, rule under the header, row, rule, bottom."""

    top: str
    header: str
    under: str
    row: str
    rule: str
    bottom: str
    nested: str


_UNICODE = _Box("┏━┳┓", "┃", "┡━╇┩", "│", "├─┼┤", "└─┴┘", "└ ")
_ASCII = _Box("+-++", "|", "+=++", "|", "+-++", "+-++", "- ")


def summary_rows(model: Any, expand_nested: bool = False) -> list[Row]:
    """Return a :class:`Row` for each layer of a model, in order.

    Args:
        model: a model.
        expand_nested: whether a layer that is itself a model is followed by its layers.

    >>> import nissl
    >>> model = nissl.Sequential([nissl.Input((3,)), nissl.layers.Dense(2, name="d")])
    >>> summary_rows(model)[0].output_shape, summary_rows(model)[0].params
    ((None, 2), 8)
    """
    return list(_rows(model, expand_nested, 0))


def _rows(model: Any, expand_nested: bool, depth: int) -> Iterator[Row]:
    for layer in model.layers:
        trained, frozen = bool(layer.trainable_weights), bool(layer.non_trainable_weights)
        yield Row(
            name=layer.name,
            kind=type(layer).__name__,
            output_shape=_output_shape(layer),
            params=sum(v.size for v in layer.weights),
            built=layer.built or not makes_weights(layer),
            trainable=trained if trained or frozen else None,
            depth=depth,
        )
        if expand_nested and hasattr(layer, "layers"):
            yield from _rows(layer, expand_nested, depth + 1)


def _output_shape(layer: Any) -> Any:
    """The shape of a built layer's output, or ``None`` where it is not to be had."""
    if not layer.built or layer.build_shape is None:
        return None
    try:
        return layer.compute_output_shape(layer.build_shape)
    except (NisslError, TypeError):  # a layer whose call needs more than one input
        return None


def format_summary(
    model: Any,
    line_length: int | None = None,
    *,
    expand_nested: bool = False,
    show_trainable: bool = False,
    ascii_only: bool | None = None,
) -> str:
    """Return the table of a model's layers as text.

    Args:
        model: a model.
        line_length: width of the table, 40 or more; by default what fits the terminal, at most 88.
        expand_nested: whether to show the layers of a layer that is itself a model.
        show_trainable: whether to add a column that says which layers are trained: Y, N, or
            ``-`` for a layer without weights.
        ascii_only: whether to draw with ``+-|``; by default if the standard output's encoding
            lacks box characters.

    Raises:
        ArgumentError: ``line_length`` is too small.

    >>> import nissl
    >>> model = nissl.Sequential([nissl.Input((3,)), nissl.layers.Dense(2, name="d")], name="m")
    >>> print(format_summary(model, line_length=48, ascii_only=True))
    Model: "m"
    +--------------------+---------------+---------+
    | Layer (type)       | Output Shape  | Param # |
    +====================+===============+=========+
    | d (Dense)          | (None, 2)     |       8 |
    +--------------------+---------------+---------+
     Total params: 8 (32.00 B)
     Trainable params: 8 (32.00 B)
     Non-trainable params: 0 (0.00 B)
    """
    length = _length(line_length)
    if ascii_only is None:
        ascii_only = not can_encode("".join(vars(_UNICODE).values()), sys.stdout)
    box = _ASCII if ascii_only else _UNICODE
    widths = _column_widths(length, show_trainable)
    titles = ["Layer (type)", "Output Shape", "Param #", "Trainable"][: len(widths)]
    table = [
        [_title(row, box), _shape(row), _params(row), _trained(row)][: len(widths)]
        for row in summary_rows(model, expand_nested)
    ]
    return "\n".join(
        [
            f'Model: "{model.name}"',
            *_draw(titles, table, widths, box),
            *(f" {label}: {amount}" for label, amount in _totals(model)),
        ]
    )


def show_summary(
    model: Any,
    line_length: int | None = None,
    print_fn: Callable[[str], Any] | None = None,
    *,
    expand_nested: bool = False,
    show_trainable: bool = False,
) -> None:
    """Show the table of a model's layers: in a notebook as HTML, elsewhere as text.

    Args:
        model: a model.
        line_length, expand_nested, show_trainable: as in :func:`format_summary`.
        print_fn: called with the text instead of ``print``, in a notebook too.
    """
    text = format_summary(
        model, line_length, expand_nested=expand_nested, show_trainable=show_trainable
    )
    if print_fn is not None:
        print_fn(text)
    elif in_notebook() and type(sys.stdout).__module__ not in _FILES:
        page = html_summary(model, expand_nested=expand_nested, show_trainable=show_trainable)
        module = importlib.import_module("IPython.display")
        module.display({"text/html": page, "text/plain": text}, raw=True)
    else:
        show(text)


_FILES = ("_io", "io")  # where the standard library's streams are: the output was redirected


# ---- as HTML ---------------------------------------------------------------------------------
def html_summary(model: Any, *, expand_nested: bool = False, show_trainable: bool = False) -> str:
    """Return the table of a model's layers as HTML, which a notebook shows.

    Args:
        model: a model.
        expand_nested, show_trainable: as in :func:`format_summary`.

    >>> import nissl
    >>> model = nissl.Sequential([nissl.Input((3,)), nissl.layers.Dense(2, name="<d>")])
    >>> "&lt;d&gt; (Dense)" in html_summary(model)
    True
    """
    titles = [_("Layer (type)"), _("Output Shape"), _("Param #"), _("Trainable")]
    titles = titles[: 4 if show_trainable else 3]
    lines = [
        f"<p><b>{html.escape(_('Model: {name}').format(name=repr(model.name)))}</b></p>",
        '<div style="max-height:40em;overflow:auto"><table><thead><tr>',
        *(_html_cell("th", title, place) for place, title in enumerate(titles)),
        "</tr></thead><tbody>",
    ]
    for row in summary_rows(model, expand_nested):
        unbuilt = "" if row.built else " " + _("(unbuilt)")
        texts = [
            f"{row.name} ({row.kind})",
            _shape(row),
            grouped(row.params) + unbuilt,
            _trained(row),
        ]
        shown = enumerate(texts[: len(titles)])
        cells = "".join(_html_cell("td", text, place, row.depth) for place, text in shown)
        lines.append(f"<tr>{cells}</tr>")
    totals = "<br>".join(html.escape(f"{_(label)}: {told}") for label, told in _totals(model))
    lines += ["</tbody></table></div>", f"<p>{totals}</p>"]
    return "\n".join(lines)


def _html_cell(tag: str, text: str, place: int, depth: int = 0) -> str:
    align = ("left", "left", "right", "center")[place]
    indent = f";max-width:30em;padding-left:{0.5 + 2 * depth}em" if place == 0 else ""
    style = f"text-align:{align};overflow-wrap:anywhere{indent}"
    return f'<{tag} style="{style}">{html.escape(text)}</{tag}>'


# ---- cells -----------------------------------------------------------------------------------
def _title(row: Row, box: _Box) -> str:
    indent = "   " * row.depth + box.nested if row.depth else ""
    return f"{indent}{row.name} ({row.kind})"


def _shape(row: Row) -> str:
    return "?" if row.output_shape is None else str(row.output_shape)


def _params(row: Row) -> str:
    return grouped(row.params) if row.built else f"{grouped(row.params)} (unbuilt)"


def _trained(row: Row) -> str:
    return "-" if row.trainable is None else "Y" if row.trainable else "N"


# ---- the table -------------------------------------------------------------------------------
def _length(wanted: int | None) -> int:
    if wanted is None:
        return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((80, 24)).columns - 4))
    return whole("summary", "line_length", wanted, least=_NARROWEST)


def _column_widths(length: int, show_trainable: bool) -> list[int]:
    """Inner widths of the columns; with their borders they add up to ``length``."""
    last = [_TRAINABLE] if show_trainable else []
    left = length - sum(n + 1 for n in last)
    first, third = int(0.45 * left) - 1, left - int(0.80 * left) - 1
    return [first, left - first - third - 4, third, *last]


def _draw(
    titles: Sequence[str], table: Sequence[Sequence[str]], widths: Sequence[int], box: _Box
) -> Iterator[str]:
    aligns: list[Align] = ["<", "<", ">", "^"]
    yield _rule(box.top, widths)
    yield from _row(titles, widths, aligns, box.header)
    yield _rule(box.under, widths)
    for i, cells in enumerate(table):
        if i:
            yield _rule(box.rule, widths)
        yield from _row(cells, widths, aligns, box.row)
    yield _rule(box.bottom, widths)


def _rule(characters: str, widths: Sequence[int]) -> str:
    left, line, cross, right = characters
    return left + cross.join(line * width for width in widths) + right


def _row(
    cells: Sequence[str], widths: Sequence[int], aligns: Sequence[Align], border: str
) -> Iterator[str]:
    """The lines of a row; a cell that is too long goes on in the next line."""
    folded = [
        textwrap.wrap(cell, width - 2, break_on_hyphens=False) or [""]
        for cell, width in zip(cells, widths, strict=True)
    ]
    for i in range(max(len(lines) for lines in folded)):
        texts = [lines[i] if i < len(lines) else "" for lines in folded]
        yield (
            border
            + border.join(
                f" {text:{align}{width - 2}} "
                for text, align, width in zip(texts, aligns, widths, strict=False)
            )
            + border
        )


# ---- totals ----------------------------------------------------------------------------------
def _totals(model: Any) -> Iterator[tuple[str, str]]:
    """What all weights together amount to: pairs of a label and an amount."""
    trained, frozen = model.trainable_weights, model.non_trainable_weights
    optimizer = getattr(model, "optimizer", None)
    slots = list(optimizer.variables) if optimizer is not None and optimizer.built else []
    yield mark("Total params"), _amount([*trained, *frozen, *slots])
    yield mark("Trainable params"), _amount(trained)
    yield mark("Non-trainable params"), _amount(frozen)
    if slots:
        yield mark("Optimizer params"), _amount(slots)


def _amount(variables: Iterable[Any]) -> str:
    listed = list(variables)
    size = sum(v.size for v in listed)
    return f"{grouped(size)} ({_bytes(sum(v.size * np.dtype(v.dtype).itemsize for v in listed))})"


def _bytes(count: float) -> str:
    for unit in ("B", "KB", "MB"):
        if count < 1024:
            return f"{count:.2f} {unit}"
        count /= 1024
    return f"{count:.2f} GB"
