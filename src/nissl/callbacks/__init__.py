"""Callbacks: what is called while a model trains, is evaluated, or predicts."""

from typing import TYPE_CHECKING

from nissl.callbacks.base import Callback, CallbackList
from nissl.callbacks.checkpoint import ModelCheckpoint
from nissl.callbacks.monitor import EarlyStopping, TerminateOnNaN
from nissl.callbacks.rate import LearningRateScheduler, ReduceLROnPlateau
from nissl.callbacks.record import CSVLogger, History, LambdaCallback
from nissl.keras_names import absent

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]

if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
