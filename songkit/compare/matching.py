"""Two sources of one rate, walked through side by side: first to line them up, then to measure what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from songkit.audio import Format, Samples
from songkit.blocks import BLOCK_FRAMES, Source
from songkit.progress import Progress, watched
from songkit.units import seconds_to_frames

if TYPE_CHECKING:
    from songkit.dsp.alignment import Shift
    from songkit.dsp.long_term import Spectrum

Fold = Callable[[Samples], Samples]

MOST_SHIFT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Products:
    """Sums over the frames that both have: squares of each and their product, one value per channel; both spectra."""

    first: npt.NDArray[np.float64]
    second: npt.NDArray[np.float64]
    cross: npt.NDArray[np.float64]
    first_spectrum: Spectrum
    second_spectrum: Spectrum
    equal: bool
    """Whether every sample that was compared is the same."""


def find_shift(first: Source, second: Source, fold: Fold, channels: int, progress: Progress) -> Shift:
    """How far the second is behind the first."""
    from songkit.dsp.alignment import Correlator

    most = seconds_to_frames(MOST_SHIFT_SECONDS, first.format.sample_rate)
    correlator = Correlator(channels, most, max(first.frames or most, second.frames or most))
    size = correlator.chunk_frames
    chunks = zip(
        rechunked(map(fold, watched(first, progress, "lining up")), size),
        rechunked(map(fold, second.blocks()), size),
        strict=False,
    )
    for one, other in chunks:
        correlator.push(one, other)
    return correlator.result()


def products(first: Source, second: Source, fold: Fold, channels: int, shift: Shift, progress: Progress) -> Products:
    """Sums over the frames that both have, once the second is moved back by the shift."""
    from songkit.dsp.alignment import Delay
    from songkit.dsp.long_term import LongTermMeter

    compared = first.format if channels == first.format.channels else Format(first.format.sample_rate, ("FC",))
    meters = [LongTermMeter(compared), LongTermMeter(compared)]
    delays = [Delay(shift.fraction, channels), Delay(0.0, channels)] if shift.fraction else []
    sums = np.zeros((3, channels))
    equal = True
    ones = rechunked(skipped(map(fold, watched(first, progress, "comparing")), max(0, -shift.frames)), BLOCK_FRAMES)
    others = rechunked(skipped(map(fold, second.blocks()), max(0, shift.frames)), BLOCK_FRAMES)
    for one, other in zip(ones, others, strict=False):
        frames = min(one.shape[1], other.shape[1])
        pair: list[npt.NDArray[np.float64]] = [one[:, :frames].astype(np.float64), other[:, :frames].astype(np.float64)]
        equal = equal and np.array_equal(pair[0], pair[1])
        for meter, part in zip(meters, (one, other), strict=True):
            meter.push(np.ascontiguousarray(part[:, :frames]))
        if delays:
            pair = [delay.push(part.astype(np.float32)) for delay, part in zip(delays, pair, strict=True)]
        for row, (a, b) in enumerate(((0, 0), (1, 1), (0, 1))):
            sums[row] += np.einsum("cf,cf->c", pair[a], pair[b])
    return Products(sums[0], sums[1], sums[2], meters[0].result(), meters[1].result(), equal and not shift.fraction)


def rechunked(blocks: Iterable[Samples], size: int) -> Iterator[Samples]:
    """The same frames in blocks of `size`, the last one shorter."""
    waiting: list[Samples] = []
    have = 0
    for block in blocks:
        while block.shape[1]:
            part, block = block[:, : size - have], block[:, size - have :]
            waiting.append(part)
            have += part.shape[1]
            if have == size:
                yield np.concatenate(waiting, axis=1)
                waiting, have = [], 0
    if waiting:
        yield np.concatenate(waiting, axis=1)


def skipped(blocks: Iterable[Samples], frames: int) -> Iterator[Samples]:
    """Without the first `frames`."""
    for block in blocks:
        cut = min(frames, block.shape[1])
        frames -= cut
        if cut < block.shape[1]:
            yield block[:, cut:]
