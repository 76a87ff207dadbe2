"""Roots of hardware makers, pinned by the SHA-256 of their SubjectPublicKeyInfo (RFC 7469, 2.4, without its base64).

A pin outlives a re-issued root certificate, and it is a fact, not somebody's file: the certificates themselves come
with the evidence.
"""

from clauseproof.hardware.x509chain import Anchor

YUBIHSM = Anchor(
    name="Yubico YubiHSM Root CA",
    spki_sha256="734a10b6b58ea57f63e5b9f6673a5ef6a075269d276a087e49f2756c2ea2582b",
    source="pinned from Yubico's published yubihsm2-attest-ca-crt.pem",
)
"""CN=Yubico YubiHSM Root CA, serial number 483300075, RSA 4096, valid from 2017-01-01 to 2071-10-05.

Published at developers.yubico.com/YubiHSM2/Concepts/Attestation.html as `yubihsm2-attest-ca-crt.pem`; the certificate's
own SHA-256 is 094a3ac493c2bdcd65a54bdf40190f52bb03f7156397a3fc69d8aa9a392fb724. Devices of Yubico's PKI of 2025 end in
another root, which it shares with other products; who needs it names it under `anchors` in the profile.
"""
