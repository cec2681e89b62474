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
    mark("Option {name} requires {count} arguments."),
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
    mark("gate or data set"),
    mark("class"),
    mark(
        "initial_weights has {given} numbers, and {features} features need {wanted}: the bias, "
        "then one for each feature"
    ),
    mark(
        "initial_weights is zeros, random, or a list of numbers, the bias and one for each "
        "feature; not {given}"
    ),
    mark("initial_weights has a NaN or an infinity: {given}"),
    mark(
        "perceptron: after update {number}, by sample {sample}, a weight is no longer finite; "
        "scale the features to about -1 to 1, or lower learning_rate"
    ),
    mark(
        "{path}: a line is animated for one or two features, and there are {count}; save a "
        "picture (.png, .svg, .pdf) instead"
    ),
    mark(
        "{path}: there was no update, so there is nothing to animate; save a picture (.png, .svg, "
        ".pdf) instead"
    ),
    mark("Drawing animations"),
    mark("loss"),
    mark(
        "layer '{layer}' ({kind}) of model '{model}' cannot be shown as a table of units: only "
        "Dense layers, and layers without weights, can. Make a Sequential of the Dense layers "
        "alone, and give it what they take as x."
    ),
    mark(
        "layer '{layer}' (Dense) works on inputs of shape {shape}, with more axes than (batch, "
        "inputs); its units cannot be shown as a table. Put a Flatten before it"
    ),
    mark(
        "a table of backpropagation needs a nissl.Sequential of Dense layers, not {kind}; for any "
        "other function nissl.explain.trace shows the adjoints"
    ),
    mark(
        "model '{model}' takes samples of shape ({wanted}), one or a batch of them, and x has "
        "shape {given}"
    ),
    mark(
        "model '{model}' has no loss; compile it, or give one: loss='half_squared_error' is the "
        "lecture's E_n = 1/2 sum (y - t)^2"
    ),
    mark(
        "{loss}: {name} has the value {value}; labels must lie between 0 and {last}, since the "
        "model has {count} outputs. Subtract 1 if they start at 1, or give the last layer more "
        "units."
    ),
    mark("{loss}: {name} of shape {given} and predictions of shape {wanted} do not fit; {advice}"),
    mark(
        "they must have the same shape, and nothing is broadcast. Change the last layer's units, "
        "or the shape of the targets."
    ),
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
    mark("{name} {path} is empty; give the name of a file or folder"),
    mark("{name} {path} has a NUL character in it; give the name of a file or folder"),
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
    mark("{who}: {name}={value} must be at least {least}"),
    mark("{who}: {name}={value} must be at most {most}"),
    mark("{who}: {name}={value} must be greater than {least}"),
    mark("{who}: {name}={value} must be less than {most}"),
    mark("{who}: {name}={value} must be finite"),
    mark("{path} is a workbook, not a text; save its sheet as CSV UTF-8."),
    mark("{path} is not a text in UTF-8; save it as CSV UTF-8."),
    mark("{path} is not a text file in {encoding}."),
    mark(
        "{path}, line {line}: this is not a text in UTF-8. Save it as CSV UTF-8, or name its "
        "encoding: encoding='cp1252' (--encoding cp1252) for Western Windows, cp1258 for "
        "Vietnamese."
    ),
    mark("encoding {name} is not known; such are utf-8, utf-16, cp1252 and cp1258."),
    mark(
        "{path}, line {line}: a quote opens here and is not closed where its cell ends; close it, "
        "remove it, or write two of them for one that belongs to the text."
    ),
    mark("{path}, line {line}: a row that cannot be read: {reason}."),
    mark(
        "{path}, line {line}: the columns {places} are both called {name}; give each a name of its "
        "own."
    ),
    mark(
        "{path}: whether its first line has the names of the columns cannot be told; say "
        "header=True (--header) if it has, header=False (--no-header) if it is data."
    ),
    mark(
        "the first line, {words}, is taken as data; if these are names of columns, say header=True "
        "(--header)."
    ),
    mark("the column {name} is the target, and is to be ignored as well."),
    mark("{path} has blank lines only."),
    mark("{path} has a header, and no rows."),
    mark(
        "{path}, line {line}: one column only; features and a target are needed, separated "
        "by commas, semicolons or tabs."
    ),
    mark("{path}, line {line}: {given} columns, where the first line has {wanted}."),
    mark("{problem} If the targets are classes, say task='classification'."),
    mark(
        "{path}, line {line}, column {column}: {cell} did not occur in training, where there were "
        "{known}; correct the cell or remove its row."
    ),
    mark(
        "{path}, line {line}, column {column}: {problem}; correct the cell, remove its row, or "
        "leave the column out with ignore (--ignore)."
    ),
    mark("the cell is empty (missing cells: {counts})"),
    mark("the cell says that there is no value (missing cells: {counts})"),
    mark("the cell is empty"),
    mark("{path}: the column {name} has whole numbers of more digits than float64 holds. {advice}"),
    mark("{path}: the column {name} has numbers with different units: {units}. {advice}"),
    mark(
        "{path}: the column {name} has numbers such as {cell} (line {line}) that can be read in "
        "two ways. {advice}"
    ),
    mark(
        "{path}: the column {name} has texts such as {cell} (line {line}) that look like numbers. "
        "{advice}"
    ),
    mark(
        "Write them as 1234.5; or say decimal=',' or decimal='.' (--decimal), take the cells as "
        "categories with category (--category), or leave the column out with ignore (--ignore)."
    ),
    mark("{path}: no column is left for the features. {reasons}"),
    mark(
        "{path}: the target {name} has {count} different texts in {rows} rows. Choose another "
        "column with target (--target), or say task='classification' (--task classification) to "
        "take each as a class."
    ),
    mark("the column {name} is left out: it is empty."),
    mark(
        "the column {name} is left out: it has dates or times. Put what matters, such as the "
        "month, into a column of numbers; ignore (--ignore) leaves it out unsaid."
    ),
    mark(
        "the column {name} is left out: it has {count} different texts in {rows} rows. ignore "
        "(--ignore) leaves it out unsaid, category (--category) takes each text as a category."
    ),
    mark(
        "the column {name} has categories, each of which becomes a feature of 0 and 1: {count} "
        "({names})."
    ),
    mark(
        "the target {name} has {count} different whole numbers, taken as measured values "
        "(regression); task='classification' (--task classification) takes them as classes."
    ),
    mark(
        "{path}: the column {name} has the unit {unit}, and had {wanted} in training; bring it to "
        "the same."
    ),
    mark(
        "{path} lacks columns that the model was trained with: {names}; did you mean {near}? there "
        "are: {known}."
    ),
    mark("{path} lacks columns that the model was trained with: {names}; there are: {known}."),
    mark(
        "{path} has {given} columns and no names that the model knows; it was trained with {used} "
        "of {all} columns: {names}."
    ),
    mark("columns that the model does not use: {names}."),
    mark("the columns are not named as in training, and taken by their numbers: {places}."),
    mark(
        "the column {name} has another whole number in each row; if it is an id, leave it out with "
        "ignore (--ignore)."
    ),
    mark("{cell} says that there is no value"),
    mark(
        "the samples are float64, since float32 would make different numbers the same; layers with "
        "dtype='float64' keep them apart."
    ),
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
    mark("{path} is implausibly large, and was not read: {reason}"),
    mark("{path} has more than 8 bits a pixel (mode {mode}); save it with 8 bits."),
    mark(
        "layer {name} ({kind}) has no neurons that can be drawn one by one; blocks can be drawn "
        "instead, without neurons"
    ),
    mark(
        "model {name} takes inputs of shape {shape}, so there is no certain number of inputs to "
        "draw; its blocks can be drawn instead, without neurons"
    ),
    mark("kernel"),
    mark("format"),
    mark(
        "kernel, row {row}, column {column}: {word} is not a number; numbers are parted by commas "
        "and rows by semicolons, as in -1,0,1;-1,0,1;-1,0,1"
    ),
    mark("kernel, row {row}, column {column}: {word} divides by 0"),
    mark("kernel, row {row}: {given} numbers, where row 0 has {wanted}; all rows need the same"),
    mark("the kernel has {rows} rows and {columns} columns; {most} of each are the most"),
    mark(
        "kernel {name} has {size} numbers, and the picture {pixels} pixels only; take a smaller "
        "kernel or a larger picture"
    ),
    mark(
        "({j}, {k}) lies outside of C, whose rows are 0 to {bottom} and columns 0 to {right} "
        "(picture {name})"
    ),
    mark("the longer side of a picture is {least} to {most} pixels, not {side}"),
    mark(
        "{pictures} pictures with {kernels} kernels are more than the {most} results that one "
        "page shows"
    ),
    mark(
        "the interval from {low} to {high} cannot be drawn; its ends are finite, the first is "
        "below the second, and it is {least} to {most} wide"
    ),
    mark("setting of {name}"),
    mark("{name} has no settings, and {setting} was given"),
    mark("relu: negative_slope={slope} and max_value={most} must be at least 0"),
    mark(
        "{text}: settings are written as setting=number, as in leaky_relu(negative_slope=0.1), "
        "and not as {piece}"
    ),
    mark(
        "fixed point of {bits} bits, {fraction} of them behind the point, is not offered: take 2 "
        "to 16 bits, and fewer of them behind the point"
    ),
    mark(
        "{folder}: two folders are called {name}, in different forms of Unicode; bring their "
        "images into one."
    ),
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
    mark(
        "{name} is not finite on the range: at {variable} = {place}, {other} = {there} it is "
        "{value}; choose a range without this point"
    ),
    mark(
        "{name} is not finite on the range: at {variable} = {place} it is {value}; choose a range "
        "without this point"
    ),
    mark("the range from {low} to {high} is empty"),
    mark("the range from {low} to {high} is reversed; give the lower end first"),
    mark("the range from {low} to {high} is not finite, or wider than float64 can say"),
    mark("the range from {low} to {high} is too narrow: float64 has no {count} numbers in it"),
    mark(
        "{text} has no input, so it is a constant and there is nothing to approximate; write a "
        "function of x, such as x**2"
    ),
    mark(
        "{text} has {count} inputs ({names}); approximate takes a function of one, and "
        "approximate_surface one of two"
    ),
    mark("method 'all' compares methods for one input; choose one method"),
    mark("{name} is a whole number from {least} to {most}, not {value}"),
    mark("noise is a number of at least 0, not {value}"),
    mark("method 'all' compares methods for one number of hidden units; choose one method"),
    mark("hidden takes 1 to {most} different numbers of units, not {count}"),
    mark("method"),
    mark("the expression has {count} characters; at most {most} are read"),
    mark("column {column}: {problem}\n  {text}"),
    mark("expected a number, a name or a bracket here, {found}"),
    mark("expected a number, a name or a bracket after '{before}', {found}"),
    mark("but the text ends"),
    mark("but there is '{sign}'"),
    mark("expected an operator here, such as * or +"),
    mark("the character '{character}' has no meaning here"),
    mark("'{name}' is no function; expected an operator such as * before the bracket"),
    mark("'{name}' is no function; expected an operator such as *"),
    mark("'{name}' is a function; expected its bracket, as in {example}"),
    mark("unknown function '{name}'; did you mean '{near}'?"),
    mark("unknown function '{name}'; Known: {known}"),
    mark("unknown name '{name}'; did you mean '{near}'? Known: {known}"),
    mark("unknown name '{name}'; Known: {known}"),
    mark("this bracket is never closed; expected a ')' for it"),
    mark("this bracket closes none; expected an operator or the end"),
    mark("a comma stands between the arguments of a function only"),
    mark("arguments that {name} takes: {wanted}; given: {given}"),
    mark("argument {place} of {name} must be a number"),
    mark("a power is written with ^, as in x^2"),
    mark("'{name}' is no name of an input"),
    mark("this number is too large; float64 ends at about 1.8e308"),
    mark("this part is the constant {value}, and not finite"),
    mark("nested more than {most} deep; simplify the expression"),
    mark("more than {most} steps; simplify the expression"),
    mark("more than {most} inputs"),
    mark("a number of {count} characters; at most {most}"),
    mark("input"),
    mark("mode"),
    mark("digits is a number from 1 to 17, not {digits}"),
    mark("surface"),
    mark("initializer"),
    mark(
        "the set-up {text} is not of the form activation:initializer, such as relu:he_normal or "
        "sigmoid:random_normal:stddev=1"
    ),
    mark("the set-up {text}: {part} is not of the form setting=number"),
    mark("the set-up {text}: {part} lacks '=number'"),
    mark("{initializer} has no setting {name}; it has: {known}"),
    mark("depth needs classes to tell apart, and {data} has none"),
    mark("{text} has {count} variable ({names}); a surface has two, such as x and y"),
    mark("{text} has {count} variables ({names}); a surface has two, such as x and y"),
    mark("{name} is at most {most}, not {value}"),
    mark("no optimizer was given; there are: {names}"),
    mark("the optimizer {text}: {value} is no learning rate; write such as adam:0.01"),
    mark("{formula} is {value} at the start ({x}, {y}); give another start="),
    mark("start is two finite numbers, not {value}"),
    mark("{name} lies from {low} to {high}, not {value}"),
    mark("{name} is at least {least}, not {value}"),
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
