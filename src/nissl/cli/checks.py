"""Checks of options: errors name the option as it is typed."""

from __future__ import annotations

import math

from nissl.errors import ArgumentError
from nissl.i18n import translate as _

__all__ = ["at_least", "below_one", "positive", "seed"]


def at_least(option: str, value: int | None, least: int = 1) -> None:
    """Refuse a whole number below ``least``."""
    if value is not None and value < least:
        raise ArgumentError(
            _("{option} is a whole number of at least {least}, not {value}").format(
                option=option, least=least, value=value
            )
        )


def below_one(option: str, value: float) -> None:
    """Refuse a share that is negative, or 1 and more."""
    if not 0 <= value < 1:
        raise ArgumentError(
            _("{option} lies from 0 to below 1, not {value}").format(option=option, value=value)
        )


def positive(option: str, value: float | None) -> None:
    """Refuse a number that is not above 0, or infinite."""
    if value is not None and not 0 < value < math.inf:
        raise ArgumentError(
            _("{option} is a number above 0, not {value}").format(option=option, value=value)
        )


def seed(value: int) -> None:
    """Refuse a seed that does not fit into 32 bits."""
    if not 0 <= value < 1 << 32:
        raise ArgumentError(_("--seed lies from 0 to 4294967295, not {value}").format(value=value))
