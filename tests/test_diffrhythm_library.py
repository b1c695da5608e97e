"""Where the published files are looked for, and what is said where they are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from songkit.errors import MissingError, UsageError
from songkit.generate.diffrhythm import library

DIT = "models--ASLP-lab--DiffRhythm-1_2"


@pytest.fixture(autouse=True)
def _empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (library.FOLDER_VARIABLE, "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))


def put(path: Path, text: str = "weights") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("home", ["ASLP-lab/DiffRhythm-1_2", "DiffRhythm-1_2", f"{DIT}/snapshots/0a1b"])
def test_a_file_is_found_in_every_layout(tmp_path: Path, home: str) -> None:
    weights = put(tmp_path / home / "cfm_model.pt")
    assert library.locate("dit-base", tmp_path) == weights


def test_a_cache_gives_the_revision_of_main_through_its_links(tmp_path: Path) -> None:
    hub = tmp_path / "caches" / "huggingface" / "hub"
    blob = put(hub / DIT / "blobs" / "abc")
    for revision in ("older", "current", "newer"):
        link = hub / DIT / "snapshots" / revision / "cfm_model.pt"
        link.parent.mkdir(parents=True)
        link.symlink_to(os.path.relpath(blob, link.parent))
    put(hub / DIT / "refs" / "main", "current")
    found = library.locate("dit-base")
    assert found.parent.name == "current"
    assert found.read_text() == "weights"


def test_a_link_whose_file_is_gone_is_not_there(tmp_path: Path) -> None:
    link = tmp_path / DIT / "snapshots" / "0a" / "cfm_model.pt"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../blobs/gone")
    assert library.find("dit-base", tmp_path) is None


def test_a_part_of_several_files_is_a_folder_and_needs_all_of_them(tmp_path: Path) -> None:
    put(tmp_path / "MuQ-MuLan-large" / "config.json")
    assert library.find("mulan", tmp_path) is None
    put(tmp_path / "MuQ-MuLan-large" / "pytorch_model.bin")
    assert library.locate("mulan", tmp_path) == tmp_path / "MuQ-MuLan-large"


def test_a_named_folder_is_the_only_one_that_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cached = put(tmp_path / "caches" / "songkit" / "models" / "ASLP-lab" / "DiffRhythm-vae" / "vae_model.pt")
    assert library.find("vae") == cached
    monkeypatch.setenv(library.FOLDER_VARIABLE, str(tmp_path / "named"))
    assert library.find("vae") is None
    assert library.find("vae", tmp_path / "caches" / "songkit" / "models") == cached
    assert library.find("vae", tmp_path / "elsewhere") is None


def test_what_is_missing_is_named_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(MissingError) as caught:
        library.locate("vae", tmp_path)
    assert "ASLP-lab/DiffRhythm-vae" in caught.value.message
    assert str(tmp_path) in caught.value.message
    assert caught.value.hint == f"fetch it with: songkit models fetch vae --models {tmp_path}"


def test_a_name_that_nobody_knows_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="no published part 'dit'"):
        library.locate("dit")


def test_the_length_says_which_weights_are_needed() -> None:
    assert "dit-base" in library.needed(95)
    assert "dit-full" not in library.needed(95)
    assert "dit-full" in library.needed(95.5)
    assert "dit-base" not in library.needed(285)
    assert "mandarin" not in library.needed(60)


@pytest.mark.parametrize("name", library.LIBRARY)
def test_every_part_says_what_it_is_and_under_which_licence(name: str) -> None:
    part = library.published(name)
    assert part.licence
    assert part.about
    assert part.repository.count("/") == 1
    assert all(part.files)
    assert len(part.sizes) in (0, len(part.files))
    assert part.whole_folder or len(part.files) == 1
