"""Whole pages: one self-contained HTML file each, the verdict first, the same bytes for the same input.

Nothing is fetched, nothing runs: no script, no font, no picture from elsewhere, and a policy in the page that forbids it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template

from songkit.analysis import Analysis
from songkit.report import master_parts, run_parts, sections
from songkit.report import verdict as verdicts
from songkit.report.markup import Markup, join, tag, text
from songkit.report.results import Master, Run
from songkit.report.wording import count, describe_signal
from songkit.version import __version__

GLOSSARY = (
    ("LUFS, LU", "loudness as heard (ITU-R BS.1770-5), and differences of it; integrated means the whole programme"),
    ("dBTP", "true peak: the highest point of the wave between samples too; above 0 players and codecs clip"),
    ("LRA, PLR, DR", "loudness range (EBU Tech 3342); true peak over loudness; dynamic range by blocks of 3 s"),
    ("Correlation", "+1 both channels are the same, 0 unrelated, −1 inverted: such a part disappears in mono"),
)


def analysis_page(analysis: Analysis, title: str) -> str:
    """The page of `songkit analyze --html`."""
    return _page(
        title,
        describe_signal(analysis.format),
        [sections.verdict(verdicts.of_analysis(analysis), analysis), *sections.analysis_parts(analysis)],
    )


def master_page(result: Master) -> str:
    """The page of a master: before and after, checks, what each step did."""
    parts = [sections.verdict(verdicts.of_master(result)), *master_parts.parts(result)]
    return _page(f"Master of {result.source.name}", f"{describe_signal(result.before.format)}; chain {result.chain.name}", parts)


def run_page(result: Run) -> str:
    """The page of a run: all takes side by side, the winner in detail, its master."""
    order = result.order
    about = f"{count(len(result.takes), 'take')} of {order.request.seconds:g} s by {order.generator.name} {order.generator.version}"
    winner = result.winner.analysis
    parts = [sections.verdict(verdicts.of_run(result), winner), *run_parts.parts(result)]
    return _page(order.title, f"{about}; chain {order.chain.name}", parts)


def _page(title: str, about: str, parts: list[Markup]) -> str:
    header = tag("header", tag("p", "songkit report", class_="kicker"), tag("h1", title), tag("p", about))
    terms = tag("dl", *(join([tag("dt", name), tag("dd", meaning)]) for name, meaning in GLOSSARY))
    footer = tag("footer", terms, tag("p", f"Measured with songkit {__version__}."))
    return _template().substitute(title=text(f"{title} – songkit report"), body=join([header, tag("main", *parts), footer]))


@cache
def _template() -> Template:
    return Template((Path(__file__).with_name("page.html")).read_text(encoding="utf-8"))
