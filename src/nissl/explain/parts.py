r"""What explanations are made of: texts, and tables of words, numbers and formulas.

Each says once what a terminal, a page, Markdown and LaTeX show of it. Mathematics is LaTeX, from
which the characters of a terminal and the MathML of a page follow (:mod:`nissl.explain.notation`);
``format`` puts a formula into a sentence.

>>> told = Text("{weight} grows".format(weight=formula(r"w_{11}^{(2)}")))
>>> told.to_markdown(), told.to_latex()
('w₁₁⁽²⁾ grows', '$w_{11}^{(2)}$ grows')
"""

from __future__ import annotations

import html
import math
import numbers
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from nissl.errors import ArgumentError
from nissl.explain import notation
from nissl.explain.latex import escape_latex, number_latex
from nissl.explain.mathml import mathml
from nissl.i18n import grouped
from nissl.i18n import translate as _
from nissl.screen import printable

__all__ = ["Cell", "Part", "Table", "Text", "formula"]

T = TypeVar("T")
Value: TypeAlias = "str | float | Cell | None"
Part: TypeAlias = "Table | Text"

_RICH = {"good": "green", "bad": "bold red", "dim": "dim", "": ""}
_CSS = {
    "good": "color:var(--nissl-good,#1b7a35)",
    "bad": "color:var(--nissl-bad,#b3262e);font-weight:bold",
    "dim": "color:var(--nissl-dim,#666)",
}
_BEGIN, _END = "\x02", "\x03"  # around the LaTeX of a formula in a sentence
_FORMULA = re.compile(f"{_BEGIN}([^{_BEGIN}{_END}]*){_END}")
_PLAIN_NUMBER = re.compile(r"-?[\d.]+")
_PAGE_ROWS = 40  # of a table on one page of LaTeX


@dataclass(frozen=True)
class Cell:
    """A text that LaTeX and pages write in their own way; see :func:`formula`.

    Attributes:
        text: what a terminal and Markdown show.
        latex: mathematics without the dollars, from which pages follow too; empty for words.
        style: ``""``, or ``"good"``, ``"bad"`` or ``"dim"``: a colour where there are colours. It
            never says anything that the text does not say.
        number: whether it is aligned to the right, as numbers are.
    """

    text: str
    latex: str = ""
    style: str = ""
    number: bool = False

    def __format__(self, spec: str) -> str:
        """Return what :class:`Text` and :class:`Table` read as this formula again."""
        return f"{_BEGIN}{self.latex}{_END}" if self.latex else format(self.text, spec)

    def to_text(self) -> str:
        """Return the cell in the characters of a terminal."""
        return _shown(self.text)

    def to_html(self) -> str:
        """Return the cell as HTML."""
        if self.latex and notation.is_known(self.latex) and not _PLAIN_NUMBER.fullmatch(self.latex):
            return mathml(self.latex)
        return _html(self.text)

    def to_latex(self) -> str:
        """Return the cell as LaTeX."""
        return f"${self.latex}$" if self.latex else _latex(self.text.replace("\n", " "))


def formula(latex: str, style: str = "") -> Cell:
    r"""Return mathematics, of which the text follows from the LaTeX.

    >>> formula(r"\delta_j = h'(a_j) \sum_k w_{kj}\,\delta_k").text
    "δⱼ = h'(aⱼ) Σₖ wₖⱼ δₖ"
    """
    return Cell(notation.text(latex), latex, style)


def format_number(value: Any, digits: int = 6) -> str:
    """Return a number as readers see it: ``digits`` significant digits, integers whole.

    >>> format_number(3), format_number(0.1 + 0.2), format_number(1e-9), format_number(float("nan"))
    ('3', '0.3', '1e-09', 'nan')
    """
    if isinstance(value, numbers.Integral):
        return str(int(value))
    number = float(value)
    return format(0.0 if number == 0 else number, f".{digits}g")


@dataclass(frozen=True)
class Text:
    """A paragraph, or several lines of one.

    Attributes:
        text: the words, in which ``format`` may have put formulas; see :meth:`to_text`.
        heading: whether it is the title of what follows.
        style: as of a :class:`Cell`.
        given: whether a work sheet shows it although there are numbers in it.
    """

    text: str
    heading: bool = False
    style: str = ""
    given: bool = False

    def to_text(self) -> str:
        """Return the text in the characters of a terminal."""
        return _shown(self.text)

    def to_markdown(self) -> str:
        """Return the text in GitHub's Markdown."""
        if self.heading:
            return f"### {_markdown_line(self.text)}"
        return "\\\n".join(map(_markdown_line, self.text.split("\n")))

    def to_latex(self) -> str:
        """Return the text in LaTeX."""
        latex = _latex(self.text)
        return rf"\subsection*{{{latex}}}" if self.heading else latex.replace("\n", "\\\\\n")

    def to_html(self) -> str:
        """Return the text as HTML."""
        text = _html(self.text).replace("\n", "<br>\n")
        style = f' style="{_CSS[self.style]}"' if self.style else ""
        return f"<h3>{text}</h3>" if self.heading else f"<p{style}>{text}</p>"

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich.text import Text as RichText

        style = "bold" if self.heading else _RICH[self.style]
        yield RichText(_on_screen(self.text, options), style)


@dataclass(frozen=True)
class Table:
    """Rows under column titles.

    Attributes:
        columns: the titles.
        rows: for each row one value a column: a text, a :class:`Cell`, a number, or ``None`` for
            nothing.
        title: a line above the table.
        digits: significant digits of numbers.
        given: whether its numbers are what an exercise starts from, and stay in a work sheet; or
            the columns, from 0, of which they do.

    >>> table = Table(("x", "f(x)"), ((1, 0.25), (2, formula(r"\\frac12"))))
    >>> print(table.to_markdown())
    | x | f(x) |
    |--:|-----:|
    | 1 | 0.25 |
    | 2 | 1/2 |
    >>> print(table.to_latex())
    \\begin{adjustbox}{max width=\\textwidth}
    \\begin{tabular}{rr}
      x & f(x) \\\\ \\hline
      1 & 0.25 \\\\
      2 & $\\frac12$ \\\\
    \\end{tabular}
    \\end{adjustbox}
    """

    columns: Sequence[str | Cell]
    rows: Sequence[Sequence[Value]]
    title: str = ""
    digits: int = 6
    given: bool | Sequence[int] = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ArgumentError(
                    f"a table of {len(self.columns)} columns was given a row of {len(row)} values"
                )

    def keeps(self, column: int) -> bool:
        """Whether the numbers of a column stay in a work sheet."""
        return self.given if isinstance(self.given, bool) else column in self.given

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
            "-" * (len(_shown(title.text)) + 1) + (":" if right else "-")
            for title, right in zip(self.titles(), self.right(), strict=True)
        ]
        head, *rows = [
            "| " + " | ".join(_markdown_line(cell.text) for cell in row) + " |"
            for row in (self.titles(), *self.cells())
        ]
        title = [f"**{_markdown_line(self.title)}**", ""] if self.title else []
        return "\n".join([*title, head, f"|{'|'.join(rules)}|", *rows])

    def to_latex(self) -> str:
        r"""Return the table as LaTeX's ``tabular``, no wider than ``\textwidth``.

        A table too long for a page is several, each under the column titles.
        """
        aligned = "".join("r" if right else "l" for right in self.right())
        head, *rows = [
            "  " + " & ".join(cell.to_latex() for cell in row) + r" \\"
            for row in (self.titles(), *self.cells())
        ]
        lines = [rf"\subsubsection*{{{_latex(self.title)}}}"] if self.title else []
        for start in range(0, max(len(rows), 1), _PAGE_ROWS):
            lines += [
                *([""] if start else []),
                r"\begin{adjustbox}{max width=\textwidth}",
                rf"\begin{{tabular}}{{{aligned}}}",
                rf"{head} \hline",
                *rows[start : start + _PAGE_ROWS],
                r"\end{tabular}",
                r"\end{adjustbox}",
            ]
        return "\n".join(lines)

    def to_html(self) -> str:
        """Return the table as HTML; one that is wider than the page scrolls."""
        right = self.right()
        title = [f"<caption>{_html(self.title)}</caption>"] if self.title else []
        head = f"<thead><tr>{_html_row('th', self.titles(), right)}</tr></thead>"
        rows = [f"<tr>{_html_row('td', row, right)}</tr>" for row in self.cells()]
        begin = '<div style="overflow-x:auto">\n<table>'
        return "\n".join([begin, *title, head, "<tbody>", *rows, "</tbody></table>\n</div>"])

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        from rich import box
        from rich.table import Table as RichTable
        from rich.text import Text as RichText

        def shown(text: str, style: str = "") -> Any:
            return RichText(_on_screen(text, options), style)

        made = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for title, right in zip(self.titles(), self.right(), strict=True):
            made.add_column(shown(title.text), justify="right" if right else "left")
        for row in self.cells():
            made.add_row(*[shown(cell.text, _RICH[cell.style]) for cell in row])
        if self.title:
            yield shown(self.title, "bold")  # as wide as it likes
        yield made


# ---- tables of things -------------------------------------------------------------------------
def table_of(
    things: Sequence[T],
    columns: Iterable[tuple[str | Cell, Callable[[T], Value]] | None],
    *,
    title: str = "",
    digits: int = 6,
    most: int | None = None,
    scores: Any = None,
    more: str = "",
    given: bool | Sequence[int] = False,
) -> Table:
    """Return a table with a row for each thing; of too many, for some of them.

    Args:
        things: what the rows are about.
        columns: a title, and what of a thing stands under it; ``None`` is no column.
        title, digits, given: as for :class:`Table`.
        most: rows up to which each thing has one; any number by default.
        scores: of more things, those of the largest size are shown, in their order; without scores
            the first and the last.
        more: what stands for the others, with ``{count}``.

    >>> table = table_of([1, 2, 3, 4, 5], [("n", str), ("n²", lambda n: n * n)], most=3)
    >>> print(table.to_markdown())
    | n | n² |
    |---|---:|
    | 1 | 1 |
    | 2 | 4 |
    | … 2 more |  |
    | 5 | 25 |
    """
    kept = [column for column in columns if column is not None]
    places = _places(len(things), most, scores)
    rows: list[list[Value]] = [
        [None] * len(kept) if place is None else [value(things[place]) for _title, value in kept]
        for place in places
    ]
    table = Table([title for title, _value in kept], rows, title, digits, given)
    if None in places:
        told = (more or _("{count} more")).format(count=grouped(len(things) - len(places) + 1))
        rows[places.index(None)][_wordiest(table)] = Cell(f"… {told}", style="dim")
    return table


def _wordiest(table: Table) -> int:
    """The column of words where a sentence disturbs least: the widest."""
    widths = [max(len(row[i].text) for row in table.cells()) for i in range(len(table.columns))]
    return max(range(len(widths)), key=lambda i: 0 if table.right()[i] and i else widths[i])


def _places(count: int, most: int | None, scores: Any) -> list[int | None]:
    """The rows that are shown, with ``None`` where others are left out."""
    if most is None or count <= most:
        return list(range(count))
    if scores is not None:
        return [*chosen(scores, most), None]
    first = max(1, min((2 * most + 2) // 3, most - 1))  # the last one too, of two
    return [*range(first), None, *range(count - (most - first), count)]


def chosen(scores: Any, most: int) -> list[int]:
    """Return all places, or those of the ``most`` largest scores, in order; not a number first.

    >>> chosen([0.1, 3.0, -2.0], 2)
    [1, 2]
    """
    ranked = sorted(range(len(scores)), key=lambda place: _rank(float(scores[place])))
    return sorted(ranked[:most])


def _rank(score: float) -> float:
    return -math.inf if math.isnan(score) else -abs(score)


def _is_number(value: Value) -> bool:
    return value.number if isinstance(value, Cell) else isinstance(value, numbers.Real)


# ---- sentences with formulas in them ----------------------------------------------------------
def _runs(text: str) -> Iterator[tuple[bool, str]]:
    """Words, and the formulas between them, as ``(is a formula, words or LaTeX)``."""
    for number, run in enumerate(_FORMULA.split(text)):
        yield number % 2 == 1 and notation.is_known(run), run


def _shown(text: str) -> str:
    """The text in the characters of a terminal."""
    return "".join(
        notation.text(run) if known else printable(run, "\n") for known, run in _runs(text)
    )


def _on_screen(text: str, options: Any) -> str:
    """The text in the characters that a console has."""
    shown = _shown(text)
    return notation.plain(shown) if options.ascii_only else shown


def _html(text: str) -> str:
    return "".join(
        mathml(run) if known else html.escape(printable(run, "\n")) for known, run in _runs(text)
    )


def _latex(text: str) -> str:
    return "".join(f"${run}$" if known else escape_latex(run) for known, run in _runs(text))


def _markdown_line(text: str) -> str:
    """One line of text, in which nothing is taken for a mark, nor its beginning for a list."""
    line = _shown(text).replace("\n", " ").strip()
    line = re.sub(r"([\\`*_|<>\[\]&~$])", r"\\\1", line)
    return re.sub(r"^(\d*)([-+#=.)])(?=[-+#=\s]|$)", r"\1\\\2", line)


def _html_row(tag: str, cells: Sequence[Cell], right: Sequence[bool]) -> str:
    shown: list[str] = []
    for cell, aligned in zip(cells, right, strict=True):
        style = ["text-align:right" if aligned else "text-align:left", _CSS.get(cell.style, "")]
        joined = ";".join(filter(None, style))
        shown.append(f'<{tag} style="{joined}">{cell.to_html()}</{tag}>')
    return "".join(shown)
