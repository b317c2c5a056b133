"""to_thread(): what blocks by nature runs beside the loop. Name and meaning of CPython's asyncio.to_thread.

The VM's threads have no lock around the interpreter: a function run here touches only its arguments, returns one value and imports
nothing. Workers are few and live on: two, started with the first call.
"""

import _thread
import asyncio

from micropython import const

_WORKERS = const(2)
_STACK_BYTES = const(8192)


class _Job:
    def __init__(self, fn, args):
        self.fn = fn
        self.args = args
        self.flag = asyncio.ThreadSafeFlag()
        self.value = None
        self.error = None


class Workers:
    """A pool of `count` threads. inline=True runs the function in place: for virtual time, where nothing blocks."""

    def __init__(self, count=_WORKERS, inline=False):
        self._count = count
        self._inline = inline
        self._busy = None                  # the job of each worker; None: not started
        self._wake = None
        self._ending = None
        self._free = asyncio.Lock()

    def _start(self):
        try:
            _thread.stack_size(_STACK_BYTES)
        except ValueError:
            _thread.stack_size(0)          # a host that wants more gives its own default
        busy, ending, wake = [], [False], []
        for index in range(self._count):
            lock = _thread.allocate_lock()
            lock.acquire()
            busy.append(None)
            try:
                _thread.start_new_thread(_serve, (busy, ending, index, lock))
            except (OSError, RuntimeError, MemoryError):       # no memory for another stack: fewer do it too, but not none
                busy.pop()
                if not busy:
                    raise
                break
            wake.append(lock)
        self._busy, self._ending, self._wake = busy, ending, wake

    async def to_thread(self, fn, *args):
        """Run fn(*args) in a worker and return its value; raises what it raised. Waits while all workers are busy.

        Cancelled, it stops waiting; the function runs to its end all the same.
        """
        if self._inline:
            return fn(*args)
        if self._busy is None:
            self._start()
        job = _Job(fn, args)
        async with self._free:
            while None not in self._busy:
                await asyncio.sleep_ms(10)
            index = self._busy.index(None)
            self._busy[index] = job
        self._wake[index].release()
        await job.flag.wait()
        if job.error is not None:
            raise job.error
        return job.value

    def stop(self):
        """End each thread as soon as it has no job: a live thread at exit aborts the VM. A later to_thread() starts new ones."""
        if self._busy is not None:
            self._ending[0] = True         # first: a worker looks at it between a job's end and its next sleep
            for index in range(len(self._wake)):
                if self._busy[index] is None:
                    self._wake[index].release()
            self._busy = None


def _serve(busy, ending, index, lock):
    while True:
        if ending[0]:
            return
        lock.acquire()
        job = busy[index]
        if job is None:
            return                         # woken without a job: the end
        try:
            job.value = job.fn(*job.args)
        except Exception as error:
            job.error = error
        busy[index] = None
        job.flag.set()
