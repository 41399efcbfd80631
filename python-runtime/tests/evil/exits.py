"""Ends the interpreter, or tries to."""

import asyncio
import os
import signal
import sys


def exit_with_zero(_):
    sys.exit(0)


def exit_with_number(_):
    sys.exit(3)


def exit_with_huge_number(_):
    sys.exit(10**100)


def exit_with_text(_):
    sys.exit("text")


def exit_with_none(_):
    sys.exit(None)


def exit_with_object(_):
    sys.exit([1, 2])


def exit_of_site(_):
    exit()


def raise_system_exit(_):
    raise SystemExit


def raise_keyboard_interrupt(_):
    raise KeyboardInterrupt


def raise_generator_exit(_):
    raise GeneratorExit("closed")


def raise_stop_iteration(_):
    raise StopIteration


def raise_cancelled(_):
    raise asyncio.CancelledError


def raise_memory_error(_):
    raise MemoryError("none left")


def raise_recursion_error(_):
    raise RecursionError("deep")


def raise_base_exception(_):
    class Base(BaseException):
        pass

    raise Base("base")


def raise_no_exception(_):
    raise "text"


async def exit_in_a_coroutine(_):
    sys.exit(4)


async def exit_in_a_task(_):
    async def leave():
        sys.exit(5)

    await asyncio.gather(leave(), asyncio.sleep(1e9))


async def interrupt_in_a_task(_):
    async def interrupt():
        raise KeyboardInterrupt

    await asyncio.gather(interrupt(), asyncio.sleep(1e9))


def exit_of_the_process(_):
    os._exit(7)


def exit_of_the_process_with_zero(_):
    os._exit(0)


def exit_of_the_process_with_a_huge_number(_):
    os._exit(256)


def abort(_):
    os.abort()


def kill_itself(_):
    os.kill(os.getpid(), signal.SIGKILL)


def kill_the_group(_):
    os.killpg(0, signal.SIGKILL)


def raise_signal_abort(_):
    signal.raise_signal(signal.SIGABRT)


def raise_signal_interrupt(_):
    signal.raise_signal(signal.SIGINT)


def raise_signal_terminate(_):
    signal.raise_signal(signal.SIGTERM)


def raise_signal_kill(_):
    signal.raise_signal(signal.SIGKILL)


def fault_segmentation(_):
    import faulthandler

    faulthandler._sigsegv()


def fault_null(_):
    import faulthandler

    faulthandler._read_null()


def fault_floating_point(_):
    import faulthandler

    faulthandler._sigfpe()


def fault_abort(_):
    import faulthandler

    faulthandler._sigabrt()


def fault_fatal_error(_):
    import faulthandler

    faulthandler._fatal_error_c_thread()


def fault_stack_overflow(_):
    import faulthandler

    faulthandler._stack_overflow()


def fault_handler_on(_):
    import faulthandler

    faulthandler.enable()
    faulthandler._sigsegv()


def foreign_function(_):
    import ctypes

    ctypes.string_at(0)


def foreign_library(_):
    import ctypes

    ctypes.CDLL(None)


def close_the_streams(_):
    for handle in range(64):
        try:
            os.close(handle)
        except OSError:
            pass
    return "closed"


def run_the_exit_handlers(_):
    import atexit

    atexit._run_exitfuncs()
    return "run"


def replace_the_process(_):
    os.execv("/bin/sh", ["sh"])
