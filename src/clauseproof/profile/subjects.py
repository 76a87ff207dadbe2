"""The subjects of a profile, typed by the word that says what each is."""

from clauseproof.engine.registry import Registry
from clauseproof.model.jurisdiction import Atlas
from clauseproof.model.subject import Subject
from clauseproof.profile.problem import Problems, quote
from clauseproof.profile.tree import Node
from clauseproof.profile.validation import validate


def read_subjects(
    section: Node | None, registry: Registry, datasets: Node | None, problems: Problems, atlas: Atlas | None = None
) -> dict[str, Subject]:
    """The subjects by name, those that are right; what is wrong with the others goes to `problems`."""
    known = {name for name, _ in datasets.members()} if datasets else set()
    found: dict[str, Subject] = {}
    for name, node in section.members() if section else ():
        cls = subject_class(name, node, registry, problems)
        subject = validate(cls, node, problems, atlas=atlas) if cls else None
        if subject is not None:
            found[name] = subject
        _check_holds(node, known, problems)
    return found


def subject_class(name: str, node: Node, registry: Registry, problems: Problems) -> type[Subject] | None:
    """The class a subject belongs to, by its word and the value beside it."""
    if not isinstance(node.value, dict):
        if not problems.has(node.spot):
            problems.add(node.spot, f"{name} must be a mapping", advice=f"write {name}: {{WORD: VALUE}}")
        return None
    word = _word_of(name, node, registry, problems)
    value = node.text_of(word) if word else None
    if word is None or value is None:
        if word is not None:
            problems.add(node.value[word].spot, f"{word!r} must be a text")
        return None
    fitting = _most_specific([cls for cls in registry.subjects[word] if cls.accepts(value)])
    if len(fitting) == 1:
        return fitting[0]
    what = f"{quote(value)} is no {word} that any subject type knows"
    if fitting:
        what = f"{quote(value)} could be {' or '.join(sorted(cls.__name__ for cls in fitting))}"
    problems.add(node.value[word].spot, what, value=value, advice=f"see profiles/schema.json for {word} subjects")
    return None


def _word_of(name: str, node: Node, registry: Registry, problems: Problems) -> str | None:
    """The one key that says what the subject is; a key that is a field of another candidate is just that."""
    keys = [key for key, _ in node.members()]
    words = [key for key in keys if key in registry.subjects]
    words = [word for word in words if not any(_is_field(registry, word, of) for of in words if of != word)] or words
    if len(words) == 1:
        return words[0]
    if words:
        problems.add(node.spot, f"{name} is {' and '.join(words)} at once", advice="make it two subjects")
        return None
    likely = next((key for key in keys if key not in Subject.model_fields), None)
    spot = node.at([likely]).name if likely else node.spot
    shown = f"unknown key {quote(likely)}: " if likely else ""
    what = f"{shown}nothing says what {name} is"
    problems.add(spot, what, value=likely, choices=sorted(registry.subjects))
    return None


def _is_field(registry: Registry, key: str, word: str) -> bool:
    fields = (info.alias or name for cls in registry.subjects[word] for name, info in cls.model_fields.items())
    return key in fields


def _most_specific(classes: list[type[Subject]]) -> list[type[Subject]]:
    return [cls for cls in classes if not any(other is not cls and issubclass(other, cls) for other in classes)]


def _check_holds(node: Node, known: set[str], problems: Problems) -> None:
    holds = node.get("holds")
    for entry in holds.entries() if holds else ():
        if entry.text is not None and entry.text not in known:
            what = f"{quote(entry.text)} is no dataset of this profile"
            advice = "" if known else "add it to datasets"
            problems.add(entry.spot, what, value=entry.text, choices=sorted(known), advice=advice)
