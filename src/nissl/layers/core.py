"""The layers that every network has: input, flatten, dense, activation, dropout, rescaling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nissl import random
from nissl.arguments import number, one_of, optional, several, whole
from nissl.core.functions import add, asarray, matmul, moveaxis, reshape, where
from nissl.core.tensor import Tensor, TensorLike
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError
from nissl.layers.base import Layer, registry
from nissl.layers.settings import ACTIVATION, ANY_DTYPE, FLAG, INITIALIZER, UNITS
from nissl.layers.shapes import BatchShape, as_batch_shape
from nissl.settings import Setting, refuse_unknown, setting

__all__ = ["InputLayer", "Input", "Flatten", "Dense", "Activation", "Dropout", "Rescaling"]


@registry.add()
class InputLayer(Layer):
    """The place where data comes in: it fixes the shape of one input.

    Args:
        shape: shape of one input, without the batch.
        batch_shape: the same with the batch (``None``) first; as files have it.
        dtype: dtype of the data.
        name: name of the layer.
    """

    takes_one = True
    dtype: Any = setting(ANY_DTYPE, default=None, kw_only=True)

    def __init__(
        self,
        shape: Any = None,
        *,
        batch_shape: Any = None,
        dtype: Any = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        refuse_unknown(type(self), unknown)
        if (shape is None) == (batch_shape is None):
            raise ArgumentError(
                "Input: give shape= (without the batch) or batch_shape=, one of them"
            )
        if shape is None:
            listed = batch_shape if isinstance(batch_shape, list | tuple) else ()
            if not listed or not (listed[0] is None or as_batch_shape(listed[0])):
                raise ShapeError(f"Input: batch_shape is (None, ...), not {batch_shape!r:.80}")
            shape = tuple(listed)[1:]
        found = as_batch_shape(shape)
        assert found is not None
        self.batch_shape: BatchShape = (None, *found)
        self.built = True

    def call(self, x: Tensor) -> Tensor:
        check_input("", self.batch_shape[1:], x.shape)
        return x

    def get_config(self) -> dict[str, Any]:
        shape = list(self.batch_shape)
        return {
            "batch_shape": shape,
            "dtype": self.dtype.name,
            "sparse": False,
            "name": self.name,
        }


def check_input(who: str, wanted: BatchShape, given: tuple[int, ...]) -> None:
    """Raise an error if data does not have the shape that a model takes."""
    if len(given) == len(wanted) + 1 and all(
        n is None or n == m for n, m in zip(wanted, given[1:], strict=True)
    ):
        return
    hint = ""
    if tuple(given) == tuple(wanted):
        hint = " The batch axis is missing: for a single input, use x[None]."
    elif math.prod(n or 1 for n in wanted) == math.prod(given[1:]):
        hint = f" Its elements would fit: use x.reshape({(-1, *wanted)})."
    raise ShapeError(
        f"{who} takes inputs of shape {_batched(wanted)}, and data of shape {tuple(given)} was "
        f"given.{hint}".lstrip()
    )


def _batched(shape: BatchShape) -> str:
    return f"({', '.join(['batch', *('any' if n is None else str(n) for n in shape)])})"


def Input(
    shape: Any = None,
    *,
    batch_shape: Any = None,
    dtype: Any = None,
    name: str | None = None,
    **unknown: Any,
) -> InputLayer:
    """Make the input of a Sequential model; see :class:`InputLayer`.

    >>> import nissl
    >>> nissl.Sequential([nissl.Input((4,)), nissl.layers.Dense(2)]).output_shape
    (None, 2)
    """
    return InputLayer(shape, batch_shape=batch_shape, dtype=dtype, name=name, **unknown)


def _data_format(who: str, name: str, value: Any) -> str:
    formats = ("channels_last", "channels_first")
    return "channels_last" if value is None else one_of(who, name, value, formats)


@registry.add()
class Flatten(Layer):
    """Turn each input into one row of numbers: ``(batch, ...)`` into ``(batch, product)``.

    >>> import nissl
    >>> picture = nissl.reshape(nissl.arange(8.0), (1, 2, 4))  # two channels of four pixels
    >>> nissl.layers.Flatten("channels_first")(picture).tolist()
    [[0.0, 4.0, 1.0, 5.0, 2.0, 6.0, 3.0, 7.0]]

    Args:
        data_format: ``"channels_last"``, or ``"channels_first"``: the second axis is taken to be
            the last, so that both orders of a picture's axes give the same row.
        kwargs: ``name``, ``dtype``, ``input_shape``; see :class:`Layer`.
    """

    takes_one = True
    data_format: str | None = setting(_data_format, default=None)

    def call(self, x: Tensor) -> Tensor:
        if self.data_format == "channels_first" and x.ndim > 2:
            x = moveaxis(x, 1, -1)  # (batch, channels, ...) to (batch, ..., channels)
        if not x.ndim:
            raise ShapeError("needs inputs with a batch axis, not of shape ()")
        return reshape(x, (x.shape[0], math.prod(x.shape[1:])))


@registry.add()
class Dense(Layer):
    """Fully connected layer: ``h(x @ kernel + bias)``.

    In Bishop's notation ``a_j = sum_i w_ji x_i + w_j0`` and ``z_j = h(a_j)``; here the kernel is
    ``w`` transposed, of shape (inputs, units), and the bias is ``w_j0``.

    Args:
        units: number of neurons, a positive integer.
        activation: ``h``; a name, a function, or ``None`` for the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: how weights begin.
        kwargs: ``name``, ``dtype``, ``input_shape``; see :class:`Layer`.

    Input ``(batch, ..., inputs)``, output ``(batch, ..., units)``, floating. The activation may be
    changed at any time, the other settings until the layer is built.
    """

    takes_one = True
    units: int = setting(UNITS)
    activation: Any = setting(ACTIVATION, default=None)
    use_bias: bool = setting(FLAG, default=True)
    kernel_initializer: Any = setting(INITIALIZER, default="glorot_uniform")
    bias_initializer: Any = setting(INITIALIZER, default="zeros")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.kernel: Variable | None = None
        self.bias: Variable | None = None

    def build(self, input_shape: BatchShape) -> None:
        inputs = input_shape[-1] if len(input_shape) > 1 else None
        if inputs is None:
            raise ShapeError(
                f"needs inputs with at least one axis beside the batch, not {input_shape}"
            )
        self.kernel = self.add_weight((inputs, self.units), self.kernel_initializer, name="kernel")
        if self.use_bias:
            self.bias = self.add_weight((self.units,), self.bias_initializer, name="bias")

    def call(self, x: TensorLike) -> Tensor:
        assert self.kernel is not None
        if x.shape[-1] != self.kernel.shape[0]:
            raise ShapeError(
                f"was built for inputs of {self.kernel.shape[0]} numbers, and an input of shape "
                f"{x.shape} has {x.shape[-1]} along its last axis"
            )
        a = matmul(x, self.kernel.value)  # (batch, ..., units)
        if self.bias is not None:
            a = add(a, self.bias.value)
        return self.activation(a)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_regularizer": None,
            "bias_regularizer": None,
            "kernel_constraint": None,
            "bias_constraint": None,
        }


@registry.add()
class Activation(Layer):
    """Apply an activation function, element by element (softmax: along the last axis).

    Args:
        activation: a name or a function.
        kwargs: ``name``, ``dtype``, ``input_shape``; see :class:`Layer`.
    """

    takes_one = True
    activation: Any = setting(ACTIVATION)

    def call(self, x: Tensor) -> Tensor:
        return self.activation(x)


def _noise_shape(who: str, name: str, value: Any) -> BatchShape | None:
    if value is None:
        return None
    lengths = several(who, name, value)
    return tuple(None if n is None else whole(who, name, n, least=1) for n in lengths)


def _as_list(shape: BatchShape | None) -> list[int | None] | None:
    return None if shape is None else list(shape)


@registry.add()
class Dropout(Layer):
    """In training, set each number to 0 with probability ``rate`` and scale up the others.

    ``x * keep / (1 - rate)``, so that the expected value stays (Srivastava et al. 2014, section
    10, inverted). Outside training it does nothing.

    Args:
        rate: probability of dropping, 0 to below 1.
        noise_shape: shape of the mask, which broadcasts with the input (``None`` in it for the
            batch), each length 1 or the input's; the input's shape by default.
        seed: integer for the same masks each time; drawn from the global seed by default.
        kwargs: ``name``, ``dtype``, ``input_shape``; see :class:`Layer`.
    """

    takes_one = True
    rate: float = setting(number, least=0, below=1)
    noise_shape: Any = setting(Setting(_noise_shape, _as_list), default=None)
    seed: int | None = setting(optional(whole), least=0, default=None, fixed=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.seed_generator = random.SeedGenerator(self.seed)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return x
        shape = x.shape if self.noise_shape is None else self._mask_shape(x.shape)
        keep = random.bernoulli(shape, 1 - self.rate, seed=self.seed_generator)
        return where(keep, x * (1 / (1 - self.rate)), 0.0)

    def _mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        wanted = self.noise_shape or ()
        fits = len(wanted) == len(shape) and all(
            n in (None, 1, length) for n, length in zip(wanted, shape, strict=True)
        )
        if not fits:
            raise ShapeError(
                f"noise_shape={wanted} does not broadcast with inputs of shape {shape}; give as "
                "many lengths, each 1, None or the input's"
            )
        return tuple(n or length for n, length in zip(wanted, shape, strict=True))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config["noise_shape"] = config.pop("noise_shape")  # the last, as Keras has it
        return config


def _numbers(who: str, name: str, value: Any) -> Any:
    """Check a number, or numbers that broadcast with the input: an array of floats then."""
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes):
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise ArgumentTypeError(f"{who}: {name} has rows of different lengths") from error
        if array.dtype.kind not in "iuf":
            raise ArgumentTypeError(f"{who}: {name} holds numbers, not {array.dtype} {value!r:.80}")
        if not np.isfinite(array).all():
            raise ArgumentError(f"{who}: {name}={value!r:.80} must be finite")
        return array.astype(np.float64) if array.ndim else float(array)
    return number(who, name, value)


def _listed(numbers: Any) -> Any:
    return numbers.tolist() if isinstance(numbers, np.ndarray) else numbers


@registry.add()
class Rescaling(Layer):
    """``x * scale + offset``, e.g. to bring bytes from 0 to 255 into 0 to 1.

    Args:
        scale, offset: numbers, or lists or arrays that broadcast with the input, such as one number
            for each channel.
        kwargs: ``name``, ``dtype``, ``input_shape``; see :class:`Layer`.

    >>> import nissl
    >>> nissl.layers.Rescaling(0.5, offset=[0.0, 1.0])([[2.0, 4.0]]).tolist()
    [[1.0, 3.0]]
    """

    takes_one = True
    scale: Any = setting(Setting(_numbers, _listed))
    offset: Any = setting(Setting(_numbers, _listed), default=0.0)

    def call(self, x: Tensor) -> Tensor:
        return x * self._in_dtype(self.scale) + self._in_dtype(self.offset)

    def _in_dtype(self, numbers: Any) -> Any:
        return numbers if isinstance(numbers, float) else asarray(numbers, self.dtype)
