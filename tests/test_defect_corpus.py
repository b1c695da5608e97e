"""Planted defects are found and nothing is made up: a small part of the corpus here, all of it with `-m long`."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from tests.defect_corpus import BAR, DETECTORS, evaluate, music

FEW_STYLES = ("happy pop", "metal")  # drums that were once taken for clicks, and what never pauses; a song besides


@pytest.mark.parametrize("name", DETECTORS)
def test_what_is_planted_is_found_and_clean_music_has_nothing(name: str) -> None:
    small = replace(DETECTORS[name], clean=())
    count = evaluate(small, list(islice(music(FEW_STYLES), len(FEW_STYLES) + 1)), rounds=1)
    assert count.clean_hits == []
    assert count.precision >= BAR, count.missed
    assert count.recall >= (BAR if count.positives >= 40 else 0.8), count.missed


@pytest.mark.long
@pytest.mark.parametrize("name", DETECTORS)
def test_the_whole_corpus_meets_the_bar(name: str) -> None:
    count = evaluate(DETECTORS[name], list(music()))
    assert count.positives >= 200
    assert count.clean_hits == []
    assert count.precision >= BAR, count.missed
    assert count.recall >= BAR, count.missed
