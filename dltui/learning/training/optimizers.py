"""The steps of SGD and Adam, byte for byte those of torch.optim.

torch.optim's own import torch's compiler at their first use, some 900 modules: near half of the warm-up of a start.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


class Optimizer:
    """Moves parameters along their gradients, and remembers for each what its rule needs."""

    def __init__(self, parameters: Iterable[torch.Tensor], rate: float) -> None:
        self._parameters = list(parameters)
        self._rate = rate

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        for index, parameter in enumerate(self._parameters):
            if parameter.grad is not None:
                self._move(index, parameter, parameter.grad)

    def _move(self, index: int, parameter: torch.Tensor, gradient: torch.Tensor) -> None:
        raise NotImplementedError


class Sgd(Optimizer):
    """Stochastic gradient descent with momentum."""

    def __init__(self, parameters: Iterable[torch.Tensor], rate: float, momentum: float) -> None:
        super().__init__(parameters, rate)
        self._momentum = momentum
        self._velocity: dict[int, torch.Tensor] = {}

    def _move(self, index: int, parameter: torch.Tensor, gradient: torch.Tensor) -> None:
        if self._momentum:
            if index in self._velocity:
                self._velocity[index].mul_(self._momentum).add_(gradient)
            else:
                self._velocity[index] = gradient.clone()
            gradient = self._velocity[index]
        parameter.add_(gradient, alpha=-self._rate)


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015) with torch's default constants."""

    def __init__(self, parameters: Iterable[torch.Tensor], rate: float) -> None:
        super().__init__(parameters, rate)
        self._means: dict[int, tuple[torch.Tensor, torch.Tensor, list[int]]] = {}

    def _move(self, index: int, parameter: torch.Tensor, gradient: torch.Tensor) -> None:
        if index not in self._means:
            self._means[index] = torch.zeros_like(parameter), torch.zeros_like(parameter), [0]
        mean, square, steps = self._means[index]
        steps[0] += 1
        mean.lerp_(gradient, 1 - _BETA_1)
        square.mul_(_BETA_2).addcmul_(gradient, gradient, value=1 - _BETA_2)
        scale = (1 - _BETA_2 ** steps[0]) ** 0.5
        denominator = (square.sqrt() / scale).add_(_EPSILON)
        parameter.addcdiv_(mean, denominator, value=-(self._rate / (1 - _BETA_1 ** steps[0])))
