"""Loops in machine code, for networks where calling anything costs more than it should.

The step of a network with a few units is written out as straight C, one statement a number, inside
one loop over the rows of a batch. A network with some hundred units is written as loops over whole
arrays, with matrix products of its own on two or more threads. The system's C compiler compiles
either. What this cannot express, or is too large for it, is left to XLA.
"""

from nissl.engine.native.functions import Unsupported
from nissl.engine.native.loop import compile_loop

__all__ = ["Unsupported", "compile_loop"]
