/* Knows how names and ids are made to fit a rule; refuses to know whose rule it is. */
#include "provider/names.h"
#include "base/buf.h"
#include "base/mem.h"
#include <aignehub/aignehub.h>

#define ID_HASHED_SIZE 21 /* "call_" and sixteen digits */

static bool letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_';
}

static bool fits_at(const struct name_rule *rule, struct slice name, size_t i)
{
    char c = name.p[i];
    if (i == 0 && rule->letter_first)
        return letter_or_digit(c) && !(c >= '0' && c <= '9');
    return letter_or_digit(c) || (c != '\0' && strchr(rule->also, c) != NULL);
}

static bool fits(const struct name_rule *rule, struct slice name)
{
    if (name.n == 0 || name.n > rule->longest)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        if (!fits_at(rule, name, i))
            return false;
    }
    return true;
}

struct slice name_to_wire(const struct name_rule *rule, struct slice name, struct arena *a)
{
    if (fits(rule, name))
        return name;
    struct slice short_name = slice_of(name.p, name.n < rule->longest ? name.n : rule->longest);
    if (!short_name.n)
        return SLICE("_");
    char *text = arena_alloc(a, short_name.n + 1);
    if (!text)
        return SLICE_NONE;
    for (size_t i = 0; i < short_name.n; i++)
        text[i] = short_name.p[i];
    for (size_t i = 0; i < short_name.n; i++) {
        if (!fits_at(rule, short_name, i))
            text[i] = '_';
    }
    return slice_of(text, short_name.n);
}

/* Whether name_to_wire would make `wire` of it. */
static bool becomes(const struct name_rule *rule, struct slice name, struct slice wire)
{
    size_t n = name.n < rule->longest ? name.n : rule->longest;
    if (wire.n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (wire.p[i] != (fits_at(rule, name, i) ? name.p[i] : '_'))
            return false;
    }
    return true;
}

struct slice name_from_wire(const struct name_rule *rule, const struct chat_request *r,
                            struct slice wire)
{
    struct slice found = wire;
    for (size_t i = 0; r && i < r->tool_count; i++) {
        if (slice_eq(r->tools[i].name, wire))
            return wire;
        if (becomes(rule, r->tools[i].name, wire))
            found = r->tools[i].name;
    }
    return found;
}

int name_check_tools(const struct name_rule *rule, const struct chat_request *r,
                     struct arena *a, struct fault *why)
{
    for (size_t i = 0; i < r->tool_count; i++) {
        if (fits(rule, r->tools[i].name))
            continue;
        struct slice wire = name_to_wire(rule, r->tools[i].name, a);
        if (!wire.p)
            return fault_nomem(why);
        for (size_t k = 0; k < r->tool_count; k++) {
            if (k != i && becomes(rule, r->tools[k].name, wire))
                return fault_field(why, AIGNE_E_REQUEST, "tools",
                                   "tools[%zu] and tools[%zu] would go by one name with this "
                                   "provider: use letters, digits and _ only.",
                                   i, k);
        }
    }
    return AIGNE_OK;
}

/* FNV-1a: ids need to differ, not to be secret. */
static uint64_t hash_of(struct slice s)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < s.n; i++)
        hash = (hash ^ (unsigned char)s.p[i]) * 1099511628211u;
    return hash;
}

static struct slice hashed_id(struct slice id, size_t earlier, struct arena *a)
{
    static const char prefix[] = "call_";
    static const char digits[] = "0123456789abcdef";
    char *text = arena_alloc(a, ID_HASHED_SIZE + 1);
    if (!text)
        return SLICE_NONE;
    uint64_t hash = hash_of(id) + earlier * 0x9E3779B97F4A7C15u;
    for (size_t i = ID_HASHED_SIZE; i-- > 0; hash >>= 4)
        text[i] = digits[hash & 15];
    for (size_t i = 0; i < sizeof prefix - 1; i++)
        text[i] = prefix[i];
    return slice_of(text, ID_HASHED_SIZE);
}

struct slice call_id_to_wire(struct slice id, size_t earlier, size_t longest, struct arena *a)
{
    static const struct name_rule rule = {.longest = SIZE_MAX, .also = "-"};
    bool kept = !earlier && id.n <= longest && fits(&rule, id);
    return kept ? id : hashed_id(id, earlier, a);
}

struct slice call_id_short(struct slice id, size_t length, struct arena *a)
{
    bool kept = id.n == length;
    for (size_t i = 0; i < id.n && kept; i++)
        kept = letter_or_digit(id.p[i]) && id.p[i] != '_';
    struct slice hashed = kept ? id : hashed_id(id, 0, a);
    return hashed.p ? slice_from(hashed, hashed.n - length) : SLICE_NONE;
}

struct slice call_id_made(const struct chat_request *r, int index, struct arena *a)
{
    int64_t earlier = 0;
    for (size_t i = 0; r && i < r->message_count; i++) {
        for (size_t k = 0; k < r->messages[i].part_count; k++)
            earlier += r->messages[i].parts[k].kind == CHAT_TOOL_CALL;
    }
    struct buf text AUTO(buf_free);
    buf_init(&text, 64);
    BUF_LITERAL(&text, "call_");
    buf_put_int(&text, earlier + index);
    return buf_rc(&text) < 0 ? SLICE_NONE : arena_copy(a, buf_slice(&text));
}
