"""Pictures on pages of any width."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nissl import plots
from nissl.errors import ArgumentError
from nissl.explain.drawing.lettering import families
from nissl.explain.panels import SMALLEST, Panel, Sheet, fitted


def line(axes: plots.Axes) -> None:
    axes.plot([0, 1], [0, 1], label="a line")
    axes.text(0.5, 0.5, "small", fontsize=7)


def sheet() -> Sheet:
    panels = [Panel(line, title=f"Panel {number}", x="x", y="y") for number in range(3)]
    return Sheet([panels], title="A title that is long enough to be wrapped somewhere", legend=3)


def sizes(figure: plots.Figure) -> list[float]:
    from matplotlib.text import Text

    return [float(text.get_fontsize()) for text in figure.findobj(Text) if text.get_text()]


def test_panels_stand_beside_each_other_where_there_is_room() -> None:
    figure = sheet().figure()
    figure.canvas.draw()
    tops = {round(axes.get_position().y1, 2) for axes in figure.axes}
    assert len(figure.axes) == 3
    assert len(tops) == 1
    assert [text.get_text() for legend in figure.legends for text in legend.texts] == ["a line"]


def test_panels_of_a_grid_stand_below_each_other_whatever_is_beside_them() -> None:
    def long_numbers(axes: plots.Axes) -> None:
        line(axes)
        axes.set_yticks([0.5], ["a hundred thousand"])

    panels = [Panel(draw, size=(2, 2)) for draw in (long_numbers, line, line, line, line)]
    figure = Sheet.grid(panels, 3).figure()
    figure.canvas.draw()
    edges = [axes.get_position().x0 for axes in figure.axes]
    widths = [axes.get_position().width for axes in figure.axes]
    assert edges[3:] == pytest.approx(edges[:2])
    assert widths == pytest.approx([widths[0]] * 5)


@pytest.mark.parametrize("centimetres", [8, 12])
def test_a_narrow_figure_stacks_panels_and_can_be_read(centimetres: float) -> None:
    figure = sheet().figure(width=centimetres / 2.54)
    figure.canvas.draw()
    lefts = {round(axes.get_position().x0, 2) for axes in figure.axes}
    assert figure.get_figwidth() == pytest.approx(centimetres / 2.54)
    assert len(lefts) == 1
    assert min(sizes(figure)) >= SMALLEST


def test_a_long_label_is_broken_where_the_figure_is_narrow() -> None:
    label = "Largest error in 8-bit fixed point, in steps of 0.0625"
    wide = Sheet([[Panel(line, x=label, size=(4.8, 2))]])
    assert wide.figure().axes[0].get_xlabel() == label
    figure = wide.figure(width=8 / 2.54)
    figure.canvas.draw()
    text = figure.axes[0].xaxis.label
    assert text.get_text().replace("\n", " ") == label
    assert figure.bbox.x0 <= text.get_window_extent().x0
    assert text.get_window_extent().x1 <= figure.bbox.x1


def test_one_panel_alone() -> None:
    figure = sheet().figure(panel=2)
    assert [axes.get_title() for axes in figure.axes] == ["Panel 1"]
    with pytest.raises(ArgumentError, match="no panel 4; its panels are: 1 Panel 0; 2 Panel 1"):
        sheet().figure(panel=4)


def test_a_width_too_small_to_read_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"a width of 3.0 cm is too small .* at least 6.1 cm"):
        sheet().figure(width=3 / 2.54)
    drawn = Sheet([[Panel(line)]]).figure()
    natural = drawn.get_figwidth()
    with pytest.raises(ArgumentError, match=r"smallest text of this picture .* give at least"):
        fitted(drawn, natural / 2)
    assert min(sizes(fitted(drawn, natural * 0.9))) >= SMALLEST


def test_text_stays_text_in_svg_and_pdf(tmp_path: Path) -> None:
    figure = sheet().figure()
    plots.save(figure, tmp_path / "a.svg")
    plots.save(figure, tmp_path / "a.pdf")
    assert re.search(r"<text[^>]*>Panel 1</text>", (tmp_path / "a.svg").read_text("utf-8"))
    assert b"/TrueType" in (tmp_path / "a.pdf").read_bytes() or b"Type42" in (
        tmp_path / "a.pdf"
    ).read_bytes() or b"CIDFontType2" in (tmp_path / "a.pdf").read_bytes()  # fmt: skip


def test_long_titles_break_and_formulas_stay_whole() -> None:
    title = r"A network of some units approximates $\frac{1}{1 + x^2}$ on the interval $[-1, 1]$"
    figure = Sheet([[Panel(line)]], title).figure(width=8 / 2.54)
    figure.canvas.draw()
    shown = figure.get_suptitle()
    assert shown.replace("\n", " ") == title
    assert "\n" in shown
    box = figure._suptitle.get_window_extent()  # type: ignore[attr-defined]
    assert 0 <= box.x0 < box.x1 <= figure.bbox.x1


@pytest.mark.parametrize("own", [0, 2])
def test_legends_have_fonts_for_every_script(own: int) -> None:
    panel = Panel(lambda axes: axes.plot([0, 1], label="漢"), legend=own)
    figure = Sheet([[panel]], legend=2 * (not own)).figure()
    legend = figure.axes[0].get_legend() if own else figure.legends[0]
    assert legend is not None
    assert legend.texts[0].get_fontfamily() == list(families())


def test_legends_of_narrow_panels_have_fewer_columns() -> None:
    def lines(axes: plots.Axes) -> None:
        for number in range(4):
            axes.plot([0, 1], [0, number], label=f"a named line, {number}")

    for width in (None, 8 / 2.54):
        figure = Sheet([[Panel(lines, size=(5.5, 3), legend=3)]]).figure(width=width)
        figure.canvas.draw()
        legend = figure.axes[0].get_legend()
        assert legend is not None
        box = legend.get_window_extent()
        assert -1 <= box.x0 < box.x1 <= figure.bbox.x1 + 1
