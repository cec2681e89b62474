"""The help page, in the language in use."""

from __future__ import annotations

import io
import sys
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand, TyperGroup

from nissl.i18n import mark
from nissl.i18n import translate as _

_HELP = mark("Show this page and stop.")


class HelpCommand(TyperCommand):
    """A command whose help is drawn here."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(_page(self, ctx))


class HelpGroup(TyperGroup):
    """A group of commands whose help is drawn here."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        formatter.write(_page(self, ctx))


def _page(command: Any, ctx: Any) -> str:
    """The page: how to call it, what it does, arguments, options, commands, examples."""
    text = io.StringIO()
    console = Console(
        file=text,
        force_terminal=sys.stdout.isatty(),
        highlight=False,
        width=min(100, Console().width),
    )
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.get_params(ctx) if each not in arguments]
    commands = [command.get_command(ctx, name) for name in _names(command, ctx)]
    usage = Text(_("Usage:"), style="bold")
    usage.append(f" {ctx.command_path} ", style="not bold")
    for each in arguments:
        usage.append(f"{_argument(each)} ", style="not bold")
    usage.append(_("[OPTIONS]"), style="not bold")
    if commands:
        usage.append(" " + _("COMMAND ..."), style="not bold")
    console.print(usage)
    console.print()
    console.print(Text(_(command.help or "")))
    _section(console, _("Commands"), [(c.name, _(c.help)) for c in commands])
    _section(console, _("Arguments"), [(_argument(a), _(a.help)) for a in arguments])
    _section(console, _("Options"), [_option(each) for each in options])
    if command.epilog:
        console.print()
        console.print(Text(_(command.epilog)))
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def _names(command: Any, ctx: Any) -> list[str]:
    return command.list_commands(ctx) if isinstance(command, TyperGroup) else []


def _argument(argument: Any) -> str:
    name = f"{argument.metavar or argument.name}{'...' if argument.nargs == -1 else ''}"
    return name if argument.required else f"[{name}]"


def _option(option: Any) -> tuple[str, str]:
    names = ", ".join(sorted(option.opts, key=lambda name: name.startswith("--"), reverse=True))
    if "--help" in option.opts:
        return names, _(_HELP)
    shown = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    return names + shown, _(option.help or "")


def _section(console: Console, title: str, rows: list[tuple[str, str]]) -> None:
    if not rows:
        return
    console.print()
    console.print(Text(title, style="bold"))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for name, text in rows:
        table.add_row(Text(f"  {name}", style="cyan"), Text(text))
    console.print(table)
