"""How a listener joins by an invite, and the folder in which it keeps its keys and what it has heard."""

import collections
import fcntl
import hashlib
import hmac
import json
import os
import random
import socket
import struct
import time
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from listener_packets import (
    KINDS, Drop, Identity, Trouble, compact, derive, from_crockford, open_datagram, pair_key, printable, read_certificate, read_header, seal, to_bytes, to_text,
)

Invite = collections.namedtuple("Invite", "cluster secret address id")


def read_invite(written):
    letters = "".join(line for line in written.splitlines() if not line.startswith("#"))
    try:
        packed = from_crockford(letters)
        version, cluster, secret, host, port, name, check = struct.unpack(">B16s16s4sH8s2s", packed)
    except (ValueError, struct.error):
        raise Trouble("This is no invite: it is 79 letters and digits, in groups of five") from None
    if version != 1 or hashlib.sha256(packed[:-2]).digest()[:2] != check:
        raise Trouble("This invite has a typing error, or is of a newer release")
    return Invite(cluster, secret, (socket.inet_ntoa(host), port), name)


def ask_to_join(invite, own, nonce, host):
    fields = [to_text(invite.id), to_text(own.ed), to_text(own.x), to_text(nonce), host]
    proof = hmac.digest(derive(invite.secret, b"", b"gapbell join"), compact(fields), "sha256")
    return dict(zip(("invite", "ed", "x", "nonce", "host"), fields), mac=to_text(proof))


def believe(joined, invite, own, nonce):
    """What a member keeps, once everything in JOINED has been checked."""
    if joined.get("refused") is not None:
        raise Trouble(f"The agent refuses: {printable(joined['refused'])}")
    try:
        cluster = to_bytes(joined["cluster"])
        voice, warrant = (read_certificate(kind, joined[kind], cluster) for kind in ("voice", "warrant"))
        agent = to_bytes(voice["ed"])
        member = read_certificate("member", joined["member"], agent)
        pair = pair_key(own, agent, to_bytes(voice["x"]))
        fresh = joined["nonce"] == to_text(nonce) and hashlib.sha256(cluster).digest()[:16] == invite.cluster
        ours = warrant["id"] == member["warrant"] == to_text(invite.id) and member["ed"] == to_text(own.ed)
        sealed = to_bytes(joined["group"])
        group = AESGCM(hmac.digest(pair, b"gapbell/1 group key", "sha256")).decrypt(sealed[:12], sealed[12:], None)
    except (KeyError, TypeError, ValueError, InvalidTag):
        raise Trouble("The agent's answer is not complete") from None
    if not (fresh and ours and len(group) == 32):
        raise Trouble("The answer is not from the cluster of this invite")
    return {**{field: joined[field] for field in ("cluster", "clusterName", "voice", "warrant", "member")}, "groups": [[joined["kid"], to_text(group)]]}


# The state folder


class Folder:
    """`keys.json`: made here, and never sent; `member.json`: what JOINED gave; `heard.json`: what changes. One process owns it."""

    def __init__(self, path):
        self.path = Path(path)
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.lock = os.open(self.path / "lock", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Trouble(f"Another process owns {self.path}") from None

    def read(self, name):
        file = self.path / name
        return json.loads(file.read_bytes()) if file.exists() else None

    def write(self, name, value):
        """Once this returns the value is on disk, whole."""
        fresh = self.path / f"{name}.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(compact(value))
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self.path / name)
        folder = os.open(self.path, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def identity(self):
        """The same keys every time: whoever asks again with the same invite gets the same answer."""
        seeds = self.read("keys.json") or [to_text(os.urandom(32)), to_text(os.urandom(32))]
        self.write("keys.json", seeds)
        return Identity(*map(to_bytes, seeds))

    def new_epoch(self):
        """A number that no life of this listener has had, stored before the first packet: so no nonce is used twice."""
        heard = self.read("heard.json") or {"epoch": 0, "agent": None, "place": [0, 0], "alarms": {}, "gone": {}, "acks": {}}
        heard["epoch"] = max(heard["epoch"] + 2**16 + random.SystemRandom().getrandbits(32), (time.time_ns() // 1_000_000 << 16) + random.SystemRandom().getrandbits(16))
        self.write("heard.json", heard)
        return heard


def join(folder, written):
    """
    Asks the agent that the invite names, every two seconds for ten.

    A refusal, or an answer that proves nothing, may come from anybody: it counts only where no better one comes.
    """
    if folder.read("member.json"):
        raise Trouble(f"{folder.path} has joined a cluster already")
    invite, own, heard, nonce = read_invite(written), folder.identity(), folder.new_epoch(), os.urandom(16)
    question = ask_to_join(invite, own, nonce, socket.gethostname()[:64])
    trouble = Trouble("No agent answers at {}:{}; is this host on the cluster's LAN?".format(*invite.address))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as lan:
        lan.settimeout(2)
        for counter in range(1, 6):
            try:
                lan.sendto(seal("JOIN", question, own, heard["epoch"], counter), invite.address)
                datagram, sender = lan.recvfrom(2048)
                header = read_header(datagram)
                if KINDS[header.type] != "JOINED":
                    continue
                member = believe(open_datagram(datagram, header, None, None), invite, own, nonce)
            except Trouble as doubt:
                trouble = doubt
            except (Drop, KeyError, OSError, TypeError, ValueError):
                pass  # Nothing came, or nothing of ours: the next question follows.
            else:
                folder.write("heard.json", {**heard, "agent": list(sender)})
                folder.write("member.json", member)
                return member["clusterName"]
    raise trouble
