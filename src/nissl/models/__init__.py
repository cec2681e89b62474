"""Models: networks that can be trained, evaluated, asked, shown and saved."""

from nissl.models.model import Model
from nissl.models.perceptron import Perceptron
from nissl.models.saving import load_model, save_model
from nissl.models.sequential import Sequential

__all__ = ["Model", "Perceptron", "Sequential", "load_model", "save_model"]
