"""Engines: what runs a program. ``"xla"`` compiles it; ``"numpy"`` runs it equation by equation."""

from nissl.engine import base, choice
from nissl.engine import jit as _jit
from nissl.engine.base import *
from nissl.engine.choice import *
from nissl.engine.jit import *

__all__ = []
__all__ += [*base.__all__, *choice.__all__, *_jit.__all__]
