import pyotp


def passwords(given="JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"):
    """Makes passwords that hold once or for a while."""
    totp, hotp = pyotp.TOTP(given), pyotp.HOTP(given)
    return [
        totp.at(1234567890),
        totp.verify(totp.at(100), for_time=125, valid_window=1),
        [hotp.at(n) for n in range(3)],
        totp.provisioning_uri(name="ada@a.org", issuer_name="Shop"),
        len(pyotp.random_base32()),
    ]
