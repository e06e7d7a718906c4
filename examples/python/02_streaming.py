"""A streamed reply, and one that its reader stops.

Runs offline with the sandbox: CLAWROUTERS_SANDBOX=1 python examples/python/02_streaming.py
"""

from clawrouters import Message, Router

router = Router.from_env()
messages: list[Message] = [{"role": "user", "content": "Tell me a story about a lighthouse keeper."}]

with router.chat.completions.create(model="auto:fastest", messages=messages, stream=True) as stream:
    for chunk in stream:
        print(chunk.text, end="", flush=True)

# The last chunk carries the route with the cost.
route = stream.route
if route is not None:
    print(
        f"\n  {route.model}: first token after {route.first_token_ms:.0f} ms, whole after {route.latency_ms:.0f} ms\n"
    )

# Leaving the block stops the provider's request, so nothing more is billed.
with router.chat.completions.create(model="auto:fastest", messages=messages, stream=True) as stream:
    for number, text in enumerate(stream.text_stream, start=1):
        print(text, end="", flush=True)
        if number == 3:
            break
print("\n  that was enough")
