"""What a delivery gives back: every file with its figures, checks and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from songkit.analysis import Analysis
from songkit.chains import Chain
from songkit.errors import QualityError
from songkit.provenance import Record
from songkit.targets import Target


@dataclass(frozen=True, slots=True)
class Check:
    """One figure of a delivered file against its bounds."""

    name: str
    value: float | None
    minimum: float | None
    maximum: float | None

    @property
    def passed(self) -> bool:
        if self.value is None:
            return False
        return (self.minimum is None or self.value >= self.minimum) and (
            self.maximum is None or self.value <= self.maximum
        )

    def __str__(self) -> str:
        bounds = [
            f"{word} {bound:g}"
            for word, bound in (("at least", self.minimum), ("at most", self.maximum))
            if bound is not None
        ]
        value = "undefined" if self.value is None else f"{self.value:.2f}"
        return f"{self.name} is {value}, wanted {' and '.join(bounds)}"


@dataclass(frozen=True, slots=True)
class Delivered:
    """A file that was written, read back and measured."""

    path: Path
    target: Target
    analysis: Analysis
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    """What was converted or kept back on the way into the codec."""
    facts: tuple[Mapping[str, Any], ...]
    """What each step of the tail found: drive, reduction, shortfall."""
    shortfall: str | None
    """How far the file is short of the asked loudness, in words; None where it was met."""
    sha256: str
    record: Record
    """How the file was made; in its tags, too, unless that was asked to be left out."""
    reused: bool = False
    """Whether it was found done, and not made now."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each thing that the listener should know of this file."""
        told = [line for fact in self.facts for line in fact.get("warnings", ())]
        return (*self.notes, *told, *([self.shortfall] if self.shortfall else []))

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        checks = [{**asdict(check), "passed": check.passed} for check in self.checks]
        return {
            "path": str(self.path),
            "sha256": self.sha256,
            "target": self.target.model_dump(mode="json"),
            "analysis": self.analysis.to_dict(),
            "checks": checks,
            "steps": list(self.facts),
            "notes": list(self.notes),
            "shortfall": self.shortfall,
            "reused": self.reused,
            "provenance": self.record.model_dump(mode="json", exclude_defaults=True),
        }


@dataclass(frozen=True, slots=True)
class MasterResult:
    """What one call of `master_file` did."""

    source: Path
    chain: Chain
    before: Analysis
    outputs: tuple[Delivered, ...]
    facts: tuple[Mapping[str, Any], ...]
    """What each step of the head found."""
    warnings: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return all(output.passed for output in self.outputs)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return {
            "source": str(self.source),
            "chain": {"name": self.chain.name, "hash": self.chain.hash},
            "before": self.before.to_dict(),
            "steps": list(self.facts),
            "outputs": [output.to_dict() for output in self.outputs],
            "warnings": list(self.warnings),
            "passed": self.passed,
        }


@dataclass(frozen=True, slots=True)
class AlbumFigures:
    """The files of one target as one programme: `loudest` is the track that the target was set by."""

    target: Target
    lufs: float | None
    """Gated over all tracks."""
    true_peak_dbtp: float | None
    loudest: Path
    loudest_lufs: float | None

    def __str__(self) -> str:
        def said(value: float | None, unit: str) -> str:
            return "undefined" if value is None else f"{value:.1f} {unit}"

        return (
            f"album ({self.target.suffix[1:]}): {said(self.lufs, 'LUFS')} over all tracks, loudest "
            f"{self.loudest.name} {said(self.loudest_lufs, 'LUFS')}, {said(self.true_peak_dbtp, 'dBTP')}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return asdict(self) | {"target": self.target.model_dump(mode="json"), "loudest": str(self.loudest)}


@dataclass(frozen=True, slots=True)
class AlbumResult:
    """What one call of `master_album` did: every track with its files, and the album of each target."""

    tracks: tuple[MasterResult, ...]
    albums: tuple[AlbumFigures, ...]

    @property
    def passed(self) -> bool:
        return all(track.passed for track in self.tracks)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return {
            "albums": [album.to_dict() for album in self.albums],
            "tracks": [track.to_dict() for track in self.tracks],
            "passed": self.passed,
        }


class DeliveryError(QualityError):
    """A delivered file missed a check; `result` says which, with all figures. The files are there."""

    def __init__(self, message: str, hint: str, result: MasterResult | AlbumResult) -> None:
        super().__init__(message, hint)
        self.result = result

    def __reduce__(self) -> tuple[type[DeliveryError], tuple[str, str, MasterResult | AlbumResult]]:
        return type(self), (self.message, self.hint, self.result)
