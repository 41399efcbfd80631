import jwt

KEY = "k" * 32


def tokens(given={"sub": "ada", "n": 1}):
    """Signs tokens, reads them, and refuses other keys and old ones."""
    token = jwt.encode(given, KEY, algorithm="HS256")
    results = [token, jwt.decode(token, KEY, algorithms=["HS256"])]
    old = jwt.encode({"exp": 1}, KEY, algorithm="HS512")
    for text, key, algorithm in (
        (token, "x" * 32, "HS256"),
        (old, KEY, "HS512"),
        (token, KEY, "HS512"),
        ("a.b", KEY, "HS256"),
    ):
        try:
            results.append(jwt.decode(text, key, algorithms=[algorithm]))
        except jwt.InvalidTokenError as error:
            results.append([type(error).__name__, str(error)])
    return results
