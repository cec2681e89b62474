"""Where the boxes of a directed graph go, and how its edges run between them without crossing one.

In layers, after Sugiyama, Tagawa and Toda (1981): each node stands one layer after the last of
those that it depends on; an edge that passes layers is given a place of its own in each; the order
in a layer is that of the barycentres of the neighbours, swept to and fro; and places are the
nearest to the neighbours' that keep the order and the distances (a least-squares fit by pooling
adjacent violators).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Generic, TypeVar

from nissl.errors import ArgumentError

__all__ = ["Layout", "layout", "ranks_of"]

Node = TypeVar("Node", bound=Hashable)
Point = tuple[float, float]
Size = tuple[float, float]

_SWEEPS = 12
_LANE = 0.6  # room for a passing edge, as a share of the gap between two boxes
_STRAIGHT = 4.0  # how much more than boxes passing edges insist on their place
_NOTHING = 1e-9  # a length that is none
_PORTS = 0.6  # share of a box's side along which edges arrive and leave


@dataclass(frozen=True)
class Layout(Generic[Node]):
    """Places of the boxes of a graph and of its edges, in the unit of the sizes given.

    Attributes:
        centres: ``(x, y)`` of each box's middle; ``y`` grows upwards.
        layers: number of each node's layer, from 0.
        routes: for each edge, in the order given, the corners of the line that is its way.
        size: width and height of all; everything lies between ``(0, 0)`` and it.
    """

    centres: dict[Node, Point]
    layers: dict[Node, int]
    routes: tuple[tuple[Point, ...], ...]
    size: Size


def layout(
    nodes: Mapping[Node, Size],
    edges: Sequence[tuple[Node, Node]],
    *,
    gap: Size = (0.8, 0.4),
    down: bool = False,
) -> Layout[Node]:
    """Lay out a directed graph without cycles, from left to right or from above to below.

    Args:
        nodes: width and height of each node's box; the order matters where nothing else decides.
        edges: from whom to whom; a pair may stand more than once.
        gap: least distance between two layers, and between two boxes of one layer.
        down: whether layers follow each other downwards.

    Raises:
        ArgumentError: an edge names no node, or the edges run in a circle.

    >>> made = layout({"x": (1, 1), "y": (1, 1), "z": (1, 1)}, [("x", "z"), ("y", "z")])
    >>> made.layers
    {'x': 0, 'y': 0, 'z': 1}
    >>> made.centres["z"]
    (2.3, 1.2)
    """
    numbers = {node: number for number, node in enumerate(nodes)}
    for pair in edges:
        for node in pair:
            if node not in numbers:
                raise ArgumentError(f"layout: the edge {pair!r} names {node!r}, which is no node")
    pairs = [(numbers[a], numbers[b]) for a, b in edges]
    # worked out from left to right: `along` the edges, and `across` from above to below
    sizes = [(h, w) if down else (w, h) for w, h in nodes.values()]
    found = ranks_of(nodes, edges)
    ranks = [found[node] for node in nodes]
    net = _Net(ranks, pairs, [across for _, across in sizes], gap[1])
    net.arrange()
    across = net.places()
    starts, ends = _columns(ranks, [along for along, _ in sizes], gap[0])
    along = [(starts[rank] + ends[rank]) / 2 for rank in ranks]
    routes = _routes(net, across, sizes, along, starts, ends)

    places = [(a, s[1]) for a, s in zip(across, sizes, strict=False)]
    low = min((a - s / 2 for a, s in places), default=0.0)
    ways = [a for route in routes for _, a in route]
    low = min([low, *ways])
    high = max([*(a + s / 2 for a, s in places), *ways], default=0.0)
    length = ends[-1] if ends else 0.0

    def turned(point: Point) -> Point:
        forth, side = round(point[0], 9), round(point[1] - low, 9)
        return (side, round(length - forth, 9)) if down else (forth, round(high - low - side, 9))

    return Layout(
        {node: turned((along[i], across[i])) for node, i in numbers.items()},
        {node: found[node] for node in nodes},
        tuple(tuple(turned(point) for point in route) for route in routes),
        (high - low, length) if down else (length, high - low),
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


def _columns(
    ranks: Sequence[int], lengths: Sequence[float], gap: float
) -> tuple[list[float], list[float]]:
    """Where each layer begins and ends."""
    starts: list[float] = []
    ends: list[float] = []
    for rank in range(max(ranks, default=-1) + 1):
        starts.append(ends[-1] + gap if ends else 0.0)
        widest = max(n for n, r in zip(lengths, ranks, strict=True) if r == rank)
        ends.append(starts[-1] + widest)
    return starts, ends


class _Net:
    """The graph with a point in every layer that an edge passes; numbers from ``count`` on."""

    def __init__(
        self,
        ranks: Sequence[int],
        pairs: Sequence[tuple[int, int]],
        breadths: Sequence[float],
        gap: float,
    ) -> None:
        self.count = len(ranks)
        self.gap = gap
        self.breadths = [*breadths]
        self.layers: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
        for node, rank in enumerate(ranks):
            self.layers[rank].append(node)
        self.before: list[list[int]] = [[] for _ in ranks]
        self.after: list[list[int]] = [[] for _ in ranks]
        self.chains: list[list[int]] = []  # of each edge: source, the points it passes, target
        for a, b in pairs:
            chain = [a]
            for rank in range(ranks[a] + 1, ranks[b]):
                chain.append(len(self.breadths))
                self.layers[rank].append(chain[-1])
                self.breadths.append(0.0)
                self.before.append([])
                self.after.append([])
            chain.append(b)
            for first, second in pairwise(chain):
                self.after[first].append(second)
                self.before[second].append(first)
            self.chains.append(chain)

    def arrange(self) -> None:
        """Order each layer so that few edges cross."""
        best, fewest = [[*layer] for layer in self.layers], self.crossings()
        for sweep in range(_SWEEPS):
            if not fewest:
                break
            forth = sweep % 2 == 0
            neighbours = self.before if forth else self.after
            for layer in self.layers if forth else reversed(self.layers):
                place = self._order()
                centre = {
                    node: _mean((place[each] for each in neighbours[node]), place[node])
                    for node in layer
                }
                layer.sort(key=centre.__getitem__)
            crossings = self.crossings()
            if crossings < fewest:
                best, fewest = [[*layer] for layer in self.layers], crossings
        self.layers = best

    def _order(self) -> dict[int, float]:
        return {
            node: (position + 0.5) / len(layer)
            for layer in self.layers
            for position, node in enumerate(layer)
        }

    def crossings(self) -> int:
        """Count the pairs of edges that cross between two layers."""
        total = 0
        for left, right in pairwise(self.layers):
            place = {node: position for position, node in enumerate(right)}
            seen: list[int] = []
            for node in left:
                ends = sorted(place[each] for each in self.after[node])
                total += sum(len(seen) - bisect_right(seen, end) for end in ends)
                for end in ends:
                    insort(seen, end)
        return total

    def _distance(self, above: int, below: int) -> float:
        passing = above >= self.count or below >= self.count
        both = above >= self.count and below >= self.count
        gap = self.gap * (_LANE / 2 if both else _LANE if passing else 1.0)
        return (self.breadths[above] + self.breadths[below]) / 2 + gap

    def places(self) -> list[float]:
        """Where each node lies across its layer."""
        found = [0.0] * len(self.breadths)
        for layer in self.layers:
            for above, below in pairwise(layer):
                found[below] = found[above] + self._distance(above, below)
            if layer:
                middle = (found[layer[0]] + found[layer[-1]]) / 2
                for node in layer:
                    found[node] -= middle
        for sweep in range(2 * _SWEEPS):
            forth = sweep % 2 == 0
            neighbours = self.before if forth else self.after
            for layer in self.layers if forth else reversed(self.layers):
                wanted = [
                    _mean((found[i] for i in neighbours[node]), found[node]) for node in layer
                ]
                weights = [
                    _STRAIGHT if node >= self.count else 1.0 if neighbours[node] else 0.1
                    for node in layer
                ]
                gaps = [self._distance(a, b) for a, b in pairwise(layer)]
                for node, place in zip(layer, _spaced(wanted, weights, gaps), strict=True):
                    found[node] = place
        return found


def _mean(numbers: Iterable[float], otherwise: float) -> float:
    listed = list(numbers)
    return sum(listed) / len(listed) if listed else otherwise


def _spaced(
    wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]
) -> list[float]:
    """The places nearest to those wanted, in order, and as far from each other as ``gaps`` say."""
    offsets = [0.0]
    for gap in gaps:
        offsets.append(offsets[-1] + gap)
    blocks: list[tuple[float, float, int]] = []  # mean, weight, how many: pooled while out of order
    for place, offset, weight in zip(wanted, offsets, weights, strict=False):
        mean, mass, count = place - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, more, number = blocks.pop()
            mean = (mean * mass + other * more) / (mass + more)
            mass, count = mass + more, count + number
        blocks.append((mean, mass, count))
    pooled = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(pooled, offsets, strict=False)]


def _routes(
    net: _Net,
    across: Sequence[float],
    sizes: Sequence[Size],
    along: Sequence[float],
    starts: Sequence[float],
    ends: Sequence[float],
) -> list[list[Point]]:
    """The way of each edge: straight through a layer, slanted between two."""
    leaving = _ports(net, across, 1)
    arriving = _ports(net, across, -2)
    rank = {node: number for number, layer in enumerate(net.layers) for node in layer}
    routes: list[list[Point]] = []
    for number, chain in enumerate(net.chains):
        first, last = chain[0], chain[-1]
        out, into = across[first] + leaving[number], across[last] + arriving[number]
        route = [(along[first] + sizes[first][0] / 2, out), (ends[rank[first]], out)]
        for point in chain[1:-1]:
            route += [(starts[rank[point]], across[point]), (ends[rank[point]], across[point])]
        route += [(starts[rank[last]], into), (along[last] - sizes[last][0] / 2, into)]
        routes.append(_corners(route))
    return routes


def _ports(net: _Net, across: Sequence[float], towards: int) -> list[float]:
    """For each edge, how far from its box's middle it leaves (towards 1) or arrives (-2)."""
    box = 0 if towards == 1 else -1
    groups: dict[int, list[int]] = {}
    for number, chain in enumerate(net.chains):
        groups.setdefault(chain[box], []).append(number)
    found = [0.0] * len(net.chains)
    for node, group in groups.items():
        group.sort(key=lambda number: across[net.chains[number][towards]])
        side = net.breadths[node] * _PORTS
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
