"""VST3 plugins: no real one is here, so that the process they live in is tested with fakes that misbehave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from songkit.audio import Audio
from songkit.blocks import AudioSource
from songkit.chains import Chain, render_chain, run
from songkit.errors import ChainError, InputError, SignalError, SongkitError, StageTimeoutError
from songkit.master import vst3_process
from songkit.master.vst3 import Vst3
from tests import signals, stages
from tests.vst3_fakes import HOST


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vst3_process, "HOST", HOST)


def step(folder: Path, kind: str, **settings: object) -> Vst3:
    path = folder / f"{kind}.vst3"
    path.touch()
    return Vst3.model_validate({"path": str(path), **settings})


def music(seconds: float = 1.0, channels: int = 2) -> Audio:
    return signals.pink(-20, seconds, channels=channels)


@pytest.mark.parametrize(("kind", "channels"), [("gain", 1), ("gain", 6), ("late", 2), ("chatty", 2)])
def test_a_plugin_works_in_its_own_process(fakes: None, tmp_path: Path, kind: str, channels: int) -> None:
    audio = music(0.7, channels)
    out = stages.run(step(tmp_path, kind), audio)
    np.testing.assert_array_equal(out, audio.samples * np.float32(0.5))


def test_parameters_reach_it_and_its_name_is_told(fakes: None, tmp_path: Path) -> None:
    plugin = step(tmp_path, "gain", parameters={"gain": 0.25})
    stage = stages.start(plugin, music())
    np.testing.assert_array_equal(stages.run_stage(stage, music().samples), music().samples * np.float32(0.25))
    assert stage.facts() == {"plugin": "Fake gain"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("unloadable", {}, r"the plugin unloadable\.vst3: Unable to scan plugin$"),
        ("crashes", {}, r"the plugin crashes\.vst3 crashed \(SIGSEGV\) \(it said: something dreadful\)"),
        ("instrument", {}, r"instrument\.vst3: it is an instrument"),
        ("mono", {}, r"mono\.vst3: it makes 1 channels of 2"),
        ("gain", {"parameters": {"gian": 1}}, r"gain\.vst3: it has no parameter 'gian'; did you mean gain"),
        ("refuses", {}, r"refuses\.vst3: this block is not to its taste"),
        ("crashes_later", {}, r"crashes_later\.vst3 crashed \(SIGSEGV\)"),
    ],
)
def test_a_plugin_that_fails_is_named(
    fakes: None, tmp_path: Path, kind: str, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        stages.run(step(tmp_path, kind, **settings), music())


def test_a_plugin_that_hangs_is_ended(fakes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vst3_process, "BLOCK_SECONDS", 0.3)
    stage = stages.start(step(tmp_path, "hangs"), music())
    with pytest.raises(StageTimeoutError, match=r"hangs\.vst3 hangs"):
        stages.run_stage(stage, music().samples)
    stage.close()  # type: ignore[attr-defined]
    assert stage._process._process.returncode == -9  # type: ignore[attr-defined]


def test_a_silent_plugin_is_named_and_silence_is_no_fault(fakes: None, tmp_path: Path) -> None:
    with pytest.raises(SignalError, match=r"the plugin silent\.vst3 gave nothing but silence"):
        stages.run(step(tmp_path, "silent"), music())
    assert not stages.run(step(tmp_path, "silent"), signals.silence(0.5)).any()


def test_a_run_that_is_given_up_leaves_no_process(fakes: None, tmp_path: Path) -> None:
    path = tmp_path / "gain.vst3"
    path.touch()
    rendered = render_chain(Chain.parse(f"steps:\n  - vst3: {{path: {path}}}\n"), AudioSource(music(3.0)))
    process = rendered._run.links[0]._wet.stage._process._process  # type: ignore[attr-defined]
    next(rendered.blocks())
    rendered.close()
    assert process.poll() is not None


def test_a_missing_plugin_is_named_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(ChainError, match=r"step 1 \(vst3\): the plugin .*gone\.vst3 does not exist"):
        run(Chain.parse(f"steps:\n  - vst3: {{path: {tmp_path}/gone.vst3}}\n"), music())


def test_a_file_that_is_no_plugin_is_refused_by_the_real_host(tmp_path: Path) -> None:
    (tmp_path / "text.vst3").write_text("no plugin at all")
    with pytest.raises(InputError, match=r"the plugin text\.vst3: "):
        stages.start(Vst3(path=str(tmp_path / "text.vst3")), music())


def test_a_host_that_cannot_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vst3_process, "HOST", (sys.executable, "-c", "raise SystemExit(7)"))
    with pytest.raises(SongkitError, match=r"gain\.vst3 ended by itself \(exit code 7\)"):
        stages.start(step(tmp_path, "gain"), music())


def test_the_host_loads_pedalboard_only_for_real_plugins() -> None:
    script = "import sys, songkit.master.vst3_host; print('pedalboard' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
