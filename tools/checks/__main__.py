"""All checks over sources and documents: `python -m tools.checks`."""
import sys

from tools.checks import documents, integers, language, layers, texts, words
from tools.checks.source import show

CHECKS = (layers, integers, language, words, texts, documents)


def main():
    failed = 0
    for module in CHECKS:
        failed += show(module.check())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
