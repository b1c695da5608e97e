"""Long songs piece by piece: which frames each piece makes, what it goes on from, and what stays as it is."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'songkit[diffrhythm]'")

from songkit.generate.diffrhythm import checkpoint  # noqa: E402
from songkit.generate.diffrhythm.checkpoint import Checkpoint  # noqa: E402
from songkit.generate.diffrhythm.field import Prompt, Reference  # noqa: E402
from songkit.generate.diffrhythm.model import DiT  # noqa: E402
from songkit.generate.diffrhythm.pieces import PIECE_FRAMES, REPEATED_FRAMES, Piece, pieces_of, sample_in_pieces  # noqa: E402
from songkit.generate.diffrhythm.sampler import Schedule, noise, sample  # noqa: E402
from songkit.progress import Update  # noqa: E402
from tests.diffrhythm import TINY, made_weights  # noqa: E402

FRAMES = 96
SCHEDULE = Schedule(steps=4)


@pytest.fixture(scope="module")
def model() -> DiT:
    made = DiT(replace(TINY, max_frames=6144))
    made.load_state_dict(made_weights({k: tuple(v.shape) for k, v in made.state_dict().items()}, 5), strict=True)
    return made.requires_grad_(False).eval()


@pytest.fixture(scope="module")
def prompt() -> Prompt:
    tokens = torch.arange(FRAMES) % 7
    style = torch.nn.functional.normalize(torch.ones(1, TINY.text_dim))
    return Prompt(tokens, style, -style, duration=FRAMES / 6144)


@pytest.mark.parametrize("frames", [1, 2047, 2048, 2049, 3584, 3585, 6136, 6144])
def test_pieces_cover_the_song_and_each_repeats_the_end_of_the_one_before(frames: int) -> None:
    pieces = pieces_of(frames)
    assert pieces[0].first == 0 and pieces[-1].last == frames
    assert all(piece.last - piece.first == min(frames, PIECE_FRAMES) for piece in pieces)
    for one, following in pairwise(pieces):
        assert one.first < following.first
        assert one.last - following.first >= REPEATED_FRAMES


def test_one_piece_is_the_whole_song(model: DiT, prompt: Prompt) -> None:
    start = noise([3], FRAMES, model)
    whole = sample(model, prompt, start, SCHEDULE)
    assert torch.equal(sample_in_pieces(model, prompt, start, SCHEDULE), whole)


def test_a_piece_keeps_what_the_one_before_made(model: DiT, prompt: Prompt) -> None:
    start, updates = noise([3], FRAMES, model), list[Update]()
    pieces = (Piece(0, 64), Piece(32, 96))
    made = sample_in_pieces(model, prompt, start, SCHEDULE, updates.append, pieces=pieces)
    first = sample(model, replace(prompt, tokens=prompt.tokens[:64]), start[:, :64], SCHEDULE)
    assert torch.equal(made[:, :64], first)
    going_on = Reference(first[0][32:], ((32, 64),))
    told = replace(prompt, tokens=prompt.tokens[32:], start=32 / FRAMES, reference=going_on)
    assert torch.equal(made[:, 64:], sample(model, told, start[:, 32:], SCHEDULE)[:, 32:])
    done = [update.fraction or 0.0 for update in updates]
    assert done == sorted(done) and done[-1] == 1.0, "one way from nothing to all of it"


def test_a_killed_way_goes_on_from_its_checkpoint_to_the_same_bytes(
    model: DiT, prompt: Prompt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.0)
    start, pieces = noise([3], FRAMES, model), (Piece(0, 64), Piece(32, 96))
    whole = sample_in_pieces(model, prompt, start, SCHEDULE, pieces=pieces)

    class KilledError(Exception): ...

    def killed(update: Update) -> None:
        if update.fraction and update.fraction > 0.6:
            raise KilledError

    kept = Checkpoint(tmp_path, "a key")
    with pytest.raises(KilledError):
        sample_in_pieces(model, prompt, start, SCHEDULE, killed, pieces=pieces, checkpoint=kept)
    updates: list[Update] = []
    again = sample_in_pieces(model, prompt, start, SCHEDULE, updates.append, pieces=pieces, checkpoint=kept)
    assert torch.equal(again, whole)
    assert len([update for update in updates if update.fraction]) < 6, "steps that were kept are not taken again"
    other = sample_in_pieces(
        model, prompt, noise([4], FRAMES, model), SCHEDULE, pieces=pieces, checkpoint=Checkpoint(tmp_path, "other")
    )
    assert not torch.equal(other, whole), "what was made from something else is not gone on from"


def test_what_a_recording_keeps_stays_in_every_piece(model: DiT, prompt: Prompt) -> None:
    recording = torch.randn(FRAMES, TINY.mel_dim, generator=torch.Generator().manual_seed(1))
    edited = replace(prompt, reference=Reference(recording, ((10, 20), (70, 96))))
    pieces = (Piece(0, 64), Piece(32, 96))
    made = sample_in_pieces(model, edited, noise([3], FRAMES, model), SCHEDULE, pieces=pieces)[0]
    assert torch.equal(made[20:70], recording[20:70])
    assert not torch.isclose(made[10:20], recording[10:20]).all(dim=1).any()
    assert not torch.isclose(made[70:], recording[70:]).all(dim=1).any()
