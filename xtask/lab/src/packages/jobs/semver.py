import semver


def versions(given=["1.2.3-rc.1", "1.2.3", "1.10.0+b5", "1.2"]):
    """Compares and bumps versions."""
    results = []
    for text in given:
        try:
            version = semver.Version.parse(text)
            results.append(
                [str(version.bump_minor()), version.compare("1.2.3"), version.match(">=1.2.3")]
            )
        except ValueError as error:
            results.append(str(error))
    return results
