"""A key of the buyer's own key service in a profile: the how-to's example is accepted, and slips are told in place."""

import re
from pathlib import Path

import pytest

from clauseproof.doors.assembly import prepare
from clauseproof.facts.keyservice import FetchedKey
from clauseproof.model.errors import ProfileError

HOW_TO = Path(__file__).parents[2] / "profiles" / "README.md"
EXAMPLES = re.findall(r"^```yaml\n(subjects:\n.*?)^```", HOW_TO.read_text(), re.DOTALL | re.MULTILINE)
(SUBJECTS,) = [example for example in EXAMPLES if "key_service:" in example]
PROFILE = f"""\
buyer: Acme GmbH
vendor: Example CRM Ltd
contract: [{{id: DPA, file: dpa.md}}]
{SUBJECTS}clauses:
  - id: DPA 5.1
    title: Keys
    promise: Vendor shall keep no key for more than eight hours.
    tier: 1
    claims:
      - key-cache: {{where: crm-key, at_most: 8 h}}
      - revocation-drill: {{where: crm-key, dark_within: 8 h}}
      - customer-managed-key: {{where: crm-key, owner_account: acme-keys}}
      - hyok: {{where: crm-key, fetched: true}}
      - endpoint-location: {{where: crm-key, within: EU}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "dpa.md").write_text("Vendor shall keep no key for more than eight hours.")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/key-service.jsonl").write_text("")
    return tmp_path


def spoilt(folder: Path, old: str, new: str) -> tuple[str, list[str]]:
    """The profile with `new` for `old`, and what is told of it, each beginning with `LINE:COLUMN: `."""
    assert old in PROFILE
    text = PROFILE.replace(old, new, 1)
    (folder / "p.yaml").write_text(text)
    with pytest.raises(ProfileError) as caught:
        prepare(folder / "p.yaml")
    return text, [line.partition("p.yaml:")[2] for line in str(caught.value).splitlines() if "p.yaml:" in line]


def place(text: str, of: str) -> str:
    """Where something stands."""
    before = text[: text.index(of)]
    return f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


def test_the_example_of_the_how_to_is_accepted(folder: Path) -> None:
    (folder / "p.yaml").write_text(PROFILE)
    key = prepare(folder / "p.yaml").profile.subjects["crm-key"]
    assert isinstance(key, FetchedKey)
    assert (key.named, key.host, key.log.refused) == ("crm", "keys.acme.example", ("403", "423"))


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("time: /ts", "time: ts", "ts  ", "'ts' does not have the form"),
        ("owner: acme-keys ", "oner: acme-keys ", "oner", "unknown key 'oner'; did you mean 'owner'?"),
        ('refused: ["403", "423"]', 'refused: ["200"]', "file: logs", "200 is both served and refused"),
        (
            "json_pointer: /kid ",
            "timeout: 5 s #",
            "url: https://keys.acme.example/v1/keys/crm\n",
            "name expect_sentinel",
        ),
        ("${env:KEYS_READER}", "${file:reader.txt}", "off: {", "${file:reader.txt} would not be found by"),
        ("hyok: {where: crm-key, fetched: true}", "rotation-drill: {where: crm-key}", "crm-key}", "rotation-drill"),
    ],
)
def test_a_slip_is_told_with_line_and_column(folder: Path, old: str, new: str, at: str, says: str) -> None:
    text, found = spoilt(folder, old, new)
    expected = f"{place(text, at)}: "
    assert [problem for problem in found if problem.startswith(expected) and says in problem], (expected, found)
