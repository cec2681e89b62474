"""What makes things visible: tables and pictures of any quantity that the core computes.

Everything here returns an :class:`~nissl.explain.report.Explanation`: printed it is a table, in a
notebook HTML, and it can be written as Markdown, LaTeX, HTML, SVG, PNG or PDF.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nissl.explain.approximation.report import Approximation, approximate, approximation_of
    from nissl.explain.approximation.surface import SurfaceApproximation, approximate_surface
    from nissl.explain.approximation.width import ByWidth, approximate_by_width
    from nissl.explain.backpropagation.lecture import lecture_network
    from nissl.explain.backpropagation.report import Backprop, backprop
    from nissl.explain.backpropagation.single_neuron import Neuron, neuron
    from nissl.explain.convolution.convolving import Convolution, convolve, correlate
    from nissl.explain.convolution.kernels import KERNELS, Kernel
    from nissl.explain.diagrams.report import Diagram, diagram
    from nissl.explain.drawing.network import draw_network
    from nissl.explain.expressions.expression import Expression, parse
    from nissl.explain.gallery.activations import Gallery, activations
    from nissl.explain.gallery.low_precision import Precision, precision
    from nissl.explain.perceptrons.gate_training import GateNetwork, gate_network
    from nissl.explain.perceptrons.gates import GateReport, gate
    from nissl.explain.perceptrons.run import PerceptronRun, perceptron
    from nissl.explain.perceptrons.separability import Separability, separable
    from nissl.explain.perceptrons.study import PerceptronStudy, perceptron_study
    from nissl.explain.report import Cell, Explanation, Part, Table, Text
    from nissl.explain.tracing.costs import ModeCosts, mode_costs
    from nissl.explain.tracing.traces import Component, Trace, trace
    from nissl.explain.training.deep import DepthReport, depth
    from nissl.explain.training.racing import RaceReport, race
    from nissl.explain.training.watch import Watch, WatchReport, initialisation

_WHERE = {
    "Component": "tracing.traces",
    "GateNetwork": "perceptrons.gate_training",
    "GateReport": "perceptrons.gates",
    "PerceptronRun": "perceptrons.run",
    "PerceptronStudy": "perceptrons.study",
    "Separability": "perceptrons.separability",
    "gate": "perceptrons.gates",
    "gate_network": "perceptrons.gate_training",
    "perceptron": "perceptrons.run",
    "perceptron_study": "perceptrons.study",
    "separable": "perceptrons.separability",
    "ModeCosts": "tracing.costs",
    "mode_costs": "tracing.costs",
    "Trace": "tracing.traces",
    "trace": "tracing.traces",
    "Backprop": "backpropagation.report",
    "backprop": "backpropagation.report",
    "draw_network": "drawing.network",
    "lecture_network": "backpropagation.lecture",
    "Neuron": "backpropagation.single_neuron",
    "neuron": "backpropagation.single_neuron",
    "diagram": "diagrams.report",
    "Diagram": "diagrams.report",
    "KERNELS": "convolution.kernels",
    "Kernel": "convolution.kernels",
    "correlate": "convolution.convolving",
    "Convolution": "convolution.convolving",
    "convolve": "convolution.convolving",
    "Precision": "gallery.low_precision",
    "precision": "gallery.low_precision",
    "Gallery": "gallery.activations",
    "activations": "gallery.activations",
    "Approximation": "approximation.report",
    "approximate": "approximation.report",
    "approximation_of": "approximation.report",
    "ByWidth": "approximation.width",
    "SurfaceApproximation": "approximation.surface",
    "approximate_surface": "approximation.surface",
    "approximate_by_width": "approximation.width",
    "parse": "expressions.expression",
    "Expression": "expressions.expression",
    "Cell": "report",
    "Explanation": "report",
    "Part": "report",
    "Table": "report",
    "Text": "report",
    "DepthReport": "training.deep",
    "depth": "training.deep",
    "RaceReport": "training.racing",
    "race": "training.racing",
    "Watch": "training.watch",
    "WatchReport": "training.watch",
    "initialisation": "training.watch",
}

__all__ = [
    "lecture_network",
    "Neuron",
    "neuron",
    "RaceReport",
    "race",
    "Component",
    "GateNetwork",
    "GateReport",
    "PerceptronRun",
    "PerceptronStudy",
    "Separability",
    "gate",
    "gate_network",
    "perceptron",
    "perceptron_study",
    "separable",
    "ModeCosts",
    "mode_costs",
    "Trace",
    "trace",
    "Backprop",
    "backprop",
    "draw_network",
    "diagram",
    "Diagram",
    "KERNELS",
    "Kernel",
    "correlate",
    "Convolution",
    "convolve",
    "Precision",
    "precision",
    "Gallery",
    "activations",
    "Approximation",
    "approximate",
    "approximation_of",
    "SurfaceApproximation",
    "approximate_surface",
    "ByWidth",
    "approximate_by_width",
    "parse",
    "Expression",
    "Cell",
    "Explanation",
    "Part",
    "Table",
    "Text",
    "DepthReport",
    "depth",
    "Watch",
    "WatchReport",
    "initialisation",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is first asked for."""
    if name in _WHERE:
        return getattr(importlib.import_module(f"nissl.explain.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'nissl.explain' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
