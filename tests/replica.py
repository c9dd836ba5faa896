"""A server of its own process, on a catalog and a search that it shares: replica.py FOLDER CATALOG SEARCH PORT."""

from __future__ import annotations

import sys
from pathlib import Path

from samples import WordEncoder

from bot.engine import Regbrief
from bot.glossary import Glossary
from bot.keywords import Analyzer
from bot.library import Library, Places
from bot.serve.app import run
from bot.settings import Settings

folder, catalog, search, port = sys.argv[1:]
encoder = WordEncoder()
library = Library(Path(folder), encoder, Analyzer(), places=Places(catalog=catalog, search=search))
settings = Settings.read(indexes=Path(folder), port=int(port), drain_timeout=20.0)
bot = Regbrief.from_library(library, encoder=encoder, glossary=Glossary(), settings=settings)
run(bot, settings, started=lambda address: print(address, flush=True))
