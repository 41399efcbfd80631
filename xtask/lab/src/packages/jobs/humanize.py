from datetime import timedelta

import humanize


def human(given=[0, 999, 1234567, 10**12]):
    """Says numbers, sizes and times as people do."""
    humanize.i18n.activate("de_DE")
    german = [humanize.naturaldelta(timedelta(days=3)), humanize.intword(10**9)]
    humanize.i18n.deactivate()
    return [
        [
            [
                humanize.intcomma(n),
                humanize.naturalsize(n, binary=True),
                humanize.intword(n),
                humanize.ordinal(n),
                humanize.precisedelta(timedelta(seconds=n % 10**7)),
            ]
            for n in given
        ],
        german,
    ]
