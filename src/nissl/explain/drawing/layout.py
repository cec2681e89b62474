"""Where the boxes of a directed graph go, and how its edges run between them without crossing one.

In layers, after Sugiyama, Tagawa and Toda (1981): each node stands one layer after the last of
those that it depends on; an edge that passes layers is given a point of its own in each; the order
in a layer is that of the barycentres of the neighbours, swept to and fro. Where things lie across
the layers is a linear program: distances, and frames around nodes, are kept; long edges are as
straight, and nodes as near to the middle of their neighbours, as they can be.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Generic, TypeAlias, TypeVar

from nissl.errors import ArgumentError
from nissl.explain.drawing.layers import Net, Path, Row, Size
from nissl.explain.drawing.places import places

__all__ = ["TITLE", "Layout", "Rectangle", "layout", "ranks_of"]

Node = TypeVar("Node", bound=Hashable)
Point: TypeAlias = tuple[float, float]

TITLE = 0.26  # height of a frame's title, in inches as all lengths here
_PAD, _RIM = 0.14, 0.1  # between a frame and what stands in it, across and along the layers
_HEAD = TITLE + 0.14  # the same below a title, with room for the head of an arrow
_NOTHING = 1e-9  # a length that is none
_PORTS = 0.6  # share of a box's side along which edges arrive and leave


@dataclass(frozen=True)
class Rectangle:
    """A rectangle, ``y`` upwards."""

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

    def overlaps(self, other: Rectangle) -> bool:
        """Whether the two have a part in common."""
        beside = self.right <= other.left or self.left >= other.right
        return not (beside or self.top <= other.bottom or self.bottom >= other.top)


@dataclass(frozen=True)
class Layout(Generic[Node]):
    """Places of the boxes of a graph and of its edges.

    Attributes:
        boxes: where each box stands.
        layers: number of each node's layer, from 0.
        routes: for each edge, in the order given, the corners of the line that is its way.
        frames: where each frame lies, outer frames first.
        size: width and height of all; everything lies between ``(0, 0)`` and it.
    """

    boxes: dict[Node, Rectangle]
    layers: dict[Node, int]
    routes: tuple[tuple[Point, ...], ...]
    frames: dict[str, Rectangle]
    size: Size


def layout(
    nodes: Mapping[Node, Size],
    edges: Sequence[tuple[Node, Node]],
    *,
    gap: Size = (0.8, 0.4),
    direction: str = "LR",
    inside: Mapping[Node, Path] | None = None,
    titles: Mapping[str, float] | None = None,
) -> Layout[Node]:
    """Lay out a directed graph without cycles.

    Args:
        nodes: width and height of each node's box; the order matters where nothing else decides.
        edges: from whom to whom; a pair may stand more than once.
        gap: least distance between two layers, and between two boxes of one layer.
        direction: where edges lead: ``"TB"`` down, ``"BT"`` up, ``"LR"`` right, ``"RL"`` left.
        inside: the frames around nodes, outermost first; a frame has nothing else in it.
        titles: width of the title that each frame has at its top.

    Raises:
        ArgumentError: an edge names no node, or the edges run in a circle.
        MissingDependencyError: SciPy is not installed.

    >>> made = layout({"x": (1, 1), "y": (1, 1), "z": (1, 1)}, [("x", "z"), ("y", "z")])
    >>> made.layers
    {'x': 0, 'y': 0, 'z': 1}
    >>> made.boxes["z"].middle
    (2.3, 1.2)
    """
    numbers = {node: number for number, node in enumerate(nodes)}
    for pair in edges:
        for node in pair:
            if node not in numbers:
                raise ArgumentError(f"layout: the edge {pair!r} names {node!r}, which is no node")
    ranks, around = ranks_of(nodes, edges), inside or {}
    down = direction in ("TB", "BT")
    # worked out from left to right: `along` the edges, and `across` from above to below
    sizes = [(h, w) if down else (w, h) for w, h in nodes.values()]
    net = Net([ranks[node] for node in nodes], [around.get(node, ()) for node in nodes])
    net.connect([(numbers[a], numbers[b]) for a, b in edges])
    net.arrange()
    wide = {key: (titles or {}).get(key, 0.0) + 2 * _PAD for key in net.spans}
    rims = {"TB": (_HEAD, _RIM), "BT": (_RIM, _HEAD)}.get(direction, (_RIM, _RIM))
    rows, along = net.rows([length for length, _ in sizes], gap[0], rims, {} if down else wide)
    breadths = [breadth for _, breadth in sizes] + [0.0] * (len(net.paths) - len(sizes))
    pads = (_PAD, _PAD) if down else (TITLE, _PAD)
    across, sides = places(net, breadths, gap[1], pads, wide if down else {})
    routes = _routes(net, across, sizes, rows)
    spans = [(a - size[1] / 2, a + size[1] / 2) for a, size in zip(across, sizes, strict=False)]
    ways = [(a, a) for route in routes for _, a in route]
    low = min((a for a, _ in [*spans, *ways, *sides.values()]), default=0.0)
    high = max((b for _, b in [*spans, *ways, *sides.values()]), default=0.0)
    size = round(high - low, 9), round(rows[-1].high, 9) if rows else 0.0

    def turned(forth: float, side: float) -> Point:
        forth = round(size[1] - forth if direction in ("TB", "RL") else forth, 9)
        return (round(side - low, 9), forth) if down else (forth, round(high - side, 9))

    def rectangle(way: Size, span: Size) -> Rectangle:
        (x0, y0), (x1, y1) = turned(way[0], span[0]), turned(way[1], span[1])
        return Rectangle(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0))

    return Layout(
        {
            node: rectangle(rows[ranks[node]].around(sizes[i][0]), spans[i])
            for node, i in numbers.items()
        },
        {node: ranks[node] for node in nodes},
        tuple(tuple(turned(*point) for point in route) for route in routes),
        {key: rectangle(along[key], sides[key]) for key in net.spans},
        size if down else (size[1], size[0]),
    )


def ranks_of(nodes: Iterable[Node], edges: Iterable[tuple[Node, Node]]) -> dict[Node, int]:
    """Return for each node the number of edges on the longest way to it.

    Raises:
        ArgumentError: the edges run in a circle.

    >>> ranks_of("xyz", [("x", "y"), ("y", "z"), ("x", "z")])
    {'x': 0, 'y': 1, 'z': 2}
    """
    before: dict[Node, list[Node]] = {node: [] for node in nodes}
    for source, target in edges:
        before[target].append(source)
    ranks: dict[Node, int] = {}
    try:
        for node in TopologicalSorter(before).static_order():
            ranks[node] = max((ranks[each] + 1 for each in before[node]), default=0)
    except CycleError as error:
        raise ArgumentError(
            "layout: the edges run in a circle, so there is no first node"
        ) from error
    return ranks


def _routes(
    net: Net,
    across: Sequence[float],
    sizes: Sequence[Size],
    rows: Sequence[Row],
) -> list[list[Point]]:
    """The way of each edge: straight through a layer, slanted between two."""
    breadths = [size[1] for size in sizes]
    leaving, arriving = (_ports(net, across, breadths, towards) for towards in (1, -2))
    routes: list[list[Point]] = []
    for number, chain in enumerate(net.chains):
        first, last = chain[0], chain[-1]
        start, end = rows[net.ranks[first]], rows[net.ranks[last]]
        out, into = across[first] + leaving[number], across[last] + arriving[number]
        route = [(start.around(sizes[first][0])[1], out), (start.high, out)]
        for point in chain[1:-1]:
            row = rows[net.ranks[point]]
            route += [(row.low, across[point]), (row.high, across[point])]
        route += [(end.low, into), (end.around(sizes[last][0])[0], into)]
        routes.append(_corners(route))
    return routes


def _ports(
    net: Net, across: Sequence[float], breadths: Sequence[float], towards: int
) -> list[float]:
    """For each edge, how far from its box's middle it leaves (towards 1) or arrives (-2)."""
    box = 0 if towards == 1 else -1
    groups: dict[int, list[int]] = {}
    for number, chain in enumerate(net.chains):
        groups.setdefault(chain[box], []).append(number)
    found = [0.0] * len(net.chains)
    for node, group in groups.items():
        group.sort(key=lambda number: across[net.chains[number][towards]])
        side = breadths[node] * _PORTS
        for position, number in enumerate(group):
            found[number] = side * ((position + 0.5) / len(group) - 0.5)
    return found


def _corners(route: Sequence[Point]) -> list[Point]:
    """A route without the points between two others on one straight line along the layers."""
    kept = [route[0]]
    for point in route[1:]:
        level = abs(point[1] - kept[-1][1]) < _NOTHING
        if level and len(kept) > 1 and abs(kept[-1][1] - kept[-2][1]) < _NOTHING:
            kept[-1] = point
        elif not level or abs(point[0] - kept[-1][0]) > _NOTHING:
            kept.append(point)
    return kept
