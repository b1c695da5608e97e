"""Random chains over random signals: finite, as long as announced, below the ceiling, as loud as asked or it is said.

pytest tests/test_properties.py             # half a minute
pytest -m long tests/test_properties.py     # the same with very many more examples
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from songkit.analysis.loudness import LoudnessMeter
from songkit.audio import Audio
from songkit.blocks import AudioSource, Source, collect, info_of
from songkit.chains import Plan, plan, render
from songkit.dsp.truepeak import TruePeakMeter
from songkit.errors import ChainError, SignalError
from songkit.master.limiter import Limiter
from songkit.master.loudness import Loudness
from songkit.master.processor import Processor, SolvedProcessor
from songkit.units import gain_to_db
from tests.strategies import NAMES, Pieces, audio, chain_steps, sizes, step

Example = Callable[..., None]

BASE = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
QUICK = settings(BASE, max_examples=700)
LONG = settings(BASE, max_examples=3_000)

TOLD_LU = 0.05
ROUNDING, SOLVED_ROUNDING = 3e-6, 2e-5
"""Of the highest sample: what blocks of other sizes may change by the order of sums, and where those find a drive."""


@st.composite
def cases(draw: st.DrawFn, most_steps: int = 4) -> tuple[Audio, tuple[Processor, ...]]:
    signal = draw(audio())
    return signal, draw(chain_steps(signal.format, most_steps))


def rendered(steps: tuple[Processor, ...], source: Source) -> tuple[Audio, tuple[Any, ...]]:
    result = render(steps, source)
    return collect(result.blocks(), result.format), tuple(result.facts)


def planned(steps: tuple[Processor, ...], signal: Audio) -> Plan | None:
    """The plan, or None where the steps do not fit the signal; then the run must be refused for the same reason."""
    try:
        return plan(steps, info_of(AudioSource(signal)))
    except ChainError as refused:
        with pytest.raises(ChainError) as again:
            rendered(steps, AudioSource(signal))
        assert again.value.message == refused.message
        return None


def a_chain_keeps_its_promises(case: tuple[Audio, tuple[Processor, ...]], pieces: tuple[int, ...]) -> None:
    signal, steps = case
    announced = planned(steps, signal)
    if announced is None:
        event("refused by the plan")
        return
    try:
        out, facts = rendered(steps, AudioSource(signal))
    except SignalError as error:
        event(f"refused by the signal: {error.message[:30]}")
        assert error.message
        with pytest.raises(SignalError):
            rendered(steps, Pieces(signal, pieces))
        return
    event("rendered")
    assert np.isfinite(out.samples).all()
    assert out.format == announced.info_out.format
    if announced.info_out.frames is not None:
        assert out.frames == announced.info_out.frames
    holds_what_it_closes_with(steps[-1], out, facts[-1])
    parts, _ = rendered(steps, Pieces(signal, pieces))
    assert parts.samples.shape == out.samples.shape
    loudest = float(np.abs(out.samples).max(initial=0.0))
    rounding = SOLVED_ROUNDING if any(isinstance(each, SolvedProcessor) for each in steps) else ROUNDING
    np.testing.assert_allclose(parts.samples, out.samples, rtol=0, atol=rounding * max(loudest, 1e-6))


def holds_what_it_closes_with(last: Processor, out: Audio, facts: dict[str, Any]) -> None:
    """Ceiling and loudness of a closing step that is not blended with anything, by meters of their own."""
    if not isinstance(last, Limiter | Loudness) or last.bypass or last.mix < 1.0 or out.frames == 0:
        return
    peaks = TruePeakMeter(out.channels)
    peaks.push(out.samples)
    assert gain_to_db(peaks.result().peak) <= last.ceiling_dbtp
    if isinstance(last, Loudness):
        met_or_said(last, out, facts)


def met_or_said(last: Loudness, out: Audio, facts: dict[str, Any]) -> None:
    meter = LoudnessMeter(out.format)
    meter.push(out.samples)
    read = meter.result()
    short_form = getattr(last, "measure", "integrated") == "short_term_max"
    lufs = read.short_term_max_lufs if short_form else read.integrated_lufs
    if lufs is None:
        assert facts["warnings"]
    elif not any("the target" in line for line in facts["warnings"]):
        assert abs(lufs - last.target_lufs) <= TOLD_LU + 0.01


@QUICK
@given(cases(), sizes())
def test_random_chains_over_random_signals(case: tuple[Audio, tuple[Processor, ...]], pieces: tuple[int, ...]) -> None:
    a_chain_keeps_its_promises(case, pieces)


@pytest.mark.parametrize("name", NAMES)
def test_every_step_alone(name: str) -> None:
    alone(name, settings(BASE, max_examples=40))


@pytest.mark.long
@LONG
@given(cases(most_steps=6), sizes())
def test_very_many_random_chains(case: tuple[Audio, tuple[Processor, ...]], pieces: tuple[int, ...]) -> None:
    a_chain_keeps_its_promises(case, pieces)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_every_step_alone_with_very_many_settings(name: str) -> None:
    alone(name, settings(BASE, max_examples=300))


def alone(name: str, how_many: settings) -> None:
    """One step by itself over random signals."""

    @how_many
    @given(audio(), st.data(), sizes())
    def run(signal: Audio, data: st.DataObject, pieces: tuple[int, ...]) -> None:
        a_chain_keeps_its_promises((signal, (data.draw(step(name, signal.format)),)), pieces)

    run()
