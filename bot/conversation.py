"""Follow-up questions made complete by rule, in English and Chinese: what is searched must say what it is about.

A question that names its own subject is left as it is. Else the last question lends what is missing: a name for a
pronoun, its words for `And Meta?` or `Why?`; where no rule fits it stands in front, as people do who ask two things.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot import phrases
from bot.glossary import Entity, Glossary
from bot.language import clean, detect, fold, render
from bot.records import Language, Turn

TURNS, LONGEST, ANSWER = 6, 500, 4_000
"""Turns that are read, and characters: a longer question takes no part, of a longer answer the rest is cut."""


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
    if not (stem or answer) or (stem and stem in asked) or phrases.BRACKETED.search(asked):
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
    found += [_Name(*match.span(), match[0], "stranger", match[0]) for match in phrases.STRANGER.finditer(text)]
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
    match = phrases.PRONOUN.search(flat)
    named = [name for name in own if name.kind != "term"]
    if not match or phrases.EMPTY_IT.match(flat, match.start()) or not _leans(match, flat, named):
        return None
    start, end = match.span()
    points = phrases.POINTING.search(flat[:start] + flat[end:]) or phrases.SUM.search(flat)
    vague = len(named) == 1 and match["it"] and named[0].start < start and not phrases.DEED.search(flat[:start])
    chosen = _antecedents(match, flat, {name.key for name in named}, before)
    if not chosen or (before.stem and (points or vague)):
        return _joined(asked, own, before)
    names = list(dict.fromkeys(_written(name, before.language) for name in chosen))
    both = (" and " if before.language == "en" else "和").join(names)
    if match["of"] or (match[0].lower() == "her" and not phrases.OBJECT.match(flat, start)):
        both += "'" if both.endswith("s") else "'s"
    elif match["it"] and len(names) == 1 and match[0].lower() == "they":
        asked, start, end = _singular(asked, start, end)
    return asked[:start] + (both if start else both[:1].upper() + both[1:]) + asked[end:]


def _leans(match: re.Match[str], flat: str, named: list[_Name]) -> bool:
    """Tell whether a pronoun means something outside its sentence."""
    if _kind(match) in ("company", "regulator", "law"):
        return not named
    noun = phrases.OWN_NOUN.search(flat)
    if noun and (noun.start() < match.start() or noun[0].startswith("the ")):
        return False
    if earlier := [name for name in named if name.start < match.start()]:
        return len(earlier) == 1 and bool(phrases.OBJECT.match(flat, match.start()))
    return len(flat[: match.start()].split()) < (6 if named else 9)


def _kind(pronoun: re.Match[str]) -> str:
    return (pronoun.lastgroup or "").removeprefix("zh_")


def _antecedents(match: re.Match[str], flat: str, taken: set[str], before: _Before) -> list[_Name]:
    """Return what a pronoun may stand for: of the kind that fits it best, in the question, else the answer."""
    kinds: tuple[str, ...] = phrases.KINDS.get(_kind(match), phrases.THINGS)
    if kinds is phrases.THINGS and phrases.ACTS.match(flat, match.start()):
        kinds = ("regulator", "place", *kinds)
    elif kinds is phrases.THINGS and phrases.ENACTED.search(flat):
        kinds = ("law", *kinds)
    pools = [before.names, before.answered]
    if phrases.WHICH.search(_flat(before.stem)) and any(name.kind == "company" for name in before.answered):
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
    if not before.stem or phrases.BARE.fullmatch(before.stem):
        return None
    about, link = phrases.ABOUT.fullmatch(flat), phrases.LINK.match(flat)
    start, end = about.span(about.lastgroup or 0) if about else (link.end() if link else 0, len(flat))
    times = _times(asked, start, end)
    named = [name for name in own if name.kind != "term"] or ([] if times else own)
    if len(named) > 1 and len({name.kind for name in named}) == 1:  # Apple and Meta take the place of one
        text = asked[named[0].start : named[-1].end]
        named = [replace(named[0], end=named[-1].end, text=text, key=text, entity=None)]
    if not named and not times:
        return _joined(asked, own, before) if about and not phrases.BARE.fullmatch(flat) else None
    words = set(phrases.WORD.findall(_without(flat, [*named, *times])[start:end].lower())) - phrases.PARTICLES
    if not words <= set(phrases.WORD.findall(_flat(before.stem).lower())) or (words and not (about or link)):
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
    if not alike and new.kind in phrases.KINDS["regulator"]:
        alike = [name for name in pool if name.kind in phrases.KINDS["regulator"]]
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
    link = phrases.LINK.match(flat)
    named = {name.key for name in own if name.kind != "term"}
    bare = bool(phrases.BARE.fullmatch(flat) and phrases.ASKS.search(flat))
    if named or not (bare or link) or (own and phrases.DEFINES.fullmatch(_unlinked(flat))):
        pointing = phrases.POINTING.search(flat) and (
            not named or (flat.isascii() and named <= {n.key for n in before.names})
        )
        phrase = link and phrases.PHRASE.match(_unlinked(flat)) and not phrases.VERBAL.search(flat)
        return _joined(asked, own, before) if pointing or phrase else None
    return _adverb(_unlinked(asked).strip(" ?？呢"), before) or _joined(asked, own, before)


def _adverb(word: str, before: _Before) -> str | None:
    """Put a bare `why` or `when` in the place of what the last question asked."""
    if before.foreign or not phrases.ADVERB.fullmatch(_flat(word)):
        return None
    if before.language == "en":
        old = phrases.OLD_EN.fullmatch(before.stem)
        return f"{word.capitalize()} {old['rest'][0].lower()}{old['rest'][1:]}?" if old else None
    found = list(phrases.OLD_ZH.finditer(_flat(before.stem)))
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
    if before.foreign or not before.stem or (phrases.BARE.fullmatch(_flat(before.stem)) and not before.names):
        return _bracketed(asked, before.stem if before.foreign else "", before, topic=True)
    if before.language != "en":
        return f"{before.stem}？{asked}"
    core = _unlinked(asked).rstrip(" ?") or "what happened then"
    if phrases.MORE.match(core) or not phrases.VERBAL.search(before.stem) or re.search("[.?!] ", before.stem):
        return f"{before.stem}? {core[:1].upper()}{core[1:]}{'?' if '?' in asked else ''}"
    named = own and asked[own[0].start :].startswith(core[:3])
    return f"{before.stem}, and {core if named else core[:1].lower() + core[1:]}?"


def _bracketed(asked: str, stem: str, before: _Before, *, topic: bool = False) -> str:
    """Say what a follow-up in another language is about; detection of the language passes over brackets."""
    core, english = asked.rstrip(" ?？"), before.language == "en"
    names = list(dict.fromkeys(_written(name, before.language) for name in before.names or before.answered[:1]))[:3]
    if topic and names and not phrases.ABOUT.fullmatch(_flat(asked)):
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
    years = {int(year) for year in phrases.YEAR.findall(before.stem)}
    for shift, pattern in phrases.SHIFTS.items() if len(years) == 1 and not phrases.YEAR.search(asked) else ():
        if match := pattern.search(_flat(asked)):
            year = min(years) + shift
            return asked[: match.start()] + (f"in {year}" if match[0].isascii() else f"{year}年") + asked[match.end() :]
    return asked


def _times(text: str, start: int, end: int) -> list[_Name]:
    found = phrases.TIME.finditer(_flat(text), start, end)
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
    return text[link.end() :] if (link := phrases.LINK.match(_flat(text))) else text


def _stem(question: str) -> str:
    return question.rstrip(" ?？.。!！")


def _asked(stem: str, before: _Before) -> str:
    return stem + ("?" if before.spoken == "en" else "？")
