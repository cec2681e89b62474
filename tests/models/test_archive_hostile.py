"""Damaged and hostile .keras files, built by hand: each is refused with a message, cheaply."""

from __future__ import annotations

import builtins
import io
import json
import os
import stat
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nissl.errors import FileFormatError
from nissl.models.archive import read_archive

CONFIG = {"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": []}}
METADATA = {"keras_version": "3.0.0"}
KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)


def image(fill: Callable[[Any], object] | None = None) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["layers/dense/vars/0"] = KERNEL
        if fill is not None:
            fill(file)
    return buffer.getvalue()


def good_members() -> dict[str, bytes]:
    return {
        "metadata.json": json.dumps(METADATA).encode(),
        "config.json": json.dumps(CONFIG).encode(),
        "model.weights.h5": image(),
    }


def write_zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def refused(path: Path, message: str) -> None:
    """Check that reading raises, says why, names the file, and takes little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(FileFormatError, match=message) as caught:
            read_archive(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(path) in str(caught.value)
    assert peak < 30_000_000


# --- damaged files -------------------------------------------------------------------------------


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    whole = write_zip(tmp_path / "m.keras", good_members()).read_bytes()
    part = tmp_path / "part.keras"
    for size in [*range(0, len(whole), 97), len(whole) - 1]:
        part.write_bytes(whole[:size])
        with pytest.raises(FileFormatError, match=r"part\.keras"):
            read_archive(part)


@settings(max_examples=300)
@given(position=st.integers(0, 2**20), value=st.integers(0, 255))
def test_a_changed_byte_is_noticed_or_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, position: int, value: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    whole = bytearray(write_zip(folder / "m.keras", good_members()).read_bytes())
    whole[position % len(whole)] = value
    (folder / "m.keras").write_bytes(whole)
    try:
        read = read_archive(folder / "m.keras")
    except FileFormatError as error:
        assert "m.keras" in str(error)
        return
    assert read.config == CONFIG
    np.testing.assert_array_equal(read.weights["layers/dense/vars/0"], KERNEL)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06" + bytes(18), b"\x89HDF\r\n"])
def test_what_is_not_a_keras_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=r"m\.keras"):
        read_archive(path)


def test_missing_files_folders_and_pipes(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="there is no file"):
        read_archive(tmp_path / "m.keras")
    with pytest.raises(FileFormatError, match="is a folder, not a"):
        read_archive(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileFormatError, match="not a regular file"):
        read_archive(tmp_path / "pipe")


# --- hostile zips --------------------------------------------------------------------------------


def test_a_deflated_file_is_as_good(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.keras", good_members(), zipfile.ZIP_DEFLATED)
    assert read_archive(path).config == CONFIG


def test_metadata_may_be_missing(tmp_path: Path) -> None:
    members = good_members()
    del members["metadata.json"]
    assert read_archive(write_zip(tmp_path / "m.keras", members)).metadata == {}


@pytest.mark.parametrize("missing", ["config.json", "model.weights.h5"])
def test_missing_members(tmp_path: Path, missing: str) -> None:
    members = good_members()
    del members[missing]
    refused(write_zip(tmp_path / "m.keras", members), f"'{missing}' is missing")


def test_pickled_weights_are_not_touched(tmp_path: Path) -> None:
    members = good_members()
    members["model.weights.npz"] = members.pop("model.weights.h5")
    refused(write_zip(tmp_path / "m.keras", members), "pickled code")


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "assets/../../evil", "C:\\evil", "a\\..\\b", "./x", "a//b"]
)
def test_members_that_lead_outside(tmp_path: Path, name: str) -> None:
    members = {**good_members(), name: b"x"}
    refused(write_zip(tmp_path / "m.keras", members), "leads outside")


def test_a_name_cut_by_a_nul_byte(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.keras", {**good_members(), "assets/evil": b"x"})
    path.write_bytes(path.read_bytes().replace(b"assets/evil", b"assets/\0vil"))
    refused(path, "leads outside")


def test_symbolic_links(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in good_members().items():
            info = zipfile.ZipInfo(name)
            if name == "config.json":
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, data)
    refused(path, r"config\.json.*link")


def test_two_members_of_one_name(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "m.keras", good_members())
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        zipfile.ZipFile(path, "a") as archive,
    ):
        archive.writestr("config.json", b"{}")
    refused(path, r"config\.json' is there twice")


def test_encrypted_members(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in good_members().items():
            archive.writestr(name, data)
        archive.infolist()[1].flag_bits |= 0x1
    refused(path, r"config\.json.* is encrypted")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression(tmp_path: Path, method: int) -> None:
    refused(write_zip(tmp_path / "m.keras", good_members(), method), "method that is not read")


@pytest.mark.parametrize(
    ("member", "message"),
    [("config.json", "the most is"), ("model.weights.h5", "refused as a bomb")],
)
def test_bombs(tmp_path: Path, member: str, message: str) -> None:
    members = {**good_members(), member: bytes(100_000_000)}
    path = write_zip(tmp_path / "m.keras", members, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 300_000
    refused(path, message)


def test_a_bomb_that_says_it_is_small(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**good_members(), "model.weights.h5": bytes(50_000_000)}.items():
            archive.writestr(name, data)
        archive.infolist()[2].file_size = 10_000
    refused(path, "damaged")


def test_a_bomb_that_says_it_is_packed_large(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**good_members(), "model.weights.h5": bytes(50_000_000)}.items():
            archive.writestr(name, data)
        archive.infolist()[2].compress_size = 100_000_000
    refused(path, "truncated")


@pytest.mark.parametrize("lie", [1, 1 << 20, 1 << 31])
def test_a_member_that_says_it_is_larger(tmp_path: Path, lie: int) -> None:
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in good_members().items():
            archive.writestr(name, data)
        for info in archive.infolist():
            info.file_size += lie
            info.compress_size += lie
    refused(path, r"truncated|damaged|the most is")


@pytest.mark.parametrize(("count", "message"), [(1_001, "members"), (22_000, "table of contents")])
def test_many_members(tmp_path: Path, count: int, message: str) -> None:
    members = {**good_members(), **{f"assets/{index}": b"" for index in range(count)}}
    refused(write_zip(tmp_path / "m.keras", members), message)


def with_config(path: Path, text: bytes) -> Path:
    return write_zip(path, {**good_members(), "config.json": text})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "holds a list"),
        (b"null", "not an object"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b'{"a": -Infinity}', "-Infinity is not a number"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": 1%s}' % (b"0" * 30), "too large"),
        (b'{"a": 1%s}' % (b"0" * 10_000), "not JSON"),
        (b'{"a": 1, "a": 2}', "'a' is there twice"),
        (b'{"a": "\\ud800"}', "not Unicode"),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "deeper than 64"),
        (b'{"a": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "deeper than 64"),
        (b'{"a": [' + b"0," * 600_000 + b"0]}", "more than 500,000 values"),
    ],
    ids=range(15),
)
def test_hostile_json(tmp_path: Path, text: bytes, message: str) -> None:
    refused(with_config(tmp_path / "m.keras", text), rf"config\.json.*({message})")


# --- hostile HDF5 --------------------------------------------------------------------------------


def external_storage(file: Any) -> None:
    file.create_dataset("x", (10,), "u1", external=[("/etc/passwd", 0, 10)])


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((10,), "f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", (10,))
    file.create_virtual_dataset("x", layout)


def huge_compressed(file: Any) -> None:
    file.create_dataset("x", (1 << 40,), "f4", chunks=(1 << 20,), compression="gzip")


def huge_unwritten(file: Any) -> None:
    file.create_dataset("x", (1 << 40,), "f4")


def unwritten(file: Any) -> None:
    file.create_dataset("x", (10,), "f4")


def cycle(file: Any) -> None:
    file["layers/again"] = file["layers"]


def to_the_root(file: Any) -> None:
    file["layers/root"] = file["/"]


def twice(file: Any) -> None:
    file["layers/other"] = file["layers/dense/vars/0"]


def deep(file: Any) -> None:
    file.create_group("/".join("g" * 200))


def records(file: Any) -> None:
    file["x"] = np.zeros(2, [("a", "f4"), ("b", "i4")])


HOSTILE: dict[str, tuple[Callable[[Any], object], str]] = {
    "external link": (lambda f: f.__setitem__("x", h5py.ExternalLink("o.h5", "/")), "ExternalLink"),
    "soft link": (lambda f: f.__setitem__("x", h5py.SoftLink("/layers")), "SoftLink"),
    "external storage": (external_storage, "another file"),
    "virtual": (virtual, "virtual"),
    "huge, compressed": (huge_compressed, "compressed"),
    "huge, unwritten": (huge_unwritten, "refused as a bomb"),
    "unwritten": (unwritten, "takes 40 bytes and only 0 are stored"),
    "compressed": (lambda f: f.create_dataset("x", data=KERNEL, compression="lzf"), "compressed"),
    "cycle": (cycle, "two paths"),
    "cycle to the root": (to_the_root, "two paths"),
    "one array twice": (twice, "two paths"),
    "deep": (deep, "deeper than"),
    "objects": (lambda f: f.create_dataset("x", data=["a"], dtype=h5py.string_dtype()), "dtype"),
    "text": (lambda f: f.__setitem__("x", np.array([b"abc"])), "dtype"),
    "references": (lambda f: f.create_dataset("x", (1,), h5py.ref_dtype), "dtype"),
    "ragged": (lambda f: f.create_dataset("x", (1,), h5py.vlen_dtype(np.int32)), "dtype"),
    "complex": (lambda f: f.__setitem__("x", np.zeros(2, complex)), "dtype complex128"),
    "records": (records, "dtype"),
    "opaque": (lambda f: f.__setitem__("x", np.zeros(2, "V2")), "dtype"),
    "long floats": (lambda f: f.__setitem__("x", np.zeros(2, np.longdouble)), "dtype"),
    "no shape": (lambda f: f.__setitem__("x", h5py.Empty("f4")), "no shape"),
    "a type": (lambda f: f.__setitem__("x", np.dtype("f4")), "neither a group nor an array"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_weights(tmp_path: Path, kind: str) -> None:
    fill, message = HOSTILE[kind]
    members = {**good_members(), "model.weights.h5": image(fill)}
    path = write_zip(tmp_path / "m.keras", members)
    refused(path, rf"model\.weights\.h5.*{message}")


def test_two_arrays_over_the_same_bytes(tmp_path: Path) -> None:
    # Each array is within the file, all together are not: one block that many arrays share.
    data = bytearray(image(lambda f: [f.__setitem__(f"x{i}", np.ones(9_000)) for i in range(2)]))
    with h5py.File(io.BytesIO(bytes(data))) as file:
        offsets = [file[f"x{i}"].id.get_offset() for i in range(2)]
    address = offsets[1].to_bytes(8, "little")
    assert data.count(address) == 1
    shared = data.replace(address, offsets[0].to_bytes(8, "little"))[: offsets[1]]
    end = len(data).to_bytes(8, "little")  # the end of the file, noted in the superblock
    shared = shared.replace(end, len(shared).to_bytes(8, "little"), 1)
    path = write_zip(tmp_path / "m.keras", {**good_members(), "model.weights.h5": bytes(shared)})
    refused(path, "declare more bytes than the")


@pytest.mark.parametrize("content", [b"", b"\x89HDF\r\n\x1a\n", b"\x89HDF\r\n\x1a\n" + bytes(500)])
def test_weights_that_are_no_hdf5(tmp_path: Path, content: bytes) -> None:
    members = {**good_members(), "model.weights.h5": content}
    refused(write_zip(tmp_path / "m.keras", members), r"model\.weights\.h5.*HDF5")


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=8))
def test_damaged_hdf5_with_a_good_checksum(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(image())
    for position, value in changes:
        data[position % len(data)] = value
    members = {**good_members(), "model.weights.h5": bytes(data)}
    path = write_zip(tmp_path_factory.getbasetemp() / "h.keras", members)
    try:
        read = read_archive(path)
    except FileFormatError as error:
        assert "model.weights.h5" in str(error)
        return
    assert sum(array.nbytes for array in read.weights.values()) <= len(data)


# --- code ----------------------------------------------------------------------------------------


def test_nothing_of_a_file_is_imported_or_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {
        "module": "os",
        "class_name": "system",
        "config": "touch evil",
        "registered_name": "x",
    }
    path = with_config(tmp_path / "m.keras", json.dumps(config).encode())
    read_archive(path)  # h5py and its parts are imported by now
    imported: list[str] = []
    original = builtins.__import__

    def watch(name: str, *rest: Any, **named: Any) -> Any:
        imported.append(name)
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", watch)
    assert read_archive(path).config == config
    assert not {"os", "pickle", "system"} & set(imported)
