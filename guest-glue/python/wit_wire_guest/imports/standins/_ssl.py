"""A stand-in for _ssl, on which the library's `ssl` is built: contexts, but no connections.

The numbers are OpenSSL's.
"""

_REASON = "there are no sockets in the sandbox; use a hostcall instead"

OPENSSL_VERSION_INFO = _OPENSSL_API_VERSION = (3, 0, 0, 0, 0)
OPENSSL_VERSION_NUMBER = 0x30000000
OPENSSL_VERSION = f"OpenSSL 3.0.0 (a stand-in: {_REASON})"
_DEFAULT_CIPHERS = (
    "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"
)

HAS_SNI = HAS_ECDH = HAS_ALPN = HAS_TLSv1_2 = HAS_TLSv1_3 = True
HAS_NPN = HAS_SSLv2 = HAS_SSLv3 = HAS_TLSv1 = HAS_TLSv1_1 = HAS_PSK = HAS_PHA = HAS_PSK_TLS13 = (
    False
)

CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED = range(3)
PROTOCOL_SSLv2, PROTOCOL_SSLv3, PROTOCOL_TLS, PROTOCOL_TLSv1, PROTOCOL_TLSv1_1, PROTOCOL_TLSv1_2 = (
    range(6)
)
PROTOCOL_SSLv23 = PROTOCOL_TLS
PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER = 16, 17
PROTO_MINIMUM_SUPPORTED, PROTO_MAXIMUM_SUPPORTED = -2, -1
PROTO_SSLv3, PROTO_TLSv1, PROTO_TLSv1_1, PROTO_TLSv1_2, PROTO_TLSv1_3 = range(0x300, 0x305)

OP_ALL = 0x80000050
OP_LEGACY_SERVER_CONNECT = 0x4
OP_ENABLE_KTLS = 0x8
OP_IGNORE_UNEXPECTED_EOF = 0x80
OP_NO_TICKET = 0x4000
OP_SINGLE_DH_USE = OP_SINGLE_ECDH_USE = OP_NO_SSLv2 = 0
OP_NO_COMPRESSION = 0x20000
OP_ENABLE_MIDDLEBOX_COMPAT = 0x100000
OP_CIPHER_SERVER_PREFERENCE = 0x400000
OP_NO_SSLv3 = 0x2000000
OP_NO_TLSv1 = 0x4000000
OP_NO_TLSv1_2 = 0x8000000
OP_NO_TLSv1_1 = 0x10000000
OP_NO_TLSv1_3 = 0x20000000
OP_NO_RENEGOTIATION = 0x40000000

VERIFY_DEFAULT, VERIFY_CRL_CHECK_LEAF, VERIFY_CRL_CHECK_CHAIN, VERIFY_X509_STRICT = (
    0,
    0x4,
    0xC,
    0x20,
)
VERIFY_ALLOW_PROXY_CERTS, VERIFY_X509_TRUSTED_FIRST, VERIFY_X509_PARTIAL_CHAIN = (
    0x40,
    0x8000,
    0x80000,
)
HOSTFLAG_ALWAYS_CHECK_SUBJECT, HOSTFLAG_NEVER_CHECK_SUBJECT = 0x1, 0x20
HOSTFLAG_NO_WILDCARDS, HOSTFLAG_NO_PARTIAL_WILDCARDS = 0x2, 0x4
HOSTFLAG_MULTI_LABEL_WILDCARDS, HOSTFLAG_SINGLE_LABEL_SUBDOMAINS = 0x8, 0x10
ENCODING_PEM, ENCODING_DER = 1, 2

(
    SSL_ERROR_SSL, SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, SSL_ERROR_WANT_X509_LOOKUP, SSL_ERROR_SYSCALL,
    SSL_ERROR_ZERO_RETURN, SSL_ERROR_WANT_CONNECT, SSL_ERROR_EOF,
) = range(1, 9)  # fmt: skip
SSL_ERROR_INVALID_ERROR_CODE = 10

for _name, _number in {
    "CLOSE_NOTIFY": 0, "UNEXPECTED_MESSAGE": 10, "BAD_RECORD_MAC": 20, "RECORD_OVERFLOW": 22,
    "DECOMPRESSION_FAILURE": 30, "HANDSHAKE_FAILURE": 40, "BAD_CERTIFICATE": 42, "UNSUPPORTED_CERTIFICATE": 43,
    "CERTIFICATE_REVOKED": 44, "CERTIFICATE_EXPIRED": 45, "CERTIFICATE_UNKNOWN": 46, "ILLEGAL_PARAMETER": 47,
    "UNKNOWN_CA": 48, "ACCESS_DENIED": 49, "DECODE_ERROR": 50, "DECRYPT_ERROR": 51, "PROTOCOL_VERSION": 70,
    "INSUFFICIENT_SECURITY": 71, "INTERNAL_ERROR": 80, "USER_CANCELLED": 90, "NO_RENEGOTIATION": 100,
    "UNSUPPORTED_EXTENSION": 110, "CERTIFICATE_UNOBTAINABLE": 111, "UNRECOGNIZED_NAME": 112,
    "BAD_CERTIFICATE_STATUS_RESPONSE": 113, "BAD_CERTIFICATE_HASH_VALUE": 114, "UNKNOWN_PSK_IDENTITY": 115,
}.items():  # fmt: skip
    globals()[f"ALERT_DESCRIPTION_{_name}"] = _number

err_codes_to_names = {}
lib_codes_to_names = {}


class SSLError(OSError):
    """An error occurred in the SSL implementation."""

    __module__ = "ssl"

    library = reason = None

    def __str__(self):
        return str(self.strerror if self.strerror is not None else OSError.__str__(self))


def _error(name, *bases):
    return type(name, bases, {"__module__": "ssl"})


SSLZeroReturnError = _error("SSLZeroReturnError", SSLError)
SSLWantReadError = _error("SSLWantReadError", SSLError)
SSLWantWriteError = _error("SSLWantWriteError", SSLError)
SSLSyscallError = _error("SSLSyscallError", SSLError)
SSLEOFError = _error("SSLEOFError", SSLError)
SSLCertVerificationError = _error("SSLCertVerificationError", SSLError, ValueError)


def _kept(name):
    """A property that the library's subclass overrides, and calls."""
    name = f"_{name}"

    def put(self, value):
        setattr(self, name, value)

    return property(lambda self: getattr(self, name), put)


class _SSLContext:
    """What a context is told is kept; it connects nothing."""

    options = _kept("options")
    verify_flags = _kept("verify_flags")
    minimum_version = _kept("minimum_version")
    maximum_version = _kept("maximum_version")
    _msg_callback = _kept("message_callback")
    protocol = property(lambda self: self._protocol)

    def __new__(cls, protocol):
        self = super().__new__(cls)
        self._protocol = protocol
        is_client = protocol == PROTOCOL_TLS_CLIENT
        self._checks_host = is_client
        self._mode = CERT_REQUIRED if is_client else CERT_NONE
        self.options = OP_ALL | OP_NO_SSLv3 | OP_CIPHER_SERVER_PREFERENCE | OP_NO_COMPRESSION
        self.verify_flags = VERIFY_X509_TRUSTED_FIRST
        self.minimum_version = PROTO_TLSv1_2
        self.maximum_version = PROTO_MAXIMUM_SUPPORTED
        self.security_level = 2
        self.num_tickets = 2
        self.post_handshake_auth = False
        self.keylog_filename = None
        self.sni_callback = self._message_callback = None
        self._host_flags = HOSTFLAG_NO_PARTIAL_WILDCARDS
        self._certificates = 0
        return self

    @property
    def check_hostname(self):
        return self._checks_host

    @check_hostname.setter
    def check_hostname(self, checks):
        self._checks_host = bool(checks)
        if checks and self._mode == CERT_NONE:
            self._mode = CERT_REQUIRED

    @property
    def verify_mode(self):
        return self._mode

    @verify_mode.setter
    def verify_mode(self, mode):
        if mode not in (CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED):
            raise ValueError("invalid value for verify_mode")
        if mode == CERT_NONE and self._checks_host:
            raise ValueError("Cannot set verify_mode to CERT_NONE when check_hostname is enabled.")
        self._mode = mode

    def _accept(self, *args, **kwargs):
        pass

    set_ciphers = set_ecdh_curve = set_groups = _set_alpn_protocols = load_dh_params = _accept
    set_psk_client_callback = set_psk_server_callback = _accept
    load_cert_chain = set_default_verify_paths = _accept

    def load_verify_locations(self, cafile=None, capath=None, cadata=None):
        if cafile is None and capath is None and cadata is None:
            raise TypeError("cafile, capath and cadata cannot be all omitted")
        self._certificates += 1

    def cert_store_stats(self):
        return {"x509": self._certificates, "crl": 0, "x509_ca": self._certificates}

    def get_ca_certs(self, binary_form=False):
        return []

    def get_ciphers(self):
        return []

    def session_stats(self):
        names = "number connect connect_good connect_renegotiate accept accept_good accept_renegotiate hits misses timeouts cache_full"
        return dict.fromkeys(names.split(), 0)

    def _wrap_socket(self, *args, **kwargs):
        raise OSError(_REASON)

    _wrap_bio = _wrap_socket


class MemoryBIO:
    """Bytes that are written, and then read."""

    def __init__(self):
        self._data = bytearray()
        self._has_ended = False

    @property
    def pending(self):
        return len(self._data)

    @property
    def eof(self):
        return self._has_ended and not self._data

    def read(self, size=-1):
        size = len(self._data) if size < 0 else size
        data = bytes(self._data[:size])
        del self._data[:size]
        return data

    def write(self, data):
        if self._has_ended:
            raise SSLError("cannot write() after write_eof()")
        self._data += data
        return len(data)

    def write_eof(self):
        self._has_ended = True


class _Refusing:
    def __init__(self, *args, **kwargs):
        raise OSError(_REASON)


class _SSLSocket(_Refusing):
    pass


class SSLSession(_Refusing):
    __module__ = "_ssl"


class Certificate(_Refusing):
    pass


def RAND_bytes(length, /):
    import os

    return os.urandom(length)


def RAND_status():
    return True


def RAND_add(string, entropy, /):
    pass


def get_default_verify_paths():
    return ("SSL_CERT_FILE", "/etc/ssl/cert.pem", "SSL_CERT_DIR", "/etc/ssl/certs")


def get_sigalgs():
    return []


def _no_object(name):
    return ValueError(
        f"unknown object {name!r}: the stand-in for OpenSSL has two names of purposes"
    )


_OBJECTS = {
    "1.3.6.1.5.5.7.3.1": (129, "serverAuth", "TLS Web Server Authentication"),
    "1.3.6.1.5.5.7.3.2": (130, "clientAuth", "TLS Web Client Authentication"),
}


def txt2obj(txt, name=False):
    for oid, (number, short, long) in _OBJECTS.items():
        if txt == oid or (name and txt in (short, long)):
            return (number, short, long, oid)
    raise _no_object(txt)


def nid2obj(nid, /):
    for oid, (number, short, long) in _OBJECTS.items():
        if nid == number:
            return (number, short, long, oid)
    raise _no_object(nid)


def _test_decode_cert(path, /):
    raise OSError(_REASON)
