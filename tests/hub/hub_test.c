/* Knows how tests make folders, hubs and rows; refuses to know what is tested. */
#define _GNU_SOURCE
#include "hub_test.h"
#include "text/json_scan.h"
#include <dirent.h>
#include <ftw.h>
#include <unistd.h>

static char folder[64];
static char paths[16][256];
static size_t next_path;
static char reply[256 * 1024];
static struct fault last_fault;

const char *test_path(const char *name)
{
    if (!folder[0]) {
        (void)snprintf(folder, sizeof folder, "/tmp/aignehub-test-XXXXXX");
        assert_non_null(mkdtemp(folder));
    }
    char *path = paths[next_path++ % COUNT(paths)];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void test_folder_remove(void)
{
    if (folder[0])
        (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    folder[0] = '\0';
}

size_t test_folder_files(void)
{
    size_t count = 0;
    DIR *there = opendir(folder);
    assert_non_null(there);
    for (const struct dirent *e = readdir(there); e; e = readdir(there))
        count += e->d_name[0] != '.';
    closedir(there);
    return count;
}

bool file_contains(const char *path, const char *text)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    static char bytes[8 * 1024 * 1024];
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return memmem(bytes, n, text, strlen(text)) != NULL;
}

struct hub *open_hub(const char *data)
{
    struct hub *h = NULL;
    struct fault why;
    const struct hub_options options = {.data = slice_text(data), .providers = &test_known};
    fault_clear(&why);
    if (hub_open(&options, &h, &why))
        fail_msg("%s", why.text);
    return h;
}

int verb(struct hub *h, const char *name, const char *arguments)
{
    struct buf json;
    buf_init(&json, sizeof reply - 1);
    int rc = hub_do(h, name, slice_text(arguments), &json, &last_fault);
    struct slice text = buf_slice(&json);
    memcpy(reply, text.p, text.n);
    reply[text.n] = '\0';
    buf_free(&json);
    if (rc)
        assert_int_equal(text.n, 0);
    else
        assert_int_equal(json_check(slice_text(reply), &(struct json_problem){0}), AIGNE_OK);
    return rc;
}

const char *verb_reply_text(void)
{
    return reply;
}

const struct fault *verb_fault(void)
{
    return &last_fault;
}

const char *verb_ok(struct hub *h, const char *name, const char *arguments)
{
    if (verb(h, name, arguments))
        fail_msg("%s %s: %s", name, arguments, last_fault.text);
    return reply;
}

void verb_fails(struct hub *h, const char *name, const char *arguments, int code, int http,
                const char *words)
{
    int rc = verb(h, name, arguments);
    if (rc != code || last_fault.code != code || last_fault.http != http ||
        !strstr(last_fault.text, words))
        fail_msg("%s %s: %d (%d), HTTP %d, \"%s\" instead of %d, HTTP %d, \"%s\"", name,
                 arguments, rc, last_fault.code, last_fault.http, last_fault.text, code, http,
                 words);
}

void reply_member(const char *name, char *out, size_t size)
{
    struct arena a;
    arena_init(&a);
    struct slice text = json_string(json_get(json_of(slice_text(reply)), name), &a);
    if (!text.p)
        fail_msg("no \"%s\" in %s", name, reply);
    assert_true(text.n < size);
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    arena_free(&a);
}

struct usage_row sample_row(const char *id)
{
    return (struct usage_row){.id = slice_text(id),
                              .call_id = slice_text(id),
                              .started_ms = 1767225600000,
                              .user = SLICE("user-1"),
                              .key_id = SLICE("key-1"),
                              .app = SLICE(""),
                              .type = SLICE("chat"),
                              .ingress = SLICE("aigne"),
                              .model = SLICE("gpt-4o-mini"),
                              .requested = SLICE("openai/gpt-4o-mini"),
                              .provider = SLICE("openai"),
                              .credential = SLICE("credential-1"),
                              .status = SLICE("success"),
                              .error = SLICE(""),
                              .http_status = 200,
                              .attempt = 1,
                              .usage = USAGE_TOKENS(10, -1, -1, -1, 3, -1),
                              .charged = true,
                              .credits = 3300,
                              .duration_us = 1234567,
                              .first_byte_us = 345678,
                              .request_id = SLICE("req-1")};
}
