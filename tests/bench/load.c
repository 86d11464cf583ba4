/* Knows how to ask an HTTP server the same question many times and to measure the answers and what they
 * cost it; refuses to know which server it is.
 *
 *     load [options] PORT
 *       -u PATH      /v1/chat/completions          -m MODEL   mock
 *       -H LINE      another request header        -s         ask for a stream
 *       -b BYTES     size of the request's body    -c COUNT   connections
 *       -n COUNT     stop after so many answers    -t SECONDS or after this time
 *       -r RATE      open loop: so many a second, late ones count from when they were due
 *       -P PID       report CPU and memory of this process, its threads and children
 *
 * Prints one line of JSON. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 65536, MOST_SAMPLES = 4000000 };

enum reading { HEAD, LENGTH, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, UNTIL_CLOSE };

struct connection {
    int fd;
    bool busy;
    bool done_seen; /* "[DONE]" */
    enum reading reading;
    size_t left; /* of the body or chunk */
    size_t used; /* of a head or a line, kept */
    size_t sent;
    int64_t due_ns;
    int64_t first_ns;
    char line[8192];
    char tail[8];
};

static int epoll_fd, port;
static char *request;
static size_t request_size;
static bool streamed;
static struct connection *connections;
static int connection_count;
static int64_t finished, errors, bytes_in;
static int64_t *latencies, *firsts;
static size_t samples;
static const char *last_error = "";

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- what the other process uses ---- */

static long long first_number(const char *path)
{
    long long value = 0;
    FILE *f = fopen(path, "r");
    if (!f)
        return 0;
    if (fscanf(f, "%lld", &value) != 1)
        value = 0;
    fclose(f);
    return value;
}

static void each_process(int pid, void (*visit)(int pid, long long *sum), long long *sum)
{
    char path[128];
    visit(pid, sum);
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
    FILE *f = fopen(path, "r");
    int child = 0;
    while (f && fscanf(f, "%d", &child) == 1)
        each_process(child, visit, sum);
    if (f)
        fclose(f);
}

static void add_cpu(int pid, long long *sum)
{
    char path[300];
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    struct dirent *entry;
    while (tasks && (entry = readdir(tasks)))
        if (isdigit((unsigned char)entry->d_name[0])) {
            snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, entry->d_name);
            *sum += first_number(path);
        }
    if (tasks)
        closedir(tasks);
}

static void add_memory(int pid, long long *sum)
{
    char path[64], line[256];
    long long kb = 0;
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "VmRSS: %lld", &kb) == 1)
            *sum += kb;
    if (f)
        fclose(f);
}

static long long measure(int pid, void (*visit)(int pid, long long *sum))
{
    long long sum = 0;
    if (pid)
        each_process(pid, visit, &sum);
    return sum;
}

/* ---- one exchange ---- */

static void connect_to(struct connection *c)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof(address))) {
        fprintf(stderr, "load: cannot connect to port %d: %s\n", port, strerror(errno));
        exit(1);
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = c}};
    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

static void reconnect(struct connection *c)
{
    close(c->fd);
    connect_to(c);
}

static void fail(struct connection *c, const char *why)
{
    errors++;
    last_error = why;
    c->busy = false;
    reconnect(c);
}

static void want(struct connection *c, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = c}};
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &event);
}

static void send_more(struct connection *c)
{
    ssize_t put =
        send(c->fd, request + c->sent, request_size - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0 && errno != EAGAIN) {
        fail(c, "the connection broke while sending");
        return;
    }
    bool waited = c->sent > 0 || put < 0;
    c->sent += put > 0 ? (size_t)put : 0;
    if (c->sent < request_size)
        want(c, EPOLLIN | EPOLLOUT);
    else if (waited)
        want(c, EPOLLIN);
}

static void ask(struct connection *c, int64_t due_ns)
{
    c->busy = true;
    c->reading = HEAD;
    c->used = c->sent = 0;
    c->done_seen = false;
    c->first_ns = 0;
    c->due_ns = due_ns;
    memset(c->tail, 0, sizeof(c->tail));
    send_more(c);
}

static void complete(struct connection *c)
{
    c->busy = false;
    if (streamed && !c->done_seen) {
        errors++;
        last_error = "a stream ended without [DONE]";
        return;
    }
    finished++;
    if (samples < MOST_SAMPLES) {
        latencies[samples] = now_ns() - c->due_ns;
        firsts[samples++] = c->first_ns - c->due_ns;
    }
}

static void look_for_done(struct connection *c, const char *p, size_t n)
{
    if (!streamed || c->done_seen)
        return;
    char seam[16];
    size_t head = n < 6 ? n : 6;
    memcpy(seam, c->tail, 6);
    memcpy(seam + 6, p, head);
    c->done_seen = memmem(seam, 6 + head, "[DONE]", 6) || memmem(p, n, "[DONE]", 6);
    if (n >= 6) {
        memcpy(c->tail, p + n - 6, 6);
    } else {
        memmove(c->tail, c->tail + n, 6 - n);
        memcpy(c->tail + 6 - n, p, n);
    }
}

/* Gather bytes up to and with `mark` into the line buffer; how many were taken, done when it is there. */
static size_t gather(struct connection *c, const char *p, size_t n, const char *mark,
                     bool *done)
{
    size_t k = strlen(mark);
    for (size_t i = 0; i < n && c->used < sizeof(c->line) - 1; i++) {
        c->line[c->used++] = p[i];
        if (c->used >= k && memcmp(c->line + c->used - k, mark, k) == 0) {
            c->line[c->used] = '\0';
            c->used = 0;
            *done = true;
            return i + 1;
        }
    }
    *done = false;
    return n;
}

static bool head_done(struct connection *c)
{
    if (strncmp(c->line, "HTTP/1.1 200", 12) != 0) {
        static char status[64];
        snprintf(status, sizeof(status), "%.40s", c->line);
        status[strcspn(status, "\r\n")] = '\0';
        last_error = status;
        return false;
    }
    const char *length = strcasestr(c->line, "\ncontent-length:");
    c->reading = UNTIL_CLOSE;
    if (strcasestr(c->line, "\ntransfer-encoding: chunked"))
        c->reading = CHUNK_SIZE;
    else if (length) {
        c->reading = LENGTH;
        c->left = strtoul(length + 16, NULL, 10);
    }
    return true;
}

/* Returns how many bytes it used; 0 with busy off: over. */
static size_t step(struct connection *c, const char *p, size_t n)
{
    bool done = false;
    size_t taken = 0;
    if (c->reading == HEAD) {
        taken = gather(c, p, n, "\r\n\r\n", &done);
        if (done && !head_done(c)) {
            errors++;
            c->busy = false;
            return 0;
        }
        if (done && c->reading == LENGTH && c->left == 0)
            complete(c);
        return taken;
    }
    if (c->reading == CHUNK_SIZE || c->reading == CHUNK_END || c->reading == TRAILER) {
        taken = gather(c, p, n, "\r\n", &done);
        if (!done)
            return taken;
        if (c->reading == CHUNK_SIZE) {
            c->left = strtoul(c->line, NULL, 16);
            c->reading = c->left ? CHUNK_DATA : TRAILER;
        } else if (c->reading == CHUNK_END) {
            c->reading = CHUNK_SIZE;
        } else if (c->line[0] == '\r') {
            complete(c);
        }
        return taken;
    }
    taken = c->reading == UNTIL_CLOSE || n < c->left ? n : c->left;
    if (!c->first_ns)
        c->first_ns = now_ns();
    look_for_done(c, p, taken);
    c->left -= c->reading == UNTIL_CLOSE ? 0 : taken;
    if (c->reading == CHUNK_DATA && !c->left)
        c->reading = CHUNK_END;
    else if (c->reading == LENGTH && !c->left)
        complete(c);
    return taken;
}

static void receive(struct connection *c)
{
    static char buffer[BUFFER];
    ssize_t got = recv(c->fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        if (c->busy && c->reading == UNTIL_CLOSE && got == 0)
            complete(c);
        else if (c->busy)
            fail(c, "the connection was closed in the middle of an answer");
        reconnect(c);
        return;
    }
    bytes_in += got;
    const char *p = buffer;
    size_t n = (size_t)got;
    while (n && c->busy) {
        int64_t before = errors;
        size_t taken = step(c, p, n);
        if (errors != before) {
            reconnect(c);
            return;
        }
        p += taken;
        n -= taken;
    }
}

/* ---- the run ---- */

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static double percentile(int64_t *values, double share)
{
    return samples ? (double)values[(size_t)((double)(samples - 1) * share)] / 1000.0 : 0;
}

static void make_request(const char *path, const char *model, const char *headers, size_t size)
{
    char *body = NULL, *text = NULL;
    char start[512];
    int n = snprintf(
        start, sizeof(start),
        "{\"model\":\"%s\",\"stream\":%s,%s\"messages\":[{\"role\":\"system\","
        "\"content\":\"You are a helpful assistant.\"},{\"role\":\"user\",\"content\":\"",
        model, streamed ? "true" : "false",
        streamed ? "\"stream_options\":{\"include_usage\":true}," : "");
    size_t fill = size > (size_t)n + 4 ? size - (size_t)n - 4 : 1;
    text = malloc(fill + 1);
    for (size_t i = 0; i < fill; i++)
        text[i] = "what is the answer to everything "[i % 33];
    text[fill] = '\0';
    int body_size = asprintf(&body, "%s%s\"}]}", start, text);
    request_size =
        (size_t)asprintf(&request,
                         "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: "
                         "application/json\r\nAccept: %s\r\n%sContent-Length: %d\r\n\r\n%s",
                         path, port, streamed ? "text/event-stream" : "application/json",
                         headers, body_size, body);
    free(text);
    free(body);
}

static struct connection *idle_connection(void)
{
    static int last;
    for (int i = 0; i < connection_count; i++) {
        last = last + 1 < connection_count ? last + 1 : 0;
        if (!connections[last].busy)
            return &connections[last];
    }
    return NULL;
}

struct plan {
    int64_t most;     /* answers; 0: no limit */
    int64_t until_ns; /* 0: no limit */
    double rate;      /* 0: closed loop */
    int64_t start_ns;
    int64_t started;
    int pid;
    long long memory_kb; /* the most that was seen */
};

static void start_due(struct plan *p, int64_t now)
{
    while (!p->most || p->started < p->most) {
        int64_t due =
            p->rate > 0 ? p->start_ns + (int64_t)((double)p->started * 1e9 / p->rate) : now;
        if (due > now || (p->until_ns && due >= p->until_ns))
            return;
        struct connection *c = idle_connection();
        if (!c)
            return;
        p->started++;
        ask(c, due);
    }
}

/* Sleeps to the nanosecond: spinning would take the core from the provider's imitation. */
static int wait_for_events(const struct plan *p, struct epoll_event *events, int room,
                           bool over)
{
    int64_t ns = 10000000;
    if (!over && p->rate > 0) {
        int64_t due = p->start_ns + (int64_t)((double)p->started * 1e9 / p->rate) - now_ns();
        ns = due < 0 ? 0 : due < ns ? due : ns;
    }
    struct timespec wait = {.tv_sec = 0, .tv_nsec = ns};
    return epoll_pwait2(epoll_fd, events, room, &wait, NULL);
}

static bool any_busy(void)
{
    for (int i = 0; i < connection_count; i++)
        if (connections[i].busy)
            return true;
    return false;
}

static void run(struct plan *p)
{
    int64_t sampled = 0;
    for (;;) {
        int64_t now = now_ns();
        bool over = (p->most && p->started >= p->most) || (p->until_ns && now >= p->until_ns);
        if (!over)
            start_due(p, now);
        else if (!any_busy() || (p->until_ns && now > p->until_ns + 30000000000))
            return;
        if (p->pid && now - sampled > 200000000) {
            long long kb = measure(p->pid, add_memory);
            p->memory_kb = kb > p->memory_kb ? kb : p->memory_kb;
            sampled = now;
        }
        struct epoll_event events[256];
        int n = wait_for_events(p, events, 256, over);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT && c->busy && c->sent < request_size)
                send_more(c);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                receive(c);
            if (!c->busy && p->rate <= 0 && (!p->most || p->started < p->most) &&
                (!p->until_ns || now_ns() < p->until_ns)) {
                p->started++;
                ask(c, now_ns());
            }
        }
    }
}

int main(int argc, char **argv)
{
    struct plan plan = {0};
    const char *path = "/v1/chat/completions", *model = "mock";
    char headers[2048] = "";
    double seconds = 0;
    size_t size = 1024;
    int option;
    connection_count = 1;
    while ((option = getopt(argc, argv, "u:m:H:sb:c:n:t:r:P:")) != -1) {
        switch (option) {
        case 'u':
            path = optarg;
            break;
        case 'm':
            model = optarg;
            break;
        case 'H':
            strncat(headers, optarg, sizeof(headers) - strlen(headers) - 3);
            strcat(headers, "\r\n");
            break;
        case 's':
            streamed = true;
            break;
        case 'b':
            size = strtoul(optarg, NULL, 10);
            break;
        case 'c':
            connection_count = atoi(optarg);
            break;
        case 'n':
            plan.most = atoll(optarg);
            break;
        case 't':
            seconds = atof(optarg);
            break;
        case 'r':
            plan.rate = atof(optarg);
            break;
        case 'P':
            plan.pid = atoi(optarg);
            break;
        default:
            return 2;
        }
    }
    if (optind != argc - 1 || (!plan.most && seconds <= 0) || connection_count < 1) {
        fprintf(stderr, "usage: load [options] PORT, with -n or -t; see the top of load.c\n");
        return 2;
    }
    port = atoi(argv[optind]);
    struct rlimit files = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &files);
    make_request(path, model, headers, size);
    latencies = malloc(MOST_SAMPLES * sizeof(*latencies));
    firsts = malloc(MOST_SAMPLES * sizeof(*firsts));
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    connections = calloc((size_t)connection_count, sizeof(*connections));
    for (int i = 0; i < connection_count; i++)
        connect_to(&connections[i]);
    long long cpu = measure(plan.pid, add_cpu);
    plan.start_ns = now_ns();
    plan.until_ns = seconds > 0 ? plan.start_ns + (int64_t)(seconds * 1e9) : 0;
    run(&plan);
    double took = (double)(now_ns() - plan.start_ns) / 1e9;
    cpu = measure(plan.pid, add_cpu) - cpu;
    qsort(latencies, samples, sizeof(*latencies), by_size);
    qsort(firsts, samples, sizeof(*firsts), by_size);
    printf(
        "{\"answers\":%lld,\"errors\":%lld,\"last_error\":\"%s\",\"seconds\":%.3f,"
        "\"per_second\":%.0f,\"cpu_us\":%.2f,\"cpu_share\":%.3f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
        "\"first_p50_us\":%.1f,\"first_p99_us\":%.1f,\"memory_mb\":%.1f,\"bytes_in\":%lld}\n",
        (long long)finished, (long long)errors, last_error, took, (double)finished / took,
        finished ? (double)cpu / 1000.0 / (double)finished : 0, (double)cpu / 1e9 / took,
        percentile(latencies, 0.5), percentile(latencies, 0.99), percentile(firsts, 0.5),
        percentile(firsts, 0.99), (double)plan.memory_kb / 1024.0, (long long)bytes_in);
    return finished && !errors ? 0 : 1;
}
