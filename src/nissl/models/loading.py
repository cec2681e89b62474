"""Models from files: Keras 3's ``.keras`` format, with optimizer state."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from nissl import losses, metrics, optimizers
from nissl.arguments import flag
from nissl.errors import ArgumentError, FileFormatError, NisslError, UnknownNameError
from nissl.files import user_path
from nissl.layers.building import weight_budget
from nissl.models.archive import Archive, read_archive
from nissl.models.saving import paired, restore
from nissl.models.sequential import Sequential
from nissl.optimizers import Optimizer
from nissl.registry import custom_objects as added
from nissl.settings import refuse_arguments

__all__ = ["load_model"]

_SCALARS = 2  # count of steps and learning rate, before an optimizer's slots


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    **unknown: Any,
) -> Sequential:
    """Read a model from a ``.keras`` file that Nissl or Keras 3 wrote.

    Args:
        filepath: the file.
        custom_objects: classes and functions of one's own by the names that the file has for them.
        compile: whether to restore optimizer, loss and metrics, if the file has them.
        safe_mode: files never bring code that is run, so there is nothing that could be allowed.

    Raises:
        FileFormatError: the file is damaged, hostile, or has parts that Nissl does not know.
    """
    refuse_arguments("load_model", unknown, ("filepath", "custom_objects", "compile", "safe_mode"))
    compiled = flag("load_model", "compile", compile)
    if not flag("load_model", "safe_mode", safe_mode):
        raise ArgumentError("load_model: safe_mode=False is not there: no code in files is run")
    with added(custom_objects):
        return _loaded(read_archive(user_path(filepath, "filepath")), compiled)


def _loaded(archive: Archive, compile: bool) -> Sequential:
    try:
        return _made(archive, compile)
    except (NisslError, TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        if isinstance(error, FileFormatError) and archive.path in str(error):
            raise
        own = isinstance(error, UnknownNameError)
        hint = " What is one's own is named by custom_objects={'Name': Name}" if own else ""
        raise FileFormatError(f"{archive.path}, config.json: {error}{hint}") from error


def _made(archive: Archive, compile: bool) -> Sequential:
    config = archive.config
    if config.get("class_name") != "Sequential" or not isinstance(config.get("config"), Mapping):
        raise FileFormatError(
            f"{archive.path}: holds a {config.get('class_name')!r}; only Sequential models can be "
            "loaded so far"
        )
    with weight_budget(sum(array.size for array in archive.weights.values())):
        model = Sequential.from_config(dict(config["config"]))
    described = config.get("compile_config") if compile else None
    if not isinstance(described, Mapping | None):
        raise FileFormatError(f"compile_config must be an object, not {described!r}")
    if described:  # Keras writes {} for a model that was not compiled
        try:
            _compile(model, described)
        except (NisslError, TypeError, ValueError, KeyError) as error:
            raise FileFormatError(
                f"compile_config: {error}. To read the model without it, and to compile it "
                "otherwise, call load_model(..., compile=False)"
            ) from error
    restore(model, archive)
    if compile and model.optimizer is not None:
        _restore_optimizer(model.optimizer, model, archive)
    return model


def _compile(model: Sequential, described: Mapping[str, Any]) -> None:
    def listed(kind: str) -> list[Any]:
        given = described.get(kind) or []
        if not isinstance(given, list):
            raise FileFormatError(f"compile_config: {kind} must be a list, not {given!r}")
        return [m if isinstance(m, str) else metrics.registry.deserialize(m) for m in given]

    loss = described.get("loss")
    weights = described.get("loss_weights")
    refuse_arguments("compile", {"loss_weights": weights or None})
    model.compile(
        optimizer=optimizers.registry.deserialize(described.get("optimizer")),
        loss=loss if loss is None or isinstance(loss, str) else losses.registry.deserialize(loss),
        metrics=listed("metrics"),
        weighted_metrics=listed("weighted_metrics"),
        run_eagerly=described.get("run_eagerly") is True,
    )


def _restore_optimizer(optimizer: Optimizer, model: Sequential, archive: Archive) -> None:
    """Set the optimizer's state; a file saved before the first step has no slots.

    Files of others have no copies in float32 of weights of half precision; they follow the weights.
    """
    optimizer.build(model.trainable_weights)
    stored = len(archive.variables("optimizer"))
    if not stored:
        return
    variables = optimizer.variables
    without = len(variables) - len(optimizer.master_variables())
    if stored in (_SCALARS, without):
        variables = variables[:stored]
    pairs = paired(archive, "optimizer", variables)
    step, rate = pairs[0][2], pairs[1][2]
    if not 0 <= int(step) < 1 << 31:
        raise FileFormatError(f"{archive.path}: optimizer/vars/0 counts {int(step)} steps")
    if not (np.isfinite(rate) and rate >= 0):
        raise FileFormatError(f"{archive.path}: optimizer/vars/1 is a learning rate of {rate}")
    for _, variable, array in pairs:
        variable.assign(array)
