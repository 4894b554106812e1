#!/usr/bin/env python3
"""
A second, independent listener for Gapbell, written from docs/protocol.md alone: an example of the protocol, to be read beside it.

It joins by an invite, finds the agent, shows alarms on the terminal, gives receipts and acknowledges. What a listener may leave
out it leaves out: joining by approval, rules of its own, TCP, multicast, rates of signatures, a second agent. It needs Linux,
Python 3.9 and the package `cryptography` (Debian: python3-cryptography), and the two files beside it.

    gapbell-agent invite --operator li --file li.gapbell       # on the agent's host
    python3 listener.py --state li join < li.gapbell
    python3 listener.py --state li run

While it runs it reads from standard input: `list`, and `ack ID [COMMENT]` with the first characters of an ID. Ctrl-C ends it.
"""

import argparse
import collections
import hashlib
import math
import os
import random
import selectors
import signal
import socket
import struct
import sys
import time

from listener_joining import Folder, join
from listener_packets import (
    AGAIN, BROADCAST, KINDS, PAIR_KID, SEALED, WINDOW, Drop, Trouble, Window, from_crockford, mark, open_datagram, pair_key, plain_crockford, printable,
    read_certificate, read_header, seal, sender_id, to_bytes, to_text,
)

FROM_AGENT = {"BEACON", "WELCOME", "ALARM", "STATE", "ACKED", "DATA", "REKEY"}
BEFORE_PROOF = {"BEACON", "WELCOME", "ALARM"}  # All else is believed only of an epoch that a WELCOME has proven.
OF_ANY_EPOCH = {"BEACON", "WELCOME"}
FOR_ALL = {"BEACON", "ALARM", "STATE"}
SEVERITIES = ["critical", "major", "indeterminate", "minor", "warning"]
OUTCOMES = {"taken": "taken", "already": "already taken", "recorded": "recorded, and the clock runs on", "refused": "refused"}
HELLO_S, DEAF_S, LAG_S, LIST_S, COPY_S, SHOW_S = 20, 75, 1, 5, 1, 0.1
ACK_PAUSES_S = [0.3, 0.7, 2, 5, 12, 30]
RECEIPTS_IN_ONE, RECEIPTS_PAUSE_S = 12, 1 / 15
GROUP_KEYS_KEPT = 3
IP_PKTINFO = 8  # Of linux/in.h: by which interface a datagram leaves.


class Listener:
    """
    One member that hears one agent.

    Each round it decides (`take`, `typed`), writes (`save`) and speaks (the duties that are due), in this order: so nothing is said
    that a crash could make untrue. `due` says when each duty is to be done next, by the name of its method.
    """

    def __init__(self, folder, options):
        self.folder, self.options, self.member = folder, options, folder.read("member.json")
        if not self.member:
            raise Trouble(f"{folder.path} has joined no cluster; do that first, with join")
        cluster = to_bytes(self.member["cluster"])
        self.cluster = to_text(hashlib.sha256(cluster).digest()[:16])
        self.own = folder.identity()
        self.voice, self.warrant = (read_certificate(kind, self.member[kind], cluster) for kind in ("voice", "warrant"))
        self.agent_key = to_bytes(self.voice["ed"])
        self.pair = pair_key(self.own, self.agent_key, to_bytes(self.voice["x"]))
        self.serial = read_certificate("member", self.member["member"], self.agent_key)["serial"]
        self.seat = "robot" if self.warrant["robot"] or options.ack_all is not None else options.seat
        # Stored: our epoch, the agent's address, its epoch and highest counter, and by their ids what is open, over, and not yet confirmed.
        self.heard, self.changed = folder.new_epoch(), set()
        self.alarms, self.gone, self.acks = (self.heard[part] for part in ("alarms", "gone", "acks"))
        # Of the agent, in this life of the process.
        self.window, self.believed, self.heard_at, self.silent = Window(self.heard["place"][1]), False, time.monotonic(), False
        self.beacon, self.greet_at, self.hello_at, self.nonces, self.seek_nonce = None, None, 0, collections.deque(maxlen=4), ""
        self.list, self.listed_at, self.must_list = {}, -math.inf, True
        # Of what is to be said and shown.
        self.counter, self.drops, self.tries = 0, collections.Counter(), collections.Counter()
        self.owed, self.given, self.ack_due, self.new_keys, self.printed, self.rest = {}, {}, dict.fromkeys(self.acks, 0), set(), {}, b""
        self.due = {"seek": 0, "show": 0, "say_acks": 0}

    def run(self):
        """Until Ctrl-C or SIGTERM."""
        print(f"Listening to {self.member['clusterName']} for {self.warrant['operator']}", flush=True)
        with open_socket(self.options.broadcast_port) as ear, open_socket(0) as self.lan, selectors.PollSelector() as sources:
            for source, read in ((ear, self.datagrams), (self.lan, self.datagrams), (sys.stdin, self.lines)):
                sources.register(source, selectors.EVENT_READ, read)
            try:
                while True:
                    self.round(sources)
            except KeyboardInterrupt:
                self.say("BYE", {"why": "ended by its operator"})
                print(f"Goodbye. Datagrams dropped: {dict(self.drops)}", flush=True)

    def round(self, sources):
        for key, _ in sources.select(max(0, min(self.due.values()) - time.monotonic())):
            if not key.data(key.fileobj):
                sources.unregister(key.fileobj)
        self.save()
        now = time.monotonic()
        for duty in [duty for duty, at in self.due.items() if at <= now]:
            del self.due[duty]
            getattr(self, duty)(now)

    def save(self):
        for name in self.changed:
            self.folder.write(name, self.heard if name == "heard.json" else self.member)
        self.changed.clear()

    def soon(self, duty, seconds=0.0):
        """After so many seconds, or sooner where that was said before."""
        at = time.monotonic() + seconds
        self.due[duty] = min(self.due.get(duty, at), at)

    def again(self, duty, first, most):
        """After twice the pause each time, until its `tries` are set back."""
        self.due[duty] = time.monotonic() + min(most, first * 2 ** min(self.tries[duty], 16))
        self.tries[duty] += 1

    def touch(self):
        """Something has changed: it is stored in this round, and shown with what else comes at the same time."""
        self.changed.add("heard.json")
        self.soon("show", SHOW_S)

    # What is heard

    def datagrams(self, source):
        for _ in range(256):
            try:
                datagram, sender = source.recvfrom(2048)
            except OSError:
                break
            try:
                self.take(datagram, sender)
            except (Drop, Trouble) as reason:
                self.drops[str(reason)] += 1
            except (AttributeError, KeyError, TypeError, ValueError, struct.error):
                self.drops["wrong form"] += 1
        return True

    def take(self, datagram, sender):
        """In the order of "Receiving"; only a genuine datagram moves the window."""
        header = read_header(datagram)
        kind, epoch = KINDS[header.type], self.heard["place"][0]
        age = "fresh" if header.epoch == epoch else "newer" if header.epoch > epoch else "older"
        if header.sender == self.own.id:
            raise Drop("own echo")
        if kind not in FROM_AGENT:
            raise Drop("wrong direction")
        if header.sender != sender_id(self.agent_key) or sender[1] == 0:
            raise Drop("unknown sender")
        if age == "older" and kind not in OF_ANY_EPOCH or age == "fresh" and not self.window.is_fresh(header.counter):
            raise Drop("replay")
        secret = self.pair if header.kid == PAIR_KID else self.group_key(header.kid)
        if header.suite == SEALED and secret is None:
            raise Drop("unknown key")
        body = open_datagram(datagram, header, secret, self.agent_key)
        if age == "fresh":
            self.window.commit(header.counter)
            self.heard["place"][1], self.heard_at = self.window.highest, time.monotonic()
        if kind not in FOR_ALL and header.kid != PAIR_KID:
            raise Drop("not sealed for the pair")
        if kind not in BEFORE_PROOF and not (age == "fresh" and self.believed):
            raise Drop("not proven to be of now")
        getattr(self, f"hear_{kind.lower()}")(body, header, sender, age == "fresh")

    def hear_beacon(self, body, header, sender, fresh):
        if body["cluster"] != self.cluster:
            raise Drop("unknown sender")
        if body.get("unknown") == self.seek_nonce != "":
            print("The agent does not know this listener any more: join anew, with another --state", flush=True)
        another = self.beacon is None or body["challenge"] != self.beacon["challenge"]
        self.beacon, self.greet_at = body, (sender[0], body["port"])
        unsure = not (fresh and self.believed) or self.tries["hello"] > 0 or self.group_key(body["kid"]) is None
        if unsure and another or "hello" not in self.due:
            self.due["hello"] = max(time.monotonic(), self.hello_at + 1)
        if fresh and self.believed and body["open"] != self.open_mark():
            self.soon("fetch", LAG_S)

    def hear_welcome(self, body, header, sender, fresh):
        """Only one that echoes our nonce is of now."""
        if body["nonce"] not in self.nonces:
            raise Drop("welcome to nothing asked")
        voice = read_certificate("voice", body["voice"], to_bytes(self.member["cluster"]))
        if voice["ed"] != self.voice["ed"] or voice["serial"] < self.voice["serial"]:
            raise Drop("welcome not believed")
        if voice["serial"] > self.voice["serial"]:
            self.voice, self.member["voice"] = voice, body["voice"]
            self.changed.add("member.json")
        self.nonces.clear()
        self.tries["hello"], self.heard_at, self.heard["agent"] = 0, time.monotonic(), list(sender)
        self.due["hello"] = self.heard_at + HELLO_S
        epoch, counter = int(body["epoch"]), int(body["counter"])
        if not self.believed or epoch != self.heard["place"][0]:
            self.adopt(epoch, counter)

    def adopt(self, epoch, counter):
        """The agent speaks now, in this epoch: what was shown of it as not verified is."""
        self.believed, self.window, self.heard["place"] = True, Window(counter), [epoch, counter]
        for id, alarm in self.alarms.items():
            if not alarm["verified"] and alarm["place"][0] == epoch:
                alarm["verified"] = True
                self.owe(id)
        self.must_list, self.listed_at, self.due["fetch"] = True, -math.inf, 0
        self.ack_due = dict.fromkeys(self.acks, 0)
        self.soon("say_acks")
        self.touch()

    def hear_alarm(self, body, header, sender, fresh):
        for said in body["alarms"]:
            self.take_alarm(said, [header.epoch, header.counter], fresh)

    def take_alarm(self, said, place, verified):
        id, known = said["id"], self.alarms.get(said["id"])
        if is_later(self.gone.get(id), place) or known and known["verified"] and not verified:
            return
        if known and is_later(known["place"], place):
            return self.owe(id)
        before = known or {"rung": 0, "seen": 0, "answered": -1, "standing": ""}
        if known and verified and known["place"][0] != place[0] and said["ring"] < before["rung"]:
            before = {**before, "rung": 0, "seen": 0}  # An agent restored from an older file counts its rings anew.
        mine = said["to"] == ["*"] or self.warrant["operator"] in said["to"]
        self.alarms[id] = {
            **before, "revision": said["revision"], "ring": said["ring"], "nonce": said["nonce"], "place": place, "verified": verified, "mine": mine,
            "rings": mine and not said.get("quiet"), "taken": bool(said.get("quiet")), "standing": (before["standing"] or "somebody has it") if said.get("quiet") else "",
            "order": [SEVERITIES.index(said["severity"]), said["at"], said["module"], said["item"], id], "words": alarm_words(said),
        }
        self.owe(id)
        self.touch()
        if self.options.ack_all is not None and self.alarms[id]["rings"] and verified and before["answered"] < said["revision"]:
            self.acknowledge(id, self.options.ack_all)

    def hear_state(self, body, header, sender, fresh):
        place = [header.epoch, header.counter]
        for state in body["states"]:
            id, known = state["id"], self.alarms.get(state["id"])
            if state["condition"] == "cleared":
                self.forget(id, place, "cleared")
            elif known is None and not is_later(self.gone.get(id), place) or known and state["ring"] > known["ring"]:
                self.must_list = True
                self.soon("fetch", LAG_S)
            elif known and not is_later(known["place"], place):
                known.update(place=place, standing=state_words(state), taken=state["attention"] != "unacknowledged")
                known["rings"] = known["mine"] and not known["taken"]
                self.touch()

    def forget(self, id, place, why):
        """It is open no more, and what was said before does not bring it back: as long as the window lets that in."""
        known = self.alarms.get(id)
        if is_later(self.gone.get(id), place) or known and is_later(known["place"], place):
            return
        self.gone = self.heard["gone"] = {other: at for other, at in self.gone.items() if at[0] == place[0] and at[1] + WINDOW > place[1]}
        self.gone[id] = place
        if known:
            print(f"  [{id[:6]}] {why}: {known['words']}", flush=True)
            del self.alarms[id]
            self.printed.pop(id, None)
            for level in ("receipt", "seen"):
                self.owed.pop((id, level), None)
                self.given.pop((id, level), None)
        self.touch()

    def hear_data(self, body, header, sender, fresh):
        """One piece of the list of what is open."""
        if body["what"] != "open" or "fetch" not in self.due:
            return
        if self.list.get("digest") != body["digest"]:
            self.list = {"digest": body["digest"], "began": header.counter, "pieces": {}}
        self.list["began"] = min(self.list["began"], header.counter)
        self.list["pieces"][int(body["piece"])] = to_bytes(body["bytes"])
        self.due["fetch"] = time.monotonic() + 2
        whole = b"".join(piece for _, piece in sorted(self.list["pieces"].items()))
        if to_text(hashlib.sha256(whole).digest()) == body["digest"]:
            self.take_list(whole, [header.epoch, self.list["began"]])

    def take_list(self, marks, began):
        """What it does not name and was not said after it began is open no more."""
        del self.due["fetch"]
        self.listed_at, self.must_list, self.tries["fetch"] = time.monotonic(), False, 0
        named = {marks[at:at + 16] for at in range(0, len(marks), 24)}
        for id in [id for id in self.alarms if from_crockford(id) not in named]:
            self.forget(id, began, "open no more")

    def hear_acked(self, body, header, sender, fresh):
        id, by, reason = body["id"], printable(body["by"]), printable(body["reason"])
        if id in self.acks and self.acks[id]["revision"] == body["revision"]:
            del self.acks[id]
            print(f"  [{id[:6]}] {OUTCOMES[body['outcome']]}" + (f" by {by}" if by else "") + (f": {reason}" if reason else ""), flush=True)
            self.touch()

    def hear_rekey(self, body, header, sender, fresh):
        kid, key = body["kid"], body["key"]
        if not 1 <= kid < PAIR_KID or len(to_bytes(key)) != 32:
            raise Drop("wrong form")
        self.member["groups"] = ([group for group in self.member["groups"] if group[0] != kid] + [[kid, key]])[-GROUP_KEYS_KEPT:]
        self.changed.add("member.json")
        self.new_keys.add(kid)
        self.soon("say_rekeyed")

    # What a person types

    def lines(self, source):
        more = os.read(source.fileno(), 4096)
        *whole, self.rest = (self.rest + more).split(b"\n")
        for line in whole:
            self.typed(line.decode(errors="replace"))
        return more != b""

    def typed(self, line):
        verb, prefix, comment = (line.split(maxsplit=2) + ["", "", ""])[:3]
        if verb == "list":
            self.printed.clear()
            self.soon("show")
        elif verb == "ack":
            named = [id for id in self.alarms if prefix and id.startswith(plain_crockford(prefix))]
            if len(named) == 1:
                return self.acknowledge(named[0], comment)
            print(f"{len(named)} open alarms begin with \"{printable(prefix)}\"; one must", flush=True)
        elif verb:
            print("Type `list`, or `ack ID COMMENT`", flush=True)

    def acknowledge(self, id, comment):
        """Stored before it is said, and said until the agent answers."""
        alarm = self.alarms[id]
        alarm["answered"] = alarm["revision"]
        self.acks[id] = {"id": id, "revision": alarm["revision"], "nonce": alarm["nonce"], "comment": printable(comment).strip()[:200], "robot": self.seat == "robot"}
        self.ack_due[id] = self.tries[id] = 0
        self.soon("say_acks")
        self.touch()

    # What is said

    def say(self, kind, body, sealed="pair", to=None, flags=0):
        """One datagram: to `to`, else to the agent; and to all with the flag BROADCAST."""
        self.counter += 1
        kid, key = {"pair": (PAIR_KID, self.pair), "group": self.newest_key(), "clear": (0, None)}[sealed]
        datagram = seal(kind, body, self.own, self.heard["epoch"], self.counter, kid, key, flags)
        try:
            self.lan.sendto(datagram, tuple(to or self.heard["agent"]))
        except OSError:
            pass  # The network is away; whatever matters is said again.
        if flags & BROADCAST:
            broadcast(self.lan, datagram, self.options)

    def seek(self, now):
        silent = now - self.heard_at > DEAF_S
        if silent != self.silent:
            print("The agent is not heard: alarms may be missed" if silent else "The agent is heard again", flush=True)
            self.silent = silent
        if self.believed and not silent and self.tries["hello"] < 3:
            self.tries["seek"], self.due["seek"] = 0, now + 5
            return
        self.seek_nonce = to_text(os.urandom(8))
        self.say("SEEK", {"nonce": self.seek_nonce, "key": to_text(self.own.ed), "pad": "." * 760}, "clear", flags=BROADCAST)
        self.again("seek", 1, 30)

    def hello(self, now):
        self.nonces.append(to_text(os.urandom(8)))
        epoch, counter = self.heard["place"]
        group = self.group_key(self.beacon["kid"])
        self.say("HELLO", {
            "nonce": self.nonces[-1], "challenge": self.beacon["challenge"], "versions": [1, 1],
            "serial": self.serial, "host": socket.gethostname()[:64], "seat": self.seat,
            "heard": {"epoch": str(epoch), "counter": str(counter)}, "open": self.open_mark(), "rules": "", "build": "listener.py",
            "group": mark(group, b"gapbell group mark") if group else "",
        }, to=self.greet_at)
        self.hello_at = now
        self.again("hello", 1, HELLO_S)

    def fetch(self, now):
        if not self.must_list and self.beacon["open"] == self.open_mark():
            return
        if now < self.listed_at + LIST_S:
            self.due["fetch"] = self.listed_at + LIST_S
            return
        self.list = {}
        self.say("FETCH", {"what": "open"})
        self.again("fetch", 2, 30)

    def owe(self, id):
        """A receipt, for what is this operator's and is proven; the same one again after a second at the soonest."""
        alarm = self.alarms[id]
        level = "seen" if alarm["seen"] == alarm["ring"] else "receipt"
        receipt = {"id": id, "revision": alarm["revision"], "ring": alarm["ring"], "level": level}
        given, at = self.given.get((id, level), (None, 0))
        if alarm["mine"] and alarm["verified"] and (receipt != given or at + COPY_S < time.monotonic()):
            self.owed[id, level] = receipt
            self.soon("say_receipts", random.random() * self.beacon["jitterMs"] / 1000 if self.beacon else 0)

    def say_receipts(self, now):
        """The worst alarm's first; `receipt` before `seen`."""
        owed = sorted(self.owed, key=lambda key: (self.alarms[key[0]]["order"], key[1]))
        receipts = [self.owed.pop(key) for key in owed[:RECEIPTS_IN_ONE]]
        if receipts:
            self.say("RECEIPT", {"receipts": receipts})
            self.given.update(((receipt["id"], receipt["level"]), (receipt, now)) for receipt in receipts)
            self.due["say_receipts"] = now + RECEIPTS_PAUSE_S

    def say_acks(self, now):
        self.ack_due = {id: at for id, at in self.ack_due.items() if id in self.acks}
        for id in [id for id, at in self.ack_due.items() if at <= now]:
            flags = AGAIN if self.tries[id] else 0
            self.say("ACK", self.acks[id], flags=flags)
            if self.tries[id] >= 3:
                self.say("ACK", self.acks[id], "group", flags=flags | BROADCAST)
            self.ack_due[id] = now + ACK_PAUSES_S[min(self.tries[id], len(ACK_PAUSES_S) - 1)]
            self.tries[id] += 1
        if self.ack_due:
            self.due["say_acks"] = min(self.ack_due.values())

    def say_rekeyed(self, now):
        for kid in self.new_keys:
            self.say("REKEYED", {"kid": kid})
        self.new_keys.clear()

    # What is shown

    def show(self, now):
        """What reads differently from when it was last shown, in the order of the document, with a bell where it rings."""
        for id, alarm in sorted(self.alarms.items(), key=lambda pair: pair[1]["order"]):
            rings = alarm["rings"] and alarm["ring"] > alarm["rung"]
            notes = [note for note, holds in (
                ("not verified", not alarm["verified"]), ("listed only", not alarm["mine"]), (alarm["standing"], alarm["standing"]),
                ("your acknowledgement is not yet confirmed", id in self.acks),
            ) if holds]
            line = f"[{id[:6]}] {alarm['words']}" + "".join(f" ({note})" for note in notes)
            if rings or self.printed.get(id) != line:
                print(("\a● " if rings else "  ") + line, flush=True)
                self.printed[id] = line
            if rings:
                alarm["rung"] = alarm["ring"]
                self.changed.add("heard.json")
            if self.seat == "person" and alarm["seen"] != alarm["ring"]:
                alarm["seen"] = alarm["ring"]
                self.owe(id)

    # Group keys and marks

    def newest_key(self):
        kid, key = self.member["groups"][-1]
        return kid, to_bytes(key)

    def group_key(self, kid):
        return next((to_bytes(key) for number, key in self.member["groups"] if number == kid), None)

    def open_mark(self):
        key = self.group_key(self.beacon["kid"]) or self.newest_key()[1]
        marks = (from_crockford(id) + struct.pack(">II", alarm["revision"], alarm["ring"] | alarm["taken"] << 31) for id, alarm in sorted(self.alarms.items()))
        return mark(key, b"gapbell open set", b"".join(marks))


def is_later(before, place):
    """Whether what was heard before counts more: a later packet of one epoch overrules an earlier one, in whatever order they come."""
    return before is not None and before[0] == place[0] and before[1] >= place[1]


def alarm_words(said):
    at = time.strftime("%H:%M:%S", time.localtime(said["at"] / 1000))
    notes = (" (source lost)" if said["condition"] == "stale" else "") + (f" (mail/WeChat sending failed: {said['reason']})" if said.get("reason") else "")
    return printable(f"{said['severity'].upper()} {said['module']}/{said['item']}: {said['text']} (since {at}){notes}")


def state_words(state):
    if state["attention"] == "unacknowledged":
        return {"failed": "mail/WeChat sending failed", "successful": "told outside", "pending": ""}[state["sending"]]
    comment = f": {state['comment']}" if state.get("comment") else ""
    return printable(f"taken by {state.get('by', 'somebody')}{comment}" if state["attention"] == "acknowledged" else "shelved")


def open_socket(port):
    """Port 0: the listener's own, which sends everything. 11114 is shared with others of this host and only receives."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(port != 0))
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    opened.bind(("0.0.0.0", port))
    opened.setblocking(False)
    return opened


def broadcast(lan, datagram, options):
    """To 255.255.255.255 by each interface, which needs no route; or to the one address that was named."""
    to = (options.broadcast or "255.255.255.255", options.agent_port)
    for index in [0] if options.broadcast else [index for index, name in socket.if_nameindex() if name != "lo"]:
        try:
            lan.sendmsg([datagram], [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("=i8x", index))], 0, to)
        except OSError:
            pass  # An interface that is down, or has no address.


def options_of(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", default="listener", help="the folder for keys and alarms, readable by its owner alone (%(default)s)")
    commands = parser.add_subparsers(dest="command", required=True)
    joining = commands.add_parser("join", help="join by an invite")
    joining.add_argument("invite", nargs="?", type=argparse.FileType(), default=sys.stdin, help="a file; else the invite is read from standard input")
    running = commands.add_parser("run", help="listen until Ctrl-C")
    running.add_argument("--seat", choices=["person", "none"], default="person" if sys.stdout.isatty() else "none", help="whether a person sees this (%(default)s)")
    running.add_argument("--ack-all", metavar="COMMENT", help="acknowledge as a robot whatever rings for this operator")
    running.add_argument("--broadcast", metavar="ADDRESS", help="broadcast there, not on every interface; 127.255.255.255 stays on this host")
    running.add_argument("--broadcast-port", type=int, default=11114, help="where broadcasts are heard (%(default)s)")
    running.add_argument("--agent-port", type=int, default=11115, help="where agents hear broadcasts (%(default)s)")
    return parser.parse_args(words)


def main():
    options = options_of(sys.argv[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        folder = Folder(options.state)
        if options.command == "join":
            print(f"Joined {join(folder, options.invite.read())}")
        else:
            Listener(folder, options).run()
    except Trouble as trouble:
        sys.exit(f"listener.py: {trouble}")


if __name__ == "__main__":
    main()
