"""What would happen: the same walk, stopped before anything is sent.

Runs offline with the sandbox: CLAWROUTERS_SANDBOX=1 python examples/python/05_explain.py
"""

from clawrouters import CompletionParams, Message, Router

router = Router.from_env()
bug = "Find the bug: my binary search loops for ever when the list has two elements."
messages: list[Message] = [{"role": "user", "content": bug}]
params: CompletionParams = {
    "tools": [{"type": "function", "function": {"name": "run_tests", "parameters": {"type": "object"}}}],
    "route": {"max_cost": 0.05},
}

task = router.classify(messages=messages, **params)
print(f"{task.kind}, difficulty {task.difficulty:.2f}, confidence {task.confidence:.2f}")
print("evidence:", ", ".join(e.signal for e in task.evidence) or "none")

plan = router.explain(messages=messages, **params)
print(*plan.reasons, sep="\n")
print("\nwould be tried, in this order:")
for candidate in plan.candidates[:5]:
    print(f"  {candidate.model:48} quality {candidate.quality}  cost ${candidate.cost}")
print("\nrefused:")
for refusal in plan.refused[:5]:
    print(f"  {refusal.model:48} {refusal.gate}: {refusal.reason}")
