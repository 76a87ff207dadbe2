"""Each fault of a profile: told once, where it stands (marked §), with its value and the name that was meant."""

from pathlib import Path

import pytest

from clauseproof.profile.atlas import read_atlas
from clauseproof.profile.problem import ProfileErrors
from clauseproof.profile.read import read_profile
from tests.profile.support import PROFILE, accepted, problems, registry, spoilt, told, write

CLAIM = "- bird-flies: {where: pigeon}"
INDENT = "begin it with a dash of its own, or indent it if it is a key of the claim"
NOBODY = "no probe loaded gives it for any subject"
EITHER = "it can be used on: bird, letterbox"
NO_FILE = "paths are relative to the profile"
NO_BIRD = "is no bird that any subject type knows; see profiles/schema.json for bird subjects"


def expect(folder: Path, old: str, new: str, message: str) -> None:
    place, found = spoilt(folder, old, new)
    assert found == [f"{place}: {message}"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("permission:\n", "§permision:\n", "unknown key 'permision'; did you mean 'permission'?"),
        ("must_stay_in", "§mustStayIn", "unknown key 'mustStayIn'; did you mean 'must_stay_in'?"),
        ("within: 2 days", "within: 2 days, §atleast: 2", "unknown key 'atleast'; did you mean 'at_least'?"),
        ("words: within", "§word: within", "unknown key 'word'; did you mean 'words'?"),
        ("per: month", "per: month, §xyz: 1", "unknown key 'xyz'; there are credit, per, cap"),
        (
            "title: Delivery",
            "title: Delivery\n    §<<: {tier: 1}",
            "unknown key '<<'; there are id, title, promise, tier, assurance, remedy, claims, untested",
        ),
    ],
)
def test_an_unknown_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    expect(tmp_path, old, new, message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("buyer: Acme GmbH\n", "§", "'buyer' is missing"),
        ("{clause: DPA 5.1, claim: bird-flies, reason: moulting,", "§{clause: DPA 5.1,", "'reason' is missing"),
        ("letters-arrive: {where: [box], within: 2 days,", "letters-arrive: §{where: [box],", "'within' is missing"),
    ],
)
def test_a_missing_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    expect(tmp_path, old, new, message)


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    message = "the key 'buyer' stands here a second time, first in line 1; keep one of the two"
    expect(tmp_path, "vendor:", "§buyer: Twice\nvendor:", message)


@pytest.mark.parametrize("nothing", ["", "~", "null"])
def test_a_key_without_value(tmp_path: Path, nothing: str) -> None:
    message = f"'title' has no value; remove it, or write '{nothing}' in quotation marks if that text is meant"
    expect(tmp_path, "title: Delivery", f"title:{' ' if nothing else ''}§{nothing}", message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("impact: 4", "impact: §much", "'much' is not a whole number"),
        ("impact: 4", "impact: §6", "'6' is more than 5"),
        ("tier: 2", "tier: §0", "'0' is less than 1"),
        ("Acme GmbH", '§""', "'' does not have the form ^[^\\n]{1,200}$"),
        ("2 days,", "2 days, floor: §uper,", "'uper' is none of 'ground' or 'upper'; did you mean 'upper'?"),
        ("status: draft", "status: §drafted", "'drafted' is none of 'draft' or 'in force'; did you mean 'draft'?"),
        ("holds: [mail]", "holds: §mail", "'mail' is not a list"),
        ("remedy: {credit: 10%, per: month}", "remedy: §10%", "'10%' is not a mapping of keys to values"),
        ("title: Carriage agreement", "title: §[Carriage]", "this is not a text"),
    ],
)
def test_a_value_of_the_wrong_kind(tmp_path: Path, old: str, new: str, message: str) -> None:
    expect(tmp_path, old, new, message)


def test_an_assurance_that_is_none(tmp_path: Path) -> None:
    choices = "choose one of stated, vouched, reported, observed, proven; did you mean 'observed'?"
    expect(tmp_path, "assurance: observed", "assurance: §obsreved", f"'obsreved' is no assurance; {choices}")


@pytest.mark.parametrize("text", ["1m", "3M", "2 days 3", "P1M", "a week", "1:30"])
def test_a_duration_with_two_readings(tmp_path: Path, text: str) -> None:
    message = f"{text!r} is no clear duration; write for example '15 min', '90 days' or 'PT15M'"
    expect(tmp_path, "within: 2 days", f"within: §{text}", message)


@pytest.mark.parametrize("text", ["31.1.2026", "2026-1-3", "20260131", "01/02/2026", "2026-01-31T00:00:00Z"])
def test_a_date_with_two_readings(tmp_path: Path, text: str) -> None:
    expect(tmp_path, "2026-01-31", f"§{text}", f"{text!r} is no clear date; write YYYY-MM-DD")


def test_a_day_that_no_calendar_has(tmp_path: Path) -> None:
    place, (found,) = spoilt(tmp_path, "2026-01-31", "§2026-02-30")
    assert found.startswith(f"{place}: day is out of range for month")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  owl: {bird", "  §o wl: {bird", "'o wl' does not have the form ^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"),
        ("holds: [mail]", "holds: [mail, §male]", "'male' is no dataset of this profile; did you mean 'mail'?"),
        (
            "  - {id: DPA, title",
            "  - {id: DPA, file: dpa.md}\n  - {id: §DPA, title",
            "the id 'DPA' stands here a second time, first in line 4; give each an id of its own",
        ),
        (
            "must_stay_in: EU",
            "must_stay_in: §EUU",
            "'EUU' is no jurisdiction and no ISO 3166-1 code of a country; did you mean 'EU'?",
        ),
        (
            "must_stay_in: EU",
            "must_stay_in: §UK",
            "'UK' is no jurisdiction and no ISO 3166-1 code of a country; write GB",
        ),
    ],
)
def test_a_name_that_is_unknown_or_not_unique(tmp_path: Path, old: str, new: str, message: str) -> None:
    expect(tmp_path, old, new, message)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("§EUU", "'EUU'; did you mean 'EU'?"),
        ("[DE, §EU+adequecy]", "'EU+adequecy'; did you mean 'EU+adequacy'?"),
        ("[CH, §UK]", "'UK'; write GB"),
        ("[§de, CH]", "'de'; write DE"),
        ("§Mars", "'Mars'; write a country code such as CH, or one of EU, EEA, EU+adequacy, EU+adequacy+DPF"),
    ],
)
def test_a_jurisdiction_of_a_claim_that_there_is_not(tmp_path: Path, text: str, hint: str) -> None:
    value, _, rest = hint.partition(";")
    message = f"{value} is no jurisdiction and no ISO 3166-1 code of a country;{rest}"
    expect(tmp_path, "within: 2 days,", f"within: 2 days, sent_from: {text},", message)


def test_a_jurisdiction_of_a_claim_may_be_one_of_a_file_of_the_users(tmp_path: Path) -> None:
    path = write(tmp_path, PROFILE.replace("within: 2 days,", "within: 2 days, sent_from: [DACH, IT],"))
    own = read_atlas(
        b"{DACH: {reference: ours, members: [{code: DE}]}, EU: {reference: TEU, members: [{code: DE}]}}", "o"
    )
    (use,) = read_profile(path, registry(), atlas=own).profile.clauses[0].claims
    assert use.claim.model_dump()["sent_from"] == ("DACH", "IT")
    with pytest.raises(ProfileErrors, match="'DACH' is no jurisdiction"):
        read_profile(path, registry())


def test_a_clause_id_that_stands_twice(tmp_path: Path) -> None:
    found = problems(tmp_path, PROFILE.replace("DPA 5.1", "DPA 4.2").replace("claim: bird-flies, ", ""))
    message = "28:9: the id 'DPA 4.2' stands here a second time, first in line 18; give each an id of its own"
    assert told(found) == [message]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("to: 2026-11-27", "to: §2026-11-15", "the permission ends on 2026-11-15, before it starts on 2026-11-16"),
        (
            "192.0.2.0/24",
            "§192.0.2.1/24",
            "'192.0.2.1/24' names a host inside a network; the network is 192.0.2.0/24",
        ),
        ("192.0.2.0/24", "§192.0.2.0/33", "'192.0.2.0/33' is no network in CIDR form, such as 192.0.2.0/24"),
        ("192.0.2.0/24", "§192.0.2.256", "'192.0.2.256' is no address; write names without scheme and port"),
        ("192.0.2.0/24", '§"host:443"', "'host:443' is no address; write names without scheme and port"),
        ("192.0.2.0/24", '§"*"', "'*' is no host name; write a name, *.suffix, an address or a network"),
        (
            "[scan, drill]",
            "[scan, §dril]",
            "'dril' is none of 'connect', 'own-account', 'scan', 'vendor-account' or 'drill'; did you mean 'drill'?",
        ),
        (
            '"127.0.0.1:5353"',
            "§localhost",
            "'localhost' is no resolver; write an address such as 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53",
        ),
    ],
)
def test_a_permission_or_network_that_makes_no_sense(tmp_path: Path, old: str, new: str, message: str) -> None:
    expect(tmp_path, old, new, message)


SUBJECT = '  owl: {bird: "owl:3"}'


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("{§birth: owl:3}", "unknown key 'birth': nothing says what owl is; did you mean 'bird'?"),
        ("§{}", "nothing says what owl is; there are bird, letterbox"),
        ("§{holds: [mail]}", "nothing says what owl is; there are bird, letterbox"),
        ("§athena", "owl must be a mapping; write owl: {WORD: VALUE}"),
        ("§{bird: owl:3, letterbox: hole}", "owl is bird and letterbox at once; make it two subjects"),
        ("{bird: §[owl:3]}", "'bird' must be a text"),
        ("{bird: §emu:3}", f"'emu:3' {NO_BIRD}"),
    ],
)  # fmt: skip
def test_a_subject_that_is_nothing_known(tmp_path: Path, new: str, message: str) -> None:
    expect(tmp_path, SUBJECT, f"  owl: {new}", message)


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("- §bird-flees: {where: pigeon}", "no check knows the claim 'bird-flees'; did you mean 'bird-flies'?"),
        ("- §bird_flies: {where: pigeon}", "no check knows the claim 'bird_flies'; did you mean 'bird-flies'?"),
        ("- §dogs-bark: {where: pigeon}",
         "no check knows the claim 'dogs-bark'; there are bird-flies, bird-knows-way, letters-arrive, something-seen"),
        ("- bird-flies: {where: pigeon}\n        §something-seen: {where: pigeon}",
         f"'something-seen' is a second claim in the entry of 'bird-flies'; {INDENT}"),
        ("- §bird-flies",
         "a claim is a mapping of its kind to its keys; write it as a mapping, such as tls-floor: {where: [api]}"),
        ("- §{}",
         "a claim is a mapping of its kind to its keys; write it as a mapping, such as tls-floor: {where: [api]}"),
        ("- bird-flies: §pigeon", "bird-flies needs a mapping; write bird-flies: {where: [SUBJECT]}"),
        ("- bird-flies: §{}", "'where' is missing; name the subjects this claim is about"),
        ("- bird-flies: {where: §[]}", "where names no subject; a claim about nothing proves nothing"),
        ("- bird-flies: {where: §pidgeon}", "'pidgeon' is no subject of this profile; did you mean 'pigeon'?"),
        ("- bird-flies: {where: [pigeon, §pigeon]}", "'pigeon' is named twice"),
        ("- bird-flies: {where: [§{pigeon: 1}]}", "a subject is named by a text; there are box, owl, pigeon"),
        ("- bird-flies: {where: pigeon, words: §[a]}", "words must be a text of the promise"),
        ("- bird-flies: {where: pigeon}\n      - §bird-flies: {where: pigeon}",
         "bird-flies on 'pigeon' stands here again, first in line 32; give each the words it tests, or keep one"),
    ],
)  # fmt: skip
def test_a_claim_that_cannot_be_checked(tmp_path: Path, new: str, message: str) -> None:
    profile = PROFILE.replace(", claim: bird-flies", "")  # the waiver is for the whole clause here
    lines = profile.replace(CLAIM, new).split("§")[0].split("\n")
    assert told(problems(tmp_path, profile.replace(CLAIM, new.replace("§", "")))) == [
        f"{len(lines)}:{len(lines[-1]) + 1}: {message}"
    ]


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ("- bird-flies: {where: [pigeon, §box]}",
         "bird-flies needs post.flight, which no probe gives for 'box' (letterbox); it can be used on: bird"),
        ("- bird-knows-way: {where: §pigeon}",
         f"bird-knows-way needs post.route, which no probe gives for 'pigeon' (bird); {NOBODY}"),
        ("- bird-knows-way: {where: §owl}",
         f"bird-knows-way needs post.weather, which no probe gives for 'owl' (bird); {NOBODY}"),
        ("- something-seen: {where: §owl}",
         f"something-seen needs post.letters, which no probe gives for 'owl' (bird); {EITHER}"),
    ],
)  # fmt: skip
def test_a_pair_that_no_probe_serves(tmp_path: Path, new: str, message: str) -> None:
    profile = PROFILE.replace(", claim: bird-flies", "")
    lines = profile.replace(CLAIM, new).split("§")[0].split("\n")
    assert told(problems(tmp_path, profile.replace(CLAIM, new.replace("§", "")))) == [
        f"{len(lines)}:{len(lines[-1]) + 1}: {message}"
    ]


@pytest.mark.parametrize("subject", ["pigeon", "box"])
def test_one_served_look_is_enough_where_a_check_can_do_without_each(tmp_path: Path, subject: str) -> None:
    profile = PROFILE.replace(CLAIM, f"- something-seen: {{where: {subject}}}").replace("bird-flies", "something-seen")
    assert accepted(tmp_path, profile).clauses[1].claims[0].where == (subject,)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("words: within two days", "words: §within three days",
         "'within three days' does not occur in the promise; the nearest is 'within two days'"),
        ("words: within two days", "words: §every letter",
         "'every letter' does not occur in the promise; the nearest is 'every letterbox'"),
        ("words: every letterbox", "words: §any time",
         "'any time' does not occur in the promise; quote the promise word for word"),
        ("words: every letterbox", "words: §Every letterbox",
         "'Every letterbox' does not occur in the promise; the nearest is 'every letterbox'"),
    ],
)  # fmt: skip
def test_words_that_are_not_in_the_promise(tmp_path: Path, old: str, new: str, message: str) -> None:
    expect(tmp_path, old, new, message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{clause: DPA 5.1", "{clause: §DPA 5.2",
         "the waiver is for clause 'DPA 5.2', which this profile does not have; did you mean 'DPA 5.1'?"),
        ("claim: bird-flies", "claim: §bird-fly",
         "clause 'DPA 5.1' has no claim 'bird-fly' to waive; did you mean 'bird-flies'?"),
        ("reason: moulting", "reason: §' '", "a waiver needs its reason"),
        ("approver: A. Ito", "approver: §' '", "a waiver needs its approver"),
        ("expires: 2026-12-31", "expires: §next year", "'next year' is no clear date; write YYYY-MM-DD"),
    ],
)  # fmt: skip
def test_a_waiver_that_waives_nothing(tmp_path: Path, old: str, new: str, message: str) -> None:
    expect(tmp_path, old, new, message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("file: dpa.md", "file: §dpb.md", f"there is no file 'dpb.md'; {NO_FILE}"),
        ("file: dpa.md", "file: §/etc/hosts", "'/etc/hosts' is no path relative to the profile; write a relative path"),
        ("file: dpa.md", "file: §..", "'..' is a folder; name a file in it"),
        ("granted_by: J. Doe", "granted_by: J. Doe\n  file: §no.pdf", f"there is no file 'no.pdf'; {NO_FILE}"),
        ("network: {", "population: {listed_by: S, source: §no.pdf}\nnetwork: {",
         f"there is no file 'no.pdf'; {NO_FILE}"),
        ("network: {", "network: {ca_file: §no.pem, ", f"there is no file 'no.pem'; {NO_FILE}"),
        ("network: {", "anchors: {hsm: [§no.pem]}\nnetwork: {", f"there is no file 'no.pem'; {NO_FILE}"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_there(tmp_path: Path, old: str, new: str, message: str) -> None:
    expect(tmp_path, old, new, message)


@pytest.mark.parametrize(
    "field",
    [
        "key_code: §hunter2hunter2",
        "door: {headers: {Authorization: §Bearer hunter2hunter2}}",
        "door: {headers: §hunter2hunter2}",
        "door: §hunter2hunter2",
        "key_code: §[hunter2hunter2]",
        "§password: hunter2hunter2",
    ],
)
def test_a_bare_secret_is_refused_and_not_repeated(tmp_path: Path, field: str) -> None:
    place, (message,) = spoilt(tmp_path, "opened: 2026-01-31", field)
    assert message.startswith(f"{place}: ")
    assert "hunter2" not in message


def test_a_secret_reference_is_accepted(tmp_path: Path) -> None:
    profile = accepted(tmp_path, PROFILE.replace("opened: 2026-01-31", "key_code: '${env:CODE}'"))
    assert profile.subjects["box"].model_dump(mode="json")["key_code"] == "${env:CODE}"
