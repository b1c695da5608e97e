"""Steps at the border: resample, downmix, ffmpeg's filters, pedalboard's plugins."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from songkit import ffmpeg
from songkit.audio import DEFAULT_LAYOUTS, Audio, Format
from songkit.blocks import SourceInfo
from songkit.errors import ChainError
from songkit.master.downmix import Downmix, stereo_matrix
from songkit.master.ffmpeg_filter import FILTERS, STEREO_ONLY, FfmpegFilter
from songkit.master.pedalboard_plugin import PedalboardPlugin
from songkit.master.processor import StreamProcessor
from songkit.master.resample import Resample, resampled_frames
from tests import signals
from tests.stages import ODD_SIZES, info, run

PLUGINS = (
    "Bitcrush", "BrickwallLimiter", "Chorus", "Clipping", "Compressor", "Delay", "Distortion", "Gain",
    "HighShelfFilter", "HighpassFilter", "Invert", "LadderFilter", "Limiter", "LowShelfFilter", "LowpassFilter",
    "MP3Compressor", "NoiseGate", "PeakFilter", "Phaser", "PitchShift", "Resample", "Reverb",
)  # fmt: skip


@pytest.mark.parametrize(
    ("source_hz", "target_hz"),
    [(44_100, 48_000), (48_000, 44_100), (96_000, 44_100), (8_000, 192_000), (192_000, 8_000), (44_100, 44_101)],
)
@pytest.mark.parametrize("channels", [1, 6])
def test_resampling_in_blocks_of_any_size(source_hz: int, target_hz: int, channels: int) -> None:
    audio = signals.noise(-20, 10_001 / source_hz, source_hz, channels)
    step = Resample(sample_rate_hz=target_hz)
    whole = run(step, audio)
    assert whole.shape == (channels, round(10_001 * target_hz / source_hz))
    assert np.array_equal(run(step, audio, ODD_SIZES), whole)
    assert step.format_out(audio.format) == Format(target_hz, audio.layout)


@pytest.mark.parametrize(("source_hz", "target_hz"), [(44_100, 48_000), (96_000, 44_100), (48_000, 96_000)])
def test_a_resampled_sine_is_the_same_sine(source_hz: int, target_hz: int) -> None:
    """In phase, at its level, and with nothing else above -110 dB."""
    source, wanted = (signals.sine(997, -3, 1.0, rate, 1) for rate in (source_hz, target_hz))
    inner = slice(4_000, -4_000)
    error = run(Resample(sample_rate_hz=target_hz), source)[0, inner] - wanted.samples[0, inner]
    assert np.max(np.abs(error)) < 10 ** (-110 / 20)


def test_what_is_above_the_new_rate_is_gone() -> None:
    out = run(Resample(sample_rate_hz=44_100), signals.sine(23_000, -3, 1.0, 96_000, 1))
    assert np.max(np.abs(out[0, 2_000:-2_000])) < 10 ** (-110 / 20)


def test_resampling_to_the_same_rate_is_the_identity() -> None:
    assert Resample(sample_rate_hz=48_000).is_identity(info())
    assert not Resample(sample_rate_hz=44_100).is_identity(info())
    assert [resampled_frames(frames, 2, 1) for frames in (0, 1, 2, 3)] == [0, 1, 1, 2]


def test_downmix_is_bs_775() -> None:
    five_one = DEFAULT_LAYOUTS[6]
    half = 0.5**0.5
    expected = [[1, 0, half, 0, half, 0], [0, 1, half, 0, 0, half]]
    assert stereo_matrix(five_one) == pytest.approx(np.array(expected), abs=1e-7)
    audio = signals.multichannel(0.1)
    out = run(Downmix(), audio)
    assert out == pytest.approx(np.array(expected) @ audio.samples, abs=1e-6)
    assert run(Downmix(), audio, ODD_SIZES) == pytest.approx(out, abs=1e-7)
    assert Downmix().format_out(audio.format) == Format(48_000)


@pytest.mark.parametrize("channels", range(1, 9))
def test_every_layout_can_be_folded_to_stereo(channels: int) -> None:
    audio = signals.noise(-20, 0.05, channels=channels)
    assert Downmix().check(SourceInfo(audio.format, None)) is None
    assert run(Downmix(), audio).shape == (2, audio.frames)
    assert not np.any(run(Downmix(), signals.silence(0.05, channels=channels)))


def test_speakers_are_renamed_bit_for_bit() -> None:
    audio = signals.multichannel(0.1)
    side = ("FL", "FR", "FC", "LFE", "SL", "SR")
    assert np.array_equal(run(Downmix(layout=side), audio), audio.samples)
    assert "stereo only" in (Downmix(layout=("FL", "FR", "FC")).check(info(channels=6)) or "")
    with pytest.raises(ValidationError, match="unknown speakers XX"):
        Downmix(layout=("FL", "XX"))


FFMPEG_STEPS = [
    FfmpegFilter(filter="acompressor", options={"threshold": 0.1, "ratio": 4}),
    FfmpegFilter(filter="equalizer", options={"f": 1000, "width_type": "q", "w": 1, "g": "-6"}),
    FfmpegFilter(filter="compand", options={"attacks": "0.1", "points": "-70/-70|-60/-20|1/0"}),
    FfmpegFilter(filter="volume", options={"volume": "-6dB"}),
    FfmpegFilter(filter="loudnorm", options={"I": -16, "linear": False}),
]


@pytest.mark.parametrize("step", FFMPEG_STEPS, ids=lambda step: step.filter)
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_ffmpeg_filters_keep_rate_layout_and_length_in_blocks_of_any_size(step: FfmpegFilter, channels: int) -> None:
    audio = signals.noise(-20, 1.0, 44_100, channels)
    assert step.check(SourceInfo(audio.format, audio.frames)) is None
    whole = run(step, audio)
    assert whole.shape == audio.samples.shape
    assert np.max(np.abs(whole)) > 0.01
    assert np.array_equal(run(step, audio, (255, 4_096, 10_000, 1)), whole)


def test_an_ffmpeg_filter_does_what_it_says() -> None:
    audio = signals.sine(1_000, -6)
    out = run(FfmpegFilter(filter="volume", options={"volume": 0.5}), audio)
    assert out == pytest.approx(audio.samples * 0.5, abs=1e-7)


@pytest.mark.parametrize(
    "name",
    [
        "movie",
        "amovie",
        "ametadata",
        "azmq",
        "arnndn",
        "sendcmd",
        "asendcmd",
        "afireqsrc",
        "ladspa",
        "lv2",
        "sofalizer",
        "aeval",
        "firequalizer",
        "asplit",
        "anullsink",
        "areverse",
        "volume,amovie=x",
        "volume[a];amovie",
        "",
        "Volume",
    ],
)
def test_filters_off_the_list_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="not among the ffmpeg filters"):
        FfmpegFilter(filter=name)


@pytest.mark.parametrize(
    "options",
    [
        {"stats_file": "x"},
        {"/volume": "/etc/passwd"},
        {"-volume": 1},
        {"volume=1,amovie": "x"},
        {"file": "x"},
        {"": 1},
        {"volume": "1,amovie='x'"},
        {"volume": "1[a];[a]anull"},
        {"volume": "1'"},
        {"volume": "1\\"},
        {"volume": "1=2"},
        {"volume": "while(1,1)"},
        {"volume": "1\namovie=x"},
        {"volume": "é"},
        {"volume": float("nan")},
        {"volume": [1]},
        {"volume": None},
    ],
)
def test_options_that_reach_further_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FfmpegFilter.model_validate({"filter": "volume", "options": options})


@pytest.mark.parametrize("value", ["1,amovie=/etc/passwd", "1:replaygain=drop", "1|2", "a b , c : d"])
def test_what_the_pattern_lets_through_stays_one_value(value: str) -> None:
    """Commas and colons are escaped on the way: ffmpeg sees one strange value, not another filter or option."""
    allowed = value.replace("=", " ")
    step = FfmpegFilter(filter="volume", options={"volume": allowed})
    assert step.check(info()) is not None
    running = ffmpeg.Filter(Format(48_000), "volume", {"volume": value + "';[x]\\"})
    with pytest.raises(ffmpeg.FfmpegError, match=r"volume|Invalid|Undefined|expression"):
        for _ in range(20):
            running.push(np.zeros((2, 50_000), np.float32))
        running.finish()
    assert "Parsed_amovie" not in "\n".join(running._process.lines)


def test_no_filter_of_the_list_has_an_option_for_a_file_that_is_let_through() -> None:
    for name in sorted(FILTERS):
        command = [ffmpeg.executable(), "-hide_banner", "-h", f"filter={name}"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert re.search(r"A->A|audio", text), name
        for option, words in re.findall(r"^ +(\w+) +<string>(.*)$", text, re.MULTILINE):
            if re.search(r"file|path|url|socket|address|command|model|plugin", option + words, re.IGNORECASE):
                with pytest.raises(ValidationError):
                    FfmpegFilter(filter=name, options={option: "x"})


def test_filters_for_stereo_refuse_anything_else() -> None:
    for name in STEREO_ONLY:
        assert FfmpegFilter(filter=name).check(info(channels=2)) is None
        assert "stereo only" in (FfmpegFilter(filter=name).check(info(channels=6)) or "")
        assert "stereo only" in (FfmpegFilter(filter=name).check(info(channels=1)) or "")


def test_an_unknown_option_is_ffmpegs_word() -> None:
    assert "thresh" in (FfmpegFilter(filter="acompressor", options={"thresh": 1}).check(info()) or "")


PEDALBOARD_STEPS = [
    PedalboardPlugin(plugin="Reverb", parameters={"room_size": 0.4}),
    PedalboardPlugin(plugin="Compressor", parameters={"threshold_db": -30, "ratio": 4}),
    PedalboardPlugin(plugin="BrickwallLimiter", parameters={"ceiling_db": -30}),
    PedalboardPlugin(plugin="LadderFilter", parameters={"mode": "HPF24", "cutoff_hz": 500}),
    PedalboardPlugin(plugin="PitchShift", parameters={"semitones": 2}),
    PedalboardPlugin(plugin="Resample", parameters={"target_sample_rate": 8000}),
    PedalboardPlugin(plugin="MP3Compressor", parameters={"vbr_quality": 2}),
]


@pytest.mark.parametrize("step", PEDALBOARD_STEPS, ids=lambda step: step.plugin)
@pytest.mark.parametrize("channels", [1, 2])
def test_plugins_in_blocks_of_any_size(step: PedalboardPlugin, channels: int) -> None:
    audio = signals.noise(-20, 1.0, 48_000, channels)
    assert step.check(SourceInfo(audio.format, None)) is None
    whole = run(step, audio)
    assert whole.shape == audio.samples.shape
    assert not np.array_equal(whole, audio.samples)
    assert np.array_equal(run(step, audio, ODD_SIZES), whole)


@pytest.mark.parametrize("name", PLUGINS)
def test_every_plugin_keeps_silence_and_length(name: str) -> None:
    step = PedalboardPlugin(plugin=name)
    assert step.check(info()) is None
    out = run(step, signals.silence(0.3))
    assert out.shape == (2, 14_400)
    assert np.max(np.abs(out)) < 1e-6


def test_a_plugin_with_latency_lines_up() -> None:
    audio = signals.sine(1_000, -20, 0.5)
    step = PedalboardPlugin(plugin="BrickwallLimiter", parameters={"ceiling_db": -1})
    assert run(step, audio)[:, 1_000:-1_000] == pytest.approx(audio.samples[:, 1_000:-1_000], abs=1e-5)


def test_more_channels_than_a_plugin_knows_are_refused() -> None:
    """Reverb would hand 5.1 back untouched, without a word."""
    assert "at most 2 channels" in (PedalboardPlugin(plugin="Reverb").check(info(channels=6)) or "")
    with pytest.raises(ChainError, match="at most 2"):
        PedalboardPlugin(plugin="MP3Compressor").start(info(channels=6))
    audio = signals.noise(-20, 0.5, channels=6)
    out = run(PedalboardPlugin(plugin="Compressor", parameters={"threshold_db": -30}), audio)
    mono = Audio(audio.samples[4:5], 48_000)
    alone = run(PedalboardPlugin(plugin="Compressor", parameters={"threshold_db": -30}), mono)
    assert np.array_equal(out[4:5], alone)


@pytest.mark.parametrize(
    ("plugin", "parameters", "says"),
    [
        ("Reverbb", {}, "did you mean Reverb"),
        ("VST3Plugin", {}, "no plugin 'VST3Plugin'"),
        ("Convolution", {}, "no plugin"),
        ("Pedalboard", {}, "no plugin"),
        ("__doc__", {}, "no plugin"),
        ("Reverb", {"roomsize": 1}, "did you mean room_size"),
        ("Reverb", {"__class__": 1}, "no parameter"),
        ("Reverb", {"process": 1}, "no parameter"),
        ("Invert", {"x": 1}, "it has no parameters"),
        ("Reverb", {"room_size": 7}, "room_size cannot be 7"),
        ("Reverb", {"room_size": "big"}, "cannot be 'big'"),
        ("LadderFilter", {"mode": "HPF99"}, "did you mean HPF"),
    ],
)
def test_wrong_plugins_and_parameters(plugin: str, parameters: dict[str, object], says: str) -> None:
    step = PedalboardPlugin.model_validate({"plugin": plugin, "parameters": parameters})
    assert says in (step.check(info()) or "")
    with pytest.raises(ChainError):
        step.start(info())


@pytest.mark.parametrize("step", [*FFMPEG_STEPS, *PEDALBOARD_STEPS, Resample(), Downmix()], ids=repr)
def test_steps_are_values(step: StreamProcessor) -> None:
    assert type(step).model_validate(step.model_dump()) == step
    with pytest.raises(ValidationError):
        step.mix = 0.5  # type: ignore[misc]


def test_models_load_no_engine(tmp_path: Path) -> None:
    code = (
        "import sys; from songkit.master import resample, downmix, ffmpeg_filter, pedalboard_plugin; "
        "from songkit import targets; "
        "ffmpeg_filter.FfmpegFilter(filter='volume'); pedalboard_plugin.PedalboardPlugin(plugin='Reverb'); "
        "heavy = {'soxr', 'pedalboard', 'ffmpeg', 'soundfile', 'scipy', 'numba'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert result.stdout.strip() == "[]"
