import pycountry


def countries(given="CZ"):
    """Looks up countries, currencies and languages in its data."""
    country = pycountry.countries.get(alpha_2=given)
    return [
        country.name,
        country.alpha_3,
        pycountry.currencies.get(alpha_3="CZK").numeric,
        pycountry.languages.get(alpha_2="cs").name,
        len(pycountry.subdivisions.get(country_code=given)),
        pycountry.countries.search_fuzzy("england")[0].alpha_2,
    ]
