"""Pictures: what is drawn is what was given, captions are whole, and nothing global is touched."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

import nissl
from nissl import explain, plots
from nissl.errors import ArgumentError, NisslError, SaveError, ShapeError


def lines(axes: Any) -> dict[str, list[float]]:
    return {str(line.get_label()): list(line.get_ydata()) for line in axes.get_lines()}


def texts(figure: Any) -> list[Text]:
    figure.draw_without_rendering()
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


def overlapping(figure: Any) -> list[tuple[str, str]]:
    """Pairs of texts that share more than a pixel or two."""
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
    found: list[tuple[str, str]] = []
    for place, (name, box) in enumerate(boxes):
        for other, second in boxes[place + 1 :]:
            wide = min(box.x1, second.x1) - max(box.x0, second.x0)
            high = min(box.y1, second.y1) - max(box.y0, second.y0)
            if wide > 2 and high > 2:
                found.append((name, other))
    return found


HISTORY = {
    "accuracy": [0.5, 0.7, 0.8],
    "loss": [1.2, 0.7, 0.5],
    "val_accuracy": [0.4, 0.6, 0.7],
    "val_loss": [1.4, 0.9, 0.8],
}


def test_curves_show_training_and_validation() -> None:
    figure = plots.curves(HISTORY)
    loss, accuracy = figure.axes
    assert lines(loss) == {"training": [1.2, 0.7, 0.5], "validation": [1.4, 0.9, 0.8]}
    assert lines(accuracy) == {"training": [0.5, 0.7, 0.8], "validation": [0.4, 0.6, 0.7]}
    assert loss.get_ylabel() == "Loss"
    assert accuracy.get_ylabel() == "Accuracy"
    assert list(loss.get_lines()[0].get_xdata()) == [1, 2, 3]


def test_curves_differ_without_colour() -> None:
    first, second = plots.curves(HISTORY).axes[0].get_lines()
    assert first.get_linestyle() != second.get_linestyle()
    assert first.get_marker() != second.get_marker()


def test_curves_of_one_epoch_and_of_many() -> None:
    one = plots.curves({"loss": [0.5]}, units={"loss": "m²"})
    assert one.axes[0].get_ylabel() == "Loss [m²]"
    ticks = [tick for tick in one.axes[0].get_xticks() if 0.5 <= tick <= 1.5]
    assert ticks == [1.0]
    many = plots.curves({"loss": list(np.linspace(1, 0, 500))})
    assert many.axes[0].get_lines()[0].get_marker() == ""


@pytest.mark.parametrize("history", [{}, {"loss": []}])
def test_curves_without_epochs(history: dict[str, list[float]]) -> None:
    with pytest.raises(ArgumentError, match="no epoch"):
        plots.curves(history)


def test_confusion_numbers_stand_in_their_cells() -> None:
    figure = plots.confusion([[8, 2], [0, 5]], ["cat", "dog"])
    axes = figure.axes[0]
    cells = {t.get_position(): t.get_text() for t in axes.texts}
    assert cells == {(0, 0): "8", (1, 0): "2", (1, 1): "5"}  # (column, row); empty cells are empty
    shades = axes.get_images()[0].get_array()
    np.testing.assert_allclose(shades, [[0.8, 0.2], [0, 1]])
    assert axes.get_title() == "Accuracy 86.67%: 13 of 15 right"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Predicted class", "True class")


def test_confusion_with_a_class_that_never_comes() -> None:
    shades = plots.confusion([[0, 0], [1, 1]], ["a", "b"]).axes[0].get_images()[0].get_array()
    np.testing.assert_allclose(shades, [[0, 0], [0.5, 0.5]])


@pytest.mark.parametrize(("matrix", "names"), [(np.eye(3), ["a", "b"]), (np.zeros((0, 0)), [])])
def test_confusion_of_other_shapes(matrix: Any, names: list[str]) -> None:
    with pytest.raises(ShapeError):
        plots.confusion(matrix, names)


LONG = ["không bệnh", "bệnh nặng giai đoạn cuối cùng và rất dài", "$x$", "Ankle boot"] * 10


@pytest.mark.parametrize("count", [2, 3, 10, 25, 40])
def test_confusion_texts_do_not_overlap(count: int) -> None:
    figure = plots.confusion(np.full((count, count), 9999), LONG[:count])
    near = overlapping(figure)
    slanted = set(LONG)  # boxes of slanted names cross where the names do not
    assert [pair for pair in near if not set(pair) & slanted and "…" not in "".join(pair)] == []


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (count, 8, 8)).astype(np.uint8)


@pytest.mark.parametrize("count", [1, 2, 5, 20])
def test_mistakes_are_captioned(count: int) -> None:
    names = (LONG * 2)[:count]
    figure = plots.mistakes(pictures(count), names, names, [0.25] * count, total=77, samples=1000)
    axes = figure.axes
    assert len(axes) == count
    assert axes[0].get_title() == "true: không bệnh\npredicted: không bệnh, 25%"
    assert overlapping(figure) == []
    assert any("1,000" in text.get_text() for text in texts(figure))


def test_no_mistakes() -> None:
    figure = plots.mistakes(pictures(0), [], [], [], total=0, samples=9)
    assert [text.get_text() for text in texts(figure)] == ["No mistakes in 9 samples"]


@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 8, 8, 1), (3, 8, 8, 3)])
def test_samples_of_every_kind(shape: tuple[int, ...]) -> None:
    figure = plots.samples(np.full(shape, 7.5), ["a", "b", "c"], "three")
    assert [axes.get_title() for axes in figure.axes] == ["a", "b", "c"]
    with pytest.raises(ShapeError):
        plots.samples(np.zeros((2, 8, 8)), ["a", "b", "c"])


def test_regression_shows_values_and_errors() -> None:
    figure = plots.regression([1.0, 2.0, 4.0], [1.5, 2.0, 3.0], target="price")
    left, right = figure.axes
    np.testing.assert_allclose(left.collections[0].get_offsets(), [[1, 1.5], [2, 2], [4, 3]])
    np.testing.assert_allclose(right.collections[0].get_offsets(), [[1.5, 0.5], [2, 0], [3, -1]])
    assert left.get_xlabel() == "True value (price)"
    assert overlapping(figure) == []


def test_regression_of_very_many_draws_some() -> None:
    values = np.arange(100_000.0)
    figure = plots.regression(values, values)
    assert len(figure.axes[0].collections[0].get_offsets()) == 5000
    with pytest.raises(ShapeError):
        plots.regression([1.0], [1.0, 2.0])


def test_nothing_global_is_touched(tmp_path: Path) -> None:
    figure = plots.curves(HISTORY)
    plots.save(figure, tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as drawn:
        assert drawn.size == (int(9.6 * 120), int(3.6 * 120))
    assert "matplotlib.pyplot" not in sys.modules or not any(
        number for number in sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_saving_is_all_or_nothing(tmp_path: Path) -> None:
    figure = plots.curves(HISTORY)
    (tmp_path / "blocked").write_text("a file")
    with pytest.raises(SaveError):
        plots.save(figure, tmp_path / "blocked" / "curves.png")
    (tmp_path / "old.xyz").write_text("old")
    with pytest.raises((NisslError, ValueError)):
        plots.save(figure, tmp_path / "old.xyz")
    assert (tmp_path / "old.xyz").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blocked", "old.xyz"]


def test_every_character_of_vietnamese_can_be_drawn(recwarn: pytest.WarningsRecorder) -> None:
    """A glyph that the font lacks is a warning, and warnings are errors here."""
    letters = "ắằẳẵặấầẩẫậếềểễệốồổỗộớờởỡợứừửữựỳỵỷỹđĐ"
    plots.samples(pictures(1), [letters[:18]], letters).draw_without_rendering()
    assert len(recwarn) == 0


def test_names_of_metrics() -> None:
    assert plots.metric_name("val_loss") == "Loss"
    assert plots.metric_name("my_metric") == "my_metric"


# ---- threads -----------------------------------------------------------------------------------
def small_figure() -> Any:
    return plots.curves({"loss": [1.0, 0.5]})


def fitted() -> nissl.Perceptron:
    return nissl.Perceptron().fit(np.array([[0.0, 0.0], [1.0, 1.0]]), [0, 1])


def frames_of(figure: Any) -> Any:
    from nissl.explain.drawing.animation import pixels

    return pixels(figure)


def measured(figure: Any) -> float:
    from nissl.explain.drawing.lettering import Lettering

    return Lettering(figure).width("weights", 9.0)


def set_formula(figure: Any) -> str:
    from nissl.explain.drawing.lettering import mathematics

    return mathematics(r"\frac{1}{x}", "1 / x")


DRAWINGS = {
    "save": lambda figure: plots.save(figure, "picture.svg"),
    "html": lambda figure: explain.activations(["relu"])._repr_html_(),
    "frames": frames_of,
    "widths": measured,
    "formulas": set_formula,
    "explanations": lambda figure: explain.activations(["relu"]).figure(),
    "animations": lambda figure: explain.perceptron(fitted()).save("a.gif"),
}


@pytest.mark.parametrize("way", DRAWINGS)
def test_what_draws_waits_for_who_draws(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """matplotlib's fonts, and its parser of mathematics, serve one thread at a time."""
    monkeypatch.chdir(tmp_path)
    figure, done = small_figure(), threading.Event()

    def draw() -> None:
        DRAWINGS[way](figure)
        done.set()

    thread = threading.Thread(target=draw)
    with plots.drawing():
        thread.start()
        assert not done.wait(0.05)
    thread.join(60)
    assert done.is_set()
