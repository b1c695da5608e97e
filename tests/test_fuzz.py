"""Damaged inputs by the thousand: refused in one line that names the file, or answered soundly; see `tests.fuzzing`.

pytest tests/test_fuzz.py                         # a thousand
pytest -m long -s tests/test_fuzz.py              # twenty thousand, of a seed that is printed
SONGKIT_FUZZ_SEED=7 pytest -m long -s tests/test_fuzz.py
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from songkit.chains import Chain
from songkit.errors import ChainError, UsageError
from songkit.generate import lyrics
from tests import fuzzing
from tests.fuzz_judge import judge
from tests.fuzz_material import Material, everything
from tests.fuzzing import Figures, hunt

QUICK = settings(deadline=None, derandomize=True, database=None, max_examples=150, suppress_health_check=[*HealthCheck])


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory) -> list[Material]:
    return everything(tmp_path_factory.mktemp("fuzz") / "materials")


def test_what_is_intact_passes(materials: list[Material], tmp_path: Path) -> None:
    for material in materials:
        assert judge(material, material.data, tmp_path)[1] == "", material.name
        assert judge(material, material.data, tmp_path)[0] in ("taken", "noted", "read", "answered"), material.name


def test_a_thousand_damaged_inputs() -> None:
    figures = hunt(seed=1, inputs=1_000)
    assert figures.inputs == 1_000
    assert not figures.failures, "\n".join(figures.lines())
    assert figures.answers["audio taken"] > 50 and figures.answers["audio noted"] > 50  # not all of it is hopeless


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_twenty_thousand_damaged_inputs(tmp_path_factory: pytest.TempPathFactory) -> None:
    seed = int(os.environ.get("SONGKIT_FUZZ_SEED") or secrets.randbelow(2**31))
    keep = tmp_path_factory.mktemp("failing")
    print(f"\nseed {seed}, failing inputs in {keep}")
    figures = hunt(seed, inputs=20_000, shards=os.cpu_count() or 1, keep=keep)
    print("\n".join(figures.lines()))
    assert figures.inputs == 20_000
    assert not figures.failures


def test_a_process_that_dies_or_hangs_is_noticed_and_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzing, "_work", dying)
    monkeypatch.setattr(fuzzing, "HANG_SECONDS", 1.0)
    monkeypatch.setattr(fuzzing, "everything", lambda folder: [])
    figures = hunt(seed=1, inputs=5)
    reasons = {failure.index: failure.reason for failure in figures.failures}
    assert reasons == {1: "the process was ended by SIGSEGV", 3: "no answer within 1 s"}
    assert figures.inputs == 5


def dying(connection: fuzzing.Connection, seed: int, share: range, folder: Path) -> None:
    """A process that falls over its second input and hangs at its fourth."""
    import signal
    import time

    for index in share:
        connection.send(index)
        if index == 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        if index == 3:
            time.sleep(60)
        figures = Figures()
        figures.answers["fine"] += 1
        connection.send(figures)
    connection.send(None)


def test_a_failing_input_is_kept_with_how_to_repeat_it(materials: list[Material], tmp_path: Path) -> None:
    failure = fuzzing.Failure(41, "", "it was not told")
    fuzzing._kept(tmp_path / "kept", 9, [failure], materials)
    note = next((tmp_path / "kept").glob("*.txt"))
    assert "--seed 9 --only 41" in note.read_text() and "it was not told" in note.read_text()
    assert note.with_suffix("").read_bytes() == fuzzing.made(9, 41, materials)[2]


# Text of any kind, and not only what is near to a good one ------------------------------------------------------------

_TAGS = st.sampled_from(["[0:01]", "[00:02.50]", "[1:02:03]", "[ti:x]", "[offset:5]", "[offset:", "<0:01>", "［0:01］"])
_PIECES = st.one_of(_TAGS, st.text(max_size=8), st.sampled_from(["[", "]", "<", ">", ":", "\n", "\r\n", " "]))


@QUICK
@given(st.lists(_PIECES, max_size=30).map("".join))
def test_any_text_is_a_sheet_or_an_error_that_names_its_line(text: str) -> None:
    try:
        sheet = lyrics.parse(text, "given.lrc")
    except UsageError as error:
        assert "given.lrc" in error.message and "\n" not in str(error)
    else:
        assert all(line.text and line.start_seconds >= 0 for line in sheet.lines)
        assert lyrics.Lyrics.from_dict(sheet.to_dict()) == sheet


_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=6))
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_STEPS = st.sampled_from(["gain", "eq", "compressor", "limiter", "match", "ffmpeg", "vst3", "stems", "pedalboard"])
_FIELDS = st.sampled_from(["gain_db", "bands", "ratio", "references", "filter", "options", "path", "mix", "steps"])


@QUICK
@given(st.dictionaries(_STEPS, st.dictionaries(_FIELDS, _VALUES, max_size=3), min_size=1, max_size=2), _VALUES)
def test_any_steps_are_a_chain_or_an_error_that_names_the_file(steps: dict[str, object], deliver: object) -> None:
    from songkit.chains import document

    text = document.write({"steps": [{name: values} for name, values in steps.items()], "deliver": deliver})
    try:
        chain = Chain.parse(text, "given.yaml")
    except ChainError as error:
        assert error.message.startswith("given.yaml") and "\n" not in str(error)
    else:
        assert Chain.parse(chain.dump()).hash == chain.hash


@QUICK
@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%?, \n\t0.1\\", max_size=60))
def test_any_yaml_is_a_chain_or_an_error_that_names_the_file(text: str) -> None:
    try:
        Chain.parse(text, "given.yaml")
    except ChainError as error:
        assert error.message.startswith("given.yaml") and "\n" not in str(error)
