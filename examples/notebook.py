"""Ask a running Regbrief from Python, cell by cell (VS Code and Jupyter read the `# %%` marks).

regbrief serve                  # in another terminal
python examples/notebook.py     # REGBRIEF_URL and REGBRIEF_API_KEY name another server and a key
"""

# %% Connect
import os

from bot import RegbriefClient

client = RegbriefClient(
    os.environ.get("REGBRIEF_URL", "http://127.0.0.1:7860"), api_key=os.environ.get("REGBRIEF_API_KEY", "")
)
print(client.stats())

# %% Ask; each sentence names its quotations
answer = client.ask("螞蟻集團上市為何暫緩？")
for claim in answer.claims:
    print(claim.text, claim.citations)

# %% Check each quotation against its article, letter for letter
for citation in answer.citations:
    body = client.article(citation.article_id).body
    assert body[citation.start : citation.end] == citation.quote
    print(f"[{citation.number}] {citation.source}, {citation.published}: {citation.quote}")

# %% Read a quotation in its paragraph
for citation in answer.citations[:1]:
    print(client.excerpt(citation.article_id, start=citation.start, end=citation.end).text)

# %% Follow an answer while it is being found
for event in client.stream("How much was Alibaba fined?"):
    print(event.type, event.data if event.type == "status" else "")

# %% Brief, and say what you think of an answer
digest = client.digest("Alibaba", limit=3)
for story in digest.stories:
    print(story.headline, [claim.text for claim in story.lines])
if not answer.abstained:
    client.give_feedback(answer, "right")
client.close()
