"""RMSprop: steps divided by a running root mean square of the gradient."""

from __future__ import annotations

from collections.abc import Mapping

from nissl.arguments import flag, number
from nissl.core import functions as F
from nissl.core.tensor import Tensor
from nissl.core.variable import Variable
from nissl.optimizers.base import Optimizer, registry
from nissl.settings import setting

__all__ = ["RMSprop"]


@registry.add("rmsprop")
class RMSprop(Optimizer):
    """Root mean square propagation (Tieleman and Hinton 2012, lecture 6.5).

    ``v <- rho v + (1-rho) g^2``, ``w <- w - eta g / sqrt(v + eps)``; ``centered`` subtracts the
    square of the running mean of the gradient from ``v`` (Graves 2013, eq. 38 to 45).

    Args:
        learning_rate: eta.
        rho: decay of the running means, 0 to below 1.
        momentum: share of the last step that is added to the next, 0 to 1.
        epsilon: keeps the division finite, above 0.
        centered: divide by the deviation of the gradient instead of its root mean square.
        kwargs: see :class:`Optimizer`.

    >>> import nissl
    >>> w = nissl.Variable([1.0])
    >>> nissl.optimizers.RMSprop(0.1, rho=0.0).apply([[2.0]], [w])
    >>> round(w.numpy().item(), 4)
    0.9
    """

    rho: float = setting(number, default=0.9, least=0, below=1)
    momentum: float = setting(number, default=0.0, least=0, most=1, fixed=True)
    epsilon: float = setting(number, default=1e-7, least=0, most=1)
    centered: bool = setting(flag, default=False, fixed=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        names = {"velocity": True, "momentum": self.momentum > 0, "average_gradient": self.centered}
        self.slot_names = tuple(name for name, used in names.items() if used)

    def step(
        self,
        weight: Tensor,
        gradient: Tensor,
        slots: Mapping[str, Tensor],
        rate: Tensor,
        t: Tensor,
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        v = slots["velocity"] * self.rho + F.square(gradient) * (1 - self.rho)
        moved = {"velocity": v}
        below = v + self.epsilon
        if self.centered:
            mean = slots["average_gradient"] * self.rho + gradient * (1 - self.rho)
            moved["average_gradient"] = mean
            below = F.maximum(v - F.square(mean), 0.0) + self.epsilon  # rounding may leave less
        move = rate * gradient / F.sqrt(below)
        if self.momentum:
            move = moved["momentum"] = slots["momentum"] * self.momentum + move
        return weight - move, moved

    def slot_variables(self) -> list[Variable]:
        slots = super().slot_variables()  # files keep one kind of slot after the other
        return [v for name in self.slot_names for v in slots if v.name == name]
