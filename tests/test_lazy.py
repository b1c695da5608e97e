"""Heavy libraries wait at the door: what a command does not need, it does not load."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("scipy", "numba", "torch", "matplotlib", "pedalboard", "soundfile", "soxr", "pyloudnorm", "rich")

RUN = """
import sys
from songkit.cli import run
code = run({arguments!r})
print("HEAVY", sorted(name for name in {heavy!r} if name in sys.modules), code, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["master", "--help"],
        ["make", "--help"],
        ["analyze", "--help"],
        ["processors"],
        ["processors", "compressor"],
        ["platforms"],
        ["lyrics", "check", "--help"],
        ["style", "pop, piano"],
        ["models", "list"],
        ["models", "fetch", "--help"],
        ["doctor"],
        ["chains", "list"],
        ["chains", "lint", "radio"],
        ["chains", "lint", "radio", "--sample-rate", "44100"],
        ["chains", "show", "club"],
        ["chains", "schema"],
    ],
    ids=" ".join,
)
def test_commands_that_only_talk_load_no_dsp(arguments: list[str]) -> None:
    script = RUN.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("HEAVY [] 0"), done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize(
    "module",
    [
        "songkit",
        "songkit.master",
        "songkit.chains",
        "songkit.analysis",
        "songkit.generate",
        "songkit.generate.diffrhythm",
    ],
)
def test_rooms_load_no_dsp(module: str) -> None:
    script = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
