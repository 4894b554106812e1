"""Keys, certificates and datagrams of the protocol "gapbell/1", as docs/protocol.md has them: no socket, no clock, no file."""

import base64
import collections
import hashlib
import hmac
import json
import struct
import zlib

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KINDS = {1: "BEACON", 2: "SEEK", 3: "HELLO", 4: "WELCOME", 5: "BYE", 6: "ALARM", 7: "STATE", 8: "RECEIPT", 9: "ACK", 10: "ACKED", 11: "FETCH",
         12: "DATA", 13: "JOIN", 14: "JOINED", 15: "COMMIT", 16: "PENDING", 17: "REKEY", 18: "REKEYED"}
TYPES = {kind: number for number, kind in KINDS.items()}
IN_CLEAR = {"BEACON", "SEEK", "JOIN", "JOINED", "COMMIT", "PENDING"}
HEADER = struct.Struct(">2sBBBBH8sQQ")
BROADCAST, AGAIN, DEFLATED = 1, 2, 8
SEALED, CLEAR = 1, 2
PAIR_KID = 0x8000
INFLATED_MOST, DEPTH_MOST, WINDOW = 16_384, 4, 1024
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Drop(Exception):
    """A datagram that is not for us; its text is the reason in the document's words."""


class Trouble(Exception):
    """What a person must put right, in a sentence."""


# Bytes and texts


def to_text(raw):
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def to_bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(value):
    """JSON as it is signed and sent: no spaces, nothing escaped that JSON does not demand."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def plain_crockford(text):
    """As it is written, whatever way a person has typed it."""
    return text.upper().translate(str.maketrans("OIL", "011", "- \t\r\n"))


def from_crockford(text):
    plain, value = plain_crockford(text), 0
    for letter in plain:
        value = value << 5 | CROCKFORD.index(letter)
    spare = len(plain) * 5 % 8
    return (value >> spare).to_bytes(len(plain) * 5 // 8, "big")


def to_crockford(raw):
    letters = -(-len(raw) * 8 // 5)
    value = int.from_bytes(raw, "big") << letters * 5 - len(raw) * 8
    return "".join(CROCKFORD[value >> 5 * at & 31] for at in reversed(range(letters)))


def printable(text):
    """What others wrote must not steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


# Keys


class Identity:
    """Both key pairs of one side, from their 32 bytes each."""

    def __init__(self, ed, x):
        self.signer, self.agreement = Ed25519PrivateKey.from_private_bytes(ed), X25519PrivateKey.from_private_bytes(x)
        self.ed, self.x = (key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) for key in (self.signer, self.agreement))
        self.id = sender_id(self.ed)


def sender_id(ed):
    return hashlib.sha256(ed).digest()[:8]


def derive(secret, salt, info):
    return HKDF(SHA256(), 32, salt, info).derive(secret)


def pair_key(own, their_ed, their_x):
    ids = sorted([own.id.hex(), sender_id(their_ed).hex()])
    try:
        secret = own.agreement.exchange(X25519PublicKey.from_public_bytes(their_x))
    except ValueError:
        raise Trouble("The agent's key gives no secret") from None
    return derive(secret, "".join(ids).encode(), b"gapbell/1 pair")


def traffic_key(secret, sender, epoch, kid):
    """@param secret the pair key or the group key"""
    return derive(secret, sender + struct.pack(">Q", epoch), b"gapbell/1 %04x" % kid)


def mark(key, label, content=b""):
    """The first 8 bytes of an HMAC: two sides compare what they have without saying it."""
    return to_text(hmac.digest(key, label + b"\0" + content, "sha256")[:8])


def is_signed(key, signature, signed):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
        return True
    except (InvalidSignature, ValueError):
        return False


def read_certificate(kind, text, issuer):
    """The fields of a certificate that `issuer` has signed."""
    raw = to_bytes(text)
    if not is_signed(issuer, raw[-64:], b"gapbell/1 " + kind.encode() + b"\0" + raw[:-64]):
        raise Trouble(f"The {kind} certificate is not signed as it must be")
    return json.loads(raw[:-64])


# Datagrams

Header = collections.namedtuple("Header", "magic version type flags suite kid sender epoch counter")


def seal(kind, body, own, epoch, counter, kid=0, secret=None, flags=0):
    """One datagram; in clear without `secret`."""
    header = HEADER.pack(b"GB", 1, TYPES[kind], flags, SEALED if secret else CLEAR, kid, own.id, epoch, counter)
    raw = compact(body)
    content = raw + own.signer.sign(b"gapbell/1\0" + header + raw)
    if not secret:
        return header + content
    return header + AESGCM(traffic_key(secret, own.id, epoch, kid)).encrypt(bytes(4) + header[24:32], content, header)


def read_header(datagram):
    if not 98 <= len(datagram) <= 1200:
        raise Drop("too short" if len(datagram) < 98 else "too long")
    header = Header(*HEADER.unpack_from(datagram))
    if header.magic != b"GB":
        raise Drop("foreign")
    if header.version != 1:
        raise Drop("older version" if header.version < 1 else "newer version")
    if header.type not in KINDS:
        raise Drop("unknown type")
    if header.suite not in (SEALED, CLEAR):
        raise Drop("unknown suite")
    if header.suite == CLEAR and KINDS[header.type] not in IN_CLEAR:
        raise Drop("seal")
    return header


def open_datagram(datagram, header, secret, signer):
    """
    The body of a datagram that is genuine.

    @param secret the pair or group key that `header.kid` names; unused in clear
    @param signer the sender's Ed25519 key; None: the one in the body
    """
    content = datagram[32:]
    if header.suite == SEALED:
        try:
            content = AESGCM(traffic_key(secret, header.sender, header.epoch, header.kid)).decrypt(bytes(4) + datagram[24:32], content, datagram[:32])
        except InvalidTag:
            raise Drop("seal") from None
    raw, signature = content[:-64], content[-64:]
    signed = b"gapbell/1\0" + datagram[:32] + raw
    if header.suite == SEALED and not is_signed(signer, signature, signed):
        raise Drop("signature")
    body = read_body(inflate(raw) if header.flags & DEFLATED else raw)
    if header.suite == CLEAR:
        named = to_bytes(body["key"]) if signer is None else signer
        if sender_id(named) != header.sender:
            raise Drop("unknown sender")
        if not is_signed(named, signature, signed):
            raise Drop("signature")
    return body


def inflate(raw):
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflater.decompress(raw, INFLATED_MOST)
    except zlib.error:
        raise Drop("does not inflate") from None
    if not inflater.eof or inflater.unused_data:
        raise Drop("does not inflate")
    return content


def read_body(raw):
    try:
        body = json.loads(raw.decode())
    except (ValueError, RecursionError):
        raise Drop("not JSON") from None
    if depth_of(body) > DEPTH_MOST:
        raise Drop("too deep")
    if not isinstance(body, dict):
        raise Drop("wrong form")
    return body


def depth_of(value):
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if parts is None else 1 + max(map(depth_of, parts), default=0)


class Window:
    """The counters of one epoch that are still fresh: 1,024 behind the highest one."""

    def __init__(self, counter):
        self.highest, self.seen = counter, (1 << WINDOW) - 1

    def is_fresh(self, counter):
        behind = self.highest - counter
        return behind < 0 or behind < WINDOW and not self.seen >> behind & 1

    def commit(self, counter):
        if counter > self.highest:
            ahead = min(counter - self.highest, WINDOW)
            self.seen, self.highest = self.seen << ahead & (1 << WINDOW) - 1, counter
        self.seen |= 1 << self.highest - counter
