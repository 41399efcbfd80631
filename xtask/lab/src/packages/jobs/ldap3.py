from ldap3 import MOCK_SYNC, Connection, Server
from ldap3.utils.conv import escape_filter_chars
from ldap3.utils.dn import parse_dn


def directory(given=[["ada", "x"], ["bob*", "y"]]):
    """Searches a directory that is a mock, and reads names."""
    connection = Connection(
        Server("mock"), user="cn=a,o=t", password="p", client_strategy=MOCK_SYNC
    )
    connection.strategy.add_entry("cn=a,o=t", {"userPassword": "p", "sn": "a"})
    for name, sn in given:
        connection.strategy.add_entry(f"cn={name},o=t", {"sn": sn, "objectClass": "person"})
    bound = connection.bind()
    connection.search("o=t", "(&(objectClass=person)(sn=x))", attributes=["sn"])
    return [
        bound,
        [entry.entry_dn for entry in connection.entries],
        escape_filter_chars("a*(b)"),
        [list(part) for part in parse_dn("cn=a\\,b,o=t")],
    ]
