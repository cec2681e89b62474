"""Comparisons with Keras 3, where it is installed; `make test-peers` makes such an environment."""

from __future__ import annotations

import importlib.util
import os

os.environ.setdefault("KERAS_BACKEND", "jax")
if importlib.util.find_spec("keras") is None:
    collect_ignore_glob = ["test_*.py"]
