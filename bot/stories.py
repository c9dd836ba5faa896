"""Which of some articles report the same event: worked out from the catalog and the vectors when first asked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from threading import Lock

import numpy as np

from bot.catalog import Catalog
from bot.dedupe import StoryItem, centre, signature, stories
from bot.glossary import Glossary
from bot.records import Article, Filters
from bot.vectors import Vectors

CACHED_ITEMS = 5_000
"""Articles kept in memory in the form in which they are compared, about 2 kB each."""


class Stories:
    """Groups articles of one library by event."""

    def __init__(self, catalog: Catalog, vectors: Vectors, glossary: Glossary) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._glossary = glossary
        self._items: OrderedDict[Article, StoryItem] = OrderedDict()
        self._lock = Lock()

    def of(self, articles: Sequence[Article]) -> Mapping[str, str]:
        """Map each article to the id of its story. Nothing is worked out until a value is looked up."""
        return _Lazy(self, {each.id: each for each in articles})

    def items(self, articles: Sequence[Article]) -> list[StoryItem]:
        """Return what is compared of articles; those without vectors are left out."""
        found = (self._item(article) for article in articles)
        return [item for item in found if item is not None]

    def _item(self, article: Article) -> StoryItem | None:
        with self._lock:
            if article in self._items:
                return self._items[article]
        rows = self._vectors.rows(self._catalog.keys(Filters(article_ids=(article.id,))))
        if not len(rows):
            return None
        mentions = self._glossary.find(f"{article.title}\n{article.body}")
        item = StoryItem(
            id=article.id,
            published=article.published,
            language=article.language,
            vector=centre(np.asarray(rows, dtype=np.float32)),
            entities=frozenset(mention.entity.id for mention in mentions if not mention.ambiguous),
            signature=signature(article.body),
        )
        with self._lock:
            self._items[article] = item
            while len(self._items) > CACHED_ITEMS:
                self._items.popitem(last=False)
        return item


class _Lazy(Mapping[str, str]):
    def __init__(self, stories: Stories, articles: Mapping[str, Article]) -> None:
        self._stories = stories
        self._articles = articles

    @cached_property
    def _groups(self) -> dict[str, str]:
        groups = stories(self._stories.items(list(self._articles.values())))
        return {article_id: min(group) for group in groups for article_id in group}

    def __getitem__(self, article_id: str) -> str:
        return self._groups[article_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._articles)

    def __len__(self) -> int:
        return len(self._articles)
