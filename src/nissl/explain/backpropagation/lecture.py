"""The lecture's trained network, as it is printed there."""

from __future__ import annotations

from nissl.layers import Dense, Input
from nissl.models import Sequential

__all__ = ["lecture_network"]


def lecture_network() -> Sequential:
    """Return the lecture's network of 1 input, 3 tanh units and 1 linear output, in float64.

    It was trained to approximate ``sin x`` on [0, 6] (section 4.3); the weights are those printed,
    with all their digits.

    >>> network = lecture_network()
    >>> round(float(network([[3.141592653589793 / 2]]).item()), 2)
    0.99
    """
    network = Sequential(
        [
            Input((1,)),
            Dense(3, activation="tanh", dtype="float64", name="layer_1"),
            Dense(1, dtype="float64", name="layer_2"),
        ],
        name="lecture",
    )
    network.set_weights([
        [[-0.77810127, -1.4763303, 1.2871214]],
        [0.40375996, 4.596628, -0.6489421],
        [[1.2153453], [0.8098653], [1.520071]],
        [-0.3201559],
    ])  # fmt: skip
    return network
