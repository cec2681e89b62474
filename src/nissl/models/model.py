"""Model: a layer that can be trained, evaluated, asked, shown and saved."""

from __future__ import annotations

import os
from typing import Any

from nissl.arguments import whole
from nissl.errors import ArgumentError, UnknownNameError
from nissl.layers.base import Layer
from nissl.models import saving
from nissl.models.trainer import Trainer
from nissl.settings import refuse_arguments

__all__ = ["Model"]


class Model(Trainer):
    """A network with everything around it.

    Subclass it, or use :class:`~nissl.Sequential`. A subclass sets layers as attributes and writes
    :meth:`call`.
    """

    def __init__(self, *functional: Any, **kwargs: Any) -> None:
        if functional or {"inputs", "outputs"} & kwargs.keys():
            raise ArgumentError(
                f"{type(self).__name__}: functional models, Model(inputs, outputs), are not there "
                "yet. Write nissl.Sequential([...]), or a class derived from nissl.Model with a "
                "method call"
            )
        super().__init__(**kwargs)

    # ---- structure ---------------------------------------------------------------------------
    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by its name or its position."""
        found = self.layers
        if index is not None:
            index = whole("get_layer", "index", index)
            if not -len(found) <= index < len(found):
                raise ArgumentError(
                    f"model {self.name!r} has {len(found)} layers; no number {index}"
                )
            return found[index]
        for layer in found:
            if layer.name == name:
                return layer
        raise UnknownNameError(f"layer of model {self.name!r}", str(name), [f.name for f in found])

    # ---- show and save -----------------------------------------------------------------------
    def summary(
        self,
        line_length: int | None = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
    ) -> None:
        """Print a table of the layers with their output shapes and numbers of parameters.

        In a notebook the table is HTML; ``print_fn`` gets text everywhere.

        Args:
            line_length: width of the text, 40 or more; what fits the terminal by default.
            print_fn: called with the text instead of ``print``.
            expand_nested: whether to show the layers of a layer that is itself a model.
            show_trainable: whether to say which layers are trained.
        """
        from nissl.models.summary import show_summary

        show_summary(
            self,
            line_length,
            print_fn,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
        )

    def _repr_html_(self) -> str:
        """What a notebook shows of a model that is the value of a cell."""
        from nissl.models.summary import html_summary

        return html_summary(self)

    def save(
        self, filepath: str | os.PathLike[str], overwrite: bool = True, **unknown: Any
    ) -> None:
        """Write the model to a ``.keras`` file: settings, weights and optimizer state."""
        refuse_arguments("save", unknown, ("filepath", "overwrite"))
        saving.save_model(self, filepath, overwrite=overwrite)

    def save_weights(
        self, filepath: str | os.PathLike[str], overwrite: bool = True, **unknown: Any
    ) -> None:
        """Write the weights alone, to a ``.weights.h5`` file."""
        refuse_arguments("save_weights", unknown, ("filepath", "overwrite"))
        saving.save_weights(self, filepath, overwrite=overwrite)

    def load_weights(self, filepath: str | os.PathLike[str], **unknown: Any) -> None:
        """Read weights from a ``.weights.h5`` or a ``.keras`` file of a model built alike."""
        refuse_arguments("load_weights", unknown, ("filepath",))
        saving.load_weights(self, filepath)
