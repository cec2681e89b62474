"""The layers that every network has: input, flatten, dense, activation, dropout, rescaling."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from nissl import activations, initializers, random
from nissl.arguments import number, one_of, whole
from nissl.core.functions import add, asarray, matmul, moveaxis, reshape, where
from nissl.core.tensor import Tensor, TensorLike
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError
from nissl.layers.base import Layer, registry
from nissl.layers.building import BatchShape, as_batch_shape
from nissl.layers.settings import (
    ACTIVATION,
    ANY_DTYPE,
    FIXED_FLAG,
    INITIALIZER,
    UNITS,
    Setting,
)
from nissl.registry import refuse_unknown

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
    setting_checks: ClassVar[Mapping[str, Setting]] = {"dtype": ANY_DTYPE}

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
        wanted = self.batch_shape[1:]
        if len(x.shape) != len(self.batch_shape) or any(
            n is not None and n != m for n, m in zip(wanted, x.shape[1:], strict=True)
        ):
            raise input_mismatch(wanted, x.shape)
        return x

    def get_config(self) -> dict[str, Any]:
        shape = list(self.batch_shape)
        return {
            "batch_shape": shape,
            "dtype": self.dtype.name,
            "sparse": False,
            "name": self.name,
        }


def input_mismatch(wanted: BatchShape, given: tuple[int, ...]) -> ShapeError:
    """Say that data does not have the shape that a model takes."""
    hint = ""
    if tuple(given) == tuple(wanted):
        hint = " The batch axis is missing: for a single input, use x[None]."
    elif math.prod(n or 1 for n in wanted) == math.prod(given[1:]):
        hint = f" Its elements would fit: use x.reshape({(-1, *wanted)})."
    return ShapeError(
        f"takes inputs of shape {_batched(wanted)}, and data of shape {tuple(given)} was "
        f"given.{hint}"
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
    setting_checks: ClassVar[Mapping[str, Setting]] = {"data_format": Setting(_data_format)}

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format

    def call(self, x: Tensor) -> Tensor:
        if self.data_format == "channels_first" and x.ndim > 2:
            x = moveaxis(x, 1, -1)  # (batch, channels, ...) to (batch, ..., channels)
        if not x.ndim:
            raise ShapeError("needs inputs with a batch axis, not of shape ()")
        return reshape(x, (x.shape[0], math.prod(x.shape[1:])))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


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
    setting_checks: ClassVar[Mapping[str, Setting]] = {
        "units": UNITS,
        "activation": ACTIVATION,
        "use_bias": FIXED_FLAG,
        "kernel_initializer": INITIALIZER,
        "bias_initializer": INITIALIZER,
    }

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        *,
        input_dim: int | None = None,
        **kwargs: Any,
    ) -> None:
        if input_dim is not None:
            kwargs.setdefault("input_shape", (UNITS.check("Dense", "input_dim", input_dim),))
        super().__init__(**kwargs)
        self.units = units
        self.activation = activation
        self.use_bias = use_bias
        self.kernel_initializer = kernel_initializer
        self.bias_initializer = bias_initializer
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
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.registry.serialize(self.kernel_initializer),
            "bias_initializer": initializers.registry.serialize(self.bias_initializer),
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
    setting_checks: ClassVar[Mapping[str, Setting]] = {"activation": ACTIVATION}

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activation

    def call(self, x: Tensor) -> Tensor:
        return self.activation(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


def _noise_shape(who: str, name: str, value: Any) -> BatchShape | None:
    if value is None:
        return None
    if isinstance(value, str | bytes) or not isinstance(value, Sequence | np.ndarray):
        raise ArgumentTypeError(
            f"{who}: {name} is a tuple of lengths and None, not {type(value).__name__} {value!r}"
        )
    return tuple(None if n is None else whole(who, name, n, least=1) for n in value)


def _seed(who: str, name: str, value: Any) -> int | None:
    return None if value is None else whole(who, name, value, least=0)


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
    setting_checks: ClassVar[Mapping[str, Setting]] = {
        "rate": Setting(partial(number, least=0, below=1)),
        "noise_shape": Setting(_noise_shape),
        "seed": Setting(_seed, fixed=True),
    }

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)

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
        return {
            **super().get_config(),
            "rate": self.rate,
            "seed": self.seed,
            "noise_shape": None if self.noise_shape is None else list(self.noise_shape),
        }


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
    setting_checks: ClassVar[Mapping[str, Setting]] = {
        "scale": Setting(_numbers),
        "offset": Setting(_numbers),
    }

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset

    def call(self, x: Tensor) -> Tensor:
        return x * self._in_dtype(self.scale) + self._in_dtype(self.offset)

    def _in_dtype(self, numbers: Any) -> Any:
        return numbers if isinstance(numbers, float) else asarray(numbers, self.dtype)

    def get_config(self) -> dict[str, Any]:
        given = {"scale": self.scale, "offset": self.offset}
        listed = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in given.items()}
        return {**super().get_config(), **listed}
