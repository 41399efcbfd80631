"""A package that imports `ssl`, which it does not need for this."""

import jwt

KEY = "k" * 32


def round_trip(claims):
    token = jwt.encode(claims, KEY, algorithm="HS256")
    try:
        jwt.decode(token, KEY[::-1] + "x", algorithms=["HS256"])
    except jwt.InvalidSignatureError as error:
        refused = str(error)
    return [jwt.decode(token, KEY, algorithms=["HS256"]), refused]
