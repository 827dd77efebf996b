#!/usr/bin/env python3
"""officers.py SOCKET SIGN PASSPHRASEFILE FIRSTKEY SECONDKEY < ACTS - many acts, through one door.

ACTS is a line each: COMMAND and its arguments as JSON; "document draft" goes on to both signatures.
The officers are named by their files, sri.key and budi.key. An answer a line. It takes one unlocking
of each key: `kabar` unlocks it for every document, which is what makes hundreds of them slow.
"""
import json
import os
import socket
import subprocess
import sys


class Officer:
    def __init__(self, sign, passphrase, key):
        self.name = os.path.basename(key).removesuffix(".key")
        self.sign = subprocess.Popen([sign, key, passphrase], text=True, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)

    def signature(self, document):
        self.sign.stdin.write(document + "\n")
        self.sign.stdin.flush()
        return self.sign.stdout.readline().strip()


class Door:
    def __init__(self, path):
        door = socket.socket(socket.AF_UNIX)
        door.connect(path)
        self.file = door.makefile("rw", encoding="utf-8")

    def ask(self, command, args):
        self.file.write(json.dumps({"id": 1, "command": command, "args": args}) + "\n")
        self.file.flush()
        answer = json.loads(self.file.readline())
        if not answer["ok"]:
            sys.exit("%s %s: %s" % (command, args, answer["error"]))
        return answer["result"]


def main():
    socket_path, sign, passphrase, *keys = sys.argv[1:]
    door = Door(socket_path)
    first, second = (Officer(sign, passphrase, key) for key in keys)
    for line in sys.stdin:
        command, args = json.loads(line)
        result = door.ask(command, args)
        if command == "document draft":
            document = result["document"]
            result = door.ask("document propose", {
                "document": document, "officer": first.name,
                "signature": first.signature(document)})
            result = door.ask("document countersign", {
                "id": result["id"], "officer": second.name,
                "signature": second.signature(document)})
        print(json.dumps(result))


main()
