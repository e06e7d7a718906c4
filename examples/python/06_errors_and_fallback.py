"""A provider that fails is left for the next one; what no provider can do is a typed error.

Runs offline: both providers are sandboxes, the first one told to fail.
"""

from clawrouters import (
    ClawRoutersError,
    InvalidRequestError,
    Message,
    NoCandidateError,
    ProviderUnavailableError,
    Router,
)

router = Router(
    {
        "providers": {
            "openai": {"kind": "sandbox", "sandbox": {"fail": {"status": 503}}},
            "anthropic": {"kind": "sandbox"},
        },
        "aliases": {"careful": ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"]},
    }
)
review = "Classify the sentiment: The parcel came late, but the staff were lovely."
messages: list[Message] = [{"role": "user", "content": review}]

reply = router.chat.completions.create(model="careful", messages=messages)
print(reply.text)
for attempt in reply.route.attempts:
    print(f"  {attempt.target}: {attempt.verdict} ({attempt.status}), then {attempt.then}")

try:
    router.chat.completions.create(model="openai/gpt-5-mini", messages=messages, timeout=2)
except ProviderUnavailableError as error:
    print(f"\na provider that is down: {error.message}")
    print(f"  status {error.status}, retry after {error.retry_after} s, {len(error.attempts)} attempts")

try:
    router.chat.completions.create(model="careful", messages=[])
except InvalidRequestError as error:
    print(f"\na malformed request: {error.message}\n  param {error.param}")

try:
    router.chat.completions.create(model="auto", messages=messages, route={"max_cost": 0})
except NoCandidateError as error:
    print(f"\na price that nothing meets: {error.message[:160]}")
    for refusal in error.refusals[:3]:
        print(f"  {refusal.model}: {refusal.gate}")
except ClawRoutersError as error:
    print(f"\nsomething else: {error.kind}")
