"""Callback and CallbackList: the hooks, and who is called when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from nissl.errors import ArgumentTypeError
from nissl.screen import show
from nissl.settings import Configured

__all__ = ["Callback", "CallbackList"]

Logs = dict[str, Any]

_TRAIN_BATCHES = ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
_TEST_BATCHES = ("on_test_batch_begin", "on_test_batch_end")
_PREDICT_BATCHES = ("on_predict_batch_begin", "on_predict_batch_end")
_EPOCHS = ("on_epoch_begin", "on_epoch_end")
_TEST = ("on_test_begin", "on_test_end")
_BOUNDARIES = ("on_train_begin", "on_train_end", "on_predict_begin", "on_predict_end")

HOOKS = (*_BOUNDARIES, *_EPOCHS, *_TEST, *_TRAIN_BATCHES, *_TEST_BATCHES, *_PREDICT_BATCHES)


class Callback(Configured):
    """Something that is called while a model trains, is evaluated, or predicts.

    Override the hooks that are wanted; they are Keras's, with Keras's names, order and ``logs``.
    ``logs`` holds floats: in ``on_train_batch_end`` the running means since the epoch began, in
    ``on_epoch_end`` the epoch's results, ``val_...`` among them.

    The training loop is compiled, and comes back to Python only when somebody must be called. A
    hook for each batch makes it come back after each batch, which costs time; ``on_progress``,
    called about ten times a second, costs none. Setting ``self.model.stop_training = True`` ends
    training after the epoch.

    Attributes:
        model: the model, once training has begun.
        params: ``verbose``, ``epochs`` and ``steps`` of this call.
        every_epoch: whether the hooks of an epoch must be called between that epoch and the next,
            with the model's weights up to date. If ``False`` (for what only records or shows),
            the loop may run many epochs at once and report them afterwards, in order.

    >>> from nissl.callbacks import Callback
    >>> class Stop(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         if logs["loss"] < 0.1:
    ...             self.model.stop_training = True
    >>> Stop().wants("on_epoch_end"), Stop().wants("on_train_batch_end")
    (True, False)
    """

    every_epoch: bool = True
    speaker: Callable[[str], None] | None = None

    def __init__(self) -> None:
        self.__pre_init__()
        self.__post_init__()

    def __pre_init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Take the model that is about to be trained, evaluated or asked."""
        self.model = model

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Take ``verbose``, ``epochs`` and ``steps``."""
        self.params = dict(params)

    def wants(self, hook: str) -> bool:
        """Return whether this callback has a ``hook`` of its own, and so must be called there."""
        method = getattr(self, hook)
        return getattr(method, "__func__", method) is not getattr(Callback, hook)

    def say(self, text: str) -> None:
        """Print a line; where a progress bar is drawn, above it."""
        speaker = self.speaker
        if speaker is None:
            show(text)
        else:
            speaker(text)

    def close(self) -> None:
        """An error or an interruption has ended training; ``on_train_end`` will not be called."""

    # ---- training ----------------------------------------------------------------------------
    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Training begins."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Training has ended; ``logs`` are the last epoch's."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Epoch number ``epoch``, counted from 0, begins."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Epoch number ``epoch`` has ended, with these results."""

    def on_epochs(self, first: int, columns: dict[str, list[float]]) -> None:
        """Epochs ``first``, ``first + 1``, ... have run in one compiled call, with these results.

        Only callbacks with ``every_epoch = False`` are called here; ``columns`` has a list for
        each log, one value an epoch. Unless overridden, the hooks of each epoch are called.
        """
        names = list(columns)
        for epoch, row in enumerate(zip(*columns.values(), strict=True), start=first):
            self.on_epoch_begin(epoch, {})
            self.on_epoch_end(epoch, dict(zip(names, row, strict=True)))

    def on_progress(self, step: int, steps: int, logs: Logs) -> None:
        """``step`` of ``steps`` batches are done; called about ten times a second.

        In training, ``logs`` are the running means of this epoch. Also called, between
        ``on_test_begin`` and ``on_test_end`` or their ``predict`` pair, for those.
        """

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch begins, counted from 0 in each epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch has ended; ``logs`` are the running means of this epoch."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The same as :meth:`on_train_batch_begin`, by its older name."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The same as :meth:`on_train_batch_end`, by its older name."""

    def next_look(self, done: int) -> int | None:
        """Return how many epochs will be done when this callback next needs the weights.

        A callback with ``every_epoch = False`` that looks at the weights after some epochs only
        says so here: the loop runs up to there, brings the variables up to date, and then calls
        the hooks. ``None``, the default, is never; ``done`` epochs are done already.
        """
        return None

    # ---- evaluation and prediction -----------------------------------------------------------
    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Evaluation begins, also that of an epoch's validation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Evaluation has ended, with these results."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of an evaluation begins."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of an evaluation has ended."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Prediction begins."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Prediction has ended."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of a prediction begins."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A batch of a prediction has ended; ``logs["outputs"]`` is the array."""


class CallbackList(Callback):
    """Several callbacks as one, called in order.

    Args:
        callbacks: callbacks, one callback, another list, or ``None``.
        model: given to each of them.
        params: ``verbose``, ``epochs``, ``steps``; given to each of them.

    Raises:
        ArgumentTypeError: something in the list is not a :class:`Callback`.

    >>> from nissl.callbacks import CallbackList, History, LambdaCallback
    >>> CallbackList([History()]).needs_epochs
    False
    >>> CallbackList([LambdaCallback(on_epoch_end=print)]).needs_epochs
    True
    """

    def __init__(
        self,
        callbacks: Sequence[Callback] | Callback | None = None,
        model: Any = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.callbacks = _checked(callbacks)
        speakers = [c for c in self.callbacks if type(c).say is not Callback.say]
        for callback in self.callbacks:
            callback.speaker = speakers[-1].say if speakers else None
        if model is not None:
            self.set_model(model)
        if params is not None:
            self.set_params(params)

    def __iter__(self) -> Iterator[Callback]:
        return iter(self.callbacks)

    def __len__(self) -> int:
        return len(self.callbacks)

    def set_model(self, model: Any) -> None:
        """Give every callback the model."""
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Give every callback the parameters."""
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(self.params)

    # ---- what the training loop has to come back for -----------------------------------------
    def wants(self, hook: str) -> bool:
        """Return whether any of them has a ``hook`` of its own."""
        return any(callback.wants(hook) for callback in self.callbacks)

    @property
    def needs_batches(self) -> bool:
        """Whether any must be called for each batch of training."""
        return any(self.wants(hook) for hook in _TRAIN_BATCHES)

    @property
    def needs_test_batches(self) -> bool:
        """Whether any must be called for each batch of an evaluation."""
        return any(self.wants(hook) for hook in _TEST_BATCHES)

    @property
    def needs_epochs(self) -> bool:
        """Whether any must be called between epochs, with the weights up to date."""
        hooks = (*_EPOCHS, *_TRAIN_BATCHES, *_TEST, *_TEST_BATCHES)
        return any(c.every_epoch and any(map(c.wants, hooks)) for c in self.callbacks)

    # ---- the hooks ---------------------------------------------------------------------------
    def close(self) -> None:
        for callback in self.callbacks:
            callback.close()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_train_begin(logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_train_end(logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_epochs(self, first: int, columns: dict[str, list[float]]) -> None:
        for callback in self.callbacks:
            if any(map(callback.wants, (*_EPOCHS, "on_epochs"))):
                callback.on_epochs(first, columns)

    def next_look(self, done: int) -> int | None:
        looks = [callback.next_look(done) for callback in self.callbacks]
        return min((look for look in looks if look is not None), default=None)

    def on_progress(self, step: int, steps: int, logs: Logs) -> None:
        for callback in self.callbacks:
            callback.on_progress(step, steps, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_test_begin(logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_test_end(logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_test_batch_begin(batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_test_batch_end(batch, logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_predict_begin(logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_predict_end(logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_predict_batch_begin(batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        for callback in self.callbacks:
            callback.on_predict_batch_end(batch, logs)


def _checked(callbacks: Any) -> list[Callback]:
    """The callbacks as a flat list; anything else in it is an error that names it."""
    if callbacks is None:
        return []
    if isinstance(callbacks, CallbackList):
        return list(callbacks.callbacks)
    if isinstance(callbacks, Callback):
        return [callbacks]
    if not isinstance(callbacks, Sequence) or isinstance(callbacks, str):
        raise ArgumentTypeError(
            f"callbacks is a list of nissl.callbacks.Callback, not {_kind(callbacks)}"
        )
    flat: list[Callback] = []
    for place, callback in enumerate(cast("Sequence[Any]", callbacks)):
        if isinstance(callback, CallbackList):
            flat.extend(callback.callbacks)
        elif isinstance(callback, Callback):
            flat.append(callback)
        else:
            raise ArgumentTypeError(f"callbacks[{place}] is {_kind(callback)}; {_advice(callback)}")
    return flat


def _kind(value: Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"{value!r} ({type(value).__module__}.{type(value).__qualname__})"


def _advice(value: Any) -> str:
    if isinstance(value, type):
        if issubclass(value, Callback):
            return f"make one of it: {value.__name__}()"
    elif callable(value):
        return "wrap a function as nissl.callbacks.LambdaCallback(on_epoch_end=...)"
    return "a callback is a subclass of nissl.callbacks.Callback"
