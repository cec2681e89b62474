"""Initialisers: where weights start.

Each is called with a shape and a dtype and returns a tensor. Random ones draw their seed once, when
they are made, so the same object gives the same numbers for the same shape, as in Keras.

>>> import nissl
>>> nissl.initializers.get("zeros")((2,)).tolist()
[0.0, 0.0]
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nissl import random
from nissl.arguments import number, one_of, whole
from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.functions.convert import as_shape
from nissl.core.tensor import Tensor, TensorLike
from nissl.errors import AbstractMethodError, ShapeError
from nissl.names import absent
from nissl.registry import Registry
from nissl.settings import Configured, Setting, configured, from_config, setting

__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "Initializer",
    "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "RandomNormal", "RandomUniform",
    "TruncatedNormal", "VarianceScaling", "Zeros", "compute_fans", "deserialize", "get", "registry",
    "serialize",
]  # fmt: skip

registry: Registry[Any] = Registry("initializer", "keras.initializers")
Shape = int | Sequence[int]


class Initializer(Configured):
    """What initialisers share: they can be described, and made again from the description.

    A subclass defines ``__call__(shape, dtype=None)``; its fields are its settings.
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        """Return the starting value of a weight."""
        raise AbstractMethodError(f"{type(self).__name__} must define __call__(shape, dtype)")

    def get_config(self) -> dict[str, Any]:
        """Return the settings, in JSON's terms."""
        if not dataclasses.is_dataclass(self):
            return super().get_config()
        return {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}

    def clone(self) -> Initializer:
        """Return another one with the same settings."""
        return from_config(type(self), self.get_config())


@registry.add("zero")
class Zeros(Initializer):
    """Start at 0."""

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return F.zeros(shape, dtype)


@registry.add("one")
class Ones(Initializer):
    """Start at 1."""

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return F.ones(shape, dtype)


def _values(who: str, name: str, value: Any) -> Any:
    F.asarray(value)  # texts and ragged lists are refused here
    return value


VALUES = Setting(_values, lambda value: np.asarray(value).tolist())  # as they were given


@registry.add()
class Constant(Initializer):
    """Start at a given number, or at given numbers.

    Args:
        value: a number, or an array of the weight's own shape.

    Raises:
        ShapeError: when called with a shape that is not that of ``value``.

    >>> Constant([1.0, 2.0])((2,)).tolist()
    [1.0, 2.0]
    """

    value: TensorLike = setting(VALUES, default=0.0)

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        wanted = as_shape(shape)
        chosen = dtypes.default_float() if dtype is None else dtypes.as_dtype(dtype)
        given = F.asarray(self.value, chosen).numpy()
        if given.ndim and given.shape != wanted:
            raise ShapeError(
                f"Constant: values of shape {given.shape} were given for a weight of shape {wanted}"
            )
        return Tensor(np.array(np.broadcast_to(given, wanted)))


@registry.add("IdentityInitializer")
class Identity(Initializer):
    """Start as ``gain`` times the identity matrix; for weights of two axes.

    Args:
        gain: what stands on the diagonal.
    """

    gain: float = setting(number, default=1.0)

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        wanted = as_shape(shape)
        if len(wanted) != 2:
            raise ShapeError(f"Identity: a weight of two axes is needed, not of shape {wanted}")
        return F.eye(*wanted, dtype=dtype) * self.gain


def _seed(who: str, name: str, value: Any) -> int | random.SeedGenerator | None:
    if isinstance(value, Mapping):  # a generator, as a model file describes it
        settings: Any = value.get("config")
        value = settings.get("seed") if isinstance(settings, Mapping) else None
    if value is None or isinstance(value, random.SeedGenerator):
        return value
    return whole(who, name, value, least=0)


SEED = Setting(
    _seed, lambda given: given.seed if isinstance(given, random.SeedGenerator) else given
)


class _Random(Initializer):
    """An initialiser with a seed, drawn from the global one when it is made without."""

    seed: int | random.SeedGenerator | None

    def __post_init__(self) -> None:
        given = self.seed
        self._drawn: int | random.SeedGenerator = random.draw_seed() if given is None else given


@registry.add("uniform")
class RandomUniform(_Random):
    """Draw evenly from ``[minval, maxval)``.

    Args:
        minval, maxval: the bounds.
        seed: integer (the same numbers at each call), a generator (new ones), or ``None`` for a
            seed drawn from the global one now.
    """

    minval: float = setting(number, default=-0.05)
    maxval: float = setting(number, default=0.05)
    seed: int | random.SeedGenerator | None = setting(SEED, default=None)

    def __post_init__(self) -> None:
        super().__post_init__()
        number("RandomUniform", "maxval", self.maxval, least=self.minval)

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return random.uniform(shape, self.minval, self.maxval, dtype, self._drawn)


@registry.add("normal")
class RandomNormal(_Random):
    """Draw from a normal distribution.

    Args:
        mean, stddev: its mean and standard deviation.
        seed: as in :class:`RandomUniform`.
    """

    mean: float = setting(number, default=0.0)
    stddev: float = setting(number, default=0.05, least=0)
    seed: int | random.SeedGenerator | None = setting(SEED, default=None)

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return random.normal(shape, self.mean, self.stddev, dtype, self._drawn)


@registry.add()
class TruncatedNormal(_Random):
    """Draw from a normal distribution, again where further than two ``stddev`` from its mean.

    Args:
        mean, stddev: of the distribution before it is cut.
        seed: as in :class:`RandomUniform`.
    """

    mean: float = setting(number, default=0.0)
    stddev: float = setting(number, default=0.05, least=0)
    seed: int | random.SeedGenerator | None = setting(SEED, default=None)

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self._drawn)


_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


def _distribution(who: str, name: str, value: Any) -> str:
    return one_of(who, name, "truncated_normal" if value == "normal" else value, _DISTRIBUTIONS)


_CUT_STDDEV = 0.87962566103423978  # of a standard normal distribution cut at -2 and 2


def compute_fans(shape: Shape) -> tuple[int, int]:
    """Return how many inputs and outputs a weight of ``shape`` joins.

    The last two axes are inputs and outputs; those before them, as in a convolution's kernel, are
    the receptive field, and multiply both.

    >>> compute_fans((784, 300)), compute_fans((3, 3, 8, 16))
    ((784, 300), (72, 144))
    """
    lengths = as_shape(shape)
    if len(lengths) < 2:
        only = lengths[0] if lengths else 1
        return only, only
    field = math.prod(lengths[:-2])
    return field * lengths[-2], field * lengths[-1]


@registry.add()
class VarianceScaling(_Random):
    """Draw with variance ``scale / n``; ``n`` is the number of inputs, of outputs, or their mean.

    Args:
        scale: positive.
        mode: ``"fan_in"``, ``"fan_out"`` or ``"fan_avg"``: what ``n`` is.
        distribution: ``"truncated_normal"`` (cut at two standard deviations, then widened to have
            the variance), ``"untruncated_normal"``, or ``"uniform"`` on
            ``[-sqrt(3 scale / n), sqrt(3 scale / n)]``.
        seed: as in :class:`RandomUniform`.

    Raises:
        ArgumentError, ArgumentTypeError: for a setting outside its range, or of another kind.
    """

    scale: float = setting(number, default=1.0, above=0)
    mode: str = setting(one_of, default="fan_in", allowed=_MODES)
    distribution: str = setting(_distribution, default="truncated_normal")
    seed: int | random.SeedGenerator | None = setting(SEED, default=None)

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        fan_in, fan_out = compute_fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return random.uniform(shape, -limit, limit, dtype, self._drawn)
        stddev = math.sqrt(variance)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, stddev, dtype, self._drawn)
        return random.truncated_normal(shape, 0.0, stddev / _CUT_STDDEV, dtype, self._drawn)


@configured
class _Scaled(VarianceScaling):
    """A variance scaling whose settings its name says, so that only the seed is left to choose."""

    scale: float = setting(init=False, default=1.0)
    mode: str = setting(init=False, default="fan_in")
    distribution: str = setting(init=False, default="truncated_normal")

    SETTINGS: ClassVar[tuple[float, str, str]]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.scale, self.mode, self.distribution = self.SETTINGS


@registry.add()
class GlorotUniform(_Scaled):
    """Uniform, variance ``2 / (inputs + outputs)`` (Glorot and Bengio 2010, eq. 16).

    The bound is ``sqrt(6 / (inputs + outputs))``. Keras's default for kernels.
    """

    SETTINGS = (1.0, "fan_avg", "uniform")


@registry.add()
class GlorotNormal(_Scaled):
    """Truncated normal, variance ``2 / (inputs + outputs)`` (Glorot and Bengio 2010, eq. 12)."""

    SETTINGS = (1.0, "fan_avg", "truncated_normal")


@registry.add()
class HeUniform(_Scaled):
    """Uniform, variance ``2 / inputs``, bound ``sqrt(6 / inputs)`` (He et al. 2015, eq. 10)."""

    SETTINGS = (2.0, "fan_in", "uniform")


@registry.add()
class HeNormal(_Scaled):
    """Truncated normal, variance ``2 / inputs`` (He et al. 2015, eq. 10)."""

    SETTINGS = (2.0, "fan_in", "truncated_normal")


@registry.add()
class LecunUniform(_Scaled):
    """Uniform, variance ``1 / inputs`` (LeCun et al. 1998, *Efficient BackProp*, 4.6)."""

    SETTINGS = (1.0, "fan_in", "uniform")


@registry.add()
class LecunNormal(_Scaled):
    """Truncated normal, variance ``1 / inputs`` (LeCun et al. 1998, *Efficient BackProp*, 4.6)."""

    SETTINGS = (1.0, "fan_in", "truncated_normal")


@registry.add("OrthogonalInitializer")
class Orthogonal(_Random):
    """A random matrix with orthonormal rows or columns, whichever are fewer, times ``gain``.

    Axes before the last are joined into one. (Saxe et al. 2014; uniform over all such matrices
    through the signs of R's diagonal: Mezzadri 2007, section 5.)

    Args:
        gain: factor.
        seed: as in :class:`RandomUniform`.

    Raises:
        ShapeError: for a weight of fewer than two axes.
    """

    gain: float = setting(number, default=1.0)
    seed: int | random.SeedGenerator | None = setting(SEED, default=None)

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        wanted = as_shape(shape)
        if len(wanted) < 2:
            raise ShapeError(f"Orthogonal: two axes or more are needed, not shape {wanted}")
        rows, columns = math.prod(wanted[:-1]), wanted[-1]
        tall = (max(rows, columns), min(rows, columns))
        drawn = random.normal(tall, dtype=dtypes.float64, seed=self._drawn).numpy()
        q, r = np.linalg.qr(drawn)
        q = q * np.sign(np.diagonal(r))
        matrix = q if rows >= columns else q.T
        chosen = dtypes.default_float() if dtype is None else dtypes.as_dtype(dtype)
        return Tensor((self.gain * matrix).reshape(wanted).astype(chosen))


def get(identifier: Any) -> Callable[..., Tensor]:
    """Return the initialiser that a name, a config, an object, a function or an array means.

    Args:
        identifier: a name such as ``"he_normal"``, what :func:`serialize` gave, an initialiser or
            its class, a function of ``(shape, dtype)``, or an array of starting values.

    Raises:
        UnknownNameError: for an unknown name; it says which known one is nearest.
        ArgumentTypeError: for anything else.
    """
    if isinstance(identifier, np.ndarray | Tensor):
        return Constant(identifier)
    return registry.get(identifier)


def serialize(initializer: Any) -> Any:
    """Describe an initialiser in JSON's terms, as Keras 3 does."""
    return registry.serialize(initializer)


def deserialize(config: Any) -> Callable[..., Tensor]:
    """Make again what :func:`serialize` described."""
    return registry.deserialize(config)


if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
