"""What a network does with a few samples: signals going forward, gradients coming back.

A probe is one program, traced once from the model: forward, loss, backward and, if there is an
optimizer, the step that it would make. It changes nothing in the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import activations
from nissl import losses as losses_module
from nissl.arguments import whole
from nissl.autodiff.reverse import gradients
from nissl.core import tree
from nissl.core.op import quiet, scope
from nissl.core.passes import FINAL
from nissl.core.tensor import Host, Tensor
from nissl.core.traced import traced
from nissl.core.variable import Variable
from nissl.engine.choice import engine_for
from nissl.errors import ArgumentError, GraphError, ShapeError
from nissl.explain.training import measures
from nissl.explain.training.measures import LayerState, Record, Spread, WeightState
from nissl.layers import tracking
from nissl.layers.base import Layer
from nissl.layers.core import check_input
from nissl.models import inputs
from nissl.registry import snake_case

if TYPE_CHECKING:
    from nissl.losses import Loss
    from nissl.models.model import Model

__all__ = ["Probe"]

_NUMPY_FLOPS = 1_000_000_000  # below this, compiling would cost more than it saves


# ---- layers, and what they tell ----------------------------------------------------------------
@dataclass(eq=False)
class _Tap:
    """The tensors of one call of a layer: ``a`` with an added zero, whose gradient is ``dE/da``."""

    layer: Layer
    zero: Tensor
    a: Tensor
    z: Tensor


def _paths(model: Layer) -> dict[Layer, str]:
    """All layers below the model with their paths; outer layers before inner ones."""
    paths = {model: ""}
    for layer in tracking.walk(model):
        for each in layer.sublayers():
            paths.setdefault(each, f"{paths[layer]}/{each.name}".lstrip("/"))
    del paths[model]
    return paths


def _activation(layer: Layer) -> Callable[..., Any] | None:
    """What the layer applies at its end; ``None`` for none, or for one used inside a loop."""
    found = vars(layer).get("activation")
    return found if callable(found) and "recurrent_activation" not in vars(layer) else None


def _own_weights(layer: Layer) -> list[Variable]:
    inner = {w for each in layer.sublayers() for w in each.weights}
    return [w for w in layer.weights if w not in inner]


def _tapped(layer: Layer, taps: list[_Tap]) -> Callable[..., Any]:
    """What takes the place of a layer's activation, or of its call, and tells what it computes."""
    function = _activation(layer)
    call = layer.call if function is None else None

    def tap(*args: Any, **kwargs: Any) -> Any:
        given = args[0] if call is None else call(*args, **kwargs)
        if not isinstance(given, Tensor):
            return given
        zero = Tensor(np.zeros(given.shape, given.dtype))
        a = given + zero
        z = a if function is None else function(a)
        taps.append(_Tap(layer, zero, a, z))
        return z

    return tap


@contextmanager
def _tapping(layers: Sequence[Layer], taps: list[_Tap]) -> Generator[None]:
    """Let layers tell their pre-activations and activations while the model is traced."""
    before: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for layer in layers:
            name = "activation" if _activation(layer) else "call"
            fields = vars(layer)
            before.append((fields, name, fields.get(name)))
            fields[name] = _tapped(layer, taps)
        yield
    finally:
        for fields, name, value in before:
            del fields[name]
            if value is not None:
                fields[name] = value


def _initializer_of(layer: Layer) -> str:
    found = vars(layer).get("kernel_initializer")
    return "" if found is None else snake_case(type(found).__name__)


# ---- the program ------------------------------------------------------------------------------
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
        held = (*_paths(self.model), *self.model.trainable_weights, self.model.optimizer)
        return tuple(map(id, held))

    def _trace(self) -> None:
        """Build the program of forward, backward and step."""
        model, taps = self.model, list[_Tap]()
        self._key, self._paths = self.key, _paths(model)
        listed = [each for each in self._paths if _activation(each) or _own_weights(each)]
        if not listed:
            raise ArgumentError(
                f"model {model.name!r} has no layer with weights or an activation; there is "
                "nothing to watch"
            )
        self._trained = trained = model.trainable_weights
        optimizer = model.optimizer if trained else None
        if optimizer is not None:
            optimizer.build(trained)

        def work(x: Tensor, y: Tensor) -> Any:
            leaves = [v.value for v in trained]
            with _tapping(listed, taps):
                prediction = model(x, training=False)
            with scope(f"loss {self.loss.name}"):
                loss = self.loss(y, prediction, None)
            if loss.shape != ():
                raise ShapeError(
                    f"the loss {self.loss.name!r} gives shape {loss.shape}, and only one number "
                    "has a gradient; leave its reduction as it is by default"
                )
            slopes = gradients(loss, [*leaves, *(tap.zero for tap in taps)])
            deltas = slopes[len(leaves) :]
            if optimizer is not None:
                optimizer.apply(slopes[: len(leaves)])
            new = [v.value for v in trained] if optimizer is not None else None
            told = [(tap.a, tap.z, delta) for tap, delta in zip(taps, deltas, strict=True)]
            return loss, told, slopes[: len(leaves)], new

        self._step = traced(work, self._batch, "probe", passes=FINAL)
        self._engine = engine_for(self._step.program, model.engine_name, _NUMPY_FLOPS)
        self._run = self._engine.compile(self._step.program)
        self._taps = [tap.layer for tap in taps]

    def measure(self, epoch: int = 0) -> Record:
        """Measure the model as it is now."""
        if self.key != self._key:
            self._trace()
        step, engine, optimizer = self._step, self._engine, self.model.optimizer
        values = [engine.to_device(v.raw) for v in (*step.fixed, *step.state)]
        with quiet():
            found = [np.asarray(each) for each in self._run([*values, *self._batch])]
            loss, told, slopes, new = tree.unflatten(step.nesting, found[len(step.state) :])
            weights = {
                variable: _weight_state(variable, slope, None if new is None else new[place])
                for place, (variable, slope) in enumerate(zip(self._trained, slopes, strict=True))
            }
            calls = {layer: list[tuple[Host, Host, Host]]() for layer in self._taps}
            for layer, call in zip(self._taps, told, strict=True):
                calls[layer].append(call)
            layers = [self._layer_state(*each, weights) for each in calls.items()]
        steps = 0 if optimizer is None else int(optimizer.iterations.numpy())
        return Record(epoch, steps, float(loss), tuple(layers))

    def _layer_state(
        self,
        layer: Layer,
        calls: Sequence[tuple[Host, Host, Host]],
        weights: Mapping[Variable, WeightState],
    ) -> LayerState:
        """Describe a layer by the ``a``, ``z`` and ``dE/da`` of all its calls."""
        z = [each[1] for each in calls]
        units = z[0].shape[-1] if z[0].ndim > 1 else 1
        outputs = np.concatenate([each.reshape(-1, units) for each in z])  # (rows, units)
        function = _activation(layer)
        name = "" if function is None else activations.name_of(function)
        a, delta = (
            Spread.of(np.concatenate([each[place].ravel() for each in calls])) for place in (0, 2)
        )
        return LayerState(
            self._paths[layer],
            type(layer).__name__,
            name,
            _initializer_of(layer),
            units,
            a,
            Spread.of(outputs),
            delta,
            measures.signal(z),
            measures.rounding(z),
            measures.dead(name, outputs),
            measures.saturated(name, outputs),
            tuple(weights[v] for v in _own_weights(layer) if v in weights),
        )


def _weight_state(variable: Variable, slope: Host, new: Host | None) -> WeightState:
    value = np.asarray(variable.raw, np.float64)
    gradient = Spread.of(slope)
    return WeightState(
        variable.path,
        measures.norm(value),
        gradient,
        math.nan if gradient.bad else gradient.rms * math.sqrt(gradient.size),
        math.nan if new is None else measures.norm(np.asarray(new, np.float64) - value),
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
    if model.build_shape is not None:
        check_input(f"the probe: model {model.name!r}", model.build_shape[1:], shape)
    output = model.compute_output_shape((None, *shape[1:]))
    loss.check_targets(data.y, output, "y")
    if rows < data.rows:
        kept = np.sort(np.random.default_rng(seed).permutation(data.rows)[:rows])
        data = inputs.Data(data.x[kept], data.y[kept], None, data.dtype)
    return [
        np.asarray(array, aval.dtype) for array, aval in zip(data.arrays, data.avals, strict=True)
    ]
