"""A layer that knows how it is to be trained: what ``compile`` was told."""

from __future__ import annotations

from typing import Any

from nissl import losses as losses_module
from nissl import metrics as metrics_module
from nissl import optimizers
from nissl.arguments import flag, one_of, whole
from nissl.callbacks import History
from nissl.engine.choice import default_engine
from nissl.engine.kept import Kept
from nissl.layers.base import Layer
from nissl.models import inputs
from nissl.models.trackers import Trackers
from nissl.settings import refuse_arguments

KEPT_PROGRAMS = 32  # compiled at a time, each for one shape of data, the last used ones


class Compilable(Layer):
    """What a model is told before it does anything with data: :meth:`compile`."""

    def __init__(
        self, *, name: str | None = None, dtype: Any = None, trainable: bool = True, **unknown: Any
    ) -> None:
        super().__init__(name=name, dtype=dtype, trainable=trainable, **unknown)
        self.optimizer: optimizers.Optimizer | None = None
        self.loss: losses_module.Loss | None = None
        self.history: History | None = None
        self.stop_training = False
        self.run_eagerly = False
        self.compile_arguments: dict[str, Any] = {
            "loss": None,
            "metrics": [],
            "weighted_metrics": [],
        }
        self._trackers: Trackers | None = None
        self._compiled: Kept[Any] = Kept(KEPT_PROGRAMS)

    def __getstate__(self) -> dict[str, Any]:
        """What a copy (``copy.deepcopy``) gets: all but the compiled loops, which it makes anew."""
        return {**vars(self), "_compiled": Kept(KEPT_PROGRAMS), "_trackers": None}

    @property
    def layers(self) -> list[Layer]:
        """The layers directly below, in order."""
        return list(self.sublayers())

    @property
    def engine_name(self) -> str:
        """What runs this model: the default engine, or NumPy with ``run_eagerly``."""
        return "numpy" if self.run_eagerly else default_engine()

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: None = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool | None = False,
        steps_per_execution: int | None = 1,
        jit_compile: bool | str | None = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Choose how to train.

        Args:
            optimizer: name or :class:`~nissl.optimizers.Optimizer`.
            loss: name, :class:`~nissl.losses.Loss` or function of (y_true, y_pred).
            loss_weights: of several losses, which are not there yet: ``None``.
            metrics: names or objects, reported beside the loss; they ignore weights.
            weighted_metrics: the same, weighted by sample weights.
            run_eagerly: run every step with NumPy, equation by equation.
            steps_per_execution: accepted for Keras's sake; the loop is compiled in any case.
            jit_compile: ``False`` means ``run_eagerly``.
            auto_scale_loss: accepted for Keras's sake; no optimizer here scales the loss.

        Raises:
            UnknownNameError: no optimizer, loss or metric has the name.
            ArgumentError: an argument that is not there yet is on.
            ArgumentTypeError: an argument of the wrong kind.
        """
        refuse_arguments("compile", {"loss_weights": loss_weights})
        eagerly = run_eagerly is not None and flag("compile", "run_eagerly", run_eagerly)
        one_of("compile", "jit_compile", jit_compile, (True, False, "auto", None))
        whole("compile", "steps_per_execution", steps_per_execution or 1, least=1)
        flag("compile", "auto_scale_loss", auto_scale_loss)
        listed = {
            "metrics": inputs.flat_list("metrics", metrics),
            "weighted_metrics": inputs.flat_list("weighted_metrics", weighted_metrics),
        }
        for each in (*listed["metrics"], *listed["weighted_metrics"]):
            if not metrics_module.is_by_shape(each):
                metrics_module.get(each)  # an unknown name is an error now, not in fit
        chosen = optimizers.get(optimizer)
        self.loss = None if loss is None else inputs.one_loss(loss)
        self.optimizer = chosen
        self.run_eagerly = eagerly or jit_compile is False
        self.compile_arguments = {"loss": loss, **listed}
        self._trackers = None
        self._compiled.clear()

    @property
    def compiled(self) -> bool:
        """Whether :meth:`compile` was called."""
        return self.optimizer is not None

    @property
    def metrics_names(self) -> list[str]:
        """Names of what training reports, loss first; known after the first data."""
        return ["loss"] if self._trackers is None else self._trackers.names()
