"""Nissl under the name that slides and scripts give it: ``tf.keras``.

``nissl.keras`` has the names of ``nissl``, and ``nissl.keras.layers`` is ``nissl.layers``, so that
with ``import nissl as tf`` in place of ``import tensorflow as tf`` their code runs as it stands.

>>> from nissl.keras.models import Sequential
>>> import nissl as tf
>>> tf.keras.Sequential is Sequential
True
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nissl.errors import MissingImportError
from nissl.names import explained

if TYPE_CHECKING:
    from nissl import *

__path__: list[str] = []  # so that modules below are asked for, which _Alias finds
_HERE = f"{__name__}."


class _Alias(MetaPathFinder, Loader):
    """Finds ``nissl.layers`` for ``nissl.keras.layers``, and so on, at any depth."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname.startswith(_HERE) else None

    def exec_module(self, module: ModuleType) -> None:
        room, _, name = f"nissl.{module.__name__.removeprefix(_HERE)}".rpartition(".")
        if find_spec(f"{room}.{name}") is None:
            raise MissingImportError(explained(room, name))
        sys.modules[module.__name__] = importlib.import_module(f"{room}.{name}")


sys.meta_path.insert(0, _Alias())

if not TYPE_CHECKING:
    __all__ = sys.modules["nissl"].__all__

    def __getattr__(name: str) -> Any:
        return getattr(sys.modules["nissl"], name)


def __dir__() -> list[str]:
    return dir(sys.modules["nissl"])
