"""The zip around a ``.keras`` file, read with every size bounded before it is believed."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from nissl.errors import FileFormatError

__all__ = ["BoundedFile", "CONFIG", "METADATA", "WEIGHTS", "read_members"]

METADATA: Final = "metadata.json"
CONFIG: Final = "config.json"
WEIGHTS: Final = "model.weights.h5"
_PICKLED: Final = "model.weights.npz"

_MAX_INDEX_BYTES: Final = 1 << 20  # the zip's own table of contents
_MAX_MEMBERS: Final = 1_000
_MAX_JSON_BYTES: Final = 8 << 20
_MAX_JSON_VALUES: Final = 500_000
_MAX_JSON_DEPTH: Final = 64
_MAX_NUMBER: Final = 1 << 63
_RATIO_FLOOR: Final = 1 << 20  # below this a member is small, however well it compresses
_MAX_RATIO: Final = 20  # weights hardly compress; Keras stores them as they are

_ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OverflowError,
    MemoryError,
    ValueError,
)


class BoundedFile(io.BufferedReader):
    """A file that refuses a single read of more than ``limit`` bytes while ``limit`` is set.

    The zip reader takes the size of its table of contents from the file and reads it in one go;
    this keeps a made-up size from deciding how much memory that takes.
    """

    limit: int | None = _MAX_INDEX_BYTES

    def read(self, size: int | None = -1, /) -> bytes:
        if self.limit is None:
            return super().read(size)
        most = self.limit + 1
        data = super().read(most if size is None or size < 0 else min(size, most))
        if len(data) > self.limit:
            raise zipfile.BadZipFile(f"its table of contents is larger than {self.limit:,} bytes")
        return data


def read_members(name: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Return the config, the metadata (empty where it is missing) and the HDF5 image.

    Args:
        name: a regular file.

    Raises:
        FileFormatError: it cannot be read, is not a zip, is damaged, or is larger, deeper or
            stranger than what Keras writes; names the file and the member.
    """
    try:
        with BoundedFile(io.FileIO(name)) as file, zipfile.ZipFile(file) as archive:
            file.limit = None
            total = os.fstat(file.fileno()).st_size
            members = _checked_members(archive.infolist(), name)
            objects: dict[str, dict[str, Any]] = {CONFIG: {}, METADATA: {}}
            for member in (CONFIG, METADATA):
                if member not in members:
                    continue
                text = _read_member(archive, members[member], name, _MAX_JSON_BYTES, total)
                objects[member] = _from_json(text, f"{name}, member {member}")
            image = _read_member(archive, members[WEIGHTS], name, None, total)
            return objects[CONFIG], objects[METADATA], image
    except FileFormatError:
        raise
    except _ZIP_ERRORS as error:
        raise FileFormatError(
            f"{name} is not a .keras file, or a damaged one: {error}. A .keras file is a zip; "
            "if it was downloaded or copied, fetch it again"
        ) from error
    except OSError as error:
        raise FileFormatError(f"{name} cannot be read: {error.strerror or error}") from error


def _checked_members(infos: list[zipfile.ZipInfo], name: str) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name, once none of the names is one that an archive should have."""
    if len(infos) > _MAX_MEMBERS:
        raise FileFormatError(f"{name} holds {len(infos):,} members; the most is {_MAX_MEMBERS:,}")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        # The name as stored: what zipfile makes of it is cut at a NUL byte.
        member = info.orig_filename
        parts = member.removesuffix("/").split("/")
        if any(part in ("", ".", "..") for part in parts) or re.search(r"[\\:\0]", member):
            raise FileFormatError(f"{name}: the member {member!r} has a path that leads outside")
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise FileFormatError(f"{name}: the member {member!r} is a link or a device; refused")
        if member in members:
            raise FileFormatError(f"{name}: the member {member!r} is there twice")
        members[member] = info
    for needed in (CONFIG, WEIGHTS):
        if needed not in members:
            raise FileFormatError(f"{name}: {_missing(needed, members)}")
    return members


def _missing(needed: str, members: Mapping[str, zipfile.ZipInfo]) -> str:
    if needed == WEIGHTS and _PICKLED in members:
        return (
            f"the weights are in {_PICKLED}, which can hold pickled code and is not read; save "
            "the model again with its weights as HDF5"
        )
    present = ", ".join(sorted(members)[:10]) or "nothing"
    return f"the member {needed!r} is missing (there is {present}); it is not a whole .keras file"


def _read_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, limit: int | None, total: int
) -> bytes:
    """Return one member, its checksum verified, when its sizes are plausible."""
    where = f"{name}, member {info.filename!r}"
    if info.flag_bits & 0x1:
        raise FileFormatError(f"{where} is encrypted")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FileFormatError(f"{where} is compressed by a method that is not read")
    if info.compress_size > total:
        raise FileFormatError(
            f"{where} is to take {info.compress_size:,} bytes of a file of {total:,}: truncated"
        )
    if limit is not None and info.file_size > limit:
        raise FileFormatError(f"{where} takes {info.file_size:,} bytes; the most is {limit:,}")
    if info.file_size > max(_RATIO_FLOOR, _MAX_RATIO * info.compress_size):
        raise FileFormatError(
            f"{where} unpacks from {info.compress_size:,} to {info.file_size:,} bytes; "
            "refused as a bomb"
        )
    with archive.open(info) as member:
        # Asking for the declared size, and not for all, keeps the unpacker from making more first.
        return member.read(info.file_size)


def _from_json(text: bytes, where: str) -> dict[str, Any]:
    """Return the JSON object in ``text``; no duplicate names, no NaN, bounded in size and depth."""
    try:
        value = json.loads(
            text.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except RecursionError as error:
        raise FileFormatError(f"{where} nests deeper than {_MAX_JSON_DEPTH} levels") from error
    except ValueError as error:
        raise FileFormatError(f"{where} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise FileFormatError(f"{where} holds a {type(value).__name__}, not an object")
    found = cast("dict[str, Any]", value)
    level: list[Any] = [found]
    count = 0
    for depth in range(_MAX_JSON_DEPTH + 1):
        count += len(level)
        if count > _MAX_JSON_VALUES:
            raise FileFormatError(f"{where} holds more than {_MAX_JSON_VALUES:,} values")
        level = [inner for each in level for inner in _inside(each, where)]
        if not level:
            break
        if depth == _MAX_JSON_DEPTH:
            raise FileFormatError(f"{where} nests deeper than {_MAX_JSON_DEPTH} levels")
    return found


def _inside(value: Any, where: str) -> Iterable[Any]:
    """Return what a JSON value holds; raise for a leaf that only looks like JSON."""
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        return [*named.keys(), *named.values()]
    if isinstance(value, list):
        return cast("list[Any]", value)
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise FileFormatError(f"{where} holds text that is not Unicode") from error
    if isinstance(value, (int, float)) and not abs(value) < _MAX_NUMBER:
        raise FileFormatError(f"{where} holds a number that is too large")
    return ()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the name {twice!r} is there twice in one object")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number that JSON has")
