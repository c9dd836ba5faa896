"""Records survive their JSON, whatever is in them: building the large ones takes hypothesis seconds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.briefings import Digest, DigestStory, Timeline
from bot.outcomes import Feed, Ingested, Job, Synced
from bot.records import Answer, Article, Citation, Claim, Excerpt, Feedback, Hit, from_json, to_json

RECORDS = [Answer, Article, Citation, Claim, Digest, Excerpt, Feed, Feedback, Hit, Ingested, Job, Synced, Timeline]

pytestmark = pytest.mark.faults

VALUES = st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers() | st.none(), max_size=2)
LOOSE = {"conflicts": st.tuples(VALUES), "error": st.none() | st.dictionaries(st.text(), st.text(), max_size=2)}
"""Fields that may hold any JSON."""


def records(kind: Any) -> st.SearchStrategy[Any]:
    return st.builds(kind, **{name: LOOSE[name] for name in LOOSE.keys() & kind.__dataclass_fields__.keys()})


st.register_type_strategy(DigestStory, records(DigestStory))


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
@settings(max_examples=30, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_record_comes_back_from_its_json(kind: type, data: st.DataObject) -> None:
    record = data.draw(records(kind))
    written = json.dumps(to_json(record), ensure_ascii=False)
    back = from_json(kind, json.loads(written))
    assert type(back) is kind
    assert json.dumps(to_json(back), ensure_ascii=False) == written


def test_what_does_not_fit_is_an_error() -> None:
    with pytest.raises(ValueError, match="validation error"):
        from_json(Article, {"id": "a"})
