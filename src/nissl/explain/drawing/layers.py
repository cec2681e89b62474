"""The layers of a graph: which nodes and passing edges stand in each, and in which order."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

Size: TypeAlias = tuple[float, float]
Path: TypeAlias = tuple[str, ...]  # frames around something, outermost first

_SWEEPS = 12


@dataclass(frozen=True)
class Row:
    """Where a layer begins and ends; ``low`` and ``high`` with the rims of frames."""

    low: float
    start: float
    end: float
    high: float

    def around(self, length: float) -> Size:
        """Where a box of this length begins and ends."""
        return (self.start + self.end - length) / 2, (self.start + self.end + length) / 2


class Net:
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
    ) -> tuple[list[Row], dict[str, Size]]:
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
        found: list[Row] = []
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
            found.append(Row(low, start, end, high))
        return found, along


def _mean(numbers: Iterable[float], otherwise: float) -> float:
    listed = list(numbers)
    return sum(listed) / len(listed) if listed else otherwise
