"""Typed expressions: a small safe grammar, and how mathematics is written."""
