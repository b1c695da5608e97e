"""Command line, environment, project, user, built in: in this order for every option of every command."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from songkit.cli import COMMANDS, run, songkit
from songkit.cli.configured import UNCONFIGURED, configure, default_map, options, variable
from songkit.config import Key, project_file, read
from songkit.errors import UsageError

NAMES = tuple(name for name in COMMANDS if name not in UNCONFIGURED)


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project and a user's folder that hold nothing yet."""
    for name in [name for name in os.environ if name.startswith("SONGKIT_")]:
        monkeypatch.delenv(name)
    (tmp_path / "project" / "deep").mkdir(parents=True)
    (tmp_path / "project" / ".git").mkdir()
    user = tmp_path / "user" / "songkit.yaml"
    user.parent.mkdir()
    monkeypatch.setattr(click, "get_app_dir", lambda name: str(user.parent))
    monkeypatch.chdir(tmp_path / "project" / "deep")
    return tmp_path


def every_option() -> Iterator[tuple[Key, click.Option]]:
    root = click.Context(songkit)
    for name in NAMES:
        command = songkit.get_command(root, name)
        assert command is not None
        yield from options(command, (name,), click.Context(command, parent=root, info_name=name))


def texts(option: click.Option) -> list[str]:
    """Four different values that the option takes, as texts."""
    if isinstance(option.type, click.Choice):
        return [str(choice) for choice in (*option.type.choices,) * 4][:4]
    if option.is_flag:
        return ["true", "false", "yes", "no"]
    return ["11", "12", "13", "14"]


def yaml_of(key: Key, option: click.Option, text: str) -> str:
    value = f"[{', '.join([text] * max(1, option.nargs))}]" if option.multiple or option.nargs > 1 else text
    return "".join(f"{'  ' * depth}{part}:\n" for depth, part in enumerate(key[:-1])) + (
        f"{'  ' * (len(key) - 1)}{key[-1]}: {value}\n"
    )


def seen(key: Key, option: click.Option) -> Any:
    """What click makes of the sources for one option when nothing is on the command line."""
    root = click.Context(songkit)
    command: Any = songkit.get_command(root, key[0])
    ctx = click.Context(songkit)
    configure(ctx, key[0], command, NAMES)
    leaf = click.Context(command, parent=ctx, info_name=key[0])
    for name in key[1:-1]:
        command = command.get_command(leaf, name)
        leaf = click.Context(command, parent=leaf, info_name=name)
    value, source = option.consume_value(leaf, {})
    cast = option.type_cast_value(leaf, value) if source is click.core.ParameterSource.DEFAULT_MAP else None
    given, _ = option.consume_value(leaf, {option.name or "": "from the command line"})
    assert given == "from the command line"
    return cast


def expected(option: click.Option, text: str, folder: Path | None) -> Any:
    # a path is meant from the file that names it
    text = str(folder / text) if folder is not None and isinstance(option.type, click.Path) else text
    several = option.multiple or option.nargs > 1
    return option.type_cast_value(click.Context(songkit), (text,) * max(1, option.nargs) if several else text)


def test_the_sources_win_in_order_for_every_option_of_every_command(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, user = places / "project" / "songkit.yaml", places / "user" / "songkit.yaml"
    count = 0
    for key, option in every_option():
        from_environment, from_project, from_user, _ = texts(option)
        assert seen(key, option) is None, key
        user.write_text(yaml_of(key, option, from_user))
        assert seen(key, option) == expected(option, from_user, user.parent), key
        project.write_text(yaml_of(key, option, from_project))
        assert seen(key, option) == expected(option, from_project, project.parent), key
        several = os.pathsep if isinstance(option.type, click.Path) else " "
        monkeypatch.setenv(variable(key), several.join([from_environment] * max(1, option.nargs)))
        assert seen(key, option) == expected(option, from_environment, None), key
        monkeypatch.delenv(variable(key))
        project.unlink()
        user.unlink()
        count += 1
    assert count > 100


def test_keys_are_unique() -> None:
    keys = [key for key, _ in every_option()]
    assert len(set(keys)) == len(keys) == len({variable(key) for key in keys})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("master:\n  job: 2\n", "songkit.yaml:2: no option master.job"),
        ("mastr:\n  jobs: 2\n", "songkit.yaml:2: no command 'mastr'"),
        ("master:\n  jobs: many\n", "songkit.yaml:2: Invalid value for '--jobs'"),
        ("master:\n\n  jobs: 0\n", "songkit.yaml:3: Invalid value for '--jobs': 0 is not in the range"),
        ("master:\n  jobs: [1, 2]\n", "songkit.yaml:2: master.jobs takes one value"),
        ("master:\n  force: maybe\n", "songkit.yaml:2: Invalid value for '-f'"),
        ("master:\n  jobs:\n", "songkit.yaml:2: master.jobs has no value"),
        ("master:\n  jobs: 1\n  jobs: 2\n", "songkit.yaml:3: master.jobs is there twice"),
        ("master: 3\n", "songkit.yaml:1: no option master"),
        ("- master\n", "songkit.yaml:1: not a configuration"),
        ("master: {jobs: [\n", "songkit.yaml:2: not valid YAML"),
        ("[" * 30_000, "nested too deeply"),
        ("a: &a [*a]\n", "songkit.yaml:1"),
        ("master:\n  jobs: '\x07'\n", "not valid YAML"),
    ],
)
def test_what_a_file_may_not_say_is_refused_with_its_line(
    text: str, message: str, places: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (places / "project" / "songkit.yaml").write_text(text)
    assert run(["master", "in.wav"]) == 2
    told = capsys.readouterr().err
    assert message in told and "Traceback" not in told


def test_a_variable_that_is_none_is_refused_with_near_names(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SONGKIT_MASTER_TARGETLUFS", "-9")
    assert run(["master", "in.wav"]) == 2
    assert "SONGKIT_MASTER_TARGET_LUFS" in capsys.readouterr().err
    assert run(["platforms", "--json"]) == 0


def test_flags_lists_and_empty_files(places: Path) -> None:
    file = places / "project" / "songkit.yaml"
    for empty in ("", "# nothing\n", "master:\n", "---\n"):
        file.write_text(empty)
        assert read(file) == {}
    file.write_text("platforms:\n  json: yes\n")
    assert run(["platforms"]) == 0


def test_a_flag_from_a_file_works(places: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (places / "project" / "songkit.yaml").write_text("platforms:\n  json: yes\n")
    assert run(["platforms"]) == 0
    assert json.loads(capsys.readouterr().out)


def test_a_chain_beside_the_file_is_meant_from_there(
    places: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (places / "project" / "songkit.yaml").write_text("master:\n  chain: ours.yaml\n")
    (places / "project" / "ours.yaml").write_text("steps:\n  - gain: {gain_db: -1}\n")
    assert run(["config", "show", "master", "--json"]) == 0
    rows = {row["key"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["master.chain"]["value"] == str(places / "project" / "ours.yaml")
    assert rows["master.chain"]["source"] == "project"
    assert rows["master.chain"]["place"].endswith("songkit.yaml:2")
    assert rows["master.jobs"]["source"] == "built in" and rows["master.jobs"]["value"] == 1


def test_show_checks_every_command_and_path_answers_while_a_file_is_broken(
    places: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = places / "project" / "songkit.yaml"
    file.write_text("rank:\n  wights: mine.yaml\n")
    assert run(["config", "show"]) == 2
    assert f"{file}:2: no option rank.wights" in capsys.readouterr().err
    assert run(["config", "path"]) == 0
    assert str(file) in capsys.readouterr().out
    assert run(["master", "--help"]) == 0


def test_the_search_ends_at_git_and_before_home(tmp_path: Path) -> None:
    (tmp_path / "songkit.yaml").write_text("")
    inside = tmp_path / "project" / "deep"
    assert project_file(inside, Path("/nowhere")) is None
    (tmp_path / "project" / ".git").rmdir()
    assert project_file(inside, Path("/nowhere")) == tmp_path / "songkit.yaml"
    assert project_file(inside, tmp_path) is None


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "songkit.yaml").write_text("")
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    os.chown(tmp_path / "songkit.yaml", 4712, -1) if os.geteuid() == 0 else pytest.skip("needs root")
    with pytest.raises(UsageError, match="another user"):
        project_file(tmp_path, Path("/nowhere"))


def test_the_map_is_nested_as_commands_are() -> None:
    from songkit.cli.configured import Given

    known = {key: option for key, option in every_option() if key == ("chains", "test", "update")}
    given = {key: Given("yes", "user", "x:1") for key in known}
    assert default_map(known, given) == {"chains": {"test": {"update": "yes"}}}
