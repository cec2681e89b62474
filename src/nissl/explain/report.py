"""What every explanation can do: be read in a terminal, a notebook, a page, and be saved.

An :class:`Explanation` says its parts, texts and tables, once; from them come the text of a
terminal, the HTML of a notebook, Markdown and LaTeX. It may draw a picture too.
"""

from __future__ import annotations

import functools
import html
import importlib
import importlib.util
import io
import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from nissl import i18n, plots
from nissl.errors import ArgumentError
from nissl.explain import latex, panels, quantities
from nissl.explain.parts import Part, Text
from nissl.explain.quantities import Quantity
from nissl.files import user_path, write_bytes
from nissl.screen import printable

if TYPE_CHECKING:
    from types import ModuleType

    from matplotlib.figure import Figure

__all__ = ["Explanation"]

PICTURES = (".png", ".svg", ".pdf")
TEXTS = (".txt", ".md", ".tex", ".html", ".csv", ".json")


class Explanation:
    """Something explained: texts and tables, and a picture where there is one to draw.

    The class of ``subject.py`` finds its texts and tables in ``subject_tables.py``, whose function
    ``parts`` yields them, and its picture in ``subject_picture.py``, whose function ``draw``
    returns a :class:`~nissl.explain.panels.Sheet` or a figure, and whose ``animate``, if there is
    one, writes a film to a path; all are given the explanation. A
    class with little to say has the methods :meth:`parts` and :meth:`draw` itself.
    """

    def parts(self) -> Iterator[Part]:
        """Yield the texts and tables, in the order in which they are read."""
        beside = _beside(type(self), "tables")
        if beside is None:
            raise ArgumentError(f"{type(self).__name__} has no texts: give it a method parts")
        yield from beside.parts(self)

    def draw(self) -> panels.Sheet | panels.Ways | Figure:
        """Return the picture, as a sheet of panels or as a figure.

        Raises:
            ArgumentError: there is no picture of this.
        """
        beside = _beside(type(self), "picture")
        if beside is None:
            raise ArgumentError(f"{type(self).__name__} has no picture; save it as text instead")
        return beside.draw(self)

    def figure(self, *, width: float | None = None, panel: int | None = None) -> Figure:
        """Draw the picture.

        Args:
            width: in inches; as wide as it needs by default. No text becomes smaller than 6 points.
            panel: the only one to draw, from 1; all by default.

        Raises:
            ArgumentError: there is no picture of this, no such panel, or its texts could not be
                read at this width.
        """
        with plots.drawing():  # already the marks of a figure may be mathematics to parse
            drawn = self.draw()
            if isinstance(drawn, panels.Sheet):
                return drawn.figure(width, panel)
            if panel not in (None, 1):
                raise ArgumentError(f"this picture has one panel, not {panel}")
            return (
                drawn.figure(width)
                if isinstance(drawn, panels.Ways)
                else panels.fitted(drawn, width)
            )

    @property
    def has_figure(self) -> bool:
        """Whether there is a picture of this."""
        own = type(self).draw is not Explanation.draw or type(self).figure is not Explanation.figure
        return own or _beside(type(self), "picture") is not None

    def quantities(self) -> Iterator[Quantity]:
        """Yield every number, each with a name, in the order in which they are computed.

        Those of the tables; what has steps to be checked names them better.
        """
        yield from quantities.of_parts(self.parts())

    def to_csv(self) -> str:
        """Return the numbers as CSV: ``step,name,value``."""
        return quantities.to_csv(self.quantities())

    def to_json(self) -> str:
        """Return the numbers, and all parts as they are read, as a JSON object."""
        kind = type(self).__name__
        return quantities.to_json(kind, i18n.language(), self.quantities(), self.parts())

    def to_markdown(self) -> str:
        """Return all parts in Markdown."""
        return "\n\n".join(part.to_markdown() for part in self.parts())

    def to_latex(self, *, document: bool = False) -> str:
        r"""Return all parts in LaTeX, to be put into a document.

        Args:
            document: whether to return a whole document. Without, the document that takes the parts
                in needs the lines of :data:`nissl.explain.PREAMBLE`.
        """
        body = "\n\n".join(part.to_latex() for part in self.parts())
        return latex.document(body) if document else body

    def to_html(self) -> str:
        """Return all parts in HTML, without the picture."""
        return "\n".join(part.to_html() for part in self.parts())

    def to_text(self, width: int | None = None) -> str:
        """Return all parts as plain text; as Markdown where rich is not installed.

        Args:
            width: characters a line; by default as wide as the tables are.
        """
        try:
            from rich.console import Console
        except ImportError:
            return self.to_markdown()
        stream = io.StringIO()
        console = Console(
            file=stream,
            width=width or 10_000,
            color_system=None,  # neither codes nor a notebook's HTML, whatever the environment says
            force_terminal=False,
            force_jupyter=False,
            highlight=False,
        )
        console.print(self)
        return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        width: float | None = None,
        panel: int | None = None,
    ) -> None:
        """Write the explanation to a file; its ending says how.

        Args:
            path: a picture (``.png``, ``.svg``, ``.pdf``), or texts and tables (``.txt``, ``.md``,
                ``.tex``, ``.html`` with the picture in it), or the numbers (``.csv``, ``.json``),
                or, of what moves, a film (``.gif``).
                A file that is there is replaced, once the new one is whole.
            width, panel: of a picture, as for :meth:`figure`.

        Raises:
            ArgumentError: the ending is none of these.
        """
        ending = user_path(path).suffix.lower()
        animate = getattr(_beside(type(self), "picture"), "animate", None)
        if ending == ".gif" and animate is not None:
            animate(self, path)
            return
        if ending in PICTURES:
            plots.save(self.figure(width=width, panel=panel), path)
            return
        writers: dict[str, Callable[[], str]] = {
            ".txt": self.to_text,
            ".md": self.to_markdown,
            ".tex": self._latex_file,
            ".html": self._page,
            ".csv": self.to_csv,
            ".json": self.to_json,
        }
        if ending not in writers:
            raise ArgumentError(
                f"{os.fspath(path)}: the ending {ending!r} is none of those that can be written: "
                f"{', '.join(PICTURES + TEXTS)}"
            )
        write_bytes(path, (writers[ending]().rstrip("\n") + "\n").encode("utf-8"))

    def _latex_file(self) -> str:
        needed = latex.PREAMBLE.replace("\n", "\n%   ")
        return f"% The preamble of the document needs:\n%   {needed}\n{self.to_latex()}"

    def _page(self) -> str:
        title = next((p.text for p in self.parts() if isinstance(p, Text) and p.heading), "Nissl")
        return _PAGE.format(
            lang=i18n.language(), title=html.escape(printable(title, "\n")), body=self._repr_html_()
        )

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html() + (f"\n{_svg(self.figure())}" if self.has_figure else "")

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        for place, part in enumerate(self.parts()):
            if place:
                yield ""
            yield part


@functools.cache
def _beside(kind: type, what: str) -> ModuleType | None:
    """The module ``subject_what`` beside the one that a class, or a class above it, is in."""
    for each in kind.__mro__:
        name = f"{each.__module__}_{what}"
        if each.__module__.startswith("nissl.") and importlib.util.find_spec(name) is not None:
            return importlib.import_module(name)
    return None


_PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --nissl-line: #ddd }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem;
  padding: 0 1rem }}
table {{ border-collapse: collapse; margin: 1rem 0 }}
caption {{ text-align: left; font-weight: bold; padding: .3rem 0 }}
th, td {{ padding: .25rem .75rem; border-bottom: 1px solid var(--nissl-line); white-space: nowrap }}
math {{ font-size: 1.1em }}
svg {{ max-width: 100%; height: auto; background: #fff }}
@media (prefers-color-scheme: dark) {{ :root {{ --nissl-line: #444; --nissl-good: #7ccf92;
  --nissl-bad: #ff8d84; --nissl-dim: #aaa }} }}
</style></head><body>
{body}
</body></html>"""


def _svg(figure: Figure) -> str:
    stream = io.StringIO()
    plots.write(figure, stream, "svg")
    text = stream.getvalue()
    return text[text.index("<svg") :]
