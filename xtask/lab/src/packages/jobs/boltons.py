from boltons import dictutils, iterutils, statsutils, strutils, timeutils


def useful(given=[3, 1, 4, 1, 5, 9, 2, 6]):
    """Uses helpers for lists, texts, dictionaries and statistics."""
    multi = dictutils.OMD([("a", 1), ("b", 2), ("a", 3)])
    return [
        list(iterutils.windowed(given, 3))[:2],
        iterutils.chunked(given, 3),
        iterutils.remap({"a": [1, None]}, visit=lambda path, key, value: value is not None),
        strutils.slugify("Ahoj, Světe!", ascii=True).decode(),
        strutils.bytes2human(12345678),
        multi.getlist("a"),
        statsutils.median(given),
        str(timeutils.decimal_relative_time.__name__),
    ]
