import phonenumbers
from phonenumbers import carrier, geocoder, timezone


def numbers(given=["+420 601 123 456", "020 8366 1177", "12", "+1 650-253-0000"]):
    """Reads telephone numbers, and tells whose they are."""
    results = []
    for text in given:
        try:
            number = phonenumbers.parse(text, "GB")
        except phonenumbers.NumberParseException as error:
            results.append(str(error))
            continue
        results.append(
            [
                phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
                phonenumbers.is_valid_number(number),
                geocoder.description_for_number(number, "en"),
                carrier.name_for_number(number, "en"),
                list(timezone.time_zones_for_number(number)),
            ]
        )
    return results
