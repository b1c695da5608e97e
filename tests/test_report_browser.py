"""The pages in a real browser: they play, switch on the sample, test blindly, ask for nothing, complain of nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from songkit.analysis import Finding, analyze_file
from songkit.audio import Audio, Encoding
from songkit.files import AudioWriter
from songkit.report.html import analysis_page, master_page, run_page
from tests import reports, signals
from tests.browser import CHROMIUM, Browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")

PLAYING = "document.querySelector('.deck').dataset.state === 'playing'"
POSITION = "Number(document.querySelector('.position').value)"

# Listens at the loudspeaker: whatever goes there goes to an analyser, too, which keeps the last 0.74 s.
LISTENER = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...rest) {
  if (target === this.context.destination) {
    window.listener ||= new AnalyserNode(this.context, { fftSize: 32768 });
    connect.call(this, window.listener);
  }
  return connect.call(this, target, ...rest);
};
window.heard = () => {
  const samples = new Float32Array(32768);
  window.listener.getFloatTimeDomainData(samples);
  return Array.from(samples);
};
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind with real files: a song, the same 8 dB down, and one with a finding at its third second."""
    folder = tmp_path_factory.mktemp("pages")
    song = signals.song(seconds=6.0)
    loud = _written(song, folder / "loud.wav")
    quiet = _written(Audio(song.samples * np.float32(10 ** (-8 / 20)), song.sample_rate), folder / "quiet.wav")
    before, after = analyze_file(quiet), analyze_file(loud)
    finding = Finding("clicks", "warning", "a click", "declick", start_seconds=3.0, end_seconds=3.01)
    output = reports.delivered("loud.wav", path=loud, analysis=after)
    mastered = reports.master(output, source=str(quiet), before=before)
    takes = tuple(reports.take(seed, analysis=replace(before, findings=(finding,))) for seed in (1, 2, 3))
    for take in takes:
        take.take = replace(take.take, audio=quiet if take.seed == 1 else _written(song, folder / f"{take.seed}.wav"))
    made = {
        "analysis": analysis_page(replace(before, findings=(finding,)), "quiet.wav"),
        "master": master_page(mastered),
        "run": run_page(reports.run(mastered=mastered, takes=takes, winner=takes[0], delivered=())),
        "silent": analysis_page(reports.song(), "from memory"),
    }
    for name, page in made.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


@pytest.fixture(autouse=True)
def quiet_browser(browser: Browser) -> Iterator[None]:
    """Whatever a test does: no complaint, and no request but for the page itself."""
    browser.complaints.clear()
    browser.requests.clear()
    yield
    assert browser.complaints == []
    assert all(address.startswith("file:") and address.endswith(".html") for address in browser.requests)


@pytest.mark.parametrize("name", ["analysis", "master", "run", "silent"])
@pytest.mark.parametrize("look", ["light", "dark", "narrow", "print"])
def test_a_page_is_drawn_in_every_look(browser: Browser, pages: dict[str, Path], name: str, look: str) -> None:
    browser.open(
        pages[name], width=390 if look == "narrow" else 1200, dark=look == "dark", media="print" * (look == "print")
    )
    assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
    picture = browser.picture()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(picture) > 15_000  # an empty page has a tenth of that
    assert browser.run("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    shown = browser.run("[...document.querySelectorAll('.transport')].map((each) => each.getClientRects().length)")
    assert all(bool(count) == (look != "print") for count in shown)


def test_it_plays_seeks_and_ends(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["analysis"])
    browser.click(".play")
    browser.until(PLAYING)
    browser.until(f"{POSITION} > 0.3")
    browser.click("figure[data-seconds] .area", x_share=0.75)
    browser.until(f"{POSITION} > 4.4")
    assert browser.run(POSITION) < 5.8
    assert browser.run("getComputedStyle(document.querySelector('.playhead')).display !== 'none'")
    browser.until("document.querySelector('.deck').dataset.state === 'paused'")
    assert browser.run(POSITION) == 0.0
    assert "0:00 of 0:06" in browser.run("document.querySelector('.position').getAttribute('aria-valuetext')")


def test_a_finding_can_be_heard(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["analysis"])
    assert browser.run("document.querySelector('.where button').disabled") is False
    browser.click(".where button")
    browser.until(f"{PLAYING} && {POSITION} > 3.0")
    assert browser.run(POSITION) < 4.0


def test_what_is_not_in_an_excerpt_is_not_played(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    page = pages["analysis"].read_text(encoding="utf-8").replace('data-start="0"', 'data-start="100"')
    (tmp_path / "excerpt.html").write_text(page, encoding="utf-8")
    browser.open(tmp_path / "excerpt.html")
    browser.click(".where button")
    assert "0:03 is not in the preview, which has 1:40 to 1:46" in browser.run(
        "document.querySelector('.said').textContent"
    )
    assert not browser.run(PLAYING)


def test_keys_do_all_that_the_mouse_does(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["master"])
    browser.press(" ")
    browser.until(PLAYING)
    browser.press("2")
    browser.until("document.querySelector('.deck').dataset.sounding === '1'")
    assert browser.run("document.querySelectorAll('.version input')[1].checked")
    browser.press("ArrowRight")
    browser.until(f"{POSITION} >= 5.0 || !({PLAYING})")
    browser.run("document.querySelector('.play').focus()")
    browser.press("1")
    browser.until("document.querySelectorAll('.version input')[0].checked")
    reached = set()
    for _ in range(12):
        browser.press("Tab")
        reached.add(browser.run("document.activeElement.className || document.activeElement.type || ''"))
    assert {"play", "position", "matched"} <= reached


def test_a_and_b_are_equally_loud_and_switch_on_the_sample(browser: Browser, pages: dict[str, Path]) -> None:
    """The versions are one song at two levels: once matched, what is heard over the switch is that song, unbroken."""
    script = browser.call("Page.addScriptToEvaluateOnNewDocument", source=LISTENER)["identifier"]
    browser.open(pages["master"])
    browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
    browser.click(".play")
    browser.until(f"{POSITION} > 1.2")
    browser.run("document.querySelectorAll('.version input')[1].click()")
    browser.until("document.querySelector('.deck').dataset.sounding === '1'")
    browser.run("new Promise((done) => setTimeout(done, 350))")
    over_the_switch = np.asarray(browser.run("heard()"))
    browser.click(".matched")
    browser.run("new Promise((done) => setTimeout(done, 1000))")
    as_it_is = np.asarray(browser.run("heard()"))
    song = signals.song(seconds=6.0).samples.mean(axis=0)
    first, second = (_placed(half, song) for half in np.split(over_the_switch, 2))
    assert second.start - first.start == len(over_the_switch) // 2  # not one sample was lost or heard twice
    assert first.gain_db == pytest.approx(second.gain_db, abs=0.1)
    whole = _placed(over_the_switch, song)
    assert whole.left_db < max(first.left_db, second.left_db) + 0.5  # what MP3 changes, and nothing at the switch
    gains = [
        float(each) for each in browser.run("[...document.querySelectorAll('.version')].map((v) => v.dataset.gainDb)")
    ]
    assert max(gains) <= 0.0 and gains[0] - gains[1] == pytest.approx(8.0, abs=0.1)
    assert _placed(as_it_is, song).gain_db - whole.gain_db == pytest.approx(-gains[1], abs=0.1)


class Placed(NamedTuple):
    """Where in a song something was heard, how much louder, and how much of it is not the song."""

    start: int
    gain_db: float
    left_db: float


def _placed(heard: np.ndarray, song: np.ndarray) -> Placed:
    size = 2 ** math.ceil(math.log2(len(song) + len(heard)))
    fits = np.fft.irfft(np.fft.rfft(song, size) * np.conj(np.fft.rfft(heard, size)), size)
    sums = np.concatenate([[0.0], np.cumsum(np.square(song), dtype=np.float64)])
    energy = sums[len(heard) :] - sums[: -len(heard)]
    start = int((fits[: len(energy)] / np.sqrt(energy + 1e-9)).argmax())
    place = song[start : start + len(heard)]
    gain = float(place @ heard) / float(place @ place)
    left = heard - gain * place
    return Placed(start, 20.0 * math.log10(gain), 10.0 * math.log10(float(left @ left) / float(heard @ heard)))


def test_the_blind_test_hides_counts_and_reveals(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["master"])
    browser.run("document.querySelector('.blind').open = true")
    browser.click(".begin")
    browser.until(PLAYING)
    rounds = 8
    for _ in range(rounds):
        assert browser.run("document.querySelector('.deck').dataset.sounding") in (None, "hidden")
        assert browser.run("[...document.querySelectorAll('.version input')].every((each) => each.disabled)")
        for letter in "abx":
            browser.run(f"document.querySelector('[data-hear={letter}]').click()")
        browser.run("document.querySelector('[data-answer=a]').click()")
    told = browser.run("document.querySelector('.outcome').textContent")
    assert f"{rounds} answered" in told and "right" not in told
    browser.click(".reveal")
    told = browser.run("document.querySelector('.outcome').textContent")
    right = int(told.split(" of ")[0])
    chance = sum(math.comb(rounds, hits) for hits in range(right, rounds + 1)) / 2**rounds
    assert f"{right} of {rounds} right" in told and f"p = {chance:.3f}" in told
    answers = told.partition("X was: ")[2]
    assert answers.count("✓") == answers.count("A") == right and answers.count("B") == rounds - right
    assert not browser.run(PLAYING)
    assert browser.run("document.querySelectorAll('.version input:disabled').length") == 0


def test_a_blind_test_needs_two_versions(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["master"])
    browser.run("document.querySelector('.blind').open = true; document.querySelector('.blind-b').value = '0'")
    browser.click(".begin")
    assert "two different" in browser.run("document.querySelector('.outcome').textContent")
    assert not browser.run(PLAYING)


def test_a_run_plays_every_take_and_one_thing_at_a_time(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["run"])
    assert browser.run("document.querySelectorAll('.deck').length") == 2
    assert browser.run("document.querySelectorAll('#deck-1 .version').length") == 3
    browser.click("[data-of=clip-2] figure .area", x_share=0.1)
    browser.until("document.querySelector('#deck-1').dataset.sounding === '1'")
    browser.click(".detail[data-of] .where button")  # a finding of the winner is heard in the winner
    browser.until("document.querySelector('#deck-1').dataset.sounding === '0'")
    browser.click("#deck-2 .play")
    browser.until("document.querySelector('#deck-2').dataset.state === 'playing'")
    assert browser.run("document.querySelector('#deck-1').dataset.state") == "paused"


def test_without_a_script_each_version_is_a_plain_player(browser: Browser, pages: dict[str, Path]) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(pages["master"])
        assert browser.run(
            "[...document.querySelectorAll('audio')].every((each) => each.getClientRects().length === 1)"
        )
        assert browser.run("document.querySelector('.transport').getClientRects().length") == 0
        browser.run("void document.querySelector('audio').play()")
        browser.until("document.querySelector('audio').currentTime > 0.2")
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def _written(audio: Audio, path: Path) -> Path:
    with AudioWriter(path, audio.format, Encoding("wav", "float32"), frames=audio.frames) as writer:
        writer.push(audio.samples)
        writer.close()
        writer.commit()
    return path
