"""JUnit's XML, as continuous integration reads it: one test case a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

# XML 1.0, production 2: what no escape makes legal. Names of files may hold any of it.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Case:
    """A file and what became of it: `tag` is empty where all is well, `lines` say what is not."""

    name: str
    tag: Literal["", "failure", "error", "skipped"] = ""
    kind: str = ""
    lines: tuple[str, ...] = ()
    seconds: float = 0.0


def junit_xml(suite_name: str, class_name: str, cases: Sequence[Case]) -> str:
    """One suite with its cases, counted."""
    suite = ElementTree.Element(
        "testsuite",
        name=_legal(suite_name),
        tests=str(len(cases)),
        failures=str(sum(case.tag == "failure" for case in cases)),
        errors=str(sum(case.tag == "error" for case in cases)),
        skipped=str(sum(case.tag == "skipped" for case in cases)),
        time=f"{sum(case.seconds for case in cases):.3f}",
    )
    for case in cases:
        entry = ElementTree.SubElement(
            suite, "testcase", classname=_legal(class_name), name=_legal(case.name), time=f"{case.seconds:.3f}"
        )
        if case.tag:
            lines = [_legal(line) for line in case.lines] or [case.tag]
            verdict = ElementTree.SubElement(entry, case.tag, message=lines[0])
            if case.tag != "skipped":
                verdict.set("type", case.kind)
                verdict.text = "\n".join(lines)
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
