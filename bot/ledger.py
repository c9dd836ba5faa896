"""The claims of an answer under way, and their citations, numbered in order of first use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.records import Citation, Claim, Status


class Ledger:
    """What was said so far; nothing in it is changed or taken back."""

    def __init__(self) -> None:
        self.claims: list[Claim] = []
        self.citations: list[Citation] = []
        self._numbers: dict[tuple[str, int, int], int] = {}

    def add(
        self, text: str, quotes: Sequence[Citation], status: Status = "verified", *, context: str = "", gloss: str = ""
    ) -> list[Citation | Claim]:
        """Enter a claim with its quotations, and return what is new: those not cited before, then the claim."""
        new = []
        for quote in quotes:
            place = quote.article_id, quote.start, quote.end
            if place not in self._numbers:
                self._numbers[place] = len(self._numbers) + 1
                new.append(replace(quote, number=self._numbers[place]))
        numbers = tuple(self._numbers[each.article_id, each.start, each.end] for each in quotes)
        claim = Claim(text, tuple(dict.fromkeys(numbers)), status, context, gloss)
        self.citations += new
        self.claims.append(claim)
        return [*new, claim]

    def cites(self, quote: Citation) -> bool:
        """Whether a quotation is cited already."""
        return (quote.article_id, quote.start, quote.end) in self._numbers
