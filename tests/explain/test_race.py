"""The optimizer race: paths against recursions worked by hand, surfaces against known values."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import explain, optimizers
from nissl.errors import ArgumentError, ArgumentTypeError, NisslError, ShapeError, UnknownNameError
from nissl.explain.drawing.animation import write_gif
from nissl.explain.training.race import RATES, entrants
from nissl.explain.training.surfaces import SURFACES, surface

ETA = 0.1


def only(report: explain.RaceReport) -> Any:
    (path,) = report.paths
    return path


# ---- surfaces --------------------------------------------------------------------------------
BY_HAND = {
    "rosenbrock": (2.0, 3.0, 1 + 100),
    "beale": (1.0, 2.0, 2.5**2 + 5.25**2 + 9.625**2),
    "himmelblau": (1.0, 2.0, 64 + 4),
    "saddle": (2.0, 2.0, 2 - 2 + 4),
    "ravine": (2.0, 1.0, 27),
}


@pytest.mark.parametrize("name", list(SURFACES))
def test_surfaces_have_their_values_and_their_minima(name: str) -> None:
    ground, (x, y, value) = SURFACES[name], BY_HAND[name]
    assert ground.at(x, y) == pytest.approx(value, rel=1e-11)
    for place in ground.minima:
        assert ground.at(*place) == pytest.approx(ground.lowest, abs=1e-12)
        around = [
            ground.at(place[0] + 0.01 * math.cos(t), place[1] + 0.01 * math.sin(t))
            for t in np.linspace(0, 2 * math.pi, 16)
        ]
        assert min(around) > ground.at(*place)
    assert ground.box is not None
    a, b, c, d = ground.box
    for x, y in (*ground.minima, ground.start):
        assert a < x < b
        assert c < y < d
    grid = ground.on_grid(np.array([x, 0.5]), np.array([y, 0.25, 1.0]))
    assert grid.shape == (3, 2)
    assert grid[1, 1] == pytest.approx(ground.at(0.5, 0.25))


def test_surfaces_can_be_typed_or_written_in_python() -> None:
    assert surface("y^2 + x").names == ("x", "y")
    assert surface("y^2 + x").at(3.0, 2.0) == 7
    assert surface("u - v").at(3.0, 1.0) == 2
    own = surface(lambda p, q: p * q)
    assert own.names == ("p", "q")
    assert own.on_grid(np.arange(3.0), np.arange(2.0)).tolist() == [[0, 0, 0], [0, 1, 2]]

    def one_by_one(x: Any, y: Any) -> Any:  # takes no arrays
        return nissl.reshape(x, ()) + nissl.reshape(y, ())

    assert surface(one_by_one).on_grid(np.arange(2.0), np.arange(2.0)).tolist() == [[0, 1], [1, 2]]


# ---- paths by hand ---------------------------------------------------------------------------
def test_gradient_descent_by_hand() -> None:
    path = only(explain.race("x^2 + 3*y^2", ["sgd:0.1"], start=(1, -2), steps=3))
    factors = np.array([1 - 2 * ETA, 1 - 6 * ETA])
    wanted = np.array([factors**k * np.array([1.0, -2.0]) for k in range(4)])
    assert path.points == pytest.approx(wanted, rel=1e-11)
    assert path.values == pytest.approx(wanted[:, 0] ** 2 + 3 * wanted[:, 1] ** 2, rel=1e-11)


def test_momentum_and_nesterov_by_hand() -> None:
    for name in ("momentum", "nesterov"):
        path = only(explain.race("(x^2 + y^2)/2", [f"{name}:0.1"], start=(1, 4), steps=4))
        x, m = np.array([1.0, 4.0]), np.zeros(2)
        for point in path.points:
            assert point == pytest.approx(x, rel=1e-11)
            g = x
            m = 0.9 * m - ETA * g
            x = x + (0.9 * m - ETA * g if name == "nesterov" else m)


def test_settings_of_optimizers_can_be_typed() -> None:
    typed, named = explain.race("ravine", ["sgd:0.01:momentum=0.9", "momentum:0.01"], steps=9).paths
    assert typed.name == "sgd(momentum=0.9)"
    assert typed.points.tolist() == named.points.tolist()
    with pytest.raises(ArgumentTypeError, match="did you mean 'momentum'"):
        explain.race("ravine", ["sgd:0.01:momentm=0.9"])


def test_adam_by_hand() -> None:
    path = only(explain.race("x^2 + y^2", ["adam:0.1"], start=(3, -1), steps=3))
    x, m, v = np.array([3.0, -1.0]), np.zeros(2), np.zeros(2)
    for t, point in enumerate(path.points, 1):
        assert point == pytest.approx(x, rel=1e-9)
        g = 2 * x
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        rate = ETA * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        x = x - rate * m / (np.sqrt(v) + 1e-7)


def test_arriving_is_counted_and_measured() -> None:
    path = only(explain.race("ravine", ["sgd:0.02"], start=(1.0, 0.0), steps=200))
    factor = 1 - 0.02
    assert path.reached == math.ceil(math.log(0.05) / math.log(factor))
    assert path.distance == pytest.approx(factor**200, rel=1e-9)


def test_divergence_is_shown() -> None:
    report = explain.race("ravine", ["sgd:0.1", "sgd:0.01"], steps=300)
    lost, kept = report.paths
    # |1 - 50 eta| = 4, and 0.8 * 4^k first exceeds a thousand times hypot(7, 3) for k = 7
    assert lost.diverged == 7
    assert np.isfinite(lost.points).all()
    assert kept.diverged is None
    text = str(report)
    assert "diverged at step 7" in text
    assert "sgd (2)" in text
    assert "Diverged: sgd." in text
    overflow = only(explain.race("exp(exp(x^2)) + y^2", ["sgd:0.1"], start=(1.5, 0.0), steps=5))
    assert overflow.diverged is not None
    assert np.isfinite(overflow.values).all()


def test_each_gets_the_best_of_the_rates() -> None:
    tuned = only(explain.race("rosenbrock", ["sgd"], steps=100))
    runs = [only(explain.race("rosenbrock", [f"sgd:{rate}"], steps=100)) for rate in RATES]
    ends = {run.rate: run.values[-10:].mean() for run in runs if run.diverged is None}
    assert tuned.rate == min(ends, key=ends.__getitem__)
    assert tuned.chosen
    assert not runs[0].chosen
    assert only(explain.race("ravine", ["adam"], steps=5, learning_rate=0.5)).rate == 0.5


def test_every_optimizer_takes_part() -> None:
    names = {name.lower() for name in optimizers.registry.names()}
    report = explain.race("ravine", steps=40)
    assert {path.name for path in report.paths} == names | {"momentum", "nesterov"}
    assert [path.name for path in report.paths] == entrants()
    assert all(path.values[-1] < path.values[0] for path in report.paths)
    own = optimizers.SGD(0.02, momentum=0.5, name="mine")
    path = only(explain.race("ravine", [own], steps=5))
    assert (path.name, path.rate) == ("mine", pytest.approx(0.02))
    assert own.iterations.numpy() == 0


# ---- what it looks like ----------------------------------------------------------------------
@pytest.mark.parametrize("on", ["saddle", "x^2 - y^2", "x + 0*y", "log(x) + y^2"])
def test_pictures_are_drawn(on: str) -> None:
    report = explain.race(on, ["sgd:0.1", "adam:0.1"], steps=30)
    figure = report.figure()
    field, values = figure.axes[:2]
    assert field.get_xlabel() == "x"
    assert values.get_xlabel() == "Step"
    figure.savefig(io.BytesIO(), format="png")
    assert "sgd" in report.to_latex()


def test_a_narrow_picture_breaks_the_formula_of_its_title() -> None:
    report = explain.race("beale", ["sgd:0.01"], steps=3)
    figure = report.figure(width=8 / 2.54)
    assert figure.get_suptitle().count("\n") >= 1
    figure.draw_without_rendering()
    title = figure._suptitle  # type: ignore[attr-defined]
    assert title is not None
    assert title.get_window_extent().width < figure.bbox.width
    assert len(report.figure(panel=2).axes) == 1


def test_the_film_moves(tmp_path: Path) -> None:
    from PIL import Image

    explain.race("ravine", ["sgd:0.02"], steps=6).save(tmp_path / "race.gif")
    with Image.open(tmp_path / "race.gif") as film:
        assert getattr(film, "n_frames", 1) >= 4
        first = film.convert("RGB").tobytes()
        film.seek(3)
        assert film.convert("RGB").tobytes() != first
    with pytest.raises(ArgumentError, match="no frame"):
        write_gif(tmp_path / "none.gif", [])
    assert not (tmp_path / "none.gif").exists()


# ---- bad input -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("on", "options", "error", "text"),
    [
        ("rosenbruck", {}, UnknownNameError, "did you mean 'rosenbrock'"),
        ("x^2", {}, ArgumentError, r"1 variable \(x\); a surface has two"),
        ("x*y*z", {}, ArgumentError, r"3 variables \(x, y, z\)"),
        ("3", {}, ArgumentError, r"0 variables \(none\)"),
        ("x +* y", {}, ArgumentError, "column"),
        (lambda x: x, {}, ArgumentError, "two variables: too many"),
        (lambda x, y, z: x, {}, ArgumentError, "two variables: missing a required argument"),
        (lambda x, y: nissl.stack([x, y]), {}, ShapeError, r"gives shape \(2,\)"),
        (7, {}, ArgumentTypeError, "a surface is a name"),
        ("ravine", {"steps": 0}, ArgumentError, "steps=0 must be at least 1"),
        ("ravine", {"steps": 1 << 40}, ArgumentError, "at most"),
        ("ravine", {"optimizers": ["adm"]}, UnknownNameError, "did you mean 'adam'"),
        ("ravine", {"optimizers": []}, ArgumentError, "no optimizer"),
        ("ravine", {"optimizers": ["sgd:fast"]}, ArgumentError, "no learning rate"),
        ("ravine", {"optimizers": ["sgd:-1"]}, ArgumentError, "learning_rate"),
        ("ravine", {"optimizers": [3]}, ArgumentTypeError, "an optimizer is a name"),
        ("ravine", {"start": (1, 2, 3)}, ArgumentError, "two numbers"),
        ("ravine", {"start": (1, math.nan)}, ArgumentError, "finite"),
        ("1/(x*y)", {"start": (0, 0)}, ArgumentError, "is inf at the start"),
        ("sqrt(x - 5) + y", {}, ArgumentError, "is nan at the start"),
    ],
)
def test_what_cannot_be_raced_is_said(on: Any, options: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        explain.race(on, **options)
    assert isinstance(caught.value, NisslError)


def test_a_race_is_written_as_wide_as_asked(tmp_path: Path) -> None:
    report = explain.race("ravine", ["sgd:0.01"], steps=3)
    report.save(tmp_path / "race.svg", width=9.5)
    assert 'width="684pt"' in (tmp_path / "race.svg").read_text()  # 9.5 inches of 72 points
    with pytest.raises(ArgumentError, match="give at least"):
        report.save(tmp_path / "race.svg", width=2.0)
