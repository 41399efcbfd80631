import dns.message
import dns.name
import dns.reversename
import dns.zone

ZONE = "$ORIGIN example.\n$TTL 300\n@ SOA ns admin 1 2 3 4 5\n@ NS ns\nns A 10.0.0.1\nwww AAAA 2001:db8::1\n"


def messages(given=["www.example", "bücher.example"]):
    """Writes and reads messages, and reads a zone."""
    results = []
    for name in given:
        query = dns.message.make_query(dns.name.from_text(name), "A", id=1)
        results.append(
            [query.to_wire().hex(), str(dns.message.from_wire(query.to_wire()).question[0])]
        )
    zone = dns.zone.from_text(ZONE)
    return [
        results,
        sorted(f"{name} {record}" for name, _, record in zone.iterate_rdatas()),
        str(dns.reversename.from_address("2001:db8::1")),
    ]
