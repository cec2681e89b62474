"""What is Keras's and not there yet: methods that subclasses override, arguments that are on.

A training step is traced as a whole, from the layers to the optimizer, and asks a model for its
``call`` alone. What a subclass changes of the rest would be ignored, so it is refused where it
would have counted.
"""

from __future__ import annotations

from typing import Any

from nissl.errors import ArgumentError, GraphError

_STEPS = ("compute_loss", "compute_metrics", "metrics")
METHODS = {
    "fit": ("train_step", "make_train_function", *_STEPS),
    "evaluate": ("test_step", "make_test_function", *_STEPS),
    "predict": ("predict_step", "make_predict_function"),
}
"""For each use of a model the methods that Keras calls there, and Nissl does not."""

_INSTEAD = {
    "train_step": "write the loop with nissl.value_and_grad and optimizer.apply; docs/training.md "
    "shows one under 'Training by hand'",
    "compute_loss": "give compile a loss: a function of (y_true, y_pred)",
    "compute_metrics": "give compile the metrics",
    "metrics": "give compile the metrics",
    "test_step": "give compile the metrics, or loop over batches with model(x)",
    "predict_step": "compute it in call, or call model(x)",
}


def refuse_overrides(model: Any, base: type, use: str) -> None:
    """Raise if a subclass of ``base`` overrides what ``use`` would not call.

    Args:
        model: the model.
        base: the class whose own methods are no overrides.
        use: ``"fit"``, ``"evaluate"`` or ``"predict"``.

    Raises:
        GraphError: names the method, and what to do instead.
    """
    for name in METHODS[use]:
        own = getattr(type(model), name, None)
        set_by_hand = callable(vars(model).get(name))
        if not set_by_hand and (own is None or own is getattr(base, name, None)):
            continue
        raise GraphError(
            f"model {model.name!r} ({type(model).__name__}) has a {name} of its own, and {use} "
            f"would not use it: steps of one's own are not there yet. Instead, "
            f"{_INSTEAD.get(name, 'leave it out')}; or rename it"
        )


def refuse_part(use: str, name: str, given: Any, steps: int) -> None:
    """Raise for a number of steps that is another than that of all rows.

    >>> refuse_part("evaluate", "steps", 4, 4)
    >>> refuse_part("evaluate", "steps", 3, 4)
    Traceback (most recent call last):
    nissl.errors.ArgumentError: evaluate: steps=3 of 4 is not there yet; leave it out to use all \
rows, or give fewer rows
    """
    if given is not None and given != steps:
        raise ArgumentError(
            f"{use}: {name}={given!r} of {steps} is not there yet; leave it out to use all rows, "
            "or give fewer rows"
        )
