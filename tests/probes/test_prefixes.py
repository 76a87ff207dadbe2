"""All prefixes that cover an address, longest first."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clauseproof.probes.prefixes import PrefixTable


def table(*prefixes: str) -> PrefixTable[str]:
    made = PrefixTable[str]()
    for prefix in prefixes:
        made.put(prefix, prefix, lambda first, second: f"{first}+{second}")
    return made


def test_the_longest_prefix_comes_first() -> None:
    made = table("10.0.0.0/8", "10.1.2.0/24", "10.1.0.0/16", "10.1.2.3/32", "11.0.0.0/8", "0.0.0.0/0")
    found = [prefix for prefix, _ in made.covering("10.1.2.3")]
    assert found == ["10.1.2.3/32", "10.1.2.0/24", "10.1.0.0/16", "10.0.0.0/8", "0.0.0.0/0"]


def test_the_families_do_not_mix() -> None:
    made = table("0.0.0.0/0", "::/0")
    assert [prefix for prefix, _ in made.covering("::a00:1")] == ["::/0"]
    assert [prefix for prefix, _ in made.covering("10.0.0.1")] == ["0.0.0.0/0"]


def test_a_prefix_that_comes_twice_is_merged() -> None:
    made = table("10.0.0.0/8", "10.0.0.0/8")
    assert dict(made.covering("10.0.0.1")) == {"10.0.0.0/8": "10.0.0.0/8+10.0.0.0/8"}
    assert len(made) == 1


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "ten", "", "2a02:/29"])
def test_what_is_no_prefix_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        table(text)


v4 = st.builds(
    lambda bits, length: str(ipaddress.ip_network((bits, length), strict=False)),
    st.integers(0, 2**32 - 1),
    st.integers(0, 32),
)
v6 = st.builds(
    lambda bits, length: str(ipaddress.ip_network((bits, length), strict=False)),
    st.integers(0, 2**128 - 1),
    st.integers(0, 128),
)


@given(st.lists(v4 | v6, max_size=30, unique=True), st.ip_addresses())
def test_it_agrees_with_asking_every_prefix(prefixes: list[str], address: ipaddress.IPv4Address) -> None:
    covering = [ipaddress.ip_network(p) for p in prefixes if address in ipaddress.ip_network(p)]
    expected = [str(network) for network in sorted(covering, key=lambda network: -network.prefixlen)]
    assert [prefix for prefix, _ in table(*prefixes).covering(str(address))] == expected
