"""Which class a subject belongs to, where several share a word or a key of one is a word of another."""

from typing import ClassVar

import pytest

from clauseproof.engine.registry import Registry
from clauseproof.model.subject import Subject
from clauseproof.profile.problem import Problems
from clauseproof.profile.subjects import read_subjects
from clauseproof.profile.tree import parse
from tests.profile import family


class Key(Subject):
    """Any key: the class that several share."""

    key: ClassVar[str] = "key"
    name: str


class CloudKey(Key):
    """A key of a cloud, more special than any key."""

    @classmethod
    def accepts(cls, value: str) -> bool:
        return value.startswith("arn:")


class OtherCloudKey(Key):
    """A second special one that accepts some of the same."""

    @classmethod
    def accepts(cls, value: str) -> bool:
        return value.startswith("arn:other:")


class Box(family.Letterbox):
    """A letterbox with a field that is the word of another subject."""

    bird: str | None = None


def read(written: str, subjects: dict[str, list[type[Subject]]]) -> tuple[dict[str, Subject], list[str]]:
    problems = Problems("p.yaml")
    root = parse(f"it: {written}\n".encode(), problems)
    found = read_subjects(root, Registry(subjects=subjects), None, problems)
    return found, [str(problem) for problem in problems.errors().problems]


def test_the_most_special_class_that_accepts_the_value_is_taken() -> None:
    class Special(family.Pigeon):
        """A pigeon with a name."""

    found, problems = read("{bird: 'pigeon:7'}", {"bird": [family.Pigeon, Special, family.Owl]})
    assert (type(found["it"]), problems) == (Special, [])


def test_a_value_that_two_classes_accept_is_refused() -> None:
    _, problems = read("{key: 'arn:other:1'}", {"key": [Key, CloudKey, OtherCloudKey]})
    assert problems[0].startswith("p.yaml:1:11: 'arn:other:1' could be CloudKey or OtherCloudKey; ")


def test_a_word_that_is_a_key_of_the_subject_is_just_that() -> None:
    found, problems = read("{bird: 'pigeon:7', letterbox: hole}", {"bird": [family.Pigeon], "letterbox": [Box]})
    assert (found["it"], problems) == (Box(letterbox="hole", bird="pigeon:7"), [])


def test_a_dataset_is_unknown_where_none_is_declared() -> None:
    _, (problem,) = read("{letterbox: hole, holds: [mail]}", {"letterbox": [family.Letterbox]})
    assert problem == "p.yaml:1:31: 'mail' is no dataset of this profile; add it to datasets"


@pytest.mark.parametrize("word", ["animal", "holds"])
def test_without_any_known_word_those_there_are_are_named(word: str) -> None:
    _, (problem,) = read(f"{{{word}: x}}", {"letterbox": [family.Letterbox]})
    assert problem.endswith("nothing says what it is; there is letterbox")
