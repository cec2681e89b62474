"""Least squares: the Jacobian by hand, known minima, and two inputs by plain arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import explain
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError
from nissl.explain.approximation.least_squares import levenberg_marquardt, row_jacobian
from nissl.explain.approximation.small_network import METHODS


def test_levenberg_marquardt_finds_what_is_known() -> None:
    """Rosenbrock's valley as residuals, and starts that are over from the beginning."""

    def valley(p: nissl.Tensor) -> nissl.Tensor:
        first, second = p[..., 0], p[..., 1]  # one each for the two residuals
        row = np.array([1.0, 0.0])
        return row * 10 * (second - first**2) + (1 - row) * (1 - first)

    starts = np.array([[-1.2, 1.0], [1.0, 1.0], [3.0, -4.0], [1e200, 1.0]])
    found = levenberg_marquardt(valley, np.zeros(2), starts)
    for each in found[:3]:
        np.testing.assert_allclose(each.parameters, [1, 1], rtol=1e-8)
    assert found[1].steps <= 2  # it began at the minimum
    np.testing.assert_array_equal(found[3].parameters, starts[3])  # its residuals are infinite
    assert not math.isfinite(found[3].rmse)


def outputs_by_hand(p: np.ndarray, x: np.ndarray) -> np.ndarray:
    w, b, v, c = np.split(p, [3, 6, 9])
    return np.tanh(np.outer(x, w) + b) @ v + c


@pytest.mark.parametrize("name", ["sin", "abs", "runge"])
def test_fits_go_on_as_long_as_they_come_nearer(name: str) -> None:
    """From the same starts, SciPy's trust region with its own end is hardly nearer anywhere."""
    optimize = pytest.importorskip("scipy.optimize")
    x = np.linspace(-1, 1, 30)
    target: np.ndarray = {
        "sin": np.sin(3 * x),
        "abs": np.abs(x),
        "runge": 1 / (1 + 25 * x**2),
    }[name]

    def model(p: nissl.Tensor) -> nissl.Tensor:
        parts = [p[..., 6 + j] * nissl.tanh(p[..., j] * x + p[..., 3 + j]) for j in range(3)]
        return parts[0] + parts[1] + parts[2] + p[..., 9]

    starts = np.random.default_rng(5).normal(size=(3, 10)) * 1.5
    found = levenberg_marquardt(model, target, starts)
    for ours in found:
        by_hand = math.sqrt(np.mean((outputs_by_hand(ours.parameters, x) - target) ** 2))
        assert ours.rmse == pytest.approx(by_hand, rel=1e-3, abs=1e-12)
        assert ours.steps < 20_000  # an end by progress
    theirs = [
        optimize.least_squares(
            lambda p: outputs_by_hand(p, x) - target, start, x_scale="jac", max_nfev=300
        )
        for start in starts
    ]
    nearest = min(math.sqrt(2 * each.cost / x.size) for each in theirs)
    assert min(each.rmse for each in found) <= 1.1 * nearest + 2e-6


def test_worse_starts_are_left_out_and_none_is_lost() -> None:
    x = np.linspace(-1, 1, 12)
    starts = np.array([[4.0, 0.0], [1.0, 1.0], [-9.0, 3.0], [2.0, 2.0]])
    model = lambda p: nissl.tanh(p[..., 0] * x + p[..., 1])  # noqa: E731
    found = levenberg_marquardt(model, np.tanh(2 * x + 0.5), starts, halve_every=2)
    assert len(found) == 4
    np.testing.assert_allclose(
        min(found, key=lambda each: each.rmse).parameters, [2, 0.5], rtol=1e-5
    )


def test_the_row_jacobian_is_that_of_forward_mode_and_catches_rows_that_mix() -> None:
    x = np.array([0.3, -1.0, 2.0, 0.5])

    def model(p: nissl.Tensor) -> nissl.Tensor:
        return nissl.tanh(p[..., 0] * x + p[..., 1]) * p[..., 2]

    p = np.array([0.7, -0.2, 1.5])
    copies = np.stack([p] * 4)
    found = row_jacobian(model)(copies).numpy()
    a = p[0] * x + p[1]
    by_hand = np.stack([1.5 * x / np.cosh(a) ** 2, 1.5 / np.cosh(a) ** 2, np.tanh(a)], axis=1)
    np.testing.assert_allclose(found, by_hand, rtol=1e-11)
    mixed = row_jacobian(lambda q: model(q) + nissl.sum(q[..., 1]))(copies).numpy()
    assert np.abs(mixed - by_hand).max() > 1  # such a function is not what it is for
    with pytest.raises(ShapeError, match="gave shape"):
        row_jacobian(lambda q: nissl.sum(q))(copies)
    with pytest.raises(ArgumentError, match="matrix"):
        levenberg_marquardt(model, x, p)


def test_a_surface_is_approximated() -> None:
    shown = explain.approximate_surface("x1*x2", -1, 2, hidden=5, samples=64, starts=4, epochs=300)
    assert shown.x.shape == (64, 2)
    np.testing.assert_allclose(shown.t, shown.x[:, 0] * shown.x[:, 1])
    kernel, b, v, (c,) = shown.best.model.get_weights()
    errors: list[float] = []
    for x1 in np.linspace(-1, 2, 11).tolist():
        for x2 in np.linspace(-1, 2, 11).tolist():
            a = [kernel[0][j] * x1 + kernel[1][j] * x2 + b[j] for j in range(5)]
            y = c + math.fsum(v[j][0] * math.tanh(a[j]) for j in range(5))
            errors.append(y - x1 * x2)
    assert math.sqrt(math.fsum(e * e for e in errors) / len(errors)) < 0.01
    assert shown.best.rmse < 0.01
    assert shown.best.max_error >= max(map(abs, errors)) * 0.5
    text = shown.to_text()
    assert "2-5-1 network" in text
    assert format(kernel[1][3], ".9g") in text
    assert len(shown.figure().axes) == 6  # three panels and two scales
    drawn = explain.approximate_surface(
        "x*y", hidden=2, samples=30, starts=1, random=True, noise=0.1, method="adam", epochs=20
    )
    assert drawn.t.size == 30
    for f, said in (("x", "1 inputs"), ("x*y*z", "3 inputs"), ("ln(x)*y", "not finite")):
        with pytest.raises(ArgumentError, match=said):
            explain.approximate_surface(f)
    with pytest.raises(ArgumentTypeError, match="not int 3"):
        explain.approximate_surface(3)
    with pytest.raises(ArgumentError, match="samples=3 must be at least 4"):
        explain.approximate_surface("x*y", samples=3)


def test_a_surface_is_a_python_function_and_methods_are_compared_on_it() -> None:
    settings: dict[str, Any] = {"hidden": 2, "samples": 25, "starts": 1, "epochs": 20}
    typed = explain.approximate_surface("u*v", **settings)
    for f in (lambda a, b: a * b, lambda a, b: a * b if a < 2 else math.nan):  # arrays, numbers
        shown = explain.approximate_surface(f, **settings)
        assert shown.best.rmse == typed.best.rmse
        assert "f(x1, x2) on [-1, 1]²" in shown.to_text()
    shown = explain.approximate_surface("u*v", method="all", **settings)
    assert [fit.method for fit in shown.fits] == list(METHODS)
    assert shown.best.rmse == min(fit.rmse for fit in shown.fits)
    for name in ("Levenberg-Marquardt", "BFGS", "Adam", "SGD", "at u =", "at v ="):
        assert name in shown.to_text()
