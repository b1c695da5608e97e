"""Float samples to the integer grid of a PCM file, exactly and counted."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from songkit.audio import Samples

IntegerDepth = Literal[16, 24, 32]


def to_integers(block: Samples, bits: IntegerDepth) -> tuple[npt.NDArray[np.int32], int]:
    """Nearest integers of `bits` bits and how many samples had to be clipped; shape `(channels, frames)` is kept.

    Full scale 1.0 is 2^(bits-1), so a value that came from such a file goes back to the very same integer. The
    highest code stands one step below full scale: exactly +1.0 takes it and is not counted as clipped.
    Samples must be finite.
    """
    scale = float(2 ** (bits - 1))
    # float64: 32-bit codes have no room in a float32
    scaled = np.rint(block.astype(np.float64) * scale)
    clipped = int(np.count_nonzero((scaled > scale) | (scaled < -scale)))
    return np.clip(scaled, -scale, scale - 1.0).astype(np.int32), clipped
