/* Knows that limits hold over all processes on one file, whichever of them is killed and when, and what becomes of
 * them where there is no memory to share. */
#define _GNU_SOURCE
#include "base/clock.h"
#include "base/log.h"
#include "hub/limit_counter.h"
#include "hub_test.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND INT64_C(1000000)

static const char *data;
static int64_t now_us = 1000 * SECOND;

/* The kernel's, until there is no memory left. */
static int fail_from = -1;
static int fallocated;
int posix_fallocate(int file, off_t begin, off_t length)
{
    if (fail_from >= 0 && fallocated >= fail_from)
        return ENOSPC;
    fallocated++;
    return fallocate(file, 0, begin, length) == 0 ? 0 : errno;
}

static char said[1000];
static void hear(void *user, int level, const char *area, const char *line, size_t n)
{
    (void)user;
    (void)level;
    (void)area;
    size_t kept = n < sizeof said - 1 ? n : sizeof said - 1;
    memcpy(said, line, kept);
    said[kept] = '\0';
}

/* What all processes of a test see. */
struct board {
    atomic_int running;
    atomic_int most;
    atomic_int let_in;
    atomic_int ready;
    atomic_int go;
};
static struct board *board;

static int setup(void **state)
{
    (void)state;
    data = test_path("shared.db");
    (void)unlink(data); /* another file: nothing of the one before */
    FILE *file = fopen(data, "w");
    assert_non_null(file);
    fclose(file);
    fail_from = -1;
    fallocated = 0;
    *said = '\0';
    board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(board, MAP_FAILED);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return munmap(board, sizeof *board);
}

static struct limiter *opened(void)
{
    struct limiter *l = NULL;
    assert_int_equal(limiter_open(slice_text(data), &l, NULL), AIGNE_OK);
    return l;
}

struct caller {
    struct limit_claim claim;
    int woken;
};

static void on_turn(struct limit_claim *self)
{
    ((struct caller *)(void *)self)->woken++;
}

static struct limit_verdict take(struct limiter *l, struct caller *c,
                                 const struct limit_rule *rule, int64_t tokens)
{
    *c = (struct caller){.claim = {.limiter = l, .wake = on_turn, .tokens = tokens}};
    assert_int_equal(limit_claim_add(&c->claim, rule, SLICE("k"), now_us), AIGNE_OK);
    return limit_claim_take(&c->claim, true, false, now_us);
}

static bool is_in(struct limiter *l, struct caller *c, const struct limit_rule *rule)
{
    return take(l, c, rule, 10).answer == LIMIT_LET_IN;
}

static void give(struct caller *c)
{
    limit_claim_release(&c->claim, 10, now_us);
}

static void note(void *user, const struct limit_state *s)
{
    *(struct limit_state *)user = *s;
}

static struct limit_state seen(struct limiter *l, const char *limit)
{
    struct limit_state s = {0};
    limiter_look(l, slice_text(limit), now_us, note, &s);
    return s;
}

static bool segment_there(const char *name)
{
    char path[200];
    (void)snprintf(path, sizeof path, "/dev/shm%s", name);
    return access(path, F_OK) == 0;
}

/* ---- two of them ---- */

static void what_one_lets_in_counts_for_the_other(void **state)
{
    (void)state;
    const struct limit_rule requests = {.name = SLICE("r"), .requests = 3};
    const struct limit_rule tokens = {.name = SLICE("t"), .tokens = 30};
    const struct limit_rule few = {.name = SLICE("c"), .concurrent = 3};
    const struct limit_rule *rules[] = {&requests, &tokens, &few};
    struct limiter *l[2] = {opened(), opened()};
    for (size_t r = 0; r < COUNT(rules); r++) {
        struct caller c[5];
        for (int i = 0; i < 5; i++)
            assert_int_equal(is_in(l[i % 2], &c[i], rules[r]), i < 3);
        for (int i = 0; i < 5; i++)
            give(&c[i]);
        struct caller late;
        assert_int_equal(is_in(l[1], &late, rules[r]), rules[r] == &few);
        give(&late);
    }
    assert_int_equal(seen(l[1], "r").requests, 3);
    assert_int_equal(seen(l[0], "t").tokens, 30);
    assert_int_equal(seen(l[0], "c").running, 0);
    limiter_close(l[0]);
    limiter_close(l[1]);
}

static void an_onlooker_sees_and_leaves_no_trace(void **state)
{
    (void)state;
    const struct limit_rule few = {.name = SLICE("c"), .concurrent = 3};
    struct limiter *server = opened();
    struct limiter *onlooker = opened();
    struct caller c;
    assert_int_equal(seen(onlooker, "c").running, 0);
    assert_true(is_in(server, &c, &few));
    char name[SEGMENT_NAME_SIZE];
    (void)snprintf(name, sizeof name, "%s", limiter_table(server)->memory.name);
    struct limit_state s = seen(onlooker, "c");
    assert_int_equal(s.running, 1);
    assert_true(limiter_shares(onlooker));
    assert_false(limit_table_has_others(limiter_table(server)));
    give(&c);
    assert_true(segment_there(name));
    limiter_close(server);
    assert_false(segment_there(name)); /* the last one takes it away */
    assert_int_equal(seen(onlooker, "c").running, 0);
    limiter_close(onlooker);
}

static void another_file_has_its_own(void **state)
{
    (void)state;
    const struct limit_rule few = {.name = SLICE("c"), .concurrent = 1};
    struct limiter *first = opened();
    struct caller a;
    struct caller b;
    assert_true(is_in(first, &a, &few));
    (void)unlink(data);
    FILE *file = fopen(data, "w"); /* it may well be given the same number */
    assert_non_null(file);
    fclose(file);
    struct limiter *second = opened();
    assert_true(is_in(second, &b, &few));
    give(&a);
    give(&b);
    limiter_close(first);
    limiter_close(second);
}

/* Names stand for themselves whatever their length; what is shown of them is cut between characters. */
static void long_names_are_told_apart(void **state)
{
    (void)state;
    const struct limit_rule one = {.name = SLICE("l"), .concurrent = 1};
    struct limiter *l = opened();
    struct caller c[3] = {0};
    char name[400];
    for (int i = 0; i < 3; i++) {
        memset(name, 'n', sizeof name);
        memcpy(name + 119, "\xc3\xa4", 2);
        name[399] = (char)('0' + i % 2);
        c[i].claim.limiter = l;
        assert_int_equal(
            limit_claim_add(&c[i].claim, &one, slice_of(name, sizeof name), now_us), AIGNE_OK);
        assert_int_equal(limit_claim_take(&c[i].claim, false, false, now_us).answer,
                         i < 2 ? LIMIT_LET_IN : LIMIT_REFUSED);
    }
    assert_int_equal(seen(l, "l").subject.n, 119);
    for (int i = 0; i < 3; i++)
        give(&c[i]);
    limiter_close(l);
}

/* ---- a queue over both ---- */

static void who_came_first_goes_first_wherever(void **state)
{
    (void)state;
    const struct limit_rule one = {.name = SLICE("q"), .concurrent = 1, .queue = 3};
    struct limiter *a = opened();
    struct limiter *b = opened();
    struct caller c[5];
    assert_int_equal(take(a, &c[0], &one, 0).answer, LIMIT_LET_IN);
    struct limit_verdict v = take(b, &c[1], &one, 0);
    assert_int_equal(v.answer, LIMIT_WAIT);
    assert_in_range(v.retry_us, 1, 100000); /* nobody wakes it from there */
    assert_int_equal(take(a, &c[2], &one, 0).answer, LIMIT_WAIT);
    assert_int_equal(take(b, &c[3], &one, 0).answer, LIMIT_WAIT);
    assert_int_equal(take(a, &c[4], &one, 0).answer, LIMIT_REFUSED); /* the queue is full */
    assert_int_equal(seen(a, "q").waiting, 3);
    give(&c[0]);
    assert_int_equal(c[2].woken, 1);
    assert_int_equal(limit_claim_take(&c[2].claim, true, true, now_us).answer, LIMIT_WAIT);
    assert_int_equal(limit_claim_take(&c[1].claim, true, false, now_us).answer, LIMIT_LET_IN);
    give(&c[1]); /* b's next one looks, but it is not its turn */
    assert_int_equal(limit_claim_take(&c[3].claim, true, c[3].woken, now_us).answer,
                     LIMIT_WAIT);
    assert_int_equal(limit_claim_take(&c[2].claim, true, false, now_us).answer, LIMIT_LET_IN);
    give(&c[2]);
    assert_int_equal(limit_claim_take(&c[3].claim, true, false, now_us).answer, LIMIT_LET_IN);
    give(&c[3]);
    give(&c[4]);
    limiter_close(a);
    limiter_close(b);
}

static void who_does_not_come_again_is_not_waited_for(void **state)
{
    (void)state;
    const struct limit_rule one = {.name = SLICE("q"), .concurrent = 1, .queue = 3};
    struct limiter *a = opened();
    struct limiter *b = opened();
    struct caller c[3];
    assert_int_equal(take(a, &c[0], &one, 0).answer, LIMIT_LET_IN);
    assert_int_equal(take(b, &c[1], &one, 0).answer, LIMIT_WAIT); /* as one that was stopped */
    give(&c[0]);
    assert_int_equal(take(a, &c[2], &one, 0).answer, LIMIT_WAIT);
    now_us += 2 * SECOND;
    assert_int_equal(limit_claim_take(&c[2].claim, true, false, now_us).answer, LIMIT_LET_IN);
    give(&c[2]);
    assert_true(limit_claim_leave(&c[1].claim, false));
    give(&c[1]);
    limiter_close(a);
    limiter_close(b);
}

/* ---- many processes ---- */

static void start_together(int processes)
{
    atomic_fetch_add(&board->ready, 1);
    while (atomic_load(&board->ready) < processes)
        sched_yield();
}

static void end_all(const pid_t *children, int count)
{
    for (int i = 0; i < count; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
}

static void take_and_give(struct limiter *l, const struct limit_rule *rule)
{
    struct caller c;
    if (is_in(l, &c, rule)) {
        int running = atomic_fetch_add(&board->running, 1) + 1;
        int most = atomic_load(&board->most);
        while (running > most && !atomic_compare_exchange_weak(&board->most, &most, running))
            continue;
        atomic_fetch_add(&board->let_in, 1);
        sched_yield();
        atomic_fetch_sub(&board->running, 1);
    }
    give(&c);
}

static int rush(const struct limit_rule *rule, int processes, int tries)
{
    pid_t children[8];
    memset(board, 0, sizeof *board);
    for (int i = 0; i < processes; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i])
            continue;
        struct limiter *l = opened();
        start_together(processes);
        for (int k = 0; k < tries; k++)
            take_and_give(l, rule);
        atomic_fetch_add(&board->go, 1);
        while (atomic_load(&board->go) < processes) /* none takes the counts away */
            sched_yield();
        limiter_close(l);
        _exit(0);
    }
    end_all(children, processes);
    return board->let_in;
}

static void exactly_so_many_of_eight_processes(void **state)
{
    (void)state;
    const struct limit_rule requests = {.name = SLICE("r"), .requests = 1000};
    const struct limit_rule tokens = {.name = SLICE("t"), .tokens = 5000};
    const struct limit_rule few = {.name = SLICE("c"), .concurrent = 3};
    assert_int_equal(rush(&requests, 8, 400), 1000);
    assert_int_equal(rush(&tokens, 8, 200), 500);
    assert_true(rush(&few, 8, 400) > 0);
    assert_in_range(board->most, 1, 3);
}

/* ---- killed ---- */

static pid_t holder(const struct limit_rule *rule, int count)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child)
        return child;
    static struct caller c[8];
    struct limiter *l = opened();
    for (int i = 0; i < count; i++)
        (void)take(l, &c[i], rule, 10);
    atomic_store(&board->ready, 1);
    for (;;)
        pause();
}

static void kill_now(pid_t child)
{
    while (!atomic_load(&board->ready))
        sched_yield();
    atomic_store(&board->ready, 0);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void what_a_killed_one_held_comes_back(void **state)
{
    (void)state;
    const struct limit_rule rule = {
        .name = SLICE("k"), .tokens = 1000, .concurrent = 4, .queue = 2};
    struct limiter *l = opened();
    struct caller c[5];
    assert_true(is_in(l, &c[0], &rule));
    pid_t child = holder(&rule, 5); /* three go on, two wait */
    while (!atomic_load(&board->ready))
        sched_yield();
    struct limit_state s = seen(l, "k");
    assert_int_equal(s.running, 4);
    assert_int_equal(s.held, 40);
    assert_int_equal(s.waiting, 2);
    limiter_tend(l); /* it lives */
    assert_int_equal(seen(l, "k").running, 4);
    assert_false(is_in(l, &c[1], &rule));
    give(&c[1]);
    kill_now(child);
    limiter_tend(l);
    s = seen(l, "k");
    assert_int_equal(s.running, 1);
    assert_int_equal(s.held, 10);
    assert_int_equal(s.waiting, 0);
    assert_int_equal(s.requests, 4); /* they did begin */
    for (int i = 1; i < 5; i++)
        assert_int_equal(is_in(l, &c[i], &rule), i < 4);
    if (c[4].claim.waits_at)
        assert_true(limit_claim_leave(&c[4].claim, false));
    for (int i = 0; i < 5; i++)
        give(&c[i]);
    limiter_close(l);
}

/* Nobody was there to see it: the next one to come finds what is left, and the minute that still counts. */
static void the_last_one_was_killed(void **state)
{
    (void)state;
    const struct limit_rule rule = {.name = SLICE("k"), .requests = 5, .concurrent = 4};
    kill_now(holder(&rule, 4));
    struct limiter *l = opened();
    struct caller c[2];
    assert_true(is_in(l, &c[0], &rule));
    assert_int_equal(seen(l, "k").running, 1);
    assert_false(is_in(l, &c[1], &rule)); /* the fifth of the minute */
    char name[SEGMENT_NAME_SIZE];
    (void)snprintf(name, sizeof name, "%s", limiter_table(l)->memory.name);
    give(&c[0]);
    give(&c[1]);
    limiter_close(l);
    assert_false(segment_there(name));
}

enum { LOCK_OF_A_COUNTER, LOCK_OF_A_CHAIN, LOCK_OF_THE_STOCK, LOCKS };

/* Dies inside, with things half done. */
static void die_holding(int which)
{
    struct limit_table t;
    struct wanted_counter {
        struct limit_counter *c;
    } found = {NULL};
    assert_int_equal(limit_table_open(&t, data, false), 0);
    found.c = limit_table_use(&t, SLICE("k"), SLICE("k"), now_us);
    struct limit_shard *s = &t.head->shards[found.c->hash[0] % LIMIT_SHARDS];
    pthread_mutex_lock(which == LOCK_OF_A_COUNTER ? &found.c->lock
                       : which == LOCK_OF_A_CHAIN ? &s->lock
                                                  : &t.head->lock);
    if (which == LOCK_OF_A_COUNTER) {
        found.c->running += 3;
        found.c->share[t.me].held += 7;
        found.c->requests.sum -= 1;
    } else if (which == LOCK_OF_A_CHAIN) {
        memset(s->bucket, 0, sizeof s->bucket);
    } else {
        t.head->free = 1;
    }
    atomic_store(&board->ready,
                 1); /* to be killed: valgrind takes minutes to let one do it oneself */
    for (;;)
        pause();
}

static void killed_with_a_lock_in_hand(void **state)
{
    (void)state;
    const struct limit_rule rule = {.name = SLICE("k"), .requests = 100, .concurrent = 4};
    struct limiter *l = opened();
    for (int which = 0; which < LOCKS; which++) {
        struct caller c[6];
        assert_true(is_in(l, &c[0], &rule));
        int64_t requests = seen(l, "k").requests;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            die_holding(which);
        kill_now(child);
        assert_true(is_in(l, &c[1], &rule));
        limiter_tend(l);
        struct limit_state s = seen(l, "k");
        assert_int_equal(s.running, 2);
        assert_int_equal(s.held, 0);
        assert_int_equal(s.requests, requests + 1);
        for (int i = 2; i < 6; i++)
            assert_int_equal(is_in(l, &c[i], &rule), i < 4);
        for (int i = 0; i < 6; i++)
            give(&c[i]);
        struct limit_rule other = rule;
        other.name = SLICE("fresh"); /* none is given out twice */
        assert_true(is_in(l, &c[0], &other));
        assert_int_equal(c[0].claim.parts[0].counter->users, 1);
        give(&c[0]);
    }
    limiter_close(l);
}

/* Whenever they are killed, nothing is left of them, and nobody else notices. */
static void killed_at_any_moment(void **state)
{
    (void)state;
    enum { ROUNDS = 150, KILLED = 3 };
    const struct limit_rule rule = {.name = SLICE("k"),
                                    .requests = INT64_MAX / 4,
                                    .tokens = INT64_MAX / 4,
                                    .concurrent = 50};
    struct limiter *l = opened();
    struct caller mine;
    assert_true(is_in(l, &mine, &rule));
    srand(11);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t children[KILLED];
        memset(board, 0, sizeof *board);
        for (int i = 0; i < KILLED; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i])
                continue;
            struct limiter *own = opened();
            for (int64_t k = 0;; k++) {
                struct caller c = {.claim = {.limiter = own, .tokens = 10}};
                char name[30];
                (void)snprintf(name, sizeof name, "%lld", (long long)(k % 40));
                (void)limit_claim_add(&c.claim, &rule, SLICE("k"), now_us);
                (void)limit_claim_add(&c.claim, &rule, slice_text(name), now_us);
                (void)limit_claim_take(&c.claim, false, false, now_us);
                give(&c);
                if (k == 0)
                    atomic_fetch_add(&board->ready, 1);
            }
        }
        while (atomic_load(&board->ready) < KILLED)
            sched_yield();
        for (int i = 0; i < KILLED; i++) {
            clock_pause_us(rand() % 500);
            kill(children[i], SIGKILL);
        }
        for (int i = 0; i < KILLED; i++)
            assert_int_equal(waitpid(children[i], NULL, 0), children[i]);
        now_us += 90 * SECOND;
        limiter_tend(l);
        struct caller more;
        assert_true(is_in(l, &more, &rule));
        assert_int_equal(mine.claim.parts[0].counter->running, 2);
        assert_int_equal(mine.claim.parts[0].counter->held, 20);
        assert_int_equal(mine.claim.parts[0].counter->users, 2);
        assert_int_equal(mine.claim.parts[0].counter->requests.sum, 1);
        give(&more);
    }
    assert_true(limiter_table(l)->head->made < 400); /* counters were used again */
    give(&mine);
    limiter_close(l);
}

/* ---- where there is no memory to share ---- */

static void check_alone(const char *why)
{
    const struct limit_rule one = {.name = SLICE("a"), .concurrent = 1};
    struct caller c[2];
    struct limiter *l = opened();
    assert_true(is_in(l, &c[0], &one));
    assert_false(is_in(l, &c[1], &one)); /* it limits, by itself */
    assert_false(limiter_shares(l));
    if (!strstr(said, "limits hold for this process alone") || !strstr(said, why))
        fail_msg("it was said: %s", said);
    give(&c[0]);
    give(&c[1]);
    limiter_close(l);
}

static void no_memory_left(void **state)
{
    (void)state;
    fail_from = 0;
    check_alone("No space left on device");
}

static void larger_than_files_may_be(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {.rlim_cur = 100000, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    check_alone("File too large"); /* and no signal */
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

static void a_name_that_is_taken(void **state)
{
    (void)state;
    char path[200];
    struct limit_table t;
    assert_int_equal(limit_table_open(&t, data, false), 0);
    (void)snprintf(path, sizeof path, "/dev/shm%s", t.memory.name);
    limit_table_close(&t);
    int file = open(path, O_RDWR | O_CREAT, 0600);
    assert_true(file >= 0);
    assert_int_equal(fchmod(file, 0666), 0); /* others could write it */
    close(file);
    check_alone("Operation not permitted");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    check_alone("hold for this process alone");
    assert_int_equal(rmdir(path), 0);
}

static void the_file_is_gone(void **state)
{
    (void)state;
    (void)unlink(data);
    check_alone("No such file or directory");
}

static void one_process_too_many(void **state)
{
    (void)state;
    static struct limit_table t[LIMIT_SHARES];
    for (int i = 0; i < LIMIT_SHARES; i++)
        assert_int_equal(limit_table_open(&t[i], data, false), 0);
    check_alone("Too many users");
    for (int i = 0; i < LIMIT_SHARES; i++)
        limit_table_close(&t[i]);
    struct limit_table again;
    assert_int_equal(limit_table_open(&again, data, false), 0);
    assert_int_equal(again.me, 0);
    limit_table_close(&again);
}

/* Later there is none for more: those who come share a counter, and nobody is killed for touching it. */
static void no_memory_for_more(void **state)
{
    (void)state;
    const struct limit_rule many = {.name = SLICE("m"), .requests = 1000000};
    struct limiter *l = opened();
    struct caller first;
    assert_true(is_in(l, &first, &many));
    fail_from = 0;
    for (int i = 0; i < 3000; i++) {
        struct caller c = {.claim = {.limiter = l}};
        char name[30];
        (void)snprintf(name, sizeof name, "app-%d", i);
        assert_int_equal(limit_claim_add(&c.claim, &many, slice_text(name), now_us), AIGNE_OK);
        assert_int_equal(limit_claim_take(&c.claim, false, false, now_us).answer, LIMIT_LET_IN);
        give(&c);
    }
    const struct limit_head *h = limiter_table(l)->head;
    assert_true(h->made < 128 && h->made > 100);
    fail_from = -1;
    struct caller c = {.claim = {.limiter = l}};
    assert_int_equal(limit_claim_add(&c.claim, &many, SLICE("app-2999"), now_us), AIGNE_OK);
    assert_int_equal(h->backed, 256);
    give(&c);
    give(&first);
    limiter_close(l);
}

/* One after the other that serves as this user: nobody else may look into it. */
static void it_belongs_to_whom_the_file_belongs(void **state)
{
    (void)state;
    struct limit_table t;
    struct stat is;
    char path[200];
    if (geteuid() == 0)
        assert_int_equal(chown(data, 65534, (gid_t)-1), 0);
    assert_int_equal(limit_table_open(&t, data, false), 0);
    (void)snprintf(path, sizeof path, "/dev/shm%s", t.memory.name);
    assert_int_equal(stat(path, &is), 0);
    assert_int_equal(is.st_mode & 07777, 0600);
    assert_int_equal(is.st_uid, geteuid() == 0 ? 65534 : geteuid());
    limit_table_close(&t);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_one_lets_in_counts_for_the_other),
        TEST(an_onlooker_sees_and_leaves_no_trace),
        TEST(another_file_has_its_own),
        TEST(long_names_are_told_apart),
        TEST(who_came_first_goes_first_wherever),
        TEST(who_does_not_come_again_is_not_waited_for),
        TEST(exactly_so_many_of_eight_processes),
        TEST(what_a_killed_one_held_comes_back),
        TEST(the_last_one_was_killed),
        TEST(killed_with_a_lock_in_hand),
        TEST(killed_at_any_moment),
        TEST(no_memory_left),
        TEST(larger_than_files_may_be),
        TEST(a_name_that_is_taken),
        TEST(the_file_is_gone),
        TEST(one_process_too_many),
        TEST(no_memory_for_more),
        TEST(it_belongs_to_whom_the_file_belongs),
    };
    log_set(LOG_WARNING, hear, NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    test_folder_remove();
    return failed;
}
