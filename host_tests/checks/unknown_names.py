"""Names that a module uses and nobody gave it: a pass over the sources has lost them."""
import builtins
import symtable

GIVEN = set(dir(builtins)) | {"__file__", "__name__"}


def unknown_names(text, module):
    """The global names, sorted, that the text refers to and neither it nor Python defines."""
    top = symtable.symtable(text, module, "exec")
    known = GIVEN | {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()
                     or symbol.is_namespace()}
    found, tables = set(), [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        found.update(symbol.get_name() for symbol in table.get_symbols() if symbol.is_global() and symbol.is_referenced())
    return sorted(found - known)
