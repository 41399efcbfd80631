"""Pools of threads."""

import itertools
from contextvars import Context

from . import turns
from .starting import note
from .turns import Strand


class Worker:
    """A worker of an executor, which runs what it is given at once."""

    def __init__(self, name):
        # Late: it is built on what this package gives it.
        import threading

        self._threading = threading
        self._thread = threading.Thread(name=name, daemon=True)
        self._strand = Strand()
        self._context = Context()

    def run(self, function, *args):
        note(self._threading, self._thread, self._strand)
        try:
            return turns.run_as(self._strand, self._context.run, function, *args)
        finally:
            self._threading._active.pop(self._strand.ident, None)


def patch_executor(module):
    """Has `concurrent.futures.thread` run what is submitted at once."""

    def submit(self, fn, /, *args, **kwargs):
        with self._shutdown_lock:
            if self._broken:
                raise self.BROKEN(self._broken)
            if self._shutdown:
                raise RuntimeError("cannot schedule new futures after shutdown")
        future = module._base.Future()
        item = module._WorkItem(future, self._resolve_work_item_task(fn, args, kwargs))
        free = self.__dict__.setdefault("_free", [])
        try:
            worker, context = free.pop() if free else _begin(self)
        except BaseException:
            module._base.LOGGER.critical("Exception in initializer:", exc_info=True)
            self._initializer_failed()
            future.set_exception(self.BROKEN(self._broken))
            return future
        try:
            worker.run(item.run, context)
        finally:
            free.append((worker, context))
        return future

    def _begin(pool):
        count = pool.__dict__.setdefault("_begun", itertools.count())
        worker = Worker(f"{pool._thread_name_prefix}_{next(count)}")
        context = pool._create_worker_context()
        worker.run(context.initialize)
        return worker, context

    module.ThreadPoolExecutor.submit = submit


def patch_pool(pool):
    """Has `ThreadPool` of `multiprocessing.pool` wake its threads without a pipe."""
    import queue

    class Notifier(queue.SimpleQueue):
        _reader = None

    class Context:
        SimpleQueue = Notifier

    def __init__(self, processes=None, initializer=None, initargs=()):
        pool.Pool.__init__(self, processes, initializer, initargs, context=Context)

    def wait_for_updates(sentinels, change_notifier, timeout=None):
        change_notifier.get()

    pool.ThreadPool.__init__ = __init__
    pool.Pool._wait_for_updates = staticmethod(wait_for_updates)
