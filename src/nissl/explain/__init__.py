"""What makes things visible: tables and pictures of any quantity that the core computes.

Everything here returns an :class:`~nissl.explain.report.Explanation`: printed it is a table, in a
notebook HTML, and it can be written as Markdown, LaTeX, HTML, SVG, PNG or PDF.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nissl.names import late

if TYPE_CHECKING:
    from nissl.explain.approximation.approximate import *
    from nissl.explain.approximation.several import *
    from nissl.explain.approximation.surface import *
    from nissl.explain.backpropagation.backprop import *
    from nissl.explain.backpropagation.lecture import *
    from nissl.explain.backpropagation.neuron import *
    from nissl.explain.convolution.convolution import *
    from nissl.explain.convolution.kernels import *
    from nissl.explain.diagrams.diagram import *
    from nissl.explain.drawing.network import *
    from nissl.explain.drawing.network_picture import *
    from nissl.explain.exercise import *
    from nissl.explain.expressions.expression import *
    from nissl.explain.gallery.activations import *
    from nissl.explain.gallery.precision import *
    from nissl.explain.latex import *
    from nissl.explain.panels import *
    from nissl.explain.parts import *
    from nissl.explain.perceptrons.gate_training import *
    from nissl.explain.perceptrons.gates import *
    from nissl.explain.perceptrons.run import *
    from nissl.explain.perceptrons.separability import *
    from nissl.explain.perceptrons.study import *
    from nissl.explain.quantities import *
    from nissl.explain.report import *
    from nissl.explain.tracing.costs import *
    from nissl.explain.tracing.trace import *
    from nissl.explain.training.depth import *
    from nissl.explain.training.race import *
    from nissl.explain.training.watch import *

PLACES = {
    "approximation.approximate": "Approximation approximate approximation_of",
    "approximation.several": "Approximations ByWidth approximate_all approximate_by_width",
    "approximation.surface": "SurfaceApproximation approximate_surface",
    "backpropagation.lecture": "lecture_network",
    "backpropagation.backprop": "Backprop backprop",
    "backpropagation.neuron": "Neuron neuron",
    "convolution.convolution": "Convolution convolve correlate",
    "convolution.kernels": "KERNELS Kernel",
    "diagrams.diagram": "Diagram diagram",
    "drawing.network": "Network network",
    "drawing.network_picture": "draw_network",
    "exercise": "Checked WorkSheet check worksheet",
    "expressions.expression": "Expression parse",
    "gallery.activations": "Gallery activations",
    "gallery.precision": "Precision precision",
    "latex": "PREAMBLE",
    "panels": "Panel Sheet",
    "parts": "Cell Part Table Text formula",
    "perceptrons.gate_training": "GateNetwork gate_network",
    "perceptrons.gates": "GateReport GateTable gate gates",
    "perceptrons.run": "PerceptronRun perceptron",
    "perceptrons.separability": "Separability separable",
    "perceptrons.study": "PerceptronStudy perceptron_study",
    "quantities": "Quantity",
    "report": "Explanation",
    "tracing.costs": "ModeCosts mode_costs",
    "tracing.trace": "Component Trace trace",
    "training.depth": "DepthReport depth",
    "training.race": "RaceReport race",
    "training.watch": "Watch WatchReport initialisation",
}

if not TYPE_CHECKING:
    __all__ = [name for names in PLACES.values() for name in names.split()]
    __getattr__ = late(__name__, PLACES)


def __dir__() -> list[str]:
    return sorted({*globals(), *" ".join(PLACES.values()).split()})
