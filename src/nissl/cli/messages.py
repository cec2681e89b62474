"""Messages that come from elsewhere, from the library and from Typer, in the reader's language.

They arrive as finished English sentences. Entries of the catalogue that are marked ``#. raised``
are such sentences with fields; one that a message fits is translated, and filled with what the
message has in its fields.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from nissl import i18n
from nissl.i18n import mark
from nissl.i18n import translate as _

_MARK = "#. raised\n"
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+")
_WANTED = {"int_parsing": mark("a whole number"), "float_parsing": mark("a number")}


def usage_message(error: Any) -> str:
    """Return what Typer finds wrong with a command line, and the option that is nearest."""
    if hasattr(error, "possibilities"):
        name: str = error.option_name
        known = [option for each in error.ctx.command.params for option in each.opts]
        near = [*[each for each in known if each.startswith(name)], *(error.possibilities or [])]
        if not near:
            return _("there is no option {name}").format(name=name)
        said = _("there is no option {name}; did you mean {near}?")
        return said.format(name=name, near=near[0])
    causes = error.__context__.errors() if hasattr(error.__context__, "errors") else []
    if causes and causes[0]["type"] in _WANTED:
        wanted, value = _WANTED[causes[0]["type"]], repr(causes[0]["input"])
        said = _("{option} takes {wanted}, not {value}")
        said = said.format(option=error.param.opts[0], wanted=_(wanted), value=value)
        return said + _decimal_hint(str(causes[0]["input"]))
    return translate_message(error.format_message())


def _decimal_hint(value: str) -> str:
    if not re.fullmatch(r"[-+]?\d+,\d+", value):
        return ""
    said = _("decimals have a point, not a comma: {number}")
    return "; " + said.format(number=value.replace(",", "."))


def translate_message(message: str) -> str:
    """Return a message in the language in use; as it is where no template fits."""
    if i18n.language() == "en":
        return message
    if _THOUSANDS.fullmatch(message):
        return i18n.grouped(int(message.replace(",", "")))
    for template, pattern in _patterns(i18n.catalogue_path(i18n.language())):
        found = pattern.fullmatch(message)
        if found:
            fields = {name: translate_message(text) for name, text in found.groupdict().items()}
            return _(template).format(**fields)
    return message


@cache
def templates(path: Path) -> tuple[str, ...]:
    """Return the English of what a catalogue marks as raised, the most definite first."""
    entries = path.read_text("utf-8").split("\n\n")
    found = [_english(each.partition("msgid ")[2]) for each in entries if _MARK in each]
    return tuple(sorted(found, key=lambda text: -len(re.sub(r"\{\w+\}", "", text))))


def _english(entry: str) -> str:
    """The text before ``msgstr``: one string a line, or several."""
    lines = entry.partition("msgstr ")[0].splitlines()
    return "".join(str(json.loads(line)) for line in lines)


@cache
def _patterns(path: Path) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each template with what it looks like when its fields are filled."""
    return tuple((each, _pattern(each)) for each in templates(path))


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    pattern = "".join(
        f"(?P<{part}>.*?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    return re.compile(pattern, re.DOTALL)
