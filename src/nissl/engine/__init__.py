"""Engines: what runs a program. ``"xla"`` compiles it; ``"numpy"`` runs it equation by equation."""

from nissl.engine.base import (
    Engine,
    Loop,
    LoopSpec,
    default_engine,
    get_engine,
    make_loop,
    set_engine,
)
from nissl.engine.jit import jit

__all__ = [
    "Engine",
    "Loop",
    "LoopSpec",
    "default_engine",
    "get_engine",
    "jit",
    "make_loop",
    "set_engine",
]
