"""Where the boxes of a directed graph go, and how its edges run between them without crossing one.

In layers, after Sugiyama, Tagawa and Toda (1981): each node stands one layer after the last of
those that it depends on; an edge that passes layers is given a point of its own in each; the order
in a layer is that of the barycentres of the neighbours, swept to and fro. Where things lie across
the layers is a linear program: distances, and frames around nodes, are kept; long edges are as
straight, and nodes as near to the middle of their neighbours, as they can be.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Generic, TypeAlias, TypeVar

from nissl.errors import ArgumentError, optional

__all__ = ["TITLE", "Layout", "Rectangle", "layout", "ranks_of"]

Node = TypeVar("Node", bound=Hashable)
Point: TypeAlias = tuple[float, float]
Size: TypeAlias = tuple[float, float]
Path: TypeAlias = tuple[str, ...]  # frames around something, outermost first

TITLE = 0.26  # height of a frame's title, in inches as all lengths here
_PAD, _RIM = 0.14, 0.1  # between a frame and what stands in it, across and along the layers
_HEAD = TITLE + 0.14  # the same below a title, with room for the head of an arrow
_SWEEPS = 12
_LANE = 0.6  # room for a passing edge, as a share of the gap between two boxes
_STRAIGHT, _SLIGHT = 20.0, 0.01  # how much long edges count, and what decides between equals
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
    net = _Net([ranks[node] for node in nodes], [around.get(node, ()) for node in nodes])
    net.connect([(numbers[a], numbers[b]) for a, b in edges])
    net.arrange()
    wide = {key: (titles or {}).get(key, 0.0) + 2 * _PAD for key in net.spans}
    rims = {"TB": (_HEAD, _RIM), "BT": (_RIM, _HEAD)}.get(direction, (_RIM, _RIM))
    rows, along = net.rows([length for length, _ in sizes], gap[0], rims, {} if down else wide)
    breadths = [breadth for _, breadth in sizes] + [0.0] * (len(net.paths) - len(sizes))
    pads = (_PAD, _PAD) if down else (TITLE, _PAD)
    across, sides = _across(net, breadths, gap[1], pads, wide if down else {})
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


@dataclass(frozen=True)
class _Row:
    """Where a layer begins and ends; ``low`` and ``high`` with the rims of frames."""

    low: float
    start: float
    end: float
    high: float

    def around(self, length: float) -> Size:
        """Where a box of this length begins and ends."""
        return (self.start + self.end - length) / 2, (self.start + self.end + length) / 2


class _Net:
    """The graph with a point in every layer that an edge passes; numbers from ``count`` on."""

    def __init__(self, ranks: Sequence[int], paths: Sequence[Path]) -> None:
        self.count = len(ranks)
        self.paths = [*paths]
        self.layers: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
        for node, rank in enumerate(ranks):
            self.layers[rank].append(node)
        self.ranks = [*ranks]
        self.before: list[list[int]] = [[] for _ in ranks]
        self.after: list[list[int]] = [[] for _ in ranks]
        self.chains: list[list[int]] = []  # of each edge: source, the points it passes, target
        around: dict[str, list[int]] = {}
        self.outer: dict[str, Path] = {}  # the frames around each frame
        for rank, path in zip(ranks, paths, strict=True):
            for depth, key in enumerate(path):
                around.setdefault(key, []).append(rank)
                self.outer.setdefault(key, path[:depth])
        self.spans = {key: (min(found), max(found)) for key, found in around.items()}
        self.keys: dict[int | str, tuple[float, float]] = {}  # by which layers are sorted

    def connect(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Add edges."""
        for a, b in pairs:
            chain = [a]
            for rank in range(self.ranks[a] + 1, self.ranks[b]):
                chain.append(len(self.paths))
                self.layers[rank].append(chain[-1])
                self.ranks.append(rank)
                self.paths.append(self._between(self.paths[a], self.paths[b], rank))
                self.before.append([])
                self.after.append([])
            chain.append(b)
            for first, second in pairwise(chain):
                self.after[first].append(second)
                self.before[second].append(first)
            self.chains.append(chain)

    def _between(self, start: Path, end: Path, rank: int) -> Path:
        """The frames around an edge where it passes a layer."""
        shared = len([1 for a, b in zip(start, end, strict=False) if a == b])
        for path in (end, start):
            within = [key for key in path[shared:] if self.has(key, rank)]
            if within:
                return (*path[:shared], *within)
        return start[:shared]

    def has(self, key: str, rank: int) -> bool:
        """Whether a frame lies around a part of a layer, or would if something of it were there."""
        return self.spans[key][0] <= rank <= self.spans[key][1]

    def key(self, item: int) -> tuple[tuple[float, float], ...]:
        """What a node is sorted by: the place of each frame around it, and its own."""
        return tuple(self.keys[each] for each in (*self.paths[item], item))

    def place(self, frame: str) -> tuple[tuple[float, float], ...]:
        """What a frame is sorted by among what is beside it."""
        return tuple(self.keys[each] for each in (*self.outer[frame], frame))

    def overlap(self, frame: str, other: str) -> bool:
        """Whether two frames have a layer in common."""
        return self.has(frame, self.spans[other][0]) or self.has(other, self.spans[frame][0])

    def arrange(self) -> None:
        """Order each layer so that few edges cross, and each frame stays together."""
        self._sort([*self.layers], [[]] * len(self.paths))
        best, fewest = ([[*layer] for layer in self.layers], dict(self.keys)), self.crossings()
        for sweep in range(_SWEEPS):
            if not fewest:
                break
            forth = sweep % 2 == 0
            layers = self.layers if forth else self.layers[::-1]
            self._sort(layers, self.before if forth else self.after)
            crossings = self.crossings()
            if crossings < fewest:
                best, fewest = ([[*layer] for layer in self.layers], dict(self.keys)), crossings
        self.layers, self.keys = best

    def _sort(self, layers: Sequence[list[int]], neighbours: Sequence[Sequence[int]]) -> None:
        place = {
            node: (position + 0.5) / len(layer)
            for layer in layers
            for position, node in enumerate(layer)
        }

        def wanted(node: int) -> float:
            return _mean((place[each] for each in neighbours[node]), place[node])

        for number, key in enumerate(self.spans):
            members = [wanted(node) for node, path in enumerate(self.paths) if key in path]
            self.keys[key] = _mean(members, 0.0), -1.0 - number
        for layer in layers:
            for node in layer:
                self.keys[node] = wanted(node), place[node]
            layer.sort(key=self.key)
            place |= {node: (n + 0.5) / len(layer) for n, node in enumerate(layer)}

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

    def rows(
        self, lengths: Sequence[float], gap: float, rims: Size, wide: Mapping[str, float]
    ) -> tuple[list[_Row], dict[str, Size]]:
        """Where the layers are, and from where to where along them each frame goes.

        Args:
            lengths: of the nodes.
            gap: between two layers.
            rims: room between where a frame begins and its first layer; the same at its end.
            wide: least lengths of frames.
        """
        begins: dict[str, int] = dict.fromkeys(self.spans, 1)  # frames in each that begin with it
        for key in reversed(self.spans):
            for outer in self.outer[key][-1:]:
                if self.spans[outer][0] == self.spans[key][0]:
                    begins[outer] = max(begins[outer], begins[key] + 1)
        found: list[_Row] = []
        along: dict[str, Size] = {}
        for rank, layer in enumerate(self.layers):
            low = found[-1].high + gap if found else 0.0
            here = [begins[key] for key, span in self.spans.items() if span[0] == rank]
            start = low + rims[0] * max(here, default=0)
            end = high = start + max(lengths[node] for node in layer if node < self.count)
            for key in reversed(self.spans):
                if self.spans[key][1] == rank:
                    first = self.spans[key][0]
                    top = found[first].start if first < rank else start
                    begin = top - rims[0] * begins[key]
                    within = [along[k][1] for k in along if self.outer[k][-1:] == (key,)]
                    stop = max([end, *within]) + rims[1]
                    along[key] = begin, max(stop, begin + wide.get(key, 0.0))
                    high = max(high, along[key][1])
            found.append(_Row(low, start, end, high))
        return found, along


def _mean(numbers: Iterable[float], otherwise: float) -> float:
    listed = list(numbers)
    return sum(listed) / len(listed) if listed else otherwise


def _across(
    net: _Net,
    breadths: Sequence[float],
    gap: float,
    pads: Size,
    wide: Mapping[str, float],
) -> tuple[list[float], dict[str, Size]]:
    """Where nodes and points lie across their layers, and from where to where each frame goes.

    Args:
        net: the graph, its layers in order.
        breadths: of the nodes and points.
        gap: between two boxes, and between a frame and a box.
        pads: between the sides of a frame and what is in it.
        wide: least widths of frames.
    """
    count = len(breadths)
    low = {key: count + 2 * number for number, key in enumerate(net.spans)}
    high = {key: number + 1 for key, number in low.items()}
    apart: list[tuple[int, int, float]] = []  # first, second, least distance
    alike: list[tuple[float, dict[int, float]]] = []  # weight, coefficients of what shall be 0

    def lane(*items: int) -> float:
        return gap * (1.0, _LANE, _LANE / 2)[sum(item >= net.count for item in items)]

    for layer in net.layers:
        for a, b in pairwise(layer):
            apart.append((a, b, (breadths[a] + breadths[b]) / 2 + lane(a, b)))
    for key in net.spans:
        apart.append((low[key], high[key], wide.get(key, 0.0)))
        alike.append((_SLIGHT, {high[key]: 1.0, low[key]: -1.0}))
        for outer in net.outer[key][-1:]:
            apart += [(low[outer], low[key], pads[0]), (high[key], high[outer], pads[1])]
        for node, path in enumerate(net.paths):
            half = breadths[node] / 2
            if key in path:
                apart += [(low[key], node, half + pads[0]), (node, high[key], half + pads[1])]
            elif net.has(key, net.ranks[node]):
                first = net.key(node) < net.place(key)
                pair = (node, low[key]) if first else (high[key], node)
                apart.append((*pair, half + lane(node)))
        for other in net.spans:
            beside = key not in net.outer[other] and other not in net.outer[key]
            if beside and net.place(key) < net.place(other) and net.overlap(key, other):
                apart.append((high[key], low[other], gap))
    for node in range(count):
        for near in (net.before[node], net.after[node]):
            if near:
                straight = node >= net.count and near[0] >= net.count
                middle = {each: -near.count(each) / len(near) for each in near}
                alike.append((_STRAIGHT if straight else 1.0, {node: 1.0, **middle}))
    for left, right in pairwise(net.layers):  # else all places of a range would be as good
        ends = {left[0]: 1.0, right[0]: -1.0}
        ends[left[-1]] = ends.get(left[-1], 0.0) + 1.0
        ends[right[-1]] = ends.get(right[-1], 0.0) - 1.0
        alike.append((_SLIGHT, ends))
    found = [round(value, 9) for value in _solved(count + 2 * len(low), apart, alike)]
    return found[:count], {key: (found[low[key]], found[high[key]]) for key in net.spans}


def _solved(
    count: int,
    apart: Sequence[tuple[int, int, float]],
    alike: Sequence[tuple[float, Mapping[int, float]]],
) -> list[float]:
    """Numbers at distances at least, with the least weighted sum of sizes of sums."""
    if not count:
        return []
    linprog = optional("scipy.optimize", "Drawing graphs", "plots").linprog
    sparse = optional("scipy.sparse", "Drawing graphs", "plots")
    rows: list[tuple[dict[int, float], float]] = [
        ({first: 1.0, second: -1.0}, -distance) for first, second, distance in apart
    ]
    for number, (_, terms) in enumerate(alike, start=count):  # |sum| is at most its variable
        rows.append(({**terms, number: -1.0}, 0.0))
        rows.append(({**{each: -c for each, c in terms.items()}, number: -1.0}, 0.0))
    entries = [(c, row, each) for row, (terms, _) in enumerate(rows) for each, c in terms.items()]
    values, places, columns = zip(*entries, strict=True) if entries else ((), (), ())
    matrix = sparse.csr_array((values, (places, columns)), (len(rows), count + len(alike)))
    costs = [0.0] * count + [weight for weight, _ in alike]
    return linprog(costs, matrix, [limit for _, limit in rows]).x[:count].tolist()


def _routes(
    net: _Net,
    across: Sequence[float],
    sizes: Sequence[Size],
    rows: Sequence[_Row],
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
    net: _Net, across: Sequence[float], breadths: Sequence[float], towards: int
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
