"""The pages: well-formed, self-contained, inert, legible in both schemes, the same bytes for the same input."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from songkit.analysis import Analysis
from songkit.report import axes, plots, sections
from songkit.report.axes import Scale
from songkit.report.html import analysis_page, master_page, run_page, write_run_page
from songkit.report.markup import Markup, join, tag
from songkit.report.plots import Curve
from tests import reports

VOID = {"meta", "link", "br", "img", "input"}
STYLES = "".join(
    Path(sections.__file__).with_name(name).read_text(encoding="utf-8") for name in ("page.css", "player.css")
)

PAGES: dict[str, Callable[[], str]] = {
    "song": lambda: analysis_page(reports.song(), "song.wav"),
    "findings": lambda: analysis_page(reports.with_findings(), "findings.wav"),
    "tiny": lambda: analysis_page(reports.tiny(), "tiny.wav"),
    "nothing": lambda: analysis_page(reports.nothing(), "nothing.wav"),
    "silent": lambda: analysis_page(reports.silent(), "silent.wav"),
    "partly": lambda: analysis_page(reports.partly(), "partly.wav"),
    "hostile": lambda: analysis_page(reports.named(reports.song(), reports.HOSTILE), reports.HOSTILE),
    "master": lambda: master_page(reports.master()),
    "two files": lambda: master_page(reports.master(reports.delivered(), reports.delivered("in.master.mp3"))),
    "failed": lambda: master_page(
        reports.master(reports.delivered(checks=(reports.check(passed=False),), passed=False))
    ),
    "run": lambda: run_page(reports.run()),
    "mastered run": lambda: run_page(reports.run(mastered=reports.master())),
    "hostile run": lambda: run_page(reports.run(title=reports.HOSTILE, warnings=(reports.HOSTILE,))),
}


class Page(HTMLParser):
    """Elements with their attributes and text; a tag that is closed wrongly is an error."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open, self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {tag}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open[-1] == tag, f"{tag} closed inside {self._open}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag == name]


@pytest.fixture(params=PAGES, scope="module")
def page(request: pytest.FixtureRequest) -> Iterator[str]:
    yield PAGES[request.param]()


def test_a_page_is_well_formed_and_stands_alone(page: str) -> None:
    parsed = Page(page)
    names = {tag for tag, _ in parsed.elements}
    assert names.isdisjoint({"iframe", "object", "embed", "form", "video", "base"})
    for name, attributes in parsed.elements:
        assert not [key for key in attributes if key.startswith("on")], name
        for key in ("src", "href", "srcset", "data", "action", "xlink:href"):
            assert (attributes.get(key) or "#").startswith(("#", "data:")), attributes
    assert not re.search(r"https?://|@import|url\(|@font-face", page)
    policy = [each for each in parsed.all("meta") if each.get("http-equiv") == "Content-Security-Policy"]
    assert policy and (policy[0]["content"] or "").startswith("default-src 'none'")
    page.encode("utf-8")


def test_a_page_has_the_bones_that_readers_and_machines_need(page: str) -> None:
    parsed = Page(page)
    assert parsed.all("html") == [{"lang": "en"}]
    assert len(parsed.all("h1")) == len(parsed.all("main")) == 1
    levels = [int(name[1]) for name, _ in parsed.elements if re.fullmatch(r"h[1-6]", name)]
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all((link["href"] or "")[1:] in ids and link["aria-label"] for link in parsed.all("a"))
    for image in [each for each in parsed.all("svg") if each.get("role") == "img"]:
        assert image["aria-label"]
    assert all(each.get("scope") in ("row", "col") for each in parsed.all("th"))
    assert len(parsed.all("table")) == len(parsed.all("caption"))
    frames = [each for each in parsed.all("div") if each.get("class") == "scroll"]
    assert all(each["tabindex"] == "0" and each["aria-label"] for each in frames)


def test_no_number_on_a_page_is_not_a_number(page: str) -> None:
    assert not re.search(r"\b(nan|inf|None|NaN|Infinity)\b", Page(page).text)
    assert not re.search(r'="[^"]*\b(nan|inf)\b', page)


def test_the_verdict_comes_first(page: str) -> None:
    parsed = Page(page)
    first = next(attributes for name, attributes in parsed.elements if name == "section")
    assert (first["class"] or "").split()[0] == "verdict"


@pytest.mark.parametrize("name", PAGES)
def test_same_input_same_bytes(name: str) -> None:
    assert PAGES[name]() == PAGES[name]()


def test_a_hostile_name_is_inert() -> None:
    for name in ("hostile", "hostile run"):
        page = PAGES[name]()
        assert '<script>alert("x")</script> &' in Page(page).text
        assert "\x1b" not in page and "\udcff" not in page


def test_findings_are_marked_listed_and_named_in_words() -> None:
    parsed = Page(PAGES["findings"]())
    assert "Something is broken" in parsed.text
    assert "30 places 0:00.000 to 0:00.100" in parsed.text
    assert "flatness 0.9 <b>" in parsed.text
    items = [each for each in parsed.all("li") if (each.get("id") or "").startswith("finding-")]
    assert len(items) == 3
    badges = re.findall(r'<strong class="badge (\w+)">(\w+)</strong>', PAGES["findings"]())
    assert badges[-3:] == [("error", "error"), ("warning", "warning"), ("info", "note")]
    stripes = [each for each in parsed.all("span") if (each.get("class") or "").startswith("mark ")]
    assert len(stripes) == 2 * 30  # on the waveform and on the loudness
    pins = [each for each in parsed.all("a") if (each.get("class") or "").startswith("pin ")]
    assert len(pins) == 15  # 2.5 % of the width apart: there is room for every second one
    assert all(each["href"] == "#finding-2" for each in pins)


def test_figures_without_a_value_show_the_reason() -> None:
    text = Page(PAGES["tiny"]()).text
    assert "integrated – 0.000 s of audio, needs 0.4 s" in text


def test_what_was_not_looked_for_is_not_said_to_be_empty() -> None:
    page = analysis_page(replace(reports.partly(), findings=()), "partly.wav")
    assert page.count("defects were not looked for") == 2 and "Every detector" not in page
    assert "Every detector" in analysis_page(replace(reports.song(), findings=()), "song.wav")


def test_a_master_shows_before_after_steps_checks_and_reduction() -> None:
    text = Page(PAGES["two files"]()).text
    for words in (
        "before after, WAV after, MP3",
        "Gain reduction of the limiter",
        "target −14.0",
        "left out: changes nothing",
        "max reduction 3.2 dB",
        "cutoff 25 Hz",
        "loudness error LU 0.02 at most 0.3 passed",
        "folded to stereo",
    ):
        assert words in text
    assert "Problem Delivered, but a check failed" in Page(PAGES["failed"]()).text


def test_a_run_shows_all_takes_side_by_side() -> None:
    parsed = Page(PAGES["run"]())
    for words in ("1 winner", f"{2**62} failed", "3 rejected", "ended by signal 9", "Seed 1 Seed 3", "no weights here"):
        assert words in parsed.text
    outlines = [each for each in parsed.all("polygon") if each["class"] == "wave"]
    assert len(outlines) == 3  # two takes side by side, and the winner again in detail
    assert "As delivered in in.master.wav" in Page(PAGES["mastered run"]()).text


def test_the_page_of_a_run_lies_in_its_folder(tmp_path: Path) -> None:
    result = reports.run(folder=tmp_path)
    assert write_run_page(result) == write_run_page(result) == tmp_path / "report.html"
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == run_page(result)


def test_pages_of_long_files_stay_small() -> None:
    hours: Analysis = replace(
        reports.song(), loudness=replace(reports.song().loudness, short_term_lufs=(-20.0, None, -18.0) * 24_000)
    )
    assert len(analysis_page(hours, "long.wav")) < 250_000


# What is drawn


def points(markup: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", markup)]


def test_a_curve_stands_where_its_values_are_and_breaks_where_there_are_none() -> None:
    curve = Curve("a", "first", (-20.0, -10.0, None, 0.0), 1.0, 1.0)
    page = plots.curves("t", "d", [curve], 4.0, Scale(-20.0, 0.0), [], "LUFS")
    path = re.search(r'<path[^>]* d="([^"]*)"', page)
    assert path is not None
    assert path.group(1) == "M250.0,100.00L500.0,50.00M1000.0,0.00"


def test_long_curves_keep_their_maxima() -> None:
    values = [-30.0] * 50_000
    values[31_007] = -3.0
    page = plots.curves("t", "d", [Curve("a", "first", values, 0.0, 0.1)], 5000.0, Scale(-40.0, 0.0), [], "LUFS")
    drawn = points(page.partition(' d="')[2])
    assert len(drawn) <= plots.MOST_POINTS
    assert min(y for _, y in drawn) == pytest.approx(7.5)


def test_a_waveform_is_drawn_to_scale() -> None:
    drawn = points(plots.outline((-1.0, -0.5), (0.5, 1.0), 1.0, 2.0, Scale(-1.0, 1.0)))
    assert drawn == [(250.0, 25.0), (750.0, 0.0), (750.0, 75.0), (250.0, 100.0)]


@pytest.mark.parametrize("seconds", [0.0, 0.004, 0.3, 2.0, 59.0, 177.0, 3600.0, 90_000.0])
def test_time_ticks_are_few_round_and_inside(seconds: float) -> None:
    ticks = axes.time_ticks(axes.time_scale(seconds))
    assert 1 <= len(ticks) <= 10
    assert all(0 <= tick.percent <= 100 for tick in ticks)
    assert len({tick.label for tick in ticks}) == len(ticks)


@pytest.mark.parametrize("values", [[], [-23.0], [0.0], [-14.0, -14.0], [-90.0, 3.0], [-20.0, -8.1]])
def test_level_scales_hold_the_top_and_have_a_height(values: list[float]) -> None:
    scale = axes.level_scale(values)
    assert scale.high - scale.low >= 10
    assert all(scale.high >= value for value in values)
    assert len(axes.value_ticks(scale, 5.0)) >= 3


def test_markup_escapes_what_is_no_markup() -> None:
    assert tag("p", "<b>", title='"&') == '<p title="&quot;&amp;">&lt;b&gt;</p>'
    assert tag("p", tag("b", "x"), class_="a", id=None) == '<p class="a"><b>x</b></p>'
    assert join(["<", Markup("<br>")]) == "&lt;<br>"


# The palette, from the style sheet itself


def schemes() -> dict[str, dict[str, str]]:
    blocks = re.findall(r":root \{(.*?)\}", STYLES, re.DOTALL)
    assert len(blocks) == 3
    return {
        name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for name, block in zip(("light", "dark", "print"), blocks, strict=True)
    }


def contrast(first: str, second: str) -> float:
    """WCAG 2.2: (L1 + 0.05) / (L2 + 0.05) of the relative luminances."""

    def luminance(colour: str) -> float:
        channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_computed_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_text_has_the_contrast_of_wcag_aa(scheme: str) -> None:
    colours = schemes()[scheme]
    washes = ("good-wash", "warning-wash", "error-wash")
    for ground in ("paper", "panel", *washes):
        for ink in ("ink", "quiet"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for ground in ("paper", "panel"):
        for ink in ("first", "second", "good", "warning", "error", "info"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for look in ("good", "warning", "error"):
        assert contrast(colours[look], colours[f"{look}-wash"]) >= 4.5, look


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_what_is_pressed_and_chosen_can_be_told(scheme: str) -> None:
    colours = schemes()[scheme]
    assert contrast(colours["paper"], colours["first"]) >= 4.5  # words on a filled button
    for line in ("first", "quiet"):  # borders of buttons and lists
        assert contrast(colours[line], colours["paper"]) >= 3.0, line
        assert contrast(colours[line], colours["panel"]) >= 3.0, line
    assert contrast(colours["ink"], colours["panel"]) >= 3.0  # the line that shows where the music is


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_curves_have_the_contrast_of_graphics(scheme: str) -> None:
    colours = schemes()[scheme]
    for look in ("first", "second", "target", "wave", "faint"):
        assert contrast(colours[look], colours["panel"]) >= 3.0, look


def test_every_class_of_the_pages_has_a_style() -> None:
    sheet = set(re.findall(r"\.([a-z][\w-]*)", STYLES))
    used = {
        name for make in PAGES.values() for found in re.findall(r'class="([^"]*)"', make()) for name in found.split()
    }
    unstyled = {"kicker", "status", "file", "where"}  # named for those who read the page by program
    assert used - sheet - unstyled == set()
