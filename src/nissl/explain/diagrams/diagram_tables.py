"""The table of a model's layers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from nissl.explain.diagrams.blocks import Block
from nissl.explain.diagrams.diagram import Diagram, end_name, shapes_text, trained_text
from nissl.explain.parts import Cell, Part, Table, Text, table_of
from nissl.i18n import grouped
from nissl.i18n import translate as _

__all__ = ["parts"]


def parts(shown: Diagram) -> Iterator[Part]:
    """Yield a table of the layers, and how many parameters there are in all."""
    yield Text(shown.title, heading=True)
    yield _table(shown)
    model = shown.model
    total, trained = (
        sum(weight.size for weight in weights)
        for weights in (model.weights, model.trainable_weights)
    )
    told = _("Parameters: {total}, of which {trained} are trained")
    yield Text(told.format(total=grouped(total), trained=grouped(trained)))
    if shown.graph.unused:
        names = ", ".join(layer.name for layer in shown.graph.unused)
        told = _("No output depends on these layers, so they are not drawn: {names}")
        yield Text(told.format(names=names))


def _table(shown: Diagram) -> Table:
    blocks, edges = shown.graph.blocks, shown.graph.edges
    frames = {frame.key: frame.name for frame in shown.graph.frames}
    chain = list(edges) == [(a.key, b.key) for a, b in pairwise(blocks)]
    chain = chain and all(block.role in ("input", "layer") for block in blocks)
    numbers = {block.key: str(place) for place, block in enumerate(blocks, start=1)}

    def sources(block: Block) -> str:
        return ", ".join(numbers[source] for source, end in edges if end == block.key)

    def parameters(block: Block) -> Cell:
        unbuilt = "" if block.built else " " + _("(not built)")
        return Cell(
            f"{grouped(block.params)}{unbuilt}" if block.role == "layer" else "", number=True
        )

    def shapes(block: Block, inputs: bool) -> str:
        found = block.inputs if inputs else block.outputs
        return shapes_text(found) if block.role == "layer" or found else ""

    def path(block: Block) -> str:
        return "/".join([*(frames[key] for key in block.frames), _name(block)])

    return table_of(
        [block for block in blocks if not chain or block.role == "layer"],
        [
            None if chain else (_("No."), lambda block: Cell(numbers[block.key], number=True)),
            (_("Layer"), path),
            (_("Kind"), lambda block: block.kind if block.role == "layer" else ""),
            (_("Activation"), lambda block: block.activation),
            (_("Input"), lambda block: shapes(block, True)),
            (_("Output"), lambda block: shapes(block, False)),
            (_("Parameters"), parameters),
            (_("Trained"), lambda block: trained_text(block.trainable)),
            None if chain else (_("Comes from"), sources),
        ],
    )


def _name(block: Block) -> str:
    if block.role in ("input", "output"):
        return end_name(block)
    if block.role == "op":
        return block.name or block.kind
    return block.name if block.call == 1 else f"{block.name} ({block.call})"
