"""Models: networks that can be trained, evaluated, asked, shown and saved."""

from typing import TYPE_CHECKING

from nissl.models import loading, model, perceptron, saving, sequential
from nissl.models.loading import *
from nissl.models.model import *
from nissl.models.perceptron import *
from nissl.models.saving import *
from nissl.models.sequential import *
from nissl.names import absent

__all__ = []
__all__ += [
    *loading.__all__,
    *model.__all__,
    *perceptron.__all__,
    *saving.__all__,
    *sequential.__all__,
]

if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
