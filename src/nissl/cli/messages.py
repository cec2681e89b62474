"""Messages that come from elsewhere, from the library and from Typer, in the reader's language.

They arrive as finished English sentences. Each template here is such a sentence with fields; one
that a message fits is translated, and filled with what the message has in its fields.
"""

from __future__ import annotations

import re
from functools import cache

from nissl import i18n
from nissl.i18n import mark
from nissl.i18n import translate as _

TEMPLATES: tuple[str, ...] = (
    mark("Missing command."),
    mark("Missing argument {name}."),
    mark("Missing option {name}."),
    mark("No such command {name}. Did you mean {near}?"),
    mark("No such command {name}."),
    mark("No such option: {name} (Possible options: {near})"),
    mark("No such option: {name}"),
    mark("Option {name} requires an argument."),
    mark("Option {name} does not take a value."),
    mark("Got unexpected extra argument(s) ({words})"),
    mark("Invalid value for {name}: {problem}"),
    mark("Input should be a valid integer, unable to parse string as an integer"),
    mark("Input should be a valid number, unable to parse string as a number"),
    mark("{value} is not a valid integer."),
    mark("{value} is not a valid float."),
    mark("unknown {kind} '{name}'; did you mean '{near}'? Known: {known}."),
    mark("unknown {kind} '{name}'; Known: {known}."),
    mark("activation"),
    mark("optimizer"),
    mark("data set"),
    mark("language"),
    mark("task"),
    mark("part"),
    mark("column"),
    mark(
        "{feature} needs the package {package}, which is not installed. Install it with: {command}"
    ),
    mark("Reading images"),
    mark("Drawing pictures"),
    mark("the engine 'xla'"),
    mark("the .keras file"),
    mark(
        "The data set {name} could not be had. Tried, in this order:\n{steps}\nTo have it, "
        "connect to the network and try again; or put its files ({files}, or each with "
        ".gz) into {cache}, or into {folder} in a folder named by $NISSL_DATA."
    ),
    mark("{path}: there is no such file or folder."),
    mark("{path}: there is no such file."),
    mark("{path}: there is no such folder."),
    mark("{path} is empty."),
    mark("{path} is not an ordinary file."),
    mark("{path} may not be read by this user."),
    mark("{option} has no meaning for {what}; it takes {options}."),
    mark("no options"),
    mark("the table {path}"),
    mark("the image folder {path}"),
    mark("the idx folder {path}"),
    mark("the file {path}"),
    mark(
        "{path}: data are read from .npz, .csv, .tsv and idx files, and from folders; the "
        "ending {ending} is none of these."
    ),
    mark("test_fraction must lie between 0 and 1; it is {value}."),
    mark("{path} is not a text file in UTF-8: {reason}"),
    mark("{path} has blank lines only."),
    mark("{path} has a header, and no rows."),
    mark(
        "{path}, line {line}: one column only; features and a target are needed, separated "
        "by commas, semicolons or tabs."
    ),
    mark("{path}, line {line}: {given} columns, where the first line has {wanted}."),
    mark(
        "{path}, line {line}, column {column}: {problem}; correct the cell or remove its "
        "row. If the targets are classes, say task='classification'."
    ),
    mark("{path}, line {line}, column {column}: {problem}; correct the cell or remove its row."),
    mark("the cell is empty"),
    mark("{cell} is not a finite float32 number"),
    mark(
        "{path} has the arrays {names}; needed are x_train, y_train, x_test and y_test, or x and y."
    ),
    mark("{path} is damaged or not an npz file: {reason}"),
    mark("{path} is damaged or truncated: {reason}"),
    mark("{path} has no sub-folders; each class needs one, named after it."),
    mark("{path} has no images (files that end in {endings})."),
    mark("{path} is not an image that can be read."),
    mark(
        "{path} has {size} pixels, and {other} has {wanted}; give size=(height, width) to "
        "bring all to one size."
    ),
    mark("colour is {value}; it can be auto, grey or rgb."),
    mark("{name}: samples have shape {samples}, targets {targets}; each sample needs one target."),
    mark(
        "{name}: x_{part} has {samples} samples and y_{other} has {targets}; each sample "
        "needs one target."
    ),
    mark("{name}: x_{part} has shape {shape}; there are no samples."),
    mark(
        "{name} has {count} values that are NaN or infinite, the first at index {place}; "
        "remove these rows, or fill the gaps, before training."
    ),
    mark(
        "{name} cannot be split: it has {samples} samples, no class more than one; give a "
        "test set of its own, or more samples."
    ),
    mark("there is no file {path}"),
    mark(
        "{path} is not a .keras file, or a damaged one: {reason}. A .keras file is a zip; "
        "if it was downloaded or copied, fetch it again"
    ),
    mark("{path}, config.json: {problem}"),
    mark(
        "{path} could not be written: {reason}. Nothing was changed; free some space or "
        "choose another place"
    ),
    mark(
        "model {model} takes inputs of shape {wanted}, and data of shape {given} was given.{hint}"
    ),
    mark(
        "training stopped at {when}: {what} first appeared in {where}, op {op}, {bad} of "
        "{all} values (inputs: {inputs}). The model is as it was before this step. Lower "
        "the learning rate, scale the inputs to about -1 to 1, or clip gradients with "
        "clipnorm=1.0 in the optimizer."
    ),
    mark(
        "training stopped at {when}: {weight} is no longer finite after the step before "
        "(its gradient overflowed). Lower the learning rate, or clip gradients with "
        "clipnorm=1.0 in the optimizer."
    ),
    mark("epoch {epoch}, step {step} of {steps}"),
    mark("an infinity"),
    mark("cache {path}"),
    mark("the package's own copy {path}"),
    mark("the system's copy {path}"),
    mark("address {url}"),
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


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """What a template looks like when its fields are filled."""
    parts = re.split(r"\{(\w+)\}", template)
    pattern = "".join(
        f"(?P<{part}>.*?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    )
    return re.compile(pattern, re.DOTALL)
