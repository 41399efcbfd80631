from mimesis import Generic, Locale
from mimesis.random import Random


def made_up(given=42):
    """Makes up data of several countries, by its files."""
    results = []
    for locale in (Locale.EN, Locale.CS, Locale.JA):
        generic = Generic(locale=locale, seed=given)
        results.append(
            [
                generic.person.full_name(),
                generic.address.city(),
                generic.finance.company(),
                generic.datetime.date().isoformat(),
            ]
        )
    return results
