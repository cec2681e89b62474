"""Metric: a number kept up to date over many batches; and the mean and the sum of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nissl.arguments import function
from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.tensor import Shape, Tensor, TensorLike
from nissl.core.variable import Variable
from nissl.errors import (
    AbstractMethodError,
    ArgumentError,
    ArgumentTypeError,
    ShapeError,
)
from nissl.losses import Loss, LossFunctionWrapper, class_of
from nissl.losses.base import named_dtype, weigh
from nissl.registry import Registry, numbered_name
from nissl.settings import Configured, Setting, setting

__all__ = ["registry", "Metric", "Sum", "Mean", "MeanMetricWrapper", "functions"]

registry: Registry[Any] = Registry("metric", "keras.metrics")


def result_dtype(who: str, name: str, value: Any) -> str:
    """Check the dtype of results; return its name."""
    return (named_dtype(who, name, value) or dtypes.float32).name


NAME = Setting(numbered_name)
DTYPE = Setting(result_dtype)


class Metric(Configured):
    """A measure of how good predictions are, over all batches since the last reset.

    Its state is in variables, and it is computed with Nissl's functions only, so it works eagerly
    and inside the compiled training loop alike. A subclass makes its variables with
    :meth:`add_variable`, in ``__post_init__`` or in an ``__init__`` of its own, and defines
    :meth:`update_state` and :meth:`result`.

    Sums and counts are kept in float64, which adds up small numbers and counts samples without
    end.

    Args:
        name: what its value is called in logs.
        dtype: dtype of its result, ``float32`` by default; of predictions in ``float64`` the result
            is in ``float64``.

    >>> m = Mean()
    >>> m.update_state([1.0, 3.0])
    >>> m.update_state([8.0])
    >>> m.result().item()
    4.0
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        self.__pre_init__()
        self.name: Any = numbered_name(type(self).__name__, "name", name)
        self.dtype: Any = result_dtype(type(self).__name__, "dtype", dtype)
        self.__post_init__()

    def __pre_init__(self) -> None:
        self._variables: list[Variable] = []
        self._in_double = False  # whether predictions were, so that results are too

    @property
    def variables(self) -> list[Variable]:
        """The state, in the order in which it was made."""
        return list(self._variables)

    def add_variable(
        self,
        shape: Shape = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str = "variable",
    ) -> Variable:
        """Make a variable of the state; every metric starts from zeros, and is reset to them."""
        if initializer not in ("zeros", None) and type(initializer).__name__ != "Zeros":
            raise ArgumentError(
                f"metric {self.name!r}: the variable {name!r} starts at zeros, as it is reset to "
                f"them; not {initializer!r}"
            )
        start = np.zeros(shape, dtypes.float64 if dtype is None else dtypes.as_dtype(dtype))
        variable = Variable(start, trainable=False, name=name)
        variable.path = f"{self.name}/{name}"
        self._variables.append(variable)
        return variable

    add_weight = add_variable

    def taken(self, values: TensorLike) -> Tensor:
        """Return values or predictions as a tensor, and show results in its dtype if float64."""
        found = F.asarray(values)
        if found.dtype == dtypes.float64:
            self._in_double = True
        return found

    def shown(self, result: Tensor) -> Tensor:
        """Return a result in the dtype in which it is reported."""
        return F.astype(result, dtypes.float64 if self._in_double else self.dtype)

    def build(self, y_shape: Shape, pred_shape: Shape) -> None:
        """Make the variables whose shape depends on the data; called before the first update."""

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take one more batch into account."""
        raise AbstractMethodError(f"{type(self).__name__} must define update_state")

    def result(self) -> Tensor:
        """Return the value over all batches since the last reset."""
        raise AbstractMethodError(f"{type(self).__name__} must define result()")

    def reset_state(self) -> None:
        """Forget all batches."""
        for variable in self._variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        """Take one more batch into account, and return the value so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """Return the settings, in JSON's terms, as Keras 3 writes them."""
        return {"name": self.name, "dtype": self.dtype, **super().get_config()}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def ratio(total: Tensor, count: Tensor) -> Tensor:
    """Return ``total / count``, and 0 where the count is 0."""
    empty = count == 0.0
    return F.where(empty, 0.0, total / F.where(empty, 1.0, count))


def _inner(x: Tensor, first: int) -> tuple[int, ...]:
    return tuple(range(first, x.ndim))


def samplewise(
    name: str,
    values: Tensor,
    sample_weight: TensorLike,
    reduce: Callable[..., Tensor],
) -> tuple[Tensor, Tensor | None]:
    """Return weighted values and weights, one a sample, reduced over all other axes."""
    weights: Tensor | None = None
    if sample_weight is not None:
        weights = F.asarray(sample_weight, values.dtype)
        if weights.ndim == values.ndim + 1 and weights.shape[-1] == 1:
            weights = F.reshape(weights, weights.shape[:-1])
        if values.ndim > weights.ndim and weights.ndim:
            values = reduce(values, axis=_inner(values, weights.ndim))
        if weights.ndim and weights.shape not in (values.shape, (*values.shape[:-1], 1)):
            raise ShapeError(
                f"metric {name!r}: sample_weight has shape {weights.shape}, and the values that it "
                f"weighs have shape {values.shape}; give one weight a sample, shape "
                f"{values.shape[:1]}"
            )
        weights = F.broadcast_to(weights, values.shape)
        values = values * weights
        if weights.ndim > 1:
            weights = reduce(weights, axis=_inner(weights, 1))
    if values.ndim > 1:
        values = reduce(values, axis=_inner(values, 1))
    return values, weights


@registry.add()
class Sum(Metric):
    """Weighted sum of values.

    >>> Sum()([1.0, 3.0, 5.0], sample_weight=[1.0, 1.0, 0.0]).item()
    4.0
    """

    name: Any = setting(NAME, default="sum")
    dtype: Any = setting(DTYPE, default=None)

    def __post_init__(self) -> None:
        self.total = self.add_variable(name="total")

    def update_state(self, values: TensorLike, sample_weight: TensorLike = None) -> None:
        """Add values of shape ``(n, ...)``, each sample times its weight."""
        given = F.astype(self.taken(values), dtypes.float64)
        total, _ = samplewise(self.name, given, sample_weight, F.sum)
        self.total.assign_add(F.sum(total))

    def result(self) -> Tensor:
        return self.shown(self.total.value)


class Average(Metric):
    """What metrics that are weighted means, ``sum(w_i v_i) / sum(w_i)``, have in common."""

    def __post_init__(self) -> None:
        self.total = self.add_variable(name="total")
        self.count = self.add_variable(name="count")

    def _add(self, given: Tensor, sample_weight: TensorLike) -> None:
        values, weights = samplewise(self.name, given, sample_weight, F.mean)
        self.total.assign_add(F.sum(values))
        if weights is None:
            self.count.assign_add(float(values.shape[0] if values.ndim else 1))
        else:
            self.count.assign_add(F.sum(weights))

    def result(self) -> Tensor:
        return self.shown(ratio(self.total.value, self.count.value))


@registry.add()
class Mean(Average):
    """Weighted mean of values, ``sum(w_i v_i) / sum(w_i)``; 0 before the first.

    >>> Mean()([1.0, 3.0, 5.0], sample_weight=[1.0, 1.0, 0.0]).item()
    2.0
    """

    name: Any = setting(NAME, default="mean")
    dtype: Any = setting(DTYPE, default=None)

    def update_state(self, values: TensorLike, sample_weight: TensorLike = None) -> None:
        """Take in values of shape ``(n, ...)``: of each sample its mean, by its weight."""
        self._add(F.astype(self.taken(values), dtypes.float64), sample_weight)


class PairMean(Average):
    """Mean over samples of something computed from targets and predictions.

    A subclass defines :meth:`values`, and :meth:`mask` if not every sample counts.
    """

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return one number a sample, or several, of which the mean is taken."""
        raise AbstractMethodError(f"{type(self).__name__} must define values(y_true, y_pred)")

    def mask(self, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        """Say which values count (True), in their shape; ``None`` means all."""
        return None

    def update_state(
        self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike = None
    ) -> None:
        """Take one more batch into account.

        Args:
            y_true: targets.
            y_pred: predictions.
            sample_weight: one weight a sample, shape ``(n,)``, or 1 for each.
        """
        target, output = F.asarray(y_true), self.taken(y_pred)
        values = F.astype(self.values(target, output), dtypes.float64)
        mask = self.mask(target, output)
        if mask is not None:
            counted = F.astype(mask, values.dtype)
            sample_weight = (
                counted if sample_weight is None else weigh(self.name, counted, sample_weight)[0]
            )
        self._add(values, sample_weight)


@registry.add()
class MeanMetricWrapper(PairMean):
    """Mean over samples of what a function gives.

    Args:
        fn: called with targets and predictions; returns one number a sample. Or a loss.
        name: the function's own by default.
        dtype: dtype of the result.
        settings: passed on to ``fn``.

    >>> m = MeanMetricWrapper(lambda t, y: F.abs(t - y), name="distance")
    >>> m([1.0, 2.0], [1.0, 4.0]).item()
    1.0
    """

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **settings: Any
    ) -> None:
        if isinstance(fn, Mapping):
            fn = functions.deserialize(fn)
        function(type(self).__name__, "fn", fn)
        own = fn.name if isinstance(fn, Loss) else getattr(fn, "__name__", type(fn).__name__)
        super().__init__(name=own if name is None else name, dtype=dtype)
        self._fn = fn
        self._settings = settings

    @property
    def _loss(self) -> Loss:
        """What knows which shapes the function may be given, and which samples count."""
        if isinstance(self._fn, Loss):
            return self._fn
        known = class_of(self._fn)
        return LossFunctionWrapper(self._call) if known is None else known(**self._settings)

    def values(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self._loss.values(y_true, y_pred)

    def mask(self, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        return self._loss.counted(y_true, y_pred)

    def _call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return F.asarray(self._fn(y_true, y_pred, **self._settings))

    def get_config(self) -> dict[str, Any]:
        if isinstance(self._fn, Loss):
            raise ArgumentTypeError(
                f"the metric {self.name!r} is a loss, and cannot be written to a file; use the "
                f"metric {type(self._fn).__name__} of nissl.metrics, or a function"
            )
        name = functions.serialize(self._fn)
        described = {
            "module": "builtins",
            "class_name": "function",
            "config": name,
            "registered_name": "function",
        }
        return {**super().get_config(), "fn": described, **self._settings}


functions: Registry[Any] = Registry("metric function", "keras.metrics")
