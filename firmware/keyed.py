"""The row of a table by one of its columns. On a device large tables are text (tools/setup/tables.py), and finding a row by making
every row before it would take 30 ms; the text finds its line by itself."""


def keyed(table, key, column=0):
    """The first row whose column (not the last one) is key, text or a number; None when there is none."""
    if isinstance(table, tuple):
        for row in table:
            if row[column] == key:
                return row
        return None
    return table.row_of(key, column)
