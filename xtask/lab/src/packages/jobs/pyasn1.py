from pyasn1.codec.der import decoder, encoder
from pyasn1.type import namedtype, univ


class Record(univ.Sequence):
    componentType = namedtype.NamedTypes(
        namedtype.NamedType("id", univ.Integer()),
        namedtype.OptionalNamedType("name", univ.OctetString()),
    )


def encoded(given={"id": 5, "name": "ada"}):
    """Encodes records by DER, and decodes them."""
    record = Record()
    for name, value in given.items():
        record[name] = value
    data = encoder.encode(record)
    back, rest = decoder.decode(data, asn1Spec=Record())
    return [data.hex(), int(back["id"]), str(back["name"]), len(rest), back.prettyPrint()]
