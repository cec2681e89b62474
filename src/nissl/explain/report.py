"""What every explanation is made of, and the forms in which it can be read.

An :class:`Explanation` lists its parts, texts and tables, once; from them come the text of a
terminal, the HTML of a notebook, Markdown and LaTeX. It may draw a picture too.
"""

from __future__ import annotations

import html
import io
import math
import numbers
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from nissl.errors import ArgumentError
from nissl.files import user_path, write_bytes
from nissl.plots import alone, drawing
from nissl.screen import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Cell", "Explanation", "Part", "Table", "Text"]

PICTURES = (".png", ".svg", ".pdf")
TEXTS = (".txt", ".md", ".tex", ".html")


@dataclass(frozen=True)
class Cell:
    """A text that LaTeX writes in its own way.

    Attributes:
        text: what a terminal, Markdown and HTML show.
        latex: what LaTeX shows, mathematics without the dollars; the text itself if empty.
        style: ``""``, or ``"good"``, ``"bad"`` or ``"dim"``: a colour where there are colours. It
            never says anything that the text does not say.
        number: whether it is aligned to the right, as numbers are.
    """

    text: str
    latex: str = ""
    style: str = ""
    number: bool = False


Value: TypeAlias = str | float | Cell | None
Part: TypeAlias = "Table | Text"

_STYLES = {"good": "green", "bad": "bold red", "dim": "dim", "": ""}
_CSS = {"good": "color:#1b7a35", "bad": "color:#b3262e;font-weight:bold", "dim": "color:#666"}


def format_number(value: Any, digits: int = 6) -> str:
    """Return a number as readers see it: ``digits`` significant digits, integers whole.

    >>> format_number(3), format_number(0.1 + 0.2), format_number(1e-9), format_number(float("nan"))
    ('3', '0.3', '1e-09', 'nan')
    """
    if isinstance(value, numbers.Integral):
        return str(int(value))
    number = float(value)
    return format(0.0 if number == 0 else number, f".{digits}g")


def number_latex(text: str) -> str:
    r"""Return a formatted number in LaTeX's mathematics.

    >>> number_latex("2.5e-07"), number_latex("1e+06"), number_latex("-inf")
    ('2.5 \\cdot 10^{-7}', '10^{6}', '-\\infty')
    """
    mantissa, e, exponent = text.lower().partition("e")
    if not e or not exponent.lstrip("+-").isdigit():
        return text.replace("inf", r"\infty").replace("nan", r"\mathrm{nan}")
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"


@dataclass(frozen=True)
class Text:
    """A paragraph, or several lines of one; ``heading`` makes it the title of what follows."""

    text: str
    latex: str = ""
    heading: bool = False
    style: str = ""

    def to_markdown(self) -> str:
        """Return the text in GitHub's Markdown."""
        if self.heading:
            return f"### {_markdown_line(self.text)}"
        return "\\\n".join(map(_markdown_line, self.text.split("\n")))

    def to_latex(self) -> str:
        """Return the text in LaTeX."""
        latex = self.latex or escape_latex(self.text)
        if self.heading:
            return rf"\subsection*{{{latex}}}"
        return latex if self.latex else latex.replace("\n", "\\\\\n")

    def to_html(self) -> str:
        """Return the text as HTML."""
        text = _html(self.text).replace("\n", "<br>\n")
        style = f' style="{_CSS[self.style]}"' if self.style else ""
        return f"<h3>{text}</h3>" if self.heading else f"<p{style}>{text}</p>"

    def __rich__(self) -> Any:
        from rich.text import Text as RichText

        return RichText(_printable(self.text), "bold" if self.heading else _STYLES[self.style])


@dataclass(frozen=True)
class Table:
    """Rows under column titles.

    Attributes:
        columns: the titles.
        rows: for each row one value a column: a text, a :class:`Cell`, a number, or ``None`` for
            nothing.
        title: a line above the table.
        digits: significant digits of numbers.

    >>> table = Table(("x", "f(x)"), ((1, 0.25), (2, Cell("1/2", r"\\frac12"))))
    >>> print(table.to_markdown())
    | x | f(x) |
    |--:|-----:|
    | 1 | 0.25 |
    | 2 | 1/2 |
    >>> print(table.to_latex())
    \\begin{tabular}{rr}
      x & f(x) \\\\ \\hline
      1 & 0.25 \\\\
      2 & $\\frac12$ \\\\
    \\end{tabular}
    """

    columns: Sequence[str | Cell]
    rows: Sequence[Sequence[Value]]
    title: str = ""
    digits: int = 6

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ArgumentError(
                    f"a table of {len(self.columns)} columns was given a row of {len(row)} values"
                )

    def cell(self, value: Value) -> Cell:
        """Return a value as it is shown."""
        if isinstance(value, Cell):
            return value
        if value is None:
            return Cell("")
        if isinstance(value, str):
            return Cell(value)
        shown = format_number(value, self.digits)
        latex = "" if shown.replace(".", "").isdigit() else number_latex(shown)
        return Cell(shown, latex, "" if math.isfinite(value) else "bad")

    def cells(self) -> list[list[Cell]]:
        """Return all rows as they are shown."""
        return [[self.cell(value) for value in row] for row in self.rows]

    def titles(self) -> list[Cell]:
        """Return the column titles."""
        return [self.cell(column) for column in self.columns]

    def right(self) -> list[bool]:
        """Say of each column whether it holds numbers, and is aligned to the right."""
        return [
            any(_is_number(row[place]) for row in self.rows) for place in range(len(self.columns))
        ]

    def to_markdown(self) -> str:
        """Return the table in GitHub's Markdown."""
        rules = [
            "-" * (len(title.text) + 1) + (":" if right else "-")
            for title, right in zip(self.titles(), self.right(), strict=True)
        ]
        head, *rows = [
            "| " + " | ".join(_markdown_line(cell.text) for cell in row) + " |"
            for row in (self.titles(), *self.cells())
        ]
        title = [f"**{_markdown_line(self.title)}**", ""] if self.title else []
        return "\n".join([*title, head, f"|{'|'.join(rules)}|", *rows])

    def to_latex(self) -> str:
        """Return the table as LaTeX's ``tabular``."""
        aligned = "".join("r" if right else "l" for right in self.right())
        head, *rows = [
            "  " + " & ".join(_latex(cell) for cell in row) + r" \\"
            for row in (self.titles(), *self.cells())
        ]
        title = [rf"\subsubsection*{{{escape_latex(self.title)}}}"] if self.title else []
        begin = rf"\begin{{tabular}}{{{aligned}}}"
        return "\n".join([*title, begin, rf"{head} \hline", *rows, r"\end{tabular}"])

    def to_html(self) -> str:
        """Return the table as HTML."""
        right = self.right()
        title = [f"<caption>{_html(self.title)}</caption>"] if self.title else []
        head = f"<thead><tr>{_html_row('th', self.titles(), right)}</tr></thead>"
        rows = [f"<tr>{_html_row('td', row, right)}</tr>" for row in self.cells()]
        return "\n".join(["<table>", *title, head, "<tbody>", *rows, "</tbody></table>"])

    def __rich__(self) -> Any:
        from rich import box
        from rich.console import Group
        from rich.table import Table as RichTable
        from rich.text import Text as RichText

        made = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for title, right in zip(self.titles(), self.right(), strict=True):
            made.add_column(RichText(_printable(title.text)), justify="right" if right else "left")
        for row in self.cells():
            made.add_row(*[RichText(_printable(cell.text), _STYLES[cell.style]) for cell in row])
        if not self.title:
            return made
        return Group(RichText(_printable(self.title), "bold"), made)  # as wide as it likes


def _is_number(value: Value) -> bool:
    return value.number if isinstance(value, Cell) else isinstance(value, numbers.Real)


class Explanation(ABC):
    """Something explained: texts and tables, and a picture where there is one to draw.

    A subclass lists its :meth:`parts` and, if it can, draws its :meth:`figure`.
    """

    def __init_subclass__(cls, **settings: Any) -> None:
        """Let no two threads draw: already the marks of a figure may be mathematics to parse."""
        super().__init_subclass__(**settings)
        for name in ("figure", "save"):
            if name in vars(cls):
                setattr(cls, name, alone(vars(cls)[name]))

    @abstractmethod
    def parts(self) -> Iterator[Part]:
        """Yield the texts and tables, in the order in which they are read."""

    def figure(self) -> Figure:
        """Draw the picture.

        Raises:
            ArgumentError: there is no picture of this.
        """
        raise ArgumentError(f"{type(self).__name__} has no picture; save it as text instead")

    @property
    def has_figure(self) -> bool:
        """Whether there is a picture of this."""
        return type(self).figure is not Explanation.figure

    def to_markdown(self) -> str:
        """Return all parts in Markdown."""
        return "\n\n".join(part.to_markdown() for part in self.parts())

    def to_latex(self) -> str:
        """Return all parts in LaTeX, to be put into a document.

        It needs amsmath, and letters that Vietnamese has are for XeLaTeX, LuaLaTeX, or pdfLaTeX
        with the font encoding T5.
        """
        return "\n\n".join(part.to_latex() for part in self.parts())

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

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the explanation to a file; its ending says how.

        Args:
            path: a picture (``.png``, ``.svg``, ``.pdf``), or texts and tables (``.txt``, ``.md``,
                ``.tex``, ``.html``, the last with the picture in it). A file that is there is
                replaced, once the new one is whole.

        Raises:
            ArgumentError: the ending is none of these.
        """
        ending = user_path(path).suffix.lower()
        if ending in PICTURES:
            from nissl import plots

            plots.save(self.figure(), path)
            return
        if ending not in TEXTS:
            raise ArgumentError(
                f"{os.fspath(path)}: the ending {ending!r} is none of those that can be written: "
                f"{', '.join(PICTURES + TEXTS)}"
            )
        if ending == ".html":
            text = _PAGE.format(body=self._repr_html_())
        elif ending == ".tex":
            text = self.to_latex()
        else:
            text = self.to_markdown() if ending == ".md" else self.to_text()
        write_bytes(path, (text.rstrip("\n") + "\n").encode("utf-8"))

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html() + (f"\n{_svg(self.figure())}" if self.has_figure else "")

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        for place, part in enumerate(self.parts()):
            if place:
                yield ""
            yield part


_PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem }}
table {{ border-collapse: collapse; margin: 1rem 0 }}
caption {{ text-align: left; font-weight: bold; padding: .3rem 0 }}
th, td {{ padding: .25rem .75rem; border-bottom: 1px solid #ddd }}
svg {{ max-width: 100%; height: auto }}
</style></head><body>
{body}
</body></html>"""


def _svg(figure: Figure) -> str:
    import matplotlib as mpl

    stream = io.StringIO()
    with drawing(), mpl.rc_context({"svg.hashsalt": "nissl"}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]


def _html_row(tag: str, cells: Sequence[Cell], right: Sequence[bool]) -> str:
    shown: list[str] = []
    for cell, aligned in zip(cells, right, strict=True):
        style = ["text-align:right" if aligned else "text-align:left", _CSS.get(cell.style, "")]
        joined = ";".join(filter(None, style))
        shown.append(f'<{tag} style="{joined}">{_html(cell.text)}</{tag}>')
    return "".join(shown)


def _html(text: str) -> str:
    return html.escape(_printable(text))


def _markdown_line(text: str) -> str:
    """One line of text, in which nothing is taken for a mark, nor its beginning for a list."""
    line = _printable(text).replace("\n", " ").strip()
    line = re.sub(r"([\\`*_|<>\[\]&~$])", r"\\\1", line)
    return re.sub(r"^(\d*)([-+#=.)])(?=[-+#=\s]|$)", r"\1\\\2", line)


def _printable(text: str) -> str:
    """The text without characters that steer a terminal, line ends excepted."""
    return printable(text, "\n")


_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "−": r"\ensuremath{-}",
    **{c: "\\" + c for c in "&%$#_{}"},
    **{sign: rf"\ensuremath{{\{name}}}" for sign, name in {
        "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta",
        "η": "eta", "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi",
        "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "varphi", "χ": "chi", "ψ": "psi",
        "ω": "omega", "Δ": "Delta", "Σ": "sum", "Φ": "Phi", "∂": "partial", "·": "cdot",
        "×": "times", "≤": "leq", "≥": "geq", "≠": "neq", "∞": "infty", "←": "leftarrow",
        "…": "dots",
    }.items()},
    "\u202f": r"\,",
    **{sign: rf"\ensuremath{{^{digit}}}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}  # fmt: skip


def escape_latex(text: str) -> str:
    r"""Return a text in which LaTeX reads every character as itself.

    >>> escape_latex("50 % of x_1 ≤ η")
    '50 \\% of x\\_1 \\ensuremath{\\leq} \\ensuremath{\\eta}'
    """
    return "".join(_LATEX.get(c, c) for c in _printable(text))


def _latex(cell: Cell) -> str:
    return f"${cell.latex}$" if cell.latex else escape_latex(cell.text.replace("\n", " "))
