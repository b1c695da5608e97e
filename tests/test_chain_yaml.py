"""Chains as YAML: read, written again, changed, and refused with file, line and path."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from songkit.audio import Format
from songkit.chains import Bounds, Chain, lint, schema, stock_names
from songkit.chains.document import read
from songkit.errors import ChainError
from songkit.master import PROCESSORS
from songkit.master.compressor import Compressor
from songkit.master.gain import Gain
from songkit.targets import Target

RADIO = """\
name: radio
about: Tight low end.
steps:
  - highpass: {cutoff_hz: 30, slope_db_per_octave: 12}
  - eq:
      bands:
        - {shape: low_shelf, frequency_hz: 100, gain_db: 1.5}
        - {shape: high_shelf, frequency_hz: 1e4, gain_db: 2.0}
  - compressor: {threshold_db: -18, ratio: 2.0, attack_ms: 20, release_ms: 150}
  - loudness: {target_lufs: -14, ceiling_dbtp: -1}
deliver:
  - {format: wav, bit_depth: 24}
checks:
  loudness_error_lu: {max: 0.3}
"""


def parse(text: str | bytes) -> Chain:
    return Chain.parse(text, "radio.yaml")


def test_reads_what_is_written() -> None:
    chain = parse(RADIO)
    assert chain.name == "radio"
    compressor = chain.steps[2]
    assert isinstance(compressor, Compressor)
    assert (compressor.threshold_db, compressor.ratio) == (-18.0, 2.0)
    assert chain.deliver == (Target(format="wav", bit_depth=24),)
    assert chain.checks == {"loudness_error_lu": Bounds(max=0.3)}


def test_the_file_gives_the_name_and_a_bare_step_its_defaults() -> None:
    chain = Chain.parse("steps: [dc, {gain: }]", "some/where/mine.yaml")
    assert chain.name == "mine"
    assert [type(step) for step in chain.steps] == [PROCESSORS["dc"], Gain]


def test_python_builds_the_same_chain() -> None:
    built = Chain(
        name="a", steps=(Gain(gain_db=3),), deliver=(Target(format="flac"),), checks={"plr_lu": Bounds(min=8)}
    )
    text = "name: a\nsteps: [{gain: {gain_db: 3}}]\ndeliver: [{format: flac}]\nchecks: {plr_lu: {min: 8}}"
    assert parse(text) == built
    assert Chain.model_validate({"name": "a", "steps": [{"gain": {"gain_db": 3}}]}).steps == built.steps


# What is written, the line and path that the error names, and a word of what is wrong.
REFUSED = [
    ("", "radio.yaml: ", "empty"),
    ("# nothing\n", "radio.yaml: ", "empty"),
    ("[1, 2]", "radio.yaml:1: ", "a mapping"),
    ("steps: 3", "radio.yaml:1: steps: ", "a list"),
    ("name: a\nstep: []", "radio.yaml:2: step: ", "did you mean steps?"),
    ("name: 7", "radio.yaml:1: name: ", "string"),
    ("name: ''", "radio.yaml:1: name: ", "at least 1"),
    ("mix: 2", "radio.yaml:1: mix: ", "less than or equal to 1"),
    ("bypass: maybe", "radio.yaml:1: bypass: ", "boolean"),
    ("steps:\n- 3", "radio.yaml:2: steps[0]: ", "a mapping"),
    ("steps:\n- {gain: {}, dc: {}}", "radio.yaml:2: steps[0]: ", "found gain, dc"),
    ("steps:\n- {}", "radio.yaml:2: steps[0]: ", "found none"),
    ("steps:\n- gain: 3", "radio.yaml:2: steps[0].gain: ", "not 3"),
    ("steps:\n- compresor: {}", "radio.yaml:2: steps[0].compresor: ", "did you mean compressor?"),
    ("steps:\n- gain: {}\n- compressor:\n    ratoi: 2", "radio.yaml:4: steps[1].compressor.ratoi: ", "mean ratio?"),
    ("steps:\n- compressor: {ratio: 0.5}", "radio.yaml:2: steps[0].compressor.ratio: ", "not 0.5"),
    ("steps:\n- compressor: {ratio: '2'}", "radio.yaml:2: steps[0].compressor.ratio: ", 'not "2"'),
    ("steps:\n- compressor: {ratio: true}", "radio.yaml:2: steps[0].compressor.ratio: ", "not true"),
    ("steps:\n- compressor: {ratio: }", "radio.yaml:2: steps[0].compressor.ratio: ", "not nothing"),
    ("steps:\n- compressor: {ratio: .nan}", "radio.yaml:2: steps[0].compressor.ratio: ", "not a finite number"),
    ("steps:\n- compressor: {ratio: -.inf}", "radio.yaml:2: steps[0].compressor.ratio: ", "not a finite number"),
    ("steps:\n- compressor: {ratio: 1e999}", "radio.yaml:2: steps[0].compressor.ratio: ", "not a finite number"),
    ("steps:\n- compressor: {ratio: " + "9" * 5000 + "}", "radio.yaml:2: steps[0].compressor.ratio: ", "5000 digits"),
    (
        "steps:\n- compressor: {makeup_db: x}",
        "radio.yaml:2: steps[0].compressor.makeup_db: ",
        "number or must be 'auto'",
    ),
    ("steps:\n- eq: {}", "radio.yaml:2: steps[0].eq.bands: ", "missing"),
    ("steps:\n- eq:\n    bands:\n    - {shape: bel}", "radio.yaml:4: steps[0].eq.bands[0].shape: ", "mean bell?"),
    ("steps:\n- eq: {bands: [{gain_db: 1}]}", "radio.yaml:2: steps[0].eq.bands[0].shape: ", "missing"),
    ("steps:\n- eq: {bands: [{shape: bell}]}", "radio.yaml:2: steps[0].eq.bands[0].frequency_hz: ", "missing"),
    (
        "steps:\n- eq: {bands: [{shape: bell, frequency_hz: 99, gian_db: 1}]}",
        "radio.yaml:2: steps[0].eq.bands[0].gian_db: ",
        "did you mean gain_db?",
    ),
    ("deliver: {format: wav}", "radio.yaml:1: deliver: ", "a list"),
    ("deliver: [{format: wma}]", "radio.yaml:1: deliver[0].format: ", "unknown format"),
    ("checks: {plr: {min: 1}}", "radio.yaml:1: checks.plr: ", "plr_lu"),
    ("checks: {plr_lu: {}}", "radio.yaml:1: checks.plr_lu: ", "min or max"),
    ("checks: {plr_lu: {min: 3, max: 1}}", "radio.yaml:1: checks.plr_lu: ", "above max"),
    ("name: a\nname: b", "radio.yaml:2: name: ", "given twice"),
    ("steps: &s [*s]", "radio.yaml:1: steps[0]: ", "contains itself"),
    ("steps: *nowhere", "radio.yaml:1: ", "undefined alias"),
    (
        "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [" + "*a," * 99 + "]\nc: [" + "*b," * 99 + "]",
        "radio.yaml:",
        "expand to more",
    ),
    ("steps:\n- gain: !!python/object/apply:os.system [x]", "radio.yaml:2: steps[0].gain: ", "is not allowed"),
    ("name: !!python/name:os.system", "radio.yaml:1: name: ", "is not allowed"),
    ("name: !mine a", "radio.yaml:1: name: ", "the tag !mine"),
    ("<<: {name: a}", "radio.yaml:1: ", "merge keys"),
    ("? [a]\n: 1", "radio.yaml:1: ", "a key must be a word"),
    ("[" * 5000, "radio.yaml:1: ", "nested too deeply"),
    ("name: a: b", "radio.yaml:1: ", "not valid YAML"),
    ("name: 'a", "radio.yaml:1: ", "not valid YAML"),
    ("\tname: a", "radio.yaml:1: ", "not valid YAML"),
    ("name: a\n---\nname: b", "radio.yaml:2: ", "single document"),
    ("name: a\nabout: \x00", "radio.yaml:2: ", "a character that YAML does not allow"),
    (b"name: a\nabout: \xff", "radio.yaml:2: ", "not UTF-8"),
    ("# " + "x" * 300_000, "radio.yaml: ", "larger than 256 KiB"),
    ("steps: [" + "dc," * 101 + "]", "radio.yaml:1: steps: ", "101 entries"),
]


@pytest.mark.parametrize(("text", "place", "reason"), REFUSED, ids=[str(index) for index in range(len(REFUSED))])
def test_refuses_in_one_line_with_file_line_and_path(text: str | bytes, place: str, reason: str) -> None:
    with pytest.raises(ChainError) as caught:
        parse(text)
    line = str(caught.value)
    assert line.startswith(place)
    assert reason in line
    assert "\n" not in line
    assert len(line) < 400


@given(some.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_chain_or_a_chain_error(text: str) -> None:
    try:
        parse(text)
    except ChainError as error:
        assert str(error).startswith("radio.yaml")


def test_numbers_are_read_as_people_write_them() -> None:
    assert read("[1e3, .5, -3, +2.5E-1, 010]", "x").value == [1000.0, 0.5, -3, 0.25, 10]
    assert read("[1:30, 2024-01-01, 0x10]", "x").value == ["1:30", "2024-01-01", "0x10"]


def test_anchors_may_repeat_a_band() -> None:
    chain = parse("steps:\n- eq: {bands: [&b {shape: bell, frequency_hz: 100, gain_db: 1}, *b]}")
    assert chain.steps[0].model_dump()["bands"][0] == chain.steps[0].model_dump()["bands"][1]


def test_dump_and_parse_are_inverse() -> None:
    chain = parse(RADIO)
    assert parse(chain.dump()) == chain
    assert parse(chain.dump()).dump() == chain.dump()


@given(
    name=some.text(min_size=1, max_size=40),
    about=some.text(max_size=100),
    gain_db=some.floats(-120, 60),
    mix=some.floats(0, 1),
    whole_mix=some.floats(0, 1),
    bypass=some.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_every_value_survives_the_round_trip(
    name: str, about: str, gain_db: float, mix: float, whole_mix: float, bypass: bool
) -> None:
    step = Gain(gain_db=gain_db, mix=mix, bypass=bypass)
    chain = Chain(name=name, about=about, steps=(step, step), mix=whole_mix, bypass=bypass)
    assert Chain.parse(chain.dump(), "other.yaml") == chain


@pytest.mark.parametrize(
    "word",
    [
        "1e3",
        "yes",
        "null",
        "1_000",
        "0x1f",
        ".inf",
        "2024-01-01",
        "<<",
        "=",
        "~",
        "- a: b",
        "a\x85b",
        "a\u2028b\u2029",
        " a ",
    ],
)
def test_words_that_look_like_something_else_stay_words(word: str) -> None:
    chain = Chain(name=word, about=word)
    assert parse(chain.dump()) == chain


def test_hash_is_that_of_what_is_done() -> None:
    one = parse("steps:\n  - compressor: {ratio: 3, attack_ms: 5}\n")
    two = parse("# other form\nname: b\nabout: c\nsteps: [{compressor: {attack_ms: 5.0, ratio: 3.0, release_ms: 150}}]")
    assert one.hash == two.hash
    assert len(one.hash) == 64
    assert one.hash != parse("steps: [{compressor: {ratio: 3.1, attack_ms: 5}}]").hash
    assert one.hash != parse("mix: 0.5\nsteps: [{compressor: {ratio: 3, attack_ms: 5}}]").hash


def test_a_file_comes_before_a_stock_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Chain.load("radio").name == "radio"
    assert Chain.load("radio.yaml") == Chain.load("radio")
    (tmp_path / "radio.yaml").write_text("name: mine")
    assert Chain.load("radio.yaml").name == "mine"
    assert Chain.load("radio").name == "radio"
    assert Chain.load(str(tmp_path / "radio.yaml")).name == "mine"


def test_what_cannot_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ChainError, match="did you mean radio"):
        Chain.load("radoi")
    with pytest.raises(ChainError, match="neither a file nor a stock chain"):
        Chain.load("nowhere/mine.yaml")
    with pytest.raises(ChainError, match="cannot be read"):
        Chain.load("x" * 5000)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ChainError, match="is a folder"):
        Chain.load("folder")


def test_every_stock_chain_is_whole() -> None:
    assert set(stock_names()) == {"radio", "streaming", "podcast", "club", "gentle", "broadcast"}
    for name in stock_names():
        chain = Chain.load(name)
        assert chain.name == name
        assert len(chain.about) > 40
        assert [target.format for target in chain.deliver] == ["wav"]
        assert "over_ceiling_db" in chain.checks
        assert lint(chain) == []
        assert lint(chain, Format(8_000, ("FC",))) == []
        assert parse(chain.dump()) == chain


def test_every_example_is_whole() -> None:
    examples = sorted((Path(__file__).parent.parent / "examples").glob("*.yaml"))
    assert examples
    for path in examples:
        assert lint(Chain.load(str(path))) == []


def test_with_loudness_changes_the_last_loudness_step() -> None:
    chain = parse(RADIO).with_loudness(target_lufs=-16.5)
    assert chain.steps[-1].model_dump()["target_lufs"] == -16.5
    assert chain.steps[-1].model_dump()["ceiling_dbtp"] == -1.0
    assert chain.steps[:-1] == parse(RADIO).steps[:-1]
    assert parse(RADIO).with_loudness(ceiling_dbtp=-2).steps[-1].model_dump()["ceiling_dbtp"] == -2.0
    assert parse(RADIO).with_loudness() == parse(RADIO)


def test_with_loudness_appends_where_there_is_none() -> None:
    plain = parse("steps: [{gain: {gain_db: 1}}]")
    assert type(plain.with_loudness(target_lufs=-20).steps[-1]) is PROCESSORS["loudness"]
    assert type(plain.with_loudness(ceiling_dbtp=-2).steps[-1]) is PROCESSORS["limiter"]
    limited = parse("steps: [{limiter: {ceiling_dbtp: -3}}]").with_loudness(target_lufs=-20)
    assert limited.steps[-1].model_dump()["ceiling_dbtp"] == -3.0
    with pytest.raises(ChainError, match="target_lufs"):
        plain.with_loudness(target_lufs=1e9)


# What is written, and the path and a word of the remark that it gets.
REMARKS = [
    ("steps: [{limiter: {}}, {eq: {bands: [{shape: bell, frequency_hz: 100}]}}]", "warning", "steps[1].eq", "ceiling"),
    ("steps: [{loudness: {}}, {loudness: {}}]", "warning", "steps[1].loudness", "second loudness"),
    ("steps: [{limiter: {}}, {resample: {sample_rate_hz: 48000}}]", "warning", "steps[1].resample", "in front"),
    ("steps: [{loudness: {}}, {trim: {}}]", "warning", "steps[1].trim", "measured"),
    ("steps: [{loudness: {}}, {limiter: {}}]", "warning", "steps[1].limiter", "loudness limits"),
    ("steps: [{compressor: {}}, {dc: {}}]", "warning", "steps[1].dc", "put it first"),
    ("steps: [{saturation: {}}, {declip: {}}]", "warning", "steps[1].declip", "bent the flat tops; put it first"),
    ("steps: [{reverb: {}}, {declick: {}}]", "warning", "steps[1].declick", "put it first"),
    ("steps: [{limiter: {}}, {width: {}}]", "warning", "steps[1].width", "over the ceiling"),
    ("steps: [{limiter: {}}, {exciter: {}}]", "warning", "steps[1].exciter", "over the ceiling"),
    ("steps: [{trim: {mix: 0.5}}]", "error", "steps[0].trim", "mix"),
    ("mix: 0.5\nsteps: [{trim: {}}]", "error", "steps[0].trim", "whole chain"),
    ("steps: [{lowpass: {cutoff_hz: 30000}}]", "warning", "steps[0].lowpass", "44100"),
    ("steps: [{highpass: {cutoff_hz: 500}}, {lowpass: {cutoff_hz: 400}}]", "warning", "steps[0].highpass", "400"),
    ("steps: [{gain: {bypass: true}}]", "note", "steps[0].gain", "left out"),
    ("bypass: true\nsteps: [dc]", "note", "bypass", "switched off"),
    ("steps: []", "note", "steps", "no steps"),
    ("steps: [dc]\nchecks: {loudness_error_lu: {max: 1}}", "warning", "checks.loudness_error_lu", "no target"),
    ("steps: [dc]\nchecks: {over_ceiling_db: {max: 0}}", "warning", "checks.over_ceiling_db", "no ceiling"),
]


@pytest.mark.parametrize(("text", "severity", "path", "word"), REMARKS)
def test_lint_remarks_on_order_and_sense(text: str, severity: str, path: str, word: str) -> None:
    remarks = lint(parse(text))
    assert any((each.severity, each.path) == (severity, path) and word in each.message for each in remarks), remarks


def test_a_frequency_is_an_error_where_the_format_is_known() -> None:
    chain = parse("steps: [{lowpass: {cutoff_hz: 15000}}]")
    assert lint(chain) == []
    assert [each.severity for each in lint(chain, Format(22_050))] == ["error"]


def test_schema_names_every_step_and_setting() -> None:
    text = json.dumps(schema(), allow_nan=False)
    parts = schema()["$defs"]
    for name, model in PROCESSORS.items():
        assert f'"required": ["{name}"]' in text
        assert set(parts[model.__name__]["properties"]) == set(model.model_fields)
    references = {part.split('"')[0] for part in text.split('"#/$defs/')[1:]}
    assert references <= set(parts)


def test_reading_chains_loads_no_signal_processing() -> None:
    code = (
        "import sys, songkit.chains as c; c.lint(c.Chain.load('radio')); c.schema();"
        "print([m for m in ('numba', 'scipy', 'pedalboard', 'soundfile', 'soxr', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
