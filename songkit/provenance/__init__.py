"""Where a file comes from: everything needed to make it again, kept in the file itself.

record      what it was made from: the generator's request, or a source and a chain; figures, versions, disclosure
disclosure  that no human performed it, in the words of IPTC and DDEX
fields      both as tags, and back; what a file says of itself

The record travels as one JSON text (`songkit_record`); the fields beside it say the same to people and to other
programs. A later master keeps it: the record of what came in is part of the record of what went out.
"""

from __future__ import annotations

from songkit.provenance.disclosure import Disclosure
from songkit.provenance.fields import Found, fields_of, read_provenance, without_provenance
from songkit.provenance.record import ChainUsed, Figures, Origin, Record, SourceFile

__all__ = [
    "ChainUsed",
    "Disclosure",
    "Figures",
    "Found",
    "Origin",
    "Record",
    "SourceFile",
    "fields_of",
    "read_provenance",
    "without_provenance",
]
