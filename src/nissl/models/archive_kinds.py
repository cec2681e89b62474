"""What a file that is no ``.keras`` file is instead: told by its content, with what to do.

Only the first bytes, the names in a zip and the names at the root of an HDF5 file are looked at;
nothing is unpacked, unpickled or run.
"""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from pathlib import Path
from typing import Final

from nissl.errors import FileFormatError
from nissl.models.archive_zip import BoundedFile

__all__ = ["HDF5", "ZIP", "is_zip", "refuse_foreign"]

ZIP: Final = b"PK\x03\x04"
HDF5: Final = b"\x89HDF\r\n\x1a\n"
_HEAD: Final = 4096
_SEARCHED: Final = 1 << 20

_ARRAYS: Final = "load its arrays there, and hand them to model.set_weights([...])"
_TORCH: Final = (
    "weights of PyTorch, which are pickled and can run code, so they are not read. Load them in "
    "PyTorch, and hand them to model.set_weights([...]), with matrices transposed: "
    "layer.weight.detach().numpy().T, layer.bias.detach().numpy()"
)
_PICKLE: Final = (
    "a Python pickle (of pickle, joblib or scikit-learn), which can run code when it is read, so "
    f"it is not read. Where you trust it, {_ARRAYS}"
)
_WHOLE_H5: Final = (
    "a whole model in the older HDF5 format of Keras. Open it in Keras and save it anew: "
    "keras.models.load_model('{name}').save('{stem}.keras')"
)
_OLD_WEIGHTS: Final = (
    "weights in the older HDF5 format of Keras 2. Load them in Keras, and save them as "
    "model.save_weights('{stem}.weights.h5') with Keras 3"
)
_WEIGHTS_ALONE: Final = (
    "weights alone (.weights.h5), without a model. Build the model, then call "
    "model.load_weights('{name}')"
)
_OTHER_H5: Final = (
    "an HDF5 file that holds no model of Keras 3. Models are read from .keras files; an older one "
    "in .h5 is opened in Keras and saved anew, as {stem}.keras"
)
_FROM_START: Final = (
    (b"\x93NUMPY", f"an array of NumPy (.npy): load it with numpy.load; {_ARRAYS}"),
    (b"GGUF", "a GGUF file of a language model; Nissl does not read it"),
    (b"version https://git-lfs", "a pointer of Git LFS and not the file: run git lfs pull"),
    (b"\x1f\x8b", "compressed with gzip: unpack it with gunzip first"),
    (b"BZh", "compressed with bzip2: unpack it first"),
    (b"\xfd7zXZ", "compressed with xz: unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive: unpack it first"),
    (b"Rar!", "a RAR archive: unpack it first"),
    (b"\x78\x9c", _PICKLE),  # zlib, as joblib compresses
    (b"\x78\x5e", _PICKLE),
)


def is_zip(path: str | os.PathLike[str]) -> bool:
    """Return whether a file begins as a zip does, so as a ``.keras`` file."""
    return _head(Path(path)).startswith(ZIP)


def refuse_foreign(path: str | os.PathLike[str], wanted: bytes) -> None:
    """Raise if a file is known to be of another format than the one that is to be read.

    Args:
        path: a file or a folder that exists.
        wanted: how the wanted format begins, :data:`ZIP` or :data:`HDF5`.

    Raises:
        FileFormatError: names the format, and says what to do.
    """
    place = Path(path)
    found = _folder(place) if place.is_dir() else _file(place, wanted)
    if found is None:
        return
    stem = place.name.removesuffix(place.suffix).removesuffix(".weights")
    told = found.format(name=place.name, stem=stem) if "{" in found else found
    raise FileFormatError(f"{path} is {told}")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise FileFormatError(f"{path} cannot be read: {error.strerror or error}") from error


def _folder(path: Path) -> str:
    if (path / "saved_model.pb").exists() or (path / "keras_metadata.pb").exists():
        return (
            "a SavedModel folder of TensorFlow. Open it where it was made, with Keras 2, and save "
            "it as a .keras file"
        )
    if (path / "model.weights.h5").exists() and (path / "config.json").exists():
        return (
            "a folder with what a .keras file holds, unpacked. Zip its files, not the folder, as "
            "{name}.keras"
        )
    if any(path.glob("*.safetensors")):
        return f"a folder with safetensors: load them with safetensors.numpy; {_ARRAYS}"
    return "a folder, not a .keras file"


def _file(path: Path, wanted: bytes) -> str | None:
    head = _head(path)
    if not head:
        return "empty: 0 bytes. Writing or downloading it was cut short; make it again"
    if head.startswith(ZIP):
        return _zip_kind(path, wanted)
    if head.startswith(HDF5):
        return _hdf5_kind(path, wanted)
    for start, told in _FROM_START:
        if head.startswith(start):
            return told
    return _by_structure(path, head)


def _zip_kind(path: Path, wanted: bytes) -> str | None:
    try:
        with BoundedFile(io.FileIO(path)) as file, zipfile.ZipFile(file) as archive:
            names = archive.namelist()[:1000]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        if zipfile.is_zipfile(path):
            return None  # the reader says what is wrong with it
        return (
            f"a zip whose end is missing ({path.stat().st_size:,} bytes are there): it was cut "
            "short. Copy, download or save it again"
        )
    if any(name.endswith("data.pkl") for name in names):
        return _TORCH
    if names and all(name.endswith(".npy") for name in names):
        return f"arrays of NumPy (.npz): load them with numpy.load; {_ARRAYS}"
    if "[Content_Types].xml" in names:
        return "a document of an office program"
    inner = [name.rpartition("/")[2] for name in names]
    if "config.json" not in names and {"config.json", "model.weights.h5"} <= set(inner):
        return (
            "a zip of a folder with what a .keras file holds. Zip the files in it, not the folder"
        )
    if wanted == ZIP or "config.json" in names:
        return None
    return "a zip, but no .keras file: config.json is missing"


def _hdf5_kind(path: Path, wanted: bytes) -> str | None:
    """What an HDF5 file is, by the names that stand in it as they are.

    The file is not opened: a damaged one could keep HDF5's library busy for good.
    """
    with path.open("rb") as file:
        start = file.read(_SEARCHED)
    if b"model_weights" in start or b"model_config" in start:
        return _WHOLE_H5
    if b"layer_names" in start:
        return _OLD_WEIGHTS
    if wanted == HDF5:
        return None
    return _WEIGHTS_ALONE if b"vars\0" in start else _OTHER_H5


def _by_structure(path: Path, head: bytes) -> str | None:
    """What has no fixed first bytes."""
    size = path.stat().st_size
    if head[4:8] == b"TFL3":
        return "a model of TensorFlow Lite, made for running only; save the one that it is made of"
    length = int.from_bytes(head[:8], "little")
    if head[8:9] == b"{" and 2 <= length <= size:
        return f"safetensors: load them with safetensors.numpy.load_file; {_ARRAYS}"
    if head[:1] == b"\x08" and head[1:2] < b"\x20" and head[2:3] in (b"\x12", b"\x1a", b"\x42"):
        return "a model in ONNX, made for running only; save the one that it is made of"
    if head[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        return _TORCH if b"torch" in head or b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19" in head else _PICKLE
    if head[257:262] == b"ustar":
        return "a tar archive: unpack it first"
    start = head.lstrip()[:15].lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a page of the web and not the file; follow its link to the file itself"
    if start.startswith(b"{") and _is_json(path, size):
        return (
            "a description in JSON, without weights. Save the model whole where it was made, as a "
            ".keras file"
        )
    if path.suffix == ".pb":
        return "a graph of TensorFlow; save the model as a .keras file where it was made"
    return None


def _is_json(path: Path, size: int) -> bool:
    if size > 1 << 24:
        return False
    try:
        json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return True
