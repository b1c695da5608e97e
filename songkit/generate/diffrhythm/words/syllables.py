"""Pinyin syllables to symbols: the published table of 429 spellings in five tones, written as its rule.

A syllable is an initial (most have one) and a final with the mark of its tone. The spellings are those of the table,
odd ones ("tzan", "jvan") included; a spelling that is not here has no sound in the model.
"""

from __future__ import annotations

from typing import NamedTuple


class Syllable(NamedTuple):
    """A character's reading: spelling without tone ("lv" for lü) and tone 1 to 5; tone 0: `spelling` is no syllable.

    What is no syllable is a mark of punctuation, or a character that has no reading.
    """

    spelling: str
    tone: int

    @classmethod
    def read(cls, pinyin: str) -> Syllable | None:
        """The syllable in a spelling with its tone's digit ("zhong1"; 0 and 5: neutral), None if unknown."""
        spelling, tone = pinyin[:-1], pinyin[-1:]
        if spelling not in SPELLINGS or tone not in _TONES:
            return None
        return cls(spelling, _TONES.index(tone) or 5)


def symbols_of(syllable: Syllable) -> list[str]:
    """The symbols of a syllable; a mark stands for itself."""
    if syllable.tone == 0:
        return [syllable.spelling]
    initial, final = SPELLINGS[syllable.spelling]
    if final.endswith("ɹ") and syllable.tone == 5 and final != "əɹ":
        return [final[:-1]]  # zhi, shi, zi, ...: of the neutral ones the table has the consonant only
    return [symbol for symbol in (initial, final + _TONE_MARKS[syllable.tone] if final else "") if symbol]


_TONES = "012345"
_TONE_MARKS = ("", "→", "↑", "↓↑", "↓", "")

# What no initial begins stands without one: a, ang, er, wai, yuan, ...
# fmt: off
_INITIALS = {
    "b": "p⁼", "p": "pʰ", "m": "m", "f": "f", "d": "t⁼", "t": "tʰ", "n": "n", "l": "l", "g": "k⁼", "k": "kʰ",
    "h": "x", "j": "tʃ⁼", "q": "tʃʰ", "x": "ʃ", "z": "ts⁼", "c": "tsʰ", "s": "s", "zh": "ts`⁼", "ch": "ts`ʰ",
    "sh": "s`", "r": "ɹ`",
}
# fmt: on

_FINALS = {
    "a": "a ba ca cha da fa ga ha ka la ma na pa sa sha ta za zha",
    "o": "lo o",
    "ə": "ce che de e ge he ke le me ne re se she te ze zhe",
    "aɪ": "ai bai cai chai dai gai hai kai lai mai nai pai sai shai tai zai zhai",
    "eɪ": "bei dei ei fei gei hei kei lei mei nei pei shei tei zei zhei",
    "ɑʊ": "ao bao cao chao dao gao hao kao lao mao nao pao rao sao shao tao zao zhao",
    "oʊ": "chou cou dou fou gou hou kou lou mou nou ou pou rou shou sou tou zhou zou",
    "an": "an ban can chan dan fan gan han kan lan man nan pan ran san shan tan zan zhan",
    "ən": "ben cen chen den en fen gen hen ken men nen pen ren sen shen zen zhen",
    "ɑŋ": "ang bang cang chang dang fang gang hang kang lang mang nang pang rang sang shang tang zang zhang",
    "əŋ": "beng ceng cheng deng eng feng geng heng keng leng meng neng peng reng seng sheng teng zeng zheng",
    "ʊŋ": "chong cong dong gong hong kong long nong rong song tong weng wong zhong zong",
    "əɹ": "er",
    "i": "bi di ji li mi ni pi qi ti xi yi",
    "ia": "dia jia lia qia xia ya",
    "iɛ": "bie die jie lie mie nie pie qie tie xie ye",
    "iɑʊ": "biao diao jiao liao miao niao piao qiao tiao xiao yao",
    "ioʊ": "diu jiu liu miu niu qiu xiu you",
    "jɛn": "bian dian jian lian mian nian pian qian tian xian yan",
    "in": "bin din jin lin min nin pin qin xin yin",
    "iɑŋ": "biang jiang liang niang qiang xiang yang",
    "iŋ": "bing ding jing ling ming ning ping qing ting xing ying",
    "jʊŋ": "jiong qiong xiong yong",
    "u": "bu chu cu du fu gu hu ku lu mu nu pu ru shu su tu wu zhu zu",
    "ua": "chua gua hua kua rua shua wa zhua",
    "uo": "chuo cuo duo guo huo kuo luo nuo ruo shuo suo tuo wo zhuo zuo",
    "uaɪ": "chuai guai huai kuai shuai wai zhuai",
    "ueɪ": "chui cui dui gui hui kui rui shui sui tui wei zhui zui",
    "uan": "chuan cuan duan guan huan kuan luan nuan ruan shuan suan tuan wan zhuan zuan",
    "uən": "chun cun dun gun hun kun lun nun run shun sun tun wen zhun zun",
    "uɑŋ": "chuang guang huang kuang shuang wang zhuang",
    "ɥ": "ju jv lv nv qu xu yu",
    "ɥɛ": "jue jve lue lve nue nve que xue yue yve",
    "ɥæn": "juan jvan quan qvan xuan yuan",
    "ɥn": "jun qun xun yun",
}

# Spellings whose sound is not that of their letters.
# fmt: off
_IRREGULAR = {
    "bo": ("", "p⁼wo"), "po": ("", "pʰwo"), "mo": ("", "mwo"), "fo": ("", "fwo"),
    "zhi": ("", "ts`⁼ɹ"), "chi": ("", "ts`ʰɹ"), "shi": ("", "s`ɹ"), "ri": ("", "ɹ`ɹ"),
    "zi": ("", "ts⁼ɹ"), "ci": ("", "tsʰɹ"), "si": ("", "sɹ"),
    "m": ("m", "u"), "n": ("", "ən"), "ng": ("", "ən"), "hm": ("", ""),
    "tsuo": ("tsʰ", "uo"), "tzan": ("ts⁼", "an"), "yai": ("i", "aɪ"), "yo": ("i", "o"),
}
# fmt: on


def _initial(spelling: str) -> str:
    return _INITIALS.get(spelling[:2]) or _INITIALS.get(spelling[:1], "")


SPELLINGS: dict[str, tuple[str, str]] = {
    **{spelling: (_initial(spelling), final) for final, row in _FINALS.items() for spelling in row.split()},
    **_IRREGULAR,
}
"""Initial and final of each spelling; either may be empty."""
