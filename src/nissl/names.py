"""Names of modules that are imported when first asked for, and names that are not there.

Nissl's packages give :func:`late` or :func:`absent` as their ``__getattr__``.
"""

from __future__ import annotations

import dis
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import FrameType
from typing import Any

from nissl.errors import MissingImportError, MissingNameError, closest
from nissl.keras_names import INSTEAD, NAMES

__all__ = ["absent", "explained", "late"]


def late(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Return a package's ``__getattr__``: it imports what is asked for when it is first asked for.

    Args:
        package: the package's name: ``"nissl.explain"``.
        places: names, blanks between, by the module below the package that has them; under ``""``
            are modules below it.

    A name that is in no module is answered as :func:`absent` does.
    """
    where = {name: module for module, names in places.items() for name in names.split()}
    missing = absent(package)

    def getter(name: str) -> Any:
        if name not in where:
            return missing(name)
        if not where[name]:
            return importlib.import_module(f"{package}.{name}")
        return getattr(importlib.import_module(f"{package}.{where[name]}"), name)

    return getter


def absent(module: str) -> Callable[[str], Any]:
    """Return a module's ``__getattr__``: it says what a missing name may have been meant as.

    Args:
        module: the module's name: ``"nissl.layers"``.

    The function that it returns raises :class:`~nissl.errors.MissingNameError`, an
    ``AttributeError``; for ``from module import name``, where Python would drop the message of one,
    :class:`~nissl.errors.MissingImportError`.
    """

    def getter(name: str) -> Any:
        if name.startswith("__"):  # Python's own questions
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        kind = MissingImportError if _importing(inspect.currentframe()) else MissingNameError
        raise kind(explained(module, name))

    return getter


def _importing(frame: FrameType | None) -> bool:
    """Whether the code that asked is at ``from module import name``."""
    while frame is not None and frame.f_code.co_name in ("getter", "__getattr__"):
        frame = frame.f_back
    if frame is None or frame.f_lasti < 0:
        return False
    return frame.f_code.co_code[frame.f_lasti] == dis.opmap["IMPORT_FROM"]


def explained(module: str, name: str) -> str:
    """Say that a module has no such name, whether Keras has it, and what is nearest."""
    room = module.partition(".")[2]
    there = vars(importlib.import_module(module))
    own = [n for n, thing in there.items() if getattr(thing, "__module__", "") == module]
    public: list[str] = [n for n in there.get("__all__", own) if not n.startswith("_")]
    known = name in NAMES.get(room, "").split()
    text = (
        f"{module}.{name} is not there yet: Keras 3 has it, Nissl does not so far"
        if known
        else f"module {module!r} has no attribute {name!r}"
    )
    instead = INSTEAD.get(f"{room}.{name}" if room else name)
    if instead is not None:
        return f"{text}; {instead}"
    elsewhere = "" if room else _elsewhere(name)
    if elsewhere:
        return f"{text}; it is {elsewhere}"
    known_as = {each: repr(each) for each in public} if room else _everywhere(public)
    found = closest(name, known_as)
    if found:
        return f"{text}; did you mean {known_as[found]}?"
    classes = [n for n in sorted(public) if room and isinstance(there.get(n), type)]
    return f"{text}. There are: {', '.join(classes)}" if 4 <= len(classes) <= 12 else text


def _elsewhere(name: str) -> str:
    """Where below ``nissl`` a name is, if it is."""
    for room in filter(None, NAMES):
        if hasattr(importlib.import_module(f"nissl.{room}"), name):
            return f"nissl.{room}.{name}"
    return ""


def _everywhere(own: Iterable[str]) -> dict[str, str]:
    """How each name of ``nissl``, or of a module below it, is written."""
    written = {each: repr(each) for each in own}
    for room in filter(None, NAMES):
        for each in getattr(importlib.import_module(f"nissl.{room}"), "__all__", ()):
            written.setdefault(each, f"nissl.{room}.{each}")
    return written
