"""What every module that makes a document shares: write it, or with --check tell whether it is stale."""
import argparse

from tools.docs.texts import NoText


def run(name, doc, made, arguments=None):
    """Exit status. name: the module's, below tools.docs; doc: its docstring; made() -> {path: text}."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs." + name, description=doc.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when something is stale")
    options = parser.parse_args(arguments)
    stale = 0
    try:
        files = made()
    except NoText as error:
        print(error)
        return 1
    for path, text in files.items():
        if not options.check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print("docs/%s is stale: run python -m tools.docs.%s" % (path.name, name))
            stale = 1
    return stale
