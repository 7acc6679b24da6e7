# SPDX-License-Identifier: MIT
"""A TLS client as boto3 and pip are: does it accept our leaf for its own names, and only for those?

usage: x509_client.py CA.pem LEAF.pem KEY.pem; used by x509.c; talks to itself through memory, not through a network.
"""
import ssl
import sys

ca, leaf, key = sys.argv[1:4]
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(leaf, key)


def accepts(name, trust=ca):
    client = ssl.create_default_context(cafile=trust)
    client.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(down, up, server_hostname=name), server.wrap_bio(up, down, server_side=True)]
    for _ in range(10):
        waiting = []
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                waiting.append(end)
            except ssl.SSLCertVerificationError:
                return False
        if not waiting:
            return True
    raise RuntimeError("the handshake does not end")


assert accepts("localhost")
assert accepts("127.0.0.1")
assert not accepts("sts.amazonaws.com")
assert not accepts("127.0.0.2")
