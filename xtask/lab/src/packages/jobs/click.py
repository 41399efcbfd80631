import click
from click.testing import CliRunner


@click.group()
@click.option("--loud/--quiet", default=False)
@click.pass_context
def _cli(context, loud):
    context.obj = loud


@_cli.command()
@click.argument("name")
@click.option("--count", type=click.IntRange(1, 3), default=1, show_default=True, help="How often.")
@click.pass_obj
def _greet(loud, name, count):
    for _ in range(count):
        click.secho(f"Hello {name}{'!' if loud else ''}", fg="green")


def commands(
    given=[
        ["--loud", "greet", "Ada", "--count", "2"],
        ["greet", "Ada", "--count", "9"],
        ["greet", "--help"],
        ["nope"],
    ]
):
    """Runs commands of a program, with help and errors."""
    _cli.commands["greet"] = next(iter(_cli.commands.values()))
    runner = CliRunner()
    results = [runner.invoke(_cli, words, prog_name="demo") for words in given]
    return [[result.exit_code, result.output] for result in results]
