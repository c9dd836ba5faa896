"""The tables as libraries had them before their tables had versions: those that are missing. All were SQLite's."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE IF NOT EXISTS articles (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, body TEXT NOT NULL, language TEXT NOT NULL, published TEXT,
    source TEXT NOT NULL, url TEXT, tags TEXT NOT NULL, digest TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS articles_by_date ON articles (published, language);
CREATE INDEX IF NOT EXISTS articles_by_outlet ON articles (source, published, language);
CREATE INDEX IF NOT EXISTS articles_by_digest ON articles (digest);
CREATE TABLE IF NOT EXISTS passages (
    key INTEGER PRIMARY KEY AUTOINCREMENT, article_id TEXT NOT NULL, number INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, indexed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS passages_of_article ON passages (article_id, indexed);
CREATE INDEX IF NOT EXISTS passages_to_index ON passages (key) WHERE indexed = 0;
CREATE TABLE IF NOT EXISTS obsolete (key INTEGER PRIMARY KEY, language TEXT NOT NULL);
DROP INDEX IF EXISTS articles_by_source;
DROP INDEX IF EXISTS passages_by_article;
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reports (
    key INTEGER PRIMARY KEY, article_id TEXT NOT NULL UNIQUE, published TEXT, language TEXT NOT NULL,
    signature BLOB NOT NULL, entities TEXT NOT NULL, content BLOB, original TEXT NOT NULL, story TEXT
);
CREATE INDEX IF NOT EXISTS originals_by_date ON reports (published) WHERE original = article_id;
CREATE INDEX IF NOT EXISTS reports_by_original ON reports (original);
CREATE INDEX IF NOT EXISTS reports_by_story ON reports (story);
CREATE TABLE IF NOT EXISTS bands (
    band BLOB NOT NULL, report INTEGER NOT NULL, PRIMARY KEY (band, report)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS feeds (
    number INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, title TEXT NOT NULL, etag TEXT, modified TEXT, synced TEXT,
    problem TEXT
);
CREATE TABLE IF NOT EXISTS pages (
    key TEXT PRIMARY KEY, article_id TEXT NOT NULL, feed TEXT, whole INTEGER NOT NULL, fetched TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pages_by_feed ON pages (feed);
CREATE TABLE IF NOT EXISTS folders (
    key INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, round INTEGER NOT NULL DEFAULT 0, synced TEXT
);
CREATE TABLE IF NOT EXISTS files (
    key INTEGER PRIMARY KEY AUTOINCREMENT, folder INTEGER NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL,
    modified INTEGER NOT NULL, digest TEXT NOT NULL, problems TEXT NOT NULL DEFAULT '[]', UNIQUE (folder, path)
);
CREATE TABLE IF NOT EXISTS given (
    file INTEGER NOT NULL, article_id TEXT NOT NULL, content TEXT NOT NULL, round INTEGER NOT NULL,
    owned INTEGER NOT NULL, copy TEXT,
    PRIMARY KEY (file, article_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS given_by_article ON given (article_id);
CREATE INDEX IF NOT EXISTS given_no_more ON given (article_id) WHERE round = 0;
CREATE INDEX IF NOT EXISTS given_copies ON given (copy) WHERE copy IS NOT NULL;
CREATE TABLE IF NOT EXISTS feedback (
    id INTEGER PRIMARY KEY AUTOINCREMENT, given TEXT NOT NULL, verdict TEXT NOT NULL, question TEXT NOT NULL,
    language TEXT NOT NULL, note TEXT NOT NULL, citation INTEGER, answer TEXT
)
"""


def upgrade() -> None:
    for statement in TABLES.split(";"):
        op.execute(statement)
