"""Cloud KMS on loopback, in gRPC with Google's own message classes, for unmodified client libraries."""

from clauseproof.sandbox.kms.google.access import Caller
from clauseproof.sandbox.kms.google.double import BUYER, GoogleKmsDouble, KeySeed
from clauseproof.sandbox.kms.google.project import Algorithm, EkmConnection, Level, Purpose, State

__all__ = ["BUYER", "Algorithm", "Caller", "EkmConnection", "GoogleKmsDouble", "KeySeed", "Level", "Purpose", "State"]
