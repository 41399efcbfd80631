import certifi


def bundle(given="-----BEGIN CERTIFICATE-----"):
    """Finds its bundle of certificates as a file and as text."""
    with open(certifi.where()) as file:
        text = file.read()
    return [
        text == certifi.contents(),
        text.count(given) > 100,
        certifi.where().endswith("cacert.pem"),
    ]
