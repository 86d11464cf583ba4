/* Knows sockets to listen on, threads and signals; refuses to know HTTP. */
#define _GNU_SOURCE
#include "commands.h"
#include "console.h"
#include "front.h"
#include "hub.h"
#include "prices.h"
#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS_MAX = 64, STACK = 512 * 1024 };

struct server {
    struct front_options options;
    struct addrinfo *address;
    char host[256]; /* as it stands in a URL */
    char *certificate;
    char *key;
    aigne_hub *hub;
    struct prices *prices; /* NULL: not taken over by itself */
    struct job {
        struct front *front;
        atomic_int *running;
        pthread_t thread;
        int listener;
    } job[THREADS_MAX];
    int threads; /* wanted */
    int started;
    atomic_int running;
};

/* ---- where to listen ---------------------------------------------------------------------- */

/* The C library would take 99999 and listen on another port. */
static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && !text[digits] &&
           (digits < 5 || (digits == 5 && strcmp(text, "65535") <= 0));
}

static int resolve(struct server *server, const char *listen)
{
    const char *colon = strrchr(listen, ':');
    size_t len = colon ? (size_t)(colon - listen) : 0;
    if (colon && !is_port(colon + 1))
        return console_refuse("--listen: the port must be from 0 to 65535, not \"%s\"",
                              colon + 1);
    if (len == 0 || len >= sizeof(server->host))
        return console_refuse("--listen must be HOST:PORT, not \"%s\"", listen);
    memcpy(server->host, listen, len);
    char name[sizeof(server->host)];
    bool bracketed = listen[0] == '[' && listen[len - 1] == ']';
    snprintf(name, sizeof(name), "%.*s", (int)(bracketed ? len - 2 : len),
             bracketed ? listen + 1 : listen);
    const struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    int rc = getaddrinfo(name, colon + 1, &hints, &server->address);
    if (rc != 0)
        return console_refuse("cannot listen on %s: %s", listen, gai_strerror(rc));
    return EXIT_DONE;
}

/* A socket bound to the address; a shared one joins others on the same port. */
static int bind_socket(const struct addrinfo *address, bool shared)
{
    const int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (shared)
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* The first bind is not shared, so that a second server on the same port is an error and not a silent
 * half of the requests. It also settles which port 0 means. */
static bool claim(struct addrinfo *address)
{
    int fd = bind_socket(address, false);
    socklen_t len = address->ai_addrlen;
    if (fd < 0)
        return false;
    bool done = getsockname(fd, address->ai_addr, &len) == 0;
    close(fd);
    return done;
}

static unsigned port_of(const struct addrinfo *address)
{
    if (address->ai_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)address->ai_addr)->sin6_port);
    return ntohs(((const struct sockaddr_in *)(const void *)address->ai_addr)->sin_port);
}

static int listen_all(struct server *server)
{
    bool done = claim(server->address);
    for (int i = 0; done && i < server->threads; i++) {
        server->job[i].listener = bind_socket(server->address, true);
        done = server->job[i].listener >= 0 && listen(server->job[i].listener, SOMAXCONN) == 0;
    }
    return done ? EXIT_DONE
                : console_refuse("cannot listen on %s:%u: %s", server->host,
                                 port_of(server->address), strerror(errno));
}

/* ---- what to serve with ------------------------------------------------------------------- */

static int read_pem(const struct settings *s, const char *name, char **out)
{
    const char *path = settings_text(s, name);
    size_t len = 0;
    if (!path)
        return EXIT_DONE;
    *out = console_read_file(path, &len);
    return *out ? EXIT_DONE : console_refuse("the file %s cannot be read", path);
}

static int read_tls(struct server *server, const struct settings *s)
{
    int code = read_pem(s, "tlsCert", &server->certificate);
    if (!code)
        code = read_pem(s, "tlsKey", &server->key);
    if (!code && !server->certificate != !server->key)
        return console_refuse("TLS needs both --tls-cert and --tls-key");
    server->options.certificate = server->certificate;
    server->options.key = server->key;
    return code;
}

/* Every client has a connection to a provider beside its own. */
static int64_t connections_allowed(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return 256;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    getrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur < 200 ? 64 : (int64_t)(files.rlim_cur / 2 - 36);
}

static int64_t bounded(int64_t n, int64_t low, int64_t high)
{
    return n < low ? low : n > high ? high : n;
}

static void read_numbers(struct server *server, const struct settings *s)
{
    int64_t cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t threads = bounded(settings_number(s, "threads", cores), 1, THREADS_MAX);
    int64_t clients = settings_number(s, "connections", connections_allowed());
    server->threads = (int)threads;
    server->options.connections = (unsigned)bounded(clients / threads, 1, 1000000);
    unsigned from_one =
        (unsigned)bounded(settings_number(s, "addressConnections", 0), 0, 1000000);
    if (from_one)
        server->options.addresses = addresses_new(from_one);
    server->options.keep_alive_s = bounded(settings_number(s, "keepAlive", 75), 1, 86400);
    server->options.head_timeout_s = bounded(settings_number(s, "headTimeout", 30), 1, 86400);
    server->options.request_timeout_s =
        bounded(settings_number(s, "requestTimeout", 300), 1, 86400);
    server->options.drain_s = bounded(settings_number(s, "drain", 30), 0, 86400);
}

static int open_hub(struct server *server, const struct settings *s)
{
    int code = hub_open(s, &server->hub);
    bool fresh = false;
    if (!code)
        code = hub_is_fresh(server->hub, &fresh);
    if (code || !fresh)
        return code;
    char *key = NULL;
    code = hub_make_key(server->hub, "admin", "admin", NULL, &key);
    if (!code)
        printf("admin key: %s (shown once)\n", key);
    free(key);
    return code;
}

static int keep_prices(struct server *server, const struct settings *s)
{
    const char *import = settings_text(s, "priceImport");
    int64_t interval_s = bounded(settings_number(s, "priceInterval", 21600), 1, 31536000);
    if (!import)
        return EXIT_DONE;
    server->prices = prices_start(server->hub, import, interval_s);
    return server->prices ? EXIT_DONE : console_fail(AIGNE_E_NOMEM, NULL);
}

/* ---- threads and signals ------------------------------------------------------------------ */

static void *serve_thread(void *argument)
{
    const struct job *job = argument;
    front_run(job->front);
    atomic_fetch_sub(job->running, 1);
    kill(getpid(), SIGUSR1); /* the main thread waits for signals, and looks at `running` */
    return NULL;
}

static int start_threads(struct server *server)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    for (int i = 0; i < server->threads; i++) {
        server->job[i].front = front_new(server->job[i].listener, &server->options);
        server->job[i].listener = -1;
        if (!server->job[i].front)
            return console_refuse(
                server->certificate
                    ? "--tls-cert or --tls-key is not valid PEM, the two do not belong "
                      "together, or memory is short"
                    : "there is not enough memory to serve");
    }
    int rc = 0;
    while (rc == 0 && server->started < server->threads) {
        struct job *job = &server->job[server->started];
        job->running = &server->running;
        atomic_fetch_add(&server->running, 1);
        rc = pthread_create(&job->thread, &attributes, serve_thread, job);
        server->started += rc == 0;
    }
    pthread_attr_destroy(&attributes);
    return rc == 0 ? EXIT_DONE : console_fail(AIGNE_E_NOMEM, NULL);
}

static void order_all(struct server *server, enum front_order order)
{
    for (int i = 0; i < server->started; i++)
        front_order(server->job[i].front, order);
}

/* The first signal lets running exchanges end, the second does not. */
static void wait_for_end(struct server *server, const sigset_t *signals)
{
    bool asked = false;
    while (atomic_load(&server->running) > 0) {
        int signal = sigwaitinfo(signals, NULL);
        if (signal < 0 || signal == SIGUSR1)
            continue;
        order_all(server, asked ? FRONT_STOP : FRONT_DRAIN);
        asked = true;
    }
}

static int serve(struct server *server, const struct settings *s, const sigset_t *signals)
{
    int code = read_tls(server, s);
    read_numbers(server, s);
    server->options.mount_point = settings_text(s, "mountPoint");
    server->options.mcp_origins = settings_text(s, "mcpOrigins");
    if (!code)
        code = resolve(server, settings_text(s, "listen"));
    if (!code)
        code = listen_all(server);
    if (!code)
        code = open_hub(server, s);
    server->options.hub = server->hub;
    if (!code)
        code = start_threads(server);
    if (!code)
        code = keep_prices(server, s);
    if (code)
        return code;
    printf("listening on %s://%s:%u\n", server->certificate ? "https" : "http", server->host,
           port_of(server->address));
    fflush(stdout);
    wait_for_end(server, signals);
    return EXIT_DONE;
}

static void stop(struct server *server)
{
    order_all(server, FRONT_STOP);
    for (int i = 0; i < server->started; i++)
        pthread_join(server->job[i].thread, NULL);
    for (int i = 0; i < server->threads; i++) {
        if (server->job[i].front)
            front_free(server->job[i].front);
        if (server->job[i].listener > 0)
            close(server->job[i].listener);
    }
    addresses_free(server->options.addresses);
    prices_stop(server->prices);
    aigne_hub_free(server->hub);
    if (server->address)
        freeaddrinfo(server->address);
    free(server->certificate);
    free(server->key);
}

/* Buffers come and go in waves: what goes back to the system between two of them comes again page by page. So that
 * much stays, of each thread; but what is as large as a picture goes. */
static void keep_memory(void)
{
    (void)mallopt(M_TRIM_THRESHOLD, 8 * 1024 * 1024);
    (void)mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
}

int command_serve(int count, char **arguments)
{
    struct settings s;
    struct server server = {0};
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* in the library's threads too */
    keep_memory();
    int code = settings_read(&s, COMMAND_SERVE, count, arguments);
    if (!code && s.words > 0)
        code = console_refuse("serve takes options only, not \"%s\"", s.word[0]);
    if (!code)
        code = serve(&server, &s, &signals);
    stop(&server);
    settings_free(&s);
    return code;
}
