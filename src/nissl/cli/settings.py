"""What a run is told to do, checked before anything is loaded or written."""

from __future__ import annotations

import inspect
import math
from dataclasses import asdict, dataclass
from typing import Any

from nissl.errors import ArgumentError
from nissl.i18n import translate as _

FEWEST_EPOCHS, MOST_EPOCHS = 30, 1000
FEWEST_STEPS = 3000  # small data get more epochs than FEWEST_EPOCHS, until they make so many steps


@dataclass(frozen=True)
class Settings:
    """The settings of a training run.

    Args:
        hidden: units of each hidden layer, first to last; none makes a linear model.
        activation: activation function of the hidden layers.
        optimizer: name of the optimizer.
        learning_rate: step size; the optimizer's own by default.
        momentum: momentum of the optimizer, if it has one.
        dropout: share of hidden units dropped in each training step, 0 to below 1.
        epochs: passes over the training data; chosen by their size by default.
        batch_size: samples a step.
        validation_split: share of the training samples kept for validation.
        seed: what first weights, order of samples and dropout follow from.
    """

    hidden: tuple[int, ...] = (300, 100)
    activation: str = "relu"
    optimizer: str = "sgd"
    learning_rate: float | None = None
    momentum: float | None = None
    dropout: float = 0.0
    epochs: int | None = None
    batch_size: int = 32
    validation_split: float = 1 / 12
    seed: int = 42

    def __post_init__(self) -> None:
        from nissl import activations

        activations.get(self.activation)
        self.make_optimizer()

    def make_optimizer(self) -> Any:
        """Make the optimizer that these settings mean."""
        from nissl import optimizers

        kind: Any = type(optimizers.get(self.optimizer))
        given = {"learning_rate": self.learning_rate, "momentum": self.momentum}
        if self.momentum is not None and "momentum" not in inspect.signature(kind).parameters:
            raise ArgumentError(
                _("the optimizer {name} has no momentum; leave out --momentum").format(
                    name=self.optimizer
                )
            )
        return kind(**{name: value for name, value in given.items() if value is not None})

    def epochs_for(self, rows: int) -> int:
        """The epochs asked for, or for so many training samples."""
        if self.epochs is not None:
            return self.epochs
        steps = math.ceil(rows / self.batch_size)
        return max(FEWEST_EPOCHS, min(MOST_EPOCHS, math.ceil(FEWEST_STEPS / steps)))

    def held_out(self, rows: int) -> int:
        """How many of ``rows`` training samples are kept for validation; at least one is left."""
        if not self.validation_split or rows < 2:
            return 0
        return min(rows - 1, max(1, round(rows * self.validation_split)))

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON has them."""
        return {**asdict(self), "hidden": list(self.hidden)}
