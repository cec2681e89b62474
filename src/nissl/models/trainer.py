"""Trainer: a layer that can be compiled, trained, evaluated and asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nissl import metrics as metrics_module
from nissl import random
from nissl.arguments import flag, whole
from nissl.callbacks import Callback, CallbackList, History
from nissl.core.tensor import Aval, Host
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, GraphError
from nissl.layers.core import check_input
from nissl.layers.shapes import BatchShape
from nissl.layers.tracking import simple_settings
from nissl.models import inputs
from nissl.models.advice import warn_of
from nissl.models.compilable import Compilable
from nissl.models.fitting import Fit
from nissl.models.inputs import Data
from nissl.models.loops import ModelLoop, demand_slots, make_model_loop
from nissl.models.overrides import refuse_overrides, refuse_part
from nissl.models.running import (
    Predictor,
    Validator,
    evaluate_on,
    make_predictor,
    predict_on,
    run_batch,
)
from nissl.models.steps import evaluation_step, one_shape, training_step
from nissl.models.trackers import Trackers, rename_repeated
from nissl.progress import ProgressBar

EVALUATION_ELEMENTS = 1 << 21  # numbers in a batch of evaluation when no batch size is given


class Trainer(Compilable):
    """What a model does with data: :meth:`fit`, :meth:`evaluate`, :meth:`predict`, by batches too.

    :class:`~nissl.Model` is what users subclass.
    """

    # ---- before it begins --------------------------------------------------------------------
    def _needs(self, what: str, use: str) -> None:
        refuse_overrides(self, Trainer, use)
        if self.optimizer is None or self.loss is None:
            missing = (
                "was not compiled" if self.optimizer is None else "was compiled without a loss"
            )
            raise GraphError(
                f"model {self.name!r} {missing}; call model.compile(optimizer=..., loss=..., "
                f"metrics=[...]) before {what}"
            )

    def _resolve_trackers(self, data: Data) -> Trackers:
        """Make the metrics, whose meaning may depend on the shapes of targets and predictions."""
        assert self.loss is not None
        assert data.y is not None
        output = self._shape_out(data)
        self.loss.check_targets(data.y, output, "y")
        if self._trackers is None:
            warn_of(self, self._stand_in_call((None, *data.x.shape[1:])), self.loss)
            made = {
                kind: [
                    metrics_module.get(m, y_shape=data.y.shape, pred_shape=output)
                    for m in self.compile_arguments[kind]
                ]
                for kind in ("metrics", "weighted_metrics")
            }
            rename_repeated(made["metrics"], made["weighted_metrics"])
            self._trackers = Trackers(made["metrics"], made["weighted_metrics"])
        return self._trackers

    # ---- data --------------------------------------------------------------------------------
    def _expected_input(self) -> BatchShape | None:
        """Shape of one input, without the batch, once it is known."""
        return None if self.build_shape is None else self.build_shape[1:]

    def _shape_out(self, data: Data) -> BatchShape:
        """Shape of the model's one output for such data, batch first."""
        return one_shape(self, self.compute_output_shape((None, *data.x.shape[1:])))

    def _prepared(self, x: Any, y: Any, **options: Any) -> Data:
        data = inputs.prepare(x, y, self.dtype, **options)
        wanted = self._expected_input()
        if wanted is not None:
            check_input(f"model {self.name!r}", wanted, data.x.shape)
        self._ensure_built((None, *data.x.shape[1:]))
        return data

    def _labelled(self, who: str, x: Any, y: Any, sample_weight: Any, prefix: str = "") -> Data:
        """Prepared data that must have targets."""
        data = self._prepared(x, y, sample_weight=sample_weight, prefix=prefix)
        if data.y is None:
            raise ArgumentError(f"{who} needs targets y")
        return data

    def _hooks(
        self, given: Any, verbose: int, told: dict[str, Any], *own: Callback
    ) -> CallbackList:
        """All who are told of what happens: the user's callbacks, then our own, then the bar."""
        bar = [ProgressBar(verbose=verbose)] if verbose else []
        listed = [*inputs.flat_list("callbacks", given), *own, *bar]
        return CallbackList(listed, model=self, params={"verbose": verbose, **told})

    def _loop(self, kind: str, data: Data, batch_size: int, shuffled: bool) -> ModelLoop:
        """Return the compiled loop for this kind of work and these shapes, made once."""
        assert self.optimizer is not None
        trackers = self._resolve_trackers(data)
        trained = self.trainable_weights
        if kind == "train":
            demand_slots(self, trained)
            self.optimizer.build(trained)
        key = (
            kind,
            tuple(data.avals),
            tuple(array.dtype for array in data.arrays),
            batch_size,
            shuffled,
            self.engine_name,
            self._signature(trained),
        )
        maker = training_step if kind == "train" else evaluation_step
        return self._compiled.get(
            key, lambda: make_model_loop(self, trackers, data, batch_size, shuffled, maker)
        )

    def _signature(self, trained: Sequence[Variable] | None) -> Any:
        """What a compiled step depends on beside shapes: layers, settings, and what is trained."""
        metrics = () if self._trackers is None else self._trackers.all
        others = () if trained is None else (self.optimizer, self.loss, *metrics)
        return (
            tuple(id(v) for v in trained or ()),
            self.settings_key(),
            tuple((id(each), *simple_settings(each)) for each in others),
        )

    # ---- fit ---------------------------------------------------------------------------------
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
    ) -> History:
        """Train on arrays, and return what was reported of each epoch.

        Args:
            x: inputs, one a row.
            y: targets, one a row.
            batch_size: rows a step; 32 by default. The last, smaller batch is used as it is.
            epochs: number of the epoch after the last, counted from 0.
            verbose: 0 silent, 1 or ``"auto"`` a bar, 2 a line an epoch.
            callbacks: list of :class:`~nissl.callbacks.Callback`.
            validation_split: share of the last rows kept for validation.
            validation_data: ``(x, y)`` or ``(x, y, sample_weight)``, evaluated after each epoch.
            shuffle: whether each epoch takes the rows in another random order.
            class_weight: dict from class to the weight of its samples in the loss of training;
                validation does not know it.
            sample_weight: weight of each sample in the loss; those of the rows that
                ``validation_split`` keeps weigh there.
            initial_epoch: number of the first epoch, to go on counting after an earlier fit.
            steps_per_epoch, validation_steps: fewer steps than all rows need are not there yet.
            validation_batch_size: rows a validation step.
            validation_freq: validate after every so many epochs.

        Raises:
            DataError: data that cannot be trained on.
            NonFiniteError: a NaN or an infinity arose; says in which layer and op.
        """
        self._needs("fit", "fit")
        size = 32 if batch_size is None else whole("fit", "batch_size", batch_size, least=1)
        last = whole("fit", "epochs", epochs, least=0)
        first = whole("fit", "initial_epoch", initial_epoch, least=0)
        often = whole("fit", "validation_freq", validation_freq, least=1)
        shown = inputs.checked_verbosity(verbose)
        data = self._labelled("fit", x, y, sample_weight)
        held_out = self._validation(data, validation_split, validation_data)
        if held_out is not None:
            refuse_overrides(self, Trainer, "evaluate")
        if validation_data is None and held_out is not None:
            data = data.part(0, data.rows - held_out.rows)
        if class_weight is not None:
            data = inputs.weighted_by_class(data, class_weight, self._shape_out(data)[-1] or 0)
        shuffled = flag("fit", "shuffle", shuffle) and size < data.rows
        loop = self._loop("train", data, size, shuffled)
        refuse_part("fit", "steps_per_epoch", steps_per_epoch, loop.spec.steps)
        validate = None
        if held_out is not None:
            validate = self._validator(held_out, validation_batch_size, often)
            refuse_part("fit", "validation_steps", validation_steps, validate.loop.spec.steps)
        self.history = history = History()
        told = {"epochs": last, "steps": loop.spec.steps, "validation_freq": often}
        hooks = self._hooks(callbacks, shown, told, history)
        self.stop_training = False
        hooks.on_train_begin({})
        job = Fit(self, loop, data, hooks, validate, random.draw_seed())
        finished = False
        try:
            job.run(first, last)
            finished = True
        finally:
            if not finished:
                hooks.close()
        hooks.on_train_end(history.last())
        return history

    def _validation(self, data: Data, split: float, given: Any) -> Data | None:
        if given is not None:
            pair = inputs.validation_pair(given)
            weight = pair[2] if len(pair) == 3 else None
            who = "fit: validation_data"
            held_out = self._labelled(who, pair[0], pair[1], weight, prefix="validation ")
            assert self.loss is not None
            assert held_out.y is not None
            self.loss.check_targets(held_out.y, self._shape_out(held_out), "validation y")
            return held_out
        return inputs.split_validation(data, split)[1] if split else None

    def _validator(self, held_out: Data, batch_size: int | None, often: int) -> Validator:
        size = self._evaluation_batch(held_out, batch_size, "fit", "validation_batch_size")
        return Validator(self._loop("evaluate", held_out, size, False), held_out, often)

    def _evaluation_batch(
        self, data: Data, batch_size: int | None, use: str, name: str = "batch_size"
    ) -> int:
        if batch_size is not None:
            return whole(use, name, batch_size, least=1)
        widest = max([data.x[0].size, 1, *(v.shape[-1] for v in self.weights if v.ndim)])
        return max(32, min(1024, EVALUATION_ELEMENTS // widest))

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Return the loss and the metrics on data, without training.

        Args:
            x, y, sample_weight: as in :meth:`fit`.
            batch_size: rows a step; the result does not depend on it, beyond rounding, unless the
                loss is one of sums or divides by sums of weights: batches count by their rows.
            verbose: 0 silent, 1 or ``"auto"`` a bar, 2 a line.
            steps: fewer than all rows need are not there yet.
            callbacks: list of callbacks.
            return_dict: return a dict by name instead of a list (a number, without metrics).
        """
        self._needs("evaluate", "evaluate")
        data = self._labelled("evaluate", x, y, sample_weight)
        size = self._evaluation_batch(data, batch_size, "evaluate")
        loop = self._loop("evaluate", data, size, shuffled=False)
        refuse_part("evaluate", "steps", steps, loop.spec.steps)
        shown = inputs.checked_verbosity(verbose)
        hooks = self._hooks(callbacks, shown, {"steps": loop.spec.steps})
        hooks.on_test_begin({})
        values = evaluate_on(loop, loop.feed(data), hooks)
        hooks.on_test_end(loop.named(values))
        return _returned(loop, values, return_dict)

    # ---- predict -----------------------------------------------------------------------------
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Host:
        """Return the outputs for each row of ``x`` as a NumPy array.

        Args:
            x: inputs, one a row.
            batch_size: rows a step; the result does not depend on it, beyond rounding.
            verbose: 0 silent, 1 or ``"auto"`` a bar, 2 a line.
            steps: fewer than all rows need are not there yet.
            callbacks: list of callbacks.
        """
        refuse_overrides(self, Trainer, "predict")
        data = self._prepared(x, None)
        rows = data.rows
        size = min(rows, self._evaluation_batch(data, batch_size, "predict"))
        shown, count = inputs.checked_verbosity(verbose), -(-rows // size)
        refuse_part("predict", "steps", steps, count)
        hooks = self._hooks(callbacks, shown, {"steps": count})
        hooks.on_predict_begin({})
        found = predict_on(lambda rows: self._predictor(rows, data), size, data.x, hooks)
        hooks.on_predict_end({})
        return found

    def _predictor(self, size: int, data: Data) -> Predictor:
        aval = Aval((size, *data.x.shape[1:]), data.avals[0].dtype)
        key = ("predict", aval, self.engine_name, self._signature(None))
        return self._compiled.get(key, lambda: make_predictor(self, aval))

    # ---- single batches ----------------------------------------------------------------------
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Make one step on one batch; return its loss (before the step) and metrics."""
        self._needs("train_on_batch", "fit")
        data = self._labelled("train_on_batch", x, y, sample_weight)
        if class_weight is not None:
            data = inputs.weighted_by_class(data, class_weight, self._shape_out(data)[-1] or 0)
        return self._on_batch("train", data, return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Return the loss and metrics of one batch."""
        self._needs("test_on_batch", "evaluate")
        data = self._labelled("test_on_batch", x, y, sample_weight)
        return self._on_batch("evaluate", data, return_dict)

    def predict_on_batch(self, x: Any) -> Host:
        """Return the outputs for one batch."""
        return self.predict(x, batch_size=len(inputs.as_array(x, "x")), verbose=0)

    def _on_batch(self, kind: str, data: Data, return_dict: bool) -> Any:
        loop = self._loop(kind, data, data.rows, shuffled=False)
        return _returned(loop, run_batch(loop, data, training=kind == "train"), return_dict)


def _returned(loop: ModelLoop, values: list[Any], as_dict: bool) -> Any:
    """Results as Keras returns them: by name, in a list, or a number where there is one alone."""
    if as_dict:
        return loop.named(values)
    return values[0] if len(values) == 1 else values
