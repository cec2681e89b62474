"""The language that a reader sees: English, or another that there is a catalogue for.

Texts stand in the code in English and pass through :func:`translate`. Translations are in one
catalogue a language, ``locale/<language>/LC_MESSAGES/nissl.po``, which is compiled when Nissl is
installed. Where a catalogue or a text in it is missing, English is shown.

>>> from nissl import i18n
>>> i18n.use("en")
>>> i18n.translate("Loss")
'Loss'
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Mapping
from pathlib import Path

from nissl.errors import UnknownNameError

__all__ = ["DOMAIN", "LOCALE", "choose", "language", "languages", "mark", "translate", "use"]

DOMAIN = "nissl"
LOCALE = Path(__file__).parent / "locale"

_NONE = gettext.NullTranslations()
_current: list[tuple[str, gettext.NullTranslations]] = []


def languages() -> tuple[str, ...]:
    """Return the codes of the languages that Nissl speaks, English first.

    >>> languages()
    ('en', 'vi')
    """
    found = sorted(path.parent.parent.name for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    return ("en", *found)


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
    """Speak this language from now on; one of :func:`languages`."""
    if code not in languages():
        raise UnknownNameError("language", code, languages())
    found = _NONE
    if code != "en":
        found = gettext.translation(DOMAIN, str(LOCALE), [code], fallback=True)
    _current[:] = [(code, found)]


def language() -> str:
    """Return the code of the language in use; English until :func:`use` is called."""
    return _current[-1][0] if _current else "en"


def translate(text: str) -> str:
    """Return a text of the code in the language in use, or as it is where there is none."""
    return _current[-1][1].gettext(text) if _current and text else text


def mark(text: str) -> str:
    """Return a text as it is, marked as one that is translated where it is shown."""
    return text


def _code(name: str) -> str:
    """``vi_VN.UTF-8`` as ``vi``."""
    return name.strip().lower().replace("-", "_").split(".")[0].split("_")[0]
