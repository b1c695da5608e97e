"""`songkit completion`, and what options and arguments offer to the shell."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem, get_completion_class

AUDIO = (".wav", ".flac", ".mp3", ".aif", ".aiff", ".m4a", ".mp4", ".ogg", ".opus", ".caf", ".w64", ".wma", ".aac")
LYRICS = (".lrc", ".txt")
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash   eval "$(songkit completion bash)"                 in ~/.bashrc
    zsh    eval "$(songkit completion zsh)"                  in ~/.zshrc, after compinit
    fish   songkit completion fish > ~/.config/fish/completions/songkit.fish
    """
    from songkit.cli import songkit

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    click.echo(found(songkit, {}, "songkit", "_SONGKIT_COMPLETE").source())


class FileOf(click.Path):
    """A path whose completion offers only files of some endings."""

    def __init__(self, endings: tuple[str, ...]) -> None:
        super().__init__(path_type=Path)
        self.endings = endings

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _files(incomplete, self.endings)


class NameOrFile(click.types.StringParamType):
    """The name of something that comes with songkit, or the YAML file of one's own."""

    may_be_file = True

    def __init__(self, known: Callable[[], Iterable[str]]) -> None:
        self._known = known

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        names = [CompletionItem(name) for name in self._known() if name.startswith(incomplete)]
        files = _files(incomplete, (".yaml", ".yml"))
        return names or files


def yaml_names(folder: str) -> Callable[[], list[str]]:
    """The names of the YAML files in a folder of the package, without importing what reads them."""
    return lambda: sorted(path.stem for path in (Path(__file__).parents[1] / folder).glob("*.yaml"))


def complete_platforms(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The platforms after the last comma."""
    from songkit.platforms import platforms

    before, comma, last = incomplete.rpartition(",")
    names = (name for name in platforms() if name.startswith(last) and name not in before.split(","))
    return [CompletionItem(before + comma + name) for name in names]


def _files(incomplete: str, endings: tuple[str, ...]) -> list[CompletionItem]:
    """Files of these endings; where a folder could follow, or none fits, the shell's own completion of paths."""
    typed = Path(incomplete)
    folder = typed if incomplete.endswith("/") or not incomplete else typed.parent
    start = "" if folder is typed else typed.name
    try:
        found = sorted(path for path in folder.iterdir() if path.name.startswith(start))
    except OSError:
        found = []
    found = [path for path in found if start.startswith(".") or not path.name.startswith(".")]
    fitting = [path for path in found if path.suffix.lower() in endings]
    if not fitting or any(path.is_dir() for path in found):
        return [CompletionItem(incomplete, type="file")]
    prefix = incomplete[: len(incomplete) - len(start)] if start else incomplete
    return [CompletionItem(prefix + path.name) for path in fitting]
