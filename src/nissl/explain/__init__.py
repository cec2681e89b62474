"""What makes things visible: tables and pictures of any quantity that the core computes.

Everything here returns an :class:`~nissl.explain.report.Explanation`: printed it is a table, in a
notebook HTML, and it can be written as Markdown, LaTeX, HTML, SVG, PNG or PDF.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nissl.explain.approximation import Approximation, approximate, approximation_of
    from nissl.explain.approximation_surface import SurfaceApproximation, approximate_surface
    from nissl.explain.approximation_width import ByWidth, approximate_by_width
    from nissl.explain.backpropagation import Backprop, backprop
    from nissl.explain.convolution import Convolution, convolve, correlate
    from nissl.explain.costs import ModeCosts, mode_costs
    from nissl.explain.deep import DepthReport, depth
    from nissl.explain.diagrams import Diagram, diagram
    from nissl.explain.expression import Expression, parse
    from nissl.explain.gallery import Gallery, activations
    from nissl.explain.gate_training import GateNetwork, gate_network
    from nissl.explain.gates import GateReport, gate
    from nissl.explain.kernels import KERNELS, Kernel
    from nissl.explain.lecture import lecture_network
    from nissl.explain.low_precision import Precision, precision
    from nissl.explain.network import draw_network
    from nissl.explain.perceptron_report import PerceptronStudy, perceptron_study
    from nissl.explain.perceptrons import PerceptronRun, perceptron
    from nissl.explain.racing import RaceReport, race
    from nissl.explain.report import Cell, Explanation, Part, Table, Text
    from nissl.explain.separability import Separability, separable
    from nissl.explain.single_neuron import Neuron, neuron
    from nissl.explain.tracing import Component, Trace, trace
    from nissl.explain.watch import Watch, WatchReport, initialisation

_WHERE = {
    "Component": "tracing",
    "GateNetwork": "gate_training",
    "GateReport": "gates",
    "PerceptronRun": "perceptrons",
    "PerceptronStudy": "perceptron_report",
    "Separability": "separability",
    "gate": "gates",
    "gate_network": "gate_training",
    "perceptron": "perceptrons",
    "perceptron_study": "perceptron_report",
    "separable": "separability",
    "ModeCosts": "costs",
    "mode_costs": "costs",
    "Trace": "tracing",
    "trace": "tracing",
    "Backprop": "backpropagation",
    "backprop": "backpropagation",
    "draw_network": "network",
    "lecture_network": "lecture",
    "Neuron": "single_neuron",
    "neuron": "single_neuron",
    "diagram": "diagrams",
    "Diagram": "diagrams",
    "KERNELS": "kernels",
    "Kernel": "kernels",
    "correlate": "convolution",
    "Convolution": "convolution",
    "convolve": "convolution",
    "Precision": "low_precision",
    "precision": "low_precision",
    "Gallery": "gallery",
    "activations": "gallery",
    "Approximation": "approximation",
    "approximate": "approximation",
    "approximation_of": "approximation",
    "ByWidth": "approximation_width",
    "SurfaceApproximation": "approximation_surface",
    "approximate_surface": "approximation_surface",
    "approximate_by_width": "approximation_width",
    "parse": "expression",
    "Expression": "expression",
    "Cell": "report",
    "Explanation": "report",
    "Part": "report",
    "Table": "report",
    "Text": "report",
    "DepthReport": "deep",
    "depth": "deep",
    "RaceReport": "racing",
    "race": "racing",
    "Watch": "watch",
    "WatchReport": "watch",
    "initialisation": "watch",
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
