"""Opens datagrams with the functions of docs/examples/listener_packets.py, and seals what they say again; JSON in, JSON out."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "examples"))
import listener_joining as joining  # noqa: E402
import listener_packets as packets  # noqa: E402

asked = json.load(sys.stdin)
identities = {name: packets.Identity(bytes.fromhex(seeds["ed"]), bytes.fromhex(seeds["x"])) for name, seeds in asked["identities"].items()}
groups = {int(kid): bytes.fromhex(key) for kid, key in asked["groups"].items()}


def opened(datagram, sender, receiver):
    """The body, and the datagram that the same sender makes of it."""
    raw, own, other = bytes.fromhex(datagram), identities[sender], identities[receiver]
    header = packets.read_header(raw)
    secret = packets.pair_key(own, other.ed, other.x) if header.kid == packets.PAIR_KID else groups.get(header.kid)
    body = packets.open_datagram(raw, header, secret, own.ed)
    again = packets.seal(packets.KINDS[header.type], body, own, header.epoch, header.counter, header.kid, secret, header.flags)
    return {"kind": packets.KINDS[header.type].lower(), "body": body, "again": again.hex()}


def fresh(adopted, counters):
    window = packets.Window(adopted)
    for counter in counters:
        yield window.is_fresh(counter)
        if window.is_fresh(counter):
            window.commit(counter)


def joined(line, join, answer):
    """What JOIN says for this invite, and what the newcomer keeps of the answer."""
    invite, own, nonce = joining.read_invite(line), identities["listener"], packets.to_bytes(join["nonce"])
    return {"join": joining.ask_to_join(invite, own, nonce, join["host"]), "member": joining.believe(answer, invite, own, nonce)}


def main():
    result = {"packets": [opened(**packet) for packet in asked["packets"]]}
    result["windows"] = [list(fresh(int(window["adopted"]), map(int, window["counters"]))) for window in asked.get("windows", [])]
    result["joined"] = [joined(**one) for one in asked.get("joining", [])]
    json.dump(result, sys.stdout)


main()
