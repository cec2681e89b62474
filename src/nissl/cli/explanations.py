"""The commands that explain: a new one is an entry here, with its words and their help.

Those that put what was typed together first have modules of their own.
"""

from __future__ import annotations

from nissl.cli.activations import ACTIVATIONS
from nissl.cli.approximate import APPROXIMATE
from nissl.cli.backprop import BACKPROP
from nissl.cli.commands import Command
from nissl.cli.grad import GRAD
from nissl.cli.networks import NETWORK, NEURON
from nissl.cli.perceptron import PERCEPTRON, gate
from nissl.cli.typed import TypedCommand
from nissl.cli.words import NAMES, RATE, TEXTS, TWO_NUMBERS, argument, option

EXPLANATIONS = (  # in the order in which help lists them
    ACTIVATIONS,
    PERCEPTRON,
    Command(
        "gate",
        "Show a gate by perceptrons, and made out of NAND, NOR, or AND and NOT alone.",
        ("gate", "gate XOR -o xor.svg", "gate XOR --from nor", "gate OR --from and,not"),
        {
            "name": argument(
                "GATE", "AND, OR, NAND, NOR, XOR, XNOR or NOT; without one, all in one table."
            ),
            "basis": option(
                "GATES",
                "What the circuit is made of: nand (the default), nor, and,not or or,not.",
                flags="--from",
            ),
        },
        gate,
    ),
    NEURON,
    NETWORK,
    GRAD,
    BACKPROP,
    APPROXIMATE,
    Command(
        "depth",
        "Show how signals and gradients vanish or explode in deep networks, and which set-ups "
        "of activation and initializer learn.",
        (
            "depth -o depth.svg",
            "depth sigmoid:glorot_uniform relu:he_normal --layers 30 --epochs 5",
            "depth tanh:random_normal:stddev=0.3 tanh:glorot_normal --epochs 0",
        ),
        {
            "setups": argument(
                "SETUP",
                "Activation and initializer, such as relu:he_normal or "
                "sigmoid:random_normal:stddev=1; by default naive ones beside those made for "
                "tanh, relu and selu.",
            ),
            "layers": option("N", "Hidden layers: 20 by default, at most 200."),
            "units": option("N", "Units in each of them: 64 by default."),
            "epochs": option(
                "N", "Epochs of training: 3 by default; 0 only looks at the beginning."
            ),
            "data": option("NAME", "A classification data set: digits by default."),
            "optimizer": option("NAME", "Optimizer: plain sgd with learning rate 0.01 by default."),
            "batch_size": option("N", "Samples in a step: 32 by default."),
            "seed": option("N", "The same seed gives the same networks: 42 by default."),
        },
    ),
    Command(
        "race",
        "Let optimizers descend a surface in two variables, and show their paths and how soon "
        "they arrive. Saved as .gif, the paths move.",
        (
            "race rosenbrock --optimizers sgd,adam --steps 200 -o race.svg",
            "race ravine --optimizers sgd:0.03,momentum:0.03 -o race.gif",
            'race "x^2 + 10*y^4" --start 2 1',
        ),
        {
            "on": argument(
                "SURFACE",
                "rosenbrock, beale, himmelblau, saddle or ravine, or an expression in two "
                'variables, in quotes: "x^2 + 3*y^2". rosenbrock by default.',
            ),
            "optimizers": option(
                "NAMES",
                "Who takes part, with commas: sgd,momentum,nesterov,adam; sgd:0.01 gives a "
                "learning rate. By default all that there are.",
                NAMES,
            ),
            "start": option(
                "X Y", "Where they start; each surface has a point of its own.", TWO_NUMBERS
            ),
            "steps": option("N", "How many steps each makes: 500 by default."),
            "learning_rate": option(
                "RATE",
                "For all without one of their own; by default each gets the best of nine.",
                RATE,
            ),
        },
        also=(".gif",),
        cls=TypedCommand,
    ),
    Command(
        "convolve",
        "Lay a kernel over photographs, and show the sum of one pixel by hand.",
        (
            "convolve -o edges.png",
            "convolve photo.png --kernel vertical --at 120 80",
            'convolve photo.png --kernel "-1,0,1;-2,0,2;-1,0,1" -o sobel.png',
        ),
        {
            "picture": argument(
                "PICTURE", "Picture files; by default a photograph that needs no network.", TEXTS
            ),
            "kernels": option(
                "KERNEL",
                "vertical, horizontal, edges, sobel_vertical, sobel_horizontal, laplacian, "
                "sharpen, box, gaussian, emboss, identity, or numbers such as "
                '"-1,0,1;-1,0,1;-1,0,1"; may be repeated; vertical and horizontal by default.',
                flags="--kernel",
            ),
            "at": option(
                "ROW COLUMN",
                "Place in the result, from 0 0, whose sum is shown by hand; by default where "
                "the first kernel's result is farthest from 0.",
            ),
            "side": option(
                "PIXELS", "Bring larger pictures to this many pixels along the longer side; 800."
            ),
        },
    ),
    Command(
        "check",
        "Compare a student's numbers with a key, and name the first step that is wrong.",
        ("backprop -o key.csv", "backprop --worksheet -o sheet.csv", "check key.csv answers.csv"),
        {
            "key": argument("KEY", "The numbers of an explanation, from -o numbers.csv or .json."),
            "answers": argument(
                "ANSWERS",
                "The student's: CSV with the columns name and value in any order, or JSON.",
            ),
            "tolerance": option(
                "SHARE", "How far an answer may be from the key, relative to it: 0.001 by default."
            ),
        },
    ),
)
