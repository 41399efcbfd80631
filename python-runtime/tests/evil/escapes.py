"""Looks for a way out of the sandbox, and for anything that tells of the host."""

import glob
import importlib
import io
import os
import pathlib
import platform
import socket
import sys
import time


def _tried(attempt):
    """What came of it: a value, or the name of an error."""
    try:
        return attempt()
    except BaseException as error:
        return type(error).__name__


PLACES = ["/", ".", "..", "", "/proc/self/environ", "/etc/passwd", "/tmp", "../../../../etc/passwd", "/dev/mem", "C:\\", "\\\\?\\"]


# Files. All that are there are in the guest's own memory.


def _names(look):
    """The names that `look` finds in the places, or of its errors, less those of these programs."""
    found = [_tried(lambda: look(place)) for place in PLACES]
    names = {name for names in found for name in ([names] if isinstance(names, str) else names)}
    return sorted(name for name in names if not name.endswith(".py"))


def _tops(paths):
    """The folders in which all of these are, less the dots and these programs."""
    tops = {path.lstrip("./").partition("/")[0] for path in paths}
    return sorted(top for top in tops if not top.endswith(".py"))


def reads_files(_):
    return sorted({str(_tried(lambda: open(place).read())) for place in PLACES})


def writes_files(_):
    return sorted({str(_tried(lambda: open(place + "/x", "w").write("x"))) for place in PLACES})


def reads_without_end(_):
    return len(open("/dev/zero", "rb").read())


def opens_by_number(_):
    readable = [number for number in range(3, 200) if not isinstance(_tried(lambda: os.fstat(number)), str)]
    return readable


def reads_from_numbers(_):
    return sorted({str(_tried(lambda: os.read(number, 10))) for number in range(3, 200)})


def lists_folders(_):
    return _names(os.listdir)


def scans_folders(_):
    return _names(lambda place: [entry.name for entry in os.scandir(place)])


def globs(_):
    return _tops(glob.glob("/**", recursive=True) + glob.glob("**", recursive=True) + glob.glob("../*"))


def walks(_):
    return _tops(folder for top in ("/", ".") for folder, *_ in os.walk(top))


def paths(_):
    return _names(lambda place: [path.name for path in pathlib.Path(place).iterdir()])


def asks_of_files(_):
    return [place for place in PLACES if os.path.exists(place)]


def makes_folders(_):
    return [_tried(lambda: os.mkdir("/x")), _tried(lambda: os.symlink("/", "x")), _tried(lambda: os.link("/", "x")), _tried(lambda: os.rename("/", "x"))]


def changes_folder(_):
    return [_tried(lambda: os.chdir("/")), _tried(lambda: os.chdir("/tmp")), _tried(os.getcwd)]


def temporary_files(_):
    import tempfile

    return [_tried(lambda: tempfile.mkdtemp()[:8]), _tried(lambda: tempfile.TemporaryFile().read().decode())]


def opens_a_pipe(_):
    return [_tried(lambda: os.pipe()), _tried(lambda: os.openpty()), _tried(lambda: os.memfd_create("x"))]


def imports_from_files(_):
    sys.path[:] = ["/", ".", "/usr/lib/python3", "/proc/self/cwd"]
    importlib.invalidate_caches()
    return [_tried(lambda: importlib.import_module(name)) for name in ("sitecustomize", "antigravity2", "conftest")]


def imports_by_path(_):
    from importlib import machinery

    return [
        _tried(lambda: machinery.SourceFileLoader("x", "/etc/passwd").load_module()),
        _tried(lambda: machinery.ExtensionFileLoader("x", "/lib/libc.so").load_module()),
    ]


def imports_from_a_zip(_):
    import zipimport

    return _tried(lambda: zipimport.zipimporter("/etc/passwd"))


def maps_memory(_):
    mmap = __import__("mmap")
    with open("/dev/zero", "rb") as device:
        return _tried(lambda: len(mmap.mmap(device.fileno(), 1 << 40)))


def resources_of_packages(_):
    from importlib import resources

    return [_tried(lambda: resources.files("json").joinpath("../../../etc/passwd").read_text()), _tried(lambda: resources.files("json").joinpath("/etc/passwd").read_text())]


def source_of_the_library(_):
    import inspect
    import json

    return [_tried(lambda: inspect.getsource(json)), _tried(lambda: open(json.__file__).read())]


def reads_standard_input(_):
    return [_tried(lambda: sys.stdin.read()), _tried(lambda: os.read(0, 10).decode()), _tried(input)]


def opens_a_database(_):
    import sqlite3

    return [_tried(lambda: sqlite3.connect("/tmp/x.db").execute("create table t (x)").fetchall()), _tried(lambda: sqlite3.connect(":memory:").execute("attach '/etc/passwd' as x"))]


def loads_database_extension(_):
    import sqlite3

    return _tried(lambda: sqlite3.connect(":memory:").execute("select load_extension('/lib/libc.so')").fetchall())


def reads_by_url(_):
    from urllib.request import urlopen

    return [_tried(lambda: urlopen("file:///etc/passwd")), _tried(lambda: urlopen("http://127.0.0.1:1/")), _tried(lambda: urlopen("data:text/plain,x").read().decode())]


def external_entity(_):
    from xml.dom import minidom

    return _tried(lambda: minidom.parseString('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>').toxml()[-20:])


# The network.


def makes_sockets(_):
    import _socket

    return [_tried(lambda: socket.socket()), _tried(lambda: _socket.socket()), _tried(lambda: socket.socketpair()), _tried(lambda: socket.fromfd(0, 1, 1))]


def connects(_):
    return [_tried(lambda: socket.create_connection(("127.0.0.1", 22), 1)), _tried(lambda: socket.create_connection(("localhost", 80), 1))]


def listens(_):
    return _tried(lambda: socket.create_server(("", 0)))


def resolves_names(_):
    import _socket

    return [_tried(lambda: function("localhost")) for function in (socket.gethostbyname, lambda name: socket.getaddrinfo(name, 80), lambda name: _socket.getaddrinfo(name, 80))]


def selects(_):
    import select

    return [_tried(lambda: select.select([0], [], [], 0)), _tried(lambda: select.poll().poll(0))]


async def streams(_):
    import asyncio

    try:
        await asyncio.open_connection("127.0.0.1", 22)
    except BaseException as error:
        return type(error).__name__


# Processes.


def starts_processes(_):
    import subprocess

    return [
        _tried(lambda: subprocess.run(["true"])),
        _tried(lambda: os.system("true")),
        _tried(lambda: os.popen("true")),
        _tried(lambda: os.fork()),
        _tried(lambda: os.posix_spawn("/bin/true", [], {})),
        _tried(lambda: os.spawnv(os.P_WAIT, "/bin/true", [])),
    ]


def multiprocesses(_):
    import multiprocessing

    return [_tried(lambda: multiprocessing.Process(target=print).start()), _tried(lambda: multiprocessing.Pool(1)), _tried(lambda: multiprocessing.Manager())]


def other_interpreters(_):
    return [_tried(lambda: importlib.import_module(name)) for name in ("_interpreters", "concurrent.interpreters", "_testcapi", "_testinternalcapi", "_xxsubinterpreters", "_ctypes")]


def remote_debugging(_):
    return [_tried(lambda: sys.remote_exec(1, "/x.py")), _tried(lambda: importlib.import_module("_remote_debugging"))]


def code_for_addresses(_):
    import ctypes

    return [_tried(lambda: ctypes.c_char_p(4096).value), _tried(lambda: ctypes.cdll.LoadLibrary("libc.so.6")), _tried(lambda: ctypes.pythonapi.PyRun_SimpleString)]


# What there is to know.


def environment(_):
    return [dict(os.environ), _tried(lambda: len(os.environb)), _tried(lambda: os.getenv("PATH")), os.path.expanduser("~")]


def arguments(_):
    return [sys.argv, sys.orig_argv, sys.executable, sys.flags.isolated]


def names_of_the_host(_):
    import getpass

    return [
        platform.node(),
        _tried(socket.gethostname),
        _tried(lambda: os.uname().nodename),
        _tried(getpass.getuser),
        _tried(lambda: os.getlogin()),
        _tried(socket.getfqdn),
    ]


def system(_):
    return [sys.platform, platform.system(), platform.machine(), platform.release(), platform.processor(), platform.version()]


def numbers_of_the_host(_):
    return [_tried(os.getpid), _tried(lambda: os.getppid()), _tried(lambda: os.getuid()), os.cpu_count(), _tried(lambda: os.getloadavg()), _tried(lambda: os.sysconf("SC_PAGE_SIZE")), _tried(lambda: os.process_cpu_count())]


def hardware_address(_):
    import uuid

    # Made up where there is none: multicast, and another each time.
    return [bool(uuid.getnode() >> 40 & 1), _tried(lambda: uuid._unix_getnode())]


def time_zone(_):
    return [time.tzname, time.timezone, time.localtime().tm_gmtoff]


def language(_):
    import locale

    return [locale.getlocale(), sys.getfilesystemencoding()]


def terminal(_):
    import shutil

    return [list(shutil.get_terminal_size()), sys.stdout.isatty(), _tried(lambda: os.ttyname(0)), _tried(lambda: os.get_terminal_size())]


def clocks(_):
    """The clocks that there are. They are the only thing that goes on outside: the time of day can be fixed."""
    return {name: bool(_tried(lambda: time.get_clock_info(name).adjustable)) for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")}


def processor_time(_):
    return [_tried(lambda: time.process_time() >= 0), _tried(lambda: time.thread_time() >= 0), _tried(lambda: os.times().user >= 0)]


def memory_outside(_):
    # An address is one of the sandbox's: 32 bits, of which 64 MiB are there.
    return max(id(object()), id([]), id(sys), id(object)) < 64 << 20


def inherited_streams(_):
    return [stream.name for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__)] + [io.DEFAULT_BUFFER_SIZE]


def paths_of_the_build(_):
    import sysconfig

    texts = [sys.prefix, sys.exec_prefix, sys.base_prefix, _json_file(), *sys.path, *map(str, sysconfig.get_paths().values())]
    return sorted({text.split("/")[1] if text.startswith("/") else text for text in texts})


def _json_file():
    import json

    return json.__file__
