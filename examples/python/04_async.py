"""Many requests at once in asyncio, a deadline, and a stream.

Runs offline with the sandbox: CLAWROUTERS_SANDBOX=1 python examples/python/04_async.py
"""

import asyncio

from clawrouters import APITimeoutError, AsyncRouter

CITIES = ["Lima", "Nairobi", "Osaka", "Porto"]


async def country(router: AsyncRouter, city: str) -> str:
    reply = await router.chat.completions.create(
        model="auto:cheapest", messages=[{"role": "user", "content": f"In which country is {city}? One word."}]
    )
    return f"{city}: {reply.text} ({reply.model})"


async def main() -> None:
    async with AsyncRouter.from_env() as router:
        for line in await asyncio.gather(*(country(router, city) for city in CITIES)):
            print(line)

        stream = await router.chat.completions.create(
            messages=[{"role": "user", "content": "Count from one to five."}], stream=True
        )
        async with stream:
            async for chunk in stream:
                print(chunk.text, end="", flush=True)
        print()

        # A deadline, like the cancelling of a task, stops the provider's request.
        try:
            await router.chat.completions.create(messages=[{"role": "user", "content": "Hurry!"}], timeout=0.001)
        except APITimeoutError as error:
            print(f"gave up: {error.message}")


asyncio.run(main())
