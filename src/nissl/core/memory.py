"""How much memory there is, and refusing beforehand what cannot fit.

A process that asks for more than there is is killed by most systems, without a word. What is read
here is what the system says is free for the asking, swap among it, and the limits of a container.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from nissl.errors import OutOfMemoryError

LARGE = 1 << 26  # bytes below which nobody is asked
_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")


def available() -> int | None:
    """Return how many bytes can still be had, or ``None`` where no source says.

    >>> found = available()
    >>> found is None or found > 0
    True
    """
    return min((n for n in (_system(), *_limits()) if n is not None), default=None)


def demand(needed: int, what: str, advice: str) -> None:
    """Refuse to go on if so many bytes cannot be had.

    Args:
        needed: bytes.
        what: what needs them, as the message begins.
        advice: what to do, as it ends.

    Raises:
        OutOfMemoryError: says how many bytes are needed, and how many there are.

    >>> demand(1 << 60, "a picture", "take a smaller one")
    Traceback (most recent call last):
    nissl.errors.OutOfMemoryError: a picture needs 1,152,921,504,606,846,976 bytes of memory, and \
... are free; take a smaller one
    """
    if needed < LARGE:
        return
    free = available()
    if free is not None and needed > free:
        raise OutOfMemoryError(
            f"{what} needs {needed:,} bytes of memory, and {free:,} are free; {advice}"
        )


def _system() -> int | None:
    """What the system could give: free memory, what caches would give up, and swap."""
    fields = _table(_PROC / "meminfo")
    if "MemAvailable" in fields:
        return 1024 * (fields["MemAvailable"] + fields.get("SwapFree", 0))
    if sys.platform == "win32":
        return _windows()
    names = getattr(os, "sysconf_names", {})
    pages = next((n for n in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES") if n in names), None)
    if pages is None or "SC_PAGE_SIZE" not in names:
        return None
    found = os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")
    return found if found > 0 else None


def _windows() -> int | None:
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "all_pages", "free_pages")),
            *((name, ctypes.c_ulonglong) for name in ("all_virtual", "free_virtual", "extended")),
        ]

    status = Status(length=ctypes.sizeof(Status))
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - is not there on other systems
    return int(status.free_pages) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else None


def _limits() -> Iterator[int | None]:
    """What the groups that Linux puts this process into still allow, newer kind and older."""
    groups = [line.split(":", 2) for line in _text(_PROC / "self" / "cgroup").splitlines()]
    for parts in groups:
        if len(parts) != 3 or (parts[1] and "memory" not in parts[1].split(",")):
            continue
        base = _CGROUPS / "memory" if parts[1] else _CGROUPS
        limit, used = (
            ("memory.limit_in_bytes", "memory.usage_in_bytes")
            if parts[1]
            else ("memory.max", "memory.current")
        )
        inside = parts[2].strip("/")
        # a container often sees its own group as the root
        for folder in {base, *((base / inside, *(base / inside).parents) if inside else ())}:
            most, now = _text(folder / limit).strip(), _text(folder / used).strip()
            if most.isdigit() and now.isdigit() and folder.is_relative_to(base):
                cached = _table(folder / "memory.stat").get("inactive_file", 0)
                yield max(0, int(most) - int(now) + cached)


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return ""


def _table(path: Path) -> dict[str, int]:
    """The numbers of a file of lines ``name: number unit`` or ``name number``."""
    rows = (line.replace(":", " ").split() for line in _text(path).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}
