"""Which engine computes: one asked for by name, the default, or what suits the work.

Four things decide. A user's :func:`set_engine` or ``run_eagerly`` comes first; else it is XLA where
JAX is installed, and NumPy where not. A program so small that compiling it would cost more than it
saves is left to NumPy. A training loop is machine code of its own where that is possible.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import subprocess

from nissl.arguments import named
from nissl.core.program import Program
from nissl.engine.base import Engine, Loop, LoopSpec
from nissl.errors import MissingDependencyError, SaveError, UnknownNameError

__all__ = ["get_engine", "make_loop", "default_engine", "set_engine"]

_ENGINES = {
    "numpy": ("nissl.engine.eager", "NumpyEngine"),
    "xla": ("nissl.engine.xla", "XlaEngine"),
}
_made: dict[str, Engine] = {}
_chosen: list[str] = []


def known_engine(who: str, name: object) -> str:
    """Return the name of an engine, or raise an error of the tree that names those there are."""
    found = named(who, "engine", name)
    if found not in _ENGINES:
        raise UnknownNameError("engine", found, _ENGINES)
    return found


@functools.cache
def has_xla() -> bool:
    """Say whether the compiler is installed, without importing it."""
    return importlib.util.find_spec("jax") is not None


def default_engine() -> str:
    """Return the engine in use: ``"xla"`` where JAX is installed, else ``"numpy"``."""
    for name in _chosen:  # which another thread may empty meanwhile
        return name
    return "xla" if has_xla() else "numpy"


def set_engine(name: str | None) -> None:
    """Choose the engine for all that follows; ``None`` goes back to the default."""
    _chosen[:] = [] if name is None else [known_engine("set_engine", name)]


def get_engine(name: str | None = None) -> Engine:
    """Return the engine of that name, or the default one."""
    name = default_engine() if name is None else known_engine("get_engine", name)
    if name == "xla" and not has_xla():
        raise MissingDependencyError("jax", "the engine 'xla'", "xla")
    if name not in _made:
        module, cls = _ENGINES[name]
        _made[name] = getattr(importlib.import_module(module), cls)()
    return _made[name]


def engine_for(program: Program, name: str, worth: int) -> Engine:
    """Return NumPy for a program of fewer than ``worth`` operations, else the engine ``name``."""
    return get_engine("numpy" if program.flops() < worth else name)


def make_loop(spec: LoopSpec, name: str, step_by_step: bool = False) -> tuple[Engine, Loop]:
    """Return a loop, and the engine whose arrays it takes.

    A small or middle-sized network gets a loop in machine code of its own, which works on the
    host's arrays and needs no XLA; not so ``step_by_step``, or if NumPy was asked for.
    """
    if not step_by_step and (name == "xla" or not _chosen):
        native = native_loop(spec)
        if native is not None:
            return get_engine("numpy"), native
    engine = get_engine(name)
    return engine, engine.loop(spec)


def native_loop(spec: LoopSpec) -> Loop | None:
    """Return a loop in machine code, or ``None`` where it cannot be: another engine is to run it.

    ``NISSL_NATIVE=0`` in the environment switches it off.
    """
    if os.name != "posix" or os.environ.get("NISSL_NATIVE") == "0":
        return None
    from nissl.engine.native import Unsupported, compile_loop

    try:
        return compile_loop(spec)
    except (Unsupported, OSError, SaveError, subprocess.SubprocessError):
        return None
