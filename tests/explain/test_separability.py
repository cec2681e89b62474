"""Every answer on separability is proved here again, by fractions alone."""

from __future__ import annotations

import itertools
import sys
from fractions import Fraction
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nissl
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    GraphError,
    MissingDependencyError,
    NonFiniteError,
    ShapeError,
)
from nissl.explain import separable
from nissl.explain.perceptrons import hulls
from nissl.explain.perceptrons.hulls import line_holds
from nissl.explain.perceptrons.separability import (
    Separability,
    certificate_holds,
    exact_points,
)

BOOLEAN = [[0, 0], [0, 1], [1, 0], [1, 1]]


def prove(found: Separability, x, y) -> bool:
    """Prove an answer from the data as given, by its own arithmetic; return what it says."""
    rows = [[Fraction(value) for value in row] for row in np.asarray(x).tolist()]
    second = [label == 1 for label in y]
    if found:
        assert found.coefficients is None
        for row, high in zip(rows, second, strict=True):
            value = sum((w * v for w, v in zip(found.weights, row, strict=True)), found.bias)
            assert value > 0 if high else value < 0
        return True
    total = {True: Fraction(0), False: Fraction(0)}
    meet = {side: [Fraction(0)] * len(rows[0]) for side in total}
    for sample, share in found.coefficients.items():
        assert isinstance(share, Fraction)
        assert share > 0
        side = second[sample]
        total[side] += share
        meet[side] = [m + share * v for m, v in zip(meet[side], rows[sample], strict=True)]
    assert total == {True: 1, False: 1}
    assert meet[True] == meet[False]
    assert tuple(meet[True]) == found.point
    return False


def test_every_boolean_function_of_two_inputs() -> None:
    """Fourteen of the sixteen are separable; XOR and XNOR are not (the classical count)."""
    failed = []
    for targets in itertools.product((0, 1), repeat=4):
        found = separable(BOOLEAN, targets)
        assert prove(found, BOOLEAN, targets) == bool(found)
        if not found:
            failed.append(targets)
    assert failed == [(0, 1, 1, 0), (1, 0, 0, 1)]


def test_boolean_functions_of_three_inputs() -> None:
    """104 of the 256 are threshold functions (OEIS A000609)."""
    x = list(itertools.product((0, 1), repeat=3))
    answers = [bool(separable(x, y)) for y in itertools.product((0, 1), repeat=8)]
    assert sum(answers) == 104


@pytest.mark.parametrize(
    ("targets", "weights", "bias"),
    [
        ([0, 0, 0, 1], (1, 1), Fraction(-3, 2)),  # AND, as the lecture gives it
        ([0, 1, 1, 1], (1, 1), Fraction(-1, 2)),
        ([1, 1, 1, 0], (-1, -1), Fraction(3, 2)),
    ],
)
def test_lines_of_the_gates(targets, weights, bias) -> None:
    found = separable(BOOLEAN, targets)
    assert (found.weights, found.bias) == (weights, bias)
    assert found.margin == pytest.approx(0.5 / 2**0.5)


def test_the_certificate_of_xor() -> None:
    found = separable(BOOLEAN, [0, 1, 1, 0])
    half = Fraction(1, 2)
    assert found.coefficients == {0: half, 1: half, 2: half, 3: half}
    assert found.point == (half, half)
    shown = found.to_text()
    for said in (
        "w₀ < 0", "w₀ + w₂ ≥ 0", "w₀ + w₁ ≥ 0", "w₀ + w₁ + w₂ < 0",
        "2 w₀ + w₁ + w₂ ≥ 0", "2 w₀ + w₁ + w₂ < 0",
    ):  # fmt: skip
        assert said in shown
    assert r"w_{0} + w_{2} \ge 0" in found.to_latex()


def test_the_inequalities_are_those_of_the_truth_table() -> None:
    """Of parity in three inputs too: coefficients as they stand, from the certificate."""
    x = np.array(list(itertools.product((0, 1), repeat=3)))
    y = x.sum(axis=1) % 2
    found = separable(x, y)
    assert prove(found, x, y) is False
    shown = found.to_text()
    for sample in found.coefficients:
        terms = ["w₀", *("w" + "₁₂₃"[i] for i in range(3) if x[sample, i])]
        sign = "≥ 0" if y[sample] else "< 0"
        assert f"{' + '.join(terms)} {sign}" in shown


@given(
    seed=st.integers(0, 10_000),
    features=st.integers(1, 5),
    samples=st.integers(2, 40),
    digits=st.integers(0, 17),
)
@settings(max_examples=40)
def test_planted_lines(seed: int, features: int, samples: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=(samples, features)), digits)
    weights = [Fraction(int(w)) for w in rng.integers(-3, 4, size=features)]
    middle = Fraction(int(rng.integers(-2, 3))) + Fraction(1, 10**20)  # no sample lies on it
    values = [
        sum((w * Fraction(v) for w, v in zip(weights, row, strict=True)), middle)
        for row in x.tolist()
    ]
    y = [int(value > 0) for value in values]
    found = separable(x, y)
    assert prove(found, x, y) is True
    assert found.verify()


@given(
    seed=st.integers(0, 10_000),
    features=st.integers(1, 5),
    samples=st.integers(2, 30),
    touching=st.booleans(),
)
@settings(max_examples=40)
def test_planted_intersections(seed: int, features: int, samples: int, touching: bool) -> None:
    """A point that is an exact combination of the first class is a sample of the second."""
    rng = np.random.default_rng(seed)
    first = rng.integers(-8, 9, size=(samples, features)).astype(float)
    if touching:  # on the boundary of the hull: between the two that go furthest
        ends = np.argsort(first @ rng.integers(1, 5, size=features))[-2:]
        common = first[ends].mean(axis=0)
    else:
        common = first[rng.integers(0, samples, size=4)].mean(axis=0)
    far = first.max(axis=0) + rng.integers(1, 9, size=(samples, features))
    x = np.concatenate([first, common[None], far])
    y = [0] * samples + [1] * (samples + 1)
    assert prove(separable(x, y), x, y) is False


@given(seed=st.integers(0, 10_000), features=st.integers(1, 3), samples=st.integers(1, 9))
@settings(max_examples=60)
def test_small_grids(seed: int, features: int, samples: int) -> None:
    """Points on a coarse grid: duplicates, shared points, touching hulls, one class only."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-1, 2, size=(samples, features)) / 2
    y = rng.integers(0, 2, size=samples).tolist()
    found = separable(x, y)
    assert prove(found, x, y) == bool(found)


@pytest.mark.parametrize("gap", [1e-3, 1e-9, 1e-15, 2**-52, 1e-300])
def test_tiny_margins(gap: float) -> None:
    """Far below the tolerance of floating point solvers, on either side of touching."""
    x = [[0.0, 0.0], [1.0, 0.0], [0.5, gap], [0.5, 2.0]]
    assert prove(separable(x, [0, 0, 1, 1]), x, [0, 0, 1, 1]) is True
    x[2][1] = -gap
    assert prove(separable(x, [0, 0, 1, 1]), x, [0, 0, 1, 1]) is False
    x[2][1] = 0.0
    assert prove(separable(x, [0, 0, 1, 1]), x, [0, 0, 1, 1]) is False


def test_a_tenth_and_two_tenths_are_the_fractions_that_they_are() -> None:
    """0.1 + 0.2 is above 0.3 in floats, so the three points are not on one line."""
    x = [[0.1, 0.1], [0.2, 0.2], [0.3, 0.1 + 0.2]]
    y = [0, 1, 0]
    found = separable(x, y)
    assert prove(found, x, y) is True
    exact = [[Fraction(1, 10)] * 2, [Fraction(1, 5)] * 2, [Fraction(3, 10)] * 2]
    assert not separable(exact, y)


@pytest.mark.parametrize("scale", [1e-300, 1e-8, 1.0, 1e8, 1e300])
def test_scales(scale: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 3)) * [scale, 1.0, 1 / scale]
    y = (x @ [1 / scale, 1.0, scale] > 0.2).astype(int).tolist()
    assert prove(separable(x, y), x, y) is True
    x[0], y[0] = x[[i for i in range(40) if y[i]][:2]].mean(axis=0), 0
    found = separable(x, y)
    assert prove(found, x, y) == bool(found)


def test_many_samples() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(1000, 10))
    w = rng.normal(size=10)
    y = (x @ w > 0.3).astype(int).tolist()
    assert prove(separable(x, y), x, y) is True
    deep = int(np.argmax(x @ w))
    y[deep] = 0
    assert prove(separable(x, y), x, y) is False


def test_more_features_than_samples() -> None:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 100))
    y = rng.integers(0, 2, size=60).tolist()
    assert prove(separable(x, y), x, y) is True


def test_whatever_the_solver_says_the_answer_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    real, undecided = hulls._in_floats, 0

    def misled(columns, costs):
        guess = real(columns, costs)
        guess.x, guess.lower.marginals = guess.x[::-1], guess.lower.marginals[::-1]
        guess.eqlin.marginals = -guess.eqlin.marginals
        return guess

    monkeypatch.setattr(hulls, "_in_floats", misled)
    rng = np.random.default_rng(6)
    for _ in range(10):
        x = rng.integers(-3, 4, size=(12, 2))
        y = rng.integers(0, 2, size=12).tolist()
        try:
            found = separable(x, y)
        except DataError:
            undecided += 1
        else:
            assert prove(found, x, y) == bool(found)
    assert undecided


def nearly_touching(seed: int) -> list[list[Fraction]]:
    """A grid whose points are moved by far less than floats tell apart."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-2, 3, size=(8, 2)).tolist()
    return [[v + Fraction(int(rng.integers(-1, 2)), 10**20) for v in row] for row in x]


def test_what_rounding_hides_is_proved_or_undecided() -> None:
    y, undecided = [0, 1] * 4, 0
    for seed in range(40):
        x = nearly_touching(seed)
        try:
            found = separable(x, y)
        except DataError as error:
            assert "undecided within rounding: the hulls of the classes are 0.0" in str(error)
            undecided += 1
        else:
            assert prove(found, x, y) == bool(found)
    assert 0 < undecided < 20


def test_a_study_says_what_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(x, y):
        raise DataError("undecided within rounding")

    monkeypatch.setattr("nissl.explain.perceptrons.study.separable", hidden)
    study = nissl.explain.perceptron_study(
        nissl.Perceptron(max_updates=9).fit(BOOLEAN, [0, 1, 1, 0])
    )
    assert study.reason is None
    assert "is undecided within rounding" in study.to_text()
    assert study.figure()


def test_scipy_is_asked_for_where_it_is_needed_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    assert separable([[1], [2]], [0, 0])
    assert not separable([[1], [1]], [0, 1])
    assert "2 w₀ + w₁ + w₂ < 0" in nissl.explain.gate("XOR").to_text()
    with pytest.raises(MissingDependencyError, match=r"nissl\[science\]"):
        separable([[1], [2]], [0, 1])


# ---- small and special -----------------------------------------------------------------------


@pytest.mark.parametrize(("label", "sign"), [(0, -1), (1, 1), (-1, -1), ("only", -1), (5, -1)])
def test_one_class_only(label, sign: int) -> None:
    found = separable([[1, 2], [3, 4]], [label, label])
    assert found
    assert found.weights == (0, 0)
    assert found.bias == sign
    assert found.margin == float("inf")
    assert found.verify()
    assert "one class" in found.to_text()
    assert found.figure() is not None


def test_one_sample_duplicates_and_shared_points() -> None:
    assert separable([[7]], [1])
    assert prove(separable([[1], [1], [2], [2]], [0, 0, 1, 1]), [[1], [1], [2], [2]], [0, 0, 1, 1])
    found = separable([[1, 1], [5, 5], [5, 5], [9, 9]], [0, 0, 1, 1])
    assert found.coefficients == {1: 1, 2: 1}
    assert not separable([[0.0], [-0.0]], [0, 1])


def test_constant_features_have_no_weight() -> None:
    found = separable([[3, 0, 7], [3, 1, 7]], [0, 1])
    assert found.weights == (0, 1, 0)
    assert found.bias == Fraction(-1, 2)


def test_labels_of_any_kind() -> None:
    found = separable([[0], [1]], ["low", "high"])  # sorted: high comes first
    assert found.classes == ("high", "low")
    assert found.weights == (-1,)
    assert separable([[0], [1]], [True, False]).weights == (-1,)
    assert "for every sample of target low" in found.to_text()


def test_numbers_beyond_floats_are_written_but_not_drawn() -> None:
    found = separable([[10**400], [0]], [0, 1])
    assert "5.00000e+399 - x₁ is above 0" in found.to_text()
    with pytest.raises(ArgumentError, match="beyond the range of floats"):
        found.figure()
    assert [each.value for each in found.quantities()] == [float("inf"), -1]
    assert "-1.50000e-310 + x₁" in separable([[1e-310], [2e-310]], [0, 1]).to_text()


def test_exact_points() -> None:
    assert exact_points([[0.1, 2]]) == [(Fraction(0.1), Fraction(2))]
    assert exact_points(np.array([[0.1]], np.float32)) == [(Fraction(float(np.float32(0.1))),)]
    assert exact_points([[2**80 + 1]]) == [(Fraction(2**80 + 1),)]
    assert exact_points([[Fraction(1, 3), True]]) == [(Fraction(1, 3), Fraction(1))]
    assert exact_points(nissl.asarray([[0.5]])) == [(Fraction(1, 2),)]


@pytest.mark.parametrize(
    ("x", "y", "error", "said"),
    [
        ([[1.0], [float("nan")]], [0, 1], NonFiniteError, r"x\[1, 0\] is nan"),
        ([[1.0], [float("inf")]], [0, 1], NonFiniteError, r"x\[1, 0\] is inf"),
        ([["a"], ["b"]], [0, 1], ArgumentTypeError, r"x\[0, 0\] is 'a'"),
        ([[1j], [2]], [0, 1], ArgumentTypeError, "fractions are taken"),
        ([1, 2], [0, 1], ShapeError, "samples, features"),
        (np.zeros((0, 2)), [], ShapeError, "not"),
        ([[1], [2]], [0], ShapeError, "one label for each of the 2"),
        ([[1], [2], [3]], [0, 1, 2], DataError, "two classes"),
    ],
)
def test_bad_data(x, y, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        separable(x, y)


# ---- the checks catch planted faults ---------------------------------------------------------


def test_wrong_certificates_are_caught() -> None:
    points, positive = exact_points(BOOLEAN), [False, True, True, False]
    half = Fraction(1, 2)
    right = {0: half, 1: half, 2: half, 3: half}
    assert certificate_holds(points, positive, right)
    wrong = [
        {},
        {0: Fraction(1), 1: Fraction(1)},  # two points that differ
        {**right, 0: half + Fraction(1, 10**30), 3: half - Fraction(1, 10**30)},  # nearly
        {sample: 2 * share for sample, share in right.items()},  # sums of 2
        {0: half, 1: half, 2: half},  # one is missing
        {0: Fraction(-1), 3: Fraction(2), 1: half, 2: half},  # negative
        {**right, 9: Fraction(0)},  # a sample that does not exist
    ]
    for coefficients in wrong:
        assert not certificate_holds(points, positive, coefficients), coefficients
    assert not certificate_holds(points, [False, False, True, True], right)  # other classes
    question = Separability(points, tuple(positive), (0, 1))
    for coefficients in wrong:
        with pytest.raises(GraphError, match="exact check"):
            question.answered(coefficients=coefficients)


def test_wrong_lines_are_caught() -> None:
    points, positive = exact_points(BOOLEAN), [False, False, False, True]
    one = Fraction(1)
    assert line_holds(points, positive, (one, one), Fraction(-3, 2))
    for weights, bias in (
        ((one, one), -one),  # two samples on the line
        ((one, one), -2 * one),  # one on it
        ((-one, -one), Fraction(3, 2)),  # the wrong way round
        ((one, Fraction(0)), Fraction(-1, 2)),
    ):
        assert not line_holds(points, positive, weights, bias)
        with pytest.raises(GraphError, match="exact check"):
            Separability(points, tuple(positive), (0, 1)).answered(weights=weights, bias=bias)


# ---- what the perceptron rule makes of it ------------------------------------------------------


@given(seed=st.integers(0, 10_000), samples=st.integers(2, 8))
@settings(max_examples=30)
def test_the_rule_converges_exactly_where_a_line_exists(seed: int, samples: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(-1, 2, size=(samples, 2))
    y = rng.integers(0, 2, size=samples)
    p = nissl.Perceptron(max_updates=150).fit(x, y)
    assert p.converged == bool(separable(x, y))


@pytest.mark.parametrize("features", [2, 3])
def test_labels_that_look_like_mathematics_are_drawn(features: int, tmp_path) -> None:
    x = np.eye(features)
    labels = ["$\\foo$"] + ["漢\t"] * (features - 1)
    assert separable(x, labels)
    separable(x, labels).save(tmp_path / "line.svg")
    x[1:] = x[0]
    assert not separable(x, labels)
    separable(x, labels).save(tmp_path / "none.svg")
    for name in ("line.svg", "none.svg"):
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")


# ---- what is shown ---------------------------------------------------------------------------


@pytest.mark.parametrize("features", [1, 2, 3, 6])
@pytest.mark.parametrize("planted", [True, False])
def test_everything_can_be_shown(features: int, planted: bool, tmp_path) -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(60, features))
    y = (x.sum(axis=1) > 0.1) if planted else rng.integers(0, 2, size=60) == 1
    found = separable(x, y)
    assert bool(found) == planted
    for ending in ("md", "tex", "svg"):
        found.save(tmp_path / f"a.{ending}")
    said = "Linearly separable" if planted else "Not linearly separable"
    assert found.to_text().startswith(said)
    assert found.figure().axes[0].get_title().startswith(said)
