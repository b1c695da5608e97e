"""The doctor's benchmark on a network that fits into a second, and one that refuses: for child processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from songkit.doctor import bench
from songkit.errors import MissingError
from songkit.progress import Progress


def measure(values: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    bench.BASE = replace(bench.BASE, dim=64, heads=4, ff_mult=2, text_dim=32, conv_layers=1, mel_dim=16, max_frames=128)
    return bench.measure(values, progress)


def refuse(values: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    raise MissingError("there is no such device")
