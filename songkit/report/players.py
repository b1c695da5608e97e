"""Players of a page: versions of the same music, one heard at a time, switched where they are at the same loudness.

Without a script each version is a plain player of the browser; with it they share one transport and a blind test.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from songkit.report.clips import Clip, Previews
from songkit.report.markup import Markup, figure_text, join, tag
from songkit.report.material import Material
from songkit.report.wording import number
from songkit.units import clock, gain_to_db

_PLACE = "\ue000"
"""Stands around the name of a clip where its samples will stand; no text can hold it (see `wording.visible`)."""
KEYS = "Keys: space plays and stops, the arrows jump 5 s"
BLIND = (
    "X is one of the two, drawn anew by chance in each round. Listen as long as you like, then say which it is. "
    "The result stays hidden until you ask for it."
)


def common_gains_db(clips: Sequence[Clip]) -> list[float]:
    """The gain of each clip, in dB, after which all are as loud as the quietest and none is over full scale.

    Loudness and peak are those of the previews themselves. A clip without a loudness is only kept below full scale.
    """
    room = [max(0.0, gain_to_db(clip.peak)) for clip in clips]
    heard = [clip.lufs - over for clip, over in zip(clips, room, strict=True) if clip.lufs is not None]
    return [
        -over if clip.lufs is None else min(heard) - clip.lufs + 0.0 for clip, over in zip(clips, room, strict=True)
    ]


class Players:
    """The players of one page: a clip that stands in two of them is embedded once."""

    def __init__(self, material: Material) -> None:
        self._material = material
        self._ids: dict[Path, str] = {}
        self._count = 0

    @property
    def newest(self) -> str | None:
        """The id of the player that was made last."""
        return f"deck-{self._count}" if self._count else None

    def clip_of(self, path: Path | None) -> str | None:
        """The id of a file's clip, once a player has it."""
        return None if path is None else self._ids.get(path)

    def embedded(self, page: str) -> str:
        """The finished page with the clips in it: megabytes that no other part of it carries around."""
        addresses = {name: self._material.clips[path].mp3 for path, name in self._ids.items()}
        return "".join(
            "data:audio/mpeg;base64," + base64.b64encode(addresses[part]).decode("ascii") if index % 2 else part
            for index, part in enumerate(page.split(_PLACE))
        )

    def deck(self, label: str, named: Sequence[tuple[str, Path | str | None, str]]) -> Markup:
        """A player for those files `(name, path, note)` that have a clip, and why others have none."""
        listed = [(title, Path(path), note) for title, path, note in named if path is not None]
        gone = self._material.missing
        missing = [tag("p", f"No preview of {gone[path]}.", class_="quiet") for _, path, _ in listed if path in gone]
        found = [each for each in listed if each[1] in self._material.clips]
        if not found:
            return join(missing)
        clips = [self._material.clips[path] for _, path, _ in found]
        self._count += 1
        name, choice = f"deck-{self._count}", len(found) > 1
        versions = [
            self._version(name, index, found[index], gain_db if choice else None)
            for index, gain_db in enumerate(common_gains_db(clips))
        ]
        return tag(
            "div",
            tag("fieldset", tag("legend", "Version"), *versions, class_="versions"),
            _transport(max(clip.seconds for clip in clips), clips[0].start_seconds, choice=choice),
            _blind([title for title, _, _ in found]) if choice else "",
            tag("p", _told(self._material.previews, clips), class_="quiet"),
            tag("p", KEYS + (", digits choose a version." if choice else "."), class_="quiet keys", hidden=""),
            *missing,
            class_="deck",
            id=name,
            role="group",
            aria_label=label,
            data_start=f"{clips[0].start_seconds:g}",
            data_rate=clips[0].sample_rate,
        )

    def _version(self, deck: str, index: int, found: tuple[str, Path, str], gain_db: float | None) -> Markup:
        """One version to choose, with the browser's own player where its clip is embedded; alone it needs no gain."""
        title, path, note = found
        audio = Markup("")
        if path not in self._ids:
            self._ids[path] = clip_id = f"clip-{len(self._ids) + 1}"
            address = Markup(f"{_PLACE}{clip_id}{_PLACE}")
            audio = tag("audio", id=clip_id, src=address, controls="", preload="none", aria_label=title)
        radio = tag("input", type="radio", name=deck, value=index, checked="" if index == 0 else None)
        gain = "" if gain_db is None else f"played at {figure_text(number(gain_db, 1, signed=True))} dB"
        words = [tag("b", title), tag("span", note, class_="quiet"), tag("span", gain, class_="quiet gain")]
        return tag(
            "div",
            tag("label", radio, tag("span", *words)),
            audio,
            class_="version",
            data_clip=self._ids[path],
            data_gain_db=f"{gain_db or 0.0:.3f}",
        )


def _told(plan: Previews | None, clips: Sequence[Clip]) -> str:
    """What is heard, honestly: lossy previews, how they were matched, and which part of the music they are."""
    if plan is None:
        return ""
    told = [f"Previews in MP3 at {plan.rate_kbps} kb/s; the files themselves are not in this page."]
    if len(clips) > 1:
        told.append("Loudness is matched by what the previews themselves measure; only gains below 0 dB are used.")
        if any(clip.lufs is None for clip in clips):
            told.append("A version without a loudness is played as it is.")
    if not plan.whole:
        end = plan.start_seconds + plan.seconds
        told.append(
            f"The music is too long to fit into a page: this is the part from {clock(plan.start_seconds)} to "
            f"{clock(end)}, around the loudest passage."
        )
    return " ".join(told)


def _transport(seconds: float, start_seconds: float, *, choice: bool) -> Markup:
    """Shown by the script alone, as nothing else can move it."""
    position = tag(
        "input",
        type="range",
        class_="position",
        min="0",
        max=f"{seconds:.3f}",
        step="0.01",
        value="0",
        aria_label="Position",
    )
    matched = tag(
        "label",
        tag("input", type="checkbox", class_="matched", checked=""),
        " equal loudness",
        class_="toggle",
    )
    return tag(
        "div",
        tag("button", "Play", type="button", class_="play"),
        position,
        tag("span", clock(start_seconds).rpartition(".")[0], class_="time"),
        matched if choice else "",
        tag("span", "", class_="said", role="status"),
        class_="transport",
        hidden="",
    )


def _blind(names: Sequence[str]) -> Markup:
    """A/B/X: which of two versions is heard, found by ear alone."""
    choices = [
        tag(
            "label",
            f"{letter} ",
            tag(
                "select",
                *(
                    tag("option", name, value=str(index), selected="" if index == chosen else None)
                    for index, name in enumerate(names)
                ),
                class_=f"blind-{letter.lower()}",
            ),
        )
        for letter, chosen in (("A", 0), ("B", 1))
    ]
    listen = [
        tag(
            "button", letter, type="button", data_hear=letter.lower(), aria_pressed="false", aria_label=f"Hear {letter}"
        )
        for letter in "ABX"
    ]
    answers = [tag("button", f"X is {letter}", type="button", data_answer=letter.lower()) for letter in "AB"]
    return tag(
        "details",
        tag("summary", "Blind test (A/B/X)"),
        tag("p", BLIND, class_="quiet"),
        tag("div", *choices, tag("button", "Start", type="button", class_="begin"), class_="row setup"),
        tag("div", *listen, *answers, class_="row trial", hidden=""),
        tag("p", "", class_="outcome", role="status"),
        tag("button", "Reveal the result", type="button", class_="reveal", hidden=""),
        class_="blind",
        hidden="",
    )
