from itsdangerous import BadSignature, SignatureExpired, TimestampSigner, URLSafeSerializer


def signed(given={"id": 5, "name": "itsdangerous" * 5}):
    """Signs data, and refuses what was changed or is too old."""
    serializer = URLSafeSerializer("secret", salt="s")
    text = serializer.dumps(given)
    results = [text, serializer.loads(text)]
    signer = TimestampSigner("secret")
    for act in (
        lambda: serializer.loads(text + "x"),
        lambda: signer.unsign(signer.sign("a"), max_age=-1),
    ):
        try:
            results.append(act())
        except (SignatureExpired, BadSignature) as error:
            results.append(type(error).__name__)
    return results
