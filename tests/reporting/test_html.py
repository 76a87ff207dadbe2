"""The report for people: complete, at rest, and deaf to what the vendor writes."""

import base64
import hashlib
import re
from datetime import date
from pathlib import Path

import pytest

from clauseproof.model.assurance import Assurance
from clauseproof.model.finding import Finding, Outcome
from clauseproof.model.profile import ContractFile, Dataset, Grant, Population, Remedy, Waiver
from clauseproof.model.verdict import Because, WaiverNote
from clauseproof.reporting import dossier as room
from clauseproof.reporting import html
from clauseproof.reporting.html.anchors import anchors, numbers
from clauseproof.reporting.html.jsontext import excerpt
from tests.reporting.example import example
from tests.reporting.page import Page
from tests.reporting.support import Script, denied, finding, simple, window

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=https://evil.example/x onerror=alert(1)>',
    "</style><style>*{display:none}",
    "{{ 7*7 }}{% include '/etc/passwd' %}",
    "javascript:alert(1)",
    "' onmouseover='alert(1)",
    "]]>&lt;b&gt;<!--",
]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return html.render(example().dossier(tmp_path_factory.mktemp("html") / "run"))


@pytest.fixture(scope="module")
def page(rendered: bytes) -> Page:
    return Page.of(rendered)


def read(script: Script, directory: Path) -> Page:
    return Page.of(html.render(script.dossier(directory / "run")))


def unseen(text: str) -> Finding:
    """What the engine says of a look that gave nothing."""
    return finding(Outcome.UNKNOWN, f"{text}. To settle it: {text}", None)


def test_every_clause_with_every_word_of_its_promise_is_there(page: Page) -> None:
    quotes = [" ".join(one.text.split()) for one in page.all("blockquote")]
    for clause in example().clauses:
        bare = [
            re.sub(r" \(tested: [a-z ]+\)", "", quote).removesuffix(f"DPA, {clause.passage}").strip()
            for quote in quotes
        ]
        assert clause.promise in bare
        assert clause.id in page.text
        assert clause.title in page.text


def test_every_digest_that_a_finding_cites_is_there(page: Page) -> None:
    cited = {digest for verdict in example().verdicts for f in verdict.findings for digest in f.evidence}
    artifacts = {digest for look in example().looks for digest in look.artifacts}
    assert len(cited) > 15
    assert [digest for digest in cited | artifacts if digest not in page.text] == []


def test_every_finding_is_there(page: Page) -> None:
    for verdict in example().verdicts:
        for one in verdict.findings:
            assert " ".join(one.text.split()) in page.text


def test_tested_words_are_marked_with_the_verdict_on_them(page: Page) -> None:
    marks = [(one.text, one.attributes["class"]) for one in page.all("mark") if "blockquote" in one.parents]
    assert ("TLS 1.3 or higher (tested: contradicted)", "not-satisfied") in marks
    assert ("revoke its key (tested: consistent where tested)", "satisfied") in marks
    assert ("kept in the European Union (tested: waived)", "waived") in marks
    assert not [text for text, _ in marks if "delete Customer Personal Data" in text]


def test_words_that_nobody_tested_stand_with_their_reason(page: Page) -> None:
    for clause in example().clauses:
        for gap in clause.untested:
            assert f"{gap.words}: {gap.because}" in page.text


def test_counsel_reads_from_the_top_who_tested_what_for_whom(page: Page) -> None:
    header = " ".join(page.all("header")[0].text.split())
    for words in (
        "Example CRM Ltd", "Acme GmbH", "A. Ito", "Data Processing Agreement (DPA): draft, not signed",
        "J. Doe, CISO of Example CRM Ltd (contract/test-permission.pdf), 16 to 27 November 2026: scans",
        "Tuesday, 24 November 2026, 09:00 to 09:31 UTC. Run complete.", "not a legal finding",
    ):  # fmt: skip
        assert words in header


def test_the_groups_come_worst_first(page: Page) -> None:
    sections = [
        one.attributes["class"].split()[1] for one in page.all("section", "group") if " " in one.attributes["class"]
    ]
    assert sections == ["not-satisfied", "inconclusive", "not-tested", "waived", "satisfied"]


def test_an_undecided_clause_says_what_would_settle_it_and_the_command(page: Page) -> None:
    entry = " ".join(page.one("article", id="dpa-5.3").text.split())
    assert "Settled by Allow kms:GetKeyPolicy and kms:ListGrants on data-key" in entry
    assert "clauseproof run profiles/example-crm.yaml --drills --only 'DPA 5.3'" in entry


def test_an_untested_clause_says_why_and_how_to_test_it(page: Page) -> None:
    assert "To test it Ask for a longer one and change permission.valid." in " ".join(
        page.one("article", id="dpa-9.1").text.split()
    )
    assert "Why not No claim in the profile." in " ".join(page.one("article", id="dpa-7.1").text.split())


def test_waivers_name_their_approver_and_day_and_expired_ones_are_shown_as_expired(page: Page) -> None:
    waived, expired = (" ".join(page.one("article", id=i).text.split()) for i in ("dpa-9.4", "dpa-8.2"))
    assert "Until the end of 31 March 2027, by M. Roy, CISO." in waived
    assert "Without the waiver: Contradicted." in waived
    assert "A waiver by M. Roy, CISO expired at the end of 31 October 2026 and waives nothing." in expired


def test_the_limits_name_subjects_vantage_hours_and_who_says_the_list_is_complete(page: Page) -> None:
    for words in (
        "endpoint 3 of 3", "Example CRM Ltd says that this list is complete (evidence/architecture-v3.pdf).",
        "frankfurt. Seen from elsewhere", "19 looks made, of which 1 gave nothing.",
    ):  # fmt: skip
        assert words in page.text


def test_it_says_how_to_verify_and_names_the_files_it_rests_on(page: Page, tmp_path: Path) -> None:
    dossier = example().dossier(tmp_path / "run")
    assert "clauseproof verify RUN --key PUBLIC-KEY.pem" in page.text
    for digest in (*dossier.files.values(), *dossier.record.checks.values(), "ab" * 32, "cd" * 32):
        assert digest in page.text


def test_a_drill_is_drawn_with_words_for_those_who_do_not_see_it(page: Page) -> None:
    (title,) = page.all("title")[1:]
    assert title.text.startswith("Key disabled at 0 s, enabled at 14 min. The limit is 5 min.")
    assert "6 min 40 s too long" in page.one("article", id="dpa-5.1").text


def test_the_policy_allows_this_style_and_this_script_and_nothing_else(page: Page) -> None:
    policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]

    def hashed(tag: str) -> str:
        (only,) = page.all(tag)
        return base64.b64encode(hashlib.sha256(only.text.encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashed('style')}'; script-src 'sha256-{hashed('script')}'; "
        "base-uri 'none'; form-action 'none'"
    )


def assert_at_rest(page: Page) -> None:
    """Nothing in the page fetches, runs, sends or leads away."""
    ids = [one.attributes["id"] for one in page.elements if "id" in one.attributes]
    assert len(ids) == len(set(ids))
    for one in page.elements:
        assert one.tag not in {"img", "iframe", "object", "embed", "link", "base", "video", "audio", "image", "use"}
        for name, value in one.attributes.items():
            assert not name.startswith("on"), f"{one.tag} has {name}"
            assert name not in {"src", "srcset", "style", "action", "formaction", "poster", "background", "ping"}
            if name.endswith("href"):
                assert value[0] == "#"
                assert value[1:] in ids, f"{value} leads nowhere"
            if name in {"aria-labelledby", "for"}:
                assert value in ids


def test_the_page_asks_for_nothing_and_its_links_stay_inside(page: Page) -> None:
    assert_at_rest(page)
    (style,) = page.all("style")
    assert "url(" not in style.text
    assert "@import" not in style.text


def test_without_its_script_the_page_lacks_only_the_filter(page: Page) -> None:
    assert [one.tag for one in page.elements if "hidden" in one.attributes] == ["form"]


def test_the_same_run_gives_the_same_page(rendered: bytes, tmp_path: Path) -> None:
    assert html.render(example().dossier(tmp_path / "elsewhere")) == rendered


def test_a_look_that_went_through_a_proxy_says_so_among_the_evidence_and_the_limits(tmp_path: Path) -> None:
    shown = read(simple(way="http://192.0.2.1:3128"), tmp_path)
    (look,) = [one.text for one in shown.all("li") if "tls.offers/1 of api" in " ".join(one.text.split())]
    assert "0.41 s, through http://192.0.2.1:3128" in look
    assert "1 look through http://192.0.2.1:3128. Whatever is not named here went directly." in shown.text


@pytest.mark.parametrize("way", ["direct", ""])
def test_a_look_that_went_directly_needs_no_words_for_it(way: str, tmp_path: Path) -> None:
    shown = read(simple(way=way), tmp_path)
    assert "through" not in shown.text
    assert not [one for one in shown.all("dt") if one.text == "Way"]


@pytest.mark.parametrize("text", [*HOSTILE, "http://" + "x" * 100_000, "http://a\u202ereversed:1"])
def test_a_way_that_a_record_claims_is_text_and_nothing_else(text: str, tmp_path: Path) -> None:
    expected = [one.tag for one in read(simple(way="http://192.0.2.1:3128"), tmp_path / "plain").elements]
    shown = read(simple(way=text), tmp_path)
    assert [one.tag for one in shown.elements] == expected
    assert_at_rest(shown)
    assert "x" * 301 not in shown.text
    assert "\u202e" not in shown.text


@pytest.mark.parametrize("text", HOSTILE)
def test_what_the_vendor_writes_is_text_and_nothing_else(text: str, tmp_path: Path) -> None:
    plain = simple("quiet").dossier(tmp_path / "plain")
    expected = [one.tag for one in Page.of(html.render(plain)).elements]
    script = simple(text, vendor=text, buyer=text, operator=text)
    script.looks.clear()
    script.verdicts.clear()
    digest = script.look("tls.offers", "api", {text: [text, {"subject": text}]})
    script.verdict(
        "DPA 4.2", "tls-floor", ("api",), "TLS 1.3 or higher", finding(Outcome.BROKEN, text, Assurance.OBSERVED, digest)
    )
    shown = read(script, tmp_path)
    assert [one.tag for one in shown.elements] == expected
    assert_at_rest(shown)
    assert shown.text.count(" ".join(text.split())) >= 4


def test_nothing_invisible_reaches_the_page_whichever_field_it_stands_in(tmp_path: Path) -> None:
    bad = "a\u202eb\x1b[2Jc\x07d\u200be"
    grant = Grant(granted_by=bad, file=bad, valid=window("2026-11-16", "2026-11-27"), hosts=(bad,), allows=())
    script = Script(
        vendor=bad,
        buyer=bad,
        operator=bad,
        path=bad,
        permission=grant,
        population=Population(listed_by=bad, source=bad),
        contract=(ContractFile(id=bad, title=bad, file=bad),),
        datasets={bad: Dataset(classification=bad, regulation=(bad,))},
        waivers=(Waiver(clause=bad, claim=bad, reason=bad, approver=bad, expires=date(2027, 1, 1)),),
        only=(bad,),
    )
    script.subject(bad, bad, bad, bad)
    remedy = Remedy(credit=bad, per=bad, cap=bad)
    script.clause(bad, bad, bad, (bad, (bad,), bad, {bad: bad}), untested={bad: bad}, passage=bad, remedy=remedy)
    script.clause(f"{bad} 2", bad, bad)
    seen = script.look(bad, bad, {bad: [bad]}, artifacts=(bad,), calls=(bad,))
    refused = script.look(f"{bad}2", bad, denied(bad, bad))
    note = WaiverNote(bad, bad, date(2027, 1, 1), expired=False)
    told = [finding(outcome, bad, Assurance.OBSERVED, seen, refused, bad, about=f"{bad}!") for outcome in Outcome]
    script.verdict(bad, bad, (bad,), bad, *told)
    script.verdict(bad, bad, (bad,), None, *told, waiver=note)
    script.verdict(bad, bad, (bad,), bad, unseen(bad), because=Because.PERMISSION)
    source = html.render(script.dossier(tmp_path / "run")).decode()
    assert sorted(set("\u202e\x1b\x07\u200b") & set(source)) == []
    assert source.count("a&lt;U+202E&gt;b&lt;U+001B&gt;[2Jc&lt;U+0007&gt;d&lt;U+200B&gt;e") > 60


def test_a_huge_text_is_shortened_and_says_so(tmp_path: Path) -> None:
    script = simple("A" * 5_000_000)
    data = html.render(script.dossier(tmp_path / "run"))
    assert len(data) < 120_000
    assert "[4,000 of 5,000,000 characters]" in Page.of(data).text


def test_a_huge_observation_is_shortened_and_says_where_the_rest_is(tmp_path: Path) -> None:
    script = simple("bad")
    script.looks.clear()
    script.verdicts.clear()
    digest = script.look("tls.offers", "api", {"chain": ["x" * 100] * 50_000})
    script.verdict("DPA 4.2", "tls-floor", ("api",), None, finding(Outcome.BROKEN, "bad", Assurance.OBSERVED, digest))
    data = html.render(script.dossier(tmp_path / "run"))
    assert len(data) < 120_000
    assert "[only the beginning; the whole lies in observations.jsonl]" in Page.of(data).text


def test_observations_beyond_the_limit_are_named_without_their_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "WHOLE_EXHIBITS", 0)
    shown = read(simple("bad"), tmp_path)
    assert shown.all("pre") == []
    assert "The facts of 1 observation lie in observations.jsonl only." in shown.text


def test_many_verdicts_on_one_clause_all_keep_their_digest(tmp_path: Path) -> None:
    script = Script()
    names = tuple(f"host{n}" for n in range(300))
    script.clause("DPA 4.2", "Transit", "TLS 1.3 or higher.", ("tls-floor", names, "TLS 1.3 or higher", {}))
    digests = []
    for name in names:
        digests.append(script.look("tls.offers", name, {"accepted": ["TLS 1.2"]}))
        told = finding(Outcome.BROKEN, f"{name} accepted TLS 1.2", Assurance.OBSERVED, digests[-1])
        script.verdict("DPA 4.2", "tls-floor", (name,), "TLS 1.3 or higher", told)
    shown = read(script, tmp_path)
    assert all(digest in shown.text for digest in digests)
    assert "And 292 more sentences" in shown.text
    assert "host299 accepted TLS 1.2" in shown.text


def test_an_interrupted_run_says_so_first(tmp_path: Path) -> None:
    header = read(simple("bad", complete=False), tmp_path).all("header")[0].text
    assert "did not end by itself" in header
    assert "Interrupted." in header


def test_a_killed_run_says_of_each_claim_without_a_verdict_that_it_was_not_judged(tmp_path: Path) -> None:
    script = simple("kept", Outcome.HOLDS, complete=False)
    script.clause("DPA 4.3", "Certificates", "Valid certificates.", ("certificate", ("api",), "Valid", {}))
    shown = read(script, tmp_path)
    entry = " ".join(shown.one("article", id="dpa-4.3").text.split())
    assert "Why not The run ended before this was judged." in entry
    assert "clauseproof run profiles/example-crm.yaml --only 'DPA 4.3'" in entry
    assert "1 was not tested" in shown.text


def test_a_contract_in_force_and_no_permission_are_said(tmp_path: Path) -> None:
    paper = ContractFile.model_validate({"id": "MSA", "file": "msa.pdf", "status": "in force", "from": "2026-03-01"})
    header = " ".join(read(simple("bad", contract=(paper,)), tmp_path).all("header")[0].text.split())
    assert "MSA: in force from 1 March 2026" in header
    assert "None was given: only looks were made that need nobody’s leave." in header


def test_a_restricted_run_names_what_it_left_out(tmp_path: Path) -> None:
    script = simple("bad", only=("DPA 4.2",))
    script.clause("DPA 9", "Deletion", "Vendor shall delete.", ("deletion", ("api",), "delete", {}))
    script.verdict(
        "DPA 9", "deletion", ("api",), "delete", finding(Outcome.UNKNOWN, "left out", None), because=Because.LEFT_OUT
    )
    shown = read(script, tmp_path)
    assert "This run looked only at DPA 4.2" in shown.text
    assert "clauseproof run profiles/example-crm.yaml --only 'DPA 9'" in shown.one("article", id="dpa-9").text


def test_a_drill_not_asked_for_gives_the_command_that_asks(tmp_path: Path) -> None:
    script = Script()
    script.clause("C 1", "Keys", "Vendor shall lose access.", ("revocation-drill", ("k",), "lose access", {}))
    told = finding(Outcome.UNKNOWN, "k was not drilled. To settle it: run again with --drills", None)
    script.verdict("C 1", "revocation-drill", ("k",), "lose access", told, because=Because.DRILL_NOT_ASKED)
    shown = " ".join(read(script, tmp_path).one("article", id="c-1").text.split())
    assert "clauseproof run profiles/example-crm.yaml --drills --only 'C 1'" in shown
    assert "Not tested" in shown


def test_a_waived_look_that_was_never_made_is_not_marked_as_tested(tmp_path: Path) -> None:
    script = Script()
    script.clause("C 1", "Keys", "Vendor shall lose access.", ("revocation-drill", ("k",), "lose access", {}))
    note = WaiverNote("M. Roy", "later", date(2027, 1, 1), expired=False)
    told = finding(Outcome.UNKNOWN, "no permission. To settle it: ask", None)
    script.verdict("C 1", "revocation-drill", ("k",), "lose access", told, because=Because.PERMISSION, waiver=note)
    shown = read(script, tmp_path)
    assert [one for one in shown.all("mark") if "blockquote" in one.parents] == []
    assert "lose access: no permission" in " ".join(shown.one("article", id="c-1").text.split())


def test_digests_missing_from_the_ledger_are_called_missing(tmp_path: Path) -> None:
    script = simple("bad")
    script.verdict(
        "DPA 4.2", "x", ("api",), None, finding(Outcome.BROKEN, "worse", Assurance.OBSERVED, "sha256:" + "ee" * 32)
    )
    assert f"sha256:{'ee' * 32} is not among this run’s observations." in read(script, tmp_path).text


def test_an_unseen_look_among_the_evidence_gives_its_reason(tmp_path: Path) -> None:
    script = Script()
    script.clause("C 1", "Keys", "Only us.", ("key-separation", ("k",), "Only us", {}))
    digest = script.look("keys.principals", "k", denied("AWS refused <b>it</b>", "allow it"))
    told = finding(Outcome.UNKNOWN, "AWS refused <b>it</b>. To settle it: allow it", None, digest)
    script.verdict("C 1", "key-separation", ("k",), "Only us", told)
    assert "Nothing seen: AWS refused <b>it</b>" in read(script, tmp_path).text


def test_a_run_without_clauses_still_gives_a_page(tmp_path: Path) -> None:
    assert "Of 0 promises in the draft, none is contradicted." in read(Script(), tmp_path).text


def test_anchors_are_unique_and_harmless() -> None:
    made = anchors(["DPA 4.2", "DPA-4.2", "result", "§§§", "<b>", "limits"])
    assert list(made.values()) == ["dpa-4.2", "dpa-4.2-2", "result-2", "clause", "b", "limits-2"]


def test_clauses_of_one_document_go_by_their_number() -> None:
    assert list(numbers(["DPA 4.2", "DPA 5"]).values()) == ["4.2", "5"]
    assert list(numbers(["DPA 4.2", "MSA 5"]).values()) == ["DPA 4.2", "MSA 5"]


def test_json_that_fits_stands_in_one_line_and_the_rest_is_broken_up() -> None:
    value = {"short": [1, 2], "long": ["x" * 40, "y" * 40]}
    assert excerpt(value, 1000) == (
        '{\n  "short": [1, 2],\n  "long": [\n    "' + "x" * 40 + '",\n    "' + "y" * 40 + '"\n  ]\n}', True
    )  # fmt: skip
    assert excerpt(value, 20) == ('{\n  "short": [1, 2],', False)


def test_what_a_clause_demands_is_repeated_only_where_the_proof_falls_short(page: Page) -> None:
    weak, strong = (" ".join(page.one("article", id=i).text.split()) for i in ("dpa-3.4", "dpa-5.1"))
    assert "stated: the vendor’s own word. The clause asks for reported or stronger." in weak
    assert "The clause asks for" not in strong
    assert "Asks for reported or stronger" in strong
