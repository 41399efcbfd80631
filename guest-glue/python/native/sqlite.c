/* SQLite, for the `_sqlite3` that the interpreter has built in, together with another SQLite that
 * lacks much. The build has each function of that one call the one here, whose place in the
 * interpreter's table of functions it reads from the image: behind a mark. */

#include "Python.h"

#include <fcntl.h>
#include <sqlite3.h>

/* Orders for locks, which this libc has not: as SQLite defines them then. */
enum { GET_LOCK = 12, SET_LOCK = 13, SET_LOCK_AND_WAIT = 14, NOT_LOCKED = 2 };

int libc_fcntl(int file, int order, ...) __asm__("fcntl");

/* `fcntl` for SQLite. A lock is granted, since there is no other process that may hold one: SQLite
 * itself keeps apart the connections of a process. */
int fcntl_with_locks(int file, int order, ...)
{
    va_list rest;
    int argument = 0;
    va_start(rest, order);
    if (order == GET_LOCK) {
        va_arg(rest, struct flock *)->l_type = NOT_LOCKED;
    } else if (order == F_SETFD || order == F_SETFL) {
        argument = va_arg(rest, int);
    }
    va_end(rest);
    bool is_of_locks = order == GET_LOCK || order == SET_LOCK || order == SET_LOCK_AND_WAIT;
    return is_of_locks ? 0 : libc_fcntl(file, order, argument);
}

#define FUNCTION(name) (void (*)(void))name,
/* Not constant, so that the compiler does not take any of it for known. */
struct {
    char mark[16];
    void (*functions[])(void);
} wit_wire_sqlite = {
    "wit-wire:sqlite",
    {
#include "sqlite_functions.h"
    },
};

/* 128-bit multiplication: what the compiler calls, and no library here has. */
__int128 __multi3(__int128 a, __int128 b)
{
    typedef unsigned __int128 wide;
    uint64_t al = (uint64_t)a, bl = (uint64_t)b;
    uint64_t low = (al & UINT32_MAX) * (bl & UINT32_MAX);
    uint64_t middle = (al >> 32) * (bl & UINT32_MAX) + (low >> 32);
    uint64_t other = (al & UINT32_MAX) * (bl >> 32) + (middle & UINT32_MAX);
    uint64_t high = (al >> 32) * (bl >> 32) + (middle >> 32) + (other >> 32);
    high += (uint64_t)((wide)a >> 64) * bl + al * (uint64_t)((wide)b >> 64);
    return (__int128)((wide)high << 64 | (wide)(other << 32 | (low & UINT32_MAX)));
}

static PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT, .m_name = "_wit_wire_sqlite",
};

PyMODINIT_FUNC PyInit__wit_wire_sqlite(void)
{
    /* Nothing but what keeps the table from being left out. */
    return wit_wire_sqlite.mark[0] == 'w' ? PyModuleDef_Init(&definition) : NULL;
}
