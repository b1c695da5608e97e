"""`songkit lyrics`: sheets checked before anything is sung, and times for those that have none."""

from __future__ import annotations

from pathlib import Path

import click

from songkit.cli.options import FILE, LYRICS_FILE, force_option, json_option, print_json


@click.group()
def lyrics() -> None:
    """Lyric sheets: check one, or propose times for one that has none."""


@lyrics.command()
@click.argument("file", type=LYRICS_FILE)
@click.option("--seconds", type=float, help="Length of the song, 10 to 285; by default it follows the lyrics.")
@click.option(
    "--models", type=FILE, help="The folder with DiffRhythm's published Mandarin lexicon and polyphone model."
)
@json_option
def check(file: Path, seconds: float | None, models: Path | None, as_json: bool) -> int:
    """Show where each line of FILE is sung, and what will not be heard as written.

    Crowded lines (over 21.5 tokens a second), overlap, lines after the end, what cannot be pronounced: exit 3 where
    there is any. Without the extra `diffrhythm` only times and syllables are checked, which is said.
    """
    from songkit.errors import QualityError
    from songkit.generate.sheet_check import check_sheet

    checked = check_sheet(file, seconds=seconds, models=models)
    if as_json:
        print_json(checked.to_dict())
    else:
        click.echo("\n".join(checked.report()))
    return 0 if checked.passed else QualityError.exit_code


@lyrics.command()
@click.argument("file", type=LYRICS_FILE)
@click.option("--tempo", "tempo_bpm", type=float, required=True, help="Beats a minute.")
@click.option("--beats", "beats_per_bar", type=int, default=4, show_default=True, help="Beats in a bar.")
@click.option("--intro", "intro_bars", type=int, default=4, show_default=True, help="Bars before the first line.")
@click.option(
    "--gap", "gap_bars", type=int, default=2, show_default=True, help="Bars where the sheet has an empty line."
)
@click.option("-o", "--output", type=FILE, help="Write the sheet there instead of printing it.")
@force_option
def time(
    file: Path,
    tempo_bpm: float,
    beats_per_bar: int,
    intro_bars: int,
    gap_bars: int,
    output: Path | None,
    force: bool,
) -> None:
    """Propose times for the lines of FILE, plain text, and print it as LRC.

    A line gets as many bars as its syllables need, an empty line is a gap between sections, [Chorus] alone on a line
    names one.
    """
    from songkit.atomic import check_output, write_text
    from songkit.generate.sheet_times import Grid, propose_file

    if output is not None:
        check_output(output, force=force)
    sheet = propose_file(file, Grid(tempo_bpm, beats_per_bar, intro_bars, gap_bars))
    if output is None:
        click.echo(sheet.lrc, nl=False)
    else:
        write_text(output, sheet.lrc, force=force)
    for note in sheet.notes:
        click.echo(f"note: {note}", err=True)
    click.echo(
        f"{len(sheet.lines)} lines, {sheet.bars} bars at {tempo_bpm:g} bpm: {sheet.seconds:.1f} seconds", err=True
    )
