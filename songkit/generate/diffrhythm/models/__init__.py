"""The published files on this machine: listed, fetched, verified.

    hosts     what a repository offers, and under which address: the Hub, GitHub
    download  one file, resumable, checked, whole or not at all
    fetch     the parts of a model, as `songkit models fetch` does it
    record    the checksums of what was fetched
    verify    files held against their checksums

Only the standard library is needed, so that weights can be fetched before torch is there.
"""

from __future__ import annotations

from songkit.generate.diffrhythm.models.fetch import Plan, fetch, plan
from songkit.generate.diffrhythm.models.verify import Verdict, verify

__all__ = ["Plan", "Verdict", "fetch", "plan", "verify"]
