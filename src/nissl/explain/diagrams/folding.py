"""Graphs too large for a picture: what lies in the middle becomes one block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nissl.explain.diagrams.blocks import Block, Graph

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
    rows = _rows(graph)
    count = 1 + max(rows.values(), default=0)
    home: dict[str, str] = {}
    if count > most:
        first, last = most // 2, count - (most - 1 - most // 2)
        home = {key: "fold" for key, row in rows.items() if first <= row < last}
    beside: dict[int, int] = {}
    for block in graph.blocks:
        row = rows[block.key]
        if block.key in home:
            continue
        beside[row] = beside.get(row, 0) + 1
        if beside[row] >= WIDEST:
            home[block.key] = f"fold{row}"
    lone = [key for key in set(home.values()) if list(home.values()).count(key) == 1]
    home = {block: key for block, key in home.items() if key not in lone}
    return _gathered(graph, home) if home else graph


def _rows(graph: Graph) -> dict[str, int]:
    """The row of each block: the greatest number of blocks on a way to it."""
    rows = {block.key: 0 for block in graph.blocks}
    after: dict[str, list[str]] = {block.key: [] for block in graph.blocks}
    for source, target in graph.edges:
        after[source].append(target)
    for block in graph.blocks:  # each stands after all that it depends on
        for target in after[block.key]:
            rows[target] = max(rows[target], rows[block.key] + 1)
    return rows


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
    kinds: dict[str, int] = {}
    for block in members:
        name = block.kind if block.role == "layer" else block.name or block.kind
        kinds[name] = kinds.get(name, 0) + 1
    listed = sorted(kinds.items(), key=lambda item: -item[1])
    told = ", ".join(f"{count} × {name}" for name, count in listed[:3])
    weights = {id(block.layer): block.params for block in members if block.layer is not None}
    trained = {block.trainable for block in members} - {None}
    frames = members[0].frames
    while any(block.frames[: len(frames)] != frames for block in members):
        frames = frames[:-1]
    return Block(
        key, "fold", str(len(members)), told + (" …" if len(listed) > 3 else ""),
        frames=frames,
        params=sum(weights.values()),
        built=all(block.built for block in members),
        trainable=(True in trained) if trained else None,
    )  # fmt: skip
