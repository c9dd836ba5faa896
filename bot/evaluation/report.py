"""Writes a report: report.json for programs, report.html for people, one page that needs nothing else."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from bot.errors import MissingExtra
from bot.evaluation import charts
from bot.evaluation.compare import SIGNIFICANT
from bot.evaluation.measures import SECTIONS, measure
from bot.evaluation.rows import CAUSES, OUTCOMES, View, views

Report = Mapping[str, Any]

PAGE_BYTES = 2_750_000
"""As much of the page may go to questions; what is left out stands in report.json."""

PLAIN = 0.005
"""A change that is coloured where its significance is not known."""

HEADLINES = (
    "correct",
    "key_facts",
    "citation_validity",
    "agreement_all",
    "citation_recall_sentence",
    "refusal_f1",
    "false_refusal_rate",
    "success@5",
    "mrr@10",
)
_COLUMNS = (
    "correct",
    "key_facts",
    "citation_recall_sentence",
    "citation_precision_sentence",
    "decision",
    "recall@10",
    "mrr@10",
    "ndcg@10",
)
_ABLATED = ("correct", "key_facts", "citation_recall_sentence", "refusal_f1", "recall@10", "mrr@10", "ndcg@10")


def write(report: Report, folder: Path) -> None:
    """Write report.json and report.html into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    page = html(report)
    _replace(folder / "report.json", json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False, default=str))
    _replace(folder / "report.html", page)


def html(report: Report) -> str:
    """Render a report as one page. Raises MissingExtra without Jinja2."""
    try:
        from jinja2 import Environment
        from markupsafe import Markup
    except ImportError as error:
        raise MissingExtra("The report needs Jinja2.", hint="pip install 'regbrief[eval]'.") from error

    def link(cited: Mapping[str, Any]) -> Markup:
        """Link an article's title where its address is one of the web, else only name it."""
        title = cited.get("title") or cited.get("article_id") or "?"
        source = cited.get("source")
        named = Markup("{}, {}").format(title, source) if source else Markup("{}").format(title)
        url = str(cited.get("url") or "")
        if url.startswith(("https://", "http://")):
            return Markup('<a href="{}" rel="noreferrer noopener">{}</a>').format(url, named)
        return named

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(measure=measure, link=link)
    script = _page("report.js")
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rendered = environment.from_string(_page("report.html")).render(
        report=report, script=script, script_hash=f"sha256-{digest}", style=_page("report.css"), **_view(report)
    )
    return rendered.encode("utf-8", "replace").decode("utf-8")


def _view(report: Report) -> dict[str, Any]:
    """Prepare what the template shows."""
    metrics, by = report["metrics"], report.get("by") or {}
    listed = views(report["questions"])
    shown = list(_fitting(listed))
    counts = report.get("counts") or {}
    decided = sum(counts.get(name, 0) for name in ("refused_rightly", "answered_unanswerable"))
    maps = charts.heat_maps(by.get("grid") or ())
    curve = charts.risk_coverage(report.get("curves") or {})
    latency = charts.latency(report.get("latency_ms") or {})
    ablations = report.get("ablations") or {}
    ablated = [name for name in _ABLATED if name in metrics]
    causes = Counter(CAUSES[each.cause] or OUTCOMES[each.outcome] for each in listed if each.failed)
    columns = [name for name in _COLUMNS if name in metrics]
    view = {
        "total": len(listed),
        "headlines": [name for name in HEADLINES if name in metrics],
        "outcomes": charts.outcomes(counts) if any(each.outcome in ("right", "wrong") for each in listed) else [],
        "speed": (report.get("latency_ms") or {}).get("total"),
        "heat_maps": maps,
        "heat_first": next((m.name for m in maps if m.name == "recall@10"), maps[0].name if maps else ""),
        "curve": curve,
        "ticks": _ticks(curve.top) if curve else [],
        "confusion": _confusion(counts) if decided else None,
        "latency": latency,
        "measured": list(_measured(metrics)),
        "columns": columns if by.get("type") else [],
        "ablations": [(part, list(_cells(each, metrics, ablated))) for part, each in ablations.items()],
        "ablation_columns": ablated,
        "questions": shown,
        "left_out": len(listed) - len(shown),
        "failures": sum(each.failed for each in listed),
        "causes": causes.most_common(),
        "outcome_names": OUTCOMES,
        "outcome_labels": [(key, label) for key, label in OUTCOMES.items() if any(v.outcome == key for v in listed)],
        "cause_names": CAUSES,
        "kinds": sorted({str(each["type"]) for each in report["questions"]}),
        "languages": sorted({str(each["language"]) for each in report["questions"]}),
        "provenance": list(_provenance(report)),
    }
    present = {
        "overview": "Overview",
        "search": "Search" if maps else "",
        "refusal": "Refusing" if curve or decided else "",
        "speed": "Speed" if latency else "",
        "figures": "All figures",
        "kinds": "Languages and kinds" if view["columns"] else "",
        "ablations": "Parts" if ablations else "",
        "judge": "Judge" if report.get("judge") else "",
        "questions": "Questions",
        "provenance": "Measured on",
    }
    return {**view, "sections": [(id, title) for id, title in present.items() if title]}


def _fitting(listed: Sequence[View]) -> Iterator[View]:
    """Return as many questions, failures first, as the page has room for."""
    room = PAGE_BYTES
    for each in listed:
        texts = [text for found in each.hits for text, _ in found.parts]
        texts += [quote for _, quote in each.citations] + [proof.sentence for proof in each.evidence]
        texts += [str(each.row["question"]), str((each.row.get("answer") or {}).get("answer") or "")]
        texts += [str(accepted) for group in each.row.get("expected") or () for accepted in group]
        markup = 3000 + 300 * (len(each.hits) + len(each.citations) + len(each.evidence))
        room -= markup + sum(len(text.encode("utf-8", "replace")) for text in texts)
        if room < 0:
            return
        yield each


def _measured(metrics: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[Any, Any]]]]:
    for section, title in SECTIONS.items():
        found = [(measure(name), each) for name, each in metrics.items() if measure(name).section == section]
        if found:
            yield title, found


def _cells(
    ablated: Mapping[str, Any], whole: Mapping[str, Any], names: Sequence[str]
) -> Iterator[dict[str, Any] | None]:
    """Lay out a row of ablations; coloured is what is significant, or, where that is not known, what is plain."""
    without, differences = ablated["metrics"], ablated.get("differences") or {}
    for name in names:
        value = (without.get(name) or {}).get("value")
        if value is None:
            yield None
            continue
        change = value - whole[name]["value"]
        better = change * (1 if measure(name).better == "up" else -1)
        sure = row["q"] < SIGNIFICANT if (row := differences.get(name)) else abs(change) >= PLAIN
        kind = "" if not sure else "better" if better > 0 else "worse"
        yield {"value": value, "change": change, "kind": kind}


def _confusion(counts: Mapping[str, int]) -> dict[str, int]:
    return {
        **counts,
        "answered": counts["answered_right"] + counts["answered_wrong"],
        "right": counts["answered_right"],
    }


def _ticks(top: float) -> list[float]:
    step = 0.25 if top > 0.5 else 0.1 if top > 0.2 else 0.05
    return [round(k * step, 2) for k in range(int(top / step + 1e-9) + 1)]


def _provenance(report: Report) -> Iterator[tuple[str, str]]:
    """Flatten the versions to names and values."""

    def flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
        if isinstance(value, Mapping):
            for key, each in value.items():
                yield from flat(f"{name} {key}".strip(), each)
        else:
            yield name, ", ".join(map(str, value)) or "–" if isinstance(value, list | tuple) else str(value)

    yield from flat("", report.get("versions") or {})
    yield "target", str(report.get("target"))
    yield "seed", str(report.get("seed"))


def _page(name: str) -> str:
    return files("bot.evaluation").joinpath(f"page/{name}").read_text("utf-8")


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, "utf-8", errors="replace")
    partial.replace(path)
