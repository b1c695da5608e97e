"""The `bext` chunk of a Broadcast WAVE file, from fields and figures that are known anyway.

EBU Tech 3285, version 2: fixed fields of 602 bytes, among them loudness and true peak in hundredths, then a line of
coding history. The date of origination stays empty (its zeros mean "not known"): the same work gives the same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from songkit.tags.model import Tags
from songkit.wave import FLOAT, WaveHeader

_FIXED = struct.Struct("<256s32s32s10s8sIIH64s5h180s")
_VERSION = 2
_UNDEFINED = 0x7FFF
_MODES = {1: "mono", 2: "stereo"}
# In the order of the chunk.
_FIGURES = (
    "songkit_integrated_lufs",
    "songkit_range_lu",
    "songkit_true_peak_dbtp",
    "songkit_momentary_max_lufs",
    "songkit_short_term_max_lufs",
)


def bext(tags: Tags, header: WaveHeader) -> bytes:
    """The chunk's body: title, songkit as originator, the key as its reference, the figures, the coding history."""
    history = _history(tags, header)
    fixed = _FIXED.pack(
        _ascii(tags.get("title") or tags.get("songkit_style")),
        _ascii(f"songkit {tags.get('songkit_version')}"),
        _ascii(tags.get("songkit_key")),
        b"", b"", 0, 0, _VERSION, b"",
        *(_hundredths(tags.get(name)) for name in _FIGURES),
        b"",
    )  # fmt: skip
    return fixed + history.encode("ascii", "replace") + b"\0"


def read_bext(body: bytes) -> Mapping[str, str]:
    """Description, originator, reference and the five figures in their own units, those that are said."""
    if len(body) < _FIXED.size:
        return {}
    values = _FIXED.unpack(body[: _FIXED.size])
    told = {
        name: raw.partition(b"\0")[0].decode("ascii", "replace")
        for name, raw in zip(("description", "originator", "originator_reference"), values[:3], strict=True)
    }
    if values[7] >= _VERSION:
        told |= {name: f"{value / 100:.2f}" for name, value in zip(_FIGURES, values[9:14], strict=True)
                 if value != _UNDEFINED}  # fmt: skip
    told["coding_history"] = body[_FIXED.size :].partition(b"\0")[0].decode("ascii", "replace").strip()
    return {name: value for name, value in told.items() if value}


def _history(tags: Tags, header: WaveHeader) -> str:
    """EBU R 98: one line for each coding, `A=` algorithm, `F=` rate, `W=` word length, `M=` mode, `T=` free text."""
    algorithm = "IEEE_FLOAT" if header.format_tag == FLOAT else "PCM"
    mode = _MODES.get(header.channels, "multitrack")
    chain = tags.get("songkit_chain") or tags.get("songkit_generator")
    text = f"songkit {tags.get('songkit_version')}" + (f"; {chain}" if chain else "")
    return f"A={algorithm},F={header.sample_rate},W={header.bits},M={mode},T={text.replace(',', ' ')}\r\n"


def _ascii(text: str) -> bytes:
    return " ".join(text.split()).encode("ascii", "replace")


def _hundredths(text: str) -> int:
    try:
        value = round(100.0 * float(text))
    except (ValueError, OverflowError):
        return _UNDEFINED
    return value if abs(value) < _UNDEFINED else _UNDEFINED
