"""`songkit analyze`: what a file is, and what is wrong with it; of many files a row each."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from songkit.cli.options import AUDIO_FILE, FILE, PROFILE, force_option, json_option, quiet_option

if TYPE_CHECKING:
    from songkit.analysis import Analysis
    from songkit.batch import Outcome
    from songkit.cli.asides import Aside, Asides
    from songkit.cli.teller import Way
    from songkit.progress import Progress

STDOUT = Path("-")


@click.command()
@click.argument("files", nargs=-1, type=AUDIO_FILE)
@click.option("-r", "--recursive", is_flag=True, help="In a folder, look into the folders below it as well.")
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Files measured at once, each in a process."
)
@click.option(
    "--profile", type=PROFILE, metavar="PROFILE", help="Hold the figures against a QA profile (a name or a YAML file)."
)
@click.option(
    "--explain", is_flag=True, help="Show how the score comes about: raw value, target, weight, contribution."
)
@click.option("--meters", metavar="NAMES", help="Only these meters, with commas: loudness,peaks,levels and so on.")
@click.option("--platforms", is_flag=True, help="What listeners hear: gain, loudness and peak on each platform.")
@click.option("--second-opinion", is_flag=True, help="What pyloudnorm and ffmpeg read of the same samples.")
@click.option("--hints", is_flag=True, help="Tempo and key as librosa hears them, with how sure it is (extra `hints`).")
@click.option("--baseline", type=FILE, metavar="FILE", help="Say what changed since an earlier --json.")
@click.option("--dual-mono", is_flag=True, help="Count one channel for two loudspeakers (+3 LU).")
@click.option("--series", type=FILE, metavar="FILE", help="Write the curves over time as CSV, or JSON by its ending.")
@click.option("--csv", "csv", type=FILE, metavar="FILE", help="Write a row per file as CSV; - for stdout.")
@click.option("--junit", type=FILE, metavar="FILE", help="Write what the profile says as JUnit XML.")
@click.option("--html", "html", type=FILE, help="Also write a self-contained HTML report (one input file).")
@force_option
@json_option
@quiet_option
def analyze(
    files: tuple[Path, ...],
    recursive: bool,
    jobs: int,
    profile: str | None,
    explain: bool,
    meters: str | None,
    platforms: bool,
    second_opinion: bool,
    hints: bool,
    baseline: Path | None,
    dual_mono: bool,
    series: Path | None,
    csv: Path | None,
    junit: Path | None,
    html: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Measure FILES (files, folders, patterns) and say what was found; without any, report on the newest run.

    One file gets the whole table; several get a row each and a summary, or the whole table each where something is
    asked for besides (--explain, --platforms, --second-opinion, --hints, --baseline).

    Of one file the exit code is its own: 3 when a limit of the profile is broken. Of several: 1 when any could not be
    measured, 3 when all could but any broke a limit.
    """
    from songkit.analysis.profiles import load
    from songkit.batch import analyze_each, exit_code
    from songkit.cli.asides import Asides
    from songkit.cli.progress import shown
    from songkit.cli.teller import Teller
    from songkit.progress import about

    paths = _meant(files, recursive=recursive)
    many = len(paths) > 1
    _check_outputs(many, {"--html": html, "--series": series}, {"--junit": junit, "--csv": csv}, force=force)
    asides = Asides.asked(platforms=platforms, second_opinion=second_opinion, hints=hints, baseline=baseline)
    rows = many and not (asides or explain)
    limits = None if profile is None else load(profile)
    file = None if csv == STDOUT else csv
    teller = Teller(_way(as_json, csv == STDOUT, quiet, rows=rows), limits, explain, file, junit, force)
    settings = {"meters": None if meters is None else tuple(map(str.strip, meters.split(","))), "dual_mono": dual_mono}
    outcomes = []
    with shown(quiet=quiet or (as_json and not many), many=many) as progress:
        with closing(analyze_each(paths, jobs=jobs, progress=progress, **settings)) as coming:
            for outcome in coming:
                telling = about(progress, outcome.path.name)
                outcome, aside = _completed(outcome, asides, telling)
                if outcome.result is not None and not many:
                    _write_files(outcome.result, outcome.path, series, html, telling, force=force)
                outcomes.append(teller.tell(outcome, aside))
        teller.close()
    return exit_code(outcomes)


def _meant(files: tuple[Path, ...], *, recursive: bool) -> list[Path]:
    from songkit.files.folder import gather
    from songkit.report.newest import newest_file

    if files:
        return gather(files, recursive=recursive)
    newest = newest_file()
    click.echo(f"no file was named: {newest} of the newest run", err=True)
    return [newest]


def _check_outputs(many: bool, of_one: dict[str, Path | None], of_all: dict[str, Path | None], *, force: bool) -> None:
    """Raises before any work where an output could not be written."""
    from songkit.atomic import check_output

    for option, path in (of_one | of_all).items():
        if path is not None and many and option in of_one:
            raise click.UsageError(f"{option} writes one file, but there are several inputs")
        if path is not None and path != STDOUT:
            check_output(path, force=force)


def _way(as_json: bool, as_csv: bool, quiet: bool, *, rows: bool) -> Way:
    if as_json and as_csv:
        raise click.UsageError("--json and --csv - would both go to stdout: give one of them a file")
    if as_json or as_csv:
        return "json" if as_json else "csv"
    return "nothing" if quiet else "rows" if rows else "tables"


def _completed(outcome: Outcome[Analysis], asides: Asides, progress: Progress) -> tuple[Outcome[Analysis], Aside]:
    """The outcome with what was asked for besides; where that fails, its error becomes the file's."""
    from songkit.cli.asides import Aside
    from songkit.errors import SongkitError

    if outcome.result is None:
        return outcome, Aside()
    try:
        return outcome, asides.of(outcome.path, outcome.result, progress)
    except SongkitError as error:
        return replace(outcome, error=error), Aside()


def _write_files(
    analysis: Analysis, path: Path, series: Path | None, html: Path | None, progress: Progress, *, force: bool
) -> None:
    from songkit.atomic import write_text

    if series is not None:
        from songkit.report.series import series_csv, series_json

        write_text(series, (series_json if series.suffix.lower() == ".json" else series_csv)(analysis), force=force)
    if html is not None:
        from songkit.report.html import analysis_page

        write_text(html, analysis_page(analysis, path.name, progress), force=force)
