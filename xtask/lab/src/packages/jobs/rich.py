import io

from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel
from rich.progress import track
from rich.syntax import Syntax
from rich.table import Table
from rich.tree import Tree


def _console(**options):
    return Console(file=io.StringIO(), width=60, legacy_windows=False, **options)


def tables(given=[[1, 2], ["ž日本", 3]]):
    """Draws a table, a tree, a panel and Markdown as text."""
    console = _console(color_system=None, force_terminal=False)
    table = Table("a", "b", title="T")
    for cells in given:
        table.add_row(*map(str, cells))
    tree = Tree("root")
    tree.add("x").add("y")
    for part in (table, tree, Panel("[bold]in[/] a panel"), Markdown("# Head\n* x\n* y\n\n`code`")):
        console.print(part)
    return console.file.getvalue()


def coloured(given="def f(x): return x + 1  # add"):
    """Prints source in colours."""
    console = _console(color_system="truecolor", force_terminal=True)
    console.print(Syntax(given, "python"))
    console.print({"a": [1, None, True]}, "[red]x[/red] https://a.org")
    return console.file.getvalue()


def progress(given=3):
    """Counts along a progress bar that nobody sees."""
    return list(track(range(given), console=_console(quiet=True)))
