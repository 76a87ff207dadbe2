"""What a profile may write beside the word `mail_domain`."""

import pytest
from pydantic import ValidationError

from clauseproof.facts.mail import MailDomain


def test_a_domain_is_read_in_lower_case() -> None:
    domain = MailDomain(mail_domain="CRM.example.")
    assert (domain.mail_domain, domain.smtp_port, domain.policy_port) == ("crm.example", 25, 443)
    assert domain.hosts() == ("crm.example",)


@pytest.mark.parametrize(
    "text", ["", "a@crm.example", "crm.example:25", "https://crm.example", "192.0.2.1", "[::1]", "-a.example", "a b"]
)
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MailDomain(mail_domain=text)


@pytest.mark.parametrize("port", [0, 65536])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(ValidationError):
        MailDomain(mail_domain="crm.example", smtp_port=port)
