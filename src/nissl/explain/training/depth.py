"""Why deep networks were hard to train: signals and gradients through many layers, side by side.

Each set-up is an activation and an initialiser. The same data goes through a network of many equal
layers for each of them, and a few epochs of training show which of them learn.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import activations, datasets, initializers, layers, optimizers, utils
from nissl.arguments import whole
from nissl.datasets import Dataset
from nissl.errors import ArgumentError, ArgumentTypeError, NonFiniteError
from nissl.explain import naming
from nissl.explain.report import Explanation
from nissl.explain.training.measures import LayerState
from nissl.explain.training.watch import Watch, WatchReport, initialisation
from nissl.i18n import translate as _
from nissl.models.sequential import Sequential
from nissl.settings import known_settings

if TYPE_CHECKING:
    pass

__all__ = ["DepthReport", "depth"]

LEAST = 1e-300  # what is smaller is near the end of float64's numbers
SETUPS = (
    "sigmoid:random_normal:stddev=1",
    "sigmoid:random_uniform",
    "sigmoid:glorot_uniform",
    "tanh:glorot_uniform",
    "relu:he_normal",
    "selu:lecun_normal",
)


@dataclass(frozen=True)
class Setup:
    """An activation and how its weights begin.

    Attributes:
        activation: name of the activation.
        initializer: name of the initialiser.
        settings: its settings, where they are not the usual ones.
    """

    activation: str
    initializer: str
    settings: tuple[tuple[str, float], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Setup:
        """Read ``"activation:initializer"`` with ``":setting=number"`` for each setting.

        Raises:
            UnknownNameError: an activation, an initialiser or a setting that there is not.
            ArgumentError: anything else.

        >>> Setup.parse("sigmoid:random_normal:stddev=1")
        Setup(activation='sigmoid', initializer='random_normal', settings=(('stddev', 1),))
        """
        names, settings = naming.read(text, "sigmoid:random_normal:stddev=1", names=2)
        if len(names) < 2:
            raise ArgumentError(
                f"the set-up {text!r} is not of the form activation:initializer, such as "
                "relu:he_normal or sigmoid:random_normal:stddev=1"
            )
        setup = cls(names[0], names[1], tuple(settings.items()))
        activations.get(setup.activation)
        setup.make_initializer()
        return setup

    def make_initializer(self) -> Any:
        """Return a new initialiser."""
        found, settings = initializers.registry.lookup(self.initializer), dict(self.settings)
        made = inspect.isclass(found)
        known = known_settings(found) if made else set[str]()
        naming.check_settings(self.initializer, settings, settings if known is None else known)
        return found(**settings) if made else found

    def __str__(self) -> str:
        return f"{self.activation}, {naming.label(self.initializer, dict(self.settings))}"


@dataclass(frozen=True)
class Outcome:
    """What became of one set-up.

    Attributes:
        setup: which.
        start: the network before training.
        trained: the network after it; ``None`` without training.
        losses, accuracies: one an epoch, on the training data.
        stopped: why training stopped before its end; empty if it did not.
    """

    setup: Setup
    start: WatchReport
    trained: WatchReport | None = None
    losses: tuple[float, ...] = ()
    accuracies: tuple[float, ...] = ()
    stopped: str = field(default="", repr=False)

    @property
    def hidden(self) -> tuple[LayerState, ...]:
        """The hidden layers before training."""
        return self.start.records[0].layers[:-1]

    @property
    def signals(self) -> tuple[float, ...]:
        """Signal of each hidden layer by that of the first: 0 from where it is below rounding."""
        return _relative([each.signal for each in self.hidden])

    @property
    def gradients(self) -> tuple[float, ...]:
        """``dE/da`` of each hidden layer by that of the last: 0 where numbers end, near 1e-308."""
        return _relative([each.delta.rms for each in reversed(self.hidden)])[::-1]

    @property
    def forward(self) -> float:
        """Signal of the last hidden layer by that of the first; NaN where there is none."""
        return self.signals[-1]

    @property
    def backward(self) -> float:
        """``dE/da`` of the first hidden layer by that of the last; NaN where there is none."""
        return self.gradients[0]


def _relative(sizes: Sequence[float]) -> tuple[float, ...]:
    """Sizes by the first; 0 from where they are lost, for what a layer amplifies then is noise."""
    end = next((i for i, each in enumerate(sizes) if each < LEAST), len(sizes))
    first = sizes[0] if end and math.isfinite(sizes[0]) else math.nan
    kept = (each / first if math.isfinite(each) else math.nan for each in sizes[:end])
    return (*kept, *(math.nan if math.isnan(first) else 0.0 for _each in sizes[end:]))


@dataclass(frozen=True)
class DepthReport(Explanation):
    """Set-ups side by side; see :func:`depth`.

    Attributes:
        outcomes: one a set-up.
        depth, units, epochs: hidden layers, units in each, epochs trained.
        data: name of the data.
        classes: how many classes there are.
    """

    outcomes: tuple[Outcome, ...]
    depth: int
    units: int
    epochs: int
    data: str
    classes: int

    @property
    def heading(self) -> str:
        """What was compared, in a line."""
        return _("Depth: hidden layers {depth}, units in each {units}, data {data}").format(
            depth=self.depth, units=self.units, data=self.data
        )

    def learns(self, outcome: Outcome) -> bool:
        """Whether it gets more right than by chance: at least twice as much, or nine tenths."""
        last = outcome.accuracies[-1] if outcome.accuracies else 0.0
        return not outcome.stopped and last >= min(0.9, 2 / self.classes)


def depth(
    *setups: str | Setup,
    layers: int = 20,
    units: int = 64,
    epochs: int = 3,
    data: str | Dataset = "digits",
    optimizer: Any = None,
    batch_size: int = 32,
    seed: int = 42,
) -> DepthReport:
    """Compare how signals, gradients and training fare in deep networks of several set-ups.

    Every network has ``layers`` equal Dense layers and a softmax behind them, and is trained by
    plain gradient descent unless another optimizer is named: one that scales gradients, such as
    Adam, hides how small they are. All is computed in float64; where rounding hides a signal, that
    is said in place of digits.

    Args:
        setups: such as ``"relu:he_normal"`` or ``"sigmoid:random_normal:stddev=1"``; by default
            sigmoid with naive weights against the initialisers made for tanh, relu and selu
            (Glorot and Bengio 2010; He et al. 2015; LeCun et al. 1998).
        layers, units: size of the networks: 1 to 200 layers, 1 to 4096 units each.
        epochs: how long each is trained; 0 only looks at the beginning.
        data: name of a classification data set, or one; its training part is used.
        optimizer: name or description; SGD with learning rate 0.01 by default.
        batch_size: samples a step.
        seed: for the weights and the order of samples.

    Raises:
        UnknownNameError, ArgumentError: a set-up, a size or an optimizer that there is not.

    >>> import nissl
    >>> report = nissl.explain.depth("sigmoid:random_uniform", "relu:he_normal", epochs=0)
    >>> [outcome.start.verdict for outcome in report.outcomes]
    ['vanishing', 'healthy']
    """
    chosen = [Setup.parse(s) if isinstance(s, str) else s for s in setups or SETUPS]
    whole("depth", "layers", layers, 1, 200)
    whole("depth", "units", units, 1, 4096)
    whole("depth", "epochs", epochs, 0, 1000)
    found = datasets.load(data) if isinstance(data, str) else data
    if found.task != "classification":
        raise ArgumentError(f"depth needs classes to tell apart, and {found.name} has none")
    if isinstance(optimizer, optimizers.Optimizer):
        raise ArgumentTypeError(
            "depth: give optimizer= by its name or its description, since each network needs one "
            "of its own"
        )
    x, y = _prepared(found)
    classes = len(found.class_names)

    def outcome(setup: Setup) -> Outcome:
        utils.set_random_seed(seed)
        model = _network(setup, x.shape[1:], layers, units, classes)
        made = optimizers.SGD(0.01) if optimizer is None else optimizers.get(optimizer)
        # equation by equation: compiling so many layers takes longer than this little training
        loss = "sparse_categorical_crossentropy"
        model.compile(made, loss, metrics=["accuracy"], run_eagerly=True)
        start = initialisation(model, x, y, seed=seed)
        return _trained(Outcome(setup, start), model, x, y, epochs, batch_size, seed)

    return DepthReport(tuple(map(outcome, chosen)), layers, units, epochs, found.name, classes)


def _prepared(data: Dataset) -> tuple[Any, Any]:
    """Samples as rows between -1 and 1, and their classes."""
    x = np.asarray(data.x_train, np.float64).reshape(len(data.x_train), -1)
    return x / (float(np.abs(x).max()) or 1.0), data.y_train


def _network(setup: Setup, shape: Any, depth: int, units: int, classes: int) -> Sequential:
    hidden = [
        layers.Dense(
            units,
            setup.activation,
            kernel_initializer=setup.make_initializer(),
            dtype="float64",
            name=f"layer_{number}",
        )
        for number in range(1, depth + 1)
    ]
    output = layers.Dense(classes, "softmax", dtype="float64", name="output")
    return Sequential([layers.InputLayer(shape, dtype="float64"), *hidden, output])


def _trained(
    begun: Outcome, model: Sequential, x: Any, y: Any, epochs: int, batch_size: int, seed: int
) -> Outcome:
    """What became of a network in a few epochs."""
    if not epochs:
        return begun
    watch, stopped = Watch(x, y, seed=seed), ""
    try:
        model.fit(x, y, batch_size, epochs, verbose=0, callbacks=[watch])
    except NonFiniteError as error:
        stopped = str(error)
    history = model.history.history if model.history is not None else {}
    losses, accuracies = (tuple(history.get(name, ())) for name in ("loss", "accuracy"))
    return replace(
        begun, trained=watch.report(), losses=losses, accuracies=accuracies, stopped=stopped
    )
