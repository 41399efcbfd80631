from redis.connection import Connection
from redis.crc import key_slot
from redis.exceptions import ConnectionError, RedisError


def commands(given=["SET", "k", "ž", "EX", 5]):
    """Packs commands, finds slots, and has no line to a server."""
    import redis

    packed = [part.decode() for part in Connection().pack_command(*given)]
    pipeline = redis.Redis().pipeline().set("a", 1).incr("a")
    return [
        packed,
        key_slot(b"{user}.x"),
        [list(call[0]) for call in pipeline.command_stack],
        issubclass(ConnectionError, RedisError),
    ]
