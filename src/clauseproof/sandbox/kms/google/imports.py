"""Import jobs and imported versions, unwrapped for real."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding
from google.cloud.kms_v1 import types as kms

from clauseproof.sandbox.kms.google.errors import exists, invalid, precondition
from clauseproof.sandbox.kms.google.messages import job_message, version_message
from clauseproof.sandbox.kms.google.names import RESOURCE_ID
from clauseproof.sandbox.kms.google.project import Algorithm, CryptoKey, ImportJob, Level, Version
from clauseproof.sandbox.kms.google.request import Method, Request
from clauseproof.sandbox.kms.keystate import KeyState
from clauseproof.sandbox.kms.secret import AesSecret, EcSecret, RsaSecret, Secret, Undecryptable

JOB_LIFE: Final = timedelta(days=3)
_METHOD: Final = re.compile(r"RSA_OAEP_(?P<bits>3072|4096)_(?P<hash>SHA1|SHA256)(?P<wrapped>_AES_256)?")


def _create_import_job(request: Request) -> kms.ImportJob:
    message = request.message
    request.authorise(message.parent)
    name = f"{request.ring(message.parent)}/importJobs/{message.import_job_id}"
    if not RESOURCE_ID.fullmatch(message.import_job_id):
        raise invalid("An id takes 1 to 63 letters, digits, underscores and hyphens.")
    if name in request.holdings.jobs:
        raise exists("ImportJob", name)
    method = kms.ImportJob.ImportMethod(message.import_job.import_method)
    form = _METHOD.fullmatch(method.name)
    if form is None:
        raise invalid(f"The import method {method.name} is not available here.")
    now = request.holdings.clock.now()
    job = ImportJob(
        name=name,
        method=method,
        level=Level(message.import_job.protection_level or Level.SOFTWARE),
        wrapping=RsaSecret.generate(int(form["bits"])),
        created=now,
        expires=now + JOB_LIFE,
    )
    request.holdings.jobs[name] = job
    return job_message(request.holdings, job)


def _get_import_job(request: Request) -> kms.ImportJob:
    request.authorise(request.message.name)
    return job_message(request.holdings, request.job(request.message.name))


def _list_import_jobs(request: Request) -> kms.ListImportJobsResponse:
    request.authorise(request.message.parent)
    ring = request.ring(request.message.parent)
    jobs = [job for name, job in request.holdings.jobs.items() if name.startswith(f"{ring}/importJobs/")]
    page, more = request.page(jobs)
    return kms.ListImportJobsResponse(import_jobs=[job_message(request.holdings, job) for job in page], **more)


def _import_crypto_key_version(request: Request) -> kms.CryptoKeyVersion:
    message = request.message
    request.authorise(message.parent)
    request.authorise(message.import_job, "cloudkms.importJobs.useToImport")
    key, job = request.key(message.parent), request.job(message.import_job)
    if job.expires <= request.holdings.clock.now():
        raise precondition(f"ImportJob {job.name} is not active, current state is: EXPIRED.")
    if Algorithm(message.algorithm) is not key.mint.algorithm or job.level is not key.mint.level:
        raise invalid("The algorithm and the import job's protection level must be those of the CryptoKey.")
    version = _target(request, key)
    try:
        version.secret = _secret(key, unwrap(job, message.wrapped_key or message.rsa_aes_wrapped_key))
        version.switch.turn(KeyState.ENABLED, request.holdings.faults)
    except (Undecryptable, InvalidUnwrap, ValueError) as error:
        version.import_failure = f"The key material could not be imported: {str(error) or 'it did not unwrap'}."
        version.switch.turn(KeyState.UNAVAILABLE, request.holdings.faults)
    version.import_job, version.import_time = job.name, request.holdings.clock.now()
    version.imported = True
    return version_message(key, version)


def _target(request: Request, key: CryptoKey) -> Version:
    """The version that takes the material: a new one, or a destroyed one that had it before."""
    wanted = request.message.crypto_key_version
    if not wanted:
        version = key.mint.version(request.holdings.clock.now(), None, KeyState.PENDING_IMPORT)
        key.key.materials.append(version)
        return version
    _, version = request.version(wanted)
    if not version.imported or version.switch.declared is not KeyState.DESTROYED:
        raise precondition(f"{wanted} is not eligible for reimport.")
    version.destroyed = version.destroy_time = None
    return version


def unwrap(job: ImportJob, blob: bytes) -> bytes:
    """Key material out of its wrapping: RSA-OAEP alone, or an AES key under OAEP followed by RFC 5649 key wrap.

    Raises `Undecryptable` or cryptography's `InvalidUnwrap`.
    """
    form = _METHOD.fullmatch(job.method.name)
    chosen: hashes.HashAlgorithm = hashes.SHA256() if form and form["hash"] == "SHA256" else hashes.SHA1()  # noqa: S303
    scheme = padding.OAEP(padding.MGF1(chosen), chosen, None)
    if form is None or form["wrapped"] is None:
        return job.wrapping.open(blob, scheme)
    size = job.wrapping.private.key_size // 8
    return aes_key_unwrap_with_padding(job.wrapping.open(blob[:size], scheme), blob[size:])


def _secret(key: CryptoKey, raw: bytes) -> Secret:
    if key.mint.algorithm is Algorithm.GOOGLE_SYMMETRIC_ENCRYPTION:
        if len(raw) != 32:
            raise ValueError(f"{len(raw)} bytes are no AES-256 key")
        return AesSecret(raw)
    private: Any = serialization.load_der_private_key(raw, None)
    if isinstance(private, rsa.RSAPrivateKey) and f"_{private.key_size}_" in key.mint.algorithm.name:
        return RsaSecret(private)
    if isinstance(private, ec.EllipticCurvePrivateKey) and f"_P{private.curve.key_size}_" in key.mint.algorithm.name:
        return EcSecret(private)
    raise ValueError(f"the private key is none for {key.mint.algorithm.name}")


METHODS: Final[Mapping[str, Method]] = {
    "CreateImportJob": Method(
        kms.CreateImportJobRequest, kms.ImportJob, "cloudkms.importJobs.create", _create_import_job
    ),
    "GetImportJob": Method(kms.GetImportJobRequest, kms.ImportJob, "cloudkms.importJobs.get", _get_import_job),
    "ImportCryptoKeyVersion": Method(
        kms.ImportCryptoKeyVersionRequest,
        kms.CryptoKeyVersion,
        "cloudkms.cryptoKeyVersions.create",
        _import_crypto_key_version,
    ),
    "ListImportJobs": Method(
        kms.ListImportJobsRequest, kms.ListImportJobsResponse, "cloudkms.importJobs.list", _list_import_jobs
    ),
}
