"""Where Nissl keeps files of its own, and how it writes any file: beside, then renamed."""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nissl.errors import ArgumentError, ArgumentTypeError, SaveError


def user_path(path: Any, name: str = "path") -> Path:
    """Return a path that a user gave, with ``~`` as the home folder.

    Args:
        path: a text, or a ``Path``.
        name: what messages call it.

    Raises:
        ArgumentTypeError: it is no text and no path.
        ArgumentError: it is empty, or has a NUL in it.

    >>> user_path("~/model.keras") == Path.home() / "model.keras"
    True
    """
    given: Any = path
    if isinstance(given, os.PathLike):
        given = os.fspath(given)
    if not isinstance(given, str):
        kind = "None" if given is None else f"{type(given).__name__} {given!r:.80}"
        raise ArgumentTypeError(f"{name} is a text or a pathlib.Path, not {kind}")
    if not given or "\0" in given:
        fault = "has a NUL character in it" if given else "is empty"
        raise ArgumentError(f"{name} {given!r:.80} {fault}; give the name of a file or folder")
    return Path(os.path.expanduser(given))


def cache_folder() -> Path:
    """Return the folder for what can be made or fetched again: data sets, compiled programs.

    ``$NISSL_CACHE``, or ``nissl`` in the system's place for caches: ``$XDG_CACHE_HOME`` or
    ``~/.cache`` on Linux, ``~/Library/Caches`` on macOS, ``%LOCALAPPDATA%`` on Windows. A user
    without a home folder has a temporary one, which goes when Python ends.

    >>> cache_folder().is_absolute()
    True
    """
    chosen = os.environ.get("NISSL_CACHE", "")
    if chosen:
        return Path(os.path.expanduser(chosen)).absolute()
    if sys.platform == "win32":
        base, default = os.environ.get("LOCALAPPDATA", ""), "~/AppData/Local"
    elif sys.platform == "darwin":
        base, default = "", "~/Library/Caches"
    else:
        base, default = os.environ.get("XDG_CACHE_HOME", ""), "~/.cache"
    for place in (base, os.path.expanduser(default)):  # stays as it is where there is no home
        if os.path.isabs(place):
            return Path(place) / "nissl"
    return Path(_without_home().name)


@functools.cache
def _without_home() -> tempfile.TemporaryDirectory[str]:
    """A cache for this process alone; nobody else can have put anything there."""
    return tempfile.TemporaryDirectory(prefix="nissl-")


@contextmanager
def writing(path: str | os.PathLike[str]) -> Generator[Path]:
    """Give the name of a temporary file beside ``path``, which replaces it when all went well.

    When anything fails, a full disk among them, the temporary file is removed, what was at
    ``path`` before is untouched, and an ``OSError`` becomes a :class:`~nissl.errors.SaveError`.
    ``~`` is the home folder; see :func:`user_path`.

    >>> import pathlib, tempfile
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    >>> with writing(target) as beside:
    ...     _ = beside.write_text("whole or not at all")
    >>> target.read_text()
    'whole or not at all'
    """
    target = user_path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.parent / f".{target.name}.{os.urandom(8).hex()}{target.suffix}"
        # with the permissions of any new file: to ask for the umask, one would have to set it
        os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise _failed(target, error) from error
    try:
        yield beside
        beside.replace(target)
    except OSError as error:
        raise _failed(target, error) from error
    finally:
        beside.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], data: bytes | bytearray) -> None:
    """Write a whole file, or leave what was there."""
    with writing(path) as beside:
        beside.write_bytes(data)


def _failed(target: Path, error: OSError) -> SaveError:
    reason = error.strerror or str(error) or type(error).__name__
    return SaveError(
        f"{str(target)!r} could not be written: {reason}. Nothing was changed; free some space or "
        "choose another place"
    )
