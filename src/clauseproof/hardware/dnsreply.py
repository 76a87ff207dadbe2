"""One recorded DNS response, as a validator reads it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dns.message import Message
    from dns.name import Name
    from dns.rrset import RRset


class Reply:
    """Record sets of a response and the signatures beside them."""

    def __init__(self, message: "Message") -> None:
        self._message = message

    @classmethod
    def read(cls, wire: bytes) -> "Reply":
        """Parse a response; dns.exception.DNSException where it is none."""
        import dns.message

        return cls(dns.message.from_wire(wire))

    def find(self, name: "Name", rdtype: int) -> "RRset | None":
        """The records of a name and type in the answer."""
        from dns.rdataclass import IN

        kind = (name, IN, rdtype)
        return next((one for one in self._message.answer if (one.name, one.rdclass, one.rdtype) == kind), None)

    def signatures(self, of: "RRset") -> "RRset | None":
        """The RRSIG records over a set, which stand in the same section as the set."""
        from dns.rdatatype import RRSIG

        section = self._message.answer if of in self._message.answer else self._message.authority
        return next((s for s in section if s.rdtype == RRSIG and s.covers == of.rdtype and s.name == of.name), None)

    def denials(self) -> "list[RRset]":
        """NSEC and NSEC3 records, in the order of the response."""
        from dns.rdatatype import NSEC, NSEC3

        return [one for one in self._message.authority if one.rdtype in (NSEC, NSEC3)]

    def speaker(self, name: "Name") -> "Name | None":
        """The zone that signed the SOA of an answer without records (RFC 2308); None where none did."""
        from dns.rdatatype import SOA

        for one in self._message.authority:
            signatures = self.signatures(one) if one.rdtype == SOA and name.is_subdomain(one.name) else None
            if signatures and signatures[0].signer == one.name:
                return one.name
        return None

    def redirects(self) -> bool:
        """Whether a DNAME made up aliases in the answer."""
        from dns.rdatatype import DNAME

        return any(one.rdtype == DNAME for one in self._message.answer)
