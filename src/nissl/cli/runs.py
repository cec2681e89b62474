"""Run folders: made once and never written over, and found again."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nissl.errors import ArgumentError, DataError, FileFormatError, SaveError
from nissl.files import user_path, write_bytes
from nissl.i18n import translate as _

MODEL = "model.keras"
CONFIG = "config.json"
HISTORY = "history.csv"
CURVES = "curves.png"
WATCH = "layers.png"
WATCH_TABLE = "layers.md"
CONFUSION = "confusion.png"
REGRESSION = "regression.png"
MISTAKES = "mistakes.png"
MISTAKES_TABLE = "mistakes.csv"

FORMAT = 1  # of config.json
_MOST_TRIES = 10_000


def new_folder(wanted: str | None, name: str) -> Path:
    """Make a folder for a run, with a number at its end if the name is taken.

    Args:
        wanted: its path; ``runs/<name>-<date>-<time>`` by default.
        name: name of the data.

    Raises:
        SaveError: it cannot be made.
    """
    if wanted is None:
        moment = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        base = Path("runs") / f"{name}-{moment}"
    elif not wanted.strip():
        raise ArgumentError(_("--run is the name of a folder, and is empty"))
    else:
        base = user_path(wanted)
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, _MOST_TRIES):
            folder = base if number == 1 else base.with_name(f"{base.name}-{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SaveError(
            _("the run folder {path} could not be made: {reason}").format(path=base, reason=reason)
        ) from error
    raise SaveError(_("there are too many run folders named {path}").format(path=base))


def write_config(folder: Path, config: dict[str, Any]) -> None:
    """Write ``config.json``, whole or not at all."""
    text = json.dumps({"format": FORMAT, **config}, indent=2, ensure_ascii=False)
    write_bytes(folder / CONFIG, f"{text}\n".encode())


@dataclass(frozen=True)
class Found:
    """A trained model, with what its run says of it.

    Attributes:
        path: the ``.keras`` file.
        config: content of ``config.json`` beside it; empty if there is none.
    """

    path: Path
    config: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def data(self) -> dict[str, Any]:
        """What the run says of its data; empty if it is not known."""
        return _object(self.config.get("data"))

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes; empty if they are not known."""
        return tuple(str(name) for name in self.data.get("classes") or ())

    def load(self) -> Any:
        """Load the model."""
        from nissl.models import load_model

        return load_model(self.path)


def find(run_or_model: str) -> Found:
    """Find the model in a run folder, or the run around a model file.

    Raises:
        DataError: there is no such folder or file.
        FileFormatError: the folder holds no model, or its ``config.json`` is damaged.
    """
    path = user_path(run_or_model)
    if path.is_dir():
        if not (path / MODEL).is_file():
            raise FileFormatError(
                _("{path} is not a finished run: it has no {file}").format(path=path, file=MODEL)
            )
        path = path / MODEL
    elif not path.exists():
        raise DataError(
            _("{path}: there is no such run folder or model file").format(path=run_or_model)
        )
    beside = path.parent / CONFIG
    return Found(path, _read_config(beside) if path.name == MODEL and beside.is_file() else {})


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FileFormatError(
            _("{path} is damaged: {reason}").format(path=path, reason=error)
        ) from error
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise FileFormatError(
            _("{path} is not a description of a run that this version knows").format(path=path)
        )
    return _object(config)


def _object(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}
