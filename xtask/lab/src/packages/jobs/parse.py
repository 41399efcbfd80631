import parse


def read(given="Ada was born 1815-12-10 and has 3.5 points"):
    """Reads values by formats."""
    found = parse.parse("{name} was born {day:tg} and has {n:f} points", given) or parse.parse(
        "{name} was born {day} and has {n:f} points", given
    )
    return [
        found.named,
        [one.fixed[0] for one in parse.findall("{:d}", "a 1 b 2")],
        parse.parse("{:d}", "x"),
        parse.search("<{tag}>", "x<b>y").named,
    ]
