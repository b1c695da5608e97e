"""An analysis against an earlier one, from the JSON that `songkit analyze --json` wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from songkit.analysis.figures import figure_names
from songkit.errors import UsageError

if TYPE_CHECKING:
    from songkit.analysis.result import Analysis

# What two passes over the same samples may differ by, from one machine to another.
TOLERANCE = 0.005
_LISTS = ("format.layout", "format.notes")


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is not what it was: its dotted path, then and now (None: undefined)."""

    path: str
    before: float | None
    now: float | None

    @property
    def message(self) -> str:
        """One line."""
        told = ["undefined" if value is None else f"{value:.4g}" for value in (self.before, self.now)]
        change = "" if self.before is None or self.now is None else f" ({self.now - self.before:+.3g})"
        return f"{self.path} was {told[0]}, is {told[1]}{change}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Compared:
    """Figures that changed, findings that appeared and that went away (by code and number)."""

    figures: tuple[Difference, ...]
    new_findings: tuple[str, ...]
    gone_findings: tuple[str, ...]

    @property
    def same(self) -> bool:
        return not (self.figures or self.new_findings or self.gone_findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "same": self.same,
            "figures": [difference.to_dict() for difference in self.figures],
            "new_findings": list(self.new_findings),
            "gone_findings": list(self.gone_findings),
        }


LARGEST_BYTES = 256 << 20
"""Analyses of some thousand files."""


def load_baseline(path: Path) -> list[dict[str, Any]]:
    """The analyses in a file of `songkit analyze --json`. Raises UsageError when it is not one."""
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is not a regular file", "a pipe or a device may never end: save it first")
        if path.stat().st_size > LARGEST_BYTES:
            raise UsageError(f"{path}: {path.stat().st_size} bytes: no baseline is so large")
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is no JSON: {error}", "write one with `songkit analyze FILE --json`") from error
    entries = values if isinstance(values, list) else [values]
    kept = [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("format"), dict)]
    if not kept:
        raise UsageError(f"{path} holds no analysis", "write one with `songkit analyze FILE --json`")
    return kept


def entry_for(entries: list[dict[str, Any]], path: Path) -> dict[str, Any]:
    """The earlier analysis of this file: by path, else by name, else the only one. Raises UsageError without any."""
    by_path = [entry for entry in entries if entry["format"].get("path") == str(path)]
    by_name = [entry for entry in entries if Path(str(entry["format"].get("path"))).name == path.name]
    found = by_path or by_name or (entries if len(entries) == 1 else [])
    if not found:
        raise UsageError(f"the baseline has no analysis of {path}")
    return found[0]


def compare(analysis: Analysis, before: Mapping[str, Any]) -> Compared:
    """What changed since `before`, in the order of the figures' names."""
    now = analysis.to_dict()
    then_codes, now_codes = _codes(before), _codes(now)
    return Compared(
        tuple(_differences(before, now)),
        tuple(code for code in now_codes if now_codes[code] > then_codes.get(code, 0)),
        tuple(code for code in then_codes if then_codes[code] > now_codes.get(code, 0)),
    )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for path in sorted(figure_names()):
        if path in _LISTS or path.startswith("findings"):
            continue
        known, then = _value(before, path)
        _, current = _value(now, path)
        if not known:  # an older songkit did not measure it
            continue
        if then is None or current is None:
            changed = then is not current
        else:
            changed = abs(then - current) > TOLERANCE * max(1.0, abs(then))
        if changed:
            yield Difference(path, then, current)


def _value(values: Any, path: str) -> tuple[bool, float | None]:
    """Whether something stands at a dotted path, and the number there; lists count their entries."""
    for name in path.split("."):
        if values is None:
            return True, None
        if not isinstance(values, Mapping) or name not in values:
            return False, None
        values = values[name]
    if isinstance(values, list):
        return True, float(len(values))
    return True, float(values) if isinstance(values, bool | int | float) else None


def _codes(values: Mapping[str, Any]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for finding in values.get("findings") or []:
        code = str(finding.get("code"))
        counts[code] = counts.get(code, 0) + 1
    return counts
