"""Finding the drive into the limiter: a small model of the programme, and real runs that correct it.

The programme is kept as cells of a millisecond or more: K-weighted energy and inter-sample peak. On cells the limiter's
own gain follower takes milliseconds for a whole song, and predicts the loudness within a few hundredths; every real
run tells by how much the model was off. Gated loudness is not monotone in drive (blocks cross the gates), so the
drive is searched by walking, not by trusting the sign of a difference.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from songkit.analysis.loudness import channel_weights, to_lufs
from songkit.audio import Samples
from songkit.blocks import Source
from songkit.dsp.gain_follower import GainFollower, Pace
from songkit.dsp.kweighting import KWeightedEnergy
from songkit.dsp.limit import AIM, DOUBT
from songkit.dsp.truepeak import Floats, Hops, Scanner, TruePeakMeter
from songkit.master.measures import INTEGRATED, Measure
from songkit.units import db_to_gain, gain_to_db

Energies = npt.NDArray[np.float64]

MAX_CELLS = 1_000_000
CELLS_PER_SECOND = (1000, 500, 200, 100)  # whole numbers of cells in the 10 ms of the loudness meter
SMOOTHING_SECONDS = 0.05
AT_ONCE = 2**16  # cells looked at together

STEP_DB = 0.5
MAX_DRIVE_OVER_DB = 40.0  # how far above the gain without a limiter the search goes
FINEST_DB = 0.002
CLOSE_DB = 0.0005  # nearer than that the search does not look
LEARNT_WITHIN_DB = 3.0  # how far around a real run its lesson goes on


def cells_per_second(frames: int | None, sample_rate: int) -> int:
    """The finest grid that keeps the programme within a million cells; 10 ms is the coarsest."""
    seconds = (frames or 0) / sample_rate
    return next((rate for rate in CELLS_PER_SECOND if seconds * rate <= MAX_CELLS), CELLS_PER_SECOND[-1])


@dataclass(frozen=True, slots=True)
class Level:
    """How loud: by the measure that was asked where that is defined (`gated`), else by the energy of the whole."""

    lufs: float
    gated: bool


@dataclass(frozen=True, slots=True)
class Programme:
    """K-weighted energies per cell (sums of weighted squares), how many frames they count, and the highest sample."""

    energies: Energies
    per_second: int
    rate: int
    frames: int
    total: float
    peak: float
    measure: Measure = INTEGRATED

    def level(self, gains: npt.NDArray[np.floating] | float = 1.0) -> Level:
        """Loudness with these gains (one per cell, or one for all)."""
        energies = self.energies * gains
        energies *= gains
        group = self.per_second // 100
        whole = len(energies) // group * group
        sub_blocks = energies[:whole].reshape(-1, group).sum(axis=1)
        sub_blocks *= 100.0 / self.rate
        gated = self.measure.lufs(sub_blocks)
        if gated is not None:
            return Level(gated, gated=True)
        # The cell that is still open at the end counts here: take it with the gain of the last one.
        last = float(gains if np.ndim(gains) == 0 else np.asarray(gains)[-1] if len(energies) else 1.0)
        total = float(energies.sum()) + (self.total - float(self.energies.sum())) * last**2
        return Level(to_lufs(total / max(1, self.frames)), gated=False)

    @property
    def seconds(self) -> float:
        return self.frames / self.rate

    def plain(self, gain_db: float) -> Outcome:
        """What gain alone leads to."""
        return Outcome(self.level(db_to_gain(gain_db)), 0.0)

    def gain_for(self, target_lufs: float) -> float:
        """The plain gain in dB that brings the programme to the target, or as near as the gates let it."""
        gain_db = 0.0
        for _ in range(8):  # the absolute gate may let more blocks in as the gain goes up
            error = target_lufs - self.level(db_to_gain(gain_db)).lufs
            gain_db += error
            if abs(error) < 1e-4:
                break
        return gain_db


class EnergyMeter:
    """Collects the K-weighted energies of a stream, cell by cell."""

    def __init__(self, source: Source, measure: Measure = INTEGRATED) -> None:
        self._measure = measure
        rate = source.format.sample_rate
        self._per_second = cells_per_second(source.frames, rate)
        self._energy = KWeightedEnergy(rate, channel_weights(source.format.layout), self._per_second)
        self._cells = array("d")

    def push(self, block: Samples) -> None:
        self._cells.frombytes(self._energy.push(block).tobytes())

    def result(self, peak: float = 0.0) -> Programme:
        self._cells.frombytes(self._energy.finish().tobytes())
        energy, cells, self._cells = self._energy, np.frombuffer(self._cells), array("d")
        return Programme(cells, self._per_second, energy.rate, energy.frames, energy.total, peak, self._measure)


def survey(source: Source, blocks: Iterator[Samples], measure: Measure = INTEGRATED) -> Programme:
    """One pass: energies and the highest sample."""
    energies, peak = EnergyMeter(source, measure), 0.0
    for block in blocks:
        energies.push(block)
        peak = max(peak, float(block.max(initial=0.0)), -float(block.min(initial=0.0)))
    return energies.result(peak)


def true_peak(source: Source, blocks: Iterator[Samples]) -> float:
    """One pass: the highest inter-sample peak."""
    meter = TruePeakMeter(source.format.channels)
    for block in blocks:
        meter.push(block)
    return meter.result().peak


def cell_peaks(source: Source, blocks: Iterator[Samples], per_second: int, threshold: float) -> Floats:
    """One pass: the limiter's inter-sample peak of each cell, exact from `threshold` on."""
    rate = source.format.sample_rate
    found: list[Floats] = []
    hops, scanner = Hops(source.format.channels), Scanner()
    carry = np.zeros(0, np.float32)
    done = 0

    def add(first: int, intervals: int, windows: Floats) -> None:
        nonlocal carry, done
        peaks = np.zeros(intervals, np.float32)
        scanner.raise_intervals(windows, threshold, peaks, doubt=DOUBT)
        peaks = np.concatenate([carry, peaks[max(0, -first) :]])
        begin = first + intervals - len(peaks)
        last = (first + intervals) * per_second // rate
        # Cell k ends at the frame nearest to (k + 1) cells, as the energies do.
        edges = (np.arange(done, last + 1) * rate + per_second // 2) // per_second - begin
        edges = edges[edges <= len(peaks)]
        if len(edges) > 1:
            found.append(np.maximum.reduceat(peaks[: edges[-1]], edges[:-1]))
            done += len(edges) - 1
            carry = peaks[edges[-1] :]
        else:
            carry = peaks

    for block in blocks:
        for hop in hops.push(block):
            add(*hop)
    add(*hops.finish())
    return np.concatenate([*found, carry.max(initial=0.0, keepdims=True)])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a drive leads to: loudness, and deepest reduction after 50 ms smoothing."""

    level: Level
    reduction_db: float


@dataclass(frozen=True, slots=True)
class Model:
    """The limiter on cells."""

    programme: Programme
    peaks: Floats
    ceiling: float
    pace: Pace

    def outcome(self, drive_db: float) -> Outcome:
        drive = db_to_gain(drive_db)
        follower = GainFollower(self.programme.per_second, aim=self.ceiling * AIM, drive=drive, pace=self.pace)
        late = follower.lookahead_frames
        count = len(self.programme.energies)
        if not count:  # shorter than a cell
            gain = min(drive, self.ceiling * AIM / float(self.peaks.max()))
            return Outcome(self.programme.level(gain), -gain_to_db(gain / drive))
        gains = np.empty(count + late, np.float32)
        follower.follow(np.pad(self.peaks, (0, late + 1))[: count + late], gains)
        gains = gains[late:]
        span = max(1, round(SMOOTHING_SECONDS * self.programme.per_second))
        lowest = _lowest_mean(np.pad(gains, (0, span - count), "edge") if count < span else gains, span)
        return Outcome(self.programme.level(gains), max(0.0, -gain_to_db(lowest / drive)))


def _lowest_mean(gains: Floats, span: int) -> float:
    """The lowest mean of `span` neighbours."""
    sums = np.zeros(len(gains) + 1)
    np.cumsum(gains, dtype=np.float64, out=sums[1:])
    starts = range(0, len(gains) - span + 1, AT_ONCE)
    pieces = (sums[start : start + AT_ONCE + span] for start in starts)
    return min(float(np.min(piece[span:] - piece[:-span])) for piece in pieces) / span


class Corrected:
    """A model that real runs correct: by how far it was off in the last one, and by how that changes with the drive."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._at_db = self._lufs_off = self._slope = self._reduction_off = 0.0
        self._runs = 0

    def __call__(self, drive_db: float) -> Outcome:
        guess = self._model.outcome(drive_db)
        beyond_db = min(LEARNT_WITHIN_DB, max(-LEARNT_WITHIN_DB, drive_db - self._at_db))
        reduction_db = max(0.0, guess.reduction_db + (self._reduction_off if guess.reduction_db else 0.0))
        return Outcome(
            Level(guess.level.lufs + self._lufs_off + self._slope * beyond_db, guess.level.gated), reduction_db
        )

    def learn(self, drive_db: float, outcome: Outcome) -> None:
        """What a real run at that drive came to."""
        guess = self._model.outcome(drive_db)
        lufs_off = outcome.level.lufs - guess.level.lufs
        if self._runs and drive_db != self._at_db:
            # Loudness rises by 0 to 1 dB per dB of drive, in the model as in truth (but at a gate).
            self._slope = min(1.0, max(-1.0, (lufs_off - self._lufs_off) / (drive_db - self._at_db)))
        self._at_db, self._lufs_off = drive_db, lufs_off
        self._reduction_off = outcome.reduction_db - guess.reduction_db
        self._runs += 1


def search(
    outcome: Callable[[float], Outcome], start_db: float, stop_db: float, target_lufs: float, max_reduction_db: float
) -> tuple[float, bool]:
    """The drive in dB whose loudness is nearest to the target, and whether the reduction's bound stands in the way.

    Walks up from `start_db` until the target is passed (and looks into the last step), until the bound, or to the end
    of the range: a loudness that falls at a gate and comes back is met too. Of equals the lowest drive is taken.
    """
    known: dict[float, Outcome] = {}

    def at(drive_db: float) -> Outcome:
        if drive_db not in known:
            known[drive_db] = outcome(drive_db)
        return known[drive_db]

    def too_much(drive_db: float) -> bool:
        return at(drive_db).reduction_db > max_reduction_db

    def too_loud(drive_db: float) -> bool:
        return at(drive_db).level.lufs > target_lufs

    def reach(high_db: float, over: Callable[[Outcome], float]) -> None:
        """Looks into the step below `high_db`, where `over` becomes positive: along the chord and halving in turn."""
        low_db = high_db - STEP_DB
        below, above = over(at(low_db)), over(at(high_db))
        by_chord = True
        while high_db - low_db > FINEST_DB:
            share = -below / (above - below) if by_chord and below < 0.0 < above else 0.5
            middle_db = low_db + min(0.98, max(0.02, share)) * (high_db - low_db)
            here = over(at(middle_db))
            if abs(here) <= CLOSE_DB:
                break
            low_db, below, high_db, above = (
                (low_db, below, middle_db, here) if here > 0.0 else (middle_db, here, high_db, above)
            )
            by_chord = not by_chord

    drive_db = start_db
    while (too_loud(drive_db) or too_much(drive_db)) and drive_db > start_db - MAX_DRIVE_OVER_DB:
        drive_db -= STEP_DB
    stop_db = min(stop_db, start_db + MAX_DRIVE_OVER_DB)
    bounded = False
    while not too_loud(drive_db) and not bounded and drive_db + STEP_DB <= stop_db:
        drive_db += STEP_DB
        bounded = too_much(drive_db)
    if bounded:  # to end within the bound, not just beyond it
        reach(drive_db, lambda found: found.reduction_db + CLOSE_DB - max_reduction_db)
    if too_loud(drive_db):
        reach(drive_db, lambda found: found.level.lufs - target_lufs)
    allowed = [each for each in sorted(known) if not too_much(each)] or [min(known)]
    best_db = min(allowed, key=lambda each: abs(at(each).level.lufs - target_lufs))
    return best_db, bounded
