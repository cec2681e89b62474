"""Control-C at a moment when everything fits together."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def finished_first() -> Generator[None]:
    """Let what stands inside finish before an interruption (Control-C) takes effect.

    For short pieces of work that leave several things changed together or not at all. Only the
    main thread is ever interrupted, so elsewhere there is nothing to do.

    >>> with finished_first():
    ...     pass
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    pressed: list[FrameType | None] = []
    signal.signal(signal.SIGINT, lambda number, frame: pressed.append(frame))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if pressed:
            handler(signal.SIGINT, pressed[0])
