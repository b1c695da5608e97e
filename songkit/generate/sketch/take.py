"""One take: the plan is played, sung, mixed, finished and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from songkit.atomic import write_json
from songkit.audio import Encoding
from songkit.blocks import split
from songkit.generate.contract import Request, Take
from songkit.generate.sketch.bass import play_bass
from songkit.generate.sketch.buses import BUSES, STEREO, duck, effects, pump, render_bus, set_level
from songkit.generate.sketch.chordplay import play_comping, play_pads
from songkit.generate.sketch.compose import make_plan, sung_lines
from songkit.generate.sketch.drumkit import render_drums
from songkit.generate.sketch.drums import play_drums
from songkit.generate.sketch.facts import describe
from songkit.generate.sketch.finish import Finish, find_finish
from songkit.generate.sketch.harmonies import backing
from songkit.generate.sketch.leads import play_leads
from songkit.generate.sketch.midi import midi_file
from songkit.generate.sketch.plan import Plan
from songkit.generate.sketch.score import Hit, Note, Part
from songkit.generate.sketch.singing import choose_manner, sing
from songkit.generate.sketch.speech import VoiceSource
from songkit.generate.sketch.style import Style, Vocals
from songkit.generate.sketch.vocals import Syllable, compose_vocals, estimate_stresses
from songkit.generate.sketch.voices import SAMPLE_RATE, Wave
from songkit.progress import Progress, Update
from songkit.units import seconds_to_frames

VOCALS: tuple[Vocals, ...] = ("female", "male")
FADE_IN_SECONDS, FADE_OUT_SECONDS = 0.003, 0.35


def make_take(
    request: Request, style: Style, voice_path: Path | None, seed: int, workdir: Path, progress: Progress
) -> Take:
    """Composes, renders and writes the take of a seed. `voice_path` is the spoken source, None for an instrumental."""
    progress(Update("compose", 0.0))
    lines = sung_lines(request)
    plan = make_plan(request, style, lines, seed)
    source = VoiceSource(voice_path) if voice_path is not None else None
    vocals: Vocals = plan.decisions.pick("singer", VOCALS) if style.vocals is None else style.vocals
    stresses = [source.stresses(line.index) if source else estimate_stresses(line.text) for line in lines]
    syllables = compose_vocals(lines, stresses, plan.grid, plan.tune, plan.decisions, vocals, style.mood.register)
    band = _Band(plan, syllables, source, vocals)
    mixed = _Mixed(workdir, keep_stems=bool(request.options.get("stems", False)))
    frames = seconds_to_frames(request.seconds, SAMPLE_RATE)
    mix = np.zeros((2, frames), dtype=np.float32)
    for number, bus in enumerate(BUSES):
        progress(Update(f"play {bus}", number / (len(BUSES) + 1)))
        wave = band.play(bus, frames)
        if wave is not None:
            mix += wave
            mixed.keep(bus, wave)
    progress(Update("finish", len(BUSES) / (len(BUSES) + 1)))
    finish = find_finish(mix, plan)
    audio = _write(workdir / "raw.wav", _faded(finish.apply(mix)))
    files = mixed.write(finish)
    facts = describe(plan, syllables, lines, request, source is not None, vocals)
    files |= _write_papers(workdir, plan, band, syllables, facts)
    progress(Update("finish", 1.0))
    return Take(seed, audio, facts, files)


class _Band:
    """Plays the plan bus by bus."""

    def __init__(self, plan: Plan, syllables: list[Syllable], source: VoiceSource | None, vocals: Vocals) -> None:
        self.plan = plan
        self.syllables = syllables
        self.source = source
        self.vocals = vocals
        self.hits: list[Hit] = play_drums(plan)
        self.parts: list[Part] = [play_bass(plan), *play_pads(plan), *play_comping(plan)]
        self.parts += play_leads(plan, syllables, sung_by_lead=source is None)

    @property
    def sung(self) -> list[Syllable]:
        return self.syllables if self.source is not None else []

    def play(self, bus: str, frames: int) -> Wave | None:
        """The bus with its effects at its place in the mix, `(2, frames)`; None where it has nothing to play."""
        plan = self.plan
        if bus == "drums":
            wave = np.zeros((2, frames), dtype=np.float32)
            render_drums(self.hits, plan.decisions.pick("kit", plan.genre.kits), wave)
        elif bus == "voice":
            if self.source is None:
                return None
            wave = self._sing(self.source, frames)
        else:
            wave = render_bus([part for part in self.parts if part.bus == bus], frames)
        if not np.any(wave):
            return None
        wave = np.asarray(effects(bus, plan)(wave, SAMPLE_RATE), dtype=np.float32)
        set_level(wave, bus, self._trim_db(bus))
        duck(wave, bus, self.sung, plan.decisions.draw("duck", 0.0, 1.5))
        if plan.genre.sparkle and any(
            name in plan.decisions.pick("groove", plan.genre.grooves) for name in ("four", "house")
        ):
            pump(wave, bus, self.hits)
        return wave

    def _sing(self, source: VoiceSource, frames: int) -> Wave:
        manner = choose_manner(self.vocals, self.plan.decisions)
        dry = sing(self.syllables, source, manner, frames)
        wave = np.stack([dry, dry])
        for layer in backing(self.syllables, self.plan, source, manner, frames):
            wave += layer
        return wave

    def _trim_db(self, bus: str) -> float:
        plan = self.plan
        trim = (
            plan.decisions.draw(f"balance {bus}", -1.0, 1.0)
            if bus != "voice"
            else plan.decisions.draw("voice", 0.4, 1.8)
        )
        if bus == "drums":
            trim += plan.genre.drums_db + (2.0 if plan.style.drums else 0.0)
        if bus == "bass":
            trim += plan.genre.bass_db + (2.0 if plan.style.loud_bass else 0.0)
        if bus == "lead" and self.source is None and self.syllables:
            trim += 3.0
        return trim


class _Mixed:
    """Keeps the buses on disk where stems are wanted, and finishes them like the mix."""

    def __init__(self, workdir: Path, keep_stems: bool) -> None:
        self.folder = workdir / "stems"
        self.wanted = keep_stems
        self.kept: list[str] = []

    def keep(self, bus: str, wave: Wave) -> None:
        if self.wanted:
            self.folder.mkdir(parents=True, exist_ok=True)
            np.save(self.folder / f".{bus}.npy", wave)
            self.kept.append(bus)

    def write(self, finish: Finish) -> dict[str, Path]:
        files = {}
        for bus in self.kept:
            raw = self.folder / f".{bus}.npy"
            files[f"stem {bus}"] = _write(self.folder / f"{bus}.wav", _faded(finish.apply(np.load(raw))))
            raw.unlink()
        return files


def _faded(samples: Wave) -> Wave:
    """Begin and end without a step, in place."""
    head, tail = round(FADE_IN_SECONDS * SAMPLE_RATE), round(FADE_OUT_SECONDS * SAMPLE_RATE)
    samples[:, :head] *= np.linspace(0.0, 1.0, head, dtype=np.float32)
    samples[:, -tail:] *= (0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, tail))).astype(np.float32)
    return samples


def _write(path: Path, samples: Wave) -> Path:
    from songkit.files import AudioWriter

    with AudioWriter(path, STEREO, Encoding("wav", "float32"), frames=samples.shape[1], force=True) as writer:
        for block in split(samples):
            writer.push(block)
        writer.close()
        return writer.commit()


def _write_papers(
    workdir: Path, plan: Plan, band: _Band, syllables: list[Syllable], facts: Mapping[str, Any]
) -> dict[str, Path]:
    """facts.json and song.mid beside the take."""
    notes = [Note(s.start_seconds, s.seconds, s.pitch, 0.8) for s in syllables]
    voice = [Part("voice", "voice", "voice", notes=notes)] if band.source is not None else []
    parts = [replace(part) for part in (*voice, *band.parts)]
    midi = workdir / "song.mid"
    midi.write_bytes(midi_file(parts, band.hits, plan.grid.tempo_bpm))
    papers = workdir / "facts.json"
    write_json(papers, facts, force=True)
    return {"midi": midi, "facts": papers}
