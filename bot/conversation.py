"""Follow-up questions made complete by rule, in English and Chinese: what is searched must say what it is about.

A question that names its own subject is left as it is. Else the last question lends what is missing: a name for a
pronoun, its words for `And Meta?` or `Why?`; where no rule fits it stands in front, as people do who ask two things.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.glossary import Entity, Glossary
from bot.language import clean, detect, fold, render
from bot.records import Language, Turn

TURNS, LONGEST, ANSWER = 6, 500, 4_000
"""Turns that are read, and characters: a longer question takes no part, of a longer answer the rest is cut."""


def _pattern(lines: str) -> re.Pattern[str]:
    """Compile a pattern of several lines; its Chinese is simplified, as it is compared with folded text."""
    return re.compile(lines.replace("\n", ""), re.IGNORECASE)


_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_STRANGER = re.compile(
    rf"(?<=\w )(?!{_MONTH}\b)[A-Z](?=[\w&-]{{0,30}}[a-z])[\w&-]{{1,30}}(?: [A-Z][a-z][\w&-]{{0,30}})*"
    r"|(?<![A-Za-z])[A-Z](?=[A-Za-z]{0,30}[a-z])[A-Za-z]{2,30}(?=[一-鿿])"
)
_TIME = _pattern(rf"""(?:\b(?:in|since|during|by|until|before|after|for|from|on) )?
(?:\b(?:last|this) (?:year|month|week)\b|\b(?:early |late )?(?:{_MONTH} (?:\d\d?,? )?)?(?:19|20)\d\d\b(?!年))
|(?:19|20)\d\d年(?:\d\d?月)?(?:\d\d?[日号])?(?:[上下]半年)?|[去今前]年(?:\d\d?月)?|上个?[月周]""")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_SHIFTS = {
    -1: _pattern(r"\b(?:in )?the (?:year before|previous year)(?=\W*$)|前一年|上一年"),
    1: _pattern(r"\b(?:in )?the (?:year after|following year)(?=\W*$)|次年|后一年|第二年"),
    0: _pattern(r"\b(?:in )?(?:that|the same) year\b|那一?年|当年|同年"),
}
_PRONOUN = _pattern(r"""\b(?P<of>its|their|his)\b|\b(?P<it>it|they|them)\b|\b(?P<person>he|she|him|her)\b
|\b(?:the|this|that) (?:(?P<company>company|firm|platform)|(?P<regulator>regulator|agency|authority|watchdog)
|(?P<law>law|act|regulation|bill))\b(?! (?:that|which|on|of|in|for|behind)\b)
|(?P<zh_it>(?<!其)[它牠]们?|(?<![其吉])他们|(?<![尤与])其(?![他它中实余次间]))|(?P<zh_person>(?<![其吉])他(?![人国方们])|她们?)
|(?:[该此]|这家|那家|这间)(?P<zh_company>公司|企业|平台|集团)|该(?P<zh_regulator>监管机构|机构|部门)
|(?:[该此]|这[部项个]|那部)(?P<zh_law>法律|法案?|条例)""")
_THINGS = ("company", "stranger", "law", "case", "regulator")
_KINDS = {
    "company": ("company", "stranger"),
    "regulator": ("regulator", "place"),
    "law": ("law",),
    "person": ("person",),
}
_EMPTY_IT = _pattern(r"it (?:(?:is |was |be )?(?:true|legal|illegal|possible|likely|clear|safe)|take (?!effect))")
_OBJECT = _pattern(r"(?:it|them|him|her)(?=\W*$|[,;]| (?:in|for|under|over)\b)|[它他她]们?(?=\W*$|[多什哪几])")
_OWN_NOUN = _pattern(r"""\b(?:an?|each|every|any) (?:\w+ )?(?:company|firm|platform|developer|provider|user|model)\b
|\bthe [\w-]+ (?:company|giant|maker|firm|group|app|platform)\b|(?<![该此])(?<!这[家间])(?<!那家)
(?:公司|企业|平台|法院|用户)""")
_POINTING = _pattern(r"""\b(?:is|are|was|were|did|does|do|has|had|will|about|of|for|by|to|after|before|under|with|from)
 (?:that|this|those|these)\b|\bdo(?:ne|es|ing)? so\b|(?<![因如彼])此(?!外)|这|
该(?=[案项法机])|当时|上述|那[个笔项次部]""")
_DEED = _pattern(r"\b(?:fine|sue|punish|order|ban|investigate|accuse|charge|hit|block|sanction|raid|probe|force) $")
_SUM = _pattern(r"""how (?:much|big|large|high) (?:is|was) it\b|\bit (?:appealed|paid|announced|decided|upheld
|overturned|reduced|annulled|confirmed|published|imposed|split|calculated|set|raised|cut|final|mean)\b""")
"""`it` is the fine, or the ruling."""
_ACTS = _pattern(r"""\b(?:it|they) (?:also )?(?:fine|order|ban|investigate|approve|block)\b
|[它他]们?[还又也会要]?(?:罚|处罚|调查|约谈|裁定|批准|禁止)""")
_ENACTED = _pattern(r"""\b(?:effect|force|apply|applies|passed|enacted|adopted|amended|require)\b
|生效|施行|实施|适用|通过|修订|规定""")
_LINK = _pattern(
    r"(?:and|but|so|or|also|ok|okay)\b[, ]*(?:then )?|(?:那么?|而|但是?|还有|另外|所以)(?![个笔项次部家些年])[, ]*"
)
_ABOUT = _pattern(r"""(?:(?:and|but|so|or|ok|okay)\b[, ]*)?(?:what|how) about (?P<en>.+?)\W*
|(?:那么?|而|但|还有)?,? ?(?:换成|至于)?(?P<zh>.+?)呢\W*""")
_VERBAL = _pattern(r"\b(?:wh\w+|how|is|are|was|were|do|does|did|has|have|had|will|would|can|could|should)\b")
_MORE = _pattern(r"(?:tell|explain|go|continue|more|please|any)\b")
_ASKS = _pattern(r"[?？一-鿿]|\b(?:wh\w+|how|more|explain|continue|details)\b")
_BARE = _pattern(r"""(?:\b(?:a|an|the|and|but|so|or|then|also|too|else|again|still|yet|exactly|what|when|where|why|
whom?|whose|which|how|much|many|long|often|far|big|large|high|soon|is|are|was|were|be|been|do|does|did|has|have|had|will|would|
can|could|should|must|there|any|some|other|others|more|most|next|later|after|before|since|until|first|second|last|latest|
final|total|same|ones?|fine[sd]?|penalty|amount|sum|reasons?|result|outcome|happen(?:s|ed)?|start(?:ed)?|begin|end(?:ed)?|
appeal(?:ed)?|each|both|larger|smaller|biggest|penalties|reduced|upheld|law|legal|basis|rules?|exemptions?|enforced?|ruling|decision|decided?|take|effect|force|come|in|on|of|by|for|to|from|at|with|over|under|about|published|
announced|draft|date|day|month|year|deadline|time|case|court|say|said|respond|response|reaction|comply|pay|paid|details?|
explain|tell|me|us|please|go|continue|really|true|updates?|changed?|affected|conditions|exceptions|s)\b|
什么|甚么|时候|何|为啥|多[少久长大高]|哪|谁|怎样?|如何|几|原因|理由|结果|后来|然后|之后|最后|接下来|还|有|没|吗|呢|啊|的|了|是|在|被|要|会|能|
可以|得|又|再|都|就|个|家|天|月|日|年|次|钱|元|因|为|罚款?|罚金|金额|处罚|上诉|生效|开始|结束|实施|施行|公布|宣布|通过|回应|判决?|裁定|
决定|调查|依据|具体|详细|说说|展开|继续|讲|一?下|其[他它]|别的|更多|细节|例外|条件|期限|截止|真|日期|时间|规定|请|那|么|样|时|法律|依法|条|公司|企业|缴|交|付|到底|究竟|一|事|
发生|影响|不|[\W\d_])++""")
"""A question of these words alone names nothing that could be searched."""
_WHICH = _pattern(r"\b(?:which (?:compan|firm|platform|chip|app)|who\b)|哪[些几]?[家个间]?(?:公司|企业|平台)|谁")
_DEFINES = _pattern(r"what(?: is|'s| are) (?:an? )?[\w -]+\W*$|什么是|.+是什么(?:意思)?\W*$")
_ADVERB = _pattern("why|when|where|how|how much|how long|since when|为什么|为何|为啥|什么时候|甚么时候|何时|怎么")
_OLD_EN = _pattern(r"""(?:(?:how much|why|when|where|how|how long|(?:in|on) (?:which|what) \w+) )?
(?P<rest>(?:did|does|do|has|have|will|must) .+|(?:was|were|is|are) .*(?:\w\wed|given|hit|told|sent|made)\b.*)""")
_OLD_ZH = _pattern("因?为什么|为何|什么时候|甚么时候|何时|(?:在|是)?哪一?[年天]|(?<!是)了?多少(?:钱|亿?元|万元)?$")
_BRACKETED = _pattern(r"\(.{6,}\)\?$|（.{6,}）？$")
_PHRASE = _pattern("(?:for|in|by|to|under|at|from|with|after|before) ")
_WORD = _pattern("[a-z]{2,}|[一-鿿]")
_PARTICLES = frozenset("the in for by from to under at on with of 呢 的 了 吗 在 对 和 与 跟 and".split())


@dataclass(frozen=True, slots=True)
class _Name:
    """A name in a text, with the article before it; `key` is the same for all names of one thing."""

    start: int
    end: int
    text: str
    kind: str
    key: str
    entity: Entity | None = None


@dataclass(frozen=True, slots=True)
class _Before:
    """What a follow-up in `language` may lean on: the last question, in `spoken`, and the names of both."""

    stem: str
    names: list[_Name]
    answered: list[_Name]
    language: Language
    spoken: Language

    @property
    def foreign(self) -> bool:
        return self.language[:2] != self.spoken[:2]


def complete(question: str, history: Sequence[Turn], glossary: Glossary) -> str:
    """Return the question with what the last turns lend it, or the very same object where it stands on its own."""
    asked = clean(question[: LONGEST + 1]).strip()
    if not history or not asked or len(question) > LONGEST:
        return question
    subject = answer = ""
    for turn in history[-TURNS:]:
        earlier = clean(turn.question[:LONGEST]).strip()
        if len(turn.question) > LONGEST:
            subject = ""
        elif earlier:
            done = _completed(earlier, subject, answer, glossary)
            stem = _stem(subject)  # one that was put in front stays the subject: questions do not pile up
            subject = subject if stem and stem in done else _unlinked(done)
        answer = clean(turn.answer[:ANSWER])
    done = _completed(asked, subject, answer, glossary)
    return question if done == asked or _completed(done, subject, answer, glossary) != done else done


def _completed(asked: str, subject: str, answer: str, glossary: Glossary) -> str:
    stem = _stem(subject)
    if not (stem or answer) or (stem and stem in asked) or _BRACKETED.search(asked):
        return asked
    own, spoken = _names(asked, glossary), detect(subject or answer)
    language = detect(asked, default=spoken)
    if language == "en" and not re.search("[a-z]", _without(asked, own)):
        language = spoken  # a mere name or year
    if language != spoken and "en" not in (language, spoken):
        stem = _rendered(stem, glossary, language)
    answered = _names(answer, glossary)
    often = Counter(name.key for name in answered)
    answered.sort(key=lambda name: -often[name.key])
    before = _Before(stem, _names(stem, glossary), answered, language, spoken)
    dated = _dated(asked, before) if {name.key for name in own} <= {name.key for name in before.names} else asked
    own = own if dated == asked else _names(dated, glossary)
    results = (rule(dated, own, before) for rule in (_pronoun, _swap, _ellipsis))
    return next((done for done in results if done is not None), dated)


def _names(text: str, glossary: Glossary) -> list[_Name]:
    """Return the names in a text from left to right: the glossary's, and English ones that it has not."""
    found: list[_Name] = []
    for mention in glossary.find(text):
        written, entity = text[mention.start : mention.end], mention.entity
        if not (mention.ambiguous and written.islower() and written.isascii() and entity.kind != "term"):
            found.append(_Name(mention.start, mention.end, written, entity.kind, entity.id, entity))
    found += [_Name(*match.span(), match[0], "stranger", match[0]) for match in _STRANGER.finditer(text)]
    names: list[_Name] = []
    for name in sorted(found, key=lambda name: (name.start, name.kind == "stranger")):
        if not names or name.start >= names[-1].end:
            article = re.search(r"\bthe $", text[: name.start], re.IGNORECASE)
            start = article.start() if article else name.start
            names.append(replace(name, start=start, text=text[start : name.end]))
    return names


def _pronoun(asked: str, own: list[_Name], before: _Before) -> str | None:
    """Put the name in place of the first pronoun that leans on the last turn."""
    flat = _flat(asked)
    match = _PRONOUN.search(flat)
    named = [name for name in own if name.kind != "term"]
    if not match or _EMPTY_IT.match(flat, match.start()) or not _leans(match, flat, named):
        return None
    start, end = match.span()
    points = _POINTING.search(flat[:start] + flat[end:]) or _SUM.search(flat)
    vague = len(named) == 1 and match["it"] and named[0].start < start and not _DEED.search(flat[:start])
    chosen = _antecedents(match, flat, {name.key for name in named}, before)
    if not chosen or (before.stem and (points or vague)):
        return _joined(asked, own, before)
    names = list(dict.fromkeys(_written(name, before.language) for name in chosen))
    both = (" and " if before.language == "en" else "和").join(names)
    if match["of"] or (match[0].lower() == "her" and not _OBJECT.match(flat, start)):
        both += "'" if both.endswith("s") else "'s"
    elif match["it"] and len(names) == 1 and match[0].lower() == "they":
        asked, start, end = _singular(asked, start, end)
    return asked[:start] + (both if start else both[:1].upper() + both[1:]) + asked[end:]


def _leans(match: re.Match[str], flat: str, named: list[_Name]) -> bool:
    """Tell whether a pronoun means something outside its sentence."""
    if _kind(match) in ("company", "regulator", "law"):
        return not named
    noun = _OWN_NOUN.search(flat)
    if noun and (noun.start() < match.start() or noun[0].startswith("the ")):
        return False
    if earlier := [name for name in named if name.start < match.start()]:
        return len(earlier) == 1 and bool(_OBJECT.match(flat, match.start()))
    return len(flat[: match.start()].split()) < (6 if named else 9)


def _kind(pronoun: re.Match[str]) -> str:
    return (pronoun.lastgroup or "").removeprefix("zh_")


def _antecedents(match: re.Match[str], flat: str, taken: set[str], before: _Before) -> list[_Name]:
    """Return what a pronoun may stand for: of the kind that fits it best, in the question, else the answer."""
    kinds: tuple[str, ...] = _KINDS.get(_kind(match), _THINGS)
    if kinds is _THINGS and _ACTS.match(flat, match.start()):
        kinds = ("regulator", "place", *kinds)
    elif kinds is _THINGS and _ENACTED.search(flat):
        kinds = ("law", *kinds)
    pools = [before.names, before.answered]
    if _WHICH.search(_flat(before.stem)) and any(name.kind == "company" for name in before.answered):
        pools.reverse()
    for pool in pools:
        for kind in kinds:
            found: dict[str, _Name] = {}
            for name in (name for name in pool if name.kind == kind and name.key not in taken):
                found.setdefault(name.key, name)
            if found:
                plural = match[0].lower() in ("they", "them", "their", "它们", "他们", "她们")
                return list(found.values())[: 3 if plural else 1]
    return []


def _written(name: _Name, language: Language) -> str:
    """Return a name as it was written, or as the glossary has it in another language."""
    forms = name.entity.names.get(language, ()) if name.entity else ()
    if not forms or name.text in forms or detect(name.text, default=language) == language:
        return name.text
    article = language == "en" and name.kind in ("regulator", "law") and (" " in forms[0] or forms[0].isupper())
    return ("the " if article else "") + forms[0]


def _singular(asked: str, start: int, end: int) -> tuple[str, int, int]:
    """Make the verb before `they` fit one name: were they -> was, have they -> has; return the new place of `they`."""
    one = {"were": "was", "are": "is", "have": "has", "do": "does"}
    verb = re.search(r"\b(were|are|have|do) $", asked[:start], re.IGNORECASE)
    if not verb:
        return asked, start, end
    word = one[verb[1].lower()]
    word = word if verb[1].islower() else word.capitalize()
    moved = len(word) - len(verb[1])
    return asked[: verb.start()] + word + asked[start - 1 :], start + moved, end + moved


def _swap(asked: str, own: list[_Name], before: _Before) -> str | None:
    """Ask the last question again of another company, authority, law or year: And Meta? What about 2023?"""
    flat = _flat(asked)
    if not before.stem or _BARE.fullmatch(before.stem):
        return None
    about, link = _ABOUT.fullmatch(flat), _LINK.match(flat)
    start, end = about.span(about.lastgroup or 0) if about else (link.end() if link else 0, len(flat))
    times = _times(asked, start, end)
    named = [name for name in own if name.kind != "term"] or ([] if times else own)
    if len(named) > 1 and len({name.kind for name in named}) == 1:  # Apple and Meta take the place of one
        text = asked[named[0].start : named[-1].end]
        named = [replace(named[0], end=named[-1].end, text=text, key=text, entity=None)]
    if not named and not times:
        return _joined(asked, own, before) if about and not _BARE.fullmatch(flat) else None
    words = set(_WORD.findall(_without(flat, [*named, *times])[start:end].lower())) - _PARTICLES
    if not words <= set(_WORD.findall(_flat(before.stem).lower())) or (words and not (about or link)):
        return None
    edits = [edit for new in [*named, *times] for edit in _edits(new, asked, before)]
    if not edits:
        known = {name.key for name in [*before.names, *before.answered]}
        return None if words or {name.key for name in named} <= known else _joined(asked, own, before)
    stem = before.stem
    for start, end, text in sorted(edits, reverse=True):
        stem = stem[:start] + text + stem[end:]
    return _bracketed(asked, stem, before) if before.foreign else _asked(stem[:1].upper() + stem[1:], before)


def _edits(new: _Name, asked: str, before: _Before) -> list[tuple[int, int, str]]:
    """Say where the last question takes a name: for the one name of its kind, else at its edge; nowhere if unclear."""
    text = _written(new, before.spoken)
    pool = _times(before.stem, 0, len(before.stem)) if new.kind == "time" else before.names
    alike = [name for name in pool if name.kind == new.kind]
    if not alike and new.kind in _KINDS["regulator"]:
        alike = [name for name in pool if name.kind in _KINDS["regulator"]]
    if len({name.key for name in alike} - {new.key}) == 1:
        keep = re.match("[a-z]+ (?=[A-Z0-9])", alike[0].text) if new.kind == "time" and text[0].isdigit() else None
        return [(name.start, name.end, (keep[0] if keep else "") + text) for name in alike if name.key != new.key]
    place = new.kind == "place" or new.key == "european-union"
    typed = re.search(r"\b(?:in|for|under|by|from|at) $", asked[: new.start], re.IGNORECASE)
    if alike or not (typed or place or new.kind == "time"):
        return []
    if before.spoken != "en":
        return [(0, 0, f"在{text}，" if place else text)]
    word = typed[0].lower() if typed else "in " if place or text[0].isdigit() else ""
    return [(len(before.stem), len(before.stem), f" {word}{text}")]


def _ellipsis(asked: str, own: list[_Name], before: _Before) -> str | None:
    """Lend the last question to one that names nothing: Why? And how was that split?"""
    flat = _flat(asked)
    link = _LINK.match(flat)
    named = {name.key for name in own if name.kind != "term"}
    bare = bool(_BARE.fullmatch(flat) and _ASKS.search(flat))
    if named or not (bare or link) or (own and _DEFINES.fullmatch(_unlinked(flat))):
        pointing = _POINTING.search(flat) and (not named or (flat.isascii() and named <= {n.key for n in before.names}))
        phrase = link and _PHRASE.match(_unlinked(flat)) and not _VERBAL.search(flat)
        return _joined(asked, own, before) if pointing or phrase else None
    return _adverb(_unlinked(asked).strip(" ?？呢"), before) or _joined(asked, own, before)


def _adverb(word: str, before: _Before) -> str | None:
    """Put a bare `why` or `when` in the place of what the last question asked."""
    if before.foreign or not _ADVERB.fullmatch(_flat(word)):
        return None
    if before.language == "en":
        old = _OLD_EN.fullmatch(before.stem)
        return f"{word.capitalize()} {old['rest'][0].lower()}{old['rest'][1:]}?" if old else None
    found = list(_OLD_ZH.finditer(_flat(before.stem)))
    if len(found) != 1:
        return None
    start, end = found[0].span()
    at = start
    if end == len(before.stem):  # … 被罚了多少: the adverb goes before the verb, which follows the name and the time
        at = before.names[0].end if before.names and not before.names[0].start else 0
        at = next((time.end for time in _times(before.stem, at, start) if time.start - at < 2), at)
    stem = before.stem[:start] + before.stem[end:]
    return _asked(stem[:at] + word + stem[at:], before)


def _joined(asked: str, own: list[_Name], before: _Before) -> str:
    """Put the last question before the follow-up; without one, what its answer was about."""
    if before.foreign or not before.stem or (_BARE.fullmatch(_flat(before.stem)) and not before.names):
        return _bracketed(asked, before.stem if before.foreign else "", before, topic=True)
    if before.language != "en":
        return f"{before.stem}？{asked}"
    core = _unlinked(asked).rstrip(" ?") or "what happened then"
    if _MORE.match(core) or not _VERBAL.search(before.stem) or re.search("[.?!] ", before.stem):
        return f"{before.stem}? {core[:1].upper()}{core[1:]}{'?' if '?' in asked else ''}"
    named = own and asked[own[0].start :].startswith(core[:3])
    return f"{before.stem}, and {core if named else core[:1].lower() + core[1:]}?"


def _bracketed(asked: str, stem: str, before: _Before, *, topic: bool = False) -> str:
    """Say what a follow-up in another language is about; detection of the language passes over brackets."""
    core, english = asked.rstrip(" ?？"), before.language == "en"
    names = list(dict.fromkeys(_written(name, before.language) for name in before.names or before.answered[:1]))[:3]
    if topic and names and not _ABOUT.fullmatch(_flat(asked)):
        core = _unlinked(core)
        about = "关于" if before.language == "zh-Hans" else "關於"
        core = (
            f"About {' and '.join(names)}: {core[:1].lower()}{core[1:]}"
            if english
            else f"{about}{'和'.join(names)}，{core}"
        )
    elif not stem:
        return asked
    return core + (f" ({stem})" if stem and english else f"（{stem}）" if stem else "") + ("?" if english else "？")


def _dated(asked: str, before: _Before) -> str:
    """Write out a year that is counted from the last question's: the year before -> in 2022."""
    years = {int(year) for year in _YEAR.findall(before.stem)}
    for shift, pattern in _SHIFTS.items() if len(years) == 1 and not _YEAR.search(asked) else ():
        if match := pattern.search(_flat(asked)):
            year = min(years) + shift
            return asked[: match.start()] + (f"in {year}" if match[0].isascii() else f"{year}年") + asked[match.end() :]
    return asked


def _times(text: str, start: int, end: int) -> list[_Name]:
    found = _TIME.finditer(_flat(text), start, end)
    return [_Name(*match.span(), text[match.start() : match.end()], "time", match[0]) for match in found]


def _rendered(stem: str, glossary: Glossary, language: Language) -> str:
    """Write the last question in the script of the follow-up, with the names that are usual there."""
    for name in reversed(_names(stem, glossary)):
        forms = name.entity.names.get(language, ()) if name.entity else ()
        if language != "en" and forms and render(name.text, language) not in forms:
            stem = stem[: name.start] + forms[0] + stem[name.end :]
    return stem if language == "en" else render(stem, language)


def _flat(text: str) -> str:
    """Fold a text one character for one, but for the case of letters."""
    return text if text.isascii() else "".join(c if c.isascii() or len(f := fold(c)) != 1 else f for c in text)


def _without(text: str, names: Sequence[_Name]) -> str:
    for name in names:
        text = text[: name.start] + " " * (name.end - name.start) + text[name.end :]
    return text


def _unlinked(text: str) -> str:
    return text[link.end() :] if (link := _LINK.match(_flat(text))) else text


def _stem(question: str) -> str:
    return question.rstrip(" ?？.。!！")


def _asked(stem: str, before: _Before) -> str:
    return stem + ("?" if before.spoken == "en" else "？")
