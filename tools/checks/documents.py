"""What the documents name is there: `python -m tools.checks.documents`.

Looked at in every Markdown file: relative links and their headings; `make` targets and `python -m` modules with their options;
source files; settings' keys; paths of the charger's API. A word in CAPITALS, …, * or <…> stands for anything.
"""
import json
import re
import sys
from fnmatch import fnmatch
from urllib.parse import unquote

from firmware.settings import schema
from tools.checks.source import ROOT, Finding, show
from tools.checks.words import tracked

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$")
MODULE = re.compile(r"python -m ((?:tools|host_tests|firmware)(?:\.\w+)*)([^`|#]*)")
MAKE = re.compile(r"(?:^|`)make ([a-z]+)\b([^`]*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
VARIABLE = re.compile(r"\b([A-Z]+)=")
FILE = re.compile(r"^[\w./*{},-]+\.(?:py|js|css|html|md|json|toml|sh|txt|bin|svg|png)$")
KEY = re.compile(r"^([a-z_0-9]+)\.([a-z_0-9]+|\*|…)$")
API = re.compile(r"(/api/v1(?:/[\w{}<>*.…-]+)*)")
OPEN = re.compile(r"[A-Z]{2,}|<[^>]*>|\{[^}]*\}|…|\*")
MADE = "tools.docs.made"                                  # reads the arguments of all that make documents
ELSEWHERE = ("build/", "objects/", "DIR/", "/")            # what is made, or lies on a device


class Project:
    """What documents may name: files, headings, modules, make's targets, settings, API paths."""

    def __init__(self, root, settings=schema.SETTINGS):
        self.root = root
        self.files = [path.relative_to(root).as_posix() for path in tracked(root)]
        self.keys = {row[0] for row in settings}
        self.areas = {key.partition(".")[0] for key in self.keys}
        makefile = root / "Makefile"
        self.makefile = makefile.read_text(encoding="utf-8") if makefile.exists() else ""
        self.targets = set(re.findall(r"^([a-z]+):.*## ", self.makefile, re.M))
        api = root / "firmware/page/api/openapi.json"
        paths = json.loads(api.read_text(encoding="utf-8"))["paths"] if api.exists() else {}
        self.paths = [OPEN.sub("*", path) for path in paths]

    def has_file(self, name):
        """Whether a file's path is this name, or ends with it from some folder on; {a,b} is every one of them."""
        choice = re.search(r"\{([^}]*)\}", name)
        if choice:
            return all(self.has_file(name[:choice.start()] + one + name[choice.end():]) for one in choice[1].split(","))
        pattern = OPEN.sub("*", name)
        return any(fnmatch(path, pattern) or fnmatch(path, "*/" + pattern) for path in self.files)

    def has_path(self, path):
        """Whether the API has this path; one that ends in * or … needs only a path that begins so."""
        pattern = OPEN.sub("*", path.rstrip("."))
        return any(fnmatch(one, pattern) or fnmatch(pattern, one) for one in self.paths)

    def sources(self, module):
        """The text of a module, or of the whole package that `python -m` would run; None when there is none."""
        place = self.root / module.replace(".", "/")
        if (place / "__main__.py").exists():
            return "".join(file.read_text(encoding="utf-8") for file in sorted(place.rglob("*.py")))
        file = place.with_suffix(".py")
        if not file.exists():
            return None
        text = file.read_text(encoding="utf-8")
        return text + (self.sources(MADE) if MADE in text and module != MADE else "")

    def target_module(self, target):
        """The module that `make target` runs, or None."""
        found = re.search(r"^%s:.*\n(?:\t.*\n)*?\t.*\$\(PY\) -m ([\w.]+)" % target, self.makefile, re.M)
        return found[1] if found else None

    def headings(self, path):
        """The anchors of a document's headings, as a forge makes them."""
        found = set()
        for line in (self.root / path).read_text(encoding="utf-8").splitlines():
            heading = HEADING.match(line)
            if heading:
                found.add(re.sub(r"[^\w\- ]", "", heading[1].lower()).replace(" ", "-"))
        return found


def _options(project, module, text):
    sources = project.sources(module)
    if sources is None:
        yield "there is no module " + module, "a module that python -m can run"
        return
    for option in OPTION.findall(text):
        if option != "--help" and '"%s"' % option not in sources:
            yield "%s has no option %s" % (module, option), "those that its --help names"


def _commands(project, line, code):
    """Findings on what a line tells the reader to type; code: the line stands in a block of commands."""
    for found in MODULE.finditer(line):
        yield from _options(project, found[1], found[2])
    for target, rest in MAKE.findall(line.strip() if code else " " + line):
        if target not in project.targets:
            yield "make has no target " + target, ", ".join(sorted(project.targets))
            continue
        for name in VARIABLE.findall(re.sub(r'"[^"]*"', "", rest)):
            if "$(%s)" % name not in project.makefile:
                yield "make %s does not know %s" % (target, name), "variables that stand in the Makefile"
        words = re.search(r'ARGS=("[^"]*"|\S+)', rest)
        module = project.target_module(target)
        if words and module:
            yield from _options(project, module, words[1])


def _links(project, name, line):
    for target in LINK.findall(line):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = unquote(target).partition("#")
        place = ((project.root / name).parent / file).resolve() if file else (project.root / name).resolve()
        if not place.exists():
            yield "there is no " + file, "a path from this document's folder"
        elif anchor and anchor not in project.headings(place):
            yield "%s has no heading %s" % (place.name, anchor), "a heading in small letters, - for blanks"


def _names(project, line):
    """Findings on what stands between back-ticks: files, settings, API paths."""
    for span in re.findall(r"`([^`]+)`", line):
        for word in span.split():
            word = word.strip(",;:()\"")
            if FILE.match(word) and not word.startswith(ELSEWHERE):
                if (word.endswith((".py", ".js", ".css", ".md")) or "/" in word) and not project.has_file(word):
                    yield "there is no file " + word, "a path from the root, or its end"
                continue
            key = KEY.match(word)
            if key and key[1] in project.areas and word == span:
                if word not in project.keys and key[2] not in ("*", "…"):
                    yield "there is no setting " + word, "a key of settings/schema.py"
    for path in API.findall(line):
        if project.paths and not project.has_path(path):
            yield "the API has no path " + path, "a path of openapi.json"


def check(root=ROOT, settings=schema.SETTINGS):
    """Everything that a document names and that is not there."""
    project = Project(root, settings)
    findings = []
    for name in [name for name in project.files if name.endswith(".md")]:
        fenced = False
        for number, line in enumerate((root / name).read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("```"):
                fenced = not fenced
            code = fenced or line.startswith("    ")
            for what, allowed in (*_links(project, name, line), *_commands(project, line, code), *_names(project, line)):
                findings.append(Finding(name, number, what, allowed))
    return findings


if __name__ == "__main__":
    sys.exit(show(check()))
