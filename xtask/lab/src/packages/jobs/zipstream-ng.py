import io
import zipfile

from zipstream import ZIP_DEFLATED, ZipStream


def streamed(given={"a.txt": "hello" * 100, "b/č.txt": "x"}):
    """Streams an archive."""
    stream = ZipStream(compress_type=ZIP_DEFLATED)
    for name, text in given.items():
        stream.add(text, name)
    with zipfile.ZipFile(io.BytesIO(b"".join(stream))) as archive:
        return [[name, archive.read(name).decode() == given[name]] for name in archive.namelist()]
