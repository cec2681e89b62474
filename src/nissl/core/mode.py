"""Whether a layer is being called, and whether in training: what reaches every layer below."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# None outside of calls, else a tuple of the mode alone; a new thread begins outside
_called: ContextVar[tuple[Any] | None] = ContextVar("called", default=None)


def calling() -> bool:
    """Return whether a layer is being called, or built."""
    return _called.get() is not None


def training() -> Any:
    """Return the mode of training of the call that is under way; ``None`` where none says it."""
    mode = _called.get()
    return None if mode is None else mode[0]


def key() -> tuple[Any, int]:
    """Return what a function that calls layers depends on beside its arguments."""
    return (training(), _changes[-1])


def note_change() -> None:
    """Note that a setting of a built layer was changed, so that no program of before is used."""
    _changes[-1] += 1


_changes = [0]


@contextmanager
def called(mode: Any) -> Generator[None]:
    """Say that a layer is called in a mode of training, ``None`` for no word on it.

    >>> with called(True):
    ...     training()
    True
    """
    token = _called.set((mode,))
    try:
        yield
    finally:
        _called.reset(token)
