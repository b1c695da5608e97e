"""What comes out of the sampler and of the decoder is a song, or an error that names the stage; and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'songkit[diffrhythm]'")
pytest.importorskip("safetensors", reason="safetensors is not installed: pip install 'songkit[diffrhythm]'")

from songkit.audio import Samples  # noqa: E402
from songkit.errors import InputError, SignalError  # noqa: E402
from songkit.files import open_source, read_audio  # noqa: E402
from songkit.generate.diffrhythm import latents  # noqa: E402
from songkit.generate.diffrhythm.decoded import write_take  # noqa: E402


def song(frames: int = 200, spread: float = 1.0) -> torch.Tensor:
    return spread * torch.randn(frames, 64, generator=torch.Generator().manual_seed(4))


def test_latents_like_those_of_songs_pass() -> None:
    figures = latents.check(song())
    assert figures.spread == pytest.approx(1.0, abs=0.02)
    assert (figures.frames, figures.still_share, figures.dead_channels) == (200, 0.0, 0)
    assert figures.to_dict()["warnings"] == []
    assert latents.check(song().half()).spread == pytest.approx(1.0, abs=0.02)


def stuck() -> torch.Tensor:
    values = song()
    values[60:] = values[60]
    return values


def holed(value: float) -> torch.Tensor:
    values = song()
    values[123, 5] = value
    return values


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (holed(torch.nan), "1 of 12800 latent values are not finite, the first in frame 123"),
        (holed(torch.inf), "not finite, the first in frame 123"),
        (torch.full((200, 64), 0.25), "the latents are constant (0.25)"),
        (torch.zeros(200, 64), "the latents are constant (0)"),
        (song(spread=0.01), "the latents have collapsed: spread 0.00997"),
        (song(spread=30.0), "the latents have run away: spread 29.9"),
        (holed(3000.0), "the latents have run away"),
        (stuck(), "the latents stand still: 70% of the frames repeat"),
    ],
    ids=["nan", "inf", "constant", "zero", "collapsed", "exploded", "spike", "stuck"],
)
def test_latents_that_cannot_be_a_song(values: torch.Tensor, says: str) -> None:
    with pytest.raises(SignalError) as caught:
        latents.check(values)
    assert caught.value.message.startswith("sample: ")
    assert says in caught.value.message
    assert caught.value.hint


def test_what_is_unusual_is_said_and_passes() -> None:
    values = song(spread=2.0)
    values[:, 7] = 0.5
    assert list(latents.check(values).warnings()) == [
        "latents have a spread of 1.98 (real songs: about 1)",
        f"latents reach from {float(values.min()):.1f} to {float(values.max()):.1f} (real songs: about -6 to 6)",
        "channels of the latents that never change: 1",
    ]


def test_kept_latents_are_the_same_bits(tmp_path: Path) -> None:
    path = tmp_path / "latents.safetensors"
    latents.save(path, song(50), {"seed": "4"})
    latents.save(path, song(60), {"seed": "4"})
    assert torch.equal(latents.load(path), song(60))
    latents.save(path, song(60).half())
    assert torch.equal(latents.load(path), song(60).half().float())
    assert list(tmp_path.iterdir()) == [path]


def test_latents_lie_as_training_data_do(tmp_path: Path) -> None:
    from safetensors import safe_open

    latents.save(tmp_path / "latents.safetensors", song(50), {"seed": "4"})
    with safe_open(tmp_path / "latents.safetensors", "pt") as file:
        assert file.metadata() == {"seed": "4"}
        assert file.get_tensor("latents").shape == (1, 64, 50)


def test_half_a_file_of_latents_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "latents.safetensors"
    latents.save(path, song(50))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match="holds no latents"):
        latents.load(path)
    with pytest.raises(InputError, match="holds no latents"):
        latents.load(tmp_path / "nothing.safetensors")


def blocks(level: float = 0.5, count: int = 5, **changed: float) -> Iterator[Samples]:
    """Blocks of 20 000 frames of noise; `b3=nan` changes a sample of block 3."""
    random = np.random.default_rng(1)
    for index in range(count):
        block = (level * random.uniform(-1, 1, (2, 20_000))).astype(np.float32)
        if f"b{index}" in changed:
            block[1, 100] = changed[f"b{index}"]
        yield block


def test_a_take_is_written_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "take.wav"
    path.write_bytes(b"an older take")
    figures = write_take(path, blocks(level=1.9))
    wanted = np.concatenate(list(blocks(level=1.9)), axis=1)
    audio = read_audio(path)
    assert np.array_equal(audio.samples, wanted)  # beyond full scale, and not divided by its peak
    assert open_source(path).info.bit_depth == "float32"
    assert audio.sample_rate == 44_100
    assert figures.frames == 100_000
    assert figures.peak_dbfs == pytest.approx(20 * np.log10(np.abs(wanted).max()), abs=1e-4)
    assert figures.rms_dbfs == pytest.approx(10 * np.log10(np.mean(wanted.astype(float) ** 2)), abs=1e-4)
    assert figures.over_full_scale == int((np.abs(wanted) > 1).sum())


def test_a_take_is_cut_to_the_length_that_was_asked_for(tmp_path: Path) -> None:
    assert write_take(tmp_path / "take.wav", blocks(), frames=50_001).frames == 50_001
    wanted = np.concatenate(list(blocks()), axis=1)[:, :50_001]
    assert np.array_equal(read_audio(tmp_path / "take.wav").samples, wanted)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: blocks(b3=np.nan), "samples are not finite at 0:01.363"),
        (lambda: blocks(b3=-np.inf), "samples are not finite at 0:01.363"),
        (lambda: blocks(b2=40.0), "+32.0 dBFS at 0:00.909: no music is that loud"),
        (lambda: blocks(level=0.0), "the song is silent (digital silence)"),
        (lambda: blocks(level=1e-5), "the song is silent (RMS -104.8 dBFS)"),
        (lambda: (block * 0.01 + 0.5 for block in blocks()), "the song is constant (100.0% of its power is DC)"),
        (lambda: iter([]), "the song is silent (digital silence)"),
    ],
    ids=["nan", "inf", "runaway", "silence", "faint", "constant", "nothing"],
)
def test_audio_that_cannot_be_a_song_leaves_no_file(made, says: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SignalError) as caught:
        write_take(tmp_path / "take.wav", made())
    assert caught.value.message.startswith("decode: ")
    assert says in caught.value.message
    assert list(tmp_path.iterdir()) == []
