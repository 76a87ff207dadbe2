"""AWS KMS on loopback, in its own wire protocol, for unmodified AWS SDK clients."""

from clauseproof.sandbox.kms.aws.access import Caller
from clauseproof.sandbox.kms.aws.account import CustomKeyStore
from clauseproof.sandbox.kms.aws.double import BUYER_ACCESS_KEY, AwsKmsDouble, KeySeed

__all__ = ["BUYER_ACCESS_KEY", "AwsKmsDouble", "Caller", "CustomKeyStore", "KeySeed"]
