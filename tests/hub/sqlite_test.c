/* Knows what the SQLite store promises beyond every store: one private file, other processes, accidents. */
#define _POSIX_C_SOURCE 200809L
#include "child.h"
#include "hub_test.h"
#include "store/schema.h"
#include "text/json_scan.h"
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct store *open_store(const char *path)
{
    struct store *s = NULL;
    struct fault why;
    fault_clear(&why);
    if (store_sqlite.open(slice_text(path), false, &s, &why))
        fail_msg("%s", why.text);
    return s;
}

static void refuse(const char *path, const char *words)
{
    struct store *s = NULL;
    struct fault why;
    fault_clear(&why);
    int rc = store_sqlite.open(slice_text(path), false, &s, &why);
    assert_null(s);
    if ((rc != AIGNE_E_STORE && rc != AIGNE_E_CONFIG) || !strstr(why.text, words))
        fail_msg("%d \"%s\" does not say \"%s\"", rc, why.text, words);
}

static int64_t ask(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    int rc = sqlite3_step(statement);
    int64_t value = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    assert_true(rc == SQLITE_ROW || rc == SQLITE_DONE);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

static void make(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static int add_row(struct store *s, const char *id, struct fault *why)
{
    struct usage_row row = sample_row(id);
    struct store_op op = {.kind = STORE_USAGE, .usage = &row};
    return store_sqlite.apply(s, &op, 1, why);
}

static int64_t count_rows(struct store *s)
{
    struct buf json;
    int64_t count = -1;
    buf_init(&json, 1 << 20);
    assert_int_equal(store_sqlite.usage_list(s, SLICE("{}"), &json, NULL), AIGNE_OK);
    assert_true(json_int64(json_get(json_of(buf_slice(&json)), "count"), &count));
    buf_free(&json);
    return count;
}

static void assert_private(const char *name)
{
    struct stat st;
    assert_int_equal(stat(test_path(name), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_a_private_file_that_lasts(void **state)
{
    (void)state;
    mode_t before = umask(0);
    struct store *s = open_store(test_path("lasting.db"));
    assert_int_equal(add_row(s, "a", NULL), AIGNE_OK);
    assert_private("lasting.db");
    assert_private("lasting.db-wal");
    assert_private("lasting.db-shm");
    umask(before);
    store_sqlite.close(s);
    s = open_store(test_path("lasting.db"));
    assert_int_equal(count_rows(s), 1);
    assert_int_equal(add_row(s, "b", NULL), AIGNE_OK);
    assert_int_equal(count_rows(s), 2);
    store_sqlite.close(s);
    assert_int_equal(ask(test_path("lasting.db"), "PRAGMA user_version"), schema_step_count);
    assert_int_equal(ask(test_path("lasting.db"), "PRAGMA application_id"), 0x41694748);
    /* What is written with every call has no index to keep. */
    assert_int_equal(
        ask(test_path("lasting.db"),
            "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND tbl_name IN"
            " ('usage', 'objects', 'holds')"),
        0);
}

static void test_older_versions_are_brought_up(void **state)
{
    (void)state;
    const char *path = test_path("older.db");
    make(path, schema_steps[0]);
    make(path, "PRAGMA application_id = 1097418568; PRAGMA user_version = 1");
    make(
        path,
        "INSERT INTO usage VALUES (1, 'old', '', '', '', '', '', '', '', '', '', '', '', '', '',"
        " 0, 0, 0, 0, 0, 7, -1, -1, -1, 8, -1, NULL, 0, -1)");
    struct store *s = open_store(path);
    assert_int_equal(ask(path, "PRAGMA user_version"), schema_step_count);
    assert_int_equal(add_row(s, "new", NULL), AIGNE_OK);
    assert_int_equal(count_rows(s), 2);
    store_sqlite.close(s);
}

/* What a process of the version before had set aside when it ended. */
static void test_older_holds_are_ended(void **state)
{
    (void)state;
    const char *path = test_path("holds.db");
    struct fault why;
    fault_clear(&why);
    for (int i = 0; i < 15; i++)
        make(path, schema_steps[i]);
    make(path, "PRAGMA application_id = 1097418568; PRAGMA user_version = 15");
    make(
        path,
        "INSERT INTO accounts (id, balance, held, granted, spent, expired, revoked, archived, next_expiry_ms)"
        " VALUES ('Jo', 100, 30, 100, 0, 0, 0, 0, 9223372036854775807);"
        "INSERT INTO holds VALUES ('first', 'Jo', 10, 99, 5, 1, 'J\xc3\xb6', '', 'app', 'chat', 'openai',"
        " 'm', 'openai/m', 'openai', 'c'), ('second', 'Jo', 20, 99, 6, 0, '', 'k', '', '', '', '', '', '', '')");
    struct store *s = open_store(path);
    assert_int_equal(store_sqlite.money_upkeep(s, 7, &why), AIGNE_AGAIN);
    assert_int_equal(store_sqlite.end_orphans(s, 7, &why), AIGNE_OK);
    store_sqlite.close(s);
    assert_int_equal(ask(path, "SELECT count(*) FROM holds"), 0);
    assert_int_equal(ask(path, "SELECT held FROM accounts WHERE id = 'Jo'"), 0);
    assert_int_equal(
        ask(path,
            "SELECT count(*) FROM usage WHERE id = 'first' AND user = 'J\xc3\xb6' AND key_id = ''"
            " AND app = 'app' AND type = 'chat' AND ingress = 'openai' AND model = 'm'"
            " AND requested = 'openai/m' AND provider = 'openai' AND credential = 'c'"
            " AND streamed AND started_ms = 5 AND status = 'interrupted'"),
        1);
    assert_int_equal(
        ask(path, "SELECT count(*) FROM usage WHERE id = 'second' AND key_id = 'k'"), 1);
}

/* A place is used again once its hold is gone: whoever comes late must not take another's. */
static void test_a_hold_is_given_back_once(void **state)
{
    (void)state;
    const char *path = test_path("again.db");
    struct store *s = open_store(path);
    struct usage_row row = sample_row("");
    struct money_op grant = {.id = SLICE("g"),
                             .account = SLICE("Jo"),
                             .amount = 100,
                             .source = SLICE("manual"),
                             .note = SLICE(""),
                             .expires_ms = STORE_NEVER};
    struct money_op first = {
        .id = SLICE("first"), .account = SLICE("Jo"), .amount = 10, .row = &row};
    struct money_op second = {
        .id = SLICE("second"), .account = SLICE("Jo"), .amount = 20, .row = &row};
    const struct store_op given = {.kind = STORE_GRANT, .money = &grant};
    const struct store_op held[] = {{.kind = STORE_HOLD, .money = &first},
                                    {.kind = STORE_HOLD, .money = &second}};
    const struct store_op released = {.kind = STORE_RELEASE, .money = &first};
    assert_int_equal(store_sqlite.apply(s, &given, 1, NULL), AIGNE_OK);
    for (int i = 0; i < 2; i++) /* the first commit seemed to fail */
        assert_int_equal(store_sqlite.apply(s, &held[0], 1, NULL), AIGNE_OK);
    assert_int_equal(ask(path, "SELECT held FROM accounts"), 10);
    assert_int_equal(store_sqlite.apply(s, &released, 1, NULL), AIGNE_OK);
    assert_int_equal(store_sqlite.apply(s, &held[1], 1, NULL), AIGNE_OK);
    assert_int_not_equal(second.place, first.place);
    assert_int_equal(store_sqlite.apply(s, &released, 1, NULL), AIGNE_OK);
    assert_int_equal(ask(path, "SELECT held FROM accounts"), 20);
    const struct store_op late = {.kind = STORE_INTERRUPT, .money = &first};
    assert_int_equal(store_sqlite.apply(s, &late, 1, NULL), AIGNE_OK);
    assert_int_equal(ask(path, "SELECT count(*) FROM usage"), 0);
    const struct store_op ended = {.kind = STORE_INTERRUPT, .money = &second};
    assert_int_equal(store_sqlite.apply(s, &ended, 1, NULL), AIGNE_OK);
    assert_int_equal(ask(path, "SELECT count(*) FROM usage WHERE id = 'second'"), 1);
    assert_int_equal(ask(path, "SELECT held FROM accounts"), 0);
    store_sqlite.close(s);
}

static void test_what_is_not_ours_is_left_alone(void **state)
{
    (void)state;
    make(test_path("other.db"), "CREATE TABLE precious (x); INSERT INTO precious VALUES (1)");
    refuse(test_path("other.db"), "another program");
    assert_int_equal(ask(test_path("other.db"), "SELECT count(*) FROM precious"), 1);
    assert_int_equal(ask(test_path("other.db"), "PRAGMA user_version"), 0);
    make(test_path("marked.db"), "PRAGMA application_id = 99");
    refuse(test_path("marked.db"), "another program");
    make(test_path("newer.db"), "PRAGMA application_id = 1097418568; PRAGMA user_version = 99");
    refuse(test_path("newer.db"), "newer version");
    FILE *text = fopen(test_path("text.db"), "w");
    assert_non_null(text);
    for (int i = 0; i < 100; i++)
        (void)fputs("This is a text and no database. ", text);
    fclose(text);
    refuse(test_path("text.db"), "not an SQLite database");
    refuse(test_path("no/such/folder.db"), "folder does not exist");
    refuse("/tmp", "it is not a file, or may not be opened");
    refuse("", "path");
}

static void test_a_failed_commit_changes_nothing(void **state)
{
    (void)state;
    struct store *s = open_store(test_path("full.db"));
    struct rlimit before;
    struct fault why;
    fault_clear(&why);
    assert_int_equal(add_row(s, "first", NULL), AIGNE_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {.rlim_cur = 16 * 1024, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int rc = AIGNE_OK;
    for (int i = 0; i < 1000 && !rc; i++)
        rc = add_row(s, "second", &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, old);
    assert_int_equal(rc, AIGNE_E_STORE);
    assert_true(why.retry_ms >= 0); /* worth another try, when there is room */
    assert_true(strstr(why.text, "disk") != NULL);
    int64_t rows = count_rows(s);
    assert_int_equal(add_row(s, "third", NULL), AIGNE_OK);
    assert_int_equal(count_rows(s), rows + 1);
    store_sqlite.close(s);
    assert_int_equal(ask(test_path("full.db"), "SELECT integrity_check = 'ok' FROM "
                                               "pragma_integrity_check"),
                     1);
}

/* A transaction that failed in the middle took places; trying again must find nothing there, and what
 * did reach the file must not be added twice. */
static void test_tried_again_after_doubt(void **state)
{
    (void)state;
    struct store *s = open_store(test_path("doubt.db"));
    struct usage_row a = sample_row("a");
    struct usage_row b = sample_row("b");
    struct store_op ops[] = {
        {.kind = STORE_USAGE, .usage = &a},
        {.kind = STORE_USAGE, .usage = &b},
        {.kind = STORE_CHECK, .table = SLICE("t"), .id = SLICE("x"), .expected_version = 5}};
    assert_int_equal(store_sqlite.apply(s, ops, 3, NULL), AIGNE_E_REQUEST);
    assert_int_equal(count_rows(s), 0);
    assert_int_equal(store_sqlite.apply(s, ops, 2, NULL), AIGNE_OK);
    assert_int_equal(count_rows(s), 2);
    /* As if that commit had been reported as failed although it was not. */
    struct usage_row c = sample_row("c");
    struct store_op more[] = {ops[0], ops[1], {.kind = STORE_USAGE, .usage = &c}};
    assert_int_equal(store_sqlite.apply(s, ops, 3, NULL), AIGNE_E_REQUEST);
    assert_int_equal(store_sqlite.apply(s, more, 3, NULL), AIGNE_OK);
    assert_int_equal(count_rows(s), 3);
    store_sqlite.close(s);
}

static void test_a_locked_database_is_said(void **state)
{
    (void)state;
    const char *path = test_path("locked.db");
    struct store *s = open_store(path);
    sqlite3 *other = NULL;
    struct fault why;
    fault_clear(&why);
    assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(add_row(s, "a", &why), AIGNE_E_STORE);
    assert_non_null(strstr(why.text, "locked"));
    assert_true(why.retry_ms >= 0);
    assert_int_equal(count_rows(s), 0); /* reading does not wait */
    sqlite3_close(other);
    assert_int_equal(add_row(s, "a", NULL), AIGNE_OK);
    store_sqlite.close(s);
}

static void test_processes_at_once(void **state)
{
    (void)state;
    enum { PROCESSES = 4, ROWS = 100 };
    char path[256];
    struct child children[PROCESSES];
    (void)snprintf(path, sizeof path, "%s", test_path("shared.db"));
    for (int i = 0; i < PROCESSES; i++) {
        char prefix[] = {(char)('a' + i), '\0'};
        children[i] = child_start(i % 2 ? "put" : "rows", path, prefix, "100");
    }
    for (int i = 0; i < PROCESSES; i++)
        assert_int_equal(child_wait(&children[i]), 0);
    struct store *s = open_store(path);
    int64_t version = 0;
    assert_int_equal(store_sqlite.version(s, &version, NULL), AIGNE_OK);
    assert_int_equal(version, PROCESSES / 2 * ROWS); /* no change was lost */
    assert_int_equal(count_rows(s), PROCESSES / 2 * ROWS);
    store_sqlite.close(s);
}

static void kill_while_writing(const char *path, int lines)
{
    struct child c = child_start("rows", path, "killed", "100000000");
    char line[64];
    int64_t acknowledged = 0;
    while (acknowledged < lines && child_line(&c, line, sizeof line))
        acknowledged++;
    assert_int_equal(acknowledged, lines);
    assert_int_equal(kill(c.pid, SIGKILL), 0);
    /* What it still said before it died was committed as well. */
    while (child_line(&c, line, sizeof line) && strncmp(line, "killed", 6) == 0)
        acknowledged++;
    assert_int_equal(child_wait(&c), -1);
    struct store *s = open_store(path);
    int64_t rows = count_rows(s);
    assert_true(rows >= acknowledged - 1 && rows <= acknowledged + 1);
    store_sqlite.close(s);
    assert_int_equal(ask(path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    assert_int_equal(ask(path, "SELECT count(*) = count(DISTINCT id) FROM usage"), 1);
}

static void test_killed_while_writing(void **state)
{
    (void)state;
    static const int lines[] = {1, 7, 100, 1500, 3000};
    for (size_t i = 0; i < COUNT(lines); i++) {
        char path[256];
        char name[32];
        (void)snprintf(name, sizeof name, "killed%zu.db", i);
        (void)snprintf(path, sizeof path, "%s", test_path(name));
        kill_while_writing(path, lines[i]);
    }
}

static int teardown(void **state)
{
    (void)state;
    test_folder_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_private_file_that_lasts),
        cmocka_unit_test(test_older_versions_are_brought_up),
        cmocka_unit_test(test_older_holds_are_ended),
        cmocka_unit_test(test_a_hold_is_given_back_once),
        cmocka_unit_test(test_what_is_not_ours_is_left_alone),
        cmocka_unit_test(test_a_failed_commit_changes_nothing),
        cmocka_unit_test(test_tried_again_after_doubt),
        cmocka_unit_test(test_a_locked_database_is_said),
        cmocka_unit_test(test_processes_at_once),
        cmocka_unit_test(test_killed_while_writing),
    };
    return cmocka_run_group_tests_name("sqlite", tests, NULL, teardown);
}
