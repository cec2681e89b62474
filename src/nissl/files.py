"""Where Nissl keeps files of its own, and how it writes any file: beside, then renamed."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from nissl.errors import SaveError


def cache_folder() -> Path:
    """Return the folder for what can be made or fetched again: data sets, compiled programs.

    ``$NISSL_CACHE``, or ``nissl`` in the system's place for caches: ``$XDG_CACHE_HOME`` or
    ``~/.cache`` on Linux, ``~/Library/Caches`` on macOS, ``%LOCALAPPDATA%`` on Windows.

    >>> cache_folder().is_absolute()
    True
    """
    chosen = os.environ.get("NISSL_CACHE", "")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        base, default = os.environ.get("LOCALAPPDATA", ""), "~/AppData/Local"
    elif sys.platform == "darwin":
        base, default = "", "~/Library/Caches"
    else:
        base, default = os.environ.get("XDG_CACHE_HOME", ""), "~/.cache"
    folder = Path(base)
    return (folder if folder.is_absolute() else Path(default).expanduser()) / "nissl"


@contextmanager
def writing(path: str | os.PathLike[str]) -> Generator[Path]:
    """Give the name of a temporary file beside ``path``, which replaces it when all went well.

    When anything fails, a full disk among them, the temporary file is removed, what was at
    ``path`` before is untouched, and an ``OSError`` becomes a :class:`~nissl.errors.SaveError`.

    >>> import pathlib, tempfile
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    >>> with writing(target) as beside:
    ...     _ = beside.write_text("whole or not at all")
    >>> target.read_text()
    'whole or not at all'
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{target.name}.", suffix=target.suffix, dir=target.parent
        )
        os.close(handle)
    except OSError as error:
        raise _failed(target, error) from error
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o666 & ~_umask())
        beside.replace(target)
    except OSError as error:
        raise _failed(target, error) from error
    finally:
        beside.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], data: bytes | bytearray) -> None:
    """Write a whole file, or leave what was there."""
    with writing(path) as beside:
        beside.write_bytes(data)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _failed(target: Path, error: OSError) -> SaveError:
    reason = error.strerror or str(error) or type(error).__name__
    return SaveError(
        f"{str(target)!r} could not be written: {reason}. Nothing was changed; free some space or "
        "choose another place"
    )
