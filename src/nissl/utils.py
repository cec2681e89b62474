"""Small helps: seeds, targets, pictures of what a model is."""

from __future__ import annotations

import math
import os
import random as python_random
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import random
from nissl.arguments import number, whole
from nissl.core import dtypes
from nissl.core.ops.shapes import normalise_axis
from nissl.errors import DataError, DTypeError, GraphError, ShapeError
from nissl.names import absent

if TYPE_CHECKING:
    from nissl.explain.diagrams.diagram import Diagram


_MOST_CLASSES = 1 << 24  # beyond which labels are no classes


def set_random_seed(seed: int) -> None:
    """Seed Python, NumPy and Nissl, so that the same script gives the same numbers.

    Args:
        seed: integer from 0 to 2**32 - 1.
    """
    seed = whole("set_random_seed", "seed", seed, least=0, most=(1 << 32) - 1)
    python_random.seed(seed)
    np.random.seed(seed)
    random.set_seed(seed)


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray[Any, Any]:
    """Turn classes 0, 1, 2, ... into rows with a 1 at the class and 0 elsewhere.

    Args:
        x: integers of any shape; a last axis of length 1 is dropped.
        num_classes: number of classes; one more than the largest class by default.

    >>> import nissl
    >>> nissl.utils.to_categorical([0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if num_classes is not None:
        num_classes = whole("to_categorical", "num_classes", num_classes, least=1)
    try:
        labels = np.asarray(x)
    except ValueError as error:
        raise DataError("to_categorical: the rows of x differ in length") from error
    if labels.dtype.kind not in "iubf":
        raise DataError(
            f"to_categorical: classes must be numbers, not {labels.dtype.name}. Number them first, "
            "e.g. with numpy.unique(x, return_inverse=True)[1]"
        )
    finite = labels.dtype.kind != "f" or bool(np.isfinite(labels).all())
    if not finite or (labels.dtype.kind == "f" and not np.array_equal(labels, np.floor(labels))):
        raise DataError("to_categorical: classes must be whole numbers")
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if labels.size == 0 and num_classes is None:
        raise DataError("to_categorical: no labels, so num_classes must be given")
    most = int(labels.max()) if labels.size else -1
    count = most + 1 if num_classes is None else num_classes
    if labels.size and (labels.min() < 0 or most >= count):
        bad = int(labels.min()) if labels.min() < 0 else most
        raise DataError(f"to_categorical: class {bad} lies outside 0 to {count - 1}")
    if count > _MOST_CLASSES:
        raise DataError(
            f"to_categorical: the largest class is {most}, for which each row would have {count} "
            "columns. Number the classes from 0, e.g. with "
            "numpy.unique(x, return_inverse=True)[1]"
        )
    rows = np.zeros((*labels.shape, count), dtypes.default_float())
    np.put_along_axis(rows, labels[..., None].astype(np.int64), 1, axis=-1)
    return rows


def normalize(x: Any, axis: int = -1, order: float = 2) -> np.ndarray[Any, Any]:
    """Scale vectors along ``axis`` to norm 1; zero vectors stay.

    Floating arrays keep their dtype; integers and Python's numbers become float32 (see
    :func:`nissl.set_default_float`). The work is done in float64, divided by each vector's largest
    element first, so that no power leaves the range.

    Args:
        x: numbers, of one axis at least.
        axis: along which the vectors lie.
        order: of the norm ``sum(|x|**order)**(1 / order)``, above 0; ``inf`` for the largest.

    Raises:
        DTypeError, ShapeError, ArgumentError: this is no array of real numbers, or it has no such
            axis, or there is no such norm.

    >>> import nissl
    >>> nissl.utils.normalize([[3.0, 4.0], [0.0, 0.0]], order=1).tolist()[1]
    [0.0, 0.0]
    """
    if order != math.inf:
        order = number("normalize", "order", order, above=0)
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ShapeError("normalize: the rows of x differ in length") from error
    if array.dtype.name not in dtypes.type_names:
        raise DTypeError(f"normalize: x must hold real numbers, not {array.dtype.name}")
    axis = normalise_axis("normalize", whole("normalize", "axis", axis), array.ndim)
    kept = isinstance(x, np.ndarray | np.generic) or hasattr(x, "dtype")
    kept = kept and dtypes.is_floating(array.dtype)
    wide = array.astype(np.float64)
    if not wide.size:
        return wide.astype(array.dtype if kept else dtypes.default_float())
    largest = np.max(np.abs(wide), axis=axis, keepdims=True)
    scaled = wide / np.where(largest == 0, 1, largest)
    with np.errstate(under="ignore"):
        length = np.linalg.norm(scaled, order, axis, keepdims=True)
    found = scaled / np.where(length == 0, 1, length)
    return found.astype(array.dtype if kept else dtypes.default_float())


def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] | None = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    *,
    show_params: bool = False,
    neurons: bool | None = False,
) -> Diagram:
    """Draw a model's layers as blocks with arrows between them; nothing but matplotlib is needed.

    Args:
        model: a model. One with its own ``call`` must have been called on data once.
        to_file: the picture: ``.png``, ``.svg`` or ``.pdf``; a file that is there is replaced.
            ``None`` writes nothing.
        show_shapes: whether blocks tell the shapes of their inputs and outputs.
        show_dtype: whether they tell their dtype.
        show_layer_names: whether they tell their name.
        rankdir: ``"TB"`` draws from above to below, ``"BT"`` upwards, ``"LR"`` from left to right,
            ``"RL"`` from right to left.
        expand_nested: whether a layer made of layers becomes a frame around its blocks.
        dpi: pixels an inch, for PNG.
        show_layer_activations: whether blocks tell their activation function.
        show_trainable: whether they tell if their weights are trained.
        show_params: whether they tell how many numbers their weights hold.
        neurons: ``True`` draws the single neurons of a chain of ``Dense`` layers, ``None`` those
            of small ones.

    Returns:
        The same picture, with a table of the layers: a notebook shows both. It is made by
        :func:`nissl.explain.diagram`, which tells more unasked.

    Raises:
        ArgumentTypeError, ArgumentError: this is not a model; or its neurons, or files with this
            ending, cannot be drawn.
        GraphError: the model must be built first, or it cannot be traced.
        MissingDependencyError: matplotlib is not installed.
        SaveError: the file cannot be written.
        UnknownNameError: there is no such direction.

    >>> import nissl
    >>> model = nissl.Sequential([nissl.Input((3,)), nissl.layers.Dense(2)])
    >>> drawn = nissl.utils.plot_model(model, to_file=None, show_shapes=True)
    >>> [block.outputs for block in drawn.graph.blocks]
    [((None, 3),), ((None, 2),)]
    """
    from nissl.explain.diagrams.diagram import diagram

    drawn = diagram(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        show_params=show_params,
        neurons=neurons,
    )
    if show_shapes and any(b.role == "layer" and b.outputs is None for b in drawn.graph.blocks):
        raise GraphError(
            f"model {model.name!r} is not built, so the shapes that show_shapes=True asks for are "
            "not known; give it an Input, model.build((None, ...)), or call it on data"
        )
    if to_file is not None:
        drawn.write(to_file, dpi)
    return drawn


if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
