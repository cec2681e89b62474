"""How commands show an explanation: on the terminal, in another notation, or into files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nissl.cli import console
from nissl.cli.words import AT_LEAST_1, LENGTH, TEXTS, option
from nissl.errors import ArgumentError, UnknownNameError
from nissl.explain.exercise import worksheet
from nissl.explain.report import PICTURES, Explanation
from nissl.explain.report import TEXTS as WRITTEN
from nissl.i18n import translate as _

SHOWING = {
    "output": option(
        "FILE",
        "Write into this file too: .svg .png .pdf, .txt .md .tex .html, or the numbers: .csv "
        ".json; may be repeated.",
        TEXTS,
        "-o --output",
    ),
    "force": option("", "Write over files that are there already."),
    "format": option("NAME", "What is printed: table, markdown, latex or html; table by default."),
    "json": option("", "Print the numbers and all that is read as JSON."),
    "worksheet": option(
        "", "Leave blanks for the numbers that are computed: a work sheet to be filled in."
    ),
    "width": option(
        "LENGTH",
        "Width of the picture, such as 8cm, 80mm or 3.2in; as wide as it needs by default.",
        LENGTH,
    ),
    "panel": option("N", "The only panel of the picture to draw, from 1.", AT_LEAST_1),
}
_FORMATS: dict[str, Callable[[Explanation], str]] = {
    "markdown": Explanation.to_markdown,
    "latex": Explanation.to_latex,
    "html": Explanation.to_html,
    "json": Explanation.to_json,
}


@dataclass(frozen=True)
class Showing:
    """What the options say of how an explanation is shown.

    Attributes:
        also: endings, such as ``.gif``, that it can be written with beside the usual ones.
        output: the files that it is written into.
        force: whether files that are there are replaced.
        format: what is printed.
        json: whether that is JSON, which ``format`` may say too.
        worksheet: whether blanks are left for what is computed.
        width, panel: of pictures, as for :meth:`nissl.explain.Explanation.save`.
    """

    also: Sequence[str] = ()
    output: Sequence[str] = ()
    force: bool = False
    format: str = "table"
    json: bool = False
    worksheet: bool = False
    width: float | None = None
    panel: int | None = None

    @property
    def printed(self) -> str:
        """The format of what is printed."""
        return "json" if self.json else self.format

    def check(self) -> None:
        """Raise, before any work is done, what would be in the way of showing its result."""
        if self.format not in ("table", *_FORMATS):
            raise UnknownNameError("format", self.format, ("table", *_FORMATS))
        for path in map(Path, self.output):
            known = WRITTEN if self.worksheet else (*PICTURES, *self.also, *WRITTEN)
            if path.suffix.lower() not in known:
                raise ArgumentError(
                    _("{path}: the ending must be one of {endings}").format(
                        path=path, endings=" ".join(known)
                    )
                )
            if path.exists() and not self.force:
                said = _("{path} exists already, and is left as it is; add --force to replace it")
                raise ArgumentError(said.format(path=path))
        if not self._settings() or any(map(self._is_picture, self.output)):
            return
        raise ArgumentError(
            _("--width and --panel are for a picture; say where to draw it, with -o FILE.svg")
        )

    def show(self, explanation: Explanation) -> None:
        """Print an explanation, and write it into each file."""
        if self.worksheet:
            explanation = worksheet(explanation)
        if self.printed == "table":
            console.show(explanation)
        else:
            console.note(_FORMATS[self.printed](explanation).rstrip("\n"))
        for path in self.output:
            explanation.save(path, **(self._settings() if self._is_picture(path) else {}))
            console.note(_("Written: {path}").format(path=path), error=self.printed != "table")

    @staticmethod
    def _is_picture(path: str) -> bool:
        return Path(path).suffix.lower() in PICTURES

    def _settings(self) -> dict[str, Any]:
        settings = {"width": self.width, "panel": self.panel}
        return {name: value for name, value in settings.items() if value is not None}
