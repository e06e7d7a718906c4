"""Vectors of texts, and the text that is nearest to a question.

Runs offline with the sandbox, whose vectors know words and no meaning:
CLAWROUTERS_SANDBOX=1 python examples/python/07_embeddings.py
"""

from clawrouters import InvalidRequestError, Router

router = Router.from_env()
texts = [
    "A parcel that came late can be claimed within fourteen days.",
    "The office opens at nine and closes at six.",
    "Passwords are reset on the account page.",
]
question = "When does the office open?"

documents = router.embeddings.create(model="openai/text-embedding-3-small", input=texts, input_type="document")
query = router.embed(model="openai/text-embedding-3-small", input=question, input_type="query")


def likeness(text: list[float]) -> float:
    return sum(a * b for a, b in zip(text, query.vectors[0], strict=True))


for text, vector in sorted(zip(texts, documents.vectors, strict=True), key=lambda pair: -likeness(pair[1])):
    print(f"{likeness(vector):.2f}  {text}")
print(f"\n{documents.model}: {documents.usage.total_tokens} tokens for ${documents.route.cost:.9f}")
print(f"  {documents.route.adapted}")

try:
    router.embed(model="auto", input=question)
except InvalidRequestError as error:
    print(f"\n{error.message}")
