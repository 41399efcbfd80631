import contextlib
import io
import os
import tempfile
import warnings

import pytest

TESTS = """
import pytest
@pytest.fixture
def number(tmp_path):
    (tmp_path / "x").write_text("4")
    return int((tmp_path / "x").read_text())
@pytest.mark.parametrize("n", [1, 2])
def test_passes(n, number):
    assert n < number
def test_fails():
    assert [1, 2] == [1, 3]
@pytest.mark.skip
def test_skipped():
    pass
def test_patched(monkeypatch, capsys):
    print("out")
    assert capsys.readouterr().out == "out\\n"
"""


def tests(given=TESTS):
    """Runs tests with fixtures from a file, and counts outcomes."""
    outcomes = []

    class Plugin:
        def pytest_runtest_logreport(self, report):
            if report.when == "call" or report.skipped:
                outcomes.append([report.nodeid.partition("::")[2], report.outcome])

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "test_job.py")
        with open(path, "w") as file:
            file.write(given)
        before = os.getcwd()
        os.chdir(folder)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                code = pytest.main(
                    [
                        "-q",
                        "-p",
                        "no:cacheprovider",
                        "-p",
                        "no:hypothesispytest",
                        "--capture=sys",
                        f"--basetemp={folder}/tmp",
                        path,
                    ],
                    plugins=[Plugin()],
                )
        finally:
            os.chdir(before)
    return [int(code), outcomes]


def helpers(given=0.1):
    """Uses what tests use outside of them."""
    with pytest.raises(ValueError, match="bad") as caught:
        raise ValueError("bad thing")
    with pytest.warns(UserWarning):
        warnings.warn("x")
    return [given + 0.2 == pytest.approx(0.3), str(caught.value), repr(pytest.approx(1.0))]
