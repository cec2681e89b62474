"""What the Array API standard lets one ask of a namespace (section *Inspection*)."""

from __future__ import annotations

from typing import Any

import numpy as np

from nissl.arguments import one_of
from nissl.core import dtypes
from nissl.core.dtype_facts import isdtype

_STANDARD = tuple(name for name in dtypes.type_names if name not in ("float16", "bfloat16"))


class NamespaceInfo:
    """What ``nissl.__array_namespace_info__()`` returns."""

    def capabilities(self) -> dict[str, Any]:
        """What may be used: masks and shapes that depend on numbers, in eager code."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> str:
        """Where eager values live."""
        return "cpu"

    def devices(self) -> list[str]:
        """Every device of eager values."""
        return ["cpu"]

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype[Any]]:
        """The dtypes that Python numbers take; complex numbers are not offered."""
        _check(device)
        return {
            "real floating": dtypes.default_float(),
            "integral": dtypes.default_int,
            "indexing": dtypes.default_int,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, np.dtype[Any]]:
        """The standard's dtypes, by name, of one kind if it is given."""
        _check(device)
        found = {name: dtypes.as_dtype(name) for name in _STANDARD}
        return {n: each for n, each in found.items() if kind is None or isdtype(each, kind)}


def _check(device: Any) -> None:
    one_of("__array_namespace_info__", "device", device, (None, "cpu"))


def namespace_info() -> NamespaceInfo:
    """Return an object that says which devices, dtypes and defaults there are."""
    return NamespaceInfo()
