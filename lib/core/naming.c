/* Knows which formats write members in one word and which with underscores; refuses to know what they mean.
 *
 * Chats are noted in OpenAI's words, other calls in AIGNE's. */
#include "core/naming.h"
#include "chat/task_members.h"
#include <stdio.h>

static bool is_of(const struct ingress *format, const char *vendor)
{
    return slice_starts(slice_text(format->name), vendor);
}

/* OpenAI's name for a member of AIGNE's; itself where it has none. */
static struct slice openais(struct slice name)
{
    for (size_t i = 0; i < task_member_count; i++) {
        struct slice other = slice_text(task_members[i].other ? task_members[i].other : "");
        if (slice_is(name, task_members[i].name) && slice_find_byte(other, '_') < other.n)
            return other;
    }
    return name;
}

/* "top_k" is "topK". */
static void put_in_one_word(struct buf *out, struct slice name)
{
    for (size_t i = 0; i < name.n; i++) {
        bool joint =
            name.p[i] == '_' && i + 1 < name.n && name.p[i + 1] >= 'a' && name.p[i + 1] <= 'z';
        i += joint;
        buf_put_byte(out, (char)(joint ? name.p[i] - 'a' + 'A' : name.p[i]));
    }
}

void naming_put_dropped(struct buf *out, const struct ingress *format, const struct dropped *d)
{
    struct slice names = dropped_names(d);
    if (names.n)
        BUF_LITERAL(out, "x-aigne-hub-dropped: ");
    while (names.n) {
        struct slice one = slice_of(names.p, slice_find(names, SLICE(", ")));
        names = slice_from(names, one.n + (one.n < names.n ? 2 : 0));
        if (is_of(format, "gemini"))
            put_in_one_word(out, one);
        else
            buf_put_slice(out, is_of(format, "openai") ? openais(one) : one);
        buf_put_text(out, names.n ? ", " : "\r\n");
    }
}

void naming_fault(struct fault *why, const struct ingress *format)
{
    struct slice name = slice_text(why->param);
    struct slice text = slice_text(why->text);
    struct slice other = is_of(format, "openai") ? openais(name) : name;
    char sentence[sizeof why->text] = "";
    if (other.p == name.p || why->upstream)
        return;
    if (slice_starts(text, why->param)) {
        (void)snprintf(sentence, sizeof sentence, "%s%s", other.p, why->text + name.n);
        FAULT_COPY(why->text, slice_text(sentence));
    }
    FAULT_COPY(why->param, other);
}
