"""The routes of the real charger: started on the twin for a moment, asked for its table, and ended."""
import shutil
import sys
import tempfile

from tools.twin.ports import free_port
from tools.twin.runner import Twin


def routes():
    """[(method, path, role, docstring of the handler, most bytes of a body)] of every route, those loaded on demand too; the page's
    files are left out."""
    folder = tempfile.mkdtemp()
    twin = Twin(folder, free_port(), event=lambda text: None)
    found = []

    def look():
        try:
            desk = sys.modules["firmware.app"].current.web_desk
            for method, path, role, handler, body in desk.routes.all():
                if path.startswith("/api/"):
                    found.append((method, path, role() if callable(role) else role, handler.__doc__, abs(body)))
        finally:
            twin.end()
    try:
        twin.clock.at(1_000_000, look)
        twin.run()
    finally:
        twin.close()
        shutil.rmtree(folder, ignore_errors=True)
    if not found:
        raise RuntimeError("the charger did not start")
    return found
