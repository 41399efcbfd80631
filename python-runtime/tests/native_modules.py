"""What the extension modules do, each function as JSON."""

import io


def foreign(_):
    """Data that other programs have compressed."""
    import bz2
    import lzma
    from base64 import b64decode
    from compression import zstd

    made = {
        bz2: "QlpoOTFBWSZTWf4O6FEAAAYRgEAALkxYgCAAIgGgaEDQNCMgWNzj1qW8XckU4UJD+DuhRA==",
        lzma: "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAPcGFja2VkIGVsc2V3aGVyZQA7u8LdEMMhsQABKBDlC2xgH7bzfQEAAAAABFla",
        zstd: "KLUv/SAQgQAAcGFja2VkIGVsc2V3aGVyZQ==",
    }
    return [module.decompress(b64decode(data)).decode() for module, data in made.items()]


def piece_by_piece(_):
    import bz2
    import lzma
    from compression import zstd

    data = bytes(range(256)) * 2000
    found = {}
    for name, compressor, decompressor in [
        ("bz2", bz2.BZ2Compressor(), bz2.BZ2Decompressor()),
        ("lzma", lzma.LZMACompressor(), lzma.LZMADecompressor()),
        ("zstd", zstd.ZstdCompressor(), zstd.ZstdDecompressor()),
    ]:
        parts = [compressor.compress(data[at : at + 999]) for at in range(0, len(data), 999)]
        packed = b"".join([*parts, compressor.flush()]) + b"behind"
        got, at = bytearray(), 0
        while not decompressor.eof:
            part = packed[at : at + 70] if decompressor.needs_input else b""
            at += len(part)
            out = decompressor.decompress(part, max_length=1000)
            assert len(out) <= 1000
            got += out
        unused = decompressor.unused_data + packed[at:]
        found[name] = [got == data, unused.decode(), len(packed) < len(data) / 50]
    return found


def wrong(_):
    import bz2
    import lzma
    from compression import zstd

    attempts = [
        lambda: bz2.decompress(b"no bz2 at all"),
        lambda: bz2.decompress(bz2.compress(b"cut")[:-1]),
        lambda: bz2.BZ2Compressor(10),
        lambda: lzma.decompress(b"no xz at all"),
        lambda: lzma.LZMACompressor(preset=12),
        lambda: lzma.LZMACompressor(filters=[{"id": 1}]),
        lambda: lzma.LZMADecompressor(memlimit=1).decompress(lzma.compress(b"x")),
        lambda: zstd.decompress(b"no zstd at all"),
        lambda: zstd.compress(b"", level=10**9),
    ]
    return [error_of(attempt) for attempt in attempts]


def error_of(attempt):
    try:
        attempt()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def archives(_):
    import tarfile
    import zipfile

    data = b"text that repeats, " * 1000
    found = []
    for kind in ["gz", "bz2", "xz", "zst"]:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode=f"w:{kind}") as archive:
            info = tarfile.TarInfo("text")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        file.seek(0)
        with tarfile.open(fileobj=file) as archive:
            found.append(archive.extractfile("text").read() == data)
    for kind in ["STORED", "DEFLATED", "BZIP2", "LZMA", "ZSTANDARD"]:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", getattr(zipfile, f"ZIP_{kind}")) as archive:
            archive.writestr("text", data)
        with zipfile.ZipFile(file) as archive:
            found.append(archive.read("text") == data)
    return found


def dictionary(_):
    from compression import zstd

    samples = [b"order %d of customer %d" % (n, n * 7) for n in range(400)]
    trained = zstd.train_dict(samples, 1000)
    with_it = zstd.compress(samples[7], zstd_dict=trained)
    return [
        len(with_it) < len(zstd.compress(samples[7])),
        zstd.decompress(with_it, zstd_dict=trained).decode(),
    ]


def database(rows):
    import sqlite3

    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)")
    names = ((f"name {n * 7919 % rows:08}" * 3,) for n in range(rows))
    db.executemany("INSERT INTO t(b) VALUES(?)", names)
    db.commit()
    found = {}
    for name, query in {
        "sorted": "SELECT b FROM t ORDER BY b DESC LIMIT 1",
        "grouped": "SELECT count(*) FROM (SELECT b FROM t GROUP BY b)",
        "local": "SELECT datetime('2026-03-01 12:00', 'localtime')",
        "utc": "SELECT datetime('2026-03-01 12:00', 'utc')",
        "computed": "SELECT cast(sqrt(49) as int) + json_extract('{\"a\": 1}', '$.a')",
    }.items():
        found[name] = db.execute(query).fetchone()[0]
    db.execute("CREATE INDEX i ON t(b)")
    db.execute("VACUUM")
    for kind in ["fts4", "fts5"]:
        db.execute(f"CREATE VIRTUAL TABLE {kind}_ USING {kind}(text)")
        db.execute(f"INSERT INTO {kind}_ VALUES ('a quick brown fox'), ('a lazy dog')")
        query = f"SELECT text FROM {kind}_ WHERE {kind}_ MATCH 'brown'"
        found[kind] = db.execute(query).fetchall()
    db.execute("CREATE VIRTUAL TABLE boxes USING rtree(id, left, right)")
    db.execute("INSERT INTO boxes VALUES (1, 0, 1), (2, 5, 9)")
    found["rtree"] = db.execute("SELECT id FROM boxes WHERE left > 2").fetchall()
    db.commit()
    copy = sqlite3.connect(":memory:", autocommit=False)
    db.backup(copy)
    again = sqlite3.connect(":memory:")
    again.deserialize(copy.serialize())
    found["copied"] = again.execute("SELECT count(*) FROM t").fetchone()[0]
    db.create_function("twice", 1, lambda value: value * 2)
    db.create_collation("backwards", lambda a, b: (a < b) - (a > b))
    query = "SELECT twice(b) FROM t WHERE a < 4 ORDER BY b COLLATE backwards"
    found["called"] = len(db.execute(query).fetchall())
    found["error"] = error_of(lambda: db.execute("SELECT missing"))
    found["old"] = sqlite3.sqlite_version_info < (3, 54)
    return found


def keys(_):
    """Keys of RFC 6070, RFC 7914, and others that OpenSSL made."""
    from hashlib import pbkdf2_hmac, scrypt

    return [
        pbkdf2_hmac("sha1", b"password", b"salt", 4096).hex(),
        pbkdf2_hmac("sha256", b"passwd", b"salt", 1, 64).hex(),
        pbkdf2_hmac("SHA512", b"x" * 200, b"salt", 3, 20).hex(),
        pbkdf2_hmac("sha3_256", b"password", b"salt", 3, 40).hex(),
        scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=16, dklen=64).hex(),
    ]


def no_keys(_):
    from hashlib import pbkdf2_hmac, scrypt

    attempts = [
        lambda: pbkdf2_hmac("nothing", b"", b"", 1),
        lambda: pbkdf2_hmac(b"sha1", b"", b"", 1),
        lambda: pbkdf2_hmac("sha1", b"", b"", 0),
        lambda: pbkdf2_hmac("sha1", b"", b"", 1, 0),
        lambda: scrypt(b"", salt=b"", n=3, r=8, p=1),
        lambda: scrypt(b"", salt=b"", n=1 << 20, r=8, p=1),
        lambda: scrypt(b"", salt=b"", n=2, r=0, p=1),
    ]
    return [error_of(attempt) for attempt in attempts]
