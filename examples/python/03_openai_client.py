"""The one-line change: the openai package with the router in place of the network.

Runs offline with the sandbox: CLAWROUTERS_SANDBOX=1 python examples/python/03_openai_client.py
"""

from clawrouters import Router
from openai import OpenAI

client = OpenAI(http_client=Router.from_env().http_client(), api_key="unused")

answer = client.chat.completions.with_raw_response.create(
    model="auto", messages=[{"role": "user", "content": "Summarise in a sentence why the sky is blue."}]
)
print(answer.parse().choices[0].message.content)
print(f"  {answer.headers['x-clawrouters-model']} for ${answer.headers['x-clawrouters-cost']}\n")

stream = client.chat.completions.create(
    model="auto", messages=[{"role": "user", "content": "Write a haiku about rain."}], stream=True
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
    route = (chunk.model_extra or {}).get("clawrouters")
    if route:
        print(f"\n  {route['model']} for ${route['cost']}")
