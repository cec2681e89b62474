"""A loop in machine code for very small networks, where calling anything costs more than the sums.

The step of a network with a few units is written out as straight C, one statement a number, inside
one loop over the rows of a batch, and compiled by the system's C compiler. What this cannot
express, or is too large for it, is left to XLA.
"""

from nissl.engine.native.loop import small_loop

__all__ = ["small_loop"]
