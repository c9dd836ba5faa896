"""Work for the indexes can be claimed; the form of the stories' signatures is a fact, which SQLite kept elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for table in ("passages", "obsolete"):
        op.add_column(table, sa.Column("claim", sa.BigInteger().with_variant(sa.Integer(), "sqlite")))
    db = op.get_bind()
    if db.dialect.name == "sqlite":
        form = db.exec_driver_sql("PRAGMA user_version").scalar_one()
        op.execute(f"INSERT INTO facts (name, value) VALUES ('signatures', '{int(form)}')")
