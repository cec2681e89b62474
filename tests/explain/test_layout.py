"""The layout of graphs: boxes apart, in layers, and no edge across a box."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nissl.errors import ArgumentError
from nissl.explain.drawing.layout import Layout, Rectangle, layout

Sizes = dict[int, tuple[float, float]]


def faults(made: Layout[int], sizes: Sizes, edges: list[tuple[int, int]]) -> list[str]:
    """What is wrong with a layout."""
    found: list[str] = []
    boxes = {node: (r.left, r.bottom, r.right, r.top) for node, r in made.boxes.items()}
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
def graphs(draw: st.DrawFn) -> tuple[Sizes, list[tuple[int, int]], str]:
    count = draw(st.integers(1, 12))
    lengths = st.floats(0.3, 3)
    sizes = {node: (draw(lengths), draw(lengths)) for node in range(count)}
    pairs = list(combinations(range(count), 2))
    edges = draw(st.lists(st.sampled_from(pairs), max_size=24)) if pairs else []
    return sizes, edges, draw(st.sampled_from(["TB", "BT", "LR", "RL"]))


@given(graphs())
@settings(max_examples=80)
def test_boxes_are_apart_and_edges_cross_none(
    graph: tuple[Sizes, list[tuple[int, int]], str],
) -> None:
    sizes, edges, direction = graph
    made = layout(sizes, edges, direction=direction)
    assert faults(made, sizes, edges) == []
    assert layout(sizes, edges, direction=direction) == made


PATHS = [(), (), ("f",), ("f", "g"), ("f", "g"), ("h",)]


def frame_faults(made: Layout[int], paths: dict[int, tuple[str, ...]]) -> list[str]:
    """What is wrong with frames: what they cut, what they leave out, titles without room."""
    found: list[str] = []
    for key, frame in made.frames.items():
        for node, box in made.boxes.items():
            if not (contains(frame, box) if key in paths[node] else apart(frame, box)):
                found.append(f"frame {key} and box {node}")
        if key != "f" and frame.width < 2.0 - 1e-6:
            found.append(f"the title of frame {key} has no room")
    for one, other in combinations(made.frames, 2):
        a, b = made.frames[one], made.frames[other]
        if not (contains(a, b) if (one, other) == ("f", "g") else apart(a, b)):
            found.append(f"frames {one} and {other}")
    return found


def contains(a: Rectangle, b: Rectangle) -> bool:
    return a.left < b.left and a.right > b.right and a.bottom < b.bottom and a.top > b.top


def apart(a: Rectangle, b: Rectangle) -> bool:
    return (
        a.left > b.right - 1e-6 or a.right < b.left + 1e-6
        or a.bottom > b.top - 1e-6 or a.top < b.bottom + 1e-6
    )  # fmt: skip


@given(graphs(), st.lists(st.sampled_from(PATHS), min_size=12, max_size=12))
@settings(max_examples=80)
def test_frames_have_in_them_what_belongs_there(
    graph: tuple[Sizes, list[tuple[int, int]], str], drawn: list[tuple[str, ...]]
) -> None:
    sizes, edges, direction = graph
    paths = {node: drawn[node] for node in sizes}
    titles = {"g": 2.0, "h": 2.0}
    made = layout(sizes, edges, direction=direction, inside=paths, titles=titles)
    assert faults(made, sizes, edges) == []
    assert frame_faults(made, paths) == []


def test_the_checker_of_frames_catches_what_it_must() -> None:
    sizes: Sizes = {0: (1, 1), 1: (1, 1), 2: (1, 1)}
    paths: dict[int, tuple[str, ...]] = {0: (), 1: ("f",), 2: ("f", "g")}
    made = layout(sizes, [(0, 1), (1, 2)], inside=paths, titles={"g": 2.0})
    assert frame_faults(made, paths) == []
    assert frame_faults(made, {**paths, 0: ("f",)}) == ["frame f and box 0"]
    assert frame_faults(made, {**paths, 1: ()}) == ["frame f and box 1"]
    small = replace(made, frames={**made.frames, "g": made.boxes[2]})
    assert "the title of frame g has no room" in frame_faults(small, paths)
    onto = replace(made, frames={"f": made.frames["f"], "g": made.frames["f"]})
    assert "frames f and g" in frame_faults(onto, paths)


def test_the_checker_catches_a_box_put_in_the_way() -> None:
    sizes: Sizes = {0: (1, 1), 1: (1, 1), 2: (1, 1), 3: (1, 1)}
    edges = [(0, 1), (1, 2), (0, 2)]
    made = layout(sizes, edges)
    assert faults(made, sizes, edges) == []
    middle = made.routes[2][len(made.routes[2]) // 2]
    there = Rectangle(middle[0] - 0.5, middle[1] - 0.5, 1, 1)
    moved = replace(made, boxes={**made.boxes, 3: there})
    assert any("crosses box 3" in fault for fault in faults(moved, sizes, edges))
    onto = replace(made, boxes={**made.boxes, 3: made.boxes[1]})
    assert any("overlap" in fault for fault in faults(onto, sizes, edges))


def test_a_long_edge_goes_round_the_boxes_and_few_edges_cross() -> None:
    made = layout(
        dict.fromkeys("abcd", (1.0, 1.0)), [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]
    )
    assert [made.layers[node] for node in "abcd"] == [0, 1, 2, 3]
    straight = layout(
        dict.fromkeys("abxy", (1.0, 1.0)), [("a", "y"), ("b", "x")]
    )  # as given, the two would cross
    above = straight.boxes["a"].top > straight.boxes["b"].top
    assert (straight.boxes["y"].top > straight.boxes["x"].top) == above


def test_what_is_no_such_graph_is_refused() -> None:
    with pytest.raises(ArgumentError, match="in a circle"):
        layout({"a": (1, 1), "b": (1, 1)}, [("a", "b"), ("b", "a")])
    with pytest.raises(ArgumentError, match="'c', which is no node"):
        layout({"a": (1, 1)}, [("a", "c")])
    assert layout({}, []).boxes == {}
