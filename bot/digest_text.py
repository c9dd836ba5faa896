"""Briefings and timelines as plain text, Markdown and HTML; articles are not trusted, so everything is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Literal

from jinja2 import Environment, Template

from bot.briefings import Digest, Timeline
from bot.sheet import Entry, Link, Section, Sheet, numbered, sheet

Format = Literal["text", "markdown", "html"]


def written(what: Digest | Timeline, form: Format) -> str:
    """Return a briefing, a summary or a timeline as a document that ends with one line break."""
    page = sheet(what)
    lines = {"text": _text, "markdown": _markdown}
    return _html(page) if form == "html" else "\n".join(lines[form](page)).strip() + "\n"


# --- plain text -----------------------------------------------------------------------------------------------------


def _text(page: Sheet) -> Iterator[str]:
    yield from (page.title, page.notice or page.standing, "")
    for section in page.sections:
        if section.heading:
            yield f"{_line(section.heading)} · {section.dated}"
        for block in section.blocks:
            if block.label:
                yield f"  {block.label}"
            for each in block.entries:
                yield f"  - {_line(each.before)} {each.text} {numbered(each.numbers)}".replace("-  ", "- ")
                yield f"    {'; '.join(said.text for said in each.said)}"
        yield from [f"  {section.also}"] if section.also else []
        yield ""
    if page.references:
        yield page.references_title
    for reference in page.references:
        about = f"{numbered(reference.numbers)} {reference.title.text} · {reference.about}"
        yield f"{about} {reference.title.url or ''}".rstrip()


def _line(text: str) -> str:
    return " ".join(text.split())


# --- Markdown -------------------------------------------------------------------------------------------------------


def _markdown(page: Sheet) -> Iterator[str]:
    yield from (f"# {plain_markdown(page.title)}", "", plain_markdown(page.notice or page.standing), "")
    for section in page.sections:
        yield from _markdown_section(section)
    if page.references:
        yield from (f"## {plain_markdown(page.references_title)}", "")
    for reference in page.references:
        numbers, about = plain_markdown(numbered(reference.numbers)), plain_markdown(reference.about)
        yield f"- {numbers} {_linked(reference.title)} · {about}"


def _markdown_section(section: Section) -> Iterator[str]:
    if section.heading:
        yield from (f"## {plain_markdown(section.heading)}", "", f"*{plain_markdown(section.dated)}*", "")
    for block in section.blocks:
        yield from (f"**{plain_markdown(block.label)}**", "") if block.label else ()
        yield from (_markdown_entry(each) for each in block.entries)
        yield ""
    yield from (plain_markdown(section.also), "") if section.also else ()


def _markdown_entry(entry: Entry) -> str:
    before = f"**{plain_markdown(entry.before)}** " if entry.before else ""
    said = "; ".join(_linked(each) for each in entry.said)
    return f"- {before}{plain_markdown(entry.text)} ({said}) {plain_markdown(numbered(entry.numbers))}"


def _linked(link: Link) -> str:
    return f"[{plain_markdown(link.text)}]({link.url})" if link.url else plain_markdown(link.text)


def plain_markdown(text: str) -> str:
    """Escape what Markdown, or HTML within it, would take for its own; an address in the text stays plain."""
    escaped = _SPECIAL.sub(r"\\\g<0>", _line(text))
    return _BARE_LINK.sub(r"\1\\:", _LIST.sub(r"\1\\\2", escaped))


_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~&!]")
_LIST = re.compile(r"^(\d*)([-+.)])(?=\s)")
_BARE_LINK = re.compile(r"\b(https?|ftp|mailto):", re.IGNORECASE)


# --- HTML -----------------------------------------------------------------------------------------------------------

_PAGE = """{% macro linked(link) %}
{% if link.url %}
<a href="{{ link.url }}" rel="noopener nofollow">{{ link.text }}</a>
{%- else %}
{{ link.text }}
{%- endif %}
{% endmacro %}
<!doctype html>
<html lang="{{ page.language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ page.title }}</title>
<style>
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem; font: 1.05rem/1.6 Georgia, "Noto Serif CJK SC", serif; }
h1, h2 { line-height: 1.25; }
h3 { font-size: 1rem; margin-bottom: 0; }
.about, .said, footer { color: #555; font-size: .9rem; }
a { color: inherit; }
</style>
</head>
<body>
<h1>{{ page.title }}</h1>
<p class="about">{{ page.notice or page.standing }}</p>
{% for section in page.sections %}
<section>
{% if section.heading %}
<h2 lang="{{ section.language }}">{{ section.heading }}</h2>
<p class="about">{{ section.dated }}</p>
{% endif %}
{% for block in section.blocks %}
{% if block.label %}
<h3>{{ block.label }}</h3>
{% endif %}
<ul>
{% for entry in block.entries %}
<li>
{% if entry.before %}
<strong>{{ entry.before }}</strong>
{% endif %}
<span lang="{{ entry.language }}">{{ entry.text }}</span>
<span class="said">({% for link in entry.said %}{{ linked(link) }}{{ "" if loop.last else "; " }}{% endfor %})
{% for number in entry.numbers %}<a href="#source-{{ number }}">[{{ number }}]</a>{% endfor %}</span>
</li>
{% endfor %}
</ul>
{% endfor %}
{% if section.also %}
<p class="about">{{ section.also }}</p>
{% endif %}
</section>
{% endfor %}
{% if page.references %}
<footer>
<h2>{{ page.references_title }}</h2>
<ul>
{% for reference in page.references %}
<li>{% for number in reference.numbers %}<span id="source-{{ number }}">[{{ number }}]</span>{% endfor %}
<span lang="{{ reference.language }}">{{ linked(reference.title) }}</span> · {{ reference.about }}</li>
{% endfor %}
</ul>
</footer>
{% endif %}
</body>
</html>"""


def _html(page: Sheet) -> str:
    return _template().render(page=page).strip() + "\n"


@cache
def _template() -> Template:
    return Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_PAGE)
