"""Where Alembic runs the versions: on the connection that `migrate` hands over, in its transaction."""

from alembic import context

from bot.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
