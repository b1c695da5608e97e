"""The signals of EBU Tech 3341, 3342 and BS.1770-5 give the readings that the texts demand."""

from __future__ import annotations

import pytest

from tests.conformance import Case, cases


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_reads_what_the_standard_says(case: Case) -> None:
    measured = case.measure()
    assert case.passes(measured), f"{case.figure}: {measured}, expected {case.expected} +{case.high}/-{case.low}"
