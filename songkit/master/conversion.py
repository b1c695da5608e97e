"""What brings a signal from one format to another: folded before it is resampled, because fewer channels cost less."""

from __future__ import annotations

from songkit.audio import Format
from songkit.master.downmix import Downmix
from songkit.master.processor import Processor
from songkit.master.resample import Resample


def conversion(given: Format, wanted: Format) -> tuple[Processor, ...]:
    """The steps from one format to the other; none where they agree."""
    steps: list[Processor] = []
    if given.layout != wanted.layout:
        steps.append(Downmix(layout=wanted.layout))
    if given.sample_rate != wanted.sample_rate:
        steps.append(Resample(sample_rate_hz=wanted.sample_rate))
    return tuple(steps)
