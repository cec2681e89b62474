"""Backpropagation step by step, with numbers in the formulas."""
