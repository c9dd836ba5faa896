"""Names of regulators, companies, people, laws, cases and terms, across languages and scripts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from bot.errors import GlossaryError
from bot.language import fold, fold_with_offsets, plain
from bot.records import AnswerLanguage, Language

Kind = Literal["regulator", "company", "person", "law", "case", "term", "place"]
_Name = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

# One apostrophe, dot and hyphen for all, each one character long, so that offsets hold.
_ALIKE = str.maketrans("’‘‧・•‐‑–", "''···---")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast where libyaml is there


@dataclass(frozen=True, slots=True)
class Entity:
    """One thing that has names; `names` holds each language's forms, the usual first (Taiwan's, Hong Kong's)."""

    id: str
    kind: Kind
    names: Mapping[Language, tuple[str, ...]] = field(hash=False)
    ambiguous: frozenset[str] = frozenset()
    """Folded forms that may mean something else."""
    exact: frozenset[str] = frozenset()
    """Forms that count only when they are written just so: SEC, LINE, X."""
    region: str | None = None
    passed: date | None = None
    """When a law was adopted for good."""
    effective: date | None = None
    """When it took effect: entered into force."""
    applies: date | None = None
    """From when most of it applies, where that is another day."""

    def usual(self, language: AnswerLanguage) -> str | None:
        """Return the name that readers of a language know it by."""
        names = self.names.get(plain(language), ())
        regional = names[1:2] if language == "zh-Hant-HK" else ()
        return next(iter((*regional, *names)), None)


@dataclass(frozen=True, slots=True)
class Mention:
    """A form of an entity in a text, `text[start:end]`; `ambiguous` where it may mean something else."""

    start: int
    end: int
    entity: Entity
    ambiguous: bool = False


class Glossary:
    """Finds the names of entities in a text, and gives the other names of each."""

    def __init__(self, entities: Iterable[Entity] = ()) -> None:
        """Take entities whose ids differ."""
        self.entities = tuple(entities)
        self._forms = {entity.id: _forms(entity) for entity in self.entities}
        self._bearers: defaultdict[str, list[Entity]] = defaultdict(list)
        for entity in self.entities:
            for form in self._forms[entity.id]:
                self._bearers[form].append(entity)
        self._bodies: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
        for entity in self.entities:
            if entity.kind == "regulator" and entity.region:
                plain_forms = (form for form in self.own_forms(entity) if form not in entity.ambiguous)
                self._bodies[entity.region] += tuple(plain_forms)
        lengths = defaultdict(set)
        for form in self._bearers:
            lengths[form[:2]].add(len(form))
        self._lengths = {first: sorted(each, reverse=True) for first, each in lengths.items()}
        self._starts = _starts({form[0] for form in self._bearers})

    @classmethod
    def open(cls, *paths: str | PathLike[str]) -> Glossary:
        """Read YAML files, each a list of entries (corpus/README.md has the schema); raise `GlossaryError`."""
        entities = [entity for path in paths for entity in _read(Path(path))]
        twice = [id for id, count in Counter(entity.id for entity in entities).items() if count > 1]
        if twice:
            raise GlossaryError(f"{', '.join(map(str, paths))}: id {twice[0]!r} is used twice.", hint="Rename one.")
        return cls(entities)

    def names(self) -> frozenset[str]:
        """Return all forms written wholly in Han characters, folded: the user dictionary of the segmenter."""
        return frozenset(form for form in self._bearers if all("㐀" <= character <= "鿿" for character in form))

    def forms(self, entity: Entity) -> tuple[str, ...]:
        """Return all forms of an entity, folded, each once."""
        return self._forms.get(entity.id) or _forms(entity)

    def own_forms(self, entity: Entity) -> tuple[str, ...]:
        """Return the forms that no other entity bears: 金管局 is the monetary authority of two cities."""
        return tuple(form for form in self.forms(entity) if len(self._bearers.get(form, ())) < 2)

    def bodies(self, region: str) -> tuple[str, ...]:
        """Return the names of the public bodies of a region that mean nothing else: of whom they tell is told of it."""
        return self._bodies.get(region, ())

    def find(self, text: str, *, kinds: Container[Kind] | None = None) -> list[Mention]:
        """Return the mentions in a text from left to right, at each place the longest; none overlap.

        A form that several entities bear gives one mention for each, with the same span, all ambiguous. Given `kinds`,
        names inside one of another kind are found, too: the company in the name of a case.
        """
        folded = fold_with_offsets(text.translate(_ALIKE))
        mentions: list[Mention] = []
        done = 0
        for found in self._starts.finditer(folded.text):
            at = found.start()
            form = self._longest(folded.text, at, kinds) if at >= done else ""
            if form:
                start, end = folded.original(at, at + len(form))
                bearers = [each for each in self._borne(form, kinds) if _as_written(each, form, text[start:end])]
                shared = len(bearers) > 1
                mentions += [Mention(start, end, entity, shared or form in entity.ambiguous) for entity in bearers]
                done = at + len(form)
        return mentions

    def counterparts(self, text: str, language: AnswerLanguage) -> dict[str, str]:
        """Return the names in a text but for places and terms, each with the usual one in a language if it differs.

        Names in Latin letters have none in English: they can be read as they are.
        """
        pairs: dict[str, str] = {}
        for mention in self.find(text):
            usual = mention.entity.usual(language)
            if usual and not mention.ambiguous and mention.entity.kind not in ("term", "place"):
                pairs.setdefault(text[mention.start : mention.end], usual)
        legible = {name for name in pairs if language == "en" and name.isascii()}
        return {name: usual for name, usual in pairs.items() if name not in legible and _key(usual) != _key(name)}

    def _borne(self, form: str, kinds: Container[Kind] | None) -> list[Entity]:
        bearers = self._bearers.get(form, [])
        return bearers if kinds is None else [entity for entity in bearers if entity.kind in kinds]

    def _longest(self, folded: str, at: int, kinds: Container[Kind] | None) -> str:
        """Return the longest form that starts here, where a word may start, and ends with one; or an empty string."""
        for first in (folded[at : at + 2], folded[at]):
            for length in self._lengths.get(first, ()):
                form = folded[at : at + length]
                if form in self._bearers and self._borne(form, kinds) and not _inside_word(folded, at + length):
                    return form
        return ""


def _starts(firsts: Iterable[str]) -> re.Pattern[str]:
    """Return what finds the places where a form may start: on one of these characters, and not inside a word."""
    latin = "".join(c for c in map(chr, range(0x250)) if c.isalnum())
    words = "".join(re.escape(c) for c in sorted(firsts) if c in latin)
    others = "".join(re.escape(c) for c in sorted(firsts) if c not in latin)
    parts = [f"(?<![{latin}])[{words}]"] * bool(words) + [f"[{others}]"] * bool(others)
    return re.compile("|".join(parts) or "(?!)")


def _inside_word(text: str, at: int) -> bool:
    """Tell whether a word or number in Latin script goes on across this place; Han has no word boundaries."""
    return 0 < at < len(text) and all(c.isalnum() and c < "\u0250" for c in text[at - 1 : at + 1])


def _as_written(entity: Entity, form: str, written: str) -> bool:
    exact = {spelling for spelling in entity.exact if fold(spelling) == form}
    return not exact or written in exact


def _forms(entity: Entity) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_key(name) for names in entity.names.values() for name in names))


def _key(name: str) -> str:
    return fold(name.translate(_ALIKE))


class _Entry(BaseModel):
    """An entry as it stands in a file."""

    model_config = ConfigDict(extra="forbid", strict=True)
    id: _Name
    kind: Kind
    en: _Name
    zh_hans: _Name = Field(alias="zh-Hans")
    taiwan: _Name = Field(alias="zh-Hant-TW")
    hong_kong: _Name = Field(alias="zh-Hant-HK")
    aliases: dict[Language, list[_Name]] = {}
    ambiguous: list[_Name] = []
    exact: list[_Name] = []
    region: _Name | None = None
    passed: date | None = None
    effective: date | None = None
    applies: date | None = None

    def entity(self) -> Entity:
        names: dict[Language, list[str]] = {
            "en": [self.en],
            "zh-Hans": [self.zh_hans],
            "zh-Hant": [self.taiwan, self.hong_kong],
        }
        every = {language: (*usual, *self.aliases.get(language, ())) for language, usual in names.items()}
        ambiguous = frozenset(map(_key, self.ambiguous))
        exact = frozenset(self.exact)
        days = {"passed": self.passed, "effective": self.effective, "applies": self.applies}
        return Entity(self.id, self.kind, every, ambiguous, exact, self.region, **days)

    @model_validator(mode="after")
    def _marks_are_names(self) -> Self:
        listed = {name for names in self.entity().names.values() for name in names}
        if stray := {*self.ambiguous, *self.exact} - listed:
            raise ValueError(f"{min(stray)!r} is marked, but none of its names")
        return self


_ENTRIES = TypeAdapter(list[_Entry])
_FIXES = {
    "extra_forbidden": "Take it out, or mend its spelling.",
    "missing": "Add it.",
    "string_type": "Put it in quotes.",
}


def _read(path: Path) -> list[Entity]:
    entries: Any = None
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
        return [entry.entity() for entry in _ENTRIES.validate_python(entries)]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise GlossaryError(f"{path}: cannot be read: {reason}.", hint="Give a YAML file in UTF-8.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = _place(entries, first["loc"])
        fix = _FIXES.get(first["type"], "Mend it as corpus/README.md says.")
        raise GlossaryError(f"{path}: {where}{first['msg']} (found: {str(first['input'])[:60]}).", hint=fix) from error


def _place(entries: Any, location: tuple[int | str, ...]) -> str:
    """Name the entry and the field of an error, counting entries from 1."""
    if not location:
        return ""
    number = int(location[0])
    entry = entries[number]
    name = entry.get("id") if isinstance(entry, dict) else entry
    return " ".join([f"entry {number + 1} ({name})", *map(str, location[1:])]) + ": "
