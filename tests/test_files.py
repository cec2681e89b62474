"""Files are written beside and renamed, and the cache lies where the system keeps caches."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import nissl.errors
from nissl import files


def test_full_disk_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    files.write_bytes(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_processes_at_once_do_not_spoil_the_cache(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from nissl.files import write_bytes\n"
        "for _ in range(30): write_bytes(Path(sys.argv[1]), sys.argv[2].encode() * 200_000)"
    )
    path = tmp_path / "cache" / "file"
    environment = os.environ | {"PYTHONPATH": str(Path(nissl.errors.__file__).parents[1])}
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(path), letter], env=environment)
        for letter in "abc"
    ]
    seen = 0
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            data = path.read_bytes()
            assert len(data) == 200_000
            assert len(set(data)) == 1
            seen += 1
    assert seen
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "{base}/nissl"),
        ("linux", None, "{home}/.cache/nissl"),
        ("darwin", None, "{home}/Library/Caches/nissl"),
        ("win32", "LOCALAPPDATA", "{base}/nissl"),
        ("win32", None, "{home}/AppData/Local/nissl"),
    ],
)
def test_cache_lies_where_the_system_keeps_caches(
    platform: str,
    variable: str | None,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files.sys, "platform", platform)
    monkeypatch.setattr(files.os.path, "expanduser", lambda path: path.replace("~", "/home/me"))
    for each in ("XDG_CACHE_HOME", "LOCALAPPDATA", "NISSL_CACHE"):
        monkeypatch.delenv(each, raising=False)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
    assert files.cache_folder() == Path(expected.format(base=tmp_path, home="/home/me"))


def test_relative_cache_variable_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.sys, "platform", "linux")
    monkeypatch.delenv("NISSL_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    assert files.cache_folder().is_absolute()


def test_a_user_without_a_home_has_a_cache_of_his_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in ("XDG_CACHE_HOME", "LOCALAPPDATA", "NISSL_CACHE"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setattr(files.os.path, "expanduser", lambda path: path)  # nobody knows the user
    folder = files.cache_folder()
    assert folder == files.cache_folder()
    assert folder.is_absolute()
    assert folder.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("NISSL_CACHE", "~/kept")
    assert files.cache_folder() == Path.cwd() / "~" / "kept"


@pytest.mark.parametrize("asked", ["~/made/m.txt", Path("~") / "made" / "m.txt"])
def test_a_tilde_is_the_home_folder(
    asked: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    files.write_bytes(asked, b"here")
    assert (tmp_path / "home" / "made" / "m.txt").read_bytes() == b"here"
    assert not (tmp_path / "~").exists()
    assert files.user_path("a/~") == Path("a/~")
    assert files.user_path("~nobody-of-this-name/x") == Path("~nobody-of-this-name/x")


@pytest.mark.parametrize("path", [None, 3, b"m", ["m"], "", "a\0b"])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(nissl.errors.NisslError, match="filepath"):
        files.user_path(path, "filepath")


def test_the_umask_of_the_process_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading it means setting it: two threads that did would leave files open to everybody."""
    before = os.umask(0o027)
    try:
        monkeypatch.setattr(os, "umask", lambda _: pytest.fail("somebody set the umask"))
        files.write_bytes(tmp_path / "made", b"")
        assert (tmp_path / "made").stat().st_mode & 0o777 == 0o640
    finally:
        monkeypatch.undo()
        os.umask(before)


def test_a_tilde_is_the_home_folder_in_callbacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nissl.callbacks import CSVLogger, ModelCheckpoint

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert CSVLogger("~/log.csv").filename == tmp_path / "log.csv"
    assert ModelCheckpoint("~/m-{epoch}.keras").filepath == str(tmp_path / "m-{epoch}.keras")
    for make in (CSVLogger, ModelCheckpoint):
        with pytest.raises(nissl.errors.NisslError, match="file"):
            make(3)
