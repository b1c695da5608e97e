"""A recording to be edited: as latents that the song keeps outside the segments, and as the samples that stay there.

As published, it is brought to -6 dBFS before it is encoded; the edited song gets its own level back, and outside the
segments it is the recording itself, not what encoding and decoding leave of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from songkit.audio import Encoding, Samples
from songkit.errors import SignalError
from songkit.files import AudioWriter, open_source, read_audio
from songkit.generate.diffrhythm import latents as latent_files
from songkit.generate.diffrhythm.decoded import FORMAT
from songkit.generate.diffrhythm.shape import FRAME_SAMPLES, SAMPLE_RATE
from songkit.generate.diffrhythm.vae import Vae
from songkit.progress import Progress
from songkit.units import db_to_gain, gain_to_db

LATENTS, AUDIO = "reference.safetensors", "reference.wav"
ENCODED_PEAK_DBFS = -6.0
SILENT_DBFS = -60.0
POSTERIOR_SEED = 0
"""Latents of a recording are a draw; the same for every seed, so that what is kept is the same, too."""
FADE_SAMPLES = 2048
"""46 ms at each end of a segment, within it."""

Segments = tuple[tuple[int, int], ...]
"""Latent frames to make anew, [start, end)."""


def encode(path: Path, vae: Vae, folder: Path, progress: Progress) -> tuple[float, list[str]]:
    """Writes the recording's latents and samples into `folder`; the gain in dB that brought it to its level, warnings.

    Raises InputError for a file that cannot be read, SignalError for one that is silent or not finite.
    """
    samples, warnings = _stereo(path)
    if not np.isfinite(samples).all():
        raise SignalError(f"encode: {path} holds samples that are not finite")
    peak_dbfs = gain_to_db(float(np.abs(samples).max(initial=0.0)))
    if peak_dbfs < SILENT_DBFS:
        raise SignalError(f"encode: {path} is silent (peak {peak_dbfs:.1f} dBFS)", "there is nothing in it to edit")
    gain_db = ENCODED_PEAK_DBFS - peak_dbfs
    posterior = vae.encode((samples * db_to_gain(gain_db)).astype(np.float32), progress)
    encoded = posterior.sample(POSTERIOR_SEED)
    latent_files.check(encoded, "encode")
    latent_files.save(folder / LATENTS, encoded)
    with AudioWriter(folder / AUDIO, FORMAT, Encoding("wav", "float32"), force=True) as writer:
        writer.push(samples)
        writer.close()
        writer.commit()
    return gain_db, warnings


def _stereo(path: Path) -> tuple[Samples, list[str]]:
    """The recording as float32 (2, samples) at 44.1 kHz; mono twice, of more channels the first two."""
    import soxr

    audio = read_audio(path)
    warnings = [f"{path.name}: only its first two of {audio.channels} channels are used"] if audio.channels > 2 else []
    samples = audio.samples[:2] if audio.channels > 1 else np.repeat(audio.samples, 2, axis=0)
    if audio.sample_rate != SAMPLE_RATE:
        samples = soxr.resample(samples.T, audio.sample_rate, SAMPLE_RATE, quality="VHQ").T
    return np.ascontiguousarray(samples, dtype=np.float32), warnings


@dataclass(slots=True)
class Splice:
    """Puts decoded segments into the recording: cross-faded within each segment, untouched outside."""

    recording: Path
    segments: Segments
    gain_db: float
    """What was added to the recording before it was encoded, and is taken off again."""

    def blocks(self, decoded: Iterable[Samples]) -> Iterator[Samples]:
        """The edited song, block by block as it is decoded, (2, n) each."""
        kept = read_audio(self.recording).samples
        position, gain = 0, np.float32(db_to_gain(-self.gain_db))
        for block in decoded:
            count = block.shape[1]
            old = kept[:, position : position + count]
            old = np.pad(old, ((0, 0), (0, count - old.shape[1])))
            new = self.share(position, count)
            yield np.where(new == 0.0, old, new * block * gain + (1.0 - new) * old).astype(np.float32)
            position += count

    def share(self, first: int, count: int) -> Samples:
        """How much of each of `count` samples from `first` on is made anew, 0 to 1: (count).

        A segment that begins with the song, or where the recording ends, needs no fade there.
        """
        places = np.arange(first, first + count)
        length = open_source(self.recording).frames
        share = np.zeros(count, dtype=np.float32)
        for start, end in self.segments:
            begins, ends = start * FRAME_SAMPLES, end * FRAME_SAMPLES
            rising = np.ones(count) if begins == 0 else (places - begins + 0.5) / FADE_SAMPLES
            falling = np.ones(count) if ends >= length else (ends - places - 0.5) / FADE_SAMPLES
            share = np.maximum(share, np.clip(np.minimum(rising, falling), 0.0, 1.0)).astype(np.float32)
        share[places >= length] = 1.0
        return share
