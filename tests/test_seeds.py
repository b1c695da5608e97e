"""What `--seeds` understands, and what it refuses."""

from __future__ import annotations

import pytest

from songkit.errors import UsageError
from songkit.generate import seeds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", (1, 2, 3, 4, 5)),
        ("1", (1,)),
        (" 2 ", (1, 2)),
        ("007", (1, 2, 3, 4, 5, 6, 7)),
        ("1,7,42", (1, 7, 42)),
        ("42, 1 ,7", (42, 1, 7)),
        ("7,", (7,)),
        ("0,", (0,)),
        ("40-43", (40, 41, 42, 43)),
        ("1,10-12,3", (1, 10, 11, 12, 3)),
        ("9-9", (9,)),
        ("9223372036854775807,", (2**63 - 1,)),
        ("2147483648,4294967296", (2**31, 2**32)),
    ],
)
def test_counts_lists_and_ranges(text: str, expected: tuple[int, ...]) -> None:
    assert seeds.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("abc", "'abc' is no seed"),
        ("", "'' is no seed"),
        (",", "no seed"),
        ("1,,2", "no seed"),
        ("1,x", "'x' in '1,x' is no seed"),
        ("1.5", "no seed"),
        ("-1", "no seed"),
        ("1e3", "no seed"),
        ("٣", "no seed"),
        ("1;2", "no seed"),
        ("0", "0 takes"),
        ("1001", "1001 takes asked for, at most 1000"),
        ("1-1001", "1001 takes asked for"),
        ("1-1000,2000", "1001 takes asked for"),
        ("0-9223372036854775807", "takes asked for"),
        ("1,7,1", "seed 1 is named twice"),
        ("1-5,3", "seed 3 is named twice"),
        ("5-1", "runs backwards"),
        ("9223372036854775808,", "too large"),
        ("9" * 10_000, "too large"),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        seeds.parse(text)
    assert says in caught.value.message
    assert caught.value.hint or "at most" in caught.value.message
    assert len(str(caught.value)) < 250


def test_echo() -> None:
    assert seeds.understood(seeds.parse("5")) == "5 takes, seeds 1 to 5"
    assert seeds.understood(seeds.parse("7,")) == "seed 7"
    assert seeds.understood(seeds.parse("1,7,42")) == "3 takes, seeds 1, 7, 42"
    assert seeds.understood(seeds.parse("1,20-40")).endswith("27, 28, ...")
