"""One take: the plan is played, sung, mixed, finished and written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from songkit.atomic import write_json
from songkit.audio import Encoding
from songkit.blocks import split
from songkit.generate.contract import Request, Take
from songkit.generate.sketch.bass import play_bass, play_timpani
from songkit.generate.sketch.buses import BUSES, STEREO, duck, effects, pump, render_bus, run_through, set_level
from songkit.generate.sketch.chordplay import play_comping, play_pads
from songkit.generate.sketch.compose import make_plan, sung_lines
from songkit.generate.sketch.drumkit import render_drums
from songkit.generate.sketch.drums import play_drums
from songkit.generate.sketch.facts import describe
from songkit.generate.sketch.finish import Finish, find_finish
from songkit.generate.sketch.harmonies import add_backing
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
from songkit.spool import Spool
from songkit.units import seconds_to_frames

VOCALS: tuple[Vocals, ...] = ("female", "male")


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
    mix = np.zeros((2, seconds_to_frames(request.seconds, SAMPLE_RATE)), dtype=np.float32)
    stems = _Stems() if request.options.get("stems", False) else None
    for number, bus in enumerate(BUSES):
        progress(Update(f"play {bus}", number / (len(BUSES) + 1)))
        band.add(bus, mix, stems)
    progress(Update("finish", len(BUSES) / (len(BUSES) + 1)))
    finish = find_finish(mix, plan)
    audio = _write(workdir / "raw.wav", finish.levelled(mix))
    files = {} if stems is None else stems.write(workdir / "stems", finish)
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
        self.parts += [play_timpani(plan)] if plan.genre.timpani else []
        self.parts += play_leads(plan, syllables, sung_by_lead=source is None)

    @property
    def sung(self) -> list[Syllable]:
        return self.syllables if self.source is not None else []

    def add(self, bus: str, mix: Wave, stems: _Stems | None) -> None:
        """Plays a bus and adds it to the mix, with its effects, at its place."""
        wave = np.zeros_like(mix)
        self._play_dry(bus, wave)
        if not np.any(wave):
            return
        plan = self.plan
        run_through(effects(bus, plan), wave)
        set_level(wave, bus, self._trim_db(bus))
        duck(wave, bus, self.sung, plan.decisions.draw("duck", 0.0, 1.5))
        if plan.genre.sparkle and any(
            name in plan.decisions.pick("groove", plan.genre.grooves) for name in ("four", "house")
        ):
            pump(wave, bus, self.hits)
        mix += wave
        if stems is not None:
            stems.keep(bus, wave)

    def _play_dry(self, bus: str, out: Wave) -> None:
        if bus == "drums":
            render_drums(self.hits, self.plan.decisions.pick("kit", self.plan.genre.kits), out)
        if bus != "voice":
            render_bus([part for part in self.parts if part.bus == bus], out)
        elif self.source is not None:
            manner = choose_manner(self.vocals, self.plan.decisions)
            out += sing(self.syllables, self.source, manner, out.shape[1])
            add_backing(out, self.syllables, self.plan, self.source, manner)

    def _trim_db(self, bus: str) -> float:
        plan = self.plan
        trim = (
            plan.decisions.draw(f"balance {bus}", -1.0, 1.0)
            if bus != "voice"
            else plan.decisions.draw("voice", 0.6, 1.8)
        )
        if bus == "drums":
            trim += plan.genre.drums_db + (2.0 if plan.style.drums else 0.0)
        if bus == "bass":
            trim += plan.genre.bass_db + (2.0 if plan.style.loud_bass else 0.0)
        if bus == "lead" and self.source is None and self.syllables:
            trim += 3.0
        return trim


class _Stems:
    """The buses as they went into the mix, on disk until the mix is finished; then each is finished like it."""

    def __init__(self) -> None:
        self._kept: dict[str, Spool] = {}

    def keep(self, bus: str, wave: Wave) -> None:
        spool = self._kept[bus] = Spool(STEREO, limit_bytes=0, expected_frames=wave.shape[1])
        for block in split(wave):
            spool.push(block)

    def write(self, folder: Path, finish: Finish) -> dict[str, Path]:
        """The stems as files, by the name of what they are."""
        folder.mkdir(parents=True, exist_ok=True)
        files = {}
        for bus, spool in self._kept.items():
            with spool:
                files[f"stem {bus}"] = _write(folder / f"{bus}.wav", finish.finished(spool.blocks()))
        return files


def _write(path: Path, blocks: Iterable[Wave]) -> Path:
    from songkit.files import AudioWriter

    with AudioWriter(path, STEREO, Encoding("wav", "float32"), force=True) as writer:
        for block in blocks:
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
