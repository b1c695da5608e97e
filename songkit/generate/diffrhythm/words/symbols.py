"""The published vocabulary: what a token id stands for.

Ids are places in `VOCABULARY` counted from 1; 0 stands for a frame in which nothing begins. The names of the sounds are
IPA with the authors' own marks: ⁼ and ʰ for plain and aspirated, ` for retroflex, and → ↑ ↓↑ ↓ for tones 1 to 4.

Never normalise these strings: ç is here twice, as one character (id 69) and as c with a combining cedilla (id 324).
"""

from __future__ import annotations

FILLER_ID = 0
COMMA_ID = 1
END_OF_LINE_ID = 2
"""The full stop, which only ever ends a line: inside a line it becomes a comma."""
WORD_BOUNDARY = "_"

_ENGLISH = """
, . ? ! _ iː ɪ ɜː ɚ oːɹ ɔː ɔːɹ ɑː uː ʊ ɑːɹ ʌ ɛ æ eɪ aɪ ɔɪ aʊ oʊ ɪɹ ɛɹ ʊɹ p b t d k ɡ f v θ ð s z ʃ ʒ h tʃ dʒ m
n ŋ j w ɹ l tɹ dɹ ts dz i ɔ ə ɾ iə r u oː ɛː ɪː aɪə aɪɚ ɑ\u0303 \u00e7 ɔ\u0303 ææ ɐɐ ɡʲ nʲ iːː
"""
_MANDARIN = """
p⁼ pʰ t⁼ tʰ k⁼ kʰ x tʃ⁼ tʃʰ ts`⁼ ts`ʰ s` ɹ` ts⁼ tsʰ p⁼wo p⁼wo→ p⁼wo↑ p⁼wo↓↑ p⁼wo↓ pʰwo pʰwo→ pʰwo↑ pʰwo↓↑
pʰwo↓ mwo mwo→ mwo↑ mwo↓↑ mwo↓ fwo fwo→ fwo↑ fwo↓↑ fwo↓ jɛn jɛn→ jɛn↑ jɛn↓↑ jɛn↓ ɥæn ɥæn→ ɥæn↑ ɥæn↓↑ ɥæn↓ in
in→ in↑ in↓↑ in↓ ɥn ɥn→ ɥn↑ ɥn↓↑ ɥn↓ iŋ iŋ→ iŋ↑ iŋ↓↑ iŋ↓ ʊŋ ʊŋ→ ʊŋ↑ ʊŋ↓↑ ʊŋ↓ jʊŋ jʊŋ→ jʊŋ↑ jʊŋ↓↑ jʊŋ↓ ia ia→
ia↑ ia↓↑ ia↓ iɛ iɛ→ iɛ↑ iɛ↓↑ iɛ↓ iɑʊ iɑʊ→ iɑʊ↑ iɑʊ↓↑ iɑʊ↓ ioʊ ioʊ→ ioʊ↑ ioʊ↓↑ ioʊ↓ iɑŋ iɑŋ→ iɑŋ↑ iɑŋ↓↑ iɑŋ↓ ua
ua→ ua↑ ua↓↑ ua↓ uo uo→ uo↑ uo↓↑ uo↓ uaɪ uaɪ→ uaɪ↑ uaɪ↓↑ uaɪ↓ ueɪ ueɪ→ ueɪ↑ ueɪ↓↑ ueɪ↓ uan uan→ uan↑ uan↓↑
uan↓ uən uən→ uən↑ uən↓↑ uən↓ uɑŋ uɑŋ→ uɑŋ↑ uɑŋ↓↑ uɑŋ↓ ɥɛ ɥɛ→ ɥɛ↑ ɥɛ↓↑ ɥɛ↓ a a→ a↑ a↓↑ a↓ o o→ o↑ o↓↑ o↓ ə→ ə↑
ə↓↑ ə↓ ɛ→ ɛ↑ ɛ↓↑ ɛ↓ aɪ→ aɪ↑ aɪ↓↑ aɪ↓ eɪ→ eɪ↑ eɪ↓↑ eɪ↓ ɑʊ ɑʊ→ ɑʊ↑ ɑʊ↓↑ ɑʊ↓ oʊ→ oʊ↑ oʊ↓↑ oʊ↓ an an→ an↑ an↓↑ an↓
ən ən→ ən↑ ən↓↑ ən↓ ɑŋ ɑŋ→ ɑŋ↑ ɑŋ↓↑ ɑŋ↓ əŋ əŋ→ əŋ↑ əŋ↓↑ əŋ↓ əɹ əɹ→ əɹ↑ əɹ↓↑ əɹ↓ i→ i↑ i↓↑ i↓ u→ u↑ u↓↑ u↓ ɥ ɥ→
ɥ↑ ɥ↓↑ ɥ↓ ts`⁼ɹ ts`⁼ɹ→ ts`⁼ɹ↑ ts`⁼ɹ↓↑ ts`⁼ɹ↓ ts`ʰɹ ts`ʰɹ→ ts`ʰɹ↑ ts`ʰɹ↓↑ ts`ʰɹ↓ s`ɹ s`ɹ→ s`ɹ↑ s`ɹ↓↑ s`ɹ↓ ɹ`ɹ
ɹ`ɹ→ ɹ`ɹ↑ ɹ`ɹ↓↑ ɹ`ɹ↓ ts⁼ɹ ts⁼ɹ→ ts⁼ɹ↑ ts⁼ɹ↓↑ ts⁼ɹ↓ tsʰɹ tsʰɹ→ tsʰɹ↑ tsʰɹ↓↑ tsʰɹ↓ sɹ sɹ→ sɹ↑ sɹ↓↑ sɹ↓
"""
_OTHERS = """
ɯ e aː ɯː eː c\u0327 ɸ ɰᵝ ɴ g dʑ q ː bj tɕ dej tej gj gɯ c\u0327j kj kɯ mj nj pj ɾj ɕ tsɯ ɐ ɑ ɒ ɜ ɫ ʑ ʲ y ø œ
ʁ \u0303 ɲ : ; ' …
"""

VOCABULARY = tuple((_ENGLISH + _MANDARIN + _OTHERS).split())

IDS = {symbol: place for place, symbol in enumerate(VOCABULARY, start=1)}


def ids_of(symbols: list[str]) -> tuple[list[int], list[str]]:
    """The ids of the symbols that the vocabulary has, and the symbols that it has not; both in order."""
    known = [IDS[symbol] for symbol in symbols if symbol in IDS]
    return known, [symbol for symbol in symbols if symbol and symbol not in IDS]
