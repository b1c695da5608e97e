"""Latents to audio and back: every frame from the chunk it should come from, at its place, at its level."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'songkit[diffrhythm]'")

from songkit.errors import InputError, MissingError, SignalError  # noqa: E402
from songkit.generate.diffrhythm.chunks import chunks_of, fade_frames  # noqa: E402
from songkit.generate.diffrhythm.vae import Posterior, Vae, crossfaded  # noqa: E402
from tests.diffrhythm import DATA, SmallVae, TellingVae, vae_file  # noqa: E402

PUBLISHED = json.loads((DATA / "vae_chunks.json").read_text())["cases"]
LENGTHS = [case["latent_frames"] for case in PUBLISHED]
SHORT = [frames for frames in LENGTHS if frames <= 500]
CHANNELS = 4


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Vae:
    return Vae(vae_file(tmp_path_factory.mktemp("vae") / "vae_model.pt", TellingVae(CHANNELS)))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Vae:
    return Vae(vae_file(tmp_path_factory.mktemp("vae") / "vae_model.pt", SmallVae(CHANNELS)))


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: str(case["latent_frames"]))
def test_chunks_are_the_published_ones(case: dict[str, object]) -> None:
    chunks = chunks_of(case["latent_frames"])  # type: ignore[arg-type]
    segments = case["decode_segments_chunkstart_outstart_outend"]
    assert [[chunk.first, chunk.start, chunk.end] for chunk in chunks] == segments
    assert {chunk.last - chunk.first for chunk in chunks} == {case["chunk_len"]}


@pytest.mark.parametrize("frames", SHORT)
def test_decoding_takes_each_frame_from_its_chunk(telling: Vae, frames: int) -> None:
    latents = torch.zeros(frames, CHANNELS)
    latents[:, 0] = torch.arange(frames)
    audio = np.concatenate(list(telling.decode(latents)), axis=1)
    assert audio.shape == (2, frames * 2048)
    assert audio.dtype == np.float32
    assert np.array_equal(audio[0], np.repeat(np.arange(frames), 2048))
    case = next(case for case in PUBLISHED if case["latent_frames"] == frames)
    for first, start, end in case["decode_segments_chunkstart_outstart_outend"]:
        assert np.all(audio[1, start * 2048 : end * 2048] == first)


@pytest.mark.parametrize("frames", SHORT)
def test_cross_fading_keeps_length_and_what_both_chunks_agree_on(telling: Vae, frames: int) -> None:
    latents = torch.ones(frames, CHANNELS)
    audio = np.concatenate(list(telling.decode(latents, "equal_power")), axis=1)
    assert audio.shape == (2, frames * 2048)
    assert np.allclose(audio, 1.0, atol=1e-6)


@pytest.mark.parametrize("frames", [64, 200, 225, 500])
def test_chunks_give_what_the_whole_gives(small: Vae, frames: int) -> None:
    latents = torch.randn(frames, CHANNELS, generator=torch.Generator().manual_seed(frames))
    wanted = SmallVae(CHANNELS).decode_export(latents.T[None])[0].numpy()
    for join in ("cut", "equal_power"):
        audio = np.concatenate(list(small.decode(latents, join)), axis=1)  # type: ignore[arg-type]
        assert np.allclose(audio, wanted, atol=2e-6), join


def test_fades_stay_inside_the_chunks() -> None:
    for frames in [*LENGTHS, *range(129, 420)]:
        chunks = chunks_of(frames)
        for left, right in pairwise(chunks):
            reach = fade_frames(left, right)
            assert 0 < reach <= 8
            assert right.first + 8 <= right.start - reach
            assert right.start + reach <= left.last - 8


def test_memory_holds_one_chunk_at_a_time(telling: Vae) -> None:
    blocks = telling.decode(torch.ones(6136, CHANNELS))
    assert max(block.shape[1] for block in blocks) <= 128 * 2048


@pytest.mark.parametrize(("likeness", "rise_db"), [(1.0, 0.0), (0.0, 0.0), (0.5, 0.0)])
def test_a_cross_fade_keeps_the_power(likeness: float, rise_db: float) -> None:
    random = np.random.default_rng(3)
    old, other = random.standard_normal((2, 2, 200_000)).astype(np.float32)
    new = (likeness * old + np.sqrt(1 - likeness**2) * other).astype(np.float32)
    mixed = crossfaded(old, new)
    parts = np.array_split(mixed.astype(float), 8, axis=1)
    levels_db = [10 * np.log10(np.mean(part**2)) for part in parts]
    assert levels_db == pytest.approx([rise_db] * 8, abs=0.06)
    assert np.allclose(mixed[:, 0], old[:, 0], atol=1e-3)
    assert np.allclose(mixed[:, -1], new[:, -1], atol=1e-3)


def test_a_cross_fade_of_silence_is_silence() -> None:
    silence = np.zeros((2, 16), dtype=np.float32)
    assert not crossfaded(silence, silence).any()


@pytest.mark.parametrize("samples", [1, 2047, 2048, 2049, 64 * 2048 + 77, 128 * 2048, 225 * 2048, 225 * 2048 - 1])
def test_encoding_stays_on_the_grid_at_any_length(telling: Vae, samples: int) -> None:
    frames = -(-samples // 2048)
    audio = np.zeros((2, samples), dtype=np.float32)
    audio[0] = np.repeat(np.arange(frames), 2048)[:samples]
    audio[1] = audio[0]
    posterior = telling.encode(audio)
    assert posterior.mean.shape == posterior.scale.shape == (frames, CHANNELS)
    assert torch.equal(posterior.mean[:-1, 0], torch.arange(frames - 1, dtype=torch.float32))
    assert float(posterior.mean[-1, 0]) == pytest.approx((frames - 1) * (samples - (frames - 1) * 2048) / 2048)
    for chunk in chunks_of(frames):
        assert torch.all(posterior.scale[chunk.start : chunk.end] == chunk.first)


def test_a_draw_from_the_posterior_is_its_seeds(small: Vae) -> None:
    mean, scale = torch.full((4000, 8), 3.0), torch.full((4000, 8), 0.5)
    posterior = Posterior(mean, scale)
    draw = posterior.sample(5)
    assert torch.equal(draw, posterior.sample(5))
    assert not torch.equal(draw, posterior.sample(6))
    assert float(draw.mean()) == pytest.approx(3.0, abs=0.03)
    assert float(draw.std()) == pytest.approx(np.log1p(np.exp(0.5)) + 1e-4, rel=0.02)


def test_progress_and_order_of_work(small: Vae) -> None:
    updates = []
    blocks = small.decode(torch.ones(500, CHANNELS), progress=updates.append)
    next(blocks)
    assert len(updates) <= 2  # nothing is decoded ahead of whoever writes it
    list(blocks)
    assert [update.fraction for update in updates] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])


def test_not_finite_is_named_with_its_place(small: Vae) -> None:
    latents = torch.ones(500, CHANNELS)
    latents[250] = torch.nan
    blocks = small.decode(latents)
    next(blocks)
    next(blocks)
    with pytest.raises(SignalError, match="decoder gave values that are not finite in latent frames 192 to 320"):
        next(blocks)


def test_files_that_are_no_vae(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="there is no VAE"):
        Vae(tmp_path / "nothing.pt")
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"no script at all")
    with pytest.raises(InputError, match="cannot be read as TorchScript"):
        Vae(broken)
    with pytest.raises(InputError, match="has no decode_export and no encode_export"):
        Vae(vae_file(tmp_path / "other.pt", torch.nn.Linear(2, 2)))


def test_a_decoder_of_another_hop_is_refused(tmp_path: Path) -> None:
    class Other(TellingVae):
        @torch.jit.export
        def decode_export(self, latents: torch.Tensor) -> torch.Tensor:
            return latents[:, :2].repeat_interleave(1024, dim=2)

    vae = Vae(vae_file(tmp_path / "vae.pt", Other(CHANNELS)))
    with pytest.raises(InputError, match=r"gave shape \(2, 10240\) where \(2, 20480\) was expected"):
        list(vae.decode(torch.ones(10, CHANNELS)))


def test_audio_that_cannot_be_encoded(small: Vae) -> None:
    for shape in ((1, 4096), (2, 0)):
        with pytest.raises(InputError, match="the encoder takes stereo"):
            small.encode(np.zeros(shape, dtype=np.float32))
