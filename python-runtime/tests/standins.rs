//! Modules and names that the interpreter is built without, which packages import: what can be done
//! without a network, processes and a terminal works, and the rest says why it does not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use python_runtime::{Function, PythonError, PythonRuntime, PythonSource};
use serde_json::{Value, json};

const SOURCE: &str = r#"
import asyncio, concurrent.futures, concurrent.futures.process, datetime, errno, fcntl, getpass, grp
import http.client, locale, mmap, multiprocessing, multiprocessing.synchronize, os, pty, pwd, random
import resource, signal, smtplib, ssl, syslog, termios, time, threading, tty, urllib.request

def attempt(what):
    return eval(what)

def at(format):
    return datetime.datetime(2024, 3, 5, 7, 8, 9).strftime(format)

def mapped():
    with mmap.mmap(-1, 16) as memory:
        memory.write(b"hello\nworld")
        memory.seek(0)
        memory[6:11] = b"there"
        line = memory.readline().decode()
        return [line, memory.find(b"there"), memory[0], len(memory), bytes(memoryview(memory)[6:11]).decode()]

def context():
    made = ssl.create_default_context()
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.set_alpn_protocols(["h2"])
    strict = made.verify_mode.name, made.check_hostname, made.protocol.name
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return [strict, made.minimum_version.name, made.verify_mode.name, made.maximum_version.name]
"#;

async fn attempt() -> Function {
    let runtime = PythonRuntime::builder().build().unwrap();
    let source = PythonSource::def("attempt", SOURCE);
    runtime.function(source).await.unwrap()
}

#[tokio::test]
async fn what_needs_more_than_there_is_says_so() {
    let sockets = "there are no sockets in the sandbox";
    let processes = "there are no processes in the sandbox";
    let terminals = "there are no terminals in the sandbox";
    let attempt = attempt().await;
    for (what, kind, why) in [
        (
            "urllib.request.urlopen('https://example.com')",
            "URLError",
            sockets,
        ),
        (
            "http.client.HTTPSConnection('x').request('GET', '/')",
            "OSError",
            sockets,
        ),
        ("smtplib.SMTP_SSL('x')", "OSError", sockets),
        (
            "ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO())",
            "OSError",
            sockets,
        ),
        (
            "asyncio.run(asyncio.open_connection('example.com', 443, ssl=True))",
            "OSError",
            sockets,
        ),
        (
            "asyncio.run(asyncio.create_subprocess_exec('ls'))",
            "OSError",
            processes,
        ),
        ("os.system('ls')", "OSError", processes),
        ("os.fork()", "OSError", processes),
        ("os.waitpid(-1, 0)", "ChildProcessError", processes),
        ("os.kill(12345, 9)", "ProcessLookupError", processes),
        ("multiprocessing.Pool(2)", "OSError", processes),
        (
            "multiprocessing.Process(target=print).start()",
            "OSError",
            processes,
        ),
        ("multiprocessing.Lock()", "OSError", processes),
        (
            "concurrent.futures.ProcessPoolExecutor()",
            "OSError",
            processes,
        ),
        ("os.pipe()", "OSError", "there are no pipes in the sandbox"),
        ("termios.tcgetattr(0)", "error", terminals),
        ("tty.setraw(0)", "error", terminals),
        ("pty.openpty()", "OSError", "out of pty devices"),
        (
            "resource.setrlimit(resource.RLIMIT_NOFILE, (1, 1))",
            "OSError",
            "the host sets them",
        ),
        (
            "signal.pause()",
            "OSError",
            "nothing sends a signal in the sandbox",
        ),
        (
            "locale.setlocale(locale.LC_ALL, 'de_DE.UTF-8')",
            "Error",
            "unsupported locale setting",
        ),
        ("pwd.getpwnam('root')", "KeyError", "name not found"),
    ] {
        let error = attempt.call::<_, Value>(&what).await.unwrap_err();
        let error = PythonError::of(&error).unwrap_or_else(|| panic!("{what}: {error}"));
        assert_eq!(error.ty, kind, "{what}: {error}");
        assert!(error.to_string().contains(why), "{what}: {error}");
    }
}

#[tokio::test]
async fn what_one_process_and_one_user_can_do_works() {
    let attempt = attempt().await;
    for (what, expected) in [
        (
            "context()",
            json!([
                ["CERT_REQUIRED", true, "PROTOCOL_TLS_CLIENT"],
                "TLSv1_3",
                "CERT_NONE",
                "MAXIMUM_SUPPORTED"
            ]),
        ),
        (
            "[issubclass(ssl.SSLCertVerificationError, kind) for kind in (ssl.SSLError, OSError, ValueError)]",
            json!([true, true, true]),
        ),
        ("mapped()", json!(["hello\n", 6, 104, 16, "there"])),
        (
            "[os.getuid(), os.getppid(), os.umask(0o77), os.umask(0)]",
            json!([1000, 1, 18, 63]),
        ),
        (
            "[len(os.getrandom(3)), list(os.sched_getaffinity(0)), os.cpu_count()]",
            json!([3, [0], 1]),
        ),
        (
            "[os.register_at_fork(before=print), os.kill(os.getpid(), 0), os.get_terminal_size().columns]",
            json!([null, null, 80]),
        ),
        (
            "[os.WEXITSTATUS(0x300), os.waitstatus_to_exitcode(9), os.WIFEXITED(0)]",
            json!([3, -9, true]),
        ),
        (
            "[getpass.getuser(), pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name]",
            json!(["user", "user", "user"]),
        ),
        (
            "[errno.EHOSTDOWN == errno.ENOTCONN, errno.errorcode[errno.EHOSTDOWN], len({errno.EADV, errno.ETIME, errno.EPIPE, errno.ESHUTDOWN})]",
            json!([false, "EHOSTDOWN", 4]),
        ),
        (
            "[signal.signal(signal.SIGALRM, lambda *_: None) is signal.SIG_DFL, signal.alarm(1), signal.getsignal(signal.SIGALRM) is not None]",
            json!([true, 0, true]),
        ),
        (
            "[time.tzset(), time.thread_time() >= 0, time.process_time() <= time.process_time()]",
            json!([null, true, true]),
        ),
        (
            "[threading.get_native_id() > 0, locale.gettext('text'), fcntl.LOCK_EX]",
            json!([true, "text", 2]),
        ),
        (
            "[locale.setlocale(locale.LC_ALL, locale.setlocale(locale.LC_ALL)) != '', locale.setlocale(locale.LC_ALL, 'C')]",
            json!([true, "C"]),
        ),
        (
            "[10**9 <= n < 10**10 for n in random.sample(range(10**9, 10**10), 2)]",
            json!([true, true]),
        ),
        (
            "random.choice(range(10**10, 10**10 + 1))",
            json!(10_000_000_000_u64),
        ),
        (
            "resource.getrlimit(resource.RLIMIT_NOFILE)",
            json!([-1, -1]),
        ),
        (
            "[signal.SIGKILL in signal.valid_signals(), multiprocessing.cpu_count()]",
            json!([true, 1]),
        ),
    ] {
        let found = attempt.call::<_, Value>(&what).await;
        let found = found.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(found, expected, "{what}");
    }
}

/// What glibc gives for each: `guest-glue/python/tests/test_strftime.py` asks it.
#[tokio::test]
async fn dates_are_formatted_as_glibc_does() {
    let attempt = attempt().await;
    for (format, expected) in [
        ("abc %k def", "abc  7 def"),
        ("%Y: 100 %", "2024: 100 %"),
        ("%l|%-k|%3k|%0l|%P|%-I%P", " 7|7|  7|07|am|7am"),
        ("%^a %^B %#b %#p %^P", "TUE MARCH MAR am am"),
        (
            "%Q %! %N %+ %5d|%_5d|%-5d|%10a|%010a",
            "%Q %! %N %+ 00005|    5|    5|       Tue|0000000Tue",
        ),
        ("%%k %%%P %10Y %_d %-d %e", "%k %am 0000002024  5 5  5"),
        ("%j %U %W %V %G %u %s", "065 09 10 10 2024 2 1709622489"),
        ("%F %T %f", "2024-03-05 07:08:09 000000"),
        ("caf\u{e9} %^h", "caf\u{e9} MAR"),
    ] {
        let found: String = attempt.call(&format!("at({format:?})")).await.unwrap();
        assert_eq!(found, expected, "{format}");
    }
    for (what, expected) in [
        ("f'{datetime.date(2024, 3, 5):%-d. %^b %P}'", "5. MAR am"),
        ("datetime.time(7).strftime('%k:%M %')", " 7:00 %"),
        ("time.strftime('%k %Q', time.gmtime(0))", " 0 %Q"),
    ] {
        let found: String = attempt.call(&what).await.unwrap();
        assert_eq!(found, expected, "{what}");
    }
}
