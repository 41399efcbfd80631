from loguru import logger


def logged(given=["one", "two"]):
    """Logs to a function, with context, levels and tracebacks."""
    lines = []
    logger.remove()
    sink = logger.add(
        lines.append,
        format="{level} {extra} {message}",
        level="INFO",
        backtrace=False,
        diagnose=False,
    )
    for name in given:
        logger.bind(name=name).info("hello {}", name)
    logger.debug("not seen")
    with logger.catch(ZeroDivisionError):
        1 / 0
    logger.remove(sink)
    return [lines[:2], lines[2].splitlines()[-1], len(lines)]


def in_a_file(given=50):
    """Logs to files that are rotated and compressed."""
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        logger.remove()
        sink = logger.add(
            os.path.join(folder, "a.log"), rotation="1 KB", compression="gz", format="{message}"
        )
        for n in range(given):
            logger.info("line {} {}", n, "x" * 50)
        logger.remove(sink)
        return sorted({name.rpartition(".")[2] for name in os.listdir(folder)})
