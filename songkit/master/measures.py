"""What "how loud" means to the loudness step: a number from the mean squares of 10 ms, or None: undefined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from songkit.analysis.loudness import Energies, integrated_lufs, to_lufs, windows


@dataclass(frozen=True, slots=True)
class Measure:
    """`lufs` takes the K-weighted mean squares of a programme, one per 10 ms; `needs` says what it is undefined for."""

    name: str
    needs: str
    lufs: Callable[[Energies], float | None]


def _integrated(sub_blocks: Energies) -> float | None:
    # Gating blocks begin every 100 ms: sums over these come first, a tenth as many.
    tenths = sub_blocks[: len(sub_blocks) // 10 * 10].reshape(-1, 10).sum(axis=1)
    return integrated_lufs(windows(tenths, 4) / 40)


def _short_term_max(sub_blocks: Energies) -> float | None:
    loudest = float(windows(sub_blocks, 300).max(initial=0.0)) / 300
    return to_lufs(loudest) if loudest > 0.0 else None


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("integrated", "gated loudness needs 0.4 s above -70 LUFS", _integrated),
        Measure("short_term_max", "short-term loudness needs 3 s", _short_term_max),
    )
}
INTEGRATED = MEASURES["integrated"]


def of_the_loudest(measure: Measure, ends_seconds: Sequence[float]) -> Measure:
    """The same for the loudest of the parts that end at these times."""
    ends = [round(end * 100) for end in ends_seconds]

    def lufs(sub_blocks: Energies) -> float | None:
        parts = zip([0, *ends], ends, strict=False)
        found = [measure.lufs(sub_blocks[start:end]) for start, end in parts]
        return max((value for value in found if value is not None), default=None)

    return Measure(measure.name, measure.needs, lufs)
