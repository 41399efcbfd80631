import rsa

KEY = rsa.PrivateKey(3247, 65537, 833, 191, 17)


def signatures(given="message"):
    """Makes keys, encrypts and signs."""
    public, private = rsa.newkeys(512)
    signature = rsa.sign(given.encode(), private, "SHA-256")
    return [
        rsa.verify(given.encode(), signature, public),
        rsa.decrypt(rsa.encrypt(given.encode(), public), private).decode(),
        KEY.save_pkcs1().decode(),
    ]
