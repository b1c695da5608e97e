"""Kernels: what they compute, what they refuse, and that a later process needs no compiler."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core.errors import TypingError

from songkit.dsp.native import inlined, native
from songkit.progress import hearing_preparation

FACTOR = 3.0


@inlined
def _tripled(value):
    return value * FACTOR


@native("float64(const float32[:,:], int64, float64[:])")
def _sum(block, first, totals):
    total = 0.0
    for channel in range(block.shape[0]):
        totals[channel] = 0.0
        for frame in range(first, block.shape[1]):
            totals[channel] += _tripled(np.float64(block[channel, frame]))
        total += totals[channel]
    return total


@native("float64(float64, float64)")
def _ratio(one, other):
    return one / other


BLOCK = np.arange(12, dtype=np.float32).reshape(2, 6)


def test_computes_what_the_function_says():
    totals = np.empty(2)
    assert _sum(BLOCK, 2, totals) == 3.0 * BLOCK[:, 2:].sum()
    assert totals.tolist() == (3.0 * BLOCK[:, 2:].sum(axis=1)).tolist()


def test_reads_what_is_read_only_and_refuses_to_write_to_it():
    frozen = BLOCK.copy()
    frozen.flags.writeable = False
    assert _sum(frozen, 0, np.empty(2)) == 3.0 * BLOCK.sum()
    totals = np.empty(2)
    totals.flags.writeable = False
    with pytest.raises(TypeError, match="read-only"):
        _sum(frozen, 0, totals)


@pytest.mark.parametrize("block", [BLOCK.astype(np.float64), BLOCK[0], BLOCK[:, ::2], BLOCK.T])
def test_refuses_arrays_of_another_kind(block):
    with pytest.raises(TypeError, match="array of shape"):
        _sum(block, 0, np.empty(2))


def test_refuses_another_number_of_arguments():
    with pytest.raises(ValueError):
        _sum(BLOCK, 0)


def test_division_by_zero_is_what_ieee_says():
    assert _ratio(1.0, 0.0) == np.inf
    assert np.isnan(_ratio(0.0, 0.0))


def test_refuses_a_kernel_that_does_not_stand_alone():
    @native("void(int64)")
    def _allocates(size):
        np.empty(size)[0] = 1.0

    with pytest.raises(TypingError):
        _allocates(3)


def test_the_wait_for_the_compiler_is_told_once(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    told = []
    for _ in range(2):
        kernel = native("float64(float64, float64)")(_ratio.function)
        with hearing_preparation(told.append):
            assert kernel(1.0, 4.0) == 0.25
    assert [(update.stage, update.fraction) for update in told] == [
        ("preparing test_native (first run only)", None),
        ("preparing test_native (first run only)", 1.0),
    ]


PROGRAM = """
import sys
import numpy as np
from songkit.dsp.biquad import Cascade
from songkit.dsp.filter_design import butterworth_lowpass
block = np.ones((1, 1000), np.float32)
print(Cascade(butterworth_lowpass(1000.0, 2, 44100), 1).push(block)[0, -1], "numba" in sys.modules)
"""


def _filtered(folder: Path) -> list[str]:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(folder), "XDG_CACHE_HOME": str(folder)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_second_process_needs_no_compiler_and_a_damaged_object_is_made_again(tmp_path):
    value, compiled = _filtered(tmp_path)
    assert (float(value), compiled) == (pytest.approx(1.0, abs=1e-3), "True")
    assert _filtered(tmp_path) == [value, "False"]
    (kept,) = tmp_path.rglob("*.o")
    kept.write_bytes(kept.read_bytes()[:-100])
    assert _filtered(tmp_path) == [value, "True"]
    assert _filtered(tmp_path) == [value, "False"]


def test_works_where_nothing_can_be_kept(tmp_path):
    refused = tmp_path / "a file, not a folder"
    refused.touch()
    assert _filtered(refused)[1] == "True"
