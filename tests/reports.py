"""Results to report on: real ones where they are quick to make, and stand-ins of the same shape where they are not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from songkit.analysis import Analysis, Finding, analyze
from songkit.audio import Audio
from songkit.blocks import AudioSource
from songkit.chains import Chain
from songkit.deliver import Check
from songkit.generate.contract import Request, Take
from songkit.targets import Target
from tests import signals

HOSTILE = '<script>alert("x")</script> & \x1b[31m\udcff.wav'
"""A file name that would break a page, colour a terminal, and cannot be written as UTF-8."""


@cache
def song() -> Analysis:
    """A short song, every meter."""
    return analyze(AudioSource(signals.song(seconds=12)))


@cache
def tiny() -> Analysis:
    """Three samples: nearly every figure is undefined, with a reason."""
    return analyze(AudioSource(Audio(np.full((1, 3), 0.5, np.float32), 8000)))


@cache
def nothing() -> Analysis:
    """A file of no length."""
    return analyze(AudioSource(Audio(np.zeros((2, 0), np.float32), 48_000)))


@cache
def silent() -> Analysis:
    return analyze(AudioSource(signals.silence(4.0)))


@cache
def partly() -> Analysis:
    """What delivery measures."""
    return analyze(AudioSource(signals.song(seconds=6)), meters=("levels", "peaks", "loudness"))


def with_findings(analysis: Analysis | None = None) -> Analysis:
    """Thirty clipped places, an error that concerns the whole file, and a note."""
    clipped = tuple(
        Finding(
            "clipped", "warning", f"flat tops at {at}", "declip", start_seconds=0.3 * at, end_seconds=0.3 * at + 0.1
        )
        for at in range(30)
    )
    error = Finding("noise-only", "error", "flatness 0.9 <b>", "generate again")
    note = Finding("cutoff", "info", "ends at 16 kHz", "use the original")
    return replace(analysis or song(), findings=(error, *clipped, note))


def named(analysis: Analysis, path: str) -> Analysis:
    return replace(analysis, format=replace(analysis.format, path=path, container="wav", bit_depth=24))


def check(*, passed: bool = True) -> Check:
    return Check("loudness_error_lu", 0.02 if passed else 1.4, None, 0.3)


def delivered(name: str = "in.master.wav", **changes: Any) -> Any:
    values: dict[str, Any] = {
        "path": Path("/out") / name,
        "target": Target(format="wav", bit_depth=24),
        "analysis": named(partly(), f"/out/{name}"),
        "checks": (check(),),
        "notes": ("folded to stereo",),
        "facts": (
            {
                "step": 4,
                "name": "loudness",
                "gain_db": 5.066,
                "reduction_history_db": [0.0, 1.5, 0.4] * 20,
                "bounded_by": None,
            },
        ),
        "shortfall": None,
        "sha256": "ab" * 32,
        "passed": True,
    }
    return SimpleNamespace(**{**values, **changes})


def master(*outputs: Any, source: str = "in.wav", **changes: Any) -> Any:
    outputs = outputs or (delivered(),)
    values: dict[str, Any] = {
        "source": Path(source),
        "chain": Chain.load("streaming"),
        "before": named(partly(), source),
        "outputs": outputs,
        "facts": (
            {"step": 1, "name": "highpass"},
            {"step": 2, "name": "eq", "skipped": "changes nothing"},
            {"step": 3, "name": "compressor", "max_reduction_db": 3.2},
        ),
        "warnings": (),
        "passed": all(output.passed for output in outputs),
    }
    return SimpleNamespace(**{**values, **changes})


def take(seed: int, state: str = "valid", analysis: Analysis | None = None, reasons: tuple[str, ...] = ()) -> Any:
    return SimpleNamespace(
        seed=seed,
        state=state,
        reasons=reasons,
        take=Take(seed, Path(f"seed-{seed}/take.wav"), {"key": "C minor", "tempo_bpm": 92.0}) if analysis else None,
        analysis=analysis,
        score=analysis.score if analysis else None,
        reused=False,
    )


def run(*, mastered: Any = None, title: str = "Harbour lights", **changes: Any) -> Any:
    takes = (
        take(1, analysis=song()),
        take(2**62, "failed", reasons=("in stage 'render': ended by signal 9",)),
        take(3, "rejected", with_findings(), ("not-noise: spectral flatness 0.9",)),
    )
    record = {"analysis": {"loudness": {"integrated_lufs": -14.04}, "peaks": {"true_peak_dbtp": -1.02}}}
    file = SimpleNamespace(
        path=Path("runs/x/song/in.master.wav"), sha256="cd" * 32, record=record, failed_checks=(), shortfall=None
    )
    order = SimpleNamespace(
        request=Request(12.0, "pop"),
        generator=SimpleNamespace(name="sketch", version="1", about="rule-based composer and synthesiser"),
        why="no weights here",
        chain=Chain.load("radio"),
        title=title,
    )
    values: dict[str, Any] = {
        "order": order,
        "folder": Path("runs/x"),
        "takes": takes,
        "winner": takes[0],
        "delivered": (file,),
        "warnings": ("seed 2 failed",),
        "mastered": mastered,
    }
    return SimpleNamespace(**{**values, **changes})
