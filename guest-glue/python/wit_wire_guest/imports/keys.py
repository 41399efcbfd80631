"""Keys from passwords: what `hashlib` has of OpenSSL elsewhere, over a module in C."""

MAX = 2**31 - 1

# What OpenSSL lets scrypt have unless it is told otherwise, in bytes.
SCRYPT_MEMORY = 32 << 20


def add_to(hashlib):
    """Puts the functions into `hashlib`, which imports what is behind them when they are called."""

    def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
        """Password based key derivation function 2 (PKCS #5 v2.0) with HMAC as pseudorandom function."""
        if not isinstance(hash_name, str):
            kind = type(hash_name).__name__
            raise TypeError(f"pbkdf2_hmac() argument 'hash_name' must be str, not {kind}")
        try:
            digest = hashlib.new(hash_name).digest_size
        except ValueError:
            digest = 0
        if not digest:
            raise ValueError(f"unsupported hash type {hash_name}")
        _check("iteration value", iterations)
        if dklen is None:
            dklen = digest
        _check("key length", dklen)
        from _wit_wire_kdf import pbkdf2

        name = hash_name.lower()
        key = pbkdf2(name, password, salt, iterations, dklen)
        return key if key is not None else _derived(name, password, salt, iterations, dklen)

    def scrypt(password, *, salt, n, r, p, maxmem=0, dklen=64):
        """scrypt password-based key derivation function."""
        if n < 2 or n & (n - 1):
            raise ValueError("n must be a power of 2.")
        if not 0 <= maxmem <= MAX:
            raise ValueError(f"maxmem must be positive and smaller than {MAX}")
        if not 1 <= dklen <= MAX:
            raise ValueError(f"dklen must be greater than 0 and smaller than {MAX}")
        memory = 128 * r * (p + n + 2)
        if (
            r < 1
            or p < 1
            or r * p >= 2**30
            or (r < 4 and n >= 1 << 16 * r)
            or memory > (maxmem or SCRYPT_MEMORY)
        ):
            raise ValueError("Invalid parameter combination for n, r, p, maxmem.")
        from _wit_wire_kdf import mix, pbkdf2

        blocks = pbkdf2("sha256", password, salt, 1, 128 * r * p)
        return pbkdf2("sha256", password, mix(blocks, n, r), 1, dklen)

    for function in (pbkdf2_hmac, scrypt):
        function.__qualname__, function.__module__ = function.__name__, hashlib.__name__
        setattr(hashlib, function.__name__, function)
        hashlib.__all__ += (function.__name__,)


def _check(what, number):
    if number < 1:
        raise ValueError(f"{what} must be greater than 0.")
    if number > MAX:
        raise OverflowError(f"{what} is too great.")


def _derived(name, password, salt, iterations, size):
    """The same with a hash that the module in C has not."""
    import hmac

    def mac(message):
        keyed = empty.copy()
        keyed.update(message)
        return keyed.digest()

    empty = hmac.new(bytes(password), None, name)
    key = b""
    block = 0
    while len(key) < size:
        block += 1
        last = mac(bytes(salt) + block.to_bytes(4, "big"))
        total = int.from_bytes(last, "big")
        for _ in range(iterations - 1):
            last = mac(last)
            total ^= int.from_bytes(last, "big")
        key += total.to_bytes(len(last), "big")
    return key[:size]
