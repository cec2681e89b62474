"""Folders of images."""

from __future__ import annotations

import importlib.util
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nissl.datasets import load
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    FileFormatError,
    MissingDependencyError,
)

Image = pytest.importorskip("PIL.Image")


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five grey images of 2 x 3 pixels for each of two classes; pixel values say which is which."""
    root = tmp_path / "shapes"
    for number, name in enumerate(("round", "square")):
        for i in range(5):
            save(root / name / f"{i}.png", np.full((2, 3), 100 * number + i, np.uint8))
    return root


def test_grey_images_by_class(folder: Path) -> None:
    (folder / "round" / "notes.txt").write_text("not an image")
    (folder / "round" / ".hidden.png").write_text("not an image")
    data = load(folder)
    assert data.class_names == ("round", "square")
    assert data.name == "shapes"
    assert data.x_train.shape == (8, 2, 3)
    assert data.x_test.shape == (2, 2, 3)
    assert data.x_train.dtype == np.uint8
    assert np.array_equal(data.x_train[:, 0, 0] // 100, data.y_train)
    every = np.concatenate([data.x_train, data.x_test])[:, 1, 2]
    assert sorted(every.tolist()) == [0, 1, 2, 3, 4, 100, 101, 102, 103, 104]


def test_one_colour_image_makes_all_colour(folder: Path) -> None:
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[..., 0] = 250
    save(folder / "square" / "red.png", pixels)
    data = load(folder)
    assert data.x_train.shape[1:] == (2, 3, 3)
    every = np.concatenate([data.x_train, data.x_test])
    assert [250, 0, 0] in every[:, 0, 0].tolist()
    assert [3, 3, 3] in every[:, 0, 0].tolist()
    # 0.299 * 250 = 74.75
    grey = load(folder, colour="grey")
    assert grey.x_train.shape[1:] == (2, 3)
    assert {74, 75} & set(np.concatenate([grey.x_train, grey.x_test])[:, 0, 0].tolist())


def test_sizes_that_differ(folder: Path) -> None:
    save(folder / "square" / "big.png", np.full((4, 6), 7, np.uint8))
    with pytest.raises(DataError, match=r"big\.png has 4 x 6 pixels, and .*0\.png has 2 x 3"):
        load(folder)
    data = load(folder, size=(4, 6))
    assert data.x_train.shape[1:] == (4, 6)
    assert (data.x_train == data.x_train[:, :1, :1]).all()
    assert load(folder, size=5).x_train.shape[1:] == (5, 5)
    with pytest.raises(ArgumentError, match="load: size=0 must be at least 1"):
        load(folder, size=0)


def test_train_and_test_folders_are_kept(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "parts"
    root.mkdir()
    folder.rename(root / "train")
    save(root / "test" / "square" / "a.png", np.full((2, 3), 9, np.uint8))
    data = load(root)
    assert data.x_train.shape == (10, 2, 3)
    assert data.x_test.tolist() == [[[9] * 3] * 2]
    assert data.y_test.tolist() == [1]
    save(root / "test" / "oval" / "a.png", np.full((2, 3), 9, np.uint8))
    with pytest.raises(DataError, match=r"classes \['oval'\] are in test, and not in train"):
        load(root)


def test_empty_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no sub-folders; each class needs one"):
        load(tmp_path)
    (tmp_path / "cats").mkdir()
    with pytest.raises(DataError, match="cats has no images"):
        load(tmp_path)


def huge_png() -> bytes:
    """A PNG whose header says 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000)))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("words", r"9\.png is not an image that can be read"),
        ("cut", r"9\.png is damaged or truncated"),
        ("empty", r"9\.png is empty"),
        ("huge", r"9\.png is implausibly large"),
        ("deep", r"9\.png has more than 8 bits a pixel \(mode I;16\)"),
        ("link", r"9\.png is a link that leaves its folder"),
    ],
)
def test_bad_images_are_named(fault: str, message: str, folder: Path, tmp_path: Path) -> None:
    path = folder / "round" / "9.png"
    good = (folder / "round" / "1.png").read_bytes()
    if fault == "deep":
        save(path, np.full((2, 3), 60_000, np.uint16))
    elif fault == "link":
        if os.name != "posix":
            pytest.skip("links need rights elsewhere")
        (tmp_path / "secret.png").write_bytes(good)
        path.symlink_to(tmp_path / "secret.png")
    else:
        cut = good[: good.index(b"IDAT") + 6]
        path.write_bytes({"words": b"hello", "cut": cut, "empty": b"", "huge": huge_png()}[fault])
    with pytest.raises(FileFormatError, match=message):
        load(folder)


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_class_folder_that_is_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "triangle").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileFormatError, match="triangle is a link that leaves its folder"):
        load(folder)


def test_pillow_is_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="pillow"):
        load(folder)


# ---- what lies under transparent parts ---------------------------------------------------------
def clear_palette(size: tuple[int, int]) -> Any:
    image = Image.new("P", size, 1)
    image.putpalette([10, 20, 30, 0, 0, 0])
    image.info["transparency"] = 1
    return image


KINDS: dict[str, tuple[Any, Any]] = {  # one way to be empty, and one to be black
    "RGBA": (Image.new("RGBA", (3, 2), (0, 0, 0, 0)), Image.new("RGBA", (3, 2), (0, 0, 0, 255))),
    "LA": (Image.new("LA", (3, 2), (0, 0)), Image.new("LA", (3, 2), (0, 255))),
    "P": (clear_palette((3, 2)), Image.new("P", (3, 2), 0)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_transparent_parts_lie_on_white(kind: str, tmp_path: Path) -> None:
    from nissl.cli import inputs
    from nissl.explain.convolution.photographs import photograph

    for name, image in zip(("empty", "black"), KINDS[kind], strict=True):
        (tmp_path / "drawn" / name).mkdir(parents=True)
        for i in range(3):
            image.save(tmp_path / "drawn" / name / f"{i}.png")
    data = load(tmp_path / "drawn")
    assert data.x_train.ndim == (3 if kind == "LA" else 4)
    white = data.class_names.index("empty")
    assert {int(x.min()) for x in data.x_train[data.y_train == white]} == {255}
    assert {int(x.max()) for x in data.x_train[data.y_train != white]} == {0}
    path = tmp_path / "drawn" / "empty" / "0.png"
    shape = data.x_train.shape[1:]
    assert (inputs.read_picture(path, inputs.Form(shape)) == 255).all()
    assert (photograph(path).pixels == 255).all()


def test_half_transparent_parts_are_mixed_with_white(tmp_path: Path) -> None:
    for name, grey in (("a", 0), ("b", 100)):
        (tmp_path / name).mkdir()
        for i in range(3):
            Image.new("LA", (3, 2), (grey, 51)).save(tmp_path / name / f"{i}.png")
    data = load(tmp_path)
    # 255 * (1 - 51 / 255) + grey * 51 / 255
    assert sorted(set(np.unique(data.x_train).tolist())) == [204, 224]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr"])
def test_every_mode_and_turn_is_read_alike(mode: str, tmp_path: Path) -> None:
    """The left half is white and the right half black, in a picture that lies on its side."""
    from nissl.cli import inputs

    upright = Image.new("RGB", (4, 6))
    upright.paste((255, 255, 255), (0, 0, 2, 6))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees to the left
    stored = upright.transpose(Image.Transpose.ROTATE_90).convert(mode)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(3):
            stored.save(tmp_path / name / f"{i}.tif", exif=exif)
    data = load(tmp_path, colour="grey")
    assert data.x_train.shape[1:] == (6, 4)
    assert np.abs(data.x_train[:, :, :2].astype(int) - 255).max() <= 2
    assert data.x_train[:, :, 2:].max() <= 2
    seen = inputs.read_picture(tmp_path / "a" / "0.tif", inputs.Form((6, 4)))
    assert np.array_equal(seen, data.x_train[0])


def test_sizes_are_whole_numbers(folder: Path) -> None:
    assert load(folder, size=np.int64(8)).x_train.shape[1:] == (8, 8)
    for size in ((8, 8, 3), (8,), 0, 2.5, "8", True, (8, -1)):
        with pytest.raises((ArgumentError, ArgumentTypeError), match="load: size"):
            load(folder, size=size)


def test_folders_are_named_in_one_form(folder: Path) -> None:
    (folder / "round").rename(folder / "caf\u00e9")
    assert "caf\u00e9" in load(folder).class_names
    (folder / "caf\u00e9").rename(folder / "cafe\u0301")
    assert "caf\u00e9" in load(folder).class_names
    (folder / "caf\u00e9").mkdir()
    if len(list(folder.iterdir())) == 3:  # some systems hold both to be one
        with pytest.raises(DataError, match="two folders are called"):
            load(folder)
