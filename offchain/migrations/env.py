"""What Alembic runs for each upgrade: the revisions, on the connection and in the transaction it was given."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
