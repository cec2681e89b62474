"""Where the nodes of a graph lie across its layers: the solution of a linear program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from nissl.errors import optional
from nissl.explain.drawing.layers import Net, Size

_LANE = 0.6  # room for a passing edge, as a share of the gap between two boxes
_STRAIGHT, _SLIGHT = 20.0, 0.01  # how much long edges count, and what decides between equals


def places(
    net: Net,
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
