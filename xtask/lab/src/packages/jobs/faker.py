from faker import Faker


def made_up(given=42):
    """Makes up people of several countries from a seed."""
    results = []
    for code in ("en_US", "cs_CZ", "ja_JP"):
        fake = Faker(code)
        fake.seed_instance(given)
        results.append(
            [
                fake.name(),
                fake.address(),
                fake.company(),
                fake.email(),
                fake.iban(),
                fake.sentence(),
            ]
        )
    return results
