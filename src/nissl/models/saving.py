"""Models to files: Keras 3's ``.keras`` format with optimizer state; weights alone, both ways."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from nissl import losses, metrics, optimizers
from nissl.arguments import flag
from nissl.core.tensor import Host
from nissl.core.variable import Variable
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    FileFormatError,
    SaveError,
)
from nissl.files import user_path
from nissl.layers.base import Layer, registry
from nissl.models.archive import (
    Archive,
    new_metadata,
    object_paths,
    read_weights,
    write_archive,
    write_weights,
)
from nissl.models.compilable import Compilable
from nissl.version import __version__

__all__ = ["save_model"]


def _owners(model: Compilable, parent: str = "layers") -> list[tuple[str, Layer]]:
    """Path in the file and layer, for each layer, those of models among them after them."""
    paths = object_paths([type(layer).__name__ for layer in model.layers], parent)
    found: list[tuple[str, Layer]] = []
    for path, layer in zip(paths, model.layers, strict=True):
        found.append((path, layer))
        if isinstance(layer, Compilable):
            found.extend(_owners(layer, f"{path}/layers"))
    return found


def _weights_at(layer: Layer) -> list[Variable]:
    """The weights that stand at a layer's own path."""
    return [] if isinstance(layer, Compilable) else layer.weights


def _states_at(layer: Layer) -> list[Variable]:
    """State that Keras does not keep: the seeds of dropout, say."""
    kept = set(layer.weights)
    return [] if isinstance(layer, Compilable) else [v for v in layer.variables if v not in kept]


def _numbered(path: str, variables: Sequence[Variable]) -> dict[str, Host]:
    return {f"{path}/vars/{i}": v.numpy() for i, v in enumerate(variables)}


def _collect(model: Compilable, with_optimizer: bool) -> tuple[dict[str, Any], dict[str, str]]:
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


def _describe(model: Compilable) -> dict[str, Any]:
    if not isinstance(model, registry.lookup("Sequential")):
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


def _compile_config(model: Compilable) -> dict[str, Any]:
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
    if not isinstance(model, Compilable):
        kind = type(model).__name__
        raise ArgumentTypeError(f"a model is saved, not {kind} {model!r:.80}")
    flag("save", "overwrite", overwrite)
    path = user_path(filepath, "filepath")
    if not path.name.endswith(ending):
        raise ArgumentError(f"the file name must end in {ending!r}, and is {str(path)!r}")
    if path.exists() and not overwrite:
        raise SaveError(f"{str(path)!r} exists already; pass overwrite=True to replace it")
    return path


def save_model(model: Compilable, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Write a model to a ``.keras`` file that Keras 3 reads too.

    Args:
        model: a built Sequential model.
        filepath: ends in ``.keras``. It is written beside and renamed, whole or not at all.
        overwrite: whether a file that is there may be replaced.
    """
    path = _checked_target(model, filepath, ".keras", overwrite)
    arrays, groups = _collect(model, with_optimizer=True)
    write_archive(path, _describe(model), new_metadata(__version__), arrays, groups)


Pairs: TypeAlias = list[tuple[str, Variable, Host]]


def paired(archive: Archive, path: str, variables: Sequence[Variable]) -> Pairs:
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


def restore(model: Compilable, archive: Archive) -> None:
    """Set all weights, or, if any array does not fit, none."""
    pairs: Pairs = []
    for path, layer in _owners(model):
        pairs += paired(archive, path, _weights_at(layer))
        if archive.variables(f"nissl/{path}"):
            pairs += paired(archive, f"nissl/{path}", _states_at(layer))
    expected = {place for place, _, _ in pairs}
    left = sorted(p for p in archive.weights if p.startswith("layers/") and p not in expected)
    if left:
        raise FileFormatError(
            f"{archive.path}: holds {left[0]!r}, for which the model has no layer"
        )
    for _, variable, array in pairs:
        variable.assign(array)


def save_weights(
    model: Compilable, filepath: str | os.PathLike[str], overwrite: bool = True
) -> None:
    """Write the weights of a model to a ``.weights.h5`` file, as Keras does."""
    path = _checked_target(model, filepath, ".weights.h5", overwrite)
    write_weights(path, *_collect(model, with_optimizer=False))


def load_weights(model: Compilable, filepath: str | os.PathLike[str]) -> None:
    """Set the weights of a model from a ``.weights.h5`` or ``.keras`` file."""
    restore(model, read_weights(user_path(filepath, "filepath")))
