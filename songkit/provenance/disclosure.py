"""That a recording was made by a machine, said so that others can read it.

IPTC, NewsCodes "Digital Source Type" (also the `digitalSourceType` of C2PA): `trainedAlgorithmicMedia` for the output
of a trained model, `algorithmicMedia` for that of rules without training data. DDEX asks which contributions are
generated; the three that a generator can make have the names that stores show: vocals, instrumentation, composition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED, RULES = IPTC + "trainedAlgorithmicMedia", IPTC + "algorithmicMedia"

FLAG, CONTRIBUTIONS, SOURCE_TYPE = "ai_generated", "ai_contributions", "digitalsourcetype"
FIELDS = (FLAG, CONTRIBUTIONS, SOURCE_TYPE)


class Disclosure(BaseModel):
    """How the recording came about, and which contributions to it were generated."""

    model_config = ConfigDict(frozen=True)

    digital_source_type: str
    """A term of IPTC's vocabulary, as its URI."""
    contributions: tuple[str, ...] = ()

    @classmethod
    def of_a_song(cls, *, trained: bool, voice: bool) -> Self:
        """Of a generated song: all of it, by a trained model or by rules, with a voice or without."""
        made = ("vocals", "instrumentation", "composition") if voice else ("instrumentation", "composition")
        return cls(digital_source_type=TRAINED if trained else RULES, contributions=made)

    @property
    def fields(self) -> dict[str, str]:
        """The tags that say so."""
        told = {FLAG: "yes", SOURCE_TYPE: self.digital_source_type}
        return told | ({CONTRIBUTIONS: "; ".join(self.contributions)} if self.contributions else {})

    @classmethod
    def from_fields(cls, fields: Mapping[str, tuple[str, ...]]) -> Self | None:
        """What tags of any origin disclose; None where they say nothing of the kind."""
        kind = next(iter(fields.get(SOURCE_TYPE, ())), "")
        flag = next(iter(fields.get(FLAG, ())), "")
        if not kind and flag.lower() not in ("yes", "true", "1"):
            return None
        parts = "; ".join(fields.get(CONTRIBUTIONS, ())).split(";")
        return cls(digital_source_type=kind or TRAINED, contributions=tuple(filter(None, map(str.strip, parts))))

    def __str__(self) -> str:
        kind = self.digital_source_type.removeprefix(IPTC)
        return kind + (f" ({', '.join(self.contributions)})" if self.contributions else "")
