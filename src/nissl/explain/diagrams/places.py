"""Where the blocks of a model stand in its picture, its frames around them, and the arrows.

Each frame is laid out for itself and stands in the one around it as if it were a block. An edge
that crosses the border of a frame is cut there, and its parts are joined in the end.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from nissl.explain.diagrams.blocks import Graph
from nissl.explain.drawing.layout import layout, ranks_of

__all__ = ["TITLE", "Picture", "Rectangle", "place"]

Point: TypeAlias = tuple[float, float]
Size: TypeAlias = tuple[float, float]
Edge: TypeAlias = tuple[str, str]

GAP: Size = (0.4, 0.3)  # inches between two rows, and between two blocks of one
PAD = 0.14  # between a frame and what stands in it
TITLE = 0.26  # height of a frame's title
_RIM = 0.06  # of an arrow inside a frame, before it may bend
_POINT: Size = (1e-6, 1e-6)  # the room that a crossing takes


@dataclass(frozen=True)
class Rectangle:
    """A rectangle; lengths in inches, ``y`` upwards."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right side."""
        return self.left + self.width

    @property
    def top(self) -> float:
        """Its upper side."""
        return self.bottom + self.height

    @property
    def middle(self) -> Point:
        """Its middle."""
        return self.left + self.width / 2, self.bottom + self.height / 2


@dataclass(frozen=True)
class Picture:
    """Where everything stands.

    Attributes:
        size: width and height of all.
        blocks: the rectangle of each block, by key.
        frames: the rectangle of each frame, by key; outer frames first.
        routes: for each edge the corners of its line, from block to block.
    """

    size: Size
    blocks: dict[str, Rectangle]
    frames: dict[str, Rectangle]
    routes: dict[Edge, list[Point]]


@dataclass(frozen=True)
class _Part:
    """The part of an edge that lies in one frame.

    Attributes:
        edge: the edge.
        number: which part it is, from 0.
        source, target: block, inner frame, or crossing of the frame's own border.
        leaves, enters: at an inner frame, the crossing of its border.
    """

    edge: Edge
    number: int
    source: str
    target: str
    leaves: str = ""
    enters: str = ""


@dataclass(frozen=True)
class _Level:
    """One frame, laid out; lengths from its corner below on the left."""

    size: Size
    places: dict[str, Rectangle]
    crossings: dict[str, Point]
    routes: list[tuple[_Part, list[Point]]]


def place(
    graph: Graph, sizes: Mapping[str, Size], titles: Mapping[str, float], rankdir: str = "TB"
) -> Picture:
    """Lay out a graph of blocks.

    Args:
        graph: blocks, edges and frames.
        sizes: width and height of each block, in inches.
        titles: width of each frame's title.
        rankdir: ``"TB"``, ``"BT"``, ``"LR"`` or ``"RL"``: from where to where the arrows lead.

    Raises:
        ArgumentError: edges and frames make a circle.
    """
    inside: dict[str, list[str]] = {"": [], **{frame.key: [] for frame in graph.frames}}
    paths = {block.key: ("", *block.frames, block.key) for block in graph.blocks}
    for path in paths.values():
        for outer, inner in itertools.pairwise(path):
            if inner not in inside[outer]:
                inside[outer].append(inner)
    parts: dict[str, list[_Part]] = {key: [] for key in inside}
    for edge in graph.edges:
        for frame, part in _parts(edge, paths[edge[0]], paths[edge[1]]):
            parts[frame].append(part)
    order = [""]
    for frame in order:
        order += [key for key in inside[frame] if key in inside]
    levels: dict[str, _Level] = {}
    known = dict(sizes)
    for frame in reversed(order):
        nodes = {key: known[key] for key in inside[frame]}
        levels[frame] = _level(nodes, parts[frame], levels, titles.get(frame), rankdir)
        known[frame] = levels[frame].size
    return _collected(levels, order, graph)


def _parts(edge: Edge, start: tuple[str, ...], end: tuple[str, ...]) -> list[tuple[str, _Part]]:
    """Cut an edge at the borders of frames: pairs of a frame and what lies in it."""
    shared = next(i for i, (a, b) in enumerate(zip(start, end, strict=False)) if a != b)
    out, into = f"out {edge[0]}", f"in {edge[0]}"
    leaving = len(start) - 1  # depth of the block itself, which has no border to be crossed
    arriving = len(end) - 1
    found: list[tuple[str, _Part]] = []
    for depth in range(leaving, shared, -1):
        crossing = out if depth < leaving else ""
        part = _Part(edge, len(found), start[depth], out, leaves=crossing)
        found.append((start[depth - 1], part))
    part = _Part(
        edge, len(found), start[shared], end[shared],
        leaves=out if shared < leaving else "", enters=into if shared < arriving else "",
    )  # fmt: skip
    found.append((start[shared - 1], part))
    for depth in range(shared + 1, arriving + 1):
        crossing = into if depth < arriving else ""
        part = _Part(edge, len(found), into, end[depth], enters=crossing)
        found.append((end[depth - 1], part))
    return found


def _level(
    nodes: Mapping[str, Size],
    parts: list[_Part],
    inner: Mapping[str, _Level],
    title: float | None,
    rankdir: str,
) -> _Level:
    """Lay out one frame; the whole picture has no title."""
    down = rankdir in ("TB", "BT")
    ways = dict.fromkeys((p.source, p.target, p.leaves, p.enters) for p in parts)
    pairs = [(source, target) for source, target, _, _ in ways]
    crossings = [key for pair in pairs for key in pair if key not in nodes]
    sizes = {**nodes, **dict.fromkeys(crossings, _POINT)}
    ends = [key for pair in pairs for key in pair]
    fan = max((ends.count(key) for key in sizes), default=0)  # many arrows need room to turn
    gap = (GAP[0] + min(0.05 * max(fan - 3, 0), 0.5), GAP[1])
    made = layout(sizes, [*pairs, *_waits(nodes, pairs)], gap=gap, down=down)
    width, height = made.size

    def turned(point: Point) -> Point:
        x = width - point[0] if rankdir == "RL" else point[0]
        return x, height - point[1] if rankdir == "BT" else point[1]

    thickest: dict[int, float] = {}
    for key, row in made.layers.items():
        thickest[row] = max(thickest.get(row, 0.0), sizes[key][down])
    places = {key: _around(turned(made.centres[key]), sizes[key]) for key in sizes}
    routes: dict[tuple[str, str, str, str], list[Point]] = {}
    for way, corners in zip(ways, made.routes, strict=False):
        route = _without_repeats([turned(point) for point in corners])
        for key, crossing, forth in ((way[0], way[2], True), (way[1], way[3], False)):
            if crossing:
                rectangle = places[key]
                x, y = inner[key].crossings[crossing]
                stub = sizes[key][down] < thickest[made.layers[key]] - 1e-6
                _bend(route, (rectangle.left + x, rectangle.bottom + y), forth, stub, down)
        routes[way] = route
    if title is None:
        shift, size = (0.0, 0.0), made.size
    else:
        sides = (PAD, _RIM) if down else (_RIM, PAD)
        wide = max(width + 2 * sides[0], title + 2 * PAD)
        shift = (wide - width) / 2, sides[1]
        size = wide, height + TITLE + sides[1]
    at: dict[str, Point] = {}
    for key in dict.fromkeys(crossings):
        first = key.startswith("in ") == (rankdir in ("TB", "RL"))  # above, or on the right
        x, y = places[key].middle
        across = (x + shift[0], size[1] if first else 0.0)
        at[key] = across if down else (size[0] if first else 0.0, y + shift[1])
    listed: list[tuple[_Part, list[Point]]] = []
    for part in parts:
        route = routes[part.source, part.target, part.leaves, part.enters]
        moved = [(x + shift[0], y + shift[1]) for x, y in route]
        before = [at[part.source]] if part.source in at else []
        after = [at[part.target]] if part.target in at else []
        listed.append((part, [*before, *moved, *after]))
    kept = {
        key: Rectangle(r.left + shift[0], r.bottom + shift[1], r.width, r.height)
        for key, r in places.items()
        if key in nodes
    }
    return _Level(size, kept, at, listed)


def _around(centre: Point, size: Size) -> Rectangle:
    return Rectangle(centre[0] - size[0] / 2, centre[1] - size[1] / 2, *size)


def _waits(nodes: Mapping[str, Size], pairs: list[Edge]) -> list[Edge]:
    """Edges, not drawn, by which each way out of a frame stands after all blocks in it."""
    keys = dict.fromkeys([*nodes, *itertools.chain.from_iterable(pairs)])
    rows = ranks_of(keys, pairs)
    deepest = max(nodes, key=rows.__getitem__, default="")
    ends = [key for key in keys if key.startswith("out ") and key not in nodes]
    return [(deepest, key) for key in ends if deepest and rows[key] <= rows[deepest]]


def _bend(route: list[Point], at: Point, forth: bool, stub: bool, down: bool) -> None:
    """Let a route begin, or end, where it crosses the border of a frame."""
    end, next_one = (0, 1) if forth else (-1, -2)
    route[end] = at
    if stub and len(route) > 2:  # a piece beside a thicker neighbour of the frame: keep it straight
        x, y = route[next_one]
        route[next_one] = (at[0], y) if down else (x, at[1])


def _collected(levels: Mapping[str, _Level], order: list[str], graph: Graph) -> Picture:
    """Put the frames with all that is in them where they stand."""
    corners: dict[str, Point] = {"": (0.0, 0.0)}
    blocks: dict[str, Rectangle] = {}
    frames: dict[str, Rectangle] = {}
    pieces: dict[Edge, dict[int, list[Point]]] = {edge: {} for edge in graph.edges}
    for frame in order:
        left, bottom = corners[frame]
        level = levels[frame]
        for key, r in level.places.items():
            rectangle = Rectangle(left + r.left, bottom + r.bottom, r.width, r.height)
            (frames if key in levels else blocks)[key] = rectangle
            corners[key] = rectangle.left, rectangle.bottom
        for part, route in level.routes:
            pieces[part.edge][part.number] = [(left + x, bottom + y) for x, y in route]
    routes = {
        edge: _without_repeats([point for number in sorted(found) for point in found[number]])
        for edge, found in pieces.items()
    }
    return Picture(levels[""].size, blocks, frames, routes)


def _without_repeats(route: list[Point]) -> list[Point]:
    kept = route[:1]
    for x, y in route[1:]:
        if abs(x - kept[-1][0]) + abs(y - kept[-1][1]) > 1e-5:
            kept.append((x, y))
    return kept
