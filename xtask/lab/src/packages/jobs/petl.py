import petl


def tables(given=[["n", "x"], ["a", "1"], ["b", "2"], ["a", "3"]]):
    """Converts, joins and aggregates tables."""
    table = petl.convert(given, "x", int)
    other = [["n", "m"], ["a", True]]
    return [
        [list(line) for line in each]
        for each in (
            petl.aggregate(table, "n", sum, "x"),
            petl.leftjoin(table, other, key="n"),
            petl.sort(table, "x", reverse=True),
        )
    ] + [str(petl.look(table))]


def files(given=[["n", "x"], ["a", "1"]]):
    """Writes a table as CSV to a file, and reads it."""
    import os
    import tempfile

    path = os.path.join(tempfile.mkdtemp(), "a.csv.gz")
    petl.tocsv(given, path)
    return [list(line) for line in petl.fromcsv(path)]
