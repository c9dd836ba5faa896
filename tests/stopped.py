"""A server of its own process that takes its time to answer: stopped.py FOLDER. It prints its address, then `asked`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from samples import ARTICLES, WordEncoder

from bot.engine import Regbrief
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.library import Library
from bot.records import Language
from bot.serve.app import run
from bot.settings import Settings


class SlowEncoder(WordEncoder):
    def encode(self, texts: Sequence[str], *, kind: str, languages: Sequence[Language]) -> NDArray[np.float32]:
        if kind == "query":
            print("asked", flush=True)
            time.sleep(3)
        return super().encode(texts, kind=kind, languages=languages)


folder = Path(sys.argv[1])
library = Library(folder, WordEncoder(), Analyzer())
library.add(ARTICLES)
settings = Settings.read(indexes=folder, port=0)
bot = Regbrief.from_library(library, encoder=SlowEncoder(), glossary=Glossary(), settings=settings)
run(bot, settings, started=lambda address: print(address, flush=True))
