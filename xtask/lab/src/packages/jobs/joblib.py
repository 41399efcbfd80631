import os
import tempfile

import joblib


def parallel(given=[1, 2, 3, 4]):
    """Maps in threads and one after the other."""
    work = [joblib.delayed(pow)(n, 2) for n in given]
    return [joblib.Parallel(n_jobs=1)(work), joblib.Parallel(n_jobs=2, prefer="threads")(work)]


def kept(given={"a": [1, 2]}):
    """Keeps results and objects in files, compressed."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.gz")
        joblib.dump(given, path)
        return [joblib.load(path), joblib.hash(given)]
