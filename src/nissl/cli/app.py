"""The command line put together: language, commands, and what becomes of errors."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from nissl import i18n
from nissl.cli import console
from nissl.cli.commands import EVERY
from nissl.cli.data import DATA
from nissl.cli.evaluate import EVALUATE
from nissl.cli.explanations import EXPLANATIONS
from nissl.cli.help import HelpGroup
from nissl.cli.messages import translate_message, usage_message
from nissl.cli.predict import PREDICT
from nissl.cli.summary import SUMMARY
from nissl.cli.train import TRAIN
from nissl.cli.typed import plain_numbers
from nissl.errors import ArgumentError, ArgumentTypeError, NisslError
from nissl.i18n import mark
from nissl.i18n import translate as _

UsageError: Any = typer.BadParameter.__bases__[0]  # of whichever Click Typer builds on
INTERRUPTED = 130
COMMANDS = (TRAIN, EVALUATE, PREDICT, SUMMARY, DATA, *EXPLANATIONS)


def _show_version(wanted: bool) -> None:
    if wanted:
        from nissl.version import __version__

        print(f"nissl {__version__}")
        raise typer.Exit


Lang = Annotated[str | None, EVERY["lang"].declared("lang")]
Debug = Annotated[bool, EVERY["debug"].declared("debug")]
Version = Annotated[
    bool,
    typer.Option(
        "--version", is_eager=True, callback=_show_version, help=mark("Show the version and stop.")
    ),
]


def make_app(arguments: Sequence[str]) -> typer.Typer:
    """Build the command, with its texts in the language in use.

    Args:
        arguments: what was typed; of the commands in it, what they take is built too.
    """
    app = typer.Typer(
        name="nissl",
        cls=HelpGroup,
        add_completion=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["--help", "-h"]},
        help=_("Train neural networks, and see what they do."),
        epilog=_("Begin with: nissl train digits"),
    )

    def start(version: Version = False, lang: Lang = None, debug: Debug = False) -> None:
        pass

    app.callback()(start)
    for command in COMMANDS:
        command.register(app, command.name in arguments)
    return app


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; see :func:`nissl.cli.main`."""
    given = plain_numbers(sys.argv[1:] if arguments is None else arguments)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by who called: nobody listens
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a letter shows "?"
    try:
        i18n.use(i18n.choose())
        i18n.use(i18n.choose(_asked_language(given)))
        command = typer.main.get_command(make_app(given))
        code: Any = command.main(args=given, prog_name="nissl", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except UsageError as error:
        if _is_help(error):
            print(error)
            return 2
        return _report(error, usage_message(error), 2, given)
    except (ArgumentError, ArgumentTypeError) as error:
        return _report(error, translate_message(str(error)), 2, given)
    except NisslError as error:
        return _report(error, translate_message(str(error)), 1, given)
    except (KeyboardInterrupt, typer.Abort):
        console.error(_("Stopped."))
        return INTERRUPTED
    except OSError as error:
        if error.filename is not None:
            return _report(error, translate_message(str(error)), 1, given)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # and at exit no more
        if not isinstance(error, BrokenPipeError):  # what read the output, as `head`, may go
            reason = error.strerror or str(error)
            console.error(_("The output cannot be written: {reason}").format(reason=reason))
        return 1


def _is_help(error: Exception) -> bool:
    return type(error).__name__ == "NoArgsIsHelpError"


def _report(error: Exception, message: str, code: int, arguments: Sequence[str]) -> int:
    if "--debug" in arguments:
        import traceback

        traceback.print_exception(error)
    console.error(_("Error: {message}").format(message=message))
    if code == 2:
        command = f"{_command(error, arguments)} --help"
        console.note(_("For help: {command}").format(command=command), error=True)
    return code


def _command(error: Exception, arguments: Sequence[str]) -> str:
    """The command that was called: what Typer says, or the first of its names in the line."""
    context: Any = getattr(error, "ctx", None)
    if context is not None:
        return str(context.command_path)
    names = [command.name for command in COMMANDS]
    return " ".join(["nissl", *[each for each in arguments if each in names][:1]])


def _asked_language(arguments: Sequence[str]) -> str | None:
    """What ``--lang`` says, wherever it stands; help texts need it before options are read."""
    for place, each in enumerate(arguments):
        if each == "--":
            break
        if each.startswith("--lang="):
            return each.removeprefix("--lang=")
        if each == "--lang" and place + 1 < len(arguments):
            return arguments[place + 1]
    return None
