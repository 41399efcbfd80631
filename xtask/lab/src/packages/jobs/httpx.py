import httpx


def _answer(request):
    if request.url.path == "/moved":
        return httpx.Response(302, headers={"location": "/here"})
    return httpx.Response(
        200,
        json={
            "path": str(request.url),
            "body": request.content.decode(),
            "agent": "user-agent" in request.headers,
        },
    )


def client(given={"q": "ž x"}):
    """Sends requests to a function, follows redirects and reads streams."""
    with httpx.Client(
        transport=httpx.MockTransport(_answer), base_url="https://a.org", follow_redirects=True
    ) as client:
        moved = client.get("/moved")
        posted = client.post("/x", json=given, params=given)
        with client.stream("GET", "/s") as stream:
            size = sum(map(len, stream.iter_bytes()))
        return [moved.json(), [old.status_code for old in moved.history], posted.json(), size]


async def asynchronous(given=3):
    """Sends requests to an ASGI application, all at once."""
    import asyncio

    async def application(scope, receive, send):
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"x-path", scope["path"].encode())],
            }
        )
        await send({"type": "http.response.body", "body": scope["query_string"]})

    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
        answers = await asyncio.gather(
            *(client.get(f"/{n}", params={"n": n}) for n in range(given))
        )
    return [[answer.headers["x-path"], answer.text] for answer in answers]
