from asn1crypto import core, pem, x509


def encoded(given={"common_name": "ada", "country_name": "CZ"}):
    """Encodes names and numbers by DER and PEM."""
    name = x509.Name.build(given)
    data = name.dump()
    return [
        data.hex(),
        x509.Name.load(data).human_friendly,
        pem.armor("X", data).decode(),
        core.ObjectIdentifier("1.2.840.113549").dump().hex(),
    ]
