import os
import tempfile

from tinydb import Query, TinyDB


def kept(given=[{"n": 1, "t": ["a"]}, {"n": 2, "t": ["b"]}, {"n": 3}]):
    """Keeps documents in a file and asks for them."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "db.json")
        with TinyDB(path) as database:
            database.insert_multiple(given)
            asked = Query()
            database.update({"n": 9}, asked.t.any(["b"]))
        with TinyDB(path) as database:
            return [database.all(), database.search(asked.n > 1), database.count(asked.t.exists())]
