"""What a network does with a few samples: signals going forward, gradients coming back.

A probe is one program, traced once from the model: forward, loss, backward and, if there is an
optimizer, the step that it would make. It changes nothing in the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import activations
from nissl import losses as losses_module
from nissl.arguments import whole
from nissl.autodiff.reverse import gradients
from nissl.core.op import quiet, scope
from nissl.core.passes import FINAL
from nissl.core.tensor import Host, Tensor
from nissl.core.traced import traced
from nissl.core.variable import Variable
from nissl.engine.choice import engine_for
from nissl.errors import ArgumentError, GraphError, ShapeError
from nissl.explain.training import measures
from nissl.explain.training.measures import LayerState, Record, Spread, WeightState
from nissl.layers.base import Layer
from nissl.layers.core import input_mismatch
from nissl.models import inputs
from nissl.registry import snake_case

if TYPE_CHECKING:
    from nissl.losses import Loss
    from nissl.models.model import Model

__all__ = ["Probe"]

_NUMPY_FLOPS = 1_000_000_000  # below this, compiling would cost more than it saves


# ---- the program -----------------------------------------------------------------------------
@dataclass(eq=False)
class _Tap:
    """The tensors of one call of a layer: ``a`` with an added zero, whose gradient is ``dE/da``."""

    layer: Layer
    zero: Tensor
    a: Tensor
    z: Tensor


def _walk(model: Layer) -> Iterator[tuple[str, Layer]]:
    """All layers below the model, each once, with its path; outer layers before inner ones."""
    seen: set[int] = {id(model)}
    waiting: list[tuple[str, Layer]] = [("", model)]
    while waiting:
        path, layer = waiting.pop()
        if path:
            yield path, layer
        below = [each for each in layer.sublayers() if id(each) not in seen]
        seen.update(map(id, below))
        prefix = f"{path}/" if path else ""
        waiting += [(prefix + each.name, each) for each in reversed(below)]


def _activation(layer: Layer) -> Callable[..., Any] | None:
    """What the layer applies at its end; ``None`` for none, or for one used inside a loop."""
    found = vars(layer).get("activation")
    return found if callable(found) and "recurrent_activation" not in vars(layer) else None


def _has_own_weights(layer: Layer) -> bool:
    inner = {w for each in layer.sublayers() for w in each.weights}
    return any(w not in inner for w in layer.weights)


@contextmanager
def _tapped(layers: Sequence[Layer], taps: list[_Tap]) -> Generator[None]:
    """Let layers tell their pre-activations and activations while the model is traced."""

    def with_zero(a: Tensor) -> tuple[Tensor, Tensor]:
        zero = Tensor(np.zeros(a.shape, a.dtype))
        return zero, a + zero

    def on_activation(layer: Layer, function: Callable[..., Any]) -> Callable[..., Any]:
        def tap(a: Tensor) -> Tensor:
            zero, a = with_zero(a)
            z = function(a)
            taps.append(_Tap(layer, zero, a, z))
            return z

        return tap

    def on_call(layer: Layer, function: Callable[..., Any]) -> Callable[..., Any]:
        def tap(*args: Any, **kwargs: Any) -> Any:
            z = function(*args, **kwargs)
            if not isinstance(z, Tensor):
                return z
            zero, z = with_zero(z)
            taps.append(_Tap(layer, zero, z, z))
            return z

        return tap

    undo: list[tuple[Layer, str, Any]] = []
    try:
        for layer in layers:
            function = _activation(layer)
            if function is not None:
                undo.append((layer, "activation", function))
                vars(layer)["activation"] = on_activation(layer, function)
            else:
                undo.append((layer, "call", None))
                vars(layer)["call"] = on_call(layer, layer.call)
        yield
    finally:
        for layer, name, before in undo:
            if before is None:
                del vars(layer)[name]
            else:
                vars(layer)[name] = before


def _initializer_of(layer: Layer) -> str:
    found = vars(layer).get("kernel_initializer")
    return "" if found is None else snake_case(type(found).__name__)


class Probe:
    """A few samples, and the program that measures what the model does with them.

    Args:
        model: a model; built for these samples if it is not built yet.
        x, y: samples and targets, rows first, as for ``fit``.
        rows: how many of them are used, drawn by ``seed``; all if there are fewer.
        loss: what to differentiate; the model's own by default.
        seed: which rows.

    Raises:
        ArgumentError: no loss, or a model without layers that can be measured.
        DataError, ShapeError: samples that the model cannot take.
    """

    def __init__(
        self, model: Model, x: Any, y: Any, rows: int = 64, loss: Any = None, seed: int = 0
    ) -> None:
        self.model = model
        self.loss = _loss_of(model, loss)
        self._batch = _chosen(model, self.loss, x, y, rows, seed)
        self._trace()

    @property
    def rows(self) -> int:
        """How many samples it looks at."""
        return len(self._batch[0])

    @property
    def key(self) -> tuple[int, ...]:
        """What the traced program depends on: made anew when this changes."""
        return (
            *(id(layer) for _, layer in _walk(self.model)),
            *(id(v) for v in self.model.trainable_weights),
            id(self.model.optimizer),
        )

    def _trace(self) -> None:
        """Build the program of forward, backward and step."""
        model, taps = self.model, list[_Tap]()
        self._key = self.key
        paths = {layer: path for path, layer in _walk(model)}
        listed = [each for each in paths if _activation(each) or _has_own_weights(each)]
        if not listed:
            raise ArgumentError(
                f"model {model.name!r} has no layer with weights or an activation; there is "
                "nothing to watch"
            )
        self._trained = model.trainable_weights
        optimizer = model.optimizer if self._trained else None
        if optimizer is not None:
            optimizer.build(self._trained)

        def work(x: Tensor, y: Tensor) -> list[Tensor]:
            leaves = [v.value for v in self._trained]
            with _tapped(listed, taps):
                prediction = model(x, training=False)
            with scope(f"loss {self.loss.name}"):
                loss = self.loss(y, prediction, None)
            if loss.shape != ():
                raise ShapeError(
                    f"the loss {self.loss.name!r} gives shape {loss.shape}, and only one number "
                    "has a gradient; leave its reduction as it is by default"
                )
            slopes = gradients(loss, [*leaves, *(tap.zero for tap in taps)])
            if optimizer is not None:
                optimizer.apply(slopes[: len(leaves)])
            new = [v.value for v in self._trained] if optimizer is not None else []
            return [loss, *(t for tap in taps for t in (tap.a, tap.z)), *slopes, *new]

        self._step = step = traced(work, self._batch, "probe", passes=FINAL)
        self._engine = engine_for(step.program, model.engine_name, _NUMPY_FLOPS)
        self._run = self._engine.compile(step.program)
        self._places = [layer for layer in listed if any(tap.layer is layer for tap in taps)]
        self._taps = [tap.layer for tap in taps]
        self._paths = paths

    def measure(self, epoch: int = 0) -> Record:
        """Measure the model as it is now."""
        if self.key != self._key:
            self._trace()
        step, engine = self._step, self._engine
        values = [engine.to_device(v.raw) for v in (*step.fixed, *step.state)]
        with quiet():
            found = [np.asarray(each) for each in self._run([*values, *self._batch])]
            return self._described(found[len(step.state) :], epoch)

    def _described(self, found: list[Host], epoch: int) -> Record:
        count, weights = len(self._taps), len(self._trained)
        loss, rest = float(found[0]), found[1:]
        signals, rest = rest[: 2 * count], rest[2 * count :]
        slopes, rest = rest[:weights], rest[weights:]
        deltas, new = rest[:count], rest[count:]
        states = {
            variable: self._weight(variable, slopes[i], new[i] if new else None)
            for i, variable in enumerate(self._trained)
        }
        layers = [
            self._layer(
                layer,
                [signals[2 * i] for i, each in enumerate(self._taps) if each is layer],
                [signals[2 * i + 1] for i, each in enumerate(self._taps) if each is layer],
                [deltas[i] for i, each in enumerate(self._taps) if each is layer],
                states,
            )
            for layer in self._places
        ]
        optimizer = self.model.optimizer
        step = 0 if optimizer is None else int(optimizer.iterations.numpy())
        return Record(epoch, step, loss, tuple(layers))

    def _weight(self, variable: Variable, slope: Host, new: Host | None) -> WeightState:
        value = np.asarray(variable.raw, np.float64)
        gradient = Spread.of(slope)
        return WeightState(
            variable.path,
            measures.norm(value),
            gradient,
            math.nan if gradient.bad else gradient.rms * math.sqrt(gradient.size),
            math.nan if new is None else measures.norm(np.asarray(new, np.float64) - value),
        )

    def _layer(
        self,
        layer: Layer,
        a: list[Host],
        z: list[Host],
        delta: list[Host],
        states: dict[Variable, WeightState],
    ) -> LayerState:
        inner = {w for each in layer.sublayers() for w in each.weights}
        units = z[0].shape[-1] if z[0].ndim > 1 else 1
        outputs = np.concatenate([each.reshape(-1, units) for each in z])  # (rows, units)
        function = _activation(layer)
        name = "" if function is None else activations.name_of(function)
        return LayerState(
            self._paths[layer],
            type(layer).__name__,
            name,
            _initializer_of(layer),
            units,
            Spread.of(np.concatenate([each.ravel() for each in a])),
            Spread.of(outputs),
            Spread.of(np.concatenate([each.ravel() for each in delta])),
            measures.signal(z),
            measures.rounding(z),
            measures.dead(name, outputs),
            measures.saturated(name, outputs),
            tuple(states[v] for v in layer.weights if v in states and v not in inner),
        )


def _loss_of(model: Model, given: Any) -> Loss:
    if given is not None:
        return losses_module.get(given)
    if model.loss is None:
        raise GraphError(
            f"model {model.name!r} has no loss to differentiate; call model.compile(loss=...) "
            "first, or give loss="
        )
    return model.loss


def _chosen(model: Model, loss: Loss, x: Any, y: Any, rows: int, seed: int) -> list[Host]:
    """The samples that are looked at, in the dtypes that the model takes."""
    rows = whole("probe", "rows", rows, least=1)
    data = inputs.prepare(x, y, model.dtype)
    if data.y is None:
        raise ArgumentError("the probe needs targets y: without them there is no gradient")
    shape = data.x.shape
    wanted = None if model.build_shape is None else model.build_shape[1:]
    if wanted is not None and (
        len(wanted) != len(shape) - 1
        or any(n is not None and n != m for n, m in zip(wanted, shape[1:], strict=True))
    ):
        raise ShapeError(f"the probe: model {model.name!r} {input_mismatch(wanted, shape)}")
    output = model.compute_output_shape((None, *shape[1:]))
    loss.check_targets(data.y, output, "y")
    if rows < data.rows:
        kept = np.sort(np.random.default_rng(seed).permutation(data.rows)[:rows])
        data = inputs.Data(data.x[kept], data.y[kept], None, data.dtype)
    return [
        np.asarray(array, aval.dtype) for array, aval in zip(data.arrays, data.avals, strict=True)
    ]
