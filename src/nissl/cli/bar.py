"""What is shown and written while a run trains."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from nissl.callbacks import CSVLogger
from nissl.callbacks.base import Logs
from nissl.i18n import translate as _
from nissl.plots import metric_name
from nissl.progress import ProgressBar

Columns = dict[str, list[float]]


class Units:
    """Brings the logs of standardised targets back to the targets' own unit.

    Args:
        deviation: what one standard deviation is; 1 for targets as they are.

    >>> Units(2.0).logs({"loss": 1.0, "val_mean_absolute_error": 1.0, "accuracy": 0.5})
    {'loss': 4.0, 'val_mean_absolute_error': 2.0, 'accuracy': 0.5}
    """

    def __init__(self, deviation: float = 1.0) -> None:
        self.deviation = deviation

    def factor(self, name: str) -> float:
        """By how much a log is to be multiplied."""
        plain = name.removeprefix("val_")
        return {"loss": self.deviation**2, "mean_absolute_error": self.deviation}.get(plain, 1.0)

    def logs(self, logs: Mapping[str, Any]) -> Logs:
        """One epoch's logs in the targets' unit."""
        return {name: value * self.factor(name) for name, value in logs.items()}

    def columns(self, columns: Mapping[str, list[float]]) -> Columns:
        """Several epochs' logs in the targets' unit."""
        return {
            name: [value * self.factor(name) for value in column]
            for name, column in columns.items()
        }


class RunHistory(CSVLogger):
    """Writes ``history.csv`` as training goes on; epochs are counted from 1."""

    def __init__(self, filename: str | os.PathLike[str], units: Units) -> None:
        super().__init__(filename)
        self._units = units

    def on_epochs(self, first: int, columns: Columns) -> None:
        super().on_epochs(first + 1, self._units.columns(columns))


class RunBar(ProgressBar):
    """The progress bar in the language in use, with losses in the targets' unit."""

    def __init__(self, units: Units) -> None:
        super().__init__(verbose=1)
        self._units = units

    def on_progress(self, step: int, steps: int, logs: Logs) -> None:
        super().on_progress(step, steps, self._shown(logs))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        super().on_epoch_end(epoch, self._shown(logs or {}))

    def on_epochs(self, first: int, columns: Columns) -> None:
        names = {self._name_of(key): value for key, value in self._units.columns(columns).items()}
        super().on_epochs(first, names)

    def _shown(self, logs: Logs) -> Logs:
        return {self._name_of(key): value for key, value in self._units.logs(logs).items()}

    @staticmethod
    def _name_of(name: str) -> str:
        shown = metric_name(name).lower()
        return _("validation {name}").format(name=shown) if name.startswith("val_") else shown
