from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Mount, Route


async def application(given=["/users/7", "/users/x", "/deep/stream"]):
    """Answers requests of an ASGI client, with streams and middleware."""
    import httpx

    async def user(request):
        return JSONResponse({"id": request.path_params["id"], "q": request.query_params.get("q")})

    async def stream(request):
        async def parts():
            for n in range(3):
                yield f"{n};"

        return StreamingResponse(parts())

    app = Starlette(
        routes=[Route("/users/{id:int}", user), Mount("/deep", routes=[Route("/stream", stream)])],
        middleware=[Middleware(GZipMiddleware, minimum_size=1)],
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://a"
    ) as client:
        answers = [await client.get(path, params={"q": "ž"}) for path in given]
    return [[answer.status_code, answer.text] for answer in answers]
