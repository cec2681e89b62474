"""Models: networks that can be trained, evaluated, asked, shown and saved."""

from typing import TYPE_CHECKING

from nissl.keras_names import absent
from nissl.models.model import Model
from nissl.models.perceptron import Perceptron
from nissl.models.saving import load_model, save_model
from nissl.models.sequential import Sequential

__all__ = ["Model", "Perceptron", "Sequential", "load_model", "save_model"]

if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
