"""A process that a test presses Control-C in."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

#: what a shell starts in the background ignores Control-C, and so do its children
OBEY = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"


@contextmanager
def running(script: str, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python code that obeys Control-C; what is left of it ends with the test.

    Args:
        script: the code, indented as it may be.
        arguments: what it finds in ``sys.argv``.
        variables: of the environment, beside those of this process.
    """
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", OBEY + textwrap.dedent(script), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
