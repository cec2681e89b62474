"""A user's own data: npz, idx and the split; good files, bad files and hostile files."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nissl.datasets import Dataset, from_csv, from_idx, from_images, from_npz, load
from nissl.datasets.dataset import make
from nissl.datasets.files import parse_idx
from nissl.datasets.pictures import open_image
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    FileFormatError,
    NisslError,
    UnknownNameError,
)

X = np.arange(40, dtype=np.float32).reshape(10, 4)
Y = np.array([0, 1] * 5)


def idx(shape: tuple[int, ...], values: bytes, code: int = 8) -> bytearray:
    lengths = b"".join(length.to_bytes(4, "big") for length in shape)
    return bytearray([0, 0, code, len(shape)]) + lengths + values


def npz(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def test_npz_with_four_arrays(tmp_path: Path) -> None:
    path = npz(tmp_path / "four.npz", x_train=X, y_train=Y, x_test=X[:2] + 1, y_test=Y[:2])
    data = load(path)
    assert (data.name, data.source, data.class_names) == ("four", str(path), ("0", "1"))
    assert np.array_equal(data.x_train, X)
    assert np.array_equal(data.y_train, Y)
    assert np.array_equal(data.x_test, X[:2] + 1)
    assert np.array_equal(data.y_test, Y[:2])
    data.x_train[0] = 0


def test_npz_with_two_arrays_is_split(tmp_path: Path) -> None:
    data = load(npz(tmp_path / "two.npz", X=X, y=Y), test_fraction=0.4, seed=3)
    assert (len(data.x_train), len(data.x_test)) == (6, 4)
    assert np.bincount(data.y_train).tolist() == [3, 3]
    assert np.bincount(data.y_test).tolist() == [2, 2]
    together = np.concatenate([data.x_train, data.x_test])
    assert np.array_equal(together[np.argsort(together[:, 0])], X)
    assert np.array_equal(data.x_train[:, 0] // 4 % 2, data.y_train)


def test_split_is_the_same_on_every_machine() -> None:
    data = make("toy", "here", (np.arange(8.0)[:, None], np.arange(8.0)), seed=1)
    # The first words of PCG64(1), in units of 1e18: 9.44 17.53 2.66 17.50 5.75 7.81 15.27 7.55.
    assert data.y_test.tolist() == [2, 4]
    assert data.y_train.tolist() == [7, 5, 0, 6, 3, 1]
    other = make("toy", "here", (np.arange(8.0)[:, None], np.arange(8.0)), seed=2)
    assert other.y_train.tolist() != data.y_train.tolist()


@given(
    counts=st.lists(st.integers(1, 12), min_size=1, max_size=5),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**31),
)
def test_split_keeps_every_sample_once_and_every_class_in_both(
    counts: list[int], fraction: float, seed: int
) -> None:
    y = np.repeat(np.arange(len(counts)), counts)
    x = np.arange(len(y))[:, None]
    if max(counts) < 2:
        with pytest.raises(DataError, match="cannot be split"):
            make("toy", "", (x, y), test_fraction=fraction, seed=seed)
        return
    data = make("toy", "", (x, y), test_fraction=fraction, seed=seed)
    assert sorted([*data.x_train[:, 0], *data.x_test[:, 0]]) == list(range(len(y)))
    assert np.array_equal(y[data.x_test[:, 0]], data.y_test)
    for each, count in enumerate(counts):
        held = int((data.y_test == each).sum())
        assert held == 0 if count == 1 else 1 <= held <= count - 1
        assert count == 1 or held in (1, count - 1) or abs(held - fraction * count) <= 0.5


def test_classes_are_numbered_and_keep_their_names(tmp_path: Path) -> None:
    words = np.array(["cat", "ant", "cat", "bee"])
    data = load(npz(tmp_path / "w.npz", x_train=X[:4], y_train=words, x_test=X[:1], y_test=["bee"]))
    assert data.class_names == ("ant", "bee", "cat")
    assert data.y_train.tolist() == [2, 0, 2, 1]
    assert data.y_test.tolist() == [1]
    signs = load(npz(tmp_path / "s.npz", x=X, y=np.array([[-1], [1]] * 5)))
    assert signs.class_names == ("-1", "1")
    assert set(signs.y_train.tolist()) == {0, 1}


def test_measured_targets_stay_as_they_are(tmp_path: Path) -> None:
    data = load(npz(tmp_path / "r.npz", x=X, y=X[:, 0] / 3))
    assert data.task == "regression"
    assert data.y_train.dtype == np.float32


def nan() -> np.ndarray:
    x = X.copy()
    x[3, 1] = np.nan
    return x


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"a": X}, r"has the arrays \['a'\]; needed are x_train"),
        ({"x_train": X, "y_train": Y, "x_test": X}, "needed are x_train"),
        ({"x": X, "y": Y[:9]}, r"shape \(10, 4\), targets \(9,\)"),
        ({"x": X[:0], "y": Y[:0]}, "cannot be split: it has 0 samples"),
        ({"x": nan(), "y": Y}, "values that are NaN or infinite"),
        ({"x_train": nan(), "y_train": Y, "x_test": X, "y_test": Y}, r"1 values .* \(3, 1\)"),
        ({"x": X.astype(str), "y": Y}, "dtype <U.*numbers are needed"),
        ({"x": X + 1j, "y": Y}, "dtype complex64"),
        ({"x_train": X, "y_train": Y, "x_test": X[:, :3], "y_test": Y}, r"\(4,\).*\(3,\)"),
        ({"x_train": X, "y_train": Y, "x_test": X[:3], "y_test": Y}, r"\(3, 4\), targets \(10,\)"),
    ],
)
def test_npz_that_cannot_be_trained_on(
    arrays: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        load(npz(tmp_path / "bad.npz", **arrays))


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_test_fraction_outside_its_range(fraction: float, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="load: test_fraction="):
        load(npz(tmp_path / "two.npz", x=X, y=Y), test_fraction=fraction)


def test_pickled_objects_are_not_read(tmp_path: Path) -> None:
    path = npz(tmp_path / "evil.npz", x=np.array([{"a": 1}] * 10, object), y=Y)
    with pytest.raises(FileFormatError, match=r"evil\.npz: x\.npy holds pickled Python objects"):
        load(path)


def zip_with(path: Path, content: bytes, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("x.npy", content)
    return path


def test_zip_bomb_is_refused_unread(tmp_path: Path) -> None:
    path = zip_with(tmp_path / "bomb.npz", bytes(300 << 20))
    with pytest.raises(FileFormatError, match="unpacks to more than 268,435,456 bytes"):
        load(path)


def test_gzip_bomb_is_not_read_on(tmp_path: Path) -> None:
    path = tmp_path / "images-idx1-ubyte.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(300):
            file.write(bytes(1 << 20))
    (tmp_path / "labels-idx1-ubyte.gz").write_bytes(b"x")
    with pytest.raises(FileFormatError, match="unpacks to more than 268,435,456 bytes"):
        load(path)


def test_header_that_promises_too_much(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 9)}
    )
    path = zip_with(tmp_path / "huge.npz", header.getvalue() + bytes(64))
    with pytest.raises(FileFormatError, match=r"header says shape \(1000000000000, 9\)"):
        load(path)


def test_odd_compression_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="in a way that NumPy never uses"):
        load(zip_with(tmp_path / "odd.npz", bytes(1000), zipfile.ZIP_LZMA))


@given(data=st.data())
def test_damaged_npz_gives_an_error_of_our_own(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = npz(tmp_path_factory.mktemp("npz") / "x.npz", x=X, y=Y)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        assert isinstance(load(path), Dataset)
    except NisslError as error:
        assert "x.npz" in str(error) or "x: " in str(error)


@pytest.mark.parametrize(
    ("code", "dtype", "raw"),
    [
        (0x08, np.uint8, b"\x01\xff"),
        (0x09, np.int8, b"\x01\xff"),
        (0x0B, np.int16, b"\x00\x01\xff\xff"),
        (0x0C, np.int32, b"\x00\x00\x00\x01\xff\xff\xff\xff"),
        (0x0D, np.float32, b"\x3f\x80\x00\x00\xbf\x80\x00\x00"),
        (0x0E, np.float64, b"\x3f\xf0" + bytes(6) + b"\xbf\xf0" + bytes(6)),
    ],
)
def test_idx_types(code: int, dtype: type, raw: bytes) -> None:
    values = parse_idx(idx((2,), raw, code), "here")
    assert values.dtype == dtype
    assert values.dtype.isnative
    assert values.tolist() == [1, 255 if code == 0x08 else -1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bytearray(b"\x89PNG...."), "not an idx file: it begins with the bytes '89 50 4e 47'"),
        (bytearray(b"\0\0"), "not an idx file"),
        (bytearray([0, 0, 7, 1, 0, 0, 0, 1, 9]), "not an idx file"),
        (bytearray([0, 0, 8, 0]), "header is damaged; it says 0 axes"),
        (bytearray([0, 0, 8, 200]) + bytes(900), "header is damaged; it says 200 axes"),
        (bytearray([0, 0, 8, 3, 0, 0]), "header is damaged"),
        (idx((2, 2), b"abc"), r"truncated: its header says shape \(2, 2\) of uint8.* 16 .* 15"),
        (idx((2, 2), b"abcde"), "too long"),
        (idx((0, 2), b""), "empty"),
        (idx((2**32 - 1, 2**32 - 1), b"abc"), "truncated"),
    ],
)
def test_bad_idx(content: bytearray, message: str) -> None:
    with pytest.raises(FileFormatError, match=f"here.*{message}"):
        parse_idx(content, "here")


@given(st.binary(max_size=40))
def test_any_bytes_make_an_array_or_an_error(content: bytes) -> None:
    try:
        assert parse_idx(bytearray(b"\0\0\x08\x01" + content), "here").ndim == 1
    except FileFormatError as error:
        assert "here" in str(error)


def test_idx_folder(tiny: Any, tmp_path: Path) -> None:
    data = load(tiny.lay_out(tmp_path / "toy"))
    assert data.x_train.tolist() == np.arange(12).reshape(3, 2, 2).tolist()
    assert data.x_test[0].tolist() == [[100, 101], [102, 103]]
    assert (data.y_train.tolist(), data.y_test.tolist()) == ([0, 1, 0], [1, 0])
    assert (data.class_names, data.name) == (("0", "1"), "toy")


def test_idx_file_with_labels_beside_it(tmp_path: Path) -> None:
    (tmp_path / "my-images-idx2-ubyte").write_bytes(idx((10, 4), bytes(range(40))))
    labels = tmp_path / "my-labels-idx2-ubyte"
    with pytest.raises(DataError, match=r"labels are missing; they are looked for in .*my-labels"):
        load(tmp_path / "my-images-idx2-ubyte")
    labels.write_bytes(idx((10,), bytes([0, 1] * 5)))
    data = load(tmp_path / "my-images-idx2-ubyte", test_fraction=0.2)
    assert (data.x_train.shape, data.x_test.shape) == ((8, 4), (2, 4))
    with pytest.raises(DataError, match="must contain 'images'"):
        load(labels)


def test_idx_folder_without_training_images(tiny: Any, tmp_path: Path) -> None:
    folder = tiny.lay_out(tmp_path / "toy")
    (folder / "train-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"found \['t10k-images-idx3-ubyte.gz'\]"):
        from_idx(folder)


def test_truncated_gzip(tiny: Any, tmp_path: Path) -> None:
    path = tiny.lay_out(tmp_path / "toy") / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FileFormatError, match=r"train-images.*damaged or truncated"):
        load(path.parent)


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_link_that_leaves_the_folder(tiny: Any, tmp_path: Path) -> None:
    folder = tiny.lay_out(tmp_path / "toy", packed=False)
    outside = tmp_path / "outside"
    (folder / "train-labels-idx1-ubyte").rename(outside)
    (folder / "train-labels-idx1-ubyte").symlink_to(outside)
    with pytest.raises(FileFormatError, match=r"train-labels.* is a link that leaves its folder"):
        load(folder)


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".idx"])
def test_empty_and_missing_files(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a-images{suffix}"
    with pytest.raises(DataError, match="there is no such file or folder"):
        load(path)
    path.touch()
    (tmp_path / f"a-labels{suffix}").touch()
    with pytest.raises(FileFormatError, match=f"a-images{suffix} is empty"):
        load(path)


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(FileFormatError, match="not an ordinary file"):
        from_npz(tmp_path / "pipe.npz")


def test_unknown_ending_and_unknown_option(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    with pytest.raises(FileFormatError, match=r"the ending '\.txt' is none of these"):
        load(path)
    with pytest.raises(ArgumentError, match=r"target has no meaning for the file .*two\.npz"):
        load(npz(tmp_path / "two.npz", x=X, y=Y), target="price")


@pytest.mark.parametrize("loader", [load, from_idx, from_npz, from_csv, from_images, open_image])
@pytest.mark.parametrize("given", [None, 3, 2.5, [], "", "x\0.csv"])
def test_what_is_no_path(loader: Any, given: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match="path"):
        loader(given)


def test_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    npz(tmp_path / "two.npz", x=X, y=Y)
    assert load("~/two.npz").source == str(tmp_path / "two.npz")


def test_text_classes_in_one_form(tmp_path: Path) -> None:
    words = np.array(["cafe\u0301", "caf\u00e9"] * 5)
    assert load(npz(tmp_path / "w.npz", x=X, y=words)).class_names == ("caf\u00e9",)


def test_name_that_is_no_path_is_an_unknown_name() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'digits'"):
        load("digit")
