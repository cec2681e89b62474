"""A training run: from settings and data to a folder with everything that was learnt."""

from __future__ import annotations

import contextlib
import platform
import shlex
import sys
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from nissl.cli import console, results, runs, source
from nissl.cli.bar import RunBar, RunHistory, Units
from nissl.cli.messages import translate_message
from nissl.cli.settings import Settings
from nissl.datasets import Dataset
from nissl.datasets.dataset import exact_dtype
from nissl.errors import DataError, NisslError
from nissl.i18n import grouped
from nissl.i18n import translate as _
from nissl.version import __version__


@dataclass(eq=False)
class Training:
    """A training run: the network, the arrays, and what they were made from."""

    settings: Settings
    data: Dataset
    place: source.Source
    model: Any
    train: tuple[Any, Any]
    validation: tuple[Any, Any] | None
    inputs: Any  # Standard, or None for bytes
    targets: Any  # Standard, or None for classes

    @classmethod
    def prepare(cls, settings: Settings, data: Dataset, place: source.Source) -> Training:
        """Make the network and the arrays that it is trained on."""
        from nissl import utils
        from nissl.cli import network

        classes = len(data.class_names)
        if data.task == "classification" and classes < 2:
            raise DataError(
                _("{data} has one class only, {name}; there is nothing to tell apart").format(
                    data=data.name, name=repr(data.class_names[0])
                )
            )
        utils.set_random_seed(settings.seed)
        x, y = data.x_train, data.y_train
        targets = inputs = scale = None
        dtype = exact_dtype(x)
        if data.task == "regression":
            y = y.reshape(len(y), -1)
            targets = network.Standard.of(y.ravel())
            y = targets.apply(y)
        if network.is_bytes(x):
            scale = network.largest(x)
        else:
            inputs = network.Standard.of(x)
            x = inputs.apply(x, dtype)
        outputs = classes or y.shape[1]
        model = network.build(settings, x.shape[1:], outputs, data.task, scale, dtype)
        rows = len(x)
        kept = rows - settings.held_out(rows)
        if not place.published and kept < rows:  # own data may be sorted by class
            order = np.random.default_rng(settings.seed).permutation(rows)
            x, y = x[order], y[order]
        validation = (x[kept:], y[kept:]) if kept < rows else None
        return cls(settings, data, place, model, (x[:kept], y[:kept]), validation, inputs, targets)

    # ---- the run -----------------------------------------------------------------------------
    def run(self, folder: Path, verbose: bool = False, watched: bool = False) -> bool:
        """Train, and write everything into ``folder``; return whether it was not interrupted."""
        watch = None
        if watched:
            from nissl.explain import Watch

            watch = Watch(*self.train)
        self._introduce(verbose)
        config = self._config()
        runs.write_config(folder, {"status": "training", **config})
        units = Units(1.0 if self.targets is None else float(self.targets.deviation))
        bar, log = RunBar(units), RunHistory(folder / runs.HISTORY, units)
        began, interrupted = time.perf_counter(), False
        try:
            self.model.fit(
                *self.train,
                batch_size=self.settings.batch_size,
                epochs=self.settings.epochs_for(len(self.train[0])),
                validation_data=self.validation,
                callbacks=[bar, log, *([] if watch is None else [watch])],
                verbose=0,
            )
        except KeyboardInterrupt:
            interrupted = True
        except NisslError as error:
            runs.write_config(folder, {"status": "failed", **config, "error": str(error)})
            if watch is not None and watch.kept:
                _show_watched(watch.report(), folder)
            raise
        finally:
            bar.close()
            log.on_train_end()
        done: dict[str, Any] = {
            "seconds": round(time.perf_counter() - began, 3),
            "epochs": len(self.model.history.epoch) if self.model.history else 0,
            "steps": int(self.model.optimizer.iterations.numpy()),
        }
        files = self._save(folder, units)
        if watch is not None and watch.kept:
            files += _show_watched(watch.report(), folder)
        if interrupted:
            runs.write_config(folder, {"status": "interrupted", **config, "results": done})
            self._say_interrupted(folder, done, files)
            return False
        found = results.measure(
            self.model,
            *source.part(self.data, "test"),
            self.data.task,
            source.shown_names(self.data.class_names, self.place.place),
        )
        files += results.write(found, folder)
        done["test"] = found.numbers()
        done["last_epoch"] = {
            key: values[-1] for key, values in units.columns(self.model.history.history).items()
        }
        runs.write_config(folder, {"status": "finished", **config, "results": done})
        self._say_finished(folder, done, found, files)
        return True

    def _save(self, folder: Path, units: Units) -> list[tuple[str, str]]:
        """Write the model and the curves, and return the files with what they are."""
        from nissl import plots
        from nissl.cli import network

        history = self.model.history
        network.fold(self.model, self.inputs, self.targets, self.settings.make_optimizer())
        self.model.save(folder / runs.MODEL)
        files = [(runs.MODEL, _("the trained network, which Keras 3 reads as well"))]
        if history is not None and history.epoch:
            files.append((runs.HISTORY, _("loss and metrics of each epoch, as a table")))
            plots.save(plots.curves(units.columns(history.history)), folder / runs.CURVES)
            files.append((runs.CURVES, _("loss and metrics over the epochs")))
        return files

    # ---- what is said ------------------------------------------------------------------------
    def _introduce(self, verbose: bool) -> None:
        held = 0 if self.validation is None else len(self.validation[0])
        shape = " x ".join(str(n) for n in self.data.x_train.shape[1:])
        epochs = self.settings.epochs_for(len(self.train[0]))
        rows = [
            (_("Data"), f"{self.data.name} ({translate_message(self.data.source)})"),
            (
                _("Samples"),
                _("{train} training, {validation} validation, {test} test; {shape} each").format(
                    train=grouped(len(self.train[0])),
                    validation=grouped(held),
                    test=grouped(len(self.data.x_test)),
                    shape=shape,
                ),
            ),
            (_("Network"), self._described()),
            (
                _("Training"),
                _("{optimizer}, learning rate {rate}, batches of {batch}, {epochs} epochs").format(
                    optimizer=self.settings.optimizer,
                    rate=f"{self.model.optimizer.learning_rate:.4g}",
                    batch=self.settings.batch_size,
                    epochs=epochs,
                ),
            ),
        ]
        console.pairs(rows)
        if verbose:
            from nissl import explain

            console.note()
            console.show(explain.diagram(self.model))
        console.note()

    def _described(self) -> str:
        """Such as ``784 - 300 relu - 100 relu - 10 softmax, 266,610 weights``."""
        inputs = int(np.prod(self.data.x_train.shape[1:]))
        last = "softmax" if self.data.task == "classification" else "linear"
        parts = [str(inputs)]
        parts += [f"{units} {self.settings.activation}" for units in self.settings.hidden]
        parts.append(f"{self.model.output_shape[-1]} {last}")
        return _("{layers}; {count} parameters").format(
            layers=" - ".join(parts), count=grouped(self.model.count_params())
        )

    def _say_finished(
        self, folder: Path, done: dict[str, Any], found: Any, files: list[tuple[str, str]]
    ) -> None:
        console.heading(_("Results on the test data"))
        results.show(found)
        console.note()
        console.note(
            _("Trained in {seconds} seconds: {epochs} epochs, {steps} steps.").format(
                seconds=f"{done['seconds']:.1f}",
                epochs=done["epochs"],
                steps=grouped(done["steps"]),
            )
        )
        _list_files(folder, files)
        _suggest(folder, evaluate=False)

    def _say_interrupted(
        self, folder: Path, done: dict[str, Any], files: list[tuple[str, str]]
    ) -> None:
        console.heading(
            _("Stopped by Control-C after {epochs} whole epochs, {steps} steps.").format(
                epochs=done["epochs"], steps=grouped(done["steps"])
            )
        )
        console.note(_("The network as it was after the last step is kept."))
        _list_files(folder, files)
        _suggest(folder, evaluate=True)

    # ---- what is remembered ------------------------------------------------------------------
    def _config(self) -> dict[str, Any]:
        held = 0 if self.validation is None else len(self.validation[0])
        return {
            "command": shlex.join(["nissl", *sys.argv[1:]]),
            "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "data": {
                "place": self.place.place,
                "options": self.place.options,
                "name": self.data.name,
                "source": self.data.source,
                "task": self.data.task,
                "classes": list(self.data.class_names),
                "columns": self.data.columns and self.data.columns.as_dict(),
                "sample_shape": list(self.data.x_train.shape[1:]),
                "samples": {
                    "train": len(self.train[0]),
                    "validation": held,
                    "test": len(self.data.x_test),
                },
            },
            "settings": {
                **self.settings.as_dict(),
                "epochs": self.settings.epochs_for(len(self.train[0])),
                "learning_rate": float(f"{self.model.optimizer.learning_rate:.7g}"),
            },
            "versions": _versions(),
        }


def _versions() -> dict[str, str]:
    found = {"nissl": __version__, "python": platform.python_version(), "numpy": np.__version__}
    with contextlib.suppress(metadata.PackageNotFoundError):
        found["jax"] = metadata.version("jax")
    return {**found, "system": platform.platform()}


def _show_watched(report: Any, folder: Path) -> list[tuple[str, str]]:
    """Print what was seen of the layers, write it, and return the files with what they are."""
    console.heading(_("Layers"))
    console.show(report)
    report.save(folder / runs.WATCH)
    report.save(folder / runs.WATCH_TABLE)
    return [
        (runs.WATCH, _("what each layer did while it was trained")),
        (runs.WATCH_TABLE, _("the same as a table, with a verdict in words")),
    ]


def _list_files(folder: Path, files: list[tuple[str, str]]) -> None:
    console.heading(_("Files in {folder}").format(folder=folder))
    console.pairs([*files, (runs.CONFIG, _("settings, versions and results, to repeat this run"))])


def _suggest(folder: Path, evaluate: bool) -> None:
    quoted = shlex.quote(str(folder))
    commands = [
        (f"nissl predict {quoted} --sample 0", _("what it says of one test sample")),
        (f"nissl summary {quoted}", _("the layers of the network")),
    ]
    if evaluate:
        commands.insert(0, (f"nissl evaluate {quoted}", _("how good it is on the test data")))
    console.heading(_("Try next"))
    console.pairs(commands)
