import defusedxml.ElementTree
from defusedxml import DefusedXmlException

BOMB = '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><x>&c;</x>'
FILE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'


def refused(given=["<a><b/></a>", BOMB, FILE]):
    """Reads XML, and refuses entities."""
    results = []
    for text in given:
        try:
            results.append(
                [element.tag for element in defusedxml.ElementTree.fromstring(text).iter()]
            )
        except DefusedXmlException as error:
            results.append(str(error))
    return results
