from email_validator import EmailNotValidError, validate_email


def checked(given=["ada@example.com", "žluť@bücher.de", "a@b", "a b@c.org", "x@[127.0.0.1]"]):
    """Checks and normalises addresses."""
    results = []
    for text in given:
        try:
            found = validate_email(text, check_deliverability=False, test_environment=True)
            results.append([found.normalized, found.ascii_domain])
        except EmailNotValidError as error:
            results.append(str(error))
    return results
