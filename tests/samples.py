"""An encoder that can be checked by hand, and three articles, one in each script."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bot.records import Article, Language


class WordEncoder:
    """Counts words and Han characters into buckets: texts are as near as the words that they share."""

    fingerprint = "words"
    dimension = 64

    def encode(self, texts: Sequence[str], *, kind: str, languages: Sequence[Language]) -> NDArray[np.float32]:
        rows = np.full((len(texts), self.dimension), 1e-6, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"[a-z0-9]+|[㐀-鿿]", text.lower()):
                row[zlib.crc32(word.encode()) % self.dimension] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


ARTICLES = (
    Article(
        "fine-en",
        "Alibaba fined 18.2 billion yuan",
        "China's market regulator fined Alibaba 18.228 billion yuan on Saturday.\n\n"
        "The fine equals 4 percent of its domestic sales in 2019. Alibaba said that it would comply.",
        "en",
        date(2021, 4, 10),
        "Example Post",
        "https://example.org/fine",
    ),
    Article(
        "links-hans",
        "工信部要求平台解除屏蔽网址链接",
        "工业和信息化部要求各平台停止屏蔽网址链接。\n\n腾讯表示将分阶段实施。支付宝的小额贷款业务须分拆。",
        "zh-Hans",
        date(2021, 9, 13),
        "示例报",
    ),
    Article(
        "alipay-hant",
        "支付寶須分拆貸款業務",
        "監管機構要求支付寶分拆小額貸款業務。\n\n螞蟻集團的上市計畫在2020年11月暫停。",
        "zh-Hant",
        date(2021, 9, 14),
        "範例報",
    ),
)
