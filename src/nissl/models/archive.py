"""The ``.keras`` file of Keras 3: a zip of ``config.json``, ``metadata.json`` and HDF5 weights.

This is the layer below ``save`` and ``load_model``: plain data in, plain data out, no layer and no
model. A file is written beside its place and renamed, so a full disk or a broken run leaves what
was there before. A file is read as if a stranger had sent it: sizes are bounded before anything is
unpacked, nothing is unpacked to disk, nothing is unpickled, nothing is imported by name.
"""

from __future__ import annotations

import datetime
import json
import os
import stat
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nissl.core.tensor import Host
from nissl.errors import ArgumentTypeError, FileFormatError, SaveError
from nissl.files import user_path, writing
from nissl.models.archive_h5 import decode_weights, encode_weights
from nissl.models.archive_kinds import HDF5, ZIP, is_zip, refuse_foreign
from nissl.models.archive_zip import CONFIG, METADATA, WEIGHTS, read_members
from nissl.registry import snake_case

__all__ = [
    "Archive",
    "new_metadata",
    "object_paths",
    "read_archive",
    "read_weights",
    "write_archive",
    "write_weights",
]


@dataclass(frozen=True, slots=True)
class Archive:
    """What a ``.keras`` file holds.

    Attributes:
        config: the model's description, as Keras serialises objects.
        metadata: who wrote the file, and when; empty where the file does not say.
        weights: arrays by HDF5 path, such as ``"layers/dense/vars/0"``.
        path: the file, for messages.
    """

    config: dict[str, Any]
    metadata: dict[str, Any]
    weights: dict[str, Host]
    path: str

    def variables(self, owner: str) -> list[Host]:
        """Return the variables of one object in order.

        Args:
            owner: its path in the file: ``"layers/dense_1"``, ``"optimizer"``, ``""`` for the
                model itself.

        Raises:
            FileFormatError: the numbering has a gap or something that is no number.
        """
        prefix = f"{owner}/vars/" if owner else "vars/"
        numbered = {
            path[len(prefix) :]: array
            for path, array in self.weights.items()
            if path.startswith(prefix)
        }
        expected = [str(index) for index in range(len(numbered))]
        if set(numbered) != set(expected):
            raise FileFormatError(
                f"{self.path}, member {WEIGHTS}: {prefix!r} holds {sorted(numbered)}, "
                f"where the variables are to be numbered {expected}"
            )
        return [numbered[name] for name in expected]


def object_paths(class_names: Iterable[str], parent: str = "layers") -> list[str]:
    """Return the paths under which Keras keeps objects: by class and position, not by name.

    Args:
        class_names: the classes of a model's layers in order, without the input layer.
        parent: the path of what holds them.

    >>> object_paths(["Flatten", "Dense", "LeakyReLU", "Dense"])
    ['layers/flatten', 'layers/dense', 'layers/leaky_re_lu', 'layers/dense_1']
    """
    used: dict[str, int] = {}
    paths: list[str] = []
    for class_name in class_names:
        name = snake_case(class_name)
        count = used.get(name, 0)
        used[name] = count + 1
        paths.append(f"{parent}/{name}_{count}" if count else f"{parent}/{name}")
    return paths


def new_metadata(version: str, now: datetime.datetime | None = None) -> dict[str, str]:
    """Return the metadata of a file that Nissl writes.

    Args:
        version: Nissl's version.
        now: the time to note; the current one if not given.

    ``keras_version`` names the version whose format the file follows.
    """
    moment = now or datetime.datetime.now()
    return {
        "keras_version": "3.0.0",
        "date_saved": moment.strftime("%Y-%m-%d@%H:%M:%S"),
        "written_by": f"nissl {version}",
    }


def write_archive(
    path: str | os.PathLike[str],
    config: Mapping[str, Any],
    metadata: Mapping[str, Any],
    weights: Mapping[str, Any],
    groups: Mapping[str, str] | None = None,
) -> None:
    """Write a ``.keras`` file that Keras 3 reads, whole or not at all.

    Args:
        path: the file. An existing one is replaced in one step at the end; a link is followed.
        config: the model's description, of what JSON knows (no NaN, no infinity).
        metadata: who writes it, and when; see `new_metadata`.
        weights: arrays by HDF5 path.
        groups: the name by path of each object that owns variables, ``""`` for the model. Early
            versions of Keras 3 ask for all of them, also for layers without variables.

    Raises:
        SaveError: it cannot be written (full disk, no permission).
        ArgumentTypeError: ``config`` or ``metadata`` holds what JSON cannot.
        DTypeError, ArgumentError: a weight or a path that the format cannot hold.
        MissingDependencyError: h5py is not installed.

    >>> import numpy as np, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_archive(f"{folder}/m.keras", {"class_name": "Sequential"}, {},
    ...                   {"layers/dense/vars/0": np.ones((2, 3))}, {"layers/dense": "first"})
    ...     read_archive(f"{folder}/m.keras").variables("layers/dense")[0].shape
    (2, 3)
    """
    members = [
        (METADATA, _to_json(metadata, "metadata")),
        (CONFIG, _to_json(config, "config")),
        (WEIGHTS, encode_weights(weights, groups or {})),
    ]
    target = os.path.realpath(user_path(path))
    if os.path.isdir(target):
        raise SaveError(f"{target} is a folder; give the name of a file, such as model.keras")
    with writing(target) as beside, open(beside, "wb") as file:
        # Stored, not deflated, as Keras does: floats hardly compress. No date either, so that
        # equal models make equal files.
        with zipfile.ZipFile(file, "w") as archive:
            for name, data in members:
                info = zipfile.ZipInfo(name)
                info.external_attr = (stat.S_IFREG | 0o644) << 16
                archive.writestr(info, data)
        file.flush()
        # On the disk before it takes the place of the old one: some disks say only now that
        # they are full.
        os.fsync(file.fileno())


def _to_json(value: Mapping[str, Any], what: str) -> bytes:
    try:
        return json.dumps(dict(value), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentTypeError(f"the {what} of the model cannot be written: {error}") from error


def read_archive(path: str | os.PathLike[str]) -> Archive:
    """Read a ``.keras`` file that may be damaged or hostile.

    Args:
        path: a file that Keras 3 or Nissl wrote.

    Returns:
        Its description, metadata and weights. Whether they fit each other is not looked at here.

    Raises:
        FileFormatError: missing, not a zip, truncated, damaged, or in any way not what Keras
            writes; names the file and the member.
        MissingDependencyError: h5py is not installed.
    """
    name = _existing(path)
    refuse_foreign(name, ZIP)
    config, metadata, image = read_members(name)
    return Archive(config, metadata, decode_weights(image, f"{name}, member {WEIGHTS}"), name)


def write_weights(
    path: str | os.PathLike[str], weights: Mapping[str, Any], groups: Mapping[str, str]
) -> None:
    """Write a ``.weights.h5`` file, whole or not at all; see `write_archive` for the arguments."""
    with writing(path) as beside:
        beside.write_bytes(encode_weights(weights, groups))


def read_weights(path: str | os.PathLike[str]) -> Archive:
    """Read weights, from a ``.weights.h5`` file (without configuration) or a ``.keras`` file.

    The file may be damaged or hostile, and its name is not believed.
    """
    name = _existing(path)
    if is_zip(name):  # whatever it is called
        return read_archive(name)
    refuse_foreign(name, HDF5)
    with open(name, "rb") as file:
        image = file.read()
    return Archive({}, {}, decode_weights(image, name), name)


def _existing(path: str | os.PathLike[str]) -> str:
    """The name of a regular file that is there."""
    name = str(user_path(path))
    if not os.path.exists(name):
        raise FileFormatError(f"there is no file {name}")
    if os.path.isdir(name):
        refuse_foreign(name, ZIP)
    if not os.path.isfile(name):
        raise FileFormatError(f"{name} is not a regular file")
    return name
