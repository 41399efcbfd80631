import pathspec


def matched(given=["a.py", "build/x.o", "src/build/y", "keep.log", "z.log", "deep/er/a.tmp"]):
    """Matches paths by patterns as in .gitignore."""
    spec = pathspec.PathSpec.from_lines(
        "gitwildmatch", ["# comment", "/build/", "*.log", "!keep.log", "**/er/*.tmp"]
    )
    return [list(spec.match_files(given)), spec.match_file("x.log")]
