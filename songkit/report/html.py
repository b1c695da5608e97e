"""Whole pages: one self-contained HTML file each, the verdict first, the same bytes for the same input.

Nothing is fetched: no script, no font, no picture, no sound from elsewhere, and a policy in the page forbids it. The
one script, of players, is named there by its hash; a page without a player has none. What can be heard and seen is
made from the files that the figures are of; where one cannot be read any more, the page says so and stands without.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from string import Template

from songkit.analysis import Analysis
from songkit.atomic import write_text
from songkit.progress import Progress, silent
from songkit.report import master_parts, run_parts, sections
from songkit.report import verdict as verdicts
from songkit.report.markup import Markup, join, tag, text
from songkit.report.material import gather, recordings
from songkit.report.players import Players
from songkit.report.results import Master, Run
from songkit.report.wording import count, describe_signal
from songkit.version import __version__

RUN_PAGE = "report.html"
STYLES = ("page.css", "player.css")
SCRIPTS = ("player.js", "blind.js", "timeline.js")

GLOSSARY = (
    ("LUFS, LU", "loudness as heard (ITU-R BS.1770-5), and differences of it; integrated means the whole programme"),
    ("dBTP", "true peak: the highest point of the wave between samples too; above 0 players and codecs clip"),
    ("LRA, PLR, DR", "loudness range (EBU Tech 3342); true peak over loudness; dynamic range by blocks of 3 s"),
    ("Correlation", "+1 both channels are the same, 0 unrelated, −1 inverted: such a part disappears in mono"),
)


def analysis_page(analysis: Analysis, title: str, progress: Progress = silent) -> str:
    """The page of `songkit analyze --html`."""
    about, path = describe_signal(analysis.format), analysis.format.path
    wanted = recordings([(title, path, analysis)])
    material = gather(wanted, [each.path for each in wanted], progress)
    players = Players(material)
    deck = players.deck("Player of the file", [(title, path, about)])
    look = next(iter(material.looks.values()), None)
    parts = [
        sections.verdict(verdicts.of_analysis(analysis), analysis),
        *([sections.section("Listen", deck)] if deck else []),
        *sections.analysis_parts(analysis, look),
    ]
    return players.embedded(_page(title, about, parts))


def master_page(result: Master, progress: Progress = silent) -> str:
    """The page of a master: source and files to hear, before and after, checks, what each step did."""
    wanted = recordings(master_parts.named(result))
    material = gather(wanted, [each.path for each in wanted[:2]], progress)
    players = Players(material)
    parts = [sections.verdict(verdicts.of_master(result)), *master_parts.parts(result, material, players)]
    about = f"{describe_signal(result.before.format)}; chain {result.chain.name}"
    return players.embedded(_page(f"Master of {result.source.name}", about, parts))


def write_master_page(path: Path, result: Master, *, force: bool = False, progress: Progress = silent) -> None:
    """The page of a master in a file. Raises OutputError."""
    write_text(path, master_page(result, progress), force=force)


def run_page(result: Run, progress: Progress = silent) -> str:
    """The page of a run: all takes side by side, the winner in detail, its master."""
    wanted = run_parts.wanted(result)
    seen = [each.path for each in wanted[:1]]
    if result.mastered is not None:
        seen += [path for _, path, _ in master_parts.named(result.mastered, run_parts.places(result))[:2]]
    material = gather(wanted, seen, progress)
    players = Players(material)
    order = result.order
    takes = f"{count(len(result.takes), 'take')} of {order.request.seconds:g} s"
    about = f"{takes} by {order.generator.name} {order.generator.version}; chain {order.chain.name}"
    parts = [
        sections.verdict(verdicts.of_run(result), *_main_figures(result)),
        *run_parts.parts(result, material, players),
    ]
    return players.embedded(_page(order.title, about, parts))


def write_run_page(result: Run, progress: Progress = silent) -> Path:
    """The page of a run in its folder, written again as often as the run is. Raises OutputError."""
    path = result.folder / RUN_PAGE
    write_text(path, run_page(result, progress), force=True)
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
    body = join([header, tag("main", *parts), footer])
    played = 'class="deck"' in body
    style, script = (_beside(*names) for names in (STYLES, SCRIPTS if played else ()))
    return Template(_beside("page.html")).substitute(
        title=text(f"{title} – songkit report"),
        style=style,
        style_hash=_hash(style),
        script=f"<script>{script}</script>" if played else "",
        script_source=_hash(script) if played else "'none'",
        body=body,
    )


@cache
def _beside(*names: str) -> str:
    return "\n".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in names)


def _hash(content: str) -> str:
    """As a Content-Security-Policy names what stands in a page (CSP level 3, 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode('ascii')}'"
