"""The command ``nissl``: train, evaluate, predict, and look at networks and data, without code."""

from __future__ import annotations

from collections.abc import Sequence

from nissl.errors import MissingDependencyError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: what stands after ``nissl``; those of the process by default.

    Returns:
        0; 1 for an error, 2 for wrong usage, 130 after Control-C.
    """
    import importlib.util
    import sys

    for package in ("rich", "typer"):
        if importlib.util.find_spec(package) is None:
            print(MissingDependencyError(package, "The command nissl", "cli"), file=sys.stderr)
            return 1
    from nissl.cli.app import run

    return run(arguments)
