"""What a delivered file must be: entries of `deliver:`, file names, and what a codec makes of a format."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from songkit.audio import DEFAULT_LAYOUTS, Encoding, Format
from songkit.errors import UsageError
from songkit.files.containers import CONTAINERS, default_kbps, fitting_kbps, why_not
from songkit.targets import Target

SIDE_51 = ("FL", "FR", "FC", "LFE", "SL", "SR")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"format": "mp3", "bit_depth": 16}, "lossy and has no bit depth"),
        ({"format": "wav", "bitrate_kbps": 320}, "has no bit rate"),
        ({"format": "flac", "bit_depth": 32}, "it has 16, 24"),
        ({"format": "flac", "bit_depth": "float32"}, "it has 16, 24"),
        ({"format": "opus", "sample_rate": 44_100}, "it has 48000"),
        ({"format": "mp3", "sample_rate": 96_000}, "cannot carry 96000 Hz"),
        ({"format": "wav", "sample_rate": 7_999}, "greater than or equal to 8000"),
        ({"format": "wav", "bit_depth": 20}, "16, 24, 32"),
        ({"format": "wma"}, "unknown format 'wma'"),
        ({"format": "falc"}, "did you mean flac"),
        ({"format": 3}, "wav"),
        ({"kind": "wav"}, "Extra inputs"),
        ({"format": "mp3", "bitrate_kbps": 0}, "greater than or equal to 6"),
    ],
)
def test_refused(given: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Target.model_validate(given)


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.WAV", "wav"), ("b.aif", "aiff"), ("c.oga", "ogg"), ("d.m4a", "m4a"), ("e.x.flac", "flac"), ("f.mp4", "m4a")],
)
def test_the_suffix_says_the_format(name: str, format: str) -> None:
    assert Target.for_path(name).format == format


@pytest.mark.parametrize("name", ["a", "a.wma", "a.txt", ".wav"])
def test_other_suffixes_are_refused_with_those_known(name: str) -> None:
    with pytest.raises(UsageError) as error:
        Target.for_path(name)
    for container in CONTAINERS.values():
        assert "." + container.suffix in error.value.hint


@pytest.mark.parametrize(
    ("target", "source", "depth"),
    [
        (Target(), 16, 16),
        (Target(), 24, 24),
        (Target(), 32, 32),
        (Target(), 8, 16),
        (Target(), 20, 24),
        (Target(), "float32", 24),
        (Target(), None, 24),
        (Target(format="flac"), 32, 24),
        (Target(bit_depth="float32"), 16, "float32"),
        (Target(format="aiff", bit_depth=16), 24, 16),
    ],
)
def test_the_depth_follows_the_source(target: Target, source: int | str | None, depth: int | str) -> None:
    assert target.encoding(source) == Encoding(target.format, depth, None)  # type: ignore[arg-type]


def test_lossy_encodings_have_a_rate_and_no_depth() -> None:
    assert Target(format="mp3", bitrate_kbps=192).encoding(24) == Encoding("mp3", None, 192)
    assert Target(format="opus").encoding(24) == Encoding("opus", None, None)
    assert [default_kbps(name, Format(48_000)) for name in ("mp3", "m4a", "ogg", "opus")] == [320, 256, 256, 160]
    assert default_kbps("opus", Format.of(48_000, 6)) == 480
    assert fitting_kbps("mp3", 999, Format(44_100)) == 320
    assert fitting_kbps("mp3", 100, Format(44_100)) == 96
    assert fitting_kbps("m4a", 512, Format(44_100)) == 516 or fitting_kbps("m4a", 512, Format(44_100)) == 512


@pytest.mark.parametrize("channels", range(1, 9))
@pytest.mark.parametrize("sample_rate", [8_000, 22_050, 37_800, 44_100, 96_000, 176_400, 192_000])
@pytest.mark.parametrize("name", sorted(CONTAINERS))
def test_format_for_always_names_what_the_codec_carries(name: str, sample_rate: int, channels: int) -> None:
    source = Format.of(sample_rate, channels)
    target = Target.model_validate({"format": name})
    taken, notes = target.format_for(source)
    assert why_not(target.format, taken) is None
    assert bool(notes) == (taken != source)
    assert target.format_for(taken) == (taken, ())


@pytest.mark.parametrize(
    ("name", "source", "rate"),
    [
        ("mp3", 88_200, 44_100),
        ("mp3", 176_400, 44_100),
        ("mp3", 96_000, 48_000),
        ("mp3", 192_000, 48_000),
        ("mp3", 37_800, 44_100),
        ("m4a", 192_000, 96_000),
        ("m4a", 176_400, 88_200),
        ("opus", 44_100, 48_000),
        ("wav", 37_800, 37_800),
    ],
)
def test_rates_that_a_codec_has_not(name: str, source: int, rate: int) -> None:
    conversion = Target.model_validate({"format": name}).format_for(Format(source))
    assert conversion.format.sample_rate == rate


def test_an_asked_rate_is_taken_without_a_note() -> None:
    assert Target(format="wav", sample_rate=44_100).format_for(Format(96_000)) == (Format(44_100), ())


def test_layouts_are_renamed_where_the_speakers_are_the_same_and_folded_else() -> None:
    five_one = DEFAULT_LAYOUTS[6]
    taken, notes = Target(format="m4a").format_for(Format(48_000, SIDE_51))
    assert taken.layout == five_one
    assert "written as" in notes[0]
    taken, notes = Target(format="mp3").format_for(Format(48_000, five_one))
    assert taken.layout == ("FL", "FR")
    assert "folded to stereo" in notes[0]
    assert Target(format="wav").format_for(Format(48_000, SIDE_51)).format.layout == SIDE_51
    assert Target(format="ogg").format_for(Format(48_000, ("FL", "FR", "FC", "BC"))).format.layout == ("FL", "FR")
