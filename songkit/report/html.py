"""Whole pages: one self-contained HTML file each, the verdict first, the same bytes for the same input.

Nothing is fetched, nothing runs: no script, no font, no picture from elsewhere, and a policy in the page
forbids it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template

from songkit.analysis import Analysis
from songkit.atomic import write_text
from songkit.report import master_parts, run_parts, sections
from songkit.report import verdict as verdicts
from songkit.report.markup import Markup, join, tag, text
from songkit.report.results import Master, Run
from songkit.report.wording import count, describe_signal
from songkit.version import __version__

RUN_PAGE = "report.html"

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
    return _page(
        f"Master of {result.source.name}", f"{describe_signal(result.before.format)}; chain {result.chain.name}", parts
    )


def run_page(result: Run) -> str:
    """The page of a run: all takes side by side, the winner in detail, its master."""
    order = result.order
    takes = f"{count(len(result.takes), 'take')} of {order.request.seconds:g} s"
    about = f"{takes} by {order.generator.name} {order.generator.version}; chain {order.chain.name}"
    parts = [sections.verdict(verdicts.of_run(result), *_main_figures(result)), *run_parts.parts(result)]
    return _page(order.title, about, parts)


def write_run_page(result: Run) -> Path:
    """The page of a run in its folder, written again as often as the run is. Raises OutputError."""
    path = result.folder / RUN_PAGE
    write_text(path, run_page(result), force=True)
    return path


def _main_figures(result: Run) -> tuple[Analysis | None, str]:
    """Those of what was delivered first, or else of the winning take; and which of the two it is."""
    if result.mastered is not None and result.mastered.outputs:
        output = result.mastered.outputs[0]
        return output.analysis, f"As delivered in {output.path.name}"
    return result.winner.analysis, f"The winning take, seed {result.winner.seed}, before mastering"


def _page(title: str, about: str, parts: list[Markup]) -> str:
    header = tag("header", tag("p", "songkit report", class_="kicker"), tag("h1", title), tag("p", about))
    terms = tag("dl", *(join([tag("dt", name), tag("dd", meaning)]) for name, meaning in GLOSSARY))
    footer = tag("footer", terms, tag("p", f"Measured with songkit {__version__}."))
    return _template().substitute(
        title=text(f"{title} – songkit report"), body=join([header, tag("main", *parts), footer])
    )


@cache
def _template() -> Template:
    return Template((Path(__file__).with_name("page.html")).read_text(encoding="utf-8"))
