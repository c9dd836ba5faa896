"""Time expressions in a question -> a window of publication dates.

All three scripts meet in the folded form and are read by one grammar. What an expression is for decides the rest:

- A relative expression (last month, 去年) and words for news say when articles were published: a hard window.
- A period in which something happened (in March 2022, 2021年9月) makes articles of that time likelier, but later ones
  look back: a soft window. So does a relative one that names a thing (last year's fine) or when a rule takes effect.
- What names a thing (the 2020 complaint, 2018年的罚款), a day on which something happened, the date of a figure (as of
  May 2025, 截至去年底), periods that are compared, and the future are content: no window.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from bot.language import fold_with_offsets

LONGEST = 1_000
"""As many characters of a question are read for time: more is a pasted article, whose dates are content."""


@dataclass(frozen=True, slots=True)
class Window:
    """Dates of publication, both inclusive, None where open; `question[start:end]` says them.

    A hard window filters. A soft one is when something happened: prefer what was published then, drop nothing.
    """

    since: date | None
    until: date | None
    start: int
    end: int
    soft: bool = False


@dataclass(frozen=True, slots=True)
class TimeReading:
    """What a question says about time; `text` is the question without the words of its window, for searching."""

    window: Window | None
    latest: bool
    text: str


# --- points of time, in folded text ---------------------------------------------------------------------------------


def _table(first: int, *lines: str) -> dict[str, int]:
    return {word: number for number, line in enumerate(lines, first) for word in line.split()}


_NUMBERS = _table(1, "one a an", *"two three four five six seven eight nine ten eleven twelve".split())
_MONTHS = _table(1, *"jan feb mar apr may jun jul aug sep oct nov dec".split())
_ORDINALS = _table(0, "first 1st 上 一 1", "second 2nd 下 二 2", "third 3rd 三 3", "fourth 4th 四 4")
_PARTS = _table(0, "early beginning start 初 上", "mid middle 中", "late end 底 末 下")
_SHIFTS = _table(-2, "前 上上", "去 上 last previous", "今 本 这 this current", "明 下 next", "后")
_DAYS_AGO = _table(0, "today 今", "yesterday 昨", "before 前")
_UNITS = dict(zip("天日周星礼月季年", "day day week week week month quarter year".split(), strict=True))
_MONTHS_IN = {"month": 1, "quarter": 3, "half": 6, "year": 12}
_RELATIVE = ("yshift", "shift", "rolling", "ago", "days")
_DIGITS = str.maketrans("〇零一二两三四五六七八九", "001223456789")

_MONTH = (
    r"\b(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_AMOUNT = r"(?:percent|[mb]illion|yuan|euros?|dollars?|people|users|companies)\b"
_YEAR = rf"(?<![$€£¥#.,/])\b(?P<year>(?:19[89]|20\d)\d)\b(?![.,/:]\d|-\d{{1,3}}\b|\s?%| {_AMOUNT})"
_YEARS = rf"(?:{_YEAR}|(?P<yshift>last|this|next|previous) year\b)"
_OF_YEAR = rf"(?:,?(?: of| in)? {_YEARS})?"
_PART = r"(?:\b(?P<part>early|mid|late|beginning|start|middle|end)(?: of| in)?[- ])?"
_NUMBER = rf"\d{{1,3}}|{'|'.join(_NUMBERS)}"
_UNIT = r"(?P<unit>day|week|month|quarter|year)"
_SMALL = r"\d{1,2}|[一二三四五六七八九两]?十[一二三四五六七八九]?|[一二三四五六七八九两]"
_ALONE = r"(?<![\d〇零一二三四五六七八九十百千万两几数第每个])"
_HAN_UNIT = r"个?(?P<unit>天|日|周|星期|礼拜|月|季度?|年)"
_HAN_YEAR = (
    r"(?:(?:(?:民国\s?(?P<roc>\d{2,3}|[〇零一二三四五六七八九]{2,3})|(?<![\d.,/])"
    r"(?P<year>(?:19[89]|20\d)\d|[一二][〇零一二三四五六七八九]{3}))\s?年度?|(?<![目之以日此今失成资])(?P<yshift>[去前今本明后])年(?![轻龄代])度?)\s?)"
)
_HAN_PART = r"(?:(?P<part>[初底末](?!步|审|创|期|级|次|特律|线|层)|中(?=旬|\s*(?:$|[,。?、的]))|[上下](?=旬))旬?)"
_POINTS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        r"(?<![\d./-])(?P<year>(?:19|20)\d\d)(?P<dash>[-/.])(?P<month>\d\d?)(?P=dash)(?P<day>\d\d?)(?![\d-])",
        r"(?<![\d./-])(?P<year>(?:19|20)\d\d)-(?P<month>0[1-9]|1[0-2])(?![\d-])",
        rf"\b(?P<day>\d\d?)(?:st|nd|rd|th)?(?: of)? {_MONTH}{_OF_YEAR}",
        rf"{_MONTH} (?P<day>\d\d?)(?:st|nd|rd|th)?\b{_OF_YEAR}",
        rf"{_PART}{_MONTH}{_OF_YEAR}",
        rf"\b(?P<nth>first|second|third|fourth|1st|2nd|3rd|4th) (?P<size>quarter|half)\b{_OF_YEAR}",
        rf"\b(?P<size>q(?=[1-4])|h(?=[12]))(?P<nth>\d)\b{_OF_YEAR}",
        rf"{_YEAR} (?P<size>q(?=[1-4])|h(?=[12]))(?P<nth>\d)\b",
        rf"{_PART}{_YEARS}",
        rf"\b(?:past|last|previous) (?P<rolling>{_NUMBER})[- ]{_UNIT}s?\b",
        rf"\b(?:(?<=the )last|past) {_UNIT}\b(?P<rolling>)",
        r"\b(?P<shift>last|this|next|previous|current) (?P<unit>week|month|quarter)\b",
        rf"\b(?P<ago>{_NUMBER}) {_UNIT}s? ago\b",
        r"\bday (?P<days>before) yesterday\b|\b(?P<days2>today|yesterday)\b",
        rf"{_HAN_YEAR}?{_ALONE}(?P<month>{_SMALL})\s?月(?:份|\s?(?P<day>{_SMALL})\s?[日号]|{_HAN_PART})?",
        rf"{_HAN_YEAR}?(?P<nth>[上下])(?P<size>半)年",
        rf"{_HAN_YEAR}(?:第?(?P<nth>[一二三四1-4])(?P<size>季)度?|(?P<size2>q)(?P<nth2>[1-4])\b)",
        r"第(?P<nth>[一二三四1-4])(?P<size>季)度?",
        rf"{_HAN_YEAR}(?:年?{_HAN_PART}|年(?P<part2>中))?",
        r"(?<![\d.])(?P<year>(?:19[89]|20\d)\d)(?=\s?[-–—~至到]\s?(?:19|20)\d\d\s?年)",
        r"(?<![以成资线])(?P<shift>上上|[上本这下])一?个?(?P<unit>月(?![活费薪租均球度])|季度?|(?:周|星期|礼拜)[一二三四五六日天]?)",
        rf"(?:最近|(?<![将附接])近|过去)的?(?P<rolling>半|{_SMALL}){_HAN_UNIT}(?:以?来|之?[内间])?",
        rf"{_ALONE}(?P<rolling>{_SMALL}){_HAN_UNIT}以?来",
        rf"{_ALONE}(?P<ago>{_SMALL}){_HAN_UNIT}[之以]?前",
        r"(?P<days>[今昨](?=[天日](?!头条))|(?<![目之以提])前(?=天))[天日]",
    )
)


@dataclass(frozen=True, slots=True)
class _Point:
    """A period that the folded text names at `[start:end]`, and the parts of its name."""

    start: int
    end: int
    parts: dict[str, str]
    first: date
    last: date

    def has(self, *names: str) -> bool:
        return not self.parts.keys().isdisjoint(names)


def _points(text: str, today: date) -> list[_Point]:
    """Return the points of a text from left to right, at each place the longest; impossible dates are left out."""
    matches = (match for pattern in _POINTS for match in pattern.finditer(text))
    points, done = [], 0
    for match in sorted(matches, key=lambda match: (match.start(), -match.end())):
        if match.start() >= done:
            done = match.end()
            parts = {name.rstrip("2"): part for name, part in match.groupdict().items() if part is not None}
            with suppress(ValueError, OverflowError):
                points.append(_Point(match.start(), done, parts, *_period(parts, today)))
    return points


def _period(parts: dict[str, str], today: date, year: int | None = None) -> tuple[date, date]:
    """Return the days that are meant, `year` being that of the other end of a range."""
    unit = parts.get("unit", "day")
    unit = _UNITS.get(unit[0], unit)
    if "days" in parts:
        return _calendar(today - timedelta(_DAYS_AGO[parts["days"]]), "day")
    if "rolling" in parts:
        if parts["rolling"] == "半":
            return _back(today, *((6, "month") if unit == "year" else (15, "day"))), today
        return _back(today, _number(parts["rolling"] or "1"), unit), today
    if "ago" in parts:
        return _calendar(_back(today, _number(parts["ago"]), unit), unit)
    if "shift" in parts:
        return _calendar(_back(today, -_SHIFTS[parts["shift"]], unit), unit)
    if "yshift" in parts:
        year = today.year + _SHIFTS[parts["yshift"]]
    elif parts.keys() & {"year", "roc"}:
        year = _number(parts["year"]) if "year" in parts else 1911 + _number(parts["roc"])
    elif year is None:  # a month without a year is the nearest that has begun
        found = _period(parts, today, today.year)
        return found if found[0] <= today else _period(parts, today, today.year - 1)
    if "nth" in parts:
        count = 6 if parts["size"][0] in "h半" else 3
        return _months(year * 12 + _ORDINALS[parts["nth"]] * count, count)
    part = _PARTS[parts["part"]] if "part" in parts else None
    if "month" not in parts:
        return _months(year * 12, 12) if part is None else _months(year * 12 + 4 * part, 4)
    month = _MONTHS.get(parts["month"][:3]) or _number(parts["month"])
    if "day" in parts:
        return _calendar(date(year, month, _number(parts["day"])), "day")
    first, last = _calendar(date(year, month, 1), "month")
    return first.replace(day=1 + 10 * (part or 0)), last if part in (None, 2) else first.replace(day=10 + 10 * part)


def _number(text: str) -> int:
    tens, ten, ones = text.rpartition("十")
    if ten:
        return 10 * _number(tens or "1") + _number(ones or "0")
    return _NUMBERS.get(text) or int(text.translate(_DIGITS))


def _months(month: int, count: int) -> tuple[date, date]:
    """Return the first and the last day of `count` months, the first counted from the year 0."""
    after = month + count
    return date(month // 12, month % 12 + 1, 1), date(after // 12, after % 12 + 1, 1) - timedelta(1)


def _calendar(day: date, unit: str) -> tuple[date, date]:
    """Return the day, calendar week, month, quarter or year that a day is in."""
    if count := _MONTHS_IN.get(unit):
        month = day.year * 12 + day.month - 1
        return _months(month - month % count, count)
    first = day - timedelta(day.weekday() if unit == "week" else 0)
    return first, first + timedelta(6 if unit == "week" else 0)


def _back(day: date, number: int, unit: str) -> date:
    """Return the day `number` units before, the last of its month where that is too short."""
    if count := _MONTHS_IN.get(unit):
        first, last = _months(day.year * 12 + day.month - 1 - number * count, 1)
        return first.replace(day=min(day.day, last.day))
    return day - timedelta(number * (7 if unit == "week" else 1))


# --- what a point does in its question ------------------------------------------------------------------------------

_NEWS = (
    r"(?:\bnews\b(?! (?:media|corp|publish|outlet|organi|feed|app))|\b(?:headlines|coverage|developments|stories)\b"
    r"|\barticles?\b(?! \d)|\b(?:published|reported)\b(?= (?:[io]n|since|after|before|between|last|this|yesterday))"
    r"|(?<!即时)消息|新闻(?!出版|办|发布|法|集团|媒体|议价|署)|报[道导]|动态(?!定价|调整|清单|管理|监管))"
)
_HAS_NEWS = re.compile(_NEWS)
_OF_NEWS = re.compile(rf"(?:{_NEWS}|\b(?:published|reported|dated))(?: (?:of|on|from|for|dated|published|in))? $")
_BY_NEWS = re.compile(rf"(?:['’]s)? ?(?:的|当天|当日|发布|刊登|发表|最新|有哪些|有什么){{0,4}}{_NEWS}")
_HAPPENS = re.compile(r"\bhappen|发生")
_EFFECT = re.compile(
    r"\beffect\b|\bforce\b|\bappl(?:y|ies|ied)\b|\bdue\b|deadline|expire|生效|施行|实施|适用|到期|上路"
)
_COMPARES = re.compile(r"\bdiffer|\bcompar|\bversus\b|\bvs\b|区别|不同|差异|相比|对比|相较")
_FIGURE = re.compile(
    r"(?:\b(?:as (?:of|at)|by|than|with|(?<!up )to|versus|vs\.?|against|unlike|due)"
    r"|截[至止]到?|(?<!直)[到至]|[因比较就对按]|因为|[由对关]于|针对|根据|依据|按照|违反|相比|对比)\s*$"
)
_NAMED = re.compile(r"(?:\b(?:the|an?|its|their|his|her|our|that|those|these|of|from|for|on)|['’]s)\s$")
_NAMES = re.compile(
    rf"['’]s(?![^,.;:?!]{{0,40}}{_NEWS})|\s?(?:的(?!时候|[^,.;?!。、有是]{{0,12}}(?:{_NEWS}|进展|进度|近况|情况|大事|动向))|那|该"
    r"|版|[《「“]|(?:修[订正])?(?:草案|法案|条例|办法|规定|指南|判决|裁决|年报|财报|报告|预算|行政令|新规)(?![了过]))"
)
_BEFORE = re.compile(
    r"(?:(?P<since>\bsince|自从|[自从])|(?P<after>\bafter|\blater than)|(?P<before>\bbefore|\bprior to|\bearlier than)"
    r"|(?P<until>\buntil|\btill|\bup to|\bthrough|直[到至])|(?P<within>\bin|\bat|\bduring|\bthroughout|\bwithin|\blast"
    r"|\b(?:in|over|during) the (?:course of|year)|[在于]))\s*$"
)
_AFTER = re.compile(
    r"\s?(?:(?P<since>onwards?\b|to (?:now|date|the present)|以来|[至迄]今|到(?:现在|目前)|起(?!诉|草|底|码|初|步|来))"
    r"|(?P<after>[之以]后|后(?!续|来|期|果|台|门))|(?P<before>[之以]前|前(?![\d一二三两几者后夕总任首员述景往台]))"
    r"|(?P<within>期间))"
)
_CLAUSE = re.compile(r"\b(?:since|after|(?P<before>before))\b[^,.;:?!]{1,60} (?:in|during|on) $")
_HAN_CLAUSE = re.compile(r"[^,.;:?!。、]{1,16}?(?:以来|[之以]后|(?P<before>[之以]前))")
_TO = re.compile(r" ?(?:to|until|till|through|[-–—~到至]) ?(?:(?:the|this|last) )?[自从]?")
_TO_OR_AND = re.compile(rf"{_TO.pattern}|,? ?(?:and|[和与跟、]) ?(?:the )?")
_LIST = re.compile(r",? ?(?:and|or|[和与跟及或、,]) ?(?:in )?")
_OPENING = re.compile(r"(?:\bbetween|\bfrom(?: last)?|[自从在于])\s?$")
_CLOSING = re.compile(r"之间|期间|间(?![谍接])")
_HAN = re.compile(r"[〇\u4e00-\u9fff]")
_LATEST = re.compile(
    r"\b(?:latest|newest|(?:most )?recent(?:ly)?|now|nowadays|current(?:ly)?|at present|presently|at the moment|so far"
    r"|to date|still|today|these days)\b|最新|最近|目前|现[在时今况状]|当前|如今|近[况期来日]|进[展度]|[至迄]今"
    r"|今[天日](?!头条)|仍|还(?=在|有效|需要|要)"
)


def _range(text: str, a: _Point, b: _Point, today: date) -> _Point | None:
    """Return the range between two neighbouring points, each lending the other the year that it lacks."""
    dated = [point.has("year", "roc", *_RELATIVE) for point in (a, b)]
    lends = a.has("month", "nth") and b.has("month", "nth") and dated[0] != dated[1]  # July and August 2021
    opening, closing = _OPENING.search(text[max(0, a.start - 12) : a.start]), _CLOSING.match(text[b.end : b.end + 4])
    joined = lends or closing or (opening and opening[0].startswith("between"))
    if not (_TO if not joined else _TO_OR_AND).fullmatch(text[a.end : b.start]):
        return None
    first, last = a.first, b.last
    if not dated[0]:
        years = (b.first.year, b.first.year - 1)
        first = next((day for year in years if (day := _period(a.parts, today, year)[0]) <= last), first)
    elif not dated[1]:
        years = (a.first.year, a.first.year + 1)
        last = next((day for year in years if (day := _period(b.parts, today, year)[1]) >= first), last)
    if first > last:
        return None
    parts = {name: part for name, part in (a.parts | b.parts).items() if name != "day"} | {"range": ""}
    start = a.start - len(opening[0]) if opening else a.start
    return _Point(start, b.end + (len(closing[0]) if closing else 0), parts, first, last)


def _window(text: str, point: _Point, today: date) -> Window | None:
    """Return the window that a point makes, with its span in the folded text; None where the point is content."""
    since: date | None = point.first
    until: date | None = point.last
    start = point.start - 4 * (
        point.has("nth", "part", "rolling", "shift", "days") and text[: point.start].endswith("the ")
    )
    left, right = text[max(0, start - 80) : start], text[point.end : point.end + 40]
    before, after = _BEFORE.search(left), _AFTER.match(right)
    roles = [match.lastgroup for match in (before, after) if match]
    role = next((role for role in roles if role != "within"), "within" if roles or point.has("range") else None)
    relative, han = point.has(*_RELATIVE), _HAN.search(text[max(0, point.start - 1) : point.end + 1])
    clause = _CLAUSE.search(left) or (_HAN_CLAUSE.match(right) if han else None)
    if clause and not relative and role in (None, "within"):
        role = "until" if clause["before"] else "since"
    news, of_news = _HAS_NEWS.search(text), _OF_NEWS.search(left) or _BY_NEWS.match(right)
    named = not of_news and (_NAMES.match(right) or (not roles and _NAMED.search(left)))
    if point.has("day"):
        meant = bool(of_news) or (role in ("since", "after") and not (after and after[0].endswith("起")))
    elif relative:
        meant = not (point.has("days") and since == today) or bool(news or _HAPPENS.search(text))
    else:
        ends = point.has("month", "nth") and point.has("year", "roc") and not re.search(r"\w", right)
        meant = not named and bool(role or han or news or ends)
    if not meant or _FIGURE.search(left):
        return None
    if role in ("since", "after"):
        since, until = since if role == "since" else point.last + timedelta(1), None
    elif role in ("before", "until"):
        since, until = None, until if role == "until" else point.first - timedelta(1)
    if until and relative and since and since <= today < until:
        until = today
    if (since and since > today) or (not since and until and until >= today):
        return None
    opening = before or re.search(r"\b(?:(?:of|in|from|for|over|on) )?(?:the )?$", left)
    begin = start - len(left) + opening.start() if opening else start
    end = point.end + (len(after[0]) if after else 2 if right[:2] in ("'s", "’s") else 0)
    soft = bool(named or _EFFECT.search(text)) or not (relative or news)
    return Window(since, until, begin, end, soft)


def _choose(text: str, points: list[_Point], today: date) -> Window | None:
    """Return the window that all points agree on, or the only hard one; none where periods are compared or listed."""
    several = len({(point.first, point.last) for point in points}) > 1
    if several and (_COMPARES.search(text) or any(_LIST.fullmatch(text[a.end : b.start]) for a, b in pairwise(points))):
        return None
    windows: list[Window] = []
    for point in points:
        with suppress(OverflowError):
            windows += filter(None, [_window(text, point, today)])
    for some in (windows, [window for window in windows if not window.soft]):
        if some and len({(window.since, window.until) for window in some}) == 1:
            return some[0]
    return None


def without(text: str, start: int, end: int) -> str:
    """Return a text without a span, or the whole where no word would be left."""
    left, right = text[:start].rstrip(" ,，、"), re.sub("^的", "", text[end:]).lstrip(" ,，、:：")
    apart = left and right and all(c.isascii() for c in left[-1] + right[0]) and right[0] not in "?!.;"
    rest = f"{left}{' ' * bool(apart)}{right}".strip()
    return rest if re.search(r"\w", rest) else text


def read_time(question: str, *, today: date) -> TimeReading:
    """Find the window of publication dates that a question states, relative to `today`; never raise."""
    folded = fold_with_offsets(question[:LONGEST])
    points: list[_Point] = []
    for point in _points(folded.text, today):
        with suppress(ValueError, OverflowError):
            if points and (ranged := _range(folded.text, points[-1], point, today)):
                points[-1] = ranged
                continue
        points.append(point)
    window = _choose(folded.text, points, today)
    if not window:
        return TimeReading(None, bool(_LATEST.search(folded.text)), question)
    start, end = folded.original(window.start, window.end)
    rest = without(question, start, end)
    left_over = folded.text[: window.start] + " " + folded.text[window.end :]
    return TimeReading(replace(window, start=start, end=end), bool(_LATEST.search(left_over)), rest)
