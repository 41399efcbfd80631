import io
import os
import tempfile

import dotenv


def values(given="A=1\nexport B='x y'\nC=\"${A}\\n\" # c\nD\nE=${F:-none}\n"):
    """Reads variables from a text and a file, and changes one."""
    path = os.path.join(tempfile.mkdtemp(), ".env")
    with open(path, "w") as file:
        file.write(given)
    dotenv.set_key(path, "A", "2")
    return [
        dotenv.dotenv_values(stream=io.StringIO(given)),
        dotenv.dotenv_values(path)["A"],
        dotenv.get_key(path, "B"),
    ]
