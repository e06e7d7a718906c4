"""A first call: the router reads the request, chooses a model and says what it did.

Runs offline with the sandbox: CLAWROUTERS_SANDBOX=1 python examples/python/01_quickstart.py
With provider keys in the environment, such as OPENAI_API_KEY, it asks the real models.
"""

from clawrouters import Router

router = Router.from_env()

prompts = [
    "What is the capital of Peru?",
    "Translate into German: The meeting has been moved to Thursday.",
    "Write a Rust function that merges overlapping intervals, and prove that it runs in O(n log n).",
]


def usd(amount: float | None) -> str:
    """An unknown price gives no cost."""
    return "unknown" if amount is None else f"${amount:.6f}"


for prompt in prompts:
    reply = router.chat.completions.create(model="auto", messages=[{"role": "user", "content": prompt}])
    route = reply.route
    print(f"> {prompt}")
    print(reply.choices[0].message.content)
    print(f"  {route.task}, difficulty {route.difficulty:.2f}: {route.model}")
    print(f"  cost {usd(route.cost)}, saved {usd(route.saved)}\n")
