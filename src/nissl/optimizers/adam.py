"""Adam: steps scaled by running moments of the gradient."""

from __future__ import annotations

from collections.abc import Mapping

from nissl.arguments import flag, number
from nissl.core import functions as F
from nissl.core.tensor import Tensor
from nissl.core.variable import Variable
from nissl.optimizers.base import Optimizer, registry
from nissl.settings import setting

__all__ = ["Adam"]


@registry.add()
class Adam(Optimizer):
    """Adaptive moment estimation (Kingma and Ba 2015, algorithm 1, in the form of section 2's end).

    ``m <- b1 m + (1-b1) g``, ``v <- b2 v + (1-b2) g^2``,
    ``w <- w - eta sqrt(1-b2^t)/(1-b1^t) m / (sqrt(v) + eps)``; ``eps`` is the paper's epsilon-hat.

    Args:
        learning_rate: eta.
        beta_1, beta_2: decay of the two moments, 0 to below 1.
        epsilon: keeps the division finite, above 0.
        amsgrad: divide by the largest ``v`` so far (Reddi et al. 2018, algorithm 2).
        kwargs: see :class:`Optimizer`.
    """

    beta_1: float = setting(number, default=0.9, least=0, below=1)
    beta_2: float = setting(number, default=0.999, least=0, below=1)
    epsilon: float = setting(number, default=1e-7, least=0, most=1)
    amsgrad: bool = setting(flag, default=False, fixed=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.slot_names = ("momentum", "velocity", "velocity_hat")[: 3 if self.amsgrad else 2]

    def step(
        self,
        weight: Tensor,
        gradient: Tensor,
        slots: Mapping[str, Tensor],
        rate: Tensor,
        t: Tensor,
    ) -> tuple[Tensor, Mapping[str, Tensor]]:
        correction = F.sqrt(1 - F.pow(self.beta_2, t)) / (1 - F.pow(self.beta_1, t))
        m = slots["momentum"] + (gradient - slots["momentum"]) * (1 - self.beta_1)
        v = slots["velocity"] + (F.square(gradient) - slots["velocity"]) * (1 - self.beta_2)
        moved = {"momentum": m, "velocity": v}
        if self.amsgrad:
            v = F.maximum(slots["velocity_hat"], v)
            moved["velocity_hat"] = v
        return weight - rate * correction * m / (F.sqrt(v) + self.epsilon), moved

    def slot_variables(self) -> list[Variable]:
        slots = super().slot_variables()
        if not self.amsgrad:
            return slots
        hats = [v for v in slots if v.name == "velocity_hat"]  # files keep them at the end
        return [v for v in slots if v.name != "velocity_hat"] + hats
