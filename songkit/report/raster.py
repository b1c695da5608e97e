"""Grids of numbers as small pictures: a scale of colours whose brightness grows with the value, and a PNG writer."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import numpy.typing as npt

from songkit.report.markup import Markup

Grid = npt.NDArray[np.float64]

# Dark violet over red to pale yellow: told apart without colour vision, on paper and in print by brightness alone.
_ANCHORS = (
    (0.00, (13, 11, 30)),
    (0.22, (52, 20, 92)),
    (0.45, (132, 32, 107)),
    (0.65, (207, 66, 75)),
    (0.82, (246, 140, 44)),
    (1.00, (252, 248, 178)),
)
STEPS = 48
"""Colours of the scale; few of them make a small file, and steps of 2 dB cannot be told apart anyway."""


def colours() -> list[tuple[int, int, int]]:
    """The scale from the lowest to the highest value, as red, green, blue."""
    places = np.linspace(0.0, 1.0, STEPS)
    channels = [np.interp(places, [at for at, _ in _ANCHORS], [rgb[each] for _, rgb in _ANCHORS]) for each in range(3)]
    return [(round(red), round(green), round(blue)) for red, green, blue in zip(*channels, strict=True)]


def picture(shares: Grid) -> Markup:
    """A grid of shares from 0 to 1, `(rows, columns)` with the top row first, as the address of an embedded PNG."""
    indices = np.clip(np.rint(shares * (STEPS - 1)), 0, STEPS - 1).astype(np.uint8)
    return Markup("data:image/png;base64," + base64.b64encode(_png(indices)).decode("ascii"))


def legend() -> Markup:
    """The scale itself, from left to right."""
    return picture(np.linspace(0.0, 1.0, STEPS)[np.newaxis])


def _png(indices: npt.NDArray[np.uint8]) -> bytes:
    """An 8-bit PNG with a palette (W3C PNG, third edition); every row unfiltered, as suits palettes."""
    rows, columns = indices.shape
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    palette = b"".join(bytes(colour) for colour in colours())
    lines = np.hstack([np.zeros((rows, 1), np.uint8), indices]).tobytes()
    parts = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_part(name, data) for name, data in parts)


def _part(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
