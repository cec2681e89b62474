"""Callbacks: what is called while a model trains, is evaluated, or predicts."""

from nissl.callbacks.base import Callback, CallbackList
from nissl.callbacks.checkpoint import ModelCheckpoint
from nissl.callbacks.monitor import EarlyStopping, TerminateOnNaN
from nissl.callbacks.rate import LearningRateScheduler, ReduceLROnPlateau
from nissl.callbacks.record import CSVLogger, History, LambdaCallback

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
