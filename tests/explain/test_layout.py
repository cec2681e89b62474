"""The layout of graphs: boxes apart, in layers, and no edge across a box."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nissl.errors import ArgumentError
from nissl.explain.drawing.layout import Layout, layout

Sizes = dict[int, tuple[float, float]]


def faults(made: Layout[int], sizes: Sizes, edges: list[tuple[int, int]]) -> list[str]:
    """What is wrong with a layout."""
    found: list[str] = []
    boxes = {
        node: (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        for node, (x, y) in made.centres.items()
        for w, h in [sizes[node]]
    }
    for (a, first), (b, second) in combinations(boxes.items(), 2):
        if all(
            first[axis] < second[axis + 2] - 1e-6 and second[axis] < first[axis + 2] - 1e-6
            for axis in (0, 1)
        ):
            found.append(f"boxes {a} and {b} overlap")
    for (a, b), route in zip(edges, made.routes, strict=True):
        if made.layers[a] >= made.layers[b]:
            found.append(f"edge {a} -> {b} does not lead to a later layer")
        if not on_border(route[0], boxes[a]) or not on_border(route[-1], boxes[b]):
            found.append(f"edge {a} -> {b} does not run from box to box")
        for node, (x0, y0, x1, y1) in boxes.items():
            for start, end in pairwise(route):
                for step in range(21):
                    x = start[0] + (end[0] - start[0]) * step / 20
                    y = start[1] + (end[1] - start[1]) * step / 20
                    if x0 + 1e-6 < x < x1 - 1e-6 and y0 + 1e-6 < y < y1 - 1e-6:
                        found.append(f"edge {a} -> {b} crosses box {node}")
    for x0, y0, x1, y1 in boxes.values():
        if min(x0, y0) < -1e-6 or x1 > made.size[0] + 1e-6 or y1 > made.size[1] + 1e-6:
            found.append("a box lies outside")
    return found


def on_border(point: tuple[float, float], box: tuple[float, float, float, float]) -> bool:
    x, y = point
    inside = box[0] - 1e-6 <= x <= box[2] + 1e-6 and box[1] - 1e-6 <= y <= box[3] + 1e-6
    near = min(abs(x - box[0]), abs(x - box[2]), abs(y - box[1]), abs(y - box[3])) < 1e-6
    return inside and near


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Sizes, list[tuple[int, int]], bool]:
    count = draw(st.integers(1, 12))
    lengths = st.floats(0.3, 3)
    sizes = {node: (draw(lengths), draw(lengths)) for node in range(count)}
    pairs = list(combinations(range(count), 2))
    edges = draw(st.lists(st.sampled_from(pairs), max_size=24)) if pairs else []
    return sizes, edges, draw(st.booleans())


@given(graphs())
@settings(max_examples=80)
def test_boxes_are_apart_and_edges_cross_none(
    graph: tuple[Sizes, list[tuple[int, int]], bool],
) -> None:
    sizes, edges, down = graph
    made = layout(sizes, edges, down=down)
    assert faults(made, sizes, edges) == []
    assert layout(sizes, edges, down=down) == made


def test_the_checker_catches_a_box_put_in_the_way() -> None:
    sizes: Sizes = {0: (1, 1), 1: (1, 1), 2: (1, 1), 3: (1, 1)}
    edges = [(0, 1), (1, 2), (0, 2)]
    made = layout(sizes, edges)
    assert faults(made, sizes, edges) == []
    middle = made.routes[2][len(made.routes[2]) // 2]
    moved = Layout({**made.centres, 3: middle}, made.layers, made.routes, made.size)
    assert any("crosses box 3" in fault for fault in faults(moved, sizes, edges))
    onto = Layout({**made.centres, 3: made.centres[1]}, made.layers, made.routes, made.size)
    assert any("overlap" in fault for fault in faults(onto, sizes, edges))


def test_a_long_edge_goes_round_the_boxes_and_few_edges_cross() -> None:
    made = layout(
        dict.fromkeys("abcd", (1.0, 1.0)), [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]
    )
    assert [made.layers[node] for node in "abcd"] == [0, 1, 2, 3]
    straight = layout(
        dict.fromkeys("abxy", (1.0, 1.0)), [("a", "y"), ("b", "x")]
    )  # as given, the two would cross
    above = straight.centres["a"][1] > straight.centres["b"][1]
    assert (straight.centres["y"][1] > straight.centres["x"][1]) == above


def test_what_is_no_such_graph_is_refused() -> None:
    with pytest.raises(ArgumentError, match="in a circle"):
        layout({"a": (1, 1), "b": (1, 1)}, [("a", "b"), ("b", "a")])
    with pytest.raises(ArgumentError, match="'c', which is no node"):
        layout({"a": (1, 1)}, [("a", "c")])
    assert layout({}, []).centres == {}
