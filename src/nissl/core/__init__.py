"""The differentiable array language: tensors, equations, ops, programs. NumPy only."""
