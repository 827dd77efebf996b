#!/usr/bin/env python3
"""recount.py WHAT... < journal - counts from a journal dump alone; WHAT, in this order:

BY       what `kabar stats --by BY` prints
cases    each case as `kabar case list` knows it, by name
refused  how many entries the province refused
groups   which reports, by key, and which subjects of theirs share a case

Shares nothing with the programs: reports, amendments, withdrawals, placements, acts and rungs are
read from the dump; states and versions are followed here, and whether an act was refused is decided
here, by the rules of SPEC.md (the dump does not say it). Not looked at: signatures, and what the
catalogue permits (D11): no door drafts such a document, and the attempt has no signature. Not for a
province that was restored, to which documents were handed back.
"""
import csv
import datetime
import json
import os
import re
import sys

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



# ---- what SPEC.md says of states and persons, written down once more ----

FIRST = "incomplete not_registered withdrawn rejected rerouted verification"
MOVES = {name: set(to.split()) for name, to in {
    "received": FIRST + " clarification recommended decided",
    "incomplete": "not_registered withdrawn rejected rerouted verification decided",
    "not_registered": "verification closed decided",
    "withdrawn": "verification closed decided",
    "rejected": "closed",
    "rerouted": "closed",
    "verification": "incomplete withdrawn rejected rerouted clarification not_proven recommended"
                    " decided left_service",
    "clarification": "verification withdrawn rerouted not_proven recommended decided left_service",
    "not_proven": "verification closed",
    "recommended": "decided blocked left_service",
    "decided": "blocked left_service appealed closed",
    "blocked": "decided left_service closed",
    "left_service": "closed",
    "appealed": "decided left_service closed",
    "closed": "",
}.items()}
KEEPS = {"decided", "blocked", "left_service", "appealed", "closed"}
NO_REASON = {"received", "verification", "clarification", "recommended", "decided"}
UNDER_WAY = {"received", "incomplete", "not_registered", "withdrawn", "verification",
             "clarification"}
OVER = {"closed", "rejected", "rerouted"}
REROUTE = re.compile(r"(not_asn|other_province|other_body)(:|$)")
TITLES = set("h hj ir dr drs dra prof sh se mm m si st mt mh ap sp sos s pd kom ip".split())
ACTING = set("pj pjs plt plh penjabat pelaksana tugas harian sementara kabupaten kab kota"
             " provinsi prov".split())
LED_BY = {"recommendation": "recommended", "decision": "decided"}


class Refused(Exception):
    """A rule forbids it; nothing changes."""


def need(lawful, rule):
    if not lawful:
        raise Refused(rule)


def words(text, dropped=frozenset()):
    text = (text or "").lower().replace("wali kota", "walikota")
    return [word for word in re.findall("[a-z0-9]+", text) if word not in dropped]


def regions():
    path = os.path.join(os.environ["KABAR_SOURCE"], "deploy/catalogue/regions.csv")
    with open(path, encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


def is_accused(case, authority):
    """R11: by name, or as the head of the same place."""
    name, said = words(case.name, TITLES), words(authority)
    if name and set(name) <= set(said):
        return True
    post_said, own = words(authority, ACTING), words(case.position, ACTING)
    heads = {"bupati", "walikota", "gubernur"}
    if not post_said or not own or post_said[0] not in heads or post_said[0] != own[0]:
        return False
    if len(own) == 1:
        own += words(regions().get(case.regency))
    a, b = set(post_said), set(own)
    return len(post_said) == 1 or len(own) == 1 or a <= b or b <= a


def slip(a, b):
    """Whether a slip of the hand may have made one number of the other."""
    differ = [i for i in range(18) if a[i] != b[i]]
    if len(differ) == 2 and differ[1] == differ[0] + 1:
        return a[differ[0]] == b[differ[1]] and a[differ[1]] == b[differ[0]]
    return not differ or (len(differ) == 1 and differ[0] < 15)


def two_persons(some, others):
    """M4: numbers of permanent civil servants, all of them others, and no slip."""
    pairs = [(a, b) for a in some for b in others if len(a) == len(b) == 18]
    if any(slip(a, b) for a, b in pairs):
        return False
    return any(person_class(None, a) == person_class(None, b) == "pns" for a, b in pairs)


class Report:
    """What an entry said, and what the newest amendment says instead."""
    def __init__(self, entry):
        self.body, self.position = entry["body"], entry["position"]
        self.name = (entry["incarnation"], entry["seq"])
        self.owner, self.received_ms = entry["owner"], entry["received_ms"]
        self.withdrawn = self.counts = False


class Row:
    """One subject of a report in a case."""
    def __init__(self, report, subject):
        self.report, self.subject, self.withdrawn = report, subject, False
        self.order = (report.position, subject)
        self.name = "%s-%d-%d" % (*report.name, subject)

    def says(self):
        subjects = self.report.body["subjects"]
        return subjects[self.subject] if self.subject < len(subjects) else None


class Case:
    TAKEN = ("regency", "name", "employment", "nip", "position")

    def __init__(self, opened_ms):
        self.opened_ms, self.rows = opened_ms, []
        self.form = self.day = self.assigned = self.authority = None
        self.state, self.version, self.by_filer, self.barred = "received", 0, 0, set()
        self.proven = self.decided = self.executed = False
        for field in self.TAKEN:
            setattr(self, field, None)

    def live(self):
        return sum(not row.withdrawn for row in self.rows)

    def untouched(self):
        """No officer has acted on it."""
        return (self.state == "received" and self.version == len(self.rows) + self.by_filer
                and not self.assigned)

    def take(self, row):
        """What it left open so far, this report fills."""
        said = row.says()
        if said is None:
            return
        said = dict(said, regency=said.get("regency") or row.report.body["regency"])
        for field in self.TAKEN:
            setattr(self, field, getattr(self, field) or said.get(field))

    def again(self):
        """All of it from the reports that hold; of none, what was known."""
        rows = [row for row in self.rows if not row.withdrawn and row.says() is not None]
        if not self.live():
            return
        for field in self.TAKEN:
            setattr(self, field, None)
        for row in rows:
            self.take(row)
        if rows:
            self.form = rows[0].report.body.get("form")
            self.day = rows[0].report.body.get("occurred_on")

    def put(self, rows):
        self.rows = sorted(self.rows + rows, key=lambda row: row.order)

    def revive(self):
        if self.state == "withdrawn":
            self.move("verification")

    def join(self, row):
        revived = self.rows and not self.live()
        if not self.rows:
            self.form = row.report.body.get("form")
            self.day = row.report.body.get("occurred_on")
        self.put([row])
        self.version += 1
        self.take(row)
        if revived:
            self.revive()
            self.again()

    def take_in(self, other):
        """Another case that a report shows to be this one."""
        for field in self.TAKEN:
            setattr(self, field, getattr(self, field) or getattr(other, field))
        self.version += other.version
        self.by_filer += other.by_filer
        self.put(other.rows)

    def changed(self):
        """By its filer's word."""
        self.version += 1
        self.by_filer += 1
        self.again()

    def move(self, state):
        self.state = state
        self.proven = state in ("recommended", "decided") or (self.proven and state in KEEPS)
        self.decided = state == "decided" or (self.decided and state in KEEPS)
        self.executed = self.executed and state in KEEPS

    def counted(self):
        return self.state != "withdrawn" or self.live() > 0 or not self.rows

    def nips(self):
        said = [row.says() for row in self.rows if not row.withdrawn]
        return [one["nip"] for one in said if one and one.get("nip")]

    def side(self, elections):
        days = [row.report.body.get("occurred_on") for row in self.rows if not row.withdrawn]
        days = [day for day in days if day]
        return phase(days[0], elections).split()[1] if days else None

    def group(self, by, elections):
        return {
            "all": lambda: "all",
            "form": lambda: self.form or "unknown",
            "position": lambda: post(self.position),
            "class": lambda: person_class(self.employment, self.nip),
            "phase": lambda: phase(self.day, elections),
            "regency": lambda: self.regency or "unknown",
            "week": lambda: week(self.opened_ms),
        }[by]()


class Cases:
    """Cases by name, and where each report is."""
    def __init__(self):
        self.by_name, self.rows = {}, {}

    def holding(self, row):
        return next(case for case in self.by_name.values() if row in case.rows)

    def find(self, name):
        """A case means whatever holds its first report."""
        if name in self.by_name:
            return self.by_name[name]
        return self.holding(self.rows[name]) if name in self.rows else None

    def name_of(self, case):
        return next(name for name, known in self.by_name.items() if known is case)

    def drop(self, case):
        del self.by_name[self.name_of(case)]

    def joined(self, case, placement):
        for name in placement.get("joined", []):
            other = self.by_name[name]
            self.drop(other)
            case.take_in(other)

    def place(self, report, placement):
        row = Row(report, placement.get("subject", 0))
        self.rows[row.name] = row
        case = self.find(placement["case"]) if placement["case"] != row.name else None
        if case is None:
            case = self.by_name[placement["case"]] = Case(report.received_ms)
        case.join(row)
        if placement["outcome"] == "rerouted" and case.state != "closed":
            case.move("rerouted")
        self.joined(case, placement)


# ---- what filers say of their reports ----

class Filers:
    def __init__(self, cases, placements):
        self.cases, self.placements = cases, placements
        self.reports, self.at_position = {}, {}

    def report(self, entry):
        report = self.reports[(entry["incarnation"], entry["seq"])] = Report(entry)
        self.at_position[entry["position"]] = report
        placements = self.placements.get(entry["position"], [])
        report.counts = len(placements) > 0
        for placement in placements:
            self.cases.place(report, placement)

    def copy(self, entry):
        original = self.at_position.get(entry["copy_of"])
        if original is not None:
            self.reports[(entry["incarnation"], entry["seq"])] = original

    def target(self, entry):
        named = entry["body"]["target"]
        report = self.reports.get((named["incarnation"], named["seq"]))
        need(report is not None and report.owner == entry["owner"], "A1")
        need(not report.withdrawn, "A2")
        return report

    def rows_of(self, report):
        rows = (self.cases.rows.get("%s-%d-%d" % (*report.name, i)) for i in range(64))
        return [row for row in rows if row is not None]

    def take_back(self, row):
        if row.withdrawn:
            return
        case = self.cases.holding(row)
        row.withdrawn = True
        case.changed()
        if not case.live() and "withdrawn" in MOVES[case.state]:
            case.move("withdrawn")

    def withdrawal(self, entry):
        report = self.target(entry)
        report.withdrawn = True
        for row in self.rows_of(report):
            self.take_back(row)

    def amendment(self, entry):
        placements = self.placements.get(entry["position"], [])
        report = self.target(entry)
        need(placements, "not taken: it placed nobody") # every one that is places all it names
        report.body = dict(entry["body"]["report"])
        counted, report.counts = report.counts, True
        for row in self.rows_of(report)[len(report.body["subjects"]):]:
            self.take_back(row)
        for placement in placements:
            row = self.cases.rows.get("%s-%d-%d" % (*report.name, placement.get("subject", 0)))
            if row is None or not counted:
                self.cases.place(report, placement)
            else:
                self.subject_again(row, placement)

    def subject_again(self, row, placement):
        case = self.cases.holding(row)
        names = self.cases.by_name.get(row.name) is case
        others = case.live() - (not row.withdrawn)
        free = case.untouched()
        if free and not names and others:
            case.rows.remove(row)
            case.by_filer += 1
            case.changed()
            self.cases.place(row.report, placement)
            return
        revived = not case.live()
        row.withdrawn = False
        case.changed()
        if revived:
            case.revive()
        if free and names and not others:
            if placement["outcome"] == "rerouted":
                case.move("rerouted")
            self.cases.joined(self.cases.find(placement["case"]), placement)


# ---- what officers do ----

class Officers:
    def __init__(self, cases, elections):
        self.cases, self.elections = cases, elections
        self.names, self.documents = {}, {}

    def ring(self, ring):
        self.names = {one["id"]: one["name"] for one in ring["officers"]
                      if one["state"] == "active"}

    def may_act(self, officer, case):
        need(officer not in case.barred, "R10")
        own = set(words(self.names.get(officer), TITLES))
        need(not own or own != set(words(case.name, TITLES)), "R14")

    def case_of(self, act):
        need(act["officer"] in self.names, "no officer")
        case = self.cases.by_name.get(act.get("case"))
        need(case is not None, "no such case")
        need(act.get("case_version") == case.version, "stale")
        self.may_act(act["officer"], case)
        return case

    def advance(self, act, said):
        case, to = self.case_of(act), said["state"]
        need(to in MOVES[case.state] and to not in ("recommended", "decided"), "R1 to R4")
        if to in ("clarification", "not_proven"):
            need(case.assigned == act["officer"], "R6 or R7")
        need(to in NO_REASON or (said.get("reason") or "").strip(), "R8")
        need(to != "rerouted" or REROUTE.match(said["reason"]), "R9")
        case.version += 1
        case.move(to)

    def assign(self, act, said):
        case = self.case_of(act)
        need(case.state != "closed", "R1")
        officer, authority, barred = (said.get(key) for key in ("officer", "authority", "barred"))
        need(officer or authority or barred or said.get("leave"), "nothing is said")
        need(not authority or not is_accused(case, authority), "R11")
        need(not officer or officer in self.names, "no officer")
        before, case.barred = case.barred, case.barred | set(barred or [])
        try:
            if officer or case.assigned:
                self.may_act(officer or case.assigned, case)
        except Refused:
            case.barred = before
            raise
        case.assigned, case.authority = officer or case.assigned, authority or case.authority
        case.version += 1

    def other(self, act, said):
        case, other = self.case_of(act), self.cases.find(said["other"])
        need((said.get("reason") or "").strip(), "M1")
        need(other is not None and other is not case, "M2, or no such case")
        self.may_act(act["officer"], other)
        return case, other

    def merge(self, act, said):
        case, other = self.other(act, said)
        need(said["other_version"] == other.version, "stale")
        need(case.state not in OVER and other.state in UNDER_WAY, "M3")
        need(not two_persons(case.nips(), other.nips()), "M4")
        sides = {case.side(self.elections), other.side(self.elections)} - {None}
        need(len(sides) < 2, "M5")
        barred, case.barred = case.barred, case.barred | other.barred
        try:
            if case.assigned or other.assigned:
                self.may_act(case.assigned or other.assigned, case)
        except Refused:
            case.barred = barred
            raise
        case.assigned, case.authority = (case.assigned or other.assigned,
                                         case.authority or other.authority)
        if case.state == "withdrawn":
            case.move(other.state)
        case.opened_ms = min(case.opened_ms, other.opened_ms)
        case.version += len(other.rows) + 1
        self.cases.drop(other)
        case.put(other.rows)
        case.again()

    def part(self, act, said):
        for case in self.other(act, said):
            case.version += 1

    def split(self, act, said):
        case, pieces = self.case_of(act), said["pieces"]
        need((said.get("reason") or "").strip(), "M1")
        need(case.state not in OVER, "M3")
        need(0 < len(pieces) < case.live() and len(set(pieces)) == len(pieces), "M6")
        rows = [self.cases.rows.get(piece.replace(":", "-")) for piece in pieces]
        need(all(row in case.rows and not row.withdrawn for row in rows), "M6")
        need(all(self.cases.by_name.get(row.name) is not case for row in rows), "M7")
        need(rows[0].name not in self.cases.by_name, "M7")
        made = self.cases.by_name[rows[0].name] = Case(case.opened_ms)
        made.version, made.barred = len(rows) + 1, set(case.barred)
        case.rows = [row for row in case.rows if row not in rows]
        made.put(rows)
        made.again()
        case.again()
        case.version += 1

    # -- documents --
    def lawful(self, act, document, seen):
        """What its case has to say to a document; the case, if there is one."""
        old = self.documents.get(document.get("supersedes"))
        if document.get("supersedes"):
            need(old is not None and old["state"] == "issued", "D5")
            need(all(old["document"].get(key) == document.get(key)
                     for key in ("type", "addressee", "case")), "D5")
        if not document.get("case"):
            return None
        case = self.cases.by_name.get(document["case"])
        need(case is not None and seen == document["case_version"] == case.version, "D10")
        self.may_act(act["officer"], case)
        target = LED_BY.get(document["type"])
        if target:
            need(target in MOVES[case.state] or (old and case.state == target), "R3")
            need(not is_accused(case, document["authority"]), "R11")
            need(case.authority in (None, document["authority"]), "R12")
        return case

    def issue(self, known, case):
        known["state"] = "issued"
        old = self.documents.get(known["document"].get("supersedes"))
        if old:
            old["state"] = "superseded"
        target = LED_BY.get(known["document"]["type"])
        if case and target:
            case.version += 1
            case.move(target)

    def propose(self, act, said):
        document = said["document"]
        need(said["signatures"], "not drafted")
        need(act["officer"] in self.names, "no officer")
        known = self.documents.get(document["id"])
        if known:
            need(known["document"] == document and known["first"] == act["officer"], "same id")
            return
        need(document.get("expires_ms", act["at_ms"] + 1) > act["at_ms"], "D2")
        case = self.lawful(act, document, act.get("case_version"))
        known = self.documents[document["id"]] = {
            "document": document, "first": act["officer"], "state": "proposed", "rungs": {}}
        if document["type"] not in LED_BY:
            self.issue(known, case)

    def countersign(self, act, said):
        known = self.documents.get(said["document"])
        need(known and known["state"] == "proposed", "D1")
        document = known["document"]
        need(document.get("expires_ms", act["at_ms"] + 1) > act["at_ms"], "D2")
        need(known["first"] != act["officer"] and act["officer"] in self.names, "D3")
        self.issue(known, self.lawful(act, document,
                                      act.get("case_version", document.get("case_version"))))

    def withdraw(self, act, said):
        known = self.documents.get(said["document"])
        need(act["officer"] in self.names and known and known["state"] == "proposed", "D1")
        need((said.get("reason") or "").strip(), "D6")
        case = self.cases.find(known["document"].get("case"))
        if case:
            self.may_act(act["officer"], case)
        known["state"] = "withdrawn"

    def look(self, act, said):
        need(act["officer"] in self.names and (said.get("reason") or "").strip(), "no reason")

    def act(self, body):
        for name in ("advance", "assign", "merge", "part", "split", "propose", "countersign",
                     "withdraw", "look"):
            if name in body:
                return getattr(self, name)(body, body[name])
        raise Refused("of an unknown type")

    def rung(self, entry):
        body, by = entry["body"], entry["owner"]
        known = self.documents.get(body["document"])
        need(known is not None, "no such document")
        document, rungs = known["document"], known["rungs"].setdefault(by, set())
        need(document["addressee"] in (by, document["province"]), "not sent there")
        if body["rung"] in ("acknowledged", "executed"):
            need(body["rung"] != "executed" or
                 (document["type"] == "decision" and "acknowledged" in rungs), "D7")
            need(document.get("expires_ms", body["at_ms"] + 1) > body["at_ms"], "D2")
            newer = [new for new in self.documents.values()
                     if new["document"].get("supersedes") == document["id"]
                     and new["state"] != "proposed" and "stored" in new["rungs"].get(by, ())]
            need(known["state"] != "superseded" or not newer, "D8")
        rungs.add(body["rung"])
        if body["rung"] == "executed":
            case = self.cases.find(document["case"])
            case.executed = case.state in KEEPS


class Journal:
    def __init__(self, file, elections):
        entries = [json.loads(line) for line in file]
        placements = {}
        for entry in entries:
            if entry["kind"] == "placement":
                placements.setdefault(entry["body"]["position"], []).append(entry["body"])
        self.cases, self.refused = Cases(), 0
        self.filers = Filers(self.cases, placements)
        self.officers = Officers(self.cases, elections)
        for entry in entries:
            if not entry.get("erased"):
                self.read(entry)

    def read(self, entry):
        kind = entry["kind"]
        if entry.get("copy_of"):
            self.filers.copy(entry)
            return
        try:
            if kind in ("report", "amendment", "withdrawal"):
                getattr(self.filers, kind)(entry)
            elif kind == "ring":
                self.officers.ring(entry["body"]["ring"])
            elif kind == "act":
                self.officers.act(entry["body"])
            elif kind == "rung":
                self.officers.rung(entry)
        except Refused:
            self.refused += 1


def row(group, cases):
    return {"group": group, "reported": len(cases), "proven": sum(c.proven for c in cases),
            "decided": sum(c.decided for c in cases), "executed": sum(c.executed for c in cases)}


def listed(name, case):
    return {"case": name, "state": case.state, "version": case.version, "reports": len(case.rows),
            "withdrawn": len(case.rows) - case.live(), "regency": case.regency, "form": case.form,
            "occurred_on": case.day}


def numbers(cases, by, elections):
    groups, counted = {}, [case for case in cases if case.counted()]
    for case in counted:
        groups.setdefault(case.group(by, elections), []).append(case)
    rows = [] if by == "all" else [row(name, groups[name]) for name in sorted(groups)]
    return rows + [row("total", counted)]


def rows_of(what, journal, elections):
    cases = journal.cases.by_name
    if what == "refused":
        return [journal.refused]
    if what == "cases":
        return [listed(name, cases[name]) for name in sorted(cases)]
    if what == "groups":
        return sorted(sorted("%s %s %d" % (row.report.owner, row.report.body.get("key"), row.subject)
                             for row in case.rows) for case in cases.values())
    return numbers(cases.values(), what, elections)


def main():
    elections = calendar()
    journal = Journal(sys.stdin, elections)
    for what in sys.argv[1:]:
        for one in rows_of(what, journal, elections):
            print(json.dumps(one, separators=(",", ":")))


main()
