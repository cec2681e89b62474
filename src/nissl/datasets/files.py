"""Arrays out of files that nobody vouches for: read within bounds, and never with pickle."""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path
from typing import IO

import numpy as np

from nissl.core.tensor import Host
from nissl.datasets.dataset import Dataset, Pair, make
from nissl.errors import DataError, FileFormatError
from nissl.files import user_path

__all__ = ["from_idx", "from_npz"]

CHUNK = 1 << 20
IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
IDX_MAX_AXES = 8


def expanded_limit(size: int) -> int:
    """The most bytes that a compressed file of ``size`` bytes may become: no more is ever read.

    Real data grow by 100 at most; files made to fill a memory grow by 1,000 and more.
    """
    return max(256 << 20, 100 * size)


def check_regular(path: Path) -> int:
    """The size of a file in bytes; an error if it is missing, empty, or a pipe or device."""
    if not path.exists():
        raise DataError(f"{path}: there is no such file.")
    if not path.is_file():
        raise FileFormatError(f"{path} is not an ordinary file.")
    if not os.access(path, os.R_OK):
        raise DataError(f"{path} may not be read by this user.")
    size = path.stat().st_size
    if size == 0:
        raise FileFormatError(f"{path} is empty.")
    return size


def check_inside(folder: Path, path: Path) -> None:
    """Refuse a link in ``folder`` that leads out of it."""
    real = os.path.realpath(path)
    if not Path(real).is_relative_to(os.path.realpath(folder)):
        raise FileFormatError(
            f"{path} is a link that leaves its folder, to {real}; put a copy of the file there."
        )


def read_bytes(path: Path, limit: int | None = None) -> bytearray:
    """The bytes of a file, unpacked if it is a gzip file, and ``limit`` bytes at most."""
    import gzip
    import zlib

    size = check_regular(path)
    limit = expanded_limit(size) if limit is None else limit
    if size > limit:
        raise FileFormatError(f"{path} has {size:,} bytes, more than the {limit:,} expected.")
    data = bytearray()
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            while chunk := file.read(CHUNK):
                data += chunk
                if len(data) > limit:
                    raise FileFormatError(
                        f"{path} unpacks to more than {limit:,} bytes, which is not "
                        "plausible for its size; it was not read further."
                    )
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileFormatError(f"{path} is damaged or truncated: {error}") from error
    return data


def parse_idx(data: bytearray, where: str) -> Host:
    """The array in the bytes of an idx file, the format of MNIST.

    Two zero bytes, a type code, the number of axes, their lengths (32 bits each), then the values,
    all big-endian. Values of one byte share memory with ``data``.

    >>> parse_idx(bytearray([0, 0, 8, 1, 0, 0, 0, 2, 5, 7]), "two bytes")
    array([5, 7], dtype=uint8)
    """
    if len(data) < 4 or any(data[:2]) or data[2] not in IDX_TYPES:
        raise FileFormatError(
            f"{where} is not an idx file: it begins with the bytes "
            f"'{bytes(data[:4]).hex(' ')}', not with '00 00' and a type code."
        )
    start = 4 + 4 * data[3]
    if not 1 <= data[3] <= IDX_MAX_AXES or len(data) < start:
        raise FileFormatError(
            f"{where}: the idx header is damaged; it says {data[3]} axes, "
            f"and the file has {len(data)} bytes (1 to {IDX_MAX_AXES} axes are read)."
        )
    shape = struct.unpack(f">{data[3]}I", data[4:start])
    dtype = np.dtype(IDX_TYPES[data[2]])
    expected = start + math.prod(shape) * dtype.itemsize
    if len(data) != expected or expected == start:
        state = (
            "truncated" if len(data) < expected else "empty" if expected == start else "too long"
        )
        raise FileFormatError(
            f"{where} is {state}: its header says shape {shape} of {dtype.name}, which makes "
            f"{expected:,} bytes; it has {len(data):,}."
        )
    values = np.frombuffer(data, dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="), copy=False)


def _labels_beside(path: Path) -> Path:
    for images, labels in (("images", "labels"), ("idx3", "idx1")):
        path = path.with_name(path.name.replace(images, labels))
    return path


def _idx_pair(images: Path) -> Pair:
    labels = _labels_beside(images)
    if labels == images:
        raise DataError(
            f"{images}: its name must contain 'images', so that the file of its labels, "
            "which has 'labels' there, can be found."
        )
    if not labels.exists():
        raise DataError(f"{images}: its labels are missing; they are looked for in {labels}.")
    x, y = (parse_idx(read_bytes(path), str(path)) for path in (images, labels))
    return x, y


def from_idx(path: str | os.PathLike[str], *, test_fraction: float = 0.2, seed: int = 0) -> Dataset:
    """Load idx files, compressed with gzip or not: a folder of four, or one file of images.

    In a folder, the files of images have ``images`` in their names, and ``train``, or ``t10k`` or
    ``test``; a file of labels has the same name with ``labels`` (and ``idx1`` for ``idx3``).

    Args:
        path: The folder, or one file of images, which is then split.
        test_fraction: Share of samples set aside for testing if there is no test file, in (0, 1).
        seed: Which split; the same seed gives the same split.

    Raises:
        DataError: a file is missing, or images and labels differ in number.
        FileFormatError: a file is damaged, truncated or not idx.
    """
    root = user_path(path, "from_idx: path")
    if not root.is_dir():
        check_regular(root)
        train, test = root, None
    else:
        images = [each for each in sorted(root.iterdir()) if "images" in each.name]
        for each in images:
            check_inside(root, each)
            check_inside(root, _labels_beside(each))
        trains = [each for each in images if "train" in each.name]
        tests = [each for each in images if "t10k" in each.name or "test" in each.name]
        if len(trains) != 1 or len(tests) > 1:
            raise DataError(
                f"{root}: one idx file with 'train' and 'images' in its name is needed, and one "
                f"with 'test' or 't10k' at most; found {[each.name for each in images]}."
            )
        train, test = trains[0], tests[0] if tests else None
    return make(
        root.name,
        str(root),
        _idx_pair(train),
        _idx_pair(test) if test else None,
        test_fraction=test_fraction,
        seed=seed,
    )


def read_npz(path: Path) -> dict[str, Host]:
    """The arrays of an npz file by name, each checked against its header before it is read."""
    import zipfile
    import zlib

    size = check_regular(path)
    arrays: dict[str, Host] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > expanded_limit(size):
                raise FileFormatError(
                    f"{path} says that it unpacks to more than {expanded_limit(size):,} bytes, "
                    "which is not plausible for its size; it was not read."
                )
            for member in members:
                if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise FileFormatError(
                        f"{path}: {member.filename} is compressed in a way that NumPy never uses."
                    )
                with archive.open(member) as file:
                    _check_npy_header(file, member.file_size, f"{path}: {member.filename}")
                with archive.open(member) as file:
                    name = member.filename.removesuffix(".npy")
                    arrays[name] = np.lib.format.read_array(file, allow_pickle=False)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, RuntimeError) as error:
        raise FileFormatError(f"{path} is damaged or not an npz file: {error}") from error
    return arrays


def _check_npy_header(file: IO[bytes], size: int, where: str) -> None:
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        else:
            shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    except (ValueError, TypeError) as error:
        raise FileFormatError(f"{where} is not an array: {error}") from error
    if dtype.hasobject:
        raise FileFormatError(
            f"{where} holds pickled Python objects, which could run code when read; "
            "save it again as an array of numbers or of text."
        )
    expected = file.tell() + math.prod(shape) * dtype.itemsize
    if expected != size or min(shape, default=0) < 0:
        raise FileFormatError(
            f"{where} is damaged: its header says shape {shape} of {dtype}, "
            f"which makes {expected:,} bytes; it has {size:,}."
        )


def from_npz(path: str | os.PathLike[str], *, test_fraction: float = 0.2, seed: int = 0) -> Dataset:
    """Load an npz file with ``x_train, y_train, x_test, y_test``, or with ``x, y``, which is split.

    Args:
        path: The file, as ``numpy.savez`` or ``numpy.savez_compressed`` writes it.
        test_fraction: Share of samples set aside for testing if there is no test set, in (0, 1).
        seed: Which split; the same seed gives the same split.

    Raises:
        DataError: an array is missing, has no numbers, or a NaN; counts differ.
        FileFormatError: the file is damaged, pickled, or unpacks to an implausible size.

    Targets of integers, booleans or text are classes; floating point targets are measured values.
    """
    path = user_path(path, "from_npz: path")
    arrays = {name.lower(): value for name, value in read_npz(path).items()}
    train = next((k for k in (("x_train", "y_train"), ("x", "y")) if set(k) <= set(arrays)), None)
    if train is None or ("x_test" in arrays) != ("y_test" in arrays):
        raise DataError(
            f"{path} has the arrays {sorted(arrays)}; needed are x_train, y_train, x_test and "
            "y_test, or x and y."
        )
    return make(
        path.stem,
        str(path),
        (arrays[train[0]], arrays[train[1]]),
        (arrays["x_test"], arrays["y_test"]) if "x_test" in arrays else None,
        test_fraction=test_fraction,
        seed=seed,
    )
