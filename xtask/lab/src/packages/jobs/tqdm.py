import io

from tqdm import tqdm


def bar(given=5):
    """Counts along a bar, which it writes to a file of its own."""
    file = io.StringIO()
    total = sum(tqdm(range(given), file=file, ascii=True, ncols=60))
    return [
        total,
        "100%" in file.getvalue(),
        tqdm.format_meter(3, 10, 2, ncols=60, ascii=True),
        tqdm.format_sizeof(12345, "B", 1024),
    ]
