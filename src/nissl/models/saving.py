"""Models in files: Keras 3's ``.keras`` format, in both directions, with optimizer state."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from nissl import losses, metrics, optimizers
from nissl.arguments import flag
from nissl.core.tensor import Host
from nissl.core.variable import Variable
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    FileFormatError,
    NisslError,
    SaveError,
    UnknownNameError,
)
from nissl.files import user_path
from nissl.layers.base import Layer
from nissl.layers.building import weight_budget
from nissl.models.archive import (
    Archive,
    new_metadata,
    object_paths,
    read_archive,
    read_weights,
    write_archive,
    write_weights,
)
from nissl.models.model import Model
from nissl.models.sequential import Sequential
from nissl.optimizers import Optimizer
from nissl.registry import custom_objects as added
from nissl.settings import refuse_arguments
from nissl.version import __version__

__all__ = ["save_model", "load_model"]

_SCALARS = 2  # count of steps and learning rate, before an optimizer's slots


def _owners(model: Model, parent: str = "layers") -> list[tuple[str, Layer]]:
    """Path in the file and layer, for each layer, those of models among them after them."""
    paths = object_paths([type(layer).__name__ for layer in model.layers], parent)
    found: list[tuple[str, Layer]] = []
    for path, layer in zip(paths, model.layers, strict=True):
        found.append((path, layer))
        if isinstance(layer, Model):
            found.extend(_owners(layer, f"{path}/layers"))
    return found


def _weights_at(layer: Layer) -> list[Variable]:
    """The weights that stand at a layer's own path."""
    return [] if isinstance(layer, Model) else layer.weights


def _states_at(layer: Layer) -> list[Variable]:
    """State that Keras does not keep: the seeds of dropout, say."""
    kept = set(layer.weights)
    return [] if isinstance(layer, Model) else [v for v in layer.variables if v not in kept]


def _numbered(path: str, variables: Sequence[Variable]) -> dict[str, Host]:
    return {f"{path}/vars/{i}": v.numpy() for i, v in enumerate(variables)}


def _collect(model: Model, with_optimizer: bool) -> tuple[dict[str, Any], dict[str, str]]:
    """Arrays by path, and the groups that hold them."""
    arrays: dict[str, Any] = {}
    groups = {"": model.name}
    for path, layer in _owners(model):
        arrays.update(_numbered(path, _weights_at(layer)))
        arrays.update(_numbered(f"nissl/{path}", _states_at(layer)))
        groups[path] = layer.name
    if with_optimizer and model.optimizer is not None:
        model.optimizer.build(model.trainable_weights)
        arrays.update(_numbered("optimizer", model.optimizer.variables))
        groups["optimizer"] = model.optimizer.name
    return arrays, groups


def _describe(model: Model) -> dict[str, Any]:
    if not isinstance(model, Sequential):
        raise ArgumentError(
            f"model {model.name!r} is a {type(model).__name__}; only Sequential models have a file "
            "format so far. Save its weights with model.save_weights('name.weights.h5')"
        )
    described: dict[str, Any] = {
        "module": "keras",
        "class_name": "Sequential",
        "registered_name": None,
        "config": model.get_config(),
    }
    if model.build_shape is not None:
        described["build_config"] = {"input_shape": list(model.build_shape)}
    if model.optimizer is not None:
        described["compile_config"] = _compile_config(model)
    return described


def _compile_config(model: Model) -> dict[str, Any]:
    requested = model.compile_arguments

    def listed(kind: str) -> list[Any] | None:
        return [metrics.serialize(m) for m in requested[kind]] or None

    return {
        "optimizer": optimizers.registry.serialize(model.optimizer),
        "loss": losses.serialize(requested["loss"]),
        "loss_weights": None,
        "metrics": listed("metrics"),
        "weighted_metrics": listed("weighted_metrics"),
        "run_eagerly": model.run_eagerly,
        "steps_per_execution": 1,
        "jit_compile": "auto",
    }


def _checked_target(model: Any, filepath: Any, ending: str, overwrite: bool) -> Path:
    if not isinstance(model, Model):
        kind = type(model).__name__
        raise ArgumentTypeError(f"a model is saved, not {kind} {model!r:.80}")
    flag("save", "overwrite", overwrite)
    path = user_path(filepath, "filepath")
    if not path.name.endswith(ending):
        raise ArgumentError(f"the file name must end in {ending!r}, and is {str(path)!r}")
    if path.exists() and not overwrite:
        raise SaveError(f"{str(path)!r} exists already; pass overwrite=True to replace it")
    return path


def save_model(model: Model, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Write a model to a ``.keras`` file that Keras 3 reads too.

    Args:
        model: a built Sequential model.
        filepath: ends in ``.keras``. It is written beside and renamed, whole or not at all.
        overwrite: whether a file that is there may be replaced.
    """
    path = _checked_target(model, filepath, ".keras", overwrite)
    arrays, groups = _collect(model, with_optimizer=True)
    write_archive(path, _describe(model), new_metadata(__version__), arrays, groups)


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
    _restore(model, archive)
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


Pairs: TypeAlias = list[tuple[str, Variable, Host]]


def _paired(archive: Archive, path: str, variables: Sequence[Variable]) -> Pairs:
    """Variables with the arrays at a path, every one of them checked."""
    arrays = archive.variables(path)
    if len(arrays) != len(variables):
        hint = "" if variables else "; build it first, by calling it on data"
        raise FileFormatError(
            f"{archive.path}: {path!r} holds {len(arrays)} arrays, and the model has "
            f"{len(variables)} variables there{hint}"
        )
    both = enumerate(zip(variables, arrays, strict=True))
    pairs = [(f"{path}/vars/{i}", v, a) for i, (v, a) in both]
    for place, variable, array in pairs:
        if array.shape != variable.shape:
            raise FileFormatError(
                f"{archive.path}: {place} has shape {array.shape}, and {variable.path!r} has shape "
                f"{variable.shape}"
            )
        if (array.dtype.kind in "iub") != (variable.dtype.kind in "iub"):
            raise FileFormatError(
                f"{archive.path}: {place} holds {array.dtype.name}, and {variable.path!r} is "
                f"{variable.dtype.name}"
            )
    return pairs


def _restore(model: Model, archive: Archive) -> None:
    """Set all weights, or, if any array does not fit, none."""
    pairs: Pairs = []
    for path, layer in _owners(model):
        pairs += _paired(archive, path, _weights_at(layer))
        if archive.variables(f"nissl/{path}"):
            pairs += _paired(archive, f"nissl/{path}", _states_at(layer))
    expected = {place for place, _, _ in pairs}
    left = sorted(p for p in archive.weights if p.startswith("layers/") and p not in expected)
    if left:
        raise FileFormatError(
            f"{archive.path}: holds {left[0]!r}, for which the model has no layer"
        )
    for _, variable, array in pairs:
        variable.assign(array)


def _restore_optimizer(optimizer: Optimizer, model: Model, archive: Archive) -> None:
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
    pairs = _paired(archive, "optimizer", variables)
    step, rate = pairs[0][2], pairs[1][2]
    if not 0 <= int(step) < 1 << 31:
        raise FileFormatError(f"{archive.path}: optimizer/vars/0 counts {int(step)} steps")
    if not (np.isfinite(rate) and rate >= 0):
        raise FileFormatError(f"{archive.path}: optimizer/vars/1 is a learning rate of {rate}")
    for _, variable, array in pairs:
        variable.assign(array)


def save_weights(model: Model, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Write the weights of a model to a ``.weights.h5`` file, as Keras does."""
    path = _checked_target(model, filepath, ".weights.h5", overwrite)
    write_weights(path, *_collect(model, with_optimizer=False))


def load_weights(model: Model, filepath: str | os.PathLike[str]) -> None:
    """Set the weights of a model from a ``.weights.h5`` or ``.keras`` file."""
    _restore(model, read_weights(user_path(filepath, "filepath")))
