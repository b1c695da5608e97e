"""Published files fetched from a local server that speaks as the hosts do: cut, damaged, refused, offline; verified."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from songkit.cli import run
from songkit.errors import InputError, MissingError, OutputError, UsageError
from songkit.generate.diffrhythm import library
from songkit.generate.diffrhythm.models import download as downloads
from songkit.generate.diffrhythm.models import fetch, hosts, plan, record, verify
from songkit.progress import Update
from tests.model_hosts import REVISION, Hosts, serving

BASE = "ASLP-lab/DiffRhythm-1_2"
MULAN = "OpenMuQ/MuQ-MuLan-large"
CODE = "ASLP-lab/DiffRhythm"
WEIGHTS = np.random.default_rng(1).bytes(3_000_000)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hosts]:
    with serving() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        monkeypatch.setenv("no_proxy", "*")
        for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "SONGKIT_MODELS"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hf" / "hub"))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
        monkeypatch.setattr(hosts, "GITHUB_FILES", f"{running.address}/raw")
        monkeypatch.setattr(hosts, "GITHUB_LARGE_FILES", f"{running.address}/media")
        monkeypatch.setattr(downloads, "PAUSE_SECONDS", 0.0)
        running.put(BASE, "cfm_model.pt", WEIGHTS, large=True)
        running.put(MULAN, "config.json", b'{"mulan": {}}')
        running.put(MULAN, "pytorch_model.bin", WEIGHTS[:1000], large=True)
        running.put(CODE, "infer/example/vocal.npy", WEIGHTS[:2176])
        yield running


def parts_of(folder: Path) -> list[Path]:
    return list(folder.rglob("*.part"))


def test_a_part_comes_whole_and_is_found_and_recorded(server: Hosts, tmp_path: Path) -> None:
    updates: list[Update] = []
    came = fetch(plan(["dit-base"], tmp_path), updates.append)
    path = library.locate("dit-base", tmp_path)
    assert path == tmp_path / BASE / "cfm_model.pt" and path.read_bytes() == WEIGHTS
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    assert came == {f"{BASE}/cfm_model.pt": digest}
    assert record.read(path.parent)["cfm_model.pt"] == record.Entry(digest, len(WEIGHTS), REVISION, "published")
    assert updates[-1].fraction == 1.0 and {update.subject for update in updates} == {"cfm_model.pt"}
    assert not parts_of(tmp_path)
    assert any(REVISION in address for address, _, _ in server.requests)
    assert plan(["dit-base"], tmp_path).here == ("dit-base",)


def test_alternatives_and_small_files(server: Hosts, tmp_path: Path) -> None:
    planned = plan(["mulan", "negative-style"], tmp_path)
    assert planned.bytes == 13 + 1000 + 2176
    fetch(planned)
    assert (library.locate("mulan", tmp_path) / "pytorch_model.bin").read_bytes() == WEIGHTS[:1000]
    assert record.read(tmp_path / MULAN)["config.json"].source == "published"
    assert library.locate("negative-style", tmp_path).read_bytes() == WEIGHTS[:2176]
    assert record.read(tmp_path / CODE)["infer/example/vocal.npy"].source == "first fetch"


def test_large_files_of_github_are_found_by_their_pointer(server: Hosts, tmp_path: Path) -> None:
    for entry in library.LIBRARY["mandarin"].files:
        server.put(CODE, entry[0], entry[0].encode() * 100, large=entry[0].endswith(("lexicon.txt", ".onnx")))
    fetch(plan(["mandarin"], tmp_path))
    home = library.locate("mandarin", tmp_path)
    assert (home / "g2p/sources/chinese_lexicon.txt").read_bytes() == b"g2p/sources/chinese_lexicon.txt" * 100
    assert record.read(home)["g2p/sources/chinese_lexicon.txt"].source == "published"


def test_a_cut_connection_goes_on_where_it_was(server: Hosts, tmp_path: Path) -> None:
    server.cut_after = [1_000_000, 500_000]
    fetch(plan(["dit-base"], tmp_path))
    assert library.locate("dit-base", tmp_path).read_bytes() == WEIGHTS
    spans = [span for address, span, _ in server.requests if "resolve" in address]
    assert spans == [None, "bytes=1000000-", "bytes=1500000-"]


def test_a_killed_download_goes_on_in_the_next_command(server: Hosts, tmp_path: Path) -> None:
    server.cut_after = [700_000, *([0] * downloads.ATTEMPTS)]
    with pytest.raises(MissingError, match=r"cut off|does not come"):
        fetch(plan(["dit-base"], tmp_path))
    (part,) = parts_of(tmp_path)
    assert part.read_bytes() == WEIGHTS[:700_000]
    assert library.find("dit-base", tmp_path) is None
    server.requests.clear()
    fetch(plan(["dit-base"], tmp_path))
    assert library.locate("dit-base", tmp_path).read_bytes() == WEIGHTS
    assert [span for address, span, _ in server.requests if "resolve" in address] == ["bytes=700000-"]


def test_another_version_does_not_continue_the_bytes_of_the_first(server: Hosts, tmp_path: Path) -> None:
    server.cut_after = [700_000, *([0] * downloads.ATTEMPTS)]
    with pytest.raises(MissingError):
        fetch(plan(["dit-base"], tmp_path))
    server.cut_after = []
    server.put(BASE, "cfm_model.pt", WEIGHTS[::-1], large=True)
    fetch(plan(["dit-base"], tmp_path))
    assert library.locate("dit-base", tmp_path).read_bytes() == WEIGHTS[::-1]


def test_a_host_that_does_not_resume_sends_all_of_it_again(server: Hosts, tmp_path: Path) -> None:
    server.resumes, server.cut_after = False, [1_000_000]
    fetch(plan(["dit-base"], tmp_path))
    assert library.locate("dit-base", tmp_path).read_bytes() == WEIGHTS


def test_damage_on_the_way_is_refused_and_thrown_away(server: Hosts, tmp_path: Path) -> None:
    server.damaged = True
    for name in ("dit-base", "mulan"):
        with pytest.raises(InputError, match="damaged on the way"):
            fetch(plan([name], tmp_path))
    assert not parts_of(tmp_path)
    assert library.find("dit-base", tmp_path) is None and library.find("mulan", tmp_path) is None


def test_the_token_goes_to_the_hub_and_nowhere_else(
    server: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    fetch(plan(["dit-base", "negative-style"], tmp_path))
    told = {address: authorization for address, _, authorization in server.requests}
    assert {each for address, each in told.items() if "/raw/" in address} == {None}
    assert {each for address, each in told.items() if "/raw/" not in address} == {"Bearer secret"}


@pytest.mark.parametrize(
    ("status", "words"), [(401, "licence"), (403, "licence"), (404, "moved"), (503, "later"), (418, "418")]
)
def test_refusals_are_told_in_words(server: Hosts, tmp_path: Path, status: int, words: str) -> None:
    server.refuse = {"/api/": status}
    with pytest.raises(MissingError, match=words):
        plan(["dit-base"], tmp_path)


def test_a_host_that_is_not_there_or_not_the_hub(
    server: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MissingError, match="has no vae_model"):
        plan(["vae"], tmp_path)
    server.login_page = True
    with pytest.raises(InputError, match="as the Hub does"):
        plan(["dit-base"], tmp_path)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(MissingError, match="cannot be reached"):
        plan(["dit-base"], tmp_path)


def test_a_full_disk_is_told_before_the_download(
    server: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = plan(["dit-base"], tmp_path)
    monkeypatch.setattr(downloads, "SPARE_BYTES", 1 << 60)
    with pytest.raises(OutputError, match="MB free"):
        fetch(planned)


def test_offline_says_what_is_missing_and_asks_nobody(
    server: Hosts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MissingError, match="dit-base, vae"):
        plan(["dit-base", "vae"], tmp_path, offline=True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(MissingError):
        plan(["dit-base"], tmp_path)
    assert server.requests == []
    with pytest.raises(UsageError):
        plan(["dit-bass"], tmp_path)


# --- verify


def state_of(name: str, folder: Path) -> list[str]:
    return [verdict.state for verdict in verify(name, folder)]


def test_what_was_fetched_is_held_against_its_checksums(server: Hosts, tmp_path: Path) -> None:
    fetch(plan(["dit-base", "negative-style"], tmp_path))
    assert state_of("dit-base", tmp_path) == state_of("negative-style", tmp_path) == ["ok"]
    for name in ("dit-base", "negative-style"):
        path = library.locate(name, tmp_path)
        content = bytearray(path.read_bytes())
        content[1000] ^= 1
        path.write_bytes(content)
        assert state_of(name, tmp_path) == ["damaged"]
    assert state_of("vae", tmp_path) == ["missing"]


def cached(hub: Path, content: bytes, name: str) -> Path:
    """A file as the cache of Hugging Face keeps it: a blob, and a link to it."""
    home = hub / f"models--{BASE.replace('/', '--')}"
    blob, link = home / "blobs" / name, home / "snapshots" / REVISION / "cfm_model.pt"
    for path in (blob, link, home / "refs" / "main"):
        path.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    (home / "refs" / "main").write_text(REVISION)
    link.symlink_to(Path(os.path.relpath(blob, link.parent)))
    return blob


def test_a_cache_of_links_is_resolved_and_verified(server: Hosts, tmp_path: Path) -> None:
    blob = cached(tmp_path / "hf" / "hub", WEIGHTS, hashlib.sha256(WEIGHTS).hexdigest())
    assert plan(["dit-base"]).here == ("dit-base",)
    (verdict,) = verify("dit-base")
    assert verdict.state == "ok" and verdict.path == blob
    blob.write_bytes(WEIGHTS[1:])
    assert state_of("dit-base", tmp_path / "hf" / "hub") == ["damaged"]
    blob.unlink()
    (verdict,) = verify("dit-base")
    assert verdict.state == "missing" and "a link to" in verdict.why


def test_what_nobody_knows_a_checksum_of_is_said(server: Hosts, tmp_path: Path) -> None:
    path = tmp_path / BASE / "cfm_model.pt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"copied by hand")
    assert state_of("dit-base", tmp_path) == ["unknown"]
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    assert state_of("dit-base", tmp_path) == ["damaged"]
    path = tmp_path / CODE / "infer" / "example" / "vocal.npy"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"short")
    assert state_of("negative-style", tmp_path) == ["damaged"]


# --- the commands


def test_fetch_shows_the_licences_and_wants_agreement(
    server: Hosts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["models", "fetch", "dit-base", "mulan", "--models", str(tmp_path)]
    assert run(arguments) == UsageError.exit_code
    shown = capsys.readouterr().err
    assert "Apache-2.0" in shown and "CC-BY-NC-4.0" in shown and "--yes" in shown
    assert library.find("dit-base", tmp_path) is None
    assert run([*arguments, "--yes", "--json"]) == 0
    fetched = json.loads(capsys.readouterr().out)["fetched"]
    assert set(fetched) == {f"{BASE}/cfm_model.pt", f"{MULAN}/config.json", f"{MULAN}/pytorch_model.bin"}
    assert run(arguments) == 0  # all is here: nothing to agree to
    assert "0 files fetched, 2 parts were here already" in capsys.readouterr().out


def test_list_verify_and_where(server: Hosts, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--models", str(tmp_path)]
    run(["models", "fetch", "dit-base", "-y", *folder])
    capsys.readouterr()
    assert run(["models", "list", "--json", *folder]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows.keys() == library.LIBRARY.keys()
    assert rows["dit-base"]["path"] and rows["vae"]["path"] is None
    assert run(["models", "list", *folder]) == 0
    assert "Stability AI Community License" in capsys.readouterr().out
    assert run(["models", "where", *folder]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path)
    assert run(["models", "where", "dit-base", *folder]) == 0
    assert capsys.readouterr().out.strip().endswith("cfm_model.pt")
    assert run(["models", "where", "vae", *folder]) == MissingError.exit_code
    assert run(["models", "verify", *folder]) == 0
    assert run(["models", "verify", "vae", *folder]) == MissingError.exit_code
    (tmp_path / BASE / "cfm_model.pt").write_bytes(b"x")
    assert run(["models", "verify", *folder]) == 1
