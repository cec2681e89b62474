"""The HDF5 member of a ``.keras`` file: arrays by path, written plainly and read with suspicion.

HDF5 can name other files, make its data up, declare shapes that nothing stands behind, and call
for filters that it loads from elsewhere. None of this belongs in a file of weights, and Keras
writes none of it: reading takes groups and plain arrays of numbers, and refuses the rest by name.
What is read can then never be larger than the file itself.
"""

from __future__ import annotations

import importlib
import io
import math
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from nissl.core.dtypes import bfloat16, type_names
from nissl.core.tensor import Host
from nissl.errors import ArgumentError, DTypeError, FileFormatError, MissingDependencyError

__all__ = ["decode_weights", "encode_weights"]


_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_MAX_OBJECTS: Final = 100_000
_MAX_DEPTH: Final = 64
_READ_ERRORS: Final = (
    OSError,
    RuntimeError,
    KeyError,
    TypeError,
    ValueError,
    OverflowError,
    MemoryError,
)


def _h5py() -> Any:
    try:
        return importlib.import_module("h5py")
    except ImportError as error:
        raise MissingDependencyError("h5py", "the .keras file", "keras-files") from error


def _storable(path: str, value: Any) -> Host:
    """Return ``value`` as an array that HDF5 holds without pickling."""
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise ArgumentError(
            f"{path!r} is not a path of a weight; write names joined by '/', such as "
            "'layers/dense/vars/0'"
        )
    array = np.asarray(value)
    if array.dtype.name not in type_names:
        raise DTypeError(
            f"weight {path!r} has dtype {array.dtype}, which a .keras file cannot hold; "
            f"known: {', '.join(type_names)}"
        )
    return array


def encode_weights(weights: Mapping[str, Any], groups: Mapping[str, str]) -> bytes:
    """Return an HDF5 file image that holds ``weights``.

    Args:
        weights: arrays of any shape by path (``"layers/dense/vars/0"``); numbers or booleans.
            bfloat16 is stored as two opaque bytes with the attribute ``dtype="bfloat16"``.
        groups: names by path of the object that owns variables, ``""`` for the model. Each gets a
            group ``vars`` (empty where it has no weights) that carries the name.

    Raises:
        ArgumentError: a path that is empty, absolute, climbs, or is both a group and a weight.
        DTypeError: an array of objects, text, complex numbers.
        MissingDependencyError: h5py is not installed.
    """
    h5py = _h5py()
    name = f"weights of thread {threading.get_ident()}"  # HDF5 opens no name twice
    with h5py.File(name, "w", driver="core", backing_store=False) as file:
        for path, name in groups.items():
            owner = f"{path}/vars" if path else "vars"
            _storable(owner, 0)
            file.require_group(owner).attrs["name"] = name
        for path, value in weights.items():
            array = _storable(path, value)
            try:
                if array.dtype.name == "bfloat16":
                    dataset = file.create_dataset(path, data=array.view("V2"))
                    dataset.attrs["dtype"] = "bfloat16"
                else:
                    file.create_dataset(path, data=array)
            except ValueError as error:
                raise ArgumentError(f"weight {path!r} collides with another path") from error
        file.flush()
        return file.id.get_file_image()


def decode_weights(data: bytes, where: str) -> dict[str, Host]:
    """Return the arrays of an HDF5 file image by path, in the order of the file.

    Args:
        data: the whole HDF5 file.
        where: how messages call it.

    Raises:
        FileFormatError: damaged, or it holds a link that is not a plain one, or an array that is
            virtual, compressed, stored elsewhere, larger than what is stored, or of text,
            objects or records.
        MissingDependencyError: h5py is not installed.
    """
    h5py = _h5py()
    if not data.startswith(_SIGNATURE):
        raise FileFormatError(f"{where} is not an HDF5 file: its signature is missing")
    found: dict[str, Host] = {}
    left = len(data)
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            for path, dataset in _datasets(h5py, file, where):
                left -= _checked_size(h5py, dataset, f"{where}, array {path!r}")
                if left < 0:
                    raise FileFormatError(
                        f"{where}: its arrays up to {path!r} declare more bytes than the "
                        f"{len(data):,} of the file; refused as a bomb"
                    )
                found[path] = _read(dataset, f"{where}, array {path!r}")
    except FileFormatError:
        raise
    except _READ_ERRORS as error:
        raise FileFormatError(f"{where} is a damaged HDF5 file: {error}") from error
    return found


def _datasets(h5py: Any, file: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Yield every dataset by path; follows plain links only, each object once."""
    seen: set[int] = {int(h5py.h5o.get_info(file["/"].id).addr)}
    waiting: list[tuple[str, Any]] = [("", file)]
    while waiting:
        prefix, group = waiting.pop()
        if prefix.count("/") > _MAX_DEPTH:
            raise FileFormatError(f"{where}: groups nest deeper than {_MAX_DEPTH} levels")
        children: list[tuple[str, Any]] = []
        for name in group:
            path = f"{prefix}{name}"
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise FileFormatError(
                    f"{where}: {path!r} is a {type(link).__name__}, not data; links that could "
                    "lead elsewhere are refused"
                )
            child = group[name]
            address = int(h5py.h5o.get_info(child.id).addr)
            if address in seen:
                raise FileFormatError(f"{where}: {path!r} is reached by two paths")
            seen.add(address)
            if len(seen) > _MAX_OBJECTS:
                raise FileFormatError(f"{where}: it holds more than {_MAX_OBJECTS:,} objects")
            if isinstance(child, h5py.Dataset):
                yield path, child
            elif isinstance(child, h5py.Group):
                children.append((f"{path}/", child))
            else:
                raise FileFormatError(f"{where}: {path!r} is neither a group nor an array")
        waiting.extend(reversed(children))


def _checked_size(h5py: Any, dataset: Any, where: str) -> int:
    """Return the bytes that reading ``dataset`` takes, once nothing about it is suspicious."""
    if dataset.shape is None:
        raise FileFormatError(f"{where}: it has no shape")
    layout = dataset.id.get_create_plist().get_layout()
    if layout not in (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT) or dataset.external:
        raise FileFormatError(
            f"{where}: it is virtual, chunked, compressed or stored in another file; weights "
            "are plain arrays. Save the model again with Keras or Nissl"
        )
    kind = dataset.id.get_type().get_class()
    numeric = (h5py.h5t.FLOAT, h5py.h5t.INTEGER, h5py.h5t.ENUM)
    if not _is_bfloat16(h5py, dataset) and (
        kind not in numeric or dataset.dtype.name not in type_names
    ):
        raise FileFormatError(
            f"{where}: dtype {dataset.dtype} is not one that weights have; "
            f"known: {', '.join(type_names)}"
        )
    declared = math.prod(dataset.shape) * dataset.dtype.itemsize
    stored = int(dataset.id.get_storage_size())
    if stored < declared:
        raise FileFormatError(
            f"{where}: shape {dataset.shape} takes {declared:,} bytes and only {stored:,} are "
            "stored; refused as a bomb"
        )
    return declared


def _is_bfloat16(h5py: Any, dataset: Any) -> bool:
    """Say whether this is how Keras stores bfloat16: two opaque bytes, marked by an attribute.

    The attribute says "bfloat16", the only value that Keras writes. It is not read: HDF5 keeps its
    text in a heap, where a damaged file can send the library into an endless loop.
    """
    opaque = dataset.id.get_type().get_class() == h5py.h5t.OPAQUE
    return opaque and dataset.dtype.itemsize == 2 and "dtype" in dataset.attrs


def _read(dataset: Any, where: str) -> Host:
    dtype: np.dtype[Any] = dataset.dtype
    try:
        array = np.empty(dataset.shape, dtype)
        if array.size:
            dataset.read_direct(array)
    except (MemoryError, ValueError) as error:
        raise FileFormatError(f"{where}: shape {dataset.shape} cannot be read: {error}") from error
    if dtype.kind == "V":
        return array.view(bfloat16())
    return array.astype(dtype.newbyteorder("="), copy=False)
