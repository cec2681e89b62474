"""What makes things visible: tables and pictures of any quantity that the core computes.

Everything here returns an :class:`~nissl.explain.report.Explanation`: printed it is a table, in a
notebook HTML, and it can be written as Markdown, LaTeX, HTML, SVG, PNG or PDF.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nissl.explain.report import Cell, Explanation, Part, Table, Text

_WHERE = {
    "Cell": "report",
    "Explanation": "report",
    "Part": "report",
    "Table": "report",
    "Text": "report",
}

__all__ = ["Cell", "Explanation", "Part", "Table", "Text"]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is first asked for."""
    if name in _WHERE:
        return getattr(importlib.import_module(f"nissl.explain.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'nissl.explain' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
