"""Names with their settings, as they are typed: in brackets, after colons, and wrongly."""

from __future__ import annotations

import pytest

from nissl.errors import ArgumentError, UnknownNameError
from nissl.explain.naming import check_settings, label, read

EXAMPLE = "elu(alpha=2)"


@pytest.mark.parametrize(
    ("text", "options", "names", "settings"),
    [
        ("relu", {}, ["relu"], {}),
        (" elu ( alpha = 2 ) ", {}, ["elu"], {"alpha": 2}),
        ("elu(alpha=2,)", {}, ["elu"], {"alpha": 2}),
        ("tanh:normal:mean=0.5:stddev=2", {"names": 2}, ["tanh", "normal"],
         {"mean": 0.5, "stddev": 2}),
        ("tanh:normal(stddev=1e-4)", {"names": 2}, ["tanh", "normal"], {"stddev": 1e-4}),
        ("sgd:-0.1:momentum=0.9", {"bare": "rate"}, ["sgd"], {"rate": -0.1, "momentum": 0.9}),
        ("elu(alpha=2", {}, ["elu(alpha=2"], {}),  # no name at all, as its reader will say
        ("", {}, [], {}),
    ],
)  # fmt: skip
def test_names_and_settings_are_read(
    text: str, options: dict[str, object], names: list[str], settings: dict[str, float]
) -> None:
    found = read(text, EXAMPLE, **options)  # type: ignore[arg-type]
    assert found == (names, settings)
    assert all(type(found[1][key]) is type(value) for key, value in settings.items())


WRONG = (
    *("elu(2)", "elu(alpha)", "elu(alpha=x)", "elu(alpha=nan)"),
    *("elu(=2)", "elu(a b=2)", "elu:relu", "elu(alpha=1e999)"),
)


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_setting_is_said_with_an_example(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"setting=number, as in elu\(alpha=2\), and not as"):
        read(text, EXAMPLE)


def test_settings_are_written_and_checked() -> None:
    assert label("sgd", {"momentum": 0.9, "nesterov": 1}) == "sgd(momentum=0.9, nesterov=1)"
    check_settings("elu", ["alpha"], ["alpha", "beta"])
    with pytest.raises(UnknownNameError, match="did you mean 'alpha'"):
        check_settings("elu", ["alfa"], ["alpha"])
    with pytest.raises(ArgumentError, match="tanh has no settings, and alpha was given"):
        check_settings("tanh", ["alpha"], [])
