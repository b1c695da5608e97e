"""The command line: parse, one library call, print. Commands are imported when they are asked for.

Whatever goes wrong is translated here, once: a SongkitError becomes one line and its exit code, an interrupt 130, and
anything else is a bug of ours, which keeps its traceback and ends with 70.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import traceback
from importlib import import_module

import click

from songkit.allocation import keep_freed_memory, look_seldom_for_garbage
from songkit.cli import log as logs
from songkit.cli.configured import UNCONFIGURED, configure, explained
from songkit.cli.interrupts import Interrupts, TerminatedError
from songkit.cli.options import show_error
from songkit.errors import EXIT_BUG, EXIT_INTERRUPTED, EXIT_TERMINATED, SongkitError, UsageError, near_names
from songkit.version import __version__

# name -> module and attribute; every module imports only click and its own face at the top.
COMMANDS = {
    "make": "songkit.cli.make:make",
    "generate": "songkit.cli.generate:generate",
    "edit": "songkit.cli.edit:edit",
    "rank": "songkit.cli.rank:rank",
    "runs": "songkit.cli.runs:runs",
    "master": "songkit.cli.master:master",
    "analyze": "songkit.cli.analyze:analyze",
    "compare": "songkit.cli.compare:compare",
    "show": "songkit.cli.show:show",
    "reproduce": "songkit.cli.reproduce:reproduce",
    "lyrics": "songkit.cli.lyrics:lyrics",
    "style": "songkit.cli.style:style",
    "models": "songkit.cli.models:models",
    "doctor": "songkit.cli.doctor:doctor",
    "stems": "songkit.cli.stems:stems",
    "chains": "songkit.cli.chains:chains",
    "processors": "songkit.cli.processors:processors",
    "platforms": "songkit.cli.platforms:platforms",
    "config": "songkit.cli.config:config",
    "completion": "songkit.cli.completion:completion",
}


class LazyGroup(click.Group):
    """Commands by address, loaded one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        logs.add_options(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"no command {args[0]!r}: {near_names(args[0], COMMANDS)}", ctx)
        name, command, rest = super().resolve_command(ctx, args)
        asks_for_help = any(word in rest for word in ctx.help_option_names)
        if name and command and name not in UNCONFIGURED and not (ctx.resilient_parsing or asks_for_help):
            configure(ctx, name, command, tuple(each for each in COMMANDS if each not in UNCONFIGURED))
        return name, command, rest


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="songkit")
def songkit() -> None:
    """Generate songs, master any audio, and know what was delivered.

    \b
    songkit make --seeds 5 --chain radio.yaml     five candidate songs, the best one mastered
    songkit master in.wav                         in.master.wav, ready for streaming, verified
    songkit analyze in.wav                        levels, loudness, spectrum, defects, explained

    \b
    Exit codes: 0 fine, 1 some inputs failed, 2 wrong usage or output, 3 a quality check failed, 4 no valid take,
    5 something needed is missing, 70 a bug, 124 timeout, 130 interrupted, 143 terminated.
    """


def main(argv: list[str] | None = None) -> None:
    """Runs the command line and ends the process with the documented exit code."""
    arguments = sys.argv[1:] if argv is None else argv
    # No product here is large enough to share, and numpy's idle threads cost CPU time while they wait for one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Nor does anybody's plugin belong into these models: looking for some reads the records of all that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    keep_freed_memory()
    look_seldom_for_garbage()
    interrupts = Interrupts()
    interrupts.install()
    exit_code = run(arguments)
    interrupts.rest()
    sys.exit(exit_code)


def run(arguments: list[str]) -> int:
    """The command line as a function: prints, and returns the exit code."""
    log = logs.begin(arguments)
    exit_code = EXIT_BUG
    try:
        exit_code = _run(arguments, log)
    finally:
        log.close(exit_code)
    return exit_code


def _run(arguments: list[str], log: logs.Log) -> int:
    output, errors = sys.stdout, sys.stderr
    try:
        result = songkit.main(args=arguments, prog_name="songkit", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        told = explained(error) if isinstance(error, click.BadParameter) else error
        log.write("error", "error", message=told.format_message())
        told.show()
        return told.exit_code
    except SongkitError as error:
        log.write("error", "error", message=error.message, hint=error.hint)
        _show(error, as_json="--json" in arguments)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        terminated = isinstance(error.__cause__ or error, TerminatedError)
        click.echo("terminated" if terminated else "interrupted", err=True)
        return EXIT_TERMINATED if terminated else EXIT_INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except BaseException as error:
        if isinstance(error, SystemExit):
            if sys.stdout is output:
                raise
            sys.stdout, sys.stderr = output, errors  # click met the broken pipe: it replaces both, and ends with 1
            return _reader_left()
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:  # met wherever a name is first looked at
            named = str(error.filename)
            shown = named if len(named) <= 80 else f"{named[:60]}...{named[-17:]}"
            show_error(UsageError(f"{shown}: file name too long", "give it a shorter one, or name the output with -o"))
            return UsageError.exit_code
        traceback.print_exc()
        click.echo("this is a bug in songkit: please report it with the lines above", err=True)
        return EXIT_BUG
    return result if isinstance(result, int) else 0


def _reader_left() -> int:
    """The reader of our output went away (`| head`): nothing is wrong, and nothing more can be said."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def _show(error: SongkitError, *, as_json: bool) -> None:
    if as_json:
        body = {"message": error.message, "hint": error.hint, "exit_code": error.exit_code}
        click.echo(json.dumps({"error": body}, ensure_ascii=False))
    show_error(error)
