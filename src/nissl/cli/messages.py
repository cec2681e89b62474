"""Messages that come from elsewhere, from the library and from Typer, in the reader's language.

They arrive as finished English sentences. Each template here is such a sentence with fields; one
that a message fits is translated, and filled with what the message has in its fields.
"""

from __future__ import annotations

import re
from functools import lru_cache

from nissl import i18n
from nissl.i18n import mark
from nissl.i18n import translate as _

TEMPLATES: tuple[str, ...] = (
    mark("Missing command."),
)


def translate_message(message: str) -> str:
    """Return a message in the language in use; as it is where no template fits."""
    if i18n.language() == "en":
        return message
    for template in TEMPLATES:
        found = _pattern(template).fullmatch(message)
        if found:
            fields = {name: translate_message(text) for name, text in found.groupdict().items()}
            return _(template).format(**fields)
    return message


@lru_cache(maxsize=None)
def _pattern(template: str) -> re.Pattern[str]:
    """What a template looks like when its fields are filled."""
    parts = re.split(r"\{(\w+)\}", template)
    pattern = "".join(
        f"(?P<{part}>.*?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    return re.compile(pattern, re.DOTALL)
