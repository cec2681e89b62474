"""What stands in each box of a picture of a model, and how large the box is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nissl.explain.diagrams.blocks import Block
from nissl.explain.diagrams.layer_calls import Shapes
from nissl.explain.drawing.lettering import Lettering, drawable
from nissl.i18n import grouped
from nissl.i18n import translate as _

__all__ = ["Box", "Shown", "boxed", "end_name", "shapes_text", "trained_text"]

HEAD, BODY, SIGN = 10.0, 8.5, 12.0  # points
LINE = 1.45  # height of a line, in heights of its letters
PAD = 0.09  # inches, as all lengths here
_LONGEST = 34  # letters of a name
_SHAPES = 3  # shapes of one layer that are listed


@dataclass(frozen=True)
class Shown:
    """What a block tells beside the kind of its layer: see ``show_...`` of ``diagram``."""

    names: bool = False
    shapes: bool = False
    dtype: bool = False
    activations: bool = False
    params: bool = False
    trainable: bool = False


@dataclass(frozen=True)
class Box:
    """A block with its texts.

    Attributes:
        block: what it shows.
        head: lines in the middle of its upper part, the first of them bold.
        rows: pairs of a label and a text below.
        width, height: in inches.
        head_height: height of the upper part.
        label_width: where the texts of the rows begin.
    """

    block: Block
    head: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    width: float
    height: float
    head_height: float
    label_width: float


def boxed(block: Block, shown: Shown, lettering: Lettering) -> Box:
    """Return the box of a block, as large as its texts."""
    head = tuple(drawable(text, _LONGEST) for text in _head(block, shown) if text)
    rows = tuple((drawable(a), drawable(b, _LONGEST)) for a, b in _rows(block, shown))
    if block.role == "op" and len(head) == 1 and len(head[0]) == 1:
        side = LINE * SIGN / 72 + 0.06
        return Box(block, head, (), side, side, side, 0.0)
    widths = [lettering.width(text, HEAD, not place) for place, text in enumerate(head)]
    label_width = max((lettering.width(a, BODY) for a, _b in rows), default=0.0) + 0.08
    widths += [label_width + lettering.width(b, BODY) for _a, b in rows]
    head_height = LINE * HEAD / 72 * len(head) + 2 * PAD * 0.6
    body_height = LINE * BODY / 72 * len(rows) + 2 * PAD * 0.6 if rows else 0.0
    width = max([*(1.04 * width for width in widths), 0.5]) + 2 * PAD
    return Box(block, head, rows, width, head_height + body_height, head_height, label_width)


def _head(block: Block, shown: Shown) -> Iterator[str]:
    if block.role in ("input", "output"):
        yield end_name(block)
    elif block.role == "op":
        yield block.name or _("operations")
        yield block.kind
    elif block.role == "fold":
        yield "… " + _("{count} blocks").format(count=grouped(int(block.name))) + " …"
        yield block.kind
    else:
        yield block.kind
        if shown.names:
            yield block.name
        if block.call > 1:
            yield _("call {number}, the same weights").format(number=block.call)


def end_name(block: Block) -> str:
    """Return what an input or an output of the model is called."""
    return f"{_('Input') if block.role == 'input' else _('Output')} {block.name}".rstrip()


def _rows(block: Block, shown: Shown) -> Iterator[tuple[str, str]]:
    if block.role == "op":
        return
    layer = block.role == "layer"
    if shown.activations and block.activation:
        yield _("Activation"), block.activation
    if shown.dtype and block.dtype:
        yield _("Dtype"), block.dtype
    if shown.shapes and layer:
        yield _("Input"), shapes_text(block.inputs)
        yield _("Output"), shapes_text(block.outputs)
    elif shown.shapes and block.role in ("input", "output"):
        shapes = block.outputs if block.role == "input" else block.inputs
        yield _("Shape"), shapes_text(shapes)
    if shown.params and (layer or block.role == "fold"):
        unbuilt = "" if block.built else " " + _("(not built)")
        yield _("Parameters"), grouped(block.params) + unbuilt
    if shown.trainable and layer and block.trainable is not None:
        yield _("Trained"), trained_text(block.trainable)


def trained_text(trainable: bool | None) -> str:
    """Return how a reader is told whether weights are trained; nothing where there are none."""
    return "" if trainable is None else _("yes") if trainable else _("no")


def shapes_text(shapes: Shapes | None) -> str:
    """Return the shapes of a layer's inputs or outputs, a question mark while they are unknown.

    >>> shapes_text(((None, 3), ())), shapes_text(None)
    ('(None, 3), ()', '?')
    """
    if shapes is None:
        return "?"
    more = f", … ({len(shapes)})" if len(shapes) > _SHAPES else ""
    return ", ".join(str(tuple(shape)) for shape in shapes[:_SHAPES]) + more
