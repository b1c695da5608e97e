"""How a seed decides: one hashed random stream per decision, and permutations for the big discrete choices.

Plain draws collide (three of the first four seeds once took the same key). So a choice from a list is made by a
permutation that is keyed by the subject (style and lyrics) and indexed by the seed: consecutive seeds take different
options by construction. Continuous choices walk the interval in golden-ratio steps for the same reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

# Irrational steps of the additive recurrence that stay far from simple fractions: the golden ratio, the root of 2, and
# the golden ratio's neighbour. A name picks one, so that two quantities do not move in lockstep over seeds.
_STEPS = (0.6180339887498949, 0.41421356237309515, 0.7236067977499789)


def _hashed(*words: object) -> int:
    text = "\x1f".join(str(word) for word in words)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


class Decisions:
    """All choices of one take. `subject` is what seeds share, `seed` is 0 to 2**63 - 1."""

    def __init__(self, subject: str, seed: int) -> None:
        self.subject = subject
        self.seed = seed

    def stream(self, name: str) -> np.random.Generator:
        """A random stream of its own for the decision `name`."""
        return np.random.Generator(np.random.PCG64(_hashed(self.subject, self.seed, name)))

    def pick(self, name: str, options: Sequence[T]) -> T:
        """One of `options`; any `len(options)` consecutive seeds take each of them once."""
        order = np.random.Generator(np.random.PCG64(_hashed(self.subject, name))).permutation(len(options))
        return options[int(order[self.seed % len(options)])]

    def draw(self, name: str, low: float, high: float) -> float:
        """A number of `[low, high)`; consecutive seeds are spread over the interval."""
        key = _hashed(self.subject, name)
        step = _STEPS[key % len(_STEPS)]
        # The seed is reduced first: beyond 2**53 a product of floats would lose the fraction.
        place = (key / 2**64 + (self.seed % 1_000_003) * step) % 1.0
        return low + (high - low) * place
