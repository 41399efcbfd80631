from passlib.hash import md5_crypt, pbkdf2_sha256, sha512_crypt


def hashes(given="password"):
    """Hashes passwords in the formats of Unix, and checks them."""
    return [
        md5_crypt.using(salt="abcdefgh").hash(given),
        sha512_crypt.using(salt="abcdefgh", rounds=1000).hash(given),
        pbkdf2_sha256.using(salt=b"12345678", rounds=1000).hash(given),
        sha512_crypt.verify("x", sha512_crypt.using(rounds=1000).hash(given)),
    ]
