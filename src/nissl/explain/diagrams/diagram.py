"""A model as a picture, of blocks and arrows or of single neurons, with a table of its layers."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

from nissl import plots
from nissl.arguments import number, whole
from nissl.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from nissl.explain.diagrams.blocks import Block, Graph, graph_of
from nissl.explain.diagrams.layer_calls import Shapes
from nissl.explain.diagrams.neurons import neurons_of, suits
from nissl.explain.report import Explanation
from nissl.i18n import translate as _
from nissl.models.model import Model

__all__ = ["Diagram", "diagram"]

DIRECTIONS = ("TB", "BT", "LR", "RL")
ROWS = 30
_SHAPES = 3  # shapes of one layer that are listed
_PIXELS = 30_000  # along a side of a PNG


@dataclass(frozen=True)
class Shown:
    """What a block tells beside the kind of its layer: see ``show_...`` of ``diagram``."""

    names: bool = False
    shapes: bool = False
    dtype: bool = False
    activations: bool = False
    params: bool = False
    trainable: bool = False


@dataclass(frozen=True, repr=False)
class Diagram(Explanation):
    """A model as a picture, and a table of its layers. Made by :func:`diagram`.

    Attributes:
        model: the model.
        graph: its blocks, who hands on to whom, and its frames.
        shown: what the blocks tell.
        rankdir: where the arrows lead.
        neurons: whether its neurons are drawn instead of blocks.
        most: rows of blocks up to which each is drawn.
    """

    model: Model
    graph: Graph
    shown: Shown
    rankdir: str = "TB"
    neurons: bool = False
    most: int = ROWS

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of model {self.model.name!r}>"

    @property
    def title(self) -> str:
        """The model's name and class."""
        return _("Model: {name}").format(name=f"{self.model.name} ({type(self.model).__name__})")

    def write(self, path: str | os.PathLike[str], dpi: float = plots.DPI) -> None:
        """Write the picture alone, as PNG, SVG or PDF.

        Args:
            path: the file; its ending says how.
            dpi: pixels an inch, for PNG.

        Raises:
            ArgumentError: the ending is another, or the picture would have too many pixels.
            SaveError: the file cannot be written.
        """
        if not isinstance(path, str | os.PathLike):
            raise ArgumentTypeError(f"to_file is the name of a file, not {path!r}")
        dpi = number("diagram", "dpi", dpi, above=0)
        figure = self.figure()
        longest = max(figure.get_size_inches())
        if os.fspath(path).lower().endswith(".png") and longest * dpi > _PIXELS:
            raise ArgumentError(
                f"{os.fspath(path)}: {longest:.0f} inches at dpi={dpi:g} are more than "
                f"{_PIXELS:,} pixels; take dpi={math.floor(_PIXELS / longest)} or less, or "
                "write SVG"
            )
        plots.save(figure, path, dpi)


def diagram(
    model: Any,
    *,
    show_shapes: bool = True,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    show_layer_activations: bool = True,
    show_trainable: bool = True,
    show_params: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    neurons: bool | None = False,
    most: int = ROWS,
) -> Diagram:
    """Show a model as a picture, with a table of its layers.

    Each layer is a block, and arrows say whose result goes where; what the model computes between
    its layers, such as the sum of a residual connection, is drawn as operations. A layer that is
    called twice is drawn twice. The arrows are found by tracing the model.

    Args:
        model: a model. One with its own ``call`` must have been called on data once.
        show_shapes: whether blocks tell the shapes of their inputs and outputs.
        show_dtype: whether they tell their dtype.
        show_layer_names: whether they tell their name.
        show_layer_activations: whether they tell their activation function.
        show_trainable: whether they tell if their weights are trained.
        show_params: whether they tell how many numbers their weights hold.
        rankdir: ``"TB"`` draws from above to below, ``"BT"`` upwards, ``"LR"`` from left to right,
            ``"RL"`` from right to left.
        expand_nested: whether a layer made of layers becomes a frame around its blocks.
        neurons: ``True`` draws each neuron of a chain of ``Dense`` layers, with lines as wide as
            their weights are large, always from left to right; ``None`` does so for small ones.
        most: rows of blocks up to which each is drawn, at least 3; of more, those in the middle
            are drawn as one. The table lists all.

    Raises:
        ArgumentTypeError, ArgumentError: this is not a model, or its neurons cannot be drawn.
        GraphError: the model must be built first, or it cannot be traced.
        UnknownNameError: there is no such direction.

    >>> import nissl
    >>> model = nissl.Sequential([nissl.Input((3,)), nissl.layers.Dense(2, name="d")], name="m")
    >>> print(nissl.explain.diagram(model).to_markdown())
    ### Model: m (Sequential)
    <BLANKLINE>
    | Layer | Kind | Activation | Input | Output | Parameters | Trained |
    |-------|------|------------|-------|--------|-----------:|---------|
    | d | Dense | linear | (None, 3) | (None, 2) | 8 | yes |
    <BLANKLINE>
    Parameters: 8, of which 8 are trained
    """
    direction = rankdir.upper() if isinstance(rankdir, str) else rankdir
    if direction not in DIRECTIONS:
        raise UnknownNameError("rankdir", str(rankdir), DIRECTIONS)
    most = whole("diagram", "most", most, least=3)
    graph = graph_of(model, expand_nested=bool(expand_nested))
    if neurons is None:
        neurons = suits(model)
    elif neurons:
        neurons_of(model)
    shown = Shown(
        names=bool(show_layer_names),
        shapes=bool(show_shapes),
        dtype=bool(show_dtype),
        activations=bool(show_layer_activations),
        params=bool(show_params),
        trainable=bool(show_trainable),
    )
    return Diagram(model, graph, shown, direction, bool(neurons), most)


# ---- what table and picture tell -----------------------------------------------------------------
def end_name(block: Block) -> str:
    """Return what an input or an output of the model is called."""
    return f"{_('Input') if block.role == 'input' else _('Output')} {block.name}".rstrip()


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
