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
        self._started = False
        self._busy = [None] * count        # the job of each worker
        self._wake = []
        self._free = asyncio.Lock()

    def _start(self):
        self._started = True
        try:
            _thread.stack_size(_STACK_BYTES)
        except ValueError:
            _thread.stack_size(0)          # a host that wants more gives its own default
        for index in range(self._count):
            lock = _thread.allocate_lock()
            lock.acquire()
            self._wake.append(lock)
            _thread.start_new_thread(_serve, (self._busy, index, lock))

    async def to_thread(self, fn, *args):
        """Run fn(*args) in a worker and return its value; raises what it raised. Waits while all workers are busy."""
        if self._inline:
            return fn(*args)
        if not self._started:
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
        """End the threads when their work is done: a live thread at exit aborts the VM."""
        if self._started:
            for index in range(self._count):
                if self._busy[index] is None:
                    self._busy[index] = _Job(None, ())
                    self._wake[index].release()
            self._started = False


def _serve(busy, index, lock):
    while True:
        lock.acquire()
        job = busy[index]
        if job.fn is None:
            return
        try:
            job.value = job.fn(*job.args)
        except Exception as error:
            job.error = error
        busy[index] = None
        job.flag.set()
