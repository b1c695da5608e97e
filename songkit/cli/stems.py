"""`songkit stems`: a song into vocals, drums, bass and the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from songkit.cli.options import AUDIO_FILE, FILE, force_option, json_option, print_json, quiet_option, show_error
from songkit.cli.say import say


@click.command()
@click.argument("files", nargs=-1, required=True, type=AUDIO_FILE)
@click.option("--two", metavar="STEM", help="Only this stem and everything else, whose sum is the song again.")
@click.option("--model", default="htdemucs", show_default=True, metavar="NAME", help="A model of demucs.")
@click.option("--weights", type=FILE, help="The folder with NAME.yaml and its .th files; trusted sources only.")
@click.option("--residual", is_flag=True, help="Also write what the stems together leave of the song.")
@click.option("--output-dir", type=FILE, help="The folder for the stems; made where missing.")
@force_option
@json_option
@quiet_option
def stems(files: tuple[Path, ...], as_json: bool, quiet: bool, **settings: Any) -> int:
    """Take FILES apart: `in.wav` becomes `in.vocals.wav`, `in.drums.wav` ... beside it, in float.

    Needs `pip install 'songkit[stems]'` and the model's weights, which are never downloaded unasked: without them
    the command ends with 5 and says how to get them.
    """
    from songkit.batch import each, exit_code
    from songkit.cli.progress import shown
    from songkit.report.wording import number, visible
    from songkit.stems import separate_file

    outcomes = []
    with shown(quiet=quiet or as_json) as progress:
        for outcome in each(files, lambda path: separate_file(path, progress=progress, **settings)):
            outcomes.append(outcome)
            if outcome.error is not None:
                show_error(outcome.error)
            elif outcome.result is not None and not (as_json or quiet):
                for stem in outcome.result.stems:
                    level = "silent" if stem.rms_dbfs is None else f"{number(stem.rms_dbfs)} dBFS RMS"
                    say(f"wrote    {visible(stem.path)} ({level})")
    if as_json:
        print_json([_to_dict(outcome) for outcome in outcomes])
    return exit_code(outcomes)


def _to_dict(outcome: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"source": str(outcome.path)} if outcome.result is None else outcome.result.to_dict()
    if outcome.error is not None:
        body["error"] = {"message": outcome.error.message, "exit_code": outcome.error.exit_code}
    return body
