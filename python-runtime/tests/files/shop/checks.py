"""What programs do with files. Each function is called on its own, and fails by an exception."""

import contextlib
import errno
import filecmp
import fileinput
import glob
import importlib
import importlib.resources
import inspect
import io
import json
import logging
import logging.handlers
import mimetypes
import os
import pathlib
import pickle
import pkgutil
import shelve
import shutil
import sqlite3
import stat
import sys
import tarfile
import tempfile
import zipfile
import zoneinfo

import shop


@contextlib.contextmanager
def refused(*names):
    try:
        yield
    except OSError as error:
        found = errno.errorcode[error.errno]
        assert found in names, f"{found}: {error}"
    else:
        raise AssertionError(f"no {' or '.join(names)}")


def check_where_a_program_is():
    assert os.getcwd() == "/work"
    assert os.path.expanduser("~") == str(pathlib.Path.home()) == os.environ["HOME"] == "/home"
    assert sorted(os.listdir("/")) == ["dev", "home", "python", "tmp", "var", "work"]
    assert tempfile.gettempdir() == "/tmp"
    for folder in "/home", "/tmp", "/var/tmp", "/work":
        pathlib.Path(folder, "new").write_text("x")


def check_own_files():
    with open(__file__) as file:
        assert file.read() == inspect.getsource(sys.modules[__name__])
    path = os.path.join(shop.HERE, "data", "prices.csv")
    assert pathlib.Path(path).read_bytes() == b"a,b\n1,2\n"
    assert os.stat(path).st_size == 8
    assert sorted(os.listdir("shop")) == ["__init__.py", "checks.py", "data"]
    assert [found[0] for found in os.walk("shop")] == ["shop", "shop/data"]
    assert sorted(glob.glob("**/*.csv", recursive=True)) == ["shop/data/prices.csv"]
    assert pathlib.Path(__file__).resolve() == pathlib.Path("/work/shop/checks.py")
    with importlib.resources.as_file(importlib.resources.files(shop) / "data/prices.csv") as path:
        assert path.read_text() == "a,b\n1,2\n"
    assert [found.name for found in pkgutil.iter_modules(shop.__path__)] == ["checks"]


def check_read_only():
    path = "shop/data/prices.csv"
    assert stat.filemode(os.stat(path).st_mode) == "-r--r--r--"
    assert stat.filemode(os.stat("shop").st_mode) == "dr-xr-xr-x"
    assert os.access(path, os.R_OK) and not os.access(path, os.W_OK)
    for change in (
        lambda: open(path, "w"),
        lambda: open(path, "r+"),
        lambda: open(path, "a"),
        lambda: open("shop/new", "w"),
        lambda: os.mkdir("shop/new"),
        lambda: os.remove(path),
        lambda: os.rename(path, "/tmp/prices.csv"),
        lambda: os.replace("kept/by/loading.txt", path),
        lambda: os.link(path, "/tmp/prices.csv"),
        lambda: os.symlink("x", "shop/link"),
        lambda: os.truncate(path, 0),
        lambda: os.utime(path),
        lambda: os.chmod(path, 0o600),
        lambda: os.rmdir("/tmp"),
        lambda: os.mkdir("/new"),
        lambda: open("/new", "w"),
        lambda: os.rename("/home", "/tmp/home"),
        lambda: open("/dev/new", "w"),
        lambda: os.mkdir("/python/json/new"),
        lambda: open("site-packages/new", "w"),
    ):
        with refused("EROFS"):
            change()
    # The folder around it is writable.
    shutil.copy(path, "prices.csv")
    assert filecmp.cmp(path, "prices.csv", shallow=False)


def check_the_standard_library():
    assert os.path.isdir(os.path.dirname(json.__file__))
    assert "json" in os.listdir("/python")
    # Its source is not in the image.
    with refused("ENOENT"):
        open(json.__file__)


def check_reading_and_writing():
    with open("f", "wb+", buffering=0) as file:
        assert file.write(b"0123456789") == 10
        file.seek(4)
        assert file.read(3) == b"456"
        file.seek(-1, os.SEEK_END)
        file.write(b"abc")
        assert file.tell() == 12
        os.pwrite(file.fileno(), b"XY", 1)
        assert os.pread(file.fileno(), 5, 0) == b"0XY34"
        assert os.pread(file.fileno(), 5, 100) == b""
    with open("f", "a") as file:
        file.write("!")
        file.seek(0)
        file.write("?")
    assert pathlib.Path("f").read_text() == "0XY345678abc!?"
    with open("f", "r+") as file:
        file.truncate(3)
    assert pathlib.Path("f").read_text() == "0XY"
    with open("f", "x") if not os.path.exists("f") else contextlib.nullcontext():
        pass
    with refused("EEXIST"):
        open("f", "x")
    assert open("f", "w").close() is None and os.path.getsize("f") == 0
    with open("lines", "w") as file:
        print("one", "two", sep="\n", file=file)
    with open("lines") as file:
        assert list(file) == ["one\n", "two\n"]
    with fileinput.input("lines", inplace=True) as lines:
        for line in lines:
            print(line.upper(), end="")
    assert pathlib.Path("lines").read_text() == "ONE\nTWO\n"
    read = os.open("lines", os.O_RDONLY)
    with refused("EBADF"):
        os.write(read, b"x")
    write = os.open("lines", os.O_WRONLY)
    with refused("EBADF"):
        os.read(write, 1)
    assert os.read(read, 3) == b"ONE" and os.lseek(read, 0, os.SEEK_CUR) == 3
    os.fsync(write), os.fdatasync(write)
    assert not os.isatty(read)
    for number in read, write:
        os.close(number)


def check_positions():
    with open("f", "a+") as file:
        file.write("one")
        assert file.tell() == 3
        file.seek(0)
        assert (file.tell(), file.read(), file.tell()) == (0, "one", 3)
        file.seek(1)
        file.write("two")
        assert (file.tell(), file.read()) == (6, "")
        file.seek(0)
        assert file.read() == "onetwo"
    file = os.open("f", os.O_RDWR | os.O_APPEND)
    assert os.lseek(file, 0, os.SEEK_CUR) == 0
    assert os.read(file, 2) == b"on" and os.lseek(file, 1, os.SEEK_CUR) == 3
    assert os.read(file, 1) == b"t" and os.lseek(file, 0, os.SEEK_CUR) == 4
    # What is written goes to the end, and so does the position.
    assert os.write(file, b"!") == 1 and os.read(file, 9) == b""
    assert os.lseek(file, 0, os.SEEK_CUR) == 7
    assert os.lseek(file, -7, os.SEEK_END) == 0 and os.read(file, 9) == b"onetwo!"
    assert os.lseek(file, 0, os.SEEK_SET) == 0 and os.lseek(file, 0, os.SEEK_END) == 7
    assert os.read(file, 9) == b""
    for offset, whence in [(-1, os.SEEK_SET), (-8, os.SEEK_CUR), (-8, os.SEEK_END), (0, 9)]:
        with refused("EINVAL"):
            os.lseek(file, offset, whence)
    assert os.lseek(file, 0, os.SEEK_CUR) == 7
    assert os.lseek(file, 1, os.SEEK_SET) == 1 and os.write(file, b"?") == 1
    os.close(file)
    # Reading and writing have one position.
    file = os.open("f", os.O_RDWR)
    assert os.read(file, 1) == b"o" and os.write(file, b"NE") == 2
    assert os.read(file, 9) == b"two!?" and os.lseek(file, 0, os.SEEK_CUR) == 8
    os.close(file)
    with refused("EBADF"):
        os.lseek(file, 0, os.SEEK_SET)
    with open("buffered", "wb+") as file:
        file.write(b"0123456789")
        file.seek(3)
        assert file.read(2) == b"34" and file.tell() == 5
        file.write(b"x")
        assert (file.tell(), file.read()) == (6, b"6789")


def check_large_and_sparse():
    content = os.urandom(3 << 20)
    pathlib.Path("large").write_bytes(content)
    assert pathlib.Path("large").read_bytes() == content
    with open("large", "r+b") as file:
        file.seek(1_000_003)
        file.write(b"changed")
        file.seek(1_000_000)
        assert (
            file.read(12)
            == content[1_000_000:1_000_003] + b"changed" + content[1_000_010:1_000_012]
        )
    with open("sparse", "wb") as file:
        file.seek(1 << 30)
        file.write(b"end")
    found = os.stat("sparse")
    assert (found.st_size, found.st_blocks * 512 < 100_000) == ((1 << 30) + 3, True)
    with open("sparse", "rb") as file:
        file.seek((1 << 30) - 2)
        assert file.read() == b"\0\0end"
    os.truncate("sparse", 5000)
    os.truncate("sparse", 10_000)
    assert pathlib.Path("sparse").read_bytes() == bytes(10_000)
    # What was cut off does not come back.
    pathlib.Path("cut").write_bytes(b"x" * 9000)
    os.truncate("cut", 10)
    os.truncate("cut", 9000)
    assert pathlib.Path("cut").read_bytes() == b"x" * 10 + bytes(8990)


def check_names():
    os.makedirs("a/b/c")
    pathlib.Path("a/b/c/f").write_text("f")
    os.rename("a/b", "a/d")
    assert os.listdir("a") == ["d"] and os.path.exists("a/d/c/f") and not os.path.exists("a/b")
    with refused("EINVAL"):
        os.rename("a", "a/d/a")
    with refused("ENOTEMPTY"):
        os.rmdir("a")
    pathlib.Path("g").write_text("g")
    os.replace("g", "a/d/c/f")
    assert pathlib.Path("a/d/c/f").read_text() == "g" and not os.path.exists("g")
    with refused("EISDIR"):
        os.replace("a/d/c/f", "a/d/c")
    os.mkdir("e")
    with refused("ENOTDIR"):
        os.replace("e", "a/d/c/f")
    # An open file stays without a name, and a removed folder too.
    with open("a/d/c/f") as file:
        os.remove("a/d/c/f")
        assert file.read() == "g" and os.fstat(file.fileno()).st_nlink == 0
    os.removedirs("a/d/c")
    assert not os.path.exists("a")
    assert not os.path.exists("") and not os.path.exists("no/such")
    for path, expected in {
        "no": "ENOENT",
        "": "ENOENT",
        "/dev/null/x": "ENOTDIR",
        "shop/data/prices.csv/": "ENOTDIR",
        "n" * 256: "ENAMETOOLONG",
        "n/" * 3000: "ENAMETOOLONG",
    }.items():
        with refused(expected):
            open(path)
    for path in "/tmp", "shop", ".":
        with refused("EISDIR"):
            open(path, "w")
    with refused("ENOTDIR"):
        os.rmdir("shop/data/prices.csv/")
    os.mkdir("é ü"), pathlib.Path("é ü/日本").write_text("x")
    assert os.listdir("é ü") == ["日本"]
    # Above the root is the root.
    assert os.path.samefile("/../../tmp/..", "/")


def check_links():
    pathlib.Path("target").write_text("t")
    os.symlink("target", "link")
    os.symlink("/work", "here")
    os.symlink("nothing", "dangling")
    os.symlink("loop", "loop")
    assert os.readlink("link") == "target" and os.path.islink("link")
    assert open("link").read() == open("here/here/link").read() == "t"
    assert os.path.realpath("here/link") == "/work/target"
    assert os.path.samefile("link", "target")
    assert stat.S_IMODE(os.stat("link").st_mode) == 0o644
    assert os.lstat("link").st_size == 6 and os.stat("link").st_size == 1
    assert os.path.lexists("dangling") and not os.path.exists("dangling")
    pathlib.Path("dangling").write_text("made")
    assert pathlib.Path("nothing").read_text() == "made"
    with refused("ELOOP"):
        open("loop")
    os.link("target", "hard")
    assert os.stat("target").st_nlink == 2 and os.path.samefile("target", "hard")
    os.remove("target")
    assert open("hard").read() == "t" and not os.path.exists("link")
    with refused("EPERM"):
        os.link("/tmp", "folder")
    os.remove("here")
    assert os.path.exists("/work/hard")


def check_times_and_modes():
    pathlib.Path("f").write_text("f")
    assert abs(os.stat("f").st_mtime - __import__("time").time()) < 60
    os.utime("f", (1_000_000_000, 1_500_000_000.25))
    found = os.stat("f")
    assert (found.st_atime, found.st_mtime) == (1_000_000_000, 1_500_000_000.25)
    assert stat.filemode(found.st_mode) == "-rw-r--r--"
    os.chmod("f", 0o700)
    assert stat.filemode(os.stat("f").st_mode) == "-rwx------" and os.access("f", os.X_OK)
    os.chmod("f", 0o000)
    assert not os.access("f", os.R_OK)
    with refused("EACCES"):
        open("f")
    pathlib.Path("f").chmod(0o400)
    assert open("f").read() == "f"
    with refused("EACCES"):
        open("f", "w")
    os.mkdir("d", 0o700)
    assert stat.filemode(os.stat("d").st_mode) == "drwx------"
    os.chmod("d", 0o500)
    with refused("EACCES"):
        open("d/f", "w")
    assert stat.S_IMODE(os.stat(tempfile.mkdtemp()).st_mode) == 0o700
    assert shutil.which("f") is None
    os.chmod("f", 0o755)
    assert shutil.which("f", path="/work") == "/work/f"


def check_the_working_directory():
    os.makedirs("a/b")
    os.symlink("a/b", "link")
    os.chdir("link")
    assert os.getcwd() == "/work/a/b"
    os.chdir("..")
    assert os.getcwd() == "/work/a" and os.listdir() == ["b"]
    with contextlib.chdir("/tmp"):
        pathlib.Path("here").write_text("x")
        assert os.path.exists("/tmp/here")
    assert os.getcwd() == "/work/a"
    with refused("ENOTDIR"):
        os.chdir("/dev/null")
    with refused("ENOENT"):
        os.chdir("no")


def check_devices():
    with open("/dev/null", "r+b", buffering=0) as null:
        assert null.write(b"x") == 1 and null.read() == b""
    assert open("/dev/zero", "rb").read(5) == bytes(5)
    random = [open("/dev/urandom", "rb", buffering=0).read(1000) for _ in range(2)]
    assert len(random[0]) == 1000 and random[0] != random[1]
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    with refused("ENOSPC"):
        open("/dev/full", "w", buffering=1).write("x\n")


def check_folders():
    for name in range(1000):
        open(f"/tmp/{name}", "w").close()
    with os.scandir("/tmp") as entries:
        found = [(entry.name, entry.is_file(), entry.inode()) for entry in entries]
    assert len(found) == 1000 and all(is_file for _, is_file, _ in found)
    assert len({inode for _, _, inode in found}) == 1000
    # Removed while they are listed.
    for entry in os.scandir("/tmp"):
        os.remove(entry.path)
    assert os.listdir("/tmp") == []
    shutil.copytree("shop", "copy")
    pathlib.Path("copy/data/prices.csv").chmod(0o600)
    for folder in "copy", "copy/data":
        os.chmod(folder, 0o755)
    shutil.rmtree("copy")
    assert not os.path.exists("copy")
    read = os.open("/tmp", os.O_RDONLY)
    with refused("EISDIR"):
        os.read(read, 1)


def check_tempfile():
    with tempfile.TemporaryFile("w+") as file:
        file.write("x" * 100_000), file.seek(0)
        assert len(file.read()) == 100_000
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x"), file.flush()
        assert open(file.name).read() == "x"
    assert not os.path.exists(file.name)
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "x").write_text("x")
    assert not os.path.exists(folder)
    with tempfile.SpooledTemporaryFile(10) as file:
        file.write(b"x" * 20)
        assert file._rolled


def check_archives():
    with zipfile.ZipFile("a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(__file__)
        archive.writestr("b/c.txt", "c")
    with zipfile.ZipFile("a.zip") as archive:
        assert archive.testzip() is None
        archive.extractall("unzipped")
    assert filecmp.cmp(__file__, f"unzipped/{__file__}", shallow=False)
    with tarfile.open("a.tar.gz", "w:gz") as archive:
        archive.add("unzipped")
    with tarfile.open("a.tar.gz") as archive:
        archive.extractall("untarred", filter="data")
    assert pathlib.Path("untarred/unzipped/b/c.txt").read_text() == "c"
    shutil.unpack_archive(shutil.make_archive("/tmp/made", "zip", "unzipped"), "again")
    assert sorted(os.listdir("again")) == ["b", "shop"]


def check_databases():
    with contextlib.closing(sqlite3.connect("x.db")) as base:
        base.execute("CREATE TABLE t(n INTEGER PRIMARY KEY, text TEXT)")
        rows = ((n, f"{n * 7919 % 20_000:08}" * 3) for n in range(20_000))
        base.executemany("INSERT INTO t VALUES (?, ?)", rows)
        base.commit()
    with contextlib.closing(sqlite3.connect("file:x.db?mode=ro", uri=True)) as base:
        assert base.execute("SELECT COUNT(*), SUM(n) FROM t").fetchone() == (20_000, 199_990_000)
        # Sorted in a file.
        query = "SELECT text FROM t ORDER BY text DESC LIMIT 1"
        assert base.execute(query).fetchone() == ("00019999" * 3,)
        with contextlib.suppress(sqlite3.OperationalError):
            base.execute("DELETE FROM t")
            raise AssertionError("written")
    with contextlib.closing(sqlite3.connect("x.db")) as base:
        base.execute("DELETE FROM t WHERE n > 10")
        base.rollback()
        assert base.execute("SELECT COUNT(*) FROM t").fetchone() == (20_000,)
        base.execute("VACUUM")
    assert os.listdir().count("x.db-journal") == 0
    with shelve.open("shelf") as shelf:
        shelf["a"] = [1, 2]
    with shelve.open("shelf") as shelf:
        assert shelf["a"] == [1, 2]


def check_imports():
    os.makedirs("/tmp/lib/made")
    pathlib.Path("/tmp/lib/made/__init__.py").write_text("from .inner import X")
    pathlib.Path("/tmp/lib/made/inner.py").write_text("X = 7\nBROKEN = lambda: 1 / 0\n")
    sys.path.insert(0, "/tmp/lib")
    importlib.invalidate_caches()
    made = importlib.import_module("made")
    assert made.X == 7 and made.__file__ == "/tmp/lib/made/__init__.py"
    assert os.listdir("/tmp/lib/made") == ["__init__.py", "inner.py"]
    assert inspect.getsource(made.inner).startswith("X = 7")


def check_others():
    assert mimetypes.guess_type("a.html") == ("text/html", None)
    handler = logging.handlers.RotatingFileHandler("log", maxBytes=100, backupCount=1)
    for _ in range(10):
        handler.emit(logging.makeLogRecord({"msg": "x" * 30}))
    handler.close()
    assert os.path.exists("log.1")
    with open("p", "wb") as file:
        pickle.dump([1], file)
    assert pickle.load(open("p", "rb")) == [1]
    assert zoneinfo.ZoneInfo("Europe/Berlin").key == "Europe/Berlin"
    assert os.path.exists("site-packages/tzdata/zoneinfo/Europe/Berlin")
    assert shutil.disk_usage("/").total == 128 << 20
    assert io.open_code(__file__).read(3) == b'"""'


def check_limits():
    with refused("ENOSPC"):
        with open("large", "wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))
    assert 120 << 20 < os.path.getsize("large") <= 128 << 20
    os.remove("large")
    pathlib.Path("fits").write_bytes(bytes(1 << 20))
    with refused("ENOSPC", "EFBIG"), open("far", "wb", buffering=0) as file:
        file.seek(1 << 50)
        file.write(b"x")
    with refused("ENOSPC"):
        os.mkdir("many")
        for name in range(40_000):
            open(f"many/{name}", "w").close()
    assert 30_000 < len(os.listdir("many")) < 32_768
    shutil.rmtree("many")
    with refused("ENOMEM", "EMFILE"):
        _ = [open("fits", "rb", buffering=0) for _ in range(5000)]


CHECKS = [check for name, check in globals().items() if name.startswith("check_")]


def names(x):
    return [check.__name__ for check in CHECKS]


def run(name):
    globals()[name]()


# For the tests of what lasts.


def write(change):
    path, content = change
    file = open(path, "w")
    file.write(content)
    file.flush()
    # Left open, as what is read of it.
    globals()["left"] = file, open(path), os.scandir("/tmp")
    return sorted(os.listdir("/work"))


def read(path):
    return open(path).read() if os.path.exists(path) else None


async def waits(value, ctx):
    with open("state", "w+") as file:
        file.write("before")
        file.flush()
        answer = await ctx.hostcall("echo", value)
        file.write(f" {answer}")
        file.seek(0)
        return file.read()
