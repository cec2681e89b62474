"""The language that a reader sees: English, or another that there is a catalogue for.

Texts stand in the code in English and pass through :func:`translate`. Translations are in one
catalogue a language, ``locale/<language>/LC_MESSAGES/nissl.po``, which is compiled when Nissl is
installed. Where a catalogue or a text in it is missing, English is shown.

Python speaks what ``$NISSL_LANG`` names, and English without it, whatever the system speaks;
the command ``nissl`` follows the system too. :func:`use` chooses for the process, and
:func:`speaking` for a block of code, in this thread or task alone.

>>> from nissl import i18n
>>> i18n.use("en")
>>> i18n.translate("Loss")
'Loss'
>>> with i18n.speaking("vi"):
...     i18n.language()
'vi'
"""

from __future__ import annotations

import functools
import gettext
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from nissl.errors import UnknownNameError

__all__ = [
    "DOMAIN",
    "LOCALE",
    "catalogue_path",
    "choose",
    "grouped",
    "language",
    "languages",
    "mark",
    "speaking",
    "translate",
    "use",
]

DOMAIN = "nissl"
LOCALE = Path(__file__).parent / "locale"
_GROUPS = {"vi": "\u202f"}  # what parts thousands, where it is no comma: a narrow space

_default: list[str] = []  # of the process; empty until somebody asks
_spoken: ContextVar[str | None] = ContextVar("nissl_language", default=None)


def catalogue_path(code: str) -> Path:
    """Return where the texts of a language stand, as people write them."""
    return LOCALE / code / "LC_MESSAGES" / f"{DOMAIN}.po"


def languages() -> tuple[str, ...]:
    """Return the codes of the languages that Nissl speaks, English first.

    >>> languages()
    ('en', 'vi')
    """
    found = (path.parent.parent.name for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    return ("en", *sorted(found))


def choose(wanted: str | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Return which language to speak.

    Args:
        wanted: a code such as ``"vi"`` or ``"vi_VN"``, asked for by name.
        environment: environment variables; those of the process by default. Without ``wanted``
            the first of ``NISSL_LANG``, ``LC_ALL``, ``LC_MESSAGES`` and ``LANG`` that is set says.

    Raises:
        UnknownNameError: ``wanted`` is a language that Nissl does not speak. One that the
            environment names, and that Nissl does not speak, means English.

    >>> choose("vi_VN.UTF-8"), choose(None, {"LANG": "vi_VN.UTF-8"}), choose(None, {"LANG": "C"})
    ('vi', 'vi', 'en')
    """
    known = languages()
    if wanted is not None:
        code = _code(wanted)
        if code not in known:
            raise UnknownNameError("language", wanted, known)
        return code
    variables = os.environ if environment is None else environment
    for name in ("NISSL_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if variables.get(name):
            code = _code(variables[name])
            return code if code in known else "en"
    return "en"


def use(code: str) -> None:
    """Speak this language from now on, in every thread; one of :func:`languages`."""
    _default[:] = [_known(code)]


@contextmanager
def speaking(code: str) -> Generator[None]:
    """Speak a language within a block, in this thread or task alone.

    >>> with speaking("vi"):
    ...     translate("Loss") == "Loss"
    False
    """
    token = _spoken.set(_known(code))
    try:
        yield
    finally:
        _spoken.reset(token)


def _known(code: str) -> str:
    if code not in languages():
        raise UnknownNameError("language", code, languages())
    return code


def language() -> str:
    """Return the code of the language in use: that of :func:`speaking`, :func:`use`, or
    ``$NISSL_LANG``; English otherwise.
    """
    spoken = _spoken.get()
    if spoken is not None:
        return spoken
    if not _default:
        asked = os.environ.get("NISSL_LANG", "")
        _default[:] = [choose(None, {"NISSL_LANG": asked})]
    return _default[0]


@functools.cache
def _catalogue(code: str, folder: Path) -> gettext.NullTranslations:
    if code == "en":
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, folder, [code], fallback=True)


def translate(text: str) -> str:
    """Return a text of the code in the language in use, or as it is where there is none."""
    return _catalogue(language(), LOCALE).gettext(text) if text else text


def mark(text: str) -> str:
    """Return a text as it is, marked as one that is translated where it is shown."""
    return text


def grouped(number: float, spec: str = "") -> str:
    """Return a number as readers see it, its thousands parted as the language in use does.

    Args:
        number: what is shown; the decimal mark is a point in every language.
        spec: a format for it without the comma, such as ``".0f"``.

    >>> grouped(266610), grouped(1234.5, ".2f")
    ('266,610', '1,234.50')
    >>> with speaking("vi"):
    ...     grouped(266610).split()
    ['266', '610']
    """
    return format(number, f",{spec}").replace(",", _GROUPS.get(language(), ","))


def _code(name: str) -> str:
    """``vi_VN.UTF-8`` as ``vi``."""
    return name.strip().lower().replace("-", "_").split(".")[0].split("_")[0]
