"""What each thread is doing: whether it records, whether NumPy warns, and in which layer it is."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from typing import Any

import numpy as np


def _quiet_runner() -> Callable[..., Any]:
    """Return a runner of functions for which NumPy's floating-point warnings are off.

    NumPy keeps that setting in a context variable, and entering a context made beforehand costs a
    twentieth of ``numpy.errstate``.
    """
    context = contextvars.copy_context()
    context.run(np.seterr, all="ignore")
    return context.run


class _Thread(threading.local):
    """What a thread is doing: whether equations are kept, and in which layer it is."""

    def __init__(self) -> None:
        self.quietly = _quiet_runner()

    recording = True
    frozen = False  # under no_grad, where a trace notes that derivatives stop
    quiet = False  # NumPy's warnings are off
    scope = ""


thread = _Thread()
