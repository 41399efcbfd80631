from termcolor import colored


def colours(given=["red", "light_blue", (1, 2, 3)]):
    """Colours text."""
    return [
        colored(
            "x", tuple(name) if isinstance(name, list) else name, attrs=["bold"], force_color=True
        )
        for name in given
    ]
