"""What is measured: each measure's name, how to read it, and where it comes from (page/measures.yaml)."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

import yaml
from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

Section = Literal["answers", "citations", "refusal", "retrieval", "script", "judge"]


@dataclass(frozen=True)
class Measure:
    """One measure; `better` says which way is good, `unit` what a value counts."""

    name: str
    title: str
    section: Section
    meaning: str
    better: Literal["up", "down", "none"] = "up"
    unit: Literal["share", "number"] = "share"


_LISTED = yaml.safe_load(files("bot.evaluation").joinpath("page/measures.yaml").read_text("utf-8"))

MEASURES = {each.name: each for each in TypeAdapter(list[Measure]).validate_python(_LISTED)}
"""All measures by name, in the order of the report."""

SECTIONS: dict[Section, str] = {
    "answers": "Answers",
    "citations": "Citations",
    "refusal": "Refusal",
    "retrieval": "Retrieval",
    "script": "Script and language",
    "judge": "Judge",
}


def measure(name: str) -> Measure:
    """Return what is known of a measure; one from elsewhere has its name for a title."""
    return MEASURES.get(name) or Measure(name, name, "answers", "", "none")
