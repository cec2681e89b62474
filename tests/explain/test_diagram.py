"""Pictures of models: who is connected to whom, what is told, and what is refused.

What is connected is written down by hand for each model.
"""

from __future__ import annotations

import inspect
import itertools
import threading

import numpy as np
import pytest
from drawn_models import (
    Branches,
    branches,
    chain,
    deep,
    empty,
    ends,
    nested,
    unbuilt,
    wide,
)

import nissl
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    GraphError,
    SaveError,
    ShapeError,
    UnknownNameError,
)
from nissl.explain import diagram
from nissl.explain.diagrams.blocks import graph_of
from nissl.explain.diagrams.folding import fold
from nissl.explain.diagrams.neurons import neurons_of
from nissl.layers import Activation, Dense, Dropout, Flatten
from nissl.utils import plot_model


# ---- who is connected to whom --------------------------------------------------------------------
def edges(model, **options) -> set[tuple[str, str]]:
    """Edges by names; a layer that was called before has the number of the call behind its name."""
    graph = graph_of(model, **options)
    found = {}
    for block in graph.blocks:
        name = block.name or block.role
        found[block.key] = name if block.call == 1 else f"{name}{block.call}"
    assert len(set(found.values())) == len(found)
    return {(found[a], found[b]) for a, b in graph.edges}


def test_a_chain():
    assert edges(chain()) == {("input", "flat"), ("flat", "a"), ("a", "b"), ("b", "c")}
    assert edges(unbuilt()) == {("input", "a"), ("a", "b")}
    assert edges(empty()) == set()


OUTSIDE = {
    ("input", "stem"), ("stem", "left"), ("stem", "right"), ("right", "drop"), ("drop", "×"),
    ("left", "+"), ("×", "+"), ("+", "left2"), ("concat", "head"), ("stem", "concat"),
}  # fmt: skip


def test_branches():
    model = branches()
    assert edges(model) == OUTSIDE | {("left2", "block"), ("block", "concat")}
    assert [layer.name for layer in graph_of(model).unused] == ["never"]


def test_a_residual_block_within():
    model = branches()
    graph = graph_of(model, expand_nested=True)
    assert [(frame.name, frame.kind) for frame in graph.frames] == [("block", "Residual")]
    inside = [block for block in graph.blocks if block.frames]
    assert [block.name for block in inside] == ["first", "second", "+", "relu"]
    keys = {block.key for block in inside}
    name = {block.key: block.name for block in graph.blocks}
    within = [(name[a], name[b]) for a, b in graph.edges if a in keys or b in keys]
    assert sorted(within) == sorted(
        [
            ("left", "first"), ("left", "+"), ("first", "second"), ("second", "+"), ("+", "relu"),
            ("relu", "concat"),
        ]
    )  # fmt: skip


def test_several_inputs_and_outputs():
    assert edges(ends()) == {
        ("pixels", "image"), ("words", "text"), ("image", "+"), ("text", "+"), ("+", "price"),
        ("+", "kind"), ("price", "how much"), ("kind", "what"),
    }  # fmt: skip


def test_an_output_that_is_used_too_is_seen():
    class Two(nissl.Model):
        def __init__(self):
            super().__init__(name="two")
            self.a, self.b = Dense(2, name="a"), Dense(2, name="b")

        def call(self, x):
            h = self.a(x)
            return [h, self.b(h)]

    model = Two()
    model(np.ones((1, 2)))
    assert edges(model) == {("input", "a"), ("a", "b"), ("a", "1"), ("b", "2")}


def test_a_model_that_returns_its_input():
    class Same(nissl.Model):
        def call(self, x):
            return x

    model = Same(name="same")
    model(np.ones((1, 2)))
    assert edges(model) == {("input", "output")}
    assert str(diagram(model))
    assert diagram(model).figure().axes


def test_many_operations_beside_each_other_are_one_block():
    class Many(nissl.Model):
        def __init__(self):
            super().__init__(name="many")
            self.a, self.b = Dense(4, name="a"), Dense(4, name="b")

        def call(self, x):
            h = self.a(x)
            centred = h - nissl.mean(h, axis=1, keepdims=True)
            h = centred / nissl.sqrt(nissl.mean(centred * centred, axis=1, keepdims=True) + 1e-6)
            return self.b(h) + 1.0

    model = Many()
    model(np.ones((2, 3)))
    graph = graph_of(model)
    assert [block.role for block in graph.blocks] == ["input", "layer", "op", "layer", "op"]
    assert {"sum", "−", "×", "÷", "sqrt", "+"} <= set(graph.blocks[2].kind.split(", "))
    assert graph.blocks[4].name == "+"


def test_a_layer_that_is_no_attribute_is_a_block_by_its_scope():
    class Hidden(nissl.Model):
        def __init__(self):
            super().__init__(name="hidden")
            self._secret = Dense(2, activation="tanh", name="secret")

        def call(self, x):
            return self._secret(x) * 2.0

    model = Hidden()
    model(np.ones((2, 3)))
    assert edges(model) == {("input", "secret"), ("secret", "×")}


def test_operations_around_a_layer_are_not_one_block():
    """Else that block would depend on the layer, and the layer on it."""

    class Around(nissl.Model):
        def __init__(self):
            super().__init__(name="around")
            self._secret = Dense(3, activation="tanh", name="secret")

        def call(self, x):
            y = x * 2.0 + 1.0
            return (y + self._secret(y)) * 3.0 - 1.0

    model = Around()
    model(np.ones((2, 3)))
    assert [block.name for block in graph_of(model).blocks] == [
        "", "×", "+", "secret", "+", "×", "−",
    ]  # fmt: skip


def test_shapes_follow_what_is_not_known():
    model = nissl.Sequential(
        [nissl.Input((None, 3)), Dense(64, name="a"), Dense(96, name="b"), Flatten(name="c")]
    )
    found = [(block.inputs, block.outputs) for block in graph_of(model).blocks]
    assert found == [
        (None, ((None, None, 3),)),
        (((None, None, 3),), ((None, None, 64),)),
        (((None, None, 64),), ((None, None, 96),)),
        (((None, None, 96),), ((None, None),)),
    ]


def test_what_a_block_knows():
    model = branches()
    blocks = {(b.name, b.call): b for b in graph_of(model).blocks}
    assert (blocks["stem", 1].params, blocks["stem", 1].trainable) == (40, True)  # 4 x 8 + 8
    assert (blocks["left", 2].params, blocks["left", 2].trainable) == (72, False)
    assert (blocks["drop", 1].params, blocks["drop", 1].trainable) == (0, None)
    assert blocks["head", 1].inputs == ((None, 16),)
    assert [blocks[name, 1].activation for name in ("left", "right", "drop")] == [
        "tanh", "linear", "",
    ]  # fmt: skip
    own = nissl.Sequential([nissl.Input((2,)), Dense(2, activation=lambda a: a * 2.0)])
    assert graph_of(own).blocks[1].activation == "<lambda>"


def test_the_model_is_left_as_it_was():
    model = branches()
    before = [dict(vars(layer)) for layer in (model, *model.layers, *model.block.sublayers())]
    graph_of(model, expand_nested=True)
    after = [dict(vars(layer)) for layer in (model, *model.layers, *model.block.sublayers())]
    assert [list(each) for each in after] == [list(each) for each in before]
    model.head.call = None
    with pytest.raises(GraphError, match="cannot be drawn"):
        graph_of(model)
    assert "call" not in vars(model.stem)


def test_another_thread_may_use_the_model_meanwhile():
    seen = []

    class Asks(nissl.Model):
        def __init__(self):
            super().__init__(name="asks")
            self.a = Dense(2, kernel_initializer="ones", name="a")

        def call(self, x):
            if x.is_abstract:
                other = threading.Thread(
                    target=lambda: seen.append(self.a(np.ones((1, 3), "float32")).tolist())
                )
                other.start()
                other.join()
            return self.a(x)

    model = Asks()
    model(np.ones((1, 3)))
    assert edges(model) == {("input", "a")}
    assert seen == [[[3.0, 3.0]]] * 2


# ---- large models --------------------------------------------------------------------------------
def test_a_deep_model_is_folded_and_nothing_is_lost():
    graph = graph_of(deep(200))
    folded = fold(graph, 30)
    assert len(folded.blocks) == 30
    (middle,) = [block for block in folded.blocks if block.role == "fold"]
    assert int(middle.name) + 29 == 201
    assert middle.params + sum(block.params for block in folded.blocks if block is not middle) == (
        100 * 20  # 4 x 4 + 4 each
    )
    keys = [block.key for block in folded.blocks]
    assert list(folded.edges) == list(itertools.pairwise(keys))
    assert max(diagram(deep(200)).figure().get_size_inches()) < 60
    assert len(diagram(deep(200)).to_markdown().splitlines()) == 206
    assert fold(graph, 1000) is graph
    assert len(fold(graph, 3).blocks) == 3


def test_a_wide_model_is_folded():
    folded = fold(graph_of(wide(100)), 30)
    assert len(folded.blocks) == 1 + 10 + 1 + 1
    (rest,) = [block for block in folded.blocks if block.role == "fold"]
    assert (rest.name, rest.kind) == ("91", "91 × Dense")
    assert len([edge for edge in folded.edges if rest.key in edge]) == 2
    assert max(diagram(wide(100)).figure().get_size_inches()) < 30


# ---- files ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf"])
def test_the_same_model_gives_the_same_bytes(tmp_path, ending):
    model = branches()
    drawn = [plot_model(model, tmp_path / f"{i}{ending}", True, dpi=50) for i in range(2)]
    assert (tmp_path / f"0{ending}").read_bytes() == (tmp_path / f"1{ending}").read_bytes()
    assert drawn[0]._repr_html_() == drawn[1]._repr_html_()
    assert "<svg" in drawn[0]._repr_html_()


def test_plot_model_takes_what_keras_takes():
    parameters = inspect.signature(plot_model).parameters
    defaults = {
        name: p.default for name, p in parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD
    }
    assert list(defaults.items()) == [
        ("model", inspect.Parameter.empty),
        ("to_file", "model.png"),
        ("show_shapes", False),
        ("show_dtype", False),
        ("show_layer_names", False),
        ("rankdir", "TB"),
        ("expand_nested", False),
        ("dpi", 200),
        ("show_layer_activations", False),
        ("show_trainable", False),
    ]


def test_each_option_shows_what_it_says(tmp_path):
    def told(**options):
        figure = plot_model(branches(), None, **options).figure()
        return {text.get_text() for text in figure.axes[0].texts}

    bare = told()
    assert {"Dense", "Dropout", "+", "concat"} <= bare
    labels = {"Input", "Output", "Activation", "Dtype", "Trained", "Parameters", "stem"}
    assert bare & labels == {"Input"}  # the block
    assert told(show_shapes=True) & labels == {"Input", "Output"}
    assert told(show_dtype=True) & labels == {"Input", "Dtype"}
    assert told(show_layer_names=True) & labels == {"Input", "stem"}
    assert told(show_layer_activations=True) & labels == {"Input", "Activation"}
    assert told(show_trainable=True) & labels == {"Input", "Trained"}
    assert told(show_params=True) & labels == {"Input", "Parameters"}


def test_a_file_has_the_pixels_that_dpi_asks_for(tmp_path):
    from PIL import Image

    drawn = plot_model(chain(), tmp_path / "m.png", dpi=60)
    inches = drawn.figure().get_size_inches()
    with Image.open(tmp_path / "m.png") as picture:
        assert np.allclose(picture.size, inches * 60, atol=1)


# ---- neurons -------------------------------------------------------------------------------------
def small() -> nissl.Sequential:
    model = nissl.Sequential(
        [nissl.Input((2,)), Dense(3, activation="tanh", name="hid$den"), Dropout(0.1), Dense(1)]
    )
    first = [[1.0, -2.0, 0.0], [0.5, 4.0, 1.0]]
    model.set_weights([first, [0.0, 0.0, 0.0], [[1.0], [-1.0], [2.0]], [3.0]])
    return model


def test_neurons_have_lines_as_wide_as_their_weights():
    drawn = diagram(small(), neurons=True)
    found = neurons_of(small())
    assert found.sizes == (2, 3, 1)
    assert found.titles[1] == ("hid$den", "tanh")
    (axes,) = drawn.figure().axes
    widths = sorted(line.get_linewidth() for line in axes.lines)
    thin, thick = widths[0], widths[-1]
    absolute = sorted([1, 2, 0, 0.5, 4, 1, 0, 0, 0, 1, 1, 2, 3])
    assert np.allclose(widths, [thin + (thick - thin) * w / 4 for w in absolute])
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert len(dashed) == 2
    assert r"hid\$den" + "\ntanh" in [text.get_text() for text in axes.texts]


def test_small_models_are_drawn_by_their_neurons_if_wanted():
    assert diagram(small(), neurons=None).neurons
    assert not diagram(small()).neurons
    assert not diagram(chain(), neurons=None).neurons
    assert not diagram(branches(), neurons=None).neurons
    assert neurons_of(chain()).sizes == (784, 300, 10)
    pictured = diagram(chain(), neurons=True).figure()
    texts = {text.get_text() for text in pictured.axes[0].texts}
    assert {"775 more", "291 more"} <= texts


# ---- mistakes ------------------------------------------------------------------------------------
def test_what_is_not_a_model():
    with pytest.raises(ArgumentTypeError, match=r"drawn of a model, not of 3"):
        diagram(3)
    with pytest.raises(ArgumentTypeError, match=r"put it into nissl.Sequential"):
        plot_model(Dense(2), None)


def test_models_that_are_not_built(tmp_path):
    with pytest.raises(GraphError, match=r"show_shapes=True asks for.*give it an Input"):
        plot_model(unbuilt(), tmp_path / "m.png", show_shapes=True)
    assert list(tmp_path.iterdir()) == []
    plot_model(unbuilt(), tmp_path / "m.svg")
    with pytest.raises(GraphError, match=r"never called.*call it once on data"):
        diagram(Branches())
    with pytest.raises(GraphError, match="has no weights to draw"):
        diagram(unbuilt(), neurons=True)


def test_models_that_have_no_neurons_to_draw():
    with pytest.raises(ArgumentError, match="'branches' is a Branches"):
        diagram(branches(), neurons=True)
    no_dense = nissl.Sequential([nissl.Input((2,)), Activation("tanh")])
    with pytest.raises(ArgumentError, match="no Dense layer"):
        diagram(no_dense, neurons=True)
    with pytest.raises(ArgumentError, match="'r' \\(Residual\\) has no neurons"):
        diagram(nested(), neurons=True)
    with pytest.raises(ArgumentError, match="no certain number of inputs"):
        diagram(nissl.Sequential([nissl.Input((None, 2)), Dense(1)]), neurons=True)
    rows = nissl.Sequential([nissl.Input((4, 2)), Dense(1, name="each_row")])
    with pytest.raises(ArgumentError, match="'each_row' \\(Dense\\) has no neurons"):
        diagram(rows, neurons=True)


def test_directions_files_and_resolutions_that_there_are_not(tmp_path):
    model = chain()
    with pytest.raises(UnknownNameError, match=r"unknown rankdir 'UP'.*BT, LR, RL, TB"):
        plot_model(model, None, rankdir="UP")
    with pytest.raises(ArgumentError, match=r"m.gif: pictures are written as .png, .svg, .pdf"):
        plot_model(model, "m.gif")
    with pytest.raises(ArgumentError, match="the ending '' is none of these"):
        plot_model(model, "model")
    with pytest.raises(ArgumentTypeError, match="name of a file"):
        plot_model(model, 3)
    for dpi in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ArgumentError, match=r"dpi=.* must be (greater than 0|finite)"):
            plot_model(model, "m.png", dpi=dpi)
    with pytest.raises(ArgumentError, match=r"take dpi=\d+ or less, or write SVG"):
        plot_model(model, tmp_path / "m.png", dpi=100_000)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SaveError, match="could not be written"):
        plot_model(model, tmp_path / "file" / "m.png")
    with pytest.raises(ArgumentError, match="most=2 must be at least 3"):
        diagram(model, most=2)
    with pytest.raises(ArgumentTypeError, match="most is a whole number"):
        diagram(model, most=3.5)


def test_a_model_that_cannot_be_traced():
    class Numbers(nissl.Model):
        def call(self, x):
            if x.is_abstract:
                raise ShapeError("not today")
            return x

    model = Numbers(name="numbers")
    model(np.ones((2, 2)))
    with pytest.raises(GraphError, match=r"'numbers' \(Numbers\) cannot be drawn.*not today"):
        diagram(model)
