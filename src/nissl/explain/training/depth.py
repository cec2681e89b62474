"""Why deep networks were hard to train: signals and gradients through many layers, side by side.

Each set-up is an activation and an initialiser. The same data goes through a network of many equal
layers for each of them, and a few epochs of training show which of them learn.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import activations, datasets, initializers, layers, optimizers, utils
from nissl.arguments import whole
from nissl.datasets import Dataset
from nissl.errors import ArgumentError, ArgumentTypeError, NonFiniteError
from nissl.explain.parts import Cell, Part, Table, Text, Value
from nissl.explain.report import Explanation
from nissl.explain.training import verdict as verdicts
from nissl.explain.training.measures import LayerState
from nissl.explain.training.watch import Watch, WatchReport, initialisation, signal_cell
from nissl.i18n import translate as _
from nissl.models.sequential import Sequential
from nissl.settings import known_settings

if TYPE_CHECKING:
    pass

__all__ = ["DepthReport", "depth"]

_LEAST = 1e-300  # what is smaller is near the end of float64's numbers
_NOTHING = Cell("< 1e-300", "< 10^{-300}", number=True)
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
            UnknownNameError: an activation or an initialiser that there is not.
            ArgumentError: anything else.

        >>> Setup.parse("sigmoid:random_normal:stddev=1")
        Setup(activation='sigmoid', initializer='random_normal', settings=(('stddev', 1),))
        """
        name, *rest = text.split(":")
        if not rest or not rest[0]:
            raise ArgumentError(
                f"the set-up {text!r} is not of the form activation:initializer, such as "
                "relu:he_normal or sigmoid:random_normal:stddev=1"
            )
        settings: list[tuple[str, float]] = []
        for each in rest[1:]:
            key, equals, value = each.partition("=")
            try:
                number = float(value)
                settings.append(
                    (key, int(number) if number.is_integer() and abs(number) < 1e15 else number)
                )
            except ValueError:
                raise ArgumentError(
                    f"the set-up {text!r}: {each!r} is not of the form setting=number"
                    if equals
                    else f"the set-up {text!r}: {each!r} lacks '=number'"
                ) from None
        setup = cls(name, rest[0], tuple(settings))
        activations.get(setup.activation)
        setup.make_initializer()
        return setup

    def make_initializer(self) -> Any:
        """Return a new initialiser."""
        found = initializers.registry.lookup(self.initializer)
        known = known_settings(found) if inspect.isclass(found) else set[str]()
        for key, _value in self.settings:
            if known is not None and key not in known:
                raise ArgumentError(
                    f"{self.initializer} has no setting {key!r}; it has: "
                    f"{', '.join(sorted(known)) or 'none'}"
                )
        return found(**dict(self.settings)) if inspect.isclass(found) else found

    def __str__(self) -> str:
        values = ", ".join(f"{key}={value:g}" for key, value in self.settings)
        return f"{self.activation}, {self.initializer}" + (f"({values})" if values else "")


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
    end = next((i for i, each in enumerate(sizes) if each < _LEAST), len(sizes))
    first = sizes[0] if end and math.isfinite(sizes[0]) else math.nan
    kept = (each / first if math.isfinite(each) else math.nan for each in sizes[:end])
    return (*kept, *(math.nan if math.isnan(first) else 0.0 for _each in sizes[end:]))


def _a_layer(values: Sequence[float]) -> float | Cell:
    """By what a layer multiplies, on the way from the first value to the last that is not lost."""
    kept = [each for each in values if each != 0]
    return _number(kept[-1] ** (1 / (len(kept) - 1))) if len(kept) > 1 else Cell("–")


def _number(value: float) -> float | Cell:
    return Cell("–") if math.isnan(value) else value


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

    def parts(self) -> Iterator[Part]:
        yield Text(self.heading, heading=True)
        yield self._before()
        yield Text(
            _(
                "signal: how much outputs differ between samples, last hidden layer by first; "
                "gradient: dE/da, first hidden layer by last. A network in good order has a "
                "factor near 1 in each layer: to the power of the depth, little becomes very much."
            ),
            style="dim",
        )
        lost = [
            each for each in self.outcomes if each.forward == 0 and each.hidden[-1].z.rms > _LEAST
        ]
        if lost:
            yield Text(_told_lost(lost), style="dim")
        if self.epochs:
            yield self._after()
            yield Text(self._told())

    def _before(self) -> Table:
        columns = (
            _("Set-up"), _("signal"), _("a layer"), _("gradient"), _("a layer"),
            _("Verdict before training"),
        )  # fmt: skip
        rows = [
            (
                str(each.setup), _ahead(each), _a_layer(each.signals),
                _back(each), _a_layer(each.gradients[::-1]), _verdict(each.start),
            )
            for each in self.outcomes
        ]  # fmt: skip
        return Table(columns, rows, _("Before training"), digits=3)

    def _after(self) -> Table:
        columns = (_("Set-up"), _("Loss"), _("Accuracy"), _("Verdict after training"))
        rows = [
            (
                str(each.setup),
                _number(each.losses[-1]) if each.losses else Cell("–"),
                f"{100 * each.accuracies[-1]:.1f}%" if each.accuracies else Cell("–"),
                _verdict(None if each.stopped else each.trained),
            )
            for each in self.outcomes
        ]
        title = _("After {epochs} epochs of training").format(epochs=self.epochs)
        return Table(columns, rows, title, digits=3)

    def learns(self, outcome: Outcome) -> bool:
        """Whether it gets more right than by chance: at least twice as much, or nine tenths."""
        last = outcome.accuracies[-1] if outcome.accuracies else 0.0
        return not outcome.stopped and last >= min(0.9, 2 / self.classes)

    def _told(self) -> str:
        able = [str(each.setup) for each in self.outcomes if self.learns(each)]
        unable = [str(each.setup) for each in self.outcomes if not self.learns(each)]
        told: list[str] = []
        if able:
            told.append(_("These learn: {names}.").format(names="; ".join(able)))
        if unable:
            told.append(
                _("Hardly better than chance so far: {names}.").format(names="; ".join(unable))
            )
        return "\n".join(told)


def _told_lost(outcomes: Sequence[Outcome]) -> str:
    """From which layer on the signal is below rounding."""
    text = _(
        "below rounding: computed in float64, which has about 16 digits, the outputs for different "
        "samples are equal in all but the last; the factor a layer is that of the layers before."
    )
    places = [(each.setup, each.hidden[each.signals.index(0)].name) for each in outcomes]
    begun = _("{setup}: from {layer} on")
    return "\n".join([text, *(begun.format(setup=setup, layer=name) for setup, name in places)])


def _ahead(outcome: Outcome) -> Value:
    """The signal's factor, with as many digits as rounding leaves."""
    last = outcome.hidden[-1]
    if outcome.forward == 0:
        return Cell(_("below rounding"), number=True) if last.z.rms > _LEAST else _NOTHING
    if math.isnan(outcome.forward):
        return Cell("–")
    return signal_cell(last, outcome.hidden[0].signal)


def _back(outcome: Outcome) -> Value:
    return _NOTHING if outcome.backward == 0 else _number(outcome.backward)


def _verdict(report: WatchReport | None) -> Cell:
    if report is None:
        return Cell(_("stopped: not finite"), style="bad")
    kind = report.verdict
    return Cell(_(verdicts.KINDS[kind]), style="good" if kind == "healthy" else "bad")


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
    outcomes = tuple(
        _run(setup, x, y, layers, units, epochs, optimizer, batch_size, seed, found)
        for setup in chosen
    )
    return DepthReport(outcomes, layers, units, epochs, found.name, len(found.class_names))


def _prepared(data: Dataset) -> tuple[Any, Any]:
    """Samples as rows between -1 and 1, and their classes."""
    x = np.asarray(data.x_train, np.float64).reshape(len(data.x_train), -1)
    return x / (float(np.abs(x).max()) or 1.0), data.y_train


def _run(
    setup: Setup,
    x: Any,
    y: Any,
    depth: int,
    units: int,
    epochs: int,
    optimizer: Any,
    batch_size: int,
    seed: int,
    data: Dataset,
) -> Outcome:
    utils.set_random_seed(seed)
    hidden = [
        layers.Dense(
            units,
            setup.activation,
            kernel_initializer=setup.make_initializer(),
            dtype="float64",
            name=f"layer_{number + 1}",
        )
        for number in range(depth)
    ]
    output = layers.Dense(len(data.class_names), "softmax", dtype="float64", name="output")
    model = Sequential([layers.InputLayer(x.shape[1:], dtype="float64"), *hidden, output])
    made = optimizers.SGD(0.01) if optimizer is None else optimizers.get(optimizer)
    # equation by equation: compiling so many layers takes longer than this little training
    model.compile(made, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=True)
    start = initialisation(model, x, y, seed=seed)
    if not epochs:
        return Outcome(setup, start)
    watch, stopped = Watch(x, y, seed=seed), ""
    try:
        model.fit(x, y, batch_size, epochs, verbose=0, callbacks=[watch])
    except NonFiniteError as error:
        stopped = str(error)
    history = model.history.history if model.history is not None else {}
    return Outcome(
        setup,
        start,
        watch.report(),
        tuple(history.get("loss", ())),
        tuple(history.get("accuracy", ())),
        stopped,
    )
