"""JUnit's XML, as continuous integration reads it: one test case a file."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from songkit.drift.result import DriftResult, FileOutcome

# XML 1.0, production 2: what no escape makes legal. Names of files may hold any of it.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(result: DriftResult) -> str:
    """The result as one suite: drifted, missing and replaced files fail, broken ones are errors, new ones skipped."""
    files = result.files
    suite = ElementTree.Element(
        "testsuite",
        name=_legal(f"songkit chains test {result.chain.name}"),
        tests=str(len(files)),
        failures=str(sum(_tag(outcome) == "failure" for outcome in files)),
        errors=str(sum(_tag(outcome) == "error" for outcome in files)),
        skipped=str(sum(_tag(outcome) == "skipped" for outcome in files)),
        time=f"{sum(outcome.seconds for outcome in files):.3f}",
    )
    for outcome in files:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=_legal(result.chain.name),
            name=_legal(outcome.name),
            time=f"{outcome.seconds:.3f}",
        )
        if tag := _tag(outcome):
            lines = [_legal(line) for line in outcome.lines()]
            verdict = ElementTree.SubElement(case, tag, message=lines[0])
            if tag != "skipped":
                verdict.set("type", outcome.verdict)
                verdict.text = "\n".join(lines)
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _tag(outcome: FileOutcome) -> str:
    """The element of a verdict; empty for a file that is as it was."""
    tags = {"same": "", "new": "skipped", "failed": "error"}
    return tags.get(outcome.verdict, "failure")


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)
