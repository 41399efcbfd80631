import io
import logging

import structlog


def logged(given={"user": "ada", "n": 1}):
    """Logs with context, as JSON and as text."""
    output = io.StringIO()
    logger = structlog.wrap_logger(
        structlog.PrintLogger(output),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
    )
    with structlog.contextvars.bound_contextvars(request=7):
        logger.bind(**given).warning("event", x=[1])
    logger.info("later")
    text = structlog.dev.ConsoleRenderer(colors=False)(None, "info", {"event": "e", **given})
    return [output.getvalue().splitlines(), text, logging.WARNING]
