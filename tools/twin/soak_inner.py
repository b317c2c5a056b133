"""What is wrong inside a chapter's charger at this moment, and how it ends."""

import asyncio
import weakref

from tools.twin.soak_begin import NotNow
from tools.twin.soak_faults import kind_of


class Inner:
    """What is wrong inside one chapter's charger. spoilt: since this boot's health is no evidence any more."""

    def __init__(self, chapter):
        self._chapter = chapter
        self._undo = {}             # number -> what ends it
        self._number = 0
        self.spoilt = False
        self._struck = lambda: None     # the App that was struck last, while there is one

    @property
    def active(self):
        """A fault has not ended yet."""
        return bool(self._undo)

    def resolve(self, name, arguments):
        """The arguments as they are told: a drawn number of a task becomes its name."""
        app = self._chapter._app_now()
        if "task" in arguments and not isinstance(arguments["task"], str) and app is not None:
            tasks = app.supervisor.tasks
            arguments = dict(arguments, task=tasks[arguments["task"] % len(tasks)].name)
        return name, arguments

    def begin(self, name, arguments):
        """Let it happen now; returns the moment of its end, None where it could not happen."""
        kind = kind_of(name)
        chapter = self._chapter
        try:
            length_us = kind.begin(self, arguments)
        except NotNow:
            return None
        if not (kind.keeps and kind.books):
            self.spoilt = True
            app = chapter._app_now()
            self._struck = weakref.ref(app) if app is not None else lambda: None
        chapter.counts_of(name)["begun"] += 1
        if not kind.books:
            chapter.books_are_off()
        return chapter.clock.now_us + length_us

    def clear(self):
        """End what has not ended."""
        for number in list(self._undo):
            self._end(number)

    def booted(self):
        """A new start was seen: what was patched into the last one is gone with it. It may have been struck before it was seen."""
        struck = self._struck()
        self.spoilt = bool(self._undo) or struck is not None and struck is self._chapter._app_now()

    def lasts(self, length_us, undo):
        """undo() is called after that long, or at clear()."""
        self._number += 1
        number = self._number
        self._undo[number] = undo
        self._chapter._after(length_us, lambda: self._end(number))
        return length_us

    def _end(self, number):
        undo = self._undo.pop(number, None)
        if undo is not None:
            undo()

    # for the kinds

    @property
    def chapter(self):
        return self._chapter

    def app(self):
        """The running App; raises NotNow."""
        app = self._chapter._app_now()
        if app is None:
            raise NotNow
        return app

    def loop(self):
        """The running loop; raises NotNow."""
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            raise NotNow from None

    def entry(self, name):
        """The supervisor's entry of a task that runs; raises NotNow."""
        for entry in self.app().supervisor.tasks:
            if entry.name == name and not entry.down and entry.task is not None and not entry.task.done():
                return entry
        raise NotNow
