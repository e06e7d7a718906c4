"""Requests are spread over models, a broken stream is completed by another model, health shows who is left alone.

Runs offline: all providers are sandboxes, two of them told to fail.
"""

from clawrouters import Message, Router

router = Router(
    {
        "providers": {
            "openai": {"kind": "sandbox"},
            "anthropic": {"kind": "sandbox"},
            # Breaks its first stream after three pieces.
            "mistral": {"kind": "sandbox", "sandbox": {"fail": {"count": 1, "cut_after": 3}}},
            "deepseek": {"kind": "sandbox", "sandbox": {"fail": {"status": 503}}},
        },
        "aliases": {
            "spread": {"models": ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"], "balance": "round_robin"},
            "shaky": ["mistral/mistral-small-latest", "openai/gpt-5-mini"],
            "down": ["deepseek/deepseek-chat", "openai/gpt-5-mini"],
        },
    }
)
messages: list[Message] = [{"role": "user", "content": "Summarise: the parcel came late, but the staff were lovely."}]

print("four requests in turn:")
for _ in range(4):
    print("  answered by", router.chat.completions.create(model="spread", messages=messages).model)

print("\na stream that breaks:")
with router.chat.completions.create(model="shaky", messages=messages, stream=True) as stream:
    print("  " + "".join(stream.text_stream))
if stream.route is not None:
    for rest in stream.route.resumed:
        print(f"  {rest['from']} broke after {rest.after_chars} characters ({rest.cause}), {rest.to} went on")

for _ in range(3):
    router.chat.completions.create(model="down", messages=messages)
print("\nhealth:")
for target in router.health():
    print(f"  {target.target}: {target.state}, {target.requests_minute} requests, last failure {target.last_failure}")
