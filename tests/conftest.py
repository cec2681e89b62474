"""What every test can count on: random numbers that are the same in each run, alone or in a suite.

A test that draws without a seed of its own sees seed 0, whatever ran before it; so does a module
that draws while it is imported, wherever it stands in the order of collection.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import settings

import nissl

collect_ignore_glob = ["*conftest.py"]  # set-up, of one name in several folders; no doctests

os.environ.setdefault("NISSL_NO_CACHE", "1")  # tests leave nothing in the user's cache

# the same examples in each run, and as long as a machine takes for them
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")


def pytest_collectstart() -> None:
    """Before a module is imported."""
    nissl.utils.set_random_seed(0)


@pytest.fixture
def native_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops in machine code may be made, though the tests run with them switched off."""
    monkeypatch.delenv("NISSL_NATIVE", raising=False)


HAS_JAX = importlib.util.find_spec("jax") is not None


@contextmanager
def _skipped_without_jax() -> Iterator[None]:
    """Where JAX is not installed, a test that asks for XLA by name is skipped, and no other."""
    try:
        yield
    except ImportError as error:
        asked = error.name == "jax" or (error.name or "").startswith("jax.")
        if HAS_JAX or not (asked or "'jax'" in str(error)):
            raise
        pytest.skip("needs JAX")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup() -> Generator[None]:
    """Seed before a test and its fixtures."""
    nissl.utils.set_random_seed(0)
    with _skipped_without_jax():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    """Run a test."""
    with _skipped_without_jax():
        return (yield)
