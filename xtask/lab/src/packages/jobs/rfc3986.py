import rfc3986
from rfc3986.exceptions import ValidationError
from rfc3986.validators import Validator


def checked(given=["HTTP://a.org:80/%7ex/../y", "ftp://a@b", "//x"]):
    """Normalises and checks addresses."""
    check = (
        Validator()
        .allow_schemes("http", "https")
        .require_presence_of("scheme", "host")
        .forbid_use_of_password()
    )
    results = []
    for text in given:
        uri = rfc3986.uri_reference(text)
        try:
            check.validate(uri)
            results.append(uri.normalize().unsplit())
        except ValidationError as error:
            results.append(type(error).__name__)
    return results
