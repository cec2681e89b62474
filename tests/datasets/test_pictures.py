"""Folders of images."""

from __future__ import annotations

import importlib.util
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from nissl.datasets import load
from nissl.errors import ArgumentError, DataError, FileFormatError, MissingDependencyError

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
    with pytest.raises(ArgumentError, match="must be 1 or more"):
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
