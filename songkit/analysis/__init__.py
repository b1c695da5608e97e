"""Observe, never change a sample: every meter in one streaming pass, findings, a score, QA profiles.

`METERS` is the table of what can be measured; `analyze` runs a source through it.
"""

from __future__ import annotations

from songkit.analysis.events import Events, Span
from songkit.analysis.findings import Finding
from songkit.analysis.result import Analysis
from songkit.analysis.run import METERS, analyze, analyze_file
from songkit.analysis.score import Gate, Score, Term

__all__ = ["METERS", "Analysis", "Events", "Finding", "Gate", "Score", "Span", "Term", "analyze", "analyze_file"]
