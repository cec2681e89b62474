"""Convolution by hand: against SciPy, hand-worked digits, and what is refused."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import signal

import nissl
from nissl import explain
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    FileFormatError,
    NisslError,
    NonFiniteError,
    ShapeError,
    UnknownNameError,
)
from nissl.explain.convolution.kernels import KERNELS, Kernel, kernel
from nissl.explain.convolution.photographs import photograph, sample
from nissl.explain.parts import Table

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(8)


def agrees(found: Array, picture: Array, weights: Array) -> bool:
    """Whether ``found`` is what SciPy gives, wherever the kernel fits as a whole."""
    wanted = signal.correlate2d(picture, weights, mode="valid")
    return found.shape == wanted.shape and bool(np.allclose(found, wanted, rtol=1e-11, atol=1e-12))


@pytest.mark.parametrize(
    ("size", "shape"),
    [((6, 7), (3, 3)), ((5, 9), (2, 4)), ((4, 4), (4, 4)), ((1, 8), (1, 3)), ((9, 2), (5, 1))],
)
def test_correlate(size: tuple[int, int], shape: tuple[int, int]) -> None:
    picture, weights = RANDOM.normal(size=size), RANDOM.normal(size=shape)
    found = explain.correlate(picture, weights)
    assert agrees(found.numpy(), picture, weights)
    # derivatives, by SciPy too: the picture's is a convolution, the kernel's a correlation
    ones = np.ones(found.shape)
    by_picture, by_kernel = nissl.grad(
        lambda i, k: nissl.sum(explain.correlate(i, k)), argnums=(0, 1)
    )(picture, weights)
    np.testing.assert_allclose(by_picture.numpy(), signal.convolve2d(ones, weights), rtol=1e-11)
    np.testing.assert_allclose(
        by_kernel.numpy(), signal.correlate2d(picture, ones, mode="valid"), rtol=1e-11
    )


def test_the_comparison_catches_a_kernel_that_is_turned_round() -> None:
    picture, weights = RANDOM.normal(size=(6, 6)), KERNELS["vertical"].arrays()[0]
    assert not agrees(signal.convolve2d(picture, weights, mode="valid"), picture, weights)
    assert not agrees(np.zeros((5, 5)), picture, weights)


def test_correlate_keeps_the_dtype_and_refuses_what_is_no_matrix() -> None:
    picture = np.ones((3, 3), np.float32)
    assert explain.correlate(picture, np.ones((2, 2), np.float32)).dtype == np.float32
    with pytest.raises(ShapeError, match="matrices, not of shapes"):
        explain.correlate(np.ones(3), np.ones((1, 1)))
    with pytest.raises(ShapeError, match="4 x 1 numbers, and the picture 3 x 3"):
        explain.correlate(np.ones((3, 3)), np.ones((4, 1)))


# ---- the lecture's filters ---------------------------------------------------------------------
EDGE = [  # bright on the left, dark on the right, with one bright row below
    [10, 10, 0, 0],
    [10, 10, 0, 0],
    [10, 10, 0, 0],
    [20, 20, 20, 20],
]


def test_the_lectures_filters_by_hand() -> None:
    vertical, horizontal, edges = explain.convolve(
        EDGE, "vertical", "horizontal", "edges", at=(1, 0)
    ).results
    # right column minus left column: rows 0 to 2, then 1 to 3
    assert vertical.result.tolist() == [[-30, -30], [-20, -20]]
    # lower row minus upper row
    assert horizontal.result.tolist() == [[0, 0], [60 - 20, 60 - 10]]
    np.testing.assert_allclose(
        edges.result, [[30, 30], [np.hypot(20, 40), np.hypot(20, 50)]], rtol=1e-11
    )
    assert vertical.patch().tolist() == [[10, 10, 0], [10, 10, 0], [20, 20, 20]]
    assert (np.array(vertical.products()[0]) == [[-10, 0, 0], [-10, 0, 0], [-20, 0, 20]]).all()
    text = explain.convolve(EDGE, "vertical", at=(1, 0)).to_text()
    assert "C(1, 0) = -10 + (-10) + 0 = -20" in text


def test_the_lectures_filters_are_the_lectures() -> None:
    assert KERNELS["vertical"].arrays()[0].tolist() == [[-1, 0, 1]] * 3
    assert KERNELS["horizontal"].arrays()[0].tolist() == [[-1] * 3, [0] * 3, [1] * 3]


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_every_kernel_on_a_photograph(name: str) -> None:
    picture = photograph(None, 120)
    (found,) = explain.convolve(picture, name).results
    parts = [signal.correlate2d(picture.pixels, k, mode="valid") for k in KERNELS[name].arrays()]
    wanted = parts[0] if len(parts) == 1 else np.hypot(*parts)
    np.testing.assert_allclose(found.result, wanted, rtol=1e-11, atol=1e-9)
    j, k = found.at
    assert abs(found.result[j, k]) == np.abs(wanted).max()
    for part, products in zip(found.parts, found.products(), strict=True):
        assert products.sum() == pytest.approx(part[j, k], abs=1e-9)


def test_what_kernels_do() -> None:
    flat, slope = np.full((6, 6), 7.0), np.add.outer(np.zeros(6), 3.0 * np.arange(6))
    for name, own in KERNELS.items():
        still = explain.convolve(flat, name).results[0].result
        np.testing.assert_allclose(still, 7 * own.total, atol=1e-12)
        assert own.total == pytest.approx(round(own.total)), "0 or 1: edges, or the picture"
    assert (explain.convolve(slope, "vertical").results[0].result == 3 * 2 * 3).all()
    assert (explain.convolve(slope, "sobel_vertical").results[0].result == 4 * 2 * 3).all()
    assert (explain.convolve(slope, "laplacian").results[0].result == 0).all()
    np.testing.assert_array_equal(
        explain.convolve(slope, "identity").results[0].result, slope[1:-1, 1:-1]
    )


# ---- kernels -----------------------------------------------------------------------------------
def test_kernels_as_they_are_written() -> None:
    typed = kernel(" -1, 0.5 ,1/9; 2,+3,1e-3 ;")
    assert typed.matrices[0] == (
        (Fraction(-1), 0.5, Fraction(1, 9)), (Fraction(2), Fraction(3), 0.001),
    )  # fmt: skip
    assert kernel(np.array([[1, 2], [3, 4]])).arrays()[0].tolist() == [[1, 2], [3, 4]]
    assert kernel(nissl.asarray([[0.5, 2.0]])).shape == (1, 2)
    assert kernel([[Fraction(1, 3)]]).name == "1/3"
    assert kernel([[np.float32(0.5), np.int64(2)]]).arrays()[0].tolist() == [[0.5, 2.0]]
    assert kernel(KERNELS["edges"]) is KERNELS["edges"]
    assert kernel("1;2").shape == (2, 1)


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ("vertikal", UnknownNameError, "did you mean 'vertical'"),
        ("1,2;3", ShapeError, "row 1: 1 numbers, where row 0 has 2"),
        ("1,two", ArgumentError, "row 0, column 1: 'two' is not a number"),
        ("1,,2", ArgumentError, "row 0, column 1: '' is not a number"),
        ("", ArgumentError, "row 0, column 0: '' is not a number"),
        ("nan", ArgumentError, "'nan' is not a number"),
        ("1e999", ArgumentError, "row 0, column 0: inf is not finite"),
        ("1/0", ArgumentError, "'1/0' divides by 0"),
        ("9" * 400, ArgumentError, "is not a number"),
        ("1," * 20_000, ArgumentError, "40,000 characters are more"),
        (",".join("1" * 32), ShapeError, "1 rows and 32 columns; 31"),
        ([], ShapeError, "empty"),
        ([[]], ShapeError, "empty"),
        ([1, 2], ArgumentTypeError, "a matrix of numbers, not list"),
        ([[1, "x"]], ArgumentError, "row 0, column 1: 'x' is not a number"),
        ([[True]], ArgumentError, "True is not a number"),
        ([[10**5000]], ArgumentError, "row 0, column 0: inf is not finite"),
        ([[1, np.inf]], ArgumentError, "row 0, column 1: inf is not finite"),
        (np.ones((2, 2, 2)), ArgumentError, r"row 0, column 0: \[1\.0, 1\.0\] is not a number"),
        (3, ArgumentTypeError, "not int 3"),
    ],
)
def test_kernels_that_are_none(given: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        kernel(given)


def test_kernels_of_two_matrices_have_one_shape() -> None:
    with pytest.raises(ShapeError, match="two of one shape"):
        Kernel("odd", (((1.0,),), ((1.0, 2.0),)))
    with pytest.raises(ShapeError, match="each row as many"):
        Kernel("ragged", (((1.0,), (1.0, 2.0)),))


# ---- pictures ----------------------------------------------------------------------------------
def save(path: Path, array: Array, **options: Any) -> Path:
    Image.fromarray(array).save(path, **options)
    return path


def test_colours_become_grey(tmp_path: Path) -> None:
    colours = RANDOM.integers(0, 256, (5, 6, 3), np.uint8)
    wanted = np.rint(colours @ np.array([0.299, 0.587, 0.114]))
    read = photograph(save(tmp_path / "c.png", colours))
    np.testing.assert_array_equal(read.pixels, wanted)
    np.testing.assert_array_equal(photograph(colours).pixels, wanted)
    assert "0.299 red" in " ".join(read.remarks)
    np.testing.assert_allclose(
        photograph(colours / 255).pixels, colours @ np.array([0.299, 0.587, 0.114]) / 255
    )
    grey = RANDOM.integers(0, 256, (4, 4), np.uint8)
    plain = photograph(save(tmp_path / "g.png", grey))
    np.testing.assert_array_equal(plain.pixels, grey)
    assert plain.remarks == ()


def test_transparent_parts_are_white(tmp_path: Path) -> None:
    clear = np.zeros((3, 4, 4), np.uint8)
    clear[1, 1] = (0, 0, 0, 255)
    found = photograph(save(tmp_path / "clear.png", clear))
    assert found.pixels[0, 0] == 255
    assert found.pixels[1, 1] == 0
    assert "white" in found.remarks[0]
    opaque = save(tmp_path / "opaque.png", np.full((3, 4, 4), 255, np.uint8))
    assert "white" not in " ".join(photograph(opaque).remarks)


def test_large_pictures_are_scaled_down(tmp_path: Path) -> None:
    path = save(tmp_path / "wide.png", np.zeros((30, 1000), np.uint8))
    found = photograph(path)
    assert found.pixels.shape == (24, 800)
    assert "from 30 x 1000 to 24 x 800" in found.remarks[0]
    assert photograph(path, 1000).pixels.shape == (30, 1000)
    line = save(tmp_path / "line.png", np.zeros((1, 1000), np.uint8))
    assert photograph(line, 8).pixels.shape == (1, 8)


def test_pictures_are_upright(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[274] = 6  # the camera was held on its side
    path = save(tmp_path / "side.jpg", np.zeros((8, 16), np.uint8), exif=turned)
    assert photograph(path).pixels.shape == (16, 8)


def test_the_sample_is_named_and_free() -> None:
    found = sample()
    assert found.pixels.shape == (600, 512)
    assert "public domain" in found.remarks[0]


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ([[1, 2], [3]], ShapeError, "rows differ in length"),
        ([1, 2], ShapeError, r"not \(2,\)"),
        (np.ones((2, 2, 4)), ShapeError, r"not \(2, 2, 4\)"),
        (np.ones((0, 2)), ShapeError, r"not \(0, 2\)"),
        (np.broadcast_to(1.0, (5000, 5000)), ShapeError, "more than 16,777,216 pixels"),
        ([[1, np.nan]], NonFiniteError, r"the first at \(0, 1\)"),
        ([["a"]], ArgumentTypeError, "an array of numbers, not list"),
        (object(), ArgumentTypeError, "not object"),
        ([], ShapeError, r"not \(0,\)"),
    ],
)
def test_arrays_that_are_no_pictures(given: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        explain.convolve(given, "1")


def bomb() -> bytes:
    """A PNG file of 400 million pixels, by its head; it has no more than that."""
    size = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    chunks = b""
    for kind, data in ((b"IHDR", size), (b"IDAT", b"")):
        chunks += struct.pack(">I", len(data)) + kind + data
        chunks += struct.pack(">I", zlib.crc32(kind + data))
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_files_that_are_no_pictures(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    whole = save(tmp_path / "whole.jpg", RANDOM.integers(0, 256, (90, 90), np.uint8)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    save(tmp_path / "deep.png", np.zeros((4, 4), np.uint16))
    (tmp_path / "bomb.png").write_bytes(bomb())
    for name, error, said in (
        ("none.png", DataError, "there is no such file"),
        ("text.png", FileFormatError, "is not an image"),
        ("cut.jpg", FileFormatError, "damaged or truncated"),
        ("deep.png", FileFormatError, "more than 8 bits"),
        ("bomb.png", FileFormatError, "implausibly large"),
        (".", FileFormatError, "not an ordinary file"),
    ):
        with pytest.raises(error, match=said):
            explain.convolve(tmp_path / name)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"at": (2, 0)}, r"\(2, 0\) lies outside of C, whose rows are 0 to 1 and columns 0 to 1"),
        ({"at": (0, -1)}, r"\(0, -1\) lies outside"),
        ({"side": 4}, "8 to 4096 pixels, not 4"),
        ({"side": "100"}, "8 to 4096 pixels, not '100'"),
        ({"at": 1}, r"a row and a column, such as \(0, 0\), not 1"),
        ({"at": (0, 0, 0)}, "a row and a column"),
        ({"at": (0.5, 0)}, "a row and a column"),
    ],
)
def test_places_and_sizes_that_there_are_not(options: dict[str, Any], said: str) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match=said):
        explain.convolve(EDGE, "vertical", **options)


def test_too_much_for_a_page() -> None:
    with pytest.raises(ArgumentError, match="1 pictures with 25 kernels are more than the 24"):
        explain.convolve(EDGE, *["box"] * 25)


def test_the_place_fits_all_kernels() -> None:
    """The strongest place of the first kernel may lie where the second does not fit."""
    picture = np.zeros((6, 6))
    picture[5, 5] = 1.0
    small, large = explain.convolve(picture, "1", "box").results
    assert small.at == large.at
    assert max(large.at) <= 3


# ---- tables and pictures -----------------------------------------------------------------------
def tables(explanation: explain.Explanation) -> list[Table]:
    return [part for part in explanation.parts() if isinstance(part, Table)]


def test_tables() -> None:
    hand, over_all = tables(explain.convolve(EDGE, "1,2;3,1/4", at=(2, 1)))
    assert [[cell.text for cell in row] for row in hand.cells()] == [
        ["0", "10·1 = 10", "0·2 = 0", "10"],
        ["1", "20·3 = 60", "20·1/4 = 5", "65"],
        ["sum", "70", "5", "75"],
    ]
    assert hand.cells()[1][2].latex == r"20 \cdot 1/4 = 5"
    assert over_all.cells()[0][2].text == "3 x 3"


def test_large_kernels_are_not_listed() -> None:
    large = explain.convolve(np.ones((12, 12)), [[1] * 8] * 8)
    assert len(tables(large)) == 1
    assert "C(0, 0) = 64, a sum of 64 products" in large.to_text()


def test_edges_show_both_sums() -> None:
    shown = explain.convolve(EDGE, "edges", at=(1, 0))
    assert len(tables(shown)) == 3
    assert "C(1, 0) = √((-20)² + 40²) = 44.7214" in shown.to_text()
    assert r"\sqrt{(-20)^2 + 40^2}" in shown.to_latex()


def shapes(figure: Any) -> list[tuple[int, ...]]:
    return [image.get_array().shape for axes in figure.axes for image in axes.get_images()]


def test_the_picture_shows_all() -> None:
    figure = explain.convolve(EDGE, "vertical", "1,2;3,4").figure()
    found = shapes(figure)
    assert found[:3] == [(4, 4), (2, 2), (3, 3)]  # the picture, then both results
    assert found[3:] == [(4, 4), (3, 3), (3, 3), (3, 3), (4, 4), (2, 2), (2, 2), (2, 2)]
    told = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert [text for text in told if "sum" in text] == [
        "sum: $C$(0, 0) = -30", "sum: $C$(0, 0) = 100",
    ]  # fmt: skip


def test_a_panel_alone_and_a_narrow_page() -> None:
    shown = explain.convolve(EDGE, "vertical", "edges")
    assert shapes(shown.figure(panel=4)) == [(4, 4)]  # the picture with the patch
    assert shapes(shown.figure(panel=5)) == [(3, 3)]
    narrow = shown.figure(width=8 / 2.54)
    left = {round(axes.get_position().x0, 1) for axes in narrow.axes if axes.get_images()}
    assert len(left) == 1  # all below each other
    assert len(shapes(narrow)) == 3 + 3 * 4


@pytest.mark.parametrize(
    "given",
    [
        (np.zeros((30, 9)), "vertical"),
        (np.full((3, 40), 1e200), "box"),
        (np.arange(9.0).reshape(3, 3) * 1e-9, "-1"),
        ([[5]], "1"),
    ],
)
def test_hard_pictures_are_drawn(given: Any, tmp_path: Path) -> None:
    shown = explain.convolve(*given)
    shown.figure().draw_without_rendering()
    shown.save(tmp_path / "hard.tex")


@pytest.mark.parametrize(
    "given",
    [
        ([[1e308, 1.0], [-1e308, 1.0]], "1,1"),
        (np.outer([1.0, 2, 4], [1.0, 2, 4]) * 1e200, "edges"),
        ([[1.0, 2.0]], [[1e308, 1e308]]),
    ],
)
def test_sums_beyond_all_bounds(given: Any) -> None:
    with pytest.raises(NonFiniteError, match="scale the picture or the kernel down"):
        explain.convolve(*given)


def test_names_in_any_script(tmp_path: Path) -> None:
    """Warnings are errors: so none says that a letter is missing."""
    path = save(tmp_path / "層 $x_1$.png", np.zeros((9, 9), np.uint8))
    explain.convolve(path, "1").figure().draw_without_rendering()


def test_several_pictures(tmp_path: Path) -> None:
    paths = [save(tmp_path / f"{n}.png", np.full((9, 9 + n), n, np.uint8)) for n in (1, 2)]
    shown = explain.convolve(paths, "box", "sharpen")
    assert [each.picture.name for each in shown.results] == ["1.png", "1.png", "2.png", "2.png"]
    assert len(shown.pictures()) == 2
    assert shapes(shown.figure())[3] == (9, 11)


def test_errors_are_nissls_own() -> None:
    for wrong in ({}, {"a": 1}, 1.5, b"x", None):
        with pytest.raises(NisslError):
            explain.convolve(EDGE, wrong)
