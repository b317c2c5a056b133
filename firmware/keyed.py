"""The row of a table by its first column. On a device large tables are text (tools/setup/tables.py), and finding a row by making
every row before it would take 30 ms; the text finds its line by itself."""


def keyed(table, key):
    """The row whose first column is key (text); None when there is none."""
    if isinstance(table, tuple):
        for row in table:
            if row[0] == key:
                return row
        return None
    return table.row_of(key)
