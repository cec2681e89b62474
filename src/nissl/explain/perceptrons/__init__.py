"""Perceptrons: runs of the rule, exact separability, Boolean gates."""
