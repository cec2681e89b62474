"""Callbacks: what is called while a model trains, is evaluated, or predicts."""

from typing import TYPE_CHECKING

from nissl.callbacks import base, checkpoint, monitor, rate, record
from nissl.callbacks.base import *
from nissl.callbacks.checkpoint import *
from nissl.callbacks.monitor import *
from nissl.callbacks.rate import *
from nissl.callbacks.record import *
from nissl.names import absent

__all__ = []
__all__ += [*base.__all__, *checkpoint.__all__, *monitor.__all__, *rate.__all__, *record.__all__]

if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
