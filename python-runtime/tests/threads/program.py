"""Programs with threads, as they are written for threads that there are."""

import _thread
import asyncio
import contextvars
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from multiprocessing.pool import ThreadPool


def started(threads):
    for thread in threads:
        thread.start()
    return threads


def joined(threads):
    for thread in started(threads):
        thread.join()


def error_of(function, *args):
    try:
        return function(*args)
    except RuntimeError as error:
        return str(error).partition(":")[0]


# Executors.


def an_executor_runs_at_once():
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(pow, 2, 5)
        fails = pool.submit(lambda: 1 / 0)
        done = [first.done(), fails.done(), first.cancel()]
        others = [pool.submit(pow, n, 2) for n in range(3)]
        return [
            done,
            first.result(),
            type(fails.exception()).__name__,
            sorted(future.result() for future in as_completed(others)),
            len(wait(others).done),
            list(pool.map(abs, [-1, 2])),
        ]


def a_worker_is_a_thread():
    own = threading.local()
    own.value = "call"
    seen = contextvars.ContextVar("seen", default="nothing")
    seen.set("the call's")

    def begin(value):
        own.value = value

    def look(_):
        thread = threading.current_thread()
        is_own = thread.ident == threading.get_ident() != threading.main_thread().ident
        return [thread.name, is_own, own.value, seen.get()]

    with ThreadPoolExecutor(2, "pool", begin, ("worker",)) as pool:
        return [list(pool.map(look, range(2))), own.value, threading.active_count()]


def a_worker_that_can_not_begin():
    def begin():
        raise ValueError

    pool = ThreadPoolExecutor(initializer=begin)
    return [type(pool.submit(print).exception()).__name__, error_of(pool.submit, print)]


def a_pool_that_has_ended():
    with ThreadPoolExecutor() as pool:
        pass
    return error_of(pool.submit, print)


def pools_of_multiprocessing():
    with ThreadPool(3) as pool:
        return [
            pool.map(abs, [-1, -2]),
            pool.apply_async(pow, (2, 5)).get(),
            sorted(pool.imap_unordered(abs, [-5, 4])),
        ]


# Threads.


def a_thread_has_run_when_it_is_joined():
    seen = []

    def work(number):
        thread = threading.current_thread()
        seen.append([number, thread.name, thread.is_alive()])

    threads = [threading.Thread(target=work, args=(n,), name=f"t{n}") for n in range(3)]
    before = (
        [thread.is_alive() for thread in started(threads)],
        list(seen),
        threading.active_count(),
    )
    for thread in threads:
        thread.join()
    return [before, seen, [thread.is_alive() for thread in threads], threading.active_count()]


def workers_of_a_queue():
    tasks, done = queue.Queue(), []

    def work():
        while (task := tasks.get()) is not None:
            done.append(task * 2)
            tasks.task_done()
        tasks.task_done()

    threads = started([threading.Thread(target=work) for _ in range(3)])
    for task in range(5):
        tasks.put(task)
    tasks.join()
    first = list(done)
    tasks.put(5)
    tasks.join()
    for _ in threads:
        tasks.put(None)
    for thread in threads:
        thread.join()
    return [first, done, any(thread.is_alive() for thread in threads)]


def workers_that_wait_for_a_time():
    tasks, done, stop = queue.Queue(), [], threading.Event()

    def work():
        while not stop.is_set():
            try:
                done.append(tasks.get(timeout=0.001))
            except queue.Empty:
                continue
            tasks.task_done()

    thread = threading.Thread(target=work)
    thread.start()
    tasks.put("a")
    tasks.join()
    stop.set()
    thread.join()
    return done


def a_queue_that_is_full():
    tasks, done = queue.Queue(2), []

    def produce():
        for task in [*range(6), None]:
            tasks.put(task)

    def consume():
        while (task := tasks.get()) is not None:
            done.append(task)

    joined([threading.Thread(target=produce), threading.Thread(target=consume)])
    return done


def locks_exclude():
    lock, again, counts = threading.Lock(), threading.RLock(), [0, 0]

    def work():
        for _ in range(2):
            with lock:
                count = counts[0]
                time.sleep(0.0001)
                counts[0] = count + 1
            with again, again:
                count = counts[1]
                time.sleep(0.0001)
                counts[1] = count + 1

    joined([threading.Thread(target=work) for _ in range(5)])
    return counts


def threads_that_meet():
    barrier, condition, seen, items = threading.Barrier(3), threading.Condition(), [], []

    def meet():
        barrier.wait()
        seen.append("met")

    def take():
        with condition:
            condition.wait_for(lambda: items)
            seen.append(items.pop())

    def give():
        with condition:
            items.append("item")
            condition.notify()

    joined([threading.Thread(target=meet) for _ in range(3)])
    joined([threading.Thread(target=take), threading.Thread(target=give)])
    return seen


def a_timer():
    rung = threading.Event()
    threading.Timer(0.001, rung.set).start()
    never = threading.Timer(60, print)
    never.start()
    never.cancel()
    return rung.wait(10)


def a_service_that_is_stopped():
    stop, beats = threading.Event(), []

    def beat():
        while not stop.is_set():
            beats.append(1)
            time.sleep(0.001)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    while len(beats) < 3:
        time.sleep(0.001)
    stop.set()
    thread.join()
    return [len(beats) >= 3, thread.is_alive()]


def a_program_that_polls():
    seen = []
    thread = threading.Thread(target=seen.append, args=(1,))
    thread.start()
    while not seen:
        time.sleep(0.0001)
    return [seen, thread.is_alive()]


def an_error_in_a_thread():
    hooked = []
    threading.excepthook = lambda caught: hooked.append(
        [caught.exc_type.__name__, caught.thread.name]
    )

    def leave():
        raise SystemExit

    joined([threading.Thread(target=lambda: 1 / 0, name="t")])
    threading.excepthook = threading.__excepthook__
    joined([threading.Thread(target=leave)])
    return hooked


def a_thread_of_the_old_kind():
    seen = []
    _thread.start_new_thread(_thread.exit, ())
    _thread.start_new_thread(seen.append, (1,))
    time.sleep(0.0001)
    return seen


def values_of_a_threads_own():
    class Own(threading.local):
        def __init__(self, first):
            self.first = first

    own, seen = Own([1]), []
    own.first, own.more = 2, 3
    joined([threading.Thread(target=lambda: seen.append([own.first, hasattr(own, "more")]))])
    return [seen, own.first, own.more]


# Waiting for what does not come.


def what_can_not_end_is_an_error():
    lock = threading.Lock()
    with lock:
        seen = [error_of(lock.acquire), lock.acquire(timeout=0.0001), lock.acquire(blocking=False)]
    waits = [
        threading.Event().wait,
        threading.Semaphore(0).acquire,
        queue.Queue().get,
        queue.SimpleQueue().get,
    ]
    seen += [error_of(wait_for) for wait_for in waits]
    seen.append(threading.Event().wait(0.0001))
    try:
        queue.Queue().get(timeout=0.0001)
    except queue.Empty:
        seen.append("empty")
    return seen


def a_task_that_waits_for_what_comes_later():
    gate = threading.Event()
    with ThreadPoolExecutor() as pool:
        task = pool.submit(gate.wait)
        gate.set()
        return error_of(task.result)


# Event loops.


def threads_of_a_loop():
    seen = contextvars.ContextVar("seen", default="nothing")

    def look():
        found = seen.get()
        seen.set("changed")
        # As in a thread, no loop runs.
        return [found, threading.current_thread() is threading.main_thread(), asyncio.run(inner())]

    async def inner():
        return await asyncio.sleep(0, "inner")

    async def main():
        seen.set("the task's")
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor() as pool:
            results = [
                await asyncio.to_thread(look),
                await loop.run_in_executor(None, look),
                await loop.run_in_executor(pool, look),
            ]
        told = loop.create_future()
        threading.Thread(target=loop.call_soon_threadsafe, args=(told.set_result, "told")).start()
        return [results, seen.get(), await told]

    return asyncio.run(main())


# What outlives the code that started it.

AT_LOAD = queue.Queue()
HANDLED = []


def handle():
    while True:
        HANDLED.append(AT_LOAD.get())
        AT_LOAD.task_done()


threading.Thread(target=handle, daemon=True).start()


def a_service_that_began_at_load():
    AT_LOAD.put("one")
    AT_LOAD.join()
    AT_LOAD.put("two")
    AT_LOAD.join()
    return HANDLED


def a_call_ends_with_its_threads():
    def late():
        time.sleep(0.0001)
        print("late")

    threading.Thread(target=late).start()
    threading.Thread(target=print, args=("daemon",), daemon=True).start()
    print("first")


def call(name):
    return globals()[name]()
