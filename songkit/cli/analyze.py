"""`songkit analyze`: what a file is, and what is wrong with it."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from songkit.cli.options import FILE, force_option, json_option, print_json, quiet_option, show_error

if TYPE_CHECKING:
    from songkit.analysis import Analysis
    from songkit.analysis.profiles import Profile
    from songkit.batch import Outcome
    from songkit.cli.asides import Asides


@click.command()
@click.argument("files", nargs=-1, type=FILE)
@click.option("--profile", metavar="PROFILE", help="Hold the figures against a QA profile (a name or a YAML file).")
@click.option(
    "--explain", is_flag=True, help="Show how the score comes about: raw value, target, weight, contribution."
)
@click.option("--meters", metavar="NAMES", help="Only these meters, with commas: loudness,peaks,levels and so on.")
@click.option("--platforms", is_flag=True, help="What listeners hear: gain, loudness and peak on each platform.")
@click.option("--second-opinion", is_flag=True, help="What pyloudnorm and ffmpeg read of the same samples.")
@click.option("--baseline", type=FILE, metavar="FILE", help="Say what changed since an earlier --json.")
@click.option("--dual-mono", is_flag=True, help="Count one channel for two loudspeakers (+3 LU).")
@click.option("--series", type=FILE, metavar="FILE", help="Write the curves over time as CSV, or JSON by its ending.")
@click.option("--junit", type=FILE, metavar="FILE", help="Write what the profile says as JUnit XML.")
@click.option("--html", "html", type=FILE, help="Also write a self-contained HTML report (one input file).")
@force_option
@json_option
@quiet_option
def analyze(
    files: tuple[Path, ...],
    profile: str | None,
    explain: bool,
    meters: str | None,
    platforms: bool,
    second_opinion: bool,
    baseline: Path | None,
    dual_mono: bool,
    series: Path | None,
    junit: Path | None,
    html: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Measure FILES and say what was found; without a file, report on the newest run.

    Exit 3 when a limit of the profile is broken.
    """
    from songkit.analysis import analyze_file
    from songkit.analysis.profiles import load
    from songkit.atomic import check_output
    from songkit.batch import each, exit_code
    from songkit.cli.asides import Asides, write_junit, write_series
    from songkit.cli.progress import shown
    from songkit.progress import about
    from songkit.report.newest import newest_file

    for option, path in (("--html", html), ("--series", series), ("--junit", junit)):
        if path is not None:
            if len(files) > 1 and option != "--junit":
                raise click.UsageError(f"{option} writes one file, but there are several inputs")
            check_output(path, force=force)
    asides = Asides.asked(platforms=platforms, second_opinion=second_opinion, baseline=baseline)
    limits = None if profile is None else load(profile)
    named = None if meters is None else [name.strip() for name in meters.split(",")]
    if not files:
        files = (newest_file(),)
        click.echo(f"no file was named: {files[0]} of the newest run", err=True)
    outcomes: list[Outcome[Analysis]] = []

    def measure(path: Path) -> Analysis:
        return analyze_file(path, about(progress, path.name), meters=named, dual_mono=dual_mono)

    with shown(quiet=quiet or as_json) as progress:
        for outcome in each(files, measure):
            if outcome.result is not None:
                asides.add(outcome.path, outcome.result, about(progress, outcome.path.name))
                if series is not None:
                    write_series(series, outcome.result, force=force)
                if html is not None:
                    _write_page(html, outcome.path, outcome.result, force=force)
                if not (as_json or quiet):
                    _print(outcome.result, asides, explain=explain, first=not outcomes)
            outcomes.append(_judged(outcome, limits))
    if junit is not None:
        write_junit(junit, outcomes, limits, force=force)
    if as_json:
        print_json([_to_dict(outcome, limits) | asides.values(outcome.path) for outcome in outcomes])
    return exit_code(outcomes)


def _print(analysis: Analysis, asides: Asides, *, explain: bool, first: bool) -> None:
    from songkit.report.style import style_for
    from songkit.report.terminal import analysis_lines, explain_lines

    style = style_for(sys.stdout)
    lines = analysis_lines(analysis, style)
    if explain and analysis.score is not None:
        lines += ["", *explain_lines(analysis.score, style)]
    for told in asides.lines(analysis, style):
        lines += ["", *told]
    click.echo("\n".join(lines if first else ["", *lines]))


def _write_page(html: Path, path: Path, analysis: Analysis, *, force: bool) -> None:
    from songkit.atomic import write_text
    from songkit.report.html import analysis_page

    write_text(html, analysis_page(analysis, path.name), force=force)


def _judged(outcome: Outcome[Analysis], profile: Profile | None) -> Outcome[Analysis]:
    """The outcome with what the profile says of it, and everything that went wrong told, a line each, on stderr."""
    from songkit.analysis.profiles import judge
    from songkit.errors import QualityError

    if outcome.error is not None:
        show_error(outcome.error)
    if outcome.result is None or profile is None:
        return outcome
    broken = [f"{outcome.path}: {limit.message}" for limit in judge(outcome.result, profile)]
    for line in broken:
        show_error(QualityError(f"{line} (profile {profile.name})"))
    return replace(outcome, error=QualityError("; ".join(broken))) if broken else outcome


def _to_dict(outcome: Outcome[Analysis], profile: Profile | None) -> dict[str, Any]:
    from songkit.analysis.profiles import judge

    body: dict[str, Any] = {"path": str(outcome.path)}
    if outcome.result is not None:
        body = outcome.result.to_dict()
        if profile is not None:
            broken = [asdict(limit) for limit in judge(outcome.result, profile)]
            body["profile"] = {"name": profile.name, "passed": not broken, "broken": broken}
    if outcome.error is not None:
        body["error"] = {"message": outcome.error.message, "exit_code": outcome.error.exit_code}
    return body
