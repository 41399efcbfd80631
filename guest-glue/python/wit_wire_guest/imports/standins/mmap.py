"""A stand-in for mmap: memory, and for a file a copy that is written back when it is flushed."""

import errno as _errno
import os as _os

ACCESS_DEFAULT, ACCESS_READ, ACCESS_WRITE, ACCESS_COPY = range(4)
PROT_READ, PROT_WRITE, PROT_EXEC = 1, 2, 4
MAP_SHARED, MAP_PRIVATE, MAP_ANON, MAP_POPULATE, MAP_NORESERVE, MAP_STACK = (
    1,
    2,
    32,
    0x8000,
    0x4000,
    0x20000,
)
MAP_ANONYMOUS, MAP_DENYWRITE, MAP_EXECUTABLE = MAP_ANON, 0x800, 0x1000
MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED = range(5)
PAGESIZE = ALLOCATIONGRANULARITY = 65536

error = OSError


class mmap:  # noqa: N801
    def __init__(self, fileno, length, flags=MAP_SHARED, prot=PROT_READ | PROT_WRITE, access=ACCESS_DEFAULT, offset=0, *, trackfd=True):  # fmt: skip
        if length < 0:
            raise OverflowError("memory mapped length must be positive")
        if offset < 0:
            raise OverflowError("memory mapped offset must be positive")
        if access != ACCESS_DEFAULT:
            if (flags, prot) != (MAP_SHARED, PROT_READ | PROT_WRITE):
                raise ValueError("mmap can't specify both access and flags, prot.")
            prot = PROT_READ if access == ACCESS_READ else prot
            flags = MAP_PRIVATE if access == ACCESS_COPY else flags
        self._is_readonly = not prot & PROT_WRITE
        self._fd = None
        self._at = 0
        if fileno == -1 or flags & MAP_ANON:
            if not length:
                raise OSError(_errno.EINVAL, "Invalid argument")
            self._data = bytearray(length)
            return
        size = _os.fstat(fileno).st_size
        if not length:
            if offset >= size:
                raise ValueError(
                    "cannot mmap an empty file"
                    if not size
                    else "mmap offset is greater than file size"
                )
            length = size - offset
        elif offset + length > size:
            raise ValueError("mmap length is greater than file size")
        self._offset = offset
        self._data = bytearray(length)
        self._fill(fileno)
        if not self._is_readonly and not flags & MAP_PRIVATE:
            self._fd = _os.dup(fileno)

    def _fill(self, fd):
        at = 0
        while at < len(self._data):
            piece = _os.pread(fd, len(self._data) - at, self._offset + at)
            if not piece:
                break
            self._data[at : at + len(piece)] = piece
            at += len(piece)

    def _mapped(self):
        if self._data is None:
            raise ValueError("mmap closed or invalid")
        return self._data

    def _writable(self):
        data = self._mapped()
        if self._is_readonly:
            raise TypeError("mmap can't modify a readonly memory map.")
        return data

    def __buffer__(self, flags):
        view = memoryview(self._mapped())
        return view.toreadonly() if self._is_readonly else view

    def __len__(self):
        return len(self._mapped())

    def __getitem__(self, at):
        found = self._mapped()[at]
        return bytes(found) if isinstance(at, slice) else found

    def __setitem__(self, at, value):
        data = self._writable()
        if isinstance(at, slice) and len(data[at]) != len(value):
            raise IndexError("mmap slice assignment is wrong size")
        data[at] = value

    def __iter__(self):
        return (bytes((one,)) for one in self._mapped())

    def __contains__(self, what):
        return what in self._mapped()

    def __enter__(self):
        self._mapped()
        return self

    def __exit__(self, *exception):
        self.close()

    @property
    def closed(self):
        return self._data is None

    def close(self):
        if self._data is not None:
            self.flush()
            if self._fd is not None:
                _os.close(self._fd)
            self._data = self._fd = None

    def __del__(self):
        if getattr(self, "_data", None) is not None:
            self.close()

    def flush(self, offset=0, size=None, /):
        data = self._mapped()
        if self._fd is not None:
            end = len(data) if size is None else offset + size
            while offset < end:
                offset += _os.pwrite(self._fd, data[offset:end], self._offset + offset)

    def size(self):
        self._mapped()
        return len(self._data) if self._fd is None else _os.fstat(self._fd).st_size

    def tell(self):
        self._mapped()
        return self._at

    def seek(self, pos, whence=0, /):
        at = pos + (0, self._at, len(self._mapped()))[whence]
        if not 0 <= at <= len(self._data):
            raise ValueError("seek out of range")
        self._at = at
        return at

    def seekable(self):
        return True

    def read(self, n=None, /):
        end = len(self) if n is None or n < 0 else self._at + n
        found = self[self._at : end]
        self._at += len(found)
        return found

    def read_byte(self):
        if self._at >= len(self):
            raise ValueError("read byte out of range")
        return self.read(1)[0]

    def readline(self):
        end = self._mapped().find(b"\n", self._at)
        return self.read(None if end < 0 else end + 1 - self._at)

    def write(self, bytes, /):
        data, view = self._writable(), memoryview(bytes).cast("B")
        if self._at + len(view) > len(data):
            raise ValueError("data out of range")
        data[self._at : self._at + len(view)] = view
        self._at += len(view)
        return len(view)

    def write_byte(self, byte, /):
        self.write(bytes((byte,)))

    def find(self, sub, start=None, end=None, /):
        return self._mapped().find(sub, self._at if start is None else start, end)

    def rfind(self, sub, start=None, end=None, /):
        return self._mapped().rfind(sub, self._at if start is None else start, end)

    def move(self, dest, src, count, /):
        data = self._writable()
        if min(dest, src, count) < 0 or max(dest, src) + count > len(data):
            raise ValueError("source, destination, or count out of range")
        data[dest : dest + count] = data[src : src + count]

    def resize(self, newsize, /):
        data = self._writable()
        if self._fd is not None:
            _os.ftruncate(self._fd, self._offset + newsize)
        data[newsize:] = bytes(max(0, newsize - len(data)))

    def madvise(self, option, start=0, length=None, /):
        self._mapped()
