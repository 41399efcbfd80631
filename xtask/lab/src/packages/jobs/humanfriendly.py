import humanfriendly
from humanfriendly.tables import format_pretty_table


def human(given=["1.5 GB", "10 KiB", "2 weeks"]):
    """Reads and says sizes and times."""
    return [
        humanfriendly.parse_size(given[0]),
        humanfriendly.parse_size(given[1]),
        humanfriendly.parse_timespan(given[2]),
        humanfriendly.format_timespan(1234567),
        humanfriendly.format_size(12345678, binary=True),
        humanfriendly.concatenate(given),
        format_pretty_table([["a", 1]], ["n", "x"]),
    ]
