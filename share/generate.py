#!/usr/bin/env python3
"""Make prices.json, the list that is shipped, out of public lists.

usage: generate.py DATE FORMAT=FILE[:KIND,KIND...] ... > prices.json

Of several lists the first that knows a model counts. KINDS limits what is taken from a list. Only providers
that the hub speaks to are kept. As it was made last:

    generate.py 2026-07-24 models.dev=models.dev.api.json \\
        litellm=model_prices_and_context_window.json:image,video,speech,transcription

models.dev's list is of 2026-07-02 and LiteLLM's of 2026-07-24; both are under the MIT licence, whose notices
are in prices.LICENSE."""
import json
import sys
from decimal import Decimal

import price_lists

KNOWN = ["openai", "azure", "anthropic", "google", "bedrock", "deepseek", "openrouter", "xai", "doubao", "poe", "groq",
         "mistral", "ideogram"]


def entry(model):
    made = {"provider": model.provider, "model": model.model, "type": model.kind}
    if model.output:
        made["maxTokens"] = model.output
    if model.context:
        made["contextWindow"] = model.context
    made["unitCosts"] = price_lists.costs_json(model.costs)
    if model.tiers:
        made["tiers"] = [price_lists.tier_json(when, costs) for when, costs in model.ordered()]
    return made


def main():
    found, sources = {}, []
    for argument in sys.argv[2:]:
        name, _, rest = argument.partition("=")
        path, _, kinds = rest.partition(":")
        with open(path, encoding="utf-8") as f:
            listed = json.load(f, parse_float=Decimal)
        sources.append(name + (" (%s)" % kinds.replace(",", ", ") if kinds else ""))
        for model in price_lists.FORMATS[name](listed):
            wanted = not kinds or model.kind in kinds.split(",")
            if wanted and model.provider in KNOWN and model.priced() and not model.free():
                found.setdefault((model.provider, model.model, model.kind), model)
    print('{"source": %s, "date": "%s", "license": "MIT", "prices": [' % (json.dumps("; ".join(sources)), sys.argv[1]))
    print(",\n".join(json.dumps(entry(found[key]), separators=(",", ":")) for key in sorted(found)))
    print("]}")


main()
