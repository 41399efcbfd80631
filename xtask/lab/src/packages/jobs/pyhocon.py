from pyhocon import ConfigFactory, HOCONConverter


def configuration(
    given='a { b = 1, c = ${a.b}, d = [1, 2] }\na.e = "x" ${a.b}\n// note\nt = 10 seconds',
):
    """Reads HOCON with substitutions, and writes it as JSON."""
    config = ConfigFactory.parse_string(given)
    return [
        config["a.c"],
        config.get_list("a.d"),
        config["a"]["e"],
        HOCONConverter.to_json(config["a"]),
    ]
