"""How the settings of older firmware become today's.

MIGRATIONS[0] turns schema 1 into 2, MIGRATIONS[1] 2 into 3, and so on: each a function(values) that changes the
dict of stored values {key: value} in place. Only ever append. A file of newer firmware (schema above SCHEMA) is
read as it is and keeps its number, so that going back and forth runs no migration twice.
"""

MIGRATIONS = ()

SCHEMA = len(MIGRATIONS) + 1


def migrate(values, schema, migrations=MIGRATIONS):
    """Bring `values` from `schema` (1 or more) up to date, in place; returns the schema they have then."""
    for step in range(schema - 1, len(migrations)):
        migrations[step](values)
    return max(schema, len(migrations) + 1)
