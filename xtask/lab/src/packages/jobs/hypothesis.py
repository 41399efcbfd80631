from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import given as generated
from hypothesis import strategies as st

SETTINGS = settings(
    database=None,
    deadline=None,
    max_examples=50,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def shrunk(given=1000):
    """Finds the smallest example that breaks a property."""
    small = find(st.lists(st.integers()), lambda numbers: sum(numbers) >= given, settings=SETTINGS)
    seen = []

    @SETTINGS
    @generated(st.text(max_size=5), st.dictionaries(st.integers(0, 3), st.booleans()))
    def check(text, pairs):
        seen.append(1)
        assert text.encode().decode() == text

    check()
    return [small, len(seen) > 10]


def failing(given=10):
    """Reports a property that does not hold."""

    @settings(SETTINGS, phases=[Phase.generate, Phase.shrink], print_blob=False)
    @generated(st.integers())
    def check(n):
        assert n < given

    try:
        check()
    except AssertionError as error:
        return [note for note in error.__notes__ if note.startswith("Falsifying")][:1]
