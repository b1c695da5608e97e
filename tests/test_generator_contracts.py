"""Contracts that every line of GENERATORS keeps; a generator that cannot run here is skipped with its own reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from songkit.files import open_source, read_audio
from songkit.generate import GENERATORS, load, not_ready
from songkit.generate.contract import MAX_SEED, Request, Take
from songkit.generate.lyrics import parse
from songkit.generate.validate import validate
from songkit.progress import Update

SECONDS = 10.0
SHEET = parse("[00:02.00]Harbour lights are calling\n[00:05.50]Harbour lights are calling\n", "contract.lrc")

Make = Callable[..., Take]


@pytest.fixture(params=sorted(GENERATORS))
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    generator = load(request.param)
    if reason := not_ready(generator, Request(SECONDS)):
        pytest.skip(f"{request.param}: {reason}")

    def made(seed: int, name: str = "", *, sung: bool = False) -> Take:
        asked = Request(SECONDS, "warm pop", SHEET if sung else None)
        shared, own = tmp_path / f"shared{name}", tmp_path / f"seed-{seed}{name}"
        shared.mkdir(exist_ok=True)
        own.mkdir()
        updates: list[Update] = []
        prepared = generator.prepare(asked, shared, updates.append)
        assert json.loads(json.dumps(prepared, allow_nan=False)) == prepared
        take = generator.generate(asked, json.loads(json.dumps(prepared)), seed, own, updates.append)
        assert len({update.stage for update in updates}) > 1, "stages are reported as they go by"
        assert all(path.is_relative_to(own) for path in (take.audio, *take.files.values()))
        return take

    return made


def test_a_take_is_as_long_as_asked_float_valid_and_says_what_it_is(make: Make) -> None:
    take = make(3, sung=True)
    source = open_source(take.audio)
    assert source.info.bit_depth == "float32"
    assert source.frames == round(SECONDS * source.format.sample_rate)
    assert validate(take.audio, SECONDS).complaints == ()
    assert take.seed == 3 and Take.from_dict(json.loads(json.dumps(take.to_dict(), allow_nan=False))) == take
    assert all(path.stat().st_size for path in take.files.values())


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_song(make: Make) -> None:
    first, again, other, last = make(1), make(1, "again"), make(2), make(MAX_SEED)
    assert first.audio.read_bytes() == again.audio.read_bytes()
    songs = [read_audio(take.audio).samples for take in (first, other, last)]
    for song, another in combinations(songs, 2):
        energy = float((song * song).sum()) * float((another * another).sum())
        assert abs(float((song * another).sum())) < 0.9 * energy**0.5
