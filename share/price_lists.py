"""Public lists of models and prices, read with decimal arithmetic: for the list that is shipped, and to compare
the library's own reading with."""
import datetime
from decimal import ROUND_HALF_UP, Decimal

DIGITS = Decimal(1).scaleb(-18)
IMAGE_TOKENS = 8192  # of one picture, where a list prices pictures by tokens only
PROVIDERS = {"bedrock_converse": "bedrock", "amazon-bedrock": "bedrock", "aws": "bedrock", "x-ai": "xai",
             "volcengine": "doubao", "gemini": "google"}
MODES = {"chat": "chat", "responses": "chat", "completion": "chat", "embedding": "embedding",
         "image_generation": "image", "image_edit": "image", "image": "image", "video": "video",
         "video_generation": "video", "audio_speech": "speech", "audio_transcription": "transcription", None: "chat"}
HINTS = [("embed", "embedding"), ("whisper", "transcription"), ("transcribe", "transcription"), ("tts", "speech")]
UNITS = {"image": "image", "video": "second", "speech": "character", "transcription": "second"}
SERVICES = {"_batches": "batch", "_flex": "flex", "_priority": "priority", "": None}
LITELLM = {"input_cost_per_token": "input", "output_cost_per_token": "output",
           "cache_read_input_token_cost": "cachedRead", "cache_creation_input_token_cost": "cachedWrite",
           "cache_creation_input_token_cost_above_1hr": "cachedWrite1h", "output_cost_per_reasoning_token": "reasoning",
           "input_cost_per_audio_token": "audioInput", "output_cost_per_audio_token": "audioOutput",
           "input_cost_per_image_token": "imageInput", "output_cost_per_image_token": "imageOutput",
           "output_cost_per_image": "image", "input_cost_per_second": "second", "output_cost_per_second": "second",
           "output_cost_per_video_per_second": "second", "input_cost_per_character": "character",
           "input_cost_per_request": "request"}
OPENROUTER = {"prompt": "input", "completion": "output", "input_cache_read": "cachedRead",
              "input_cache_write": "cachedWrite", "internal_reasoning": "reasoning", "audio": "audioInput",
              "request": "request"}
MODELS_DEV = {"input": "input", "output": "output", "cache_read": "cachedRead", "cache_write": "cachedWrite",
              "reasoning": "reasoning", "input_audio": "audioInput", "output_audio": "audioOutput"}
GENAI = {"input_mtok": ("input", 6), "output_mtok": ("output", 6), "cache_read_mtok": ("cachedRead", 6),
         "cache_write_mtok": ("cachedWrite", 6), "input_audio_mtok": ("audioInput", 6),
         "output_audio_mtok": ("audioOutput", 6), "requests_kcount": ("request", 3)}


def price(value, shift=0):
    """None: it is none, or a negative one, which stands for something else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    number = Decimal(str(value))
    return number.scaleb(-shift).quantize(DIGITS, ROUND_HALF_UP) if number >= 0 else None


class Model:
    def __init__(self, provider, model, kind, output=0, context=0):
        self.provider, self.model, self.kind = PROVIDERS.get(provider, provider), model, kind
        self.output, self.context = output or 0, context or 0
        self.costs, self.tiers = {}, {}  # tiers: (since, from, to, above, service) -> costs

    def put(self, part, cost, since=None, clock=None, above=None, service=None):
        if cost is None:
            return
        when = (since, clock, above, service)
        to = self.costs if not any(w is not None for w in when) else self.tiers.setdefault(when, {})
        to[part] = max(cost, to.get(part, cost))

    def ordered(self):
        """The tiers in the order in which later ones replace earlier ones."""
        def key(item):
            since, clock, above, service = item[0]
            order = ["batch", "flex", "priority"].index(service) + 1 if service else -1
            return (since or "", clock or ("", ""), -1 if above is None else above, order)
        return sorted(self.tiers.items(), key=key)

    def finish(self):
        for costs in [self.costs, *self.tiers.values()]:
            for part in ("cachedRead", "cachedWrite", "cachedWrite1h"):
                if costs.get(part) == 0 and costs.get("input", self.costs.get("input", 0)) > 0:
                    del costs[part]  # a gap in the list, not a gift
        unit, costs = UNITS.get(self.kind), self.costs
        for part in ("image", "second", "character"):
            if part != unit and not (part == "image" and "imageOutput" not in costs):
                costs.pop(part, None)
        if self.kind == "image" and "image" not in costs and "imageOutput" not in costs and "output" in costs:
            costs["imageOutput"] = costs.pop("output")
        if unit and not costs.get(unit):
            heard, made = costs.get("audioOutput", costs.get("output", 0)), 0
            if self.kind == "image":
                made = costs.get("imageOutput", costs.get("output", 0)) * IMAGE_TOKENS
            elif self.kind == "speech" and heard:
                made = costs.get("input", 0) + 2 * heard
            elif self.kind == "transcription":
                made = 20 * (costs.get("audioInput", costs.get("input", 0)) + costs.get("output", 0))
            if made:
                costs[unit] = made
        return self

    def priced(self):
        return (UNITS.get(self.kind) or "input") in self.costs

    def free(self):
        return not any(self.costs.values())


def kind_of(mode, model):
    if mode is not None:
        return MODES.get(mode)
    return next((kind for word, kind in HINTS if word in model.lower()), "chat")


def litellm(listed):
    for key, entry in listed.items():
        if not isinstance(entry, dict) or not entry.get("litellm_provider"):
            continue
        provider = entry["litellm_provider"]
        head, slash, rest = key.partition("/")
        same = slash and PROVIDERS.get(head, head) == PROVIDERS.get(provider, provider)
        name = rest if same else key
        kind = kind_of(entry.get("mode"), name)
        if not kind or (PROVIDERS.get(provider, provider) == "bedrock" and "/" in name):
            continue
        model = Model(provider, name, kind, entry.get("max_output_tokens"), entry.get("max_input_tokens"))
        for field, value in entry.items():
            for base in sorted(LITELLM, key=len, reverse=True):
                if not field.startswith(base):
                    continue
                suffix, above = field[len(base):], None
                if suffix.startswith("_above_") and "k_tokens" in suffix:
                    number, _, suffix = suffix[len("_above_"):].partition("k_tokens")
                    above = int(number) * 1000 if number.isdigit() else None
                    if above is None:
                        break
                if suffix in SERVICES:
                    model.put(LITELLM[base], price(value), above=above, service=SERVICES[suffix])
                break
        yield model.finish()


def openrouter(listed):
    for entry in listed["data"]:
        model = Model("openrouter", entry["id"], kind_of(None, entry["id"]),
                      entry.get("top_provider", {}).get("max_completion_tokens"), entry.get("context_length"))
        for field, value in entry.get("pricing", {}).items():
            if field in OPENROUTER:
                model.put(OPENROUTER[field], price(value))
        yield model.finish()


def models_dev(listed):
    for provider, about in listed.items():
        for name, entry in about["models"].items():
            made = entry.get("modalities", {}).get("output", [])
            mode = made[0] if len(made) == 1 and made[0] not in ("text", "audio") else None
            kind = kind_of(mode, name)
            if not kind:
                continue
            limit, cost = entry.get("limit", {}), entry.get("cost", {})
            model = Model(provider, name, kind, limit.get("output"), limit.get("context"))
            tiers = [(None, cost), (200_000, cost.get("context_over_200k", {}))]
            tiers += [(t["tier"]["size"], t) for t in cost.get("tiers", [])]
            for above, costs in tiers:
                for field, value in costs.items():
                    if field in MODELS_DEV:
                        model.put(MODELS_DEV[field], price(value, 6), above=above)
            yield model.finish()


def genai_prices(listed):
    for about in listed:
        for entry in about["models"]:
            model = Model(about["id"], entry["id"], kind_of(None, entry["id"]), 0, entry.get("context_window"))
            prices = entry["prices"]
            for item in prices if isinstance(prices, list) else [{"prices": prices}]:
                constraint = item.get("constraint") or {}
                clock = (constraint["start_time"][:5], constraint["end_time"][:5]) if "start_time" in constraint else None
                for field, value in item["prices"].items():
                    if field not in GENAI:
                        continue
                    part, shift = GENAI[field]
                    tiered = value if isinstance(value, dict) else {"base": value, "tiers": []}
                    model.put(part, price(tiered["base"], shift), constraint.get("start_date"), clock)
                    for tier in tiered["tiers"]:
                        model.put(part, price(tier["price"], shift), constraint.get("start_date"), clock, tier["start"])
            yield model.finish()


FORMATS = {"litellm": litellm, "openrouter": openrouter, "models.dev": models_dev, "genai-prices": genai_prices}


def text(value):
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def moment(date):
    return datetime.datetime.fromisoformat(date).strftime("%Y-%m-%dT00:00:00.000Z")


def costs_json(costs):
    order = list(dict.fromkeys(list(LITELLM.values())))
    return {part: text(costs[part]) for part in order if part in costs}


def tier_json(when, costs):
    since, clock, above, service = when
    made = {}
    if above is not None:
        made["above"] = above
    if service:
        made["service"] = service
    if since:
        made["since"] = moment(since)
    if clock:
        made["from"], made["to"] = clock
    return {**made, "costs": costs_json(costs)}
