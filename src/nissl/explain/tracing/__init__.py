"""Evaluation traces: every value, tangent and adjoint of a function, and its graph."""
