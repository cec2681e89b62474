"""What every test can count on: random numbers that are the same in each run, alone or in a suite.

A test that draws without a seed of its own sees seed 0, whatever ran before it; so does a module
that draws while it is imported, wherever it stands in the order of collection.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

import nissl

os.environ.setdefault("NISSL_NO_CACHE", "1")  # tests leave nothing in the user's cache

# the same examples in each run, and as long as a machine takes for them
settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")


def pytest_collectstart() -> None:
    """Before a module is imported."""
    nissl.utils.set_random_seed(0)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Before a test and its fixtures."""
    nissl.utils.set_random_seed(0)
