"""The parts of a page that show a run: all takes side by side, what was delivered, the winner in detail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from songkit.report import master_parts, sections
from songkit.report.figures import MAIN, Row, main_value
from songkit.report.grouped import grouped
from songkit.report.markup import Markup, figure_text, join, table, tag
from songkit.report.material import Material, Recording, recordings
from songkit.report.players import Players
from songkit.report.results import Run, RunFile, RunTake
from songkit.report.wording import count, facts, number

TAKE_ROWS = (MAIN[0], MAIN[2], MAIN[3], Row("DR", "dynamics.dr14", "", 0))

# Facts of a take that stand elsewhere on the page.
SAME_FOR_ALL = ("generator", "version", "seed", "seconds")


def wanted(result: Run) -> list[Recording]:
    """The files that the page plays: the winner first, the other takes, what was delivered."""
    takes = sorted(result.takes, key=lambda take: take.seed != result.winner.seed)
    named = [(f"Seed {take.seed}", take.take.audio, take.analysis) for take in takes if take.take is not None]
    mastered = [] if result.mastered is None else master_parts.named(result.mastered, places(result))
    return recordings([*named, *mastered])


def places(result: Run) -> dict[str, Path]:
    """Where the delivered files lie, by name."""
    return {file.path.name: file.path for file in result.delivered}


def parts(result: Run, material: Material, players: Players) -> list[Markup]:
    """Everything but the verdict, in reading order."""
    winner, audio = result.winner.analysis, None if result.winner.take is None else result.winner.take.audio
    look = None if audio is None else material.looks.get(audio)
    deck = players.deck("Player of the takes", [_heard(take, result) for take in result.takes])
    takes_deck, winner_clip = players.newest if deck else None, players.clip_of(audio)
    mastered = [] if result.mastered is None else master_parts.parts(result.mastered, material, players, places(result))
    return [
        sections.section("Takes", _takes(result), deck, _outlines(result, players)),
        sections.section("Scores side by side", _scores(result)),
        *([sections.section("Delivered files", *map(_file, result.delivered))] if result.mastered is None else []),
        *([sections.section("Warnings", master_parts.warnings(result.warnings))] if result.warnings else []),
        *(_detail("The master", mastered, players.newest) if mastered else ()),
        *(
            _detail(
                f"The winning take, seed {result.winner.seed}",
                sections.analysis_parts(winner, look),
                takes_deck,
                winner_clip,
            )
            if winner
            else ()
        ),
        sections.section("What was asked", _asked(result)),
    ]


def _heard(take: RunTake, result: Run) -> tuple[str, Path | None, str]:
    mark = "winner, " if take.seed == result.winner.seed else ""
    points = "not scored" if take.score is None else f"{number(take.score.total)} of 100"
    return f"Seed {take.seed}", None if take.take is None else take.take.audio, mark + points


def _detail(title: str, inside: Sequence[Markup], deck: str | None = None, clip: str | None = None) -> Iterator[Markup]:
    """A part of the page that could be a page of its own: its sections go one level down.

    Its plots follow that `deck`, and show that `clip` where they show one alone.
    """
    lowered = [
        Markup(part.replace("<h3", "<h4").replace("</h3", "</h4").replace("<h2", "<h3").replace("</h2", "</h3"))
        for part in inside
    ]
    yield tag("section", tag("h2", title), *lowered, class_="detail", data_deck=deck, data_of=clip)


def _takes(result: Run) -> Markup:
    head = (
        "Seed",
        "Result",
        "Score",
        *(", ".join(filter(None, (row.label, row.unit))) for row in TAKE_ROWS),
        "Remarks",
    )
    rows = (
        (
            str(take.seed),
            _state(take, result),
            "–" if take.score is None else number(take.score.total),
            *(_value(take, row) for row in TAKE_ROWS),
            _remarks(take),
        )
        for take in result.takes
    )
    return table(head, rows, "All takes", "rlr" + "r" * len(TAKE_ROWS) + "w")


def _state(take: RunTake, result: Run) -> Markup:
    if take.seed == result.winner.seed:
        return tag("strong", "winner", class_="badge good")
    look = {"valid": "info", "rejected": "warning"}.get(take.state, "error")
    return tag("span", take.state, class_=f"badge {look}")


def _value(take: RunTake, row: Row) -> str:
    return "–" if take.analysis is None else figure_text(main_value(take.analysis, row))


def _remarks(take: RunTake) -> str:
    kinds = [] if take.analysis is None else grouped(take.analysis.findings)
    told = [*take.reasons, *(kind.code for kind in kinds if kind.severity != "info")]
    return "; ".join([*told, *(["found again"] if take.reused else [])]) or "–"


def _outlines(result: Run, players: Players) -> Markup:
    """The waveforms, each with what the generator says of it."""
    shown = []
    for take in result.takes:
        if take.analysis is None:
            continue
        mark = " (winner)" if take.seed == result.winner.seed else ""
        drawn = sections.waveform(take.analysis, title=f"Seed {take.seed}{mark}", look="small")
        about = "" if take.take is None else _told(take.take.facts)
        clip = players.clip_of(None if take.take is None else take.take.audio)
        shown.append(tag("div", drawn, tag("p", about, class_="quiet"), data_of=clip))
    return tag("div", *shown, class_="takes")


def _scores(result: Run) -> Markup:
    """Points by term, one column per take; a take without a score has none."""
    scored = [(take, take.score) for take in result.takes if take.score is not None]
    if not scored:
        return tag("p", "No take was scored.")
    head = ("Term", "Weight", *(f"Seed {take.seed}" for take, _ in scored))
    columns = [{term.name: term for term in score.terms} for _, score in scored]
    rows = [
        (name, number(term.weight), *(number(terms[name].contribution) if name in terms else "–" for terms in columns))
        for name, term in columns[0].items()
    ]
    gates = ("gates", "", *("open" if score.valid else "closed" for _, score in scored))
    total = ("total", "100", *(number(score.total) for _, score in scored))
    return table(head, [gates, *rows, total], "Points by term and take", "lr" + "r" * len(scored))


def _file(file: RunFile) -> Markup:
    lines = [tag("p", tag("code", f"SHA-256 {file.sha256}"))]
    if file.shortfall:
        lines.append(tag("p", file.shortfall))
    lines += [
        tag("p", tag("strong", "check failed", class_="badge error"), f" {check}") for check in file.failed_checks
    ]
    return tag("div", tag("h3", file.path.name), *lines, class_="file")


def _asked(result: Run) -> Markup:
    order = result.order
    lyrics = "none: an instrumental" if order.request.lyrics is None else count(len(order.request.lyrics.lines), "line")
    rows = [
        ("Generator", f"{order.generator.name} {order.generator.version}: {order.why}"),
        ("Style", order.request.style or "–"),
        ("Length", f"{order.request.seconds:g} s"),
        ("Lyrics", lyrics),
        ("Options", facts(order.request.options) or "–"),
        ("Seeds", ", ".join(str(take.seed) for take in result.takes)),
        ("Chain", join([order.chain.name, " ", tag("span", order.chain.hash[:12], class_="quiet")])),
    ]
    return table(("Asked", "Value"), rows, "What was asked")


def _told(told: Mapping[str, object]) -> str:
    """What tells this take from the others, in words."""
    return facts({name: value for name, value in told.items() if isinstance(value, str | int | float)}, SAME_FOR_ALL)
