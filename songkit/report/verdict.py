"""The answer before the reasons: one headline and one sentence for a file, a master, a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from songkit.analysis import Analysis
from songkit.report.grouped import WORDS, grouped
from songkit.report.results import Master, Takes
from songkit.report.wording import count, number

NOT_LOOKED_FOR = "Only a part of the meters ran; defects were not looked for."


@dataclass(frozen=True, slots=True)
class Verdict:
    """`level` is for colours alone; the words say the same."""

    level: Literal["good", "warning", "error"]
    headline: str
    detail: str


def of_analysis(analysis: Analysis) -> Verdict:
    kinds = grouped(analysis.findings)
    errors, warnings, notes = (sum(kind.severity == severity for kind in kinds) for severity in WORDS)
    told = [
        count(amount, word) for amount, word in zip((errors, warnings, notes), WORDS.values(), strict=True) if amount
    ]
    if errors:
        return Verdict("error", "Something is broken", f"{' and '.join(told)}: see below where, and what to do.")
    if warnings:
        return Verdict("warning", "Worth a look before it goes out", f"{' and '.join(told)}, nothing broken.")
    if not looked_for(analysis):
        return Verdict("good", "Measured", NOT_LOOKED_FOR)
    return Verdict(
        "good", "Nothing wrong was found", f"{' and '.join(told)}." if told else "Every detector came back empty."
    )


def looked_for(analysis: Analysis) -> bool:
    """Whether the meters ran that find defects."""
    return not (analysis.undefined.get("waveform") or analysis.undefined.get("defects.clipping"))


def of_master(result: Master) -> Verdict:
    files = count(len(result.outputs), "file")
    broken = [
        f"{output.path.name}: {check}" for output in result.outputs for check in output.checks if not check.passed
    ]
    short = [f"{output.path.name} is {output.shortfall}" for output in result.outputs if output.shortfall]
    if broken:
        return Verdict("error", "Delivered, but a check failed", "; ".join(broken) + ".")
    if short:
        return Verdict("warning", "Delivered, short of the target", "; ".join(short) + ".")
    checked = "; every check passed" if any(output.checks for output in result.outputs) else ""
    detail = f"{files} written through the chain {result.chain.name}, decoded again and measured{checked}."
    return Verdict("good", "Delivered and verified", detail)


def of_run(result: Takes) -> Verdict:
    states = [take.state for take in result.takes]
    told = ", ".join(f"{states.count(state)} {state}" for state in ("valid", "rejected", "failed") if state in states)
    points = "" if result.winner.score is None else f" with {number(result.winner.score.total)} of 100"
    delivered = f"{count(len(result.delivered), 'file')} delivered" if result.delivered else "nothing was mastered"
    detail = f"{count(len(states), 'take')} ({told}); {delivered}."
    broken = [f"{file.path.name}: {check}" for file in result.delivered for check in file.failed_checks]
    headline = f"Seed {result.winner.seed} wins{points}"
    if broken:
        return Verdict("error", headline, f"{detail} A check failed: {'; '.join(broken)}.")
    short = [f"{file.path.name} is {file.shortfall}" for file in result.delivered if file.shortfall]
    if short:
        return Verdict("warning", headline, f"{detail} {'; '.join(short)}.")
    return Verdict("good", headline, detail)
