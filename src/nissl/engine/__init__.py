"""Engines: what runs a program. ``"xla"`` compiles it; ``"numpy"`` runs it equation by equation."""

from typing import TYPE_CHECKING

from nissl.engine import base, choice
from nissl.engine import jit as _jit
from nissl.engine.base import *
from nissl.engine.choice import *
from nissl.engine.jit import *
from nissl.names import absent

__all__ = []
__all__ += [*base.__all__, *choice.__all__, *_jit.__all__]

if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
