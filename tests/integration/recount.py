#!/usr/bin/env python3
"""recount.py BY < journal - counts what `kabar stats --by BY` counts, from a journal dump alone.

Shares nothing with the programs: reports, placements, acts and rungs are read from the dump, and
states are followed here. The dump does not say which acts were refused: for journals whose acts
were all accepted, and in which no report was amended or withdrawn.
"""
import csv
import datetime
import json
import os
import sys

EARLY = {"received", "incomplete", "not_registered", "withdrawn", "rejected", "rerouted",
         "verification", "clarification", "not_proven"}
TWO_WORDS = {"kepala", "sekretaris", "staf", "analis", "plt.", "plt", "pj.", "pj", "guru", "tenaga"}
WIB = datetime.timezone(datetime.timedelta(hours=7))


def calendar():
    """[(election, {event: day})], by day of vote."""
    elections = {}
    path = os.path.join(os.environ["KABAR_SOURCE"], "deploy/catalogue/calendars.csv")
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            elections.setdefault(row["election"], {})[row["event"]] = row["date"]
    return sorted(elections.items(), key=lambda item: item[1]["vote"])


def phase(day, elections):
    if not day:
        return "unknown"
    name, days = next((e for e in elections[:-1] if day <= e[1]["until"]), elections[-1])
    side = "after" if day >= days["determination"] else "before"
    if day < days["campaign_from"]:
        campaign = "before"
    else:
        campaign = "after" if day > days["campaign_until"] else "during"
    return f"{name} {side}_determination {campaign}_campaign"


def person_class(stated, nip):
    if stated and stated != "unknown":
        return stated
    if not nip or len(nip) != 18:
        return "unknown"
    month = int(nip[12:14])
    return "pns" if 1 <= month <= 12 else "pppk" if month >= 21 else "unknown"


def post(text):
    words = (text or "").split()
    if not words:
        return "unknown"
    take = 2 if words[0].lower() in TWO_WORDS else 1
    return " ".join(words[:take]).lower()


def week(received_ms):
    day = datetime.datetime.fromtimestamp(received_ms / 1000, WIB).date().isocalendar()
    return f"{day[0]:04d}-W{day[1]:02d}"


class Case:
    def __init__(self, report, received_ms):
        self.form = report.get("form")
        self.day = report.get("occurred_on")
        self.received_ms = received_ms
        self.regency = self.employment = self.nip = self.position = None
        self.state = "received"
        self.proven = self.decided = self.executed = False

    def join(self, report, subject):
        self.regency = self.regency or subject.get("regency") or report["regency"]
        self.employment = self.employment or subject.get("employment")
        self.nip = self.nip or subject.get("nip")
        self.position = self.position or subject.get("position")

    def take_in(self, other):
        self.regency = self.regency or other.regency
        self.employment = self.employment or other.employment
        self.nip = self.nip or other.nip
        self.position = self.position or other.position

    def move(self, state):
        self.state = state
        if state in EARLY:
            self.proven = self.decided = self.executed = False
        elif state == "recommended":
            self.proven, self.decided, self.executed = True, False, False
        elif state == "decided":
            self.proven = self.decided = True

    def group(self, by, elections):
        return {
            "all": lambda: "all",
            "form": lambda: self.form or "unknown",
            "position": lambda: post(self.position),
            "class": lambda: person_class(self.employment, self.nip),
            "phase": lambda: phase(self.day, elections),
            "regency": lambda: self.regency or "unknown",
            "week": lambda: week(self.received_ms),
        }[by]()


class Journal:
    def __init__(self):
        self.reports, self.cases, self.documents = {}, {}, {}

    def placement(self, body):
        entry = self.reports[body["position"]]
        report = entry["body"]
        case = self.cases.get(body["case"])
        if case is None:
            case = self.cases[body["case"]] = Case(report, entry["received_ms"])
        case.join(report, report["subjects"][body.get("subject", 0)])
        for name in body.get("joined", []):
            case.take_in(self.cases.pop(name))
        if body["outcome"] == "rerouted":
            case.move("rerouted")

    def act(self, body):
        if "propose" in body:
            signed = body["propose"]
            self.documents[signed["document"]["id"]] = (signed["document"], body["officer"])
        elif "countersign" in body:
            document, first = self.documents[body["countersign"]["document"]]
            state = {"recommendation": "recommended", "decision": "decided"}.get(document["type"])
            if state and first != body["officer"]:
                self.cases[document["case"]].move(state)
        elif "advance" in body:
            self.cases[body["case"]].move(body["advance"]["state"])

    def rung(self, entry):
        body = entry["body"]
        document = self.documents.get(body["document"], ({}, None))[0]
        if (body["rung"] == "executed" and document.get("type") == "decision"
                and document["addressee"] == entry["owner"]):
            self.cases[document["case"]].executed = True

    def read(self, file):
        for line in file:
            entry = json.loads(line)
            if entry.get("copy_of") or entry.get("erased"):
                continue
            kind = entry["kind"]
            if kind == "report":
                self.reports[entry["position"]] = entry
            elif kind == "placement":
                self.placement(entry["body"])
            elif kind == "act":
                self.act(entry["body"])
            elif kind == "rung":
                self.rung(entry)


def row(group, cases):
    return {"group": group, "reported": len(cases), "proven": sum(c.proven for c in cases),
            "decided": sum(c.decided for c in cases), "executed": sum(c.executed for c in cases)}


def main():
    by = sys.argv[1]
    journal, groups, elections = Journal(), {}, calendar()
    journal.read(sys.stdin)
    for case in journal.cases.values():
        groups.setdefault(case.group(by, elections), []).append(case)
    rows = [] if by == "all" else [row(name, groups[name]) for name in sorted(groups)]
    rows.append(row("total", list(journal.cases.values())))
    for one in rows:
        print(json.dumps(one, separators=(",", ":")))


main()
