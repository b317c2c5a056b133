"""asyncio's queue and task in Python, on virtual ticks: they stand in for MicroPython's `_asyncio` and its poller.

The built-in queue reads the hardware's ticks, so it cannot be told another time. The rest of asyncio (core, event, lock,
funcs, stream) is the interpreter's own and unchanged: it finds these classes where it looks for the built-in ones. Runs only
on MicroPython.
"""
import select

_core = None  # asyncio.core
_clock = None
_visits = ()  # functions that each make a coroutine to be run: what the world asks of the loop


def adopt(core, clock, visits=()):
    """Gives asyncio.core, which has just been imported with our classes, the virtual clock and our poller."""
    global _core, _clock, _visits
    _core = core
    _visits = visits
    _clock = clock
    core.ticks = clock.ticks_ms
    core.IOQueue = IOQueue
    core.new_event_loop()


class TaskQueue:
    """Tasks by their time; those of the same time in the order in which they came."""

    def __init__(self):
        self._tasks = []

    def peek(self):
        """The first task, or None."""
        return self._tasks[0] if self._tasks else None

    def push(self, task, key=None):
        """Adds a task for the time `key` (30-bit milliseconds; None: now)."""
        task.data = None
        task.ph_key = key = _clock.ticks_ms() if key is None else key
        tasks = self._tasks
        n = len(tasks)
        while n and _core.ticks_diff(key, tasks[n - 1].ph_key) < 0:
            n -= 1
        tasks.insert(n, task)

    def pop(self):
        """Takes the first task out."""
        return self._tasks.pop(0)

    def remove(self, task):
        """Takes a task out, wherever it stands."""
        self._tasks.remove(task)


class Task:
    """A coroutine under way. `state`: True while it runs and nobody waits for it, a TaskQueue of those who wait, a function
    to call at its end (gather); None when it has ended and nobody has looked, False when somebody has. `data`: the queue or
    task that it waits on, or the exception to throw into it next, or how it ended."""

    def __init__(self, coro, _=None):
        self.coro = coro
        self.data = None
        self.state = True
        self.ph_key = 0

    def __iter__(self):
        if self.state is True:
            self.state = TaskQueue()
        elif not self.state:
            self.state = False  # its end has been looked at
        elif not isinstance(self.state, TaskQueue):
            raise RuntimeError("can't wait")
        return self

    def __next__(self):
        if not self.state:
            raise self.data
        waiter = _core.cur_task
        self.state.push(waiter)
        waiter.data = self

    def done(self):
        """True once it has ended."""
        return not self.state

    def cancel(self):
        """Has CancelledError thrown into it; False when it has ended already. Waits it for a task, that one is cancelled."""
        if not self.state:
            return False
        if self is _core.cur_task:
            raise RuntimeError("can't cancel self")
        task = self
        while isinstance(task.data, Task):
            task = task.data
        if hasattr(task.data, "remove"):
            task.data.remove(task)
            _core._task_queue.push(task)
        elif _core.ticks_diff(task.ph_key, _clock.ticks_ms()) > 0:
            _core._task_queue.remove(task)
            _core._task_queue.push(task)
        task.data = _core.CancelledError
        return True


class IOQueue:
    """Who waits for which stream. Flags and the like, which have an ioctl() of their own, are asked in the order in which they
    began to be waited for; sockets are asked of the host without waiting. What nothing is ready for, passes virtual time."""

    def __init__(self):
        self.map = {}  # id(stream) -> [reader, writer, stream, number]
        self._flags = []
        self._poller = select.poll()
        self._sockets = 0
        self._number = 0

    def queue_read(self, s):
        """The current task waits until s can be read."""
        self._enqueue(s, 0)

    def queue_write(self, s):
        """The current task waits until s can be written."""
        self._enqueue(s, 1)

    def _enqueue(self, s, which):
        entry = self.map.get(id(s))
        if entry is None:
            self._number += 1
            self.map[id(s)] = entry = [None, None, s, self._number]
            entry[which] = _core.cur_task
            if _is_socket(s):
                self._sockets += 1
                self._poller.register(s, _mask(entry))
            else:
                self._flags.append(entry)
        elif entry[which] is not None:
            raise RuntimeError("two tasks wait for the same stream")
        else:
            entry[which] = _core.cur_task
            if _is_socket(s):
                self._poller.modify(s, _mask(entry))
        _core.cur_task.data = self

    def remove(self, task):
        """A cancelled task waits no more."""
        for entry in list(self.map.values()):
            if entry[0] is task or entry[1] is task:
                self._drop(entry)

    def _drop(self, entry):
        s = entry[2]
        del self.map[id(s)]
        if _is_socket(s):
            self._sockets -= 1
            self._poller.unregister(s)
        else:
            self._flags.remove(entry)

    def wait_io_event(self, ms):
        """Wakes who can go on; when nobody can, passes up to `ms` (0: none, below: without end) until somebody can."""
        if not self._ready() and ms:
            _clock.idle(ms, self._ready)

    def _ready(self):
        found = False
        while _visits:
            found = True
            _core.create_task(_visits.pop(0)())
        if self._flags:
            ready = None
            for entry in self._flags:  # without allocation while nothing is set
                events = entry[2].ioctl(3, _mask(entry))
                if events:
                    ready = ready or []
                    ready.append((entry, events))
            if ready:
                found = True
                for entry, events in ready:
                    self._wake(entry, events)
        if self._sockets:
            answer = self._poller.poll(0)
            if answer:
                found = True
                ready = []
                for s, events in answer:
                    entry = self.map[id(s)]
                    ready.append((entry[3], events, entry))
                ready.sort(key=lambda one: one[0])
                for _, events, entry in ready:
                    self._wake(entry, events)
        return found

    def _wake(self, entry, events):
        if events & ~select.POLLOUT and entry[0] is not None:
            _core._task_queue.push(entry[0])
            entry[0] = None
        if events & ~select.POLLIN and entry[1] is not None:
            _core._task_queue.push(entry[1])
            entry[1] = None
        if entry[0] is None and entry[1] is None:
            self._drop(entry)
        elif _is_socket(entry[2]):
            self._poller.modify(entry[2], _mask(entry))


def _is_socket(s):
    return hasattr(s, "setblocking")


def _mask(entry):
    return (0 if entry[0] is None else select.POLLIN) | (0 if entry[1] is None else select.POLLOUT)
