"""What every double that speaks HTTP does with a request, whatever is in it."""

from starlette.requests import Request
from starlette.responses import Response


async def bounded_body(request: Request, most: int) -> bytes | None:
    """The body; None if it is longer than `most` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


def reset(request: Request) -> Response:
    """Reset the connection, see `LoopbackServer`; the response is for the framework and reaches nobody."""
    request.scope["state"]["reset"]()
    return Response()
