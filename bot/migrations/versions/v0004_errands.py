"""Jobs of servers that share a catalog are kept there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    text = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
    op.create_table(
        "errands",
        sa.Column("id", text, primary_key=True),
        sa.Column("created", text, nullable=False),
        sa.Column("told", text, nullable=False),
        sa.Column("job", text, nullable=False),
        sa.Column("error", text, nullable=True),
        sa.Column("unwanted", sa.Integer, nullable=False, server_default="0"),
        sqlite_with_rowid=False,
    )
