"""Articles have an author, and the pages of a printed one."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

COLUMNS = {"author": "''", "pages": "'[]'"}


def upgrade() -> None:
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("articles")}
    for name in [each for each in COLUMNS if each not in there]:  # some had them before tables had versions
        op.add_column("articles", sa.Column(name, sa.Text, nullable=False, server_default=sa.text(COLUMNS[name])))
