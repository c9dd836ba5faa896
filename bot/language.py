"""The language and script of a text, its matching form, and its rendering for a reader: the only user of OpenCC.

Three forms must not be mixed. What an outlet wrote is shown as it is. What is compared is `fold`ed: one code point at
a time, so that a part folds as it does inside the whole and offsets can be followed. What Regbrief itself says around
quotations is `render`ed in the reader's script.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any, Literal

from bot.records import AnswerLanguage, Language

VERSION = 1
"""Raised when the same text would be folded differently; part of the manifest of an index."""

Script = Literal["zh-Hans", "zh-Hant", "zh-Hant-TW", "zh-Hant-HK"]

# --- cleaning -------------------------------------------------------------------------------------------------------

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def clean(text: str) -> str:
    r"""Return a text that every later step can hold: no NUL, lone surrogate, BOM or control but `\n` and `\t`.

    Every kind of line end becomes `\n`; the two halves of a surrogate pair become the character that they stand for.
    Emoji, their joiners and marks of direction stay. Cleaning twice changes nothing more.
    """
    text = _CONTROL.sub("", text)
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return _LINE_END.sub("\n", text)


# --- detection ------------------------------------------------------------------------------------------------------

SAMPLE = 8_000
"""As many characters of a text are read to tell its language."""

_HAN = "〇\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_HAN_CHARACTER = re.compile(f"[{_HAN}]")
_FOREIGN = re.compile("[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_WORD = re.compile("[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ'’-]*")
_BRACKETED = re.compile(r"[(（\[【][^()（）\[\]【】]*[)）\]】]")

# Words that only the language of the sentence contributes, never a name inside it (hence no `of` or `and`: Bank of …).
_ENGLISH_GRAMMAR = re.compile(
    r"\b(?:[Ww]h(?:at|o|om|ose|en|ere|ich|y)|[Hh]ow|[Dd]o(?:es)?|[Dd]id|[Ii]s|[Aa]re|[Ww]as|[Ww]ere|[Hh]a[sd]|[Hh]ave"
    r"|[Cc]an|[Ww]ill|[Ww]ould|[Cc]ould|[Ss]hould|[Tt]ell|[Ll]ist|[Ss]how|[Ee]xplain|[Ss]ummari[sz]e|about|that|this"
    r"|the|its?|their|they|said|says|been|because)\b"
)
_CHINESE_GRAMMAR = re.compile("什[么麼]|甚麼|怎[么麼样樣]|[为為如]何|多少|是否|[的了被是在吗嗎呢哪谁誰对對将將与與]")
_GRAMMAR_WEIGHT = 12.0  # a word of grammar outweighs two or three long names of the other language

# Simplified forms that are also correct in traditional text (后 里 台 only …): they say nothing about the script.
_AMBIGUOUS = frozenset(
    "㐹万丑丰于云亘仆价伙余佛佣俊修僵克党冢冬准凌几凶出划刮制千升卜占卷厂厘只台叶吁吃合吊同后向呆周咨咸咽哄唇喂噪回困夸奸姜"
    "娘家尸局岩岳巨布帘席干幸广庵弦彩征御志念恤愈愿戚扇才扎托扣折抵拐挂挨挽捆捍据搜斗旋昆暗曲札朱朴杆杠杯杰松板极柜栗核梁棱欲"
    "沈沾泛注涂涌淀游溪漓熏狸玩璇症皂矩确私秋种筑糊系累胄胜胡腊腌膻致舍芸苔苹范荐蒙蔑虫蚝蜡蝎表谷跖辟适郁酸采里雇雕面"
    "教即群真查旗峰污秘溯既床逾并糖拼庄棋抬灶痴泄栖胆"
)
# What the mainland does not write: corner brackets, and Taiwan's words whose characters both scripts share.
_TAIWAN_HABIT = re.compile("[「」]|人工智慧|演算法|晶片|伺服器|部落格|奈米|硬碟|介面|位元|(?<!方)程式")


def detect(text: str, *, default: Language = "en") -> Language:
    """Tell the language and script of an article or a question.

    Names in brackets do not count, and words of grammar count more than names: `What is 支付寶?` is English,
    `Alipay被罚了多少？` Chinese. Any text in Latin letters is taken for English. `default` decides where the text does
    not: no letters, Japanese, Korean or another script. Han that both scripts share (股票) follows `default` where
    that is Chinese, else it is taken for simplified.
    """
    sample = text[:SAMPLE]
    outside = _BRACKETED.sub(" ", sample)
    if not (_WORD.search(outside) or _HAN_CHARACTER.search(outside)):
        outside = sample
    counts = Counter(outside)
    words = _WORD.findall(outside)
    han = sum(n for c, n in counts.items() if _HAN_CHARACTER.match(c))
    foreign = sum(n for c, n in counts.items() if _FOREIGN.match(c))
    if foreign * 3 > han:  # kana or hangul: not Chinese, however much Han is among it
        return "en" if sum(map(len, words)) > foreign + han else default
    if not han:
        return "en" if words else default
    english = len(words) / 2 + _GRAMMAR_WEIGHT * len(_ENGLISH_GRAMMAR.findall(outside))
    chinese = han + _GRAMMAR_WEIGHT * len(_CHINESE_GRAMMAR.findall(outside))
    return "en" if english > chinese else _script(outside, default)


def _script(text: str, default: Language) -> Language:
    traditional, simplified = _one_script_characters()
    counts = Counter(text)
    balance = sum(n * ((c in traditional) - (c in simplified)) for c, n in counts.items())
    if balance:
        return "zh-Hant" if balance > 0 else "zh-Hans"
    if _TAIWAN_HABIT.search(text):
        return "zh-Hant"
    return "zh-Hans" if default == "en" else default


@cache
def _one_script_characters() -> tuple[frozenset[str], frozenset[str]]:
    """Return the characters of traditional and of simplified script only."""
    characters = [chr(code) for code in range(0x3400, 0xA000)]
    converted = _convert("t2s", "\n".join(characters)).split("\n")
    changed = [(a, b) for a, b in zip(characters, converted, strict=True) if a != b]
    return frozenset(a for a, _ in changed), frozenset(b for _, b in changed) - _AMBIGUOUS


# --- the matching form ----------------------------------------------------------------------------------------------


class _FoldTable(dict[int, int | str]):
    """Folds of code points for `str.translate`, worked out when first met; threads at worst do the same work twice."""

    def __missing__(self, code: int) -> int | str:
        folded = _fold_character(chr(code))
        self[code] = value = ord(folded) if len(folded) == 1 else folded
        return value


# Where t2s keeps a traditional character for a few rare words: 瞭解 and 藉口 should meet 了解 and 借口.
_MORE_FOLDS = {"瞭": "了", "藉": "借"}


def _fold_character(character: str) -> str:
    """Fold one code point until nothing changes. Fractions stay, as 6½ is not 61⁄2."""
    if unicodedata.decomposition(character).startswith("<fraction>") or _SURROGATE.match(character):
        return character
    folded = character
    while True:
        compatible = "".join(unicodedata.normalize("NFKC", c) for c in folded)
        cased = "".join(unicodedata.normalize("NFKC", c.casefold()) for c in compatible)
        after = "".join(_MORE_FOLDS.get(c) or _simplify(c) for c in cased)
        if after == folded:
            return folded
        folded = after


def _simplify(character: str) -> str:
    return _convert("t2s", character) if _HAN_CHARACTER.match(character) else character


_FOLDS = _FoldTable()


def fold(text: str) -> str:
    """Return the form in which texts are compared: NFKC, case folded, simplified, each code point on its own.

    Folding is blind to context: `fold(a + b) == fold(a) + fold(b)`. OpenCC's `t2s` is not: it picks 划 or 画 for 畫 by
    the word around it, and converts some of its own output once more (畢昇 → 毕昇 → 毕升), so that the two scripts of
    one name may not meet. What only the word can tell (計畫 → 计划) is left to `mainland_terms`. Nothing is removed.
    """
    return text.lower() if text.isascii() else text.translate(_FOLDS)


def fold_case(text: str) -> str:
    """Fold case and width but leave the script as it is: what matching would be without `fold`."""
    return "".join(unicodedata.normalize("NFKC", character).casefold() for character in text)


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text, and the way back from its offsets to those of the original."""

    text: str
    ends: tuple[int, ...] = ()
    """Where in `text` the fold of each code point that became longer ends."""
    shifts: tuple[int, ...] = ()
    """How many characters `text` is ahead of the original after each of them."""

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the shortest span of the original whose fold contains `text[start:end]`."""
        if not self.ends:
            return start, end
        first = self._index(start)
        return first, first if end <= start else self._index(end - 1) + 1

    def _index(self, offset: int) -> int:
        """Return the index of the code point of the original that the character at `offset` comes from."""
        passed = bisect_right(self.ends, offset)
        index = offset - (self.shifts[passed - 1] if passed else 0)
        if passed == len(self.ends):
            return index
        expanded = self.ends[passed] - self.shifts[passed] - 1
        return min(index, expanded)


def fold_with_offsets(text: str) -> Folded:
    """Fold a text and keep what maps spans back; nothing is kept where every code point folds to one."""
    folded = fold(text)
    if len(folded) == len(text):  # no code point folds to nothing
        return Folded(folded)
    growth = {c: len(fold(c)) - 1 for c in set(text)}
    longer = re.compile("[" + "".join(re.escape(c) for c, n in growth.items() if n) + "]")
    ends: list[int] = []
    shifts: list[int] = []
    shift = 0
    for match in longer.finditer(text):
        shift += growth[match.group()]
        ends.append(match.end() + shift)
        shifts.append(shift)
    return Folded(folded, tuple(ends), tuple(shifts))


# --- words of the mainland ------------------------------------------------------------------------------------------

_RUN = re.compile(r"[\w·]+")
# tw2sp and hk2sp lengthen a name that already has its ending: 烏茲別克斯坦, 伊利諾伊, 厄瓜多爾, 尼日爾.
_STUTTER = re.compile("(斯坦|(?<=诺)伊|(?<=[多日])尔)\\1")


def mainland_terms(text: str) -> str:
    """Return the clauses of a traditional text that the mainland words differently, folded: 網路 → 网络, 計畫 → 计划.

    Each clause is taken for Taiwan's (`tw2sp`), and for Hong Kong's (`hk2sp`) where that changes nothing, as the text
    does not say which it is. Clauses are separated by spaces and come once; what they have in common with `fold(text)`
    should be taken out by the caller, after tokenization. Returns an empty string for English and for simplified text,
    which these conversions spoil (程序 → 进程), and where nothing differs.
    """
    if detect(text) != "zh-Hant":
        return ""
    runs = list(dict.fromkeys(run for run in _RUN.findall(text) if _HAN_CHARACTER.search(run)))
    joined = "\n".join(runs)
    renderings = (_STUTTER.sub(r"\1", fold(_convert(config, joined))) for config in ("tw2sp", "hk2sp"))
    lines = (each.split("\n") for each in (fold(joined), *renderings))
    terms = (next((each for each in others if each != known), "") for known, *others in zip(*lines, strict=True))
    return " ".join(dict.fromkeys(filter(None, terms)))


# --- rendering ------------------------------------------------------------------------------------------------------

_QUOTATION_OR_URL = re.compile(
    "「(?:[^「」]|「[^「」]*」)*」|『[^『』]*』|“[^“”]*”|"
    + r'"[^"\n]*"'
    + rf"|(?:https?://|www\.)(?:[!-~]|(?<=[/=_%-])[{_HAN}]+)+",
    re.IGNORECASE,
)
# In prose about law s2twp is wrong about these (处罚对象 → 處罰物件, 声明 → 宣告); titles keep their own words.
_NOT_JARGON = re.compile(
    "(《[^《》]*》|(?<!应用)(?<!小)程序|文件(?!夹)|声明|对象|支持|优化|全局|消息|审核|高级|进程|运行|循环|项目|连接|注销|屏蔽|核心|访问"
    "|个人信息保护法|数据安全法|网络安全法)"
)
_TO: Mapping[tuple[Script, Language], str] = {
    ("zh-Hans", "zh-Hans"): "t2s",
    ("zh-Hans", "zh-Hant"): "tw2s",  # not tw2sp: 核心 → 内核, 文件 → 文档
    ("zh-Hant", "zh-Hans"): "s2tw",  # not s2t: its 爲 and 裏 are nobody's habit
    ("zh-Hant", "zh-Hant"): "t2tw",
    ("zh-Hant-TW", "zh-Hans"): "s2twp",
    ("zh-Hant-TW", "zh-Hant"): "t2tw",  # not s2twp: 程序 → 程式
    ("zh-Hant-HK", "zh-Hans"): "s2hk",
    ("zh-Hant-HK", "zh-Hant"): "t2hk",  # after tw2t: t2hk alone leaves 裡 and 著
}
# What OpenCC leaves, or makes, and the region's newspapers do not print.
_PRINTED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "tw": (("平臺", "平台"), ("報道", "報導")),
    "hk": (("報導", "報道"), ("羣", "群"), ("牀", "床"), ("峯", "峰")),
    "s": (),
}


def plain(language: AnswerLanguage) -> Language:
    """Return the language of articles that readers of this one have, whatever their region."""
    return "zh-Hant" if language == "zh-Hant-TW" or language == "zh-Hant-HK" else language


def render(text: str, script: Script) -> str:
    """Write our own words in a script and its region's form; what is quoted in 「」『』“”"" and addresses stay."""
    quotations = _QUOTATION_OR_URL.findall(text)
    frame = _QUOTATION_OR_URL.split(text)
    config = _TO[script, _script("".join(frame), "zh-Hans")]
    rendered = [_render_frame(piece, config) for piece in frame]
    return "".join(a + b for a, b in zip(rendered, [*quotations, ""], strict=True))


def _render_frame(text: str, config: str) -> str:
    if not _HAN_CHARACTER.search(text):
        return text
    if config == "s2twp":
        pieces = _NOT_JARGON.split(text)
        text = "".join(_convert("s2tw" if i % 2 else config, piece) for i, piece in enumerate(pieces))
    else:
        text = _convert(config, _convert("tw2t", text) if config == "t2hk" else text)
    return reduce(lambda said, habit: said.replace(*habit), _PRINTED[config[config.index("2") + 1 :][:2]], text)


# --- OpenCC ---------------------------------------------------------------------------------------------------------


@cache
def _converter(config: str) -> Any:
    """Load a conversion; its `convert` may be called from many threads."""
    from opencc import OpenCC

    return OpenCC(config)


def _convert(config: str, text: str) -> str:
    if not text:
        return text
    return str(_converter(config).convert(_SURROGATE.sub("", text).replace("\x00", "")))
