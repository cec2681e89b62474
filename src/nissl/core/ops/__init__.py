"""The primitive operations, one file a family. Importing this package registers them all."""

from nissl.core.ops import (
    arithmetic,
    contraction,
    control,
    elementwise,
    indexing,
    movement,
    normalise,
    random,
    reduction,
)

__all__ = [
    "arithmetic",
    "contraction",
    "control",
    "elementwise",
    "indexing",
    "movement",
    "normalise",
    "random",
    "reduction",
]
