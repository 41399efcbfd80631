import hashlib

from ecdsa import NIST256p, BadSignatureError, Ed25519, SigningKey
from ecdsa.util import sigencode_der


def signatures(given="message"):
    """Signs with elliptic curves, the same each time."""
    key = SigningKey.from_secret_exponent(12345678901234567890, NIST256p, hashlib.sha256)
    signature = key.sign_deterministic(given.encode())
    try:
        key.verifying_key.verify(signature, b"other")
        refused = None
    except BadSignatureError as error:
        refused = str(error)
    edwards = SigningKey.from_string(bytes(range(32)), curve=Ed25519)
    return [
        signature.hex(),
        key.sign_deterministic(given.encode(), sigencode=sigencode_der).hex(),
        refused,
        key.verifying_key.to_pem().decode(),
        edwards.sign(given.encode()).hex(),
    ]
