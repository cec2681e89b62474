"""Graphs too large for a picture: what lies in the middle becomes one block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from nissl.explain.diagrams.blocks import Block, Graph
from nissl.explain.drawing.layout import ranks_of

__all__ = ["fold"]

WIDEST = 10  # blocks beside each other up to which each is drawn


def fold(graph: Graph, most: int) -> Graph:
    """Return a graph of at most ``most`` rows of at most ``WIDEST`` blocks.

    A row are the blocks with as many others before them. What is left out, the rows in the middle
    and the last blocks of a row, is one block of the role ``"fold"``; as every way through the
    graph goes from row to row, no circle arises.

    Args:
        graph: a graph.
        most: how many rows, at least 3.
    """
    rows = ranks_of((block.key for block in graph.blocks), graph.edges)
    count = 1 + max(rows.values(), default=0)
    home: dict[str, str] = {}
    if count > most:
        first, last = most // 2, count - (most - 1 - most // 2)
        home = {key: "fold" for key, row in rows.items() if first <= row < last}
    beside = Counter[int]()
    for key in (block.key for block in graph.blocks):
        row = rows[key]
        beside[row] += 1
        if key not in home and beside[row] >= WIDEST:
            home[key] = f"fold{row}"
    sizes = Counter(home.values())
    home = {key: folded for key, folded in home.items() if sizes[folded] > 1}
    return _gathered(graph, home) if home else graph


def _gathered(graph: Graph, home: Mapping[str, str]) -> Graph:
    """The graph with the blocks of one home as one block."""
    members: dict[str, list[Block]] = {}
    for block in graph.blocks:
        if block.key in home:
            members.setdefault(home[block.key], []).append(block)
    blocks: list[Block] = []
    for block in graph.blocks:
        key = home.get(block.key)
        if key is None:
            blocks.append(block)
        elif members[key][0] is block:
            blocks.append(_folded(key, members[key]))
    edges = dict.fromkeys((home.get(a, a), home.get(b, b)) for a, b in graph.edges)
    kept = {key for block in blocks for key in block.frames}
    return replace(
        graph,
        blocks=tuple(blocks),
        edges=tuple((a, b) for a, b in edges if a != b),
        frames=tuple(frame for frame in graph.frames if frame.key in kept),
    )


def _folded(key: str, members: Sequence[Block]) -> Block:
    kinds = Counter(
        block.kind if block.role == "layer" else block.name or block.kind for block in members
    )
    told = ", ".join(f"{count} × {name}" for name, count in kinds.most_common(3))
    weights = {id(block.layer): block.params for block in members if block.layer is not None}
    trained = {block.trainable for block in members} - {None}
    frames = members[0].frames
    while any(block.frames[: len(frames)] != frames for block in members):
        frames = frames[:-1]
    return Block(
        key, "fold", str(len(members)), told + (" …" if len(kinds) > 3 else ""),
        frames=frames,
        params=sum(weights.values()),
        built=all(block.built for block in members),
        trainable=(True in trained) if trained else None,
    )  # fmt: skip
