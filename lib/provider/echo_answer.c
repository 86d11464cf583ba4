/* Knows what the echo provider says to a request; refuses to know how it is cut and paced. */
#include "base/mem.h"
#include "provider/echo.h"
#include "provider/names.h"
#include "provider/wire.h"
#include "text/json_write.h"
#include <aignehub/aignehub.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Where word number `count` ends, counted from 1, or the end. */
static size_t end_of_word(struct slice s, int64_t count)
{
    int64_t words = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool ends = !is_blank(s.p[i]) && (i + 1 == s.n || is_blank(s.p[i + 1]));
        if (ends && ++words == count)
            return i + 1;
    }
    return s.n;
}

static int64_t count_words(struct slice s)
{
    int64_t words = 0;
    for (size_t i = 0; i < s.n; i++)
        words += !is_blank(s.p[i]) && (i == 0 || is_blank(s.p[i - 1]));
    return words;
}

/* ---- what was asked ---- */

static bool after_tools(const struct chat_request *r)
{
    return r->message_count && r->messages[r->message_count - 1].role == CHAT_TOOL;
}

/* The results that came since the model last spoke, one a line. */
static struct slice results(const struct chat_request *r, struct arena *a)
{
    size_t first = r->message_count;
    size_t used = 0;
    while (first && r->messages[first - 1].role == CHAT_TOOL)
        first--;
    struct slice *pieces = arena_array(a, 2 * (r->message_count - first) + 1, sizeof *pieces);
    if (!pieces)
        return SLICE_NONE;
    for (size_t i = first; i < r->message_count; i++) {
        if (used)
            pieces[used++] = SLICE("\n");
        pieces[used] = wire_joined_text(&r->messages[i], a);
        if (!pieces[used++].p)
            return SLICE_NONE;
    }
    return arena_join(a, pieces, used);
}

static struct slice last_said(const struct chat_request *r, struct arena *a)
{
    for (size_t i = r->message_count; i-- > 0;) {
        if (r->messages[i].role == CHAT_USER)
            return wire_joined_text(&r->messages[i], a);
    }
    return SLICE("");
}

/* ---- tool calls ---- */

static const struct chat_tool *tool_named(const struct chat_request *r, struct slice name)
{
    for (size_t i = 0; i < r->tool_count; i++) {
        if (slice_eq(r->tools[i].name, name))
            return &r->tools[i];
    }
    return NULL;
}

/* "call NAME {json}": the tool, and what stands after its name. */
static const struct chat_tool *tool_told(const struct chat_request *r, struct slice said,
                                         struct slice *rest)
{
    struct slice order = slice_trim(said);
    if (!slice_starts_nocase(order, "call "))
        return NULL;
    order = slice_trim(slice_from(order, 5));
    struct slice name = slice_of(order.p, end_of_word(order, 1));
    *rest = slice_trim(slice_from(order, name.n));
    return tool_named(r, name);
}

static int one_call(const struct chat_request *r, const struct chat_tool *tool,
                    struct slice arguments, struct arena *a, struct echo_answer *out)
{
    out->calls = arena_alloc(a, sizeof *out->calls);
    if (!out->calls)
        return AIGNE_E_NOMEM;
    out->calls->id = call_id_made(r, 0, a);
    out->calls->name = tool->name;
    out->calls->arguments =
        wire_is_object(arguments) ? arguments : echo_least_object(tool->parameters, a);
    out->call_count = 1;
    return out->calls->id.p && out->calls->arguments.p ? AIGNE_OK : AIGNE_E_NOMEM;
}

static int scripted_calls(const struct chat_request *r, struct json list, struct arena *a,
                          struct echo_answer *out)
{
    size_t count = json_count(list);
    out->calls = arena_array(a, count ? count : 1, sizeof *out->calls);
    if (!out->calls)
        return AIGNE_E_NOMEM;
    struct json_walk w = json_walk(list);
    while (json_next(&w) && out->call_count < count) {
        struct echo_call *call = &out->calls[out->call_count];
        struct json arguments = json_get(w.value, "arguments");
        struct slice id = json_string(json_get(w.value, "id"), a);
        call->id = id.n ? id : call_id_made(r, (int)out->call_count, a);
        call->name = json_string(json_get(w.value, "name"), a);
        call->arguments = arguments.kind == JSON_STRING ? json_string(arguments, a)
                          : json_present(arguments)     ? arguments.raw
                                                        : SLICE("{}");
        if (!call->id.p || !call->name.p || !call->arguments.p)
            return AIGNE_E_NOMEM;
        out->call_count++;
    }
    return AIGNE_OK;
}

static int decide_calls(const struct chat_request *r, const struct echo_script *script,
                        struct slice said, struct arena *a, struct echo_answer *out)
{
    struct slice rest = SLICE_NONE;
    if (after_tools(r) || r->tool_choice == CHAT_TOOLS_NONE)
        return AIGNE_OK;
    if (script->tool_calls.kind == JSON_ARRAY)
        return scripted_calls(r, script->tool_calls, a, out);
    const struct chat_tool *tool = tool_told(r, said, &rest);
    if (r->tool_choice == CHAT_TOOLS_NAMED) {
        const struct chat_tool *named = tool_named(r, r->tool_choice_name);
        rest = named == tool ? rest : SLICE_NONE;
        tool = named;
    }
    if (!tool && r->tool_choice == CHAT_TOOLS_REQUIRED && r->tool_count)
        tool = &r->tools[0];
    return tool ? one_call(r, tool, rest, a, out) : AIGNE_OK;
}

/* ---- text and thoughts ---- */

/* {"text": said}: what JSON mode gets that has no schema. */
static struct slice wrapped(struct slice said, struct arena *a)
{
    struct buf out AUTO(buf_free);
    buf_init(&out, 7 * said.n + 64);
    struct json_writer w = json_writer(&out);
    json_open_object(&w);
    json_member_string(&w, "text", said);
    json_close_object(&w);
    return buf_rc(&out) ? SLICE_NONE : arena_copy(a, buf_slice(&out));
}

static struct slice structured(const struct chat_request *r, struct slice said, struct arena *a)
{
    struct slice text = slice_trim(said);
    if (wire_is_object(text))
        return text;
    return r->format == CHAT_FORMAT_SCHEMA ? echo_least_object(r->schema, a) : wrapped(said, a);
}

static void limit_text(const struct chat_request *r, struct echo_answer *out)
{
    int64_t most = 0;
    for (size_t i = 0; i < r->stop_count; i++) {
        size_t at = r->stop[i].n ? slice_find(out->text, r->stop[i]) : out->text.n;
        if (at < out->text.n)
            out->finish = FINISH_STOP_SEQUENCE;
        out->text.n = at;
    }
    if (!wire_int(r->max_tokens, &most) || most < 1 || count_words(out->text) <= most)
        return;
    out->text.n = end_of_word(out->text, most);
    out->finish = FINISH_LENGTH;
}

static int decide_text(const struct chat_request *r, const struct echo_script *script,
                       struct slice said, struct arena *a, struct echo_answer *out)
{
    bool json = r->format == CHAT_FORMAT_SCHEMA || r->format == CHAT_FORMAT_JSON;
    bool quiet = out->call_count > 0 || script->chunks.kind == JSON_ARRAY;
    out->text = script->text.p ? script->text
                : quiet        ? SLICE("")
                : json         ? structured(r, said, a)
                               : said;
    return out->text.p ? AIGNE_OK : AIGNE_E_NOMEM;
}

static int decide_thoughts(const struct chat_request *r, const struct echo_script *script,
                           struct slice said, struct arena *a, struct echo_answer *out)
{
    enum chat_effort effort = wire_effort(r);
    struct buf text AUTO(buf_free);
    buf_init(&text, 128);
    out->thoughts = script->thoughts.p ? script->thoughts : SLICE("");
    if (script->thoughts.p || effort == CHAT_EFFORT_UNSET || effort == CHAT_EFFORT_NONE)
        return AIGNE_OK;
    BUF_LITERAL(&text, "There are ");
    buf_put_int(&text, count_words(said));
    BUF_LITERAL(&text, " words to repeat.");
    out->thoughts = buf_rc(&text) ? SLICE_NONE : arena_copy(a, buf_slice(&text));
    return out->thoughts.p ? AIGNE_OK : AIGNE_E_NOMEM;
}

/* ---- usage ---- */

static int64_t count_prompt(const struct chat_request *r)
{
    int64_t tokens = 0;
    for (size_t i = 0; i < r->message_count; i++) {
        for (size_t k = 0; k < r->messages[i].part_count; k++) {
            const struct chat_part *p = &r->messages[i].parts[k];
            bool file = p->kind == CHAT_DATA || p->kind == CHAT_URL;
            tokens += file ? 1 : count_words(p->text) + count_words(p->arguments);
        }
    }
    return tokens;
}

static int64_t count_chunks(struct json chunks, struct arena *a)
{
    int64_t tokens = 0;
    struct json_walk w = json_walk(chunks);
    while (json_next(&w))
        tokens += count_words(json_string(w.value, a));
    return tokens;
}

static void count_usage(const struct chat_request *r, const struct echo_script *script,
                        struct arena *a, struct echo_answer *out)
{
    usage_init(&out->usage);
    out->usage.input = count_prompt(r);
    out->usage.output = count_words(out->text) + count_chunks(script->chunks, a);
    for (size_t i = 0; i < out->call_count; i++)
        out->usage.output += 1 + count_words(out->calls[i].arguments);
    if (out->thoughts.n)
        out->usage.reasoning = count_words(out->thoughts);
    usage_merge(&out->usage, &script->usage);
}

int echo_answer_make(const struct chat_request *r, const struct echo_script *script,
                     struct arena *a, struct echo_answer *out, struct fault *why)
{
    *out = (struct echo_answer){.text = SLICE_NONE};
    struct slice said = after_tools(r) ? results(r, a) : last_said(r, a);
    if (!said.p || decide_calls(r, script, said, a, out) ||
        decide_text(r, script, said, a, out) || decide_thoughts(r, script, said, a, out))
        return fault_nomem(why);
    out->finish = out->call_count ? FINISH_TOOLS : FINISH_STOP;
    limit_text(r, out);
    if (script->finish != FINISH_UNKNOWN)
        out->finish = script->finish;
    count_usage(r, script, a, out);
    return a->failed ? fault_nomem(why) : AIGNE_OK;
}
