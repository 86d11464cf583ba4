/* Proves certificates and proxies: what is trusted, and what goes through whom. */
#define _GNU_SOURCE
#include "base/clock.h"
#include "exchange.h"
#include <aignehub/aignehub.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct net_loop *loop;
static char folder[] = "/tmp/aignehub-tls-XXXXXX";
static char ca_path[128];

/* ---- a TLS peer: the openssl program with a certificate made for this run ---- */

static void command(const char *line)
{
    if (system(line) != 0)
        fail_msg("%s", line);
}

static int make_certificates(void **state)
{
    (void)state;
    char line[2048];
    assert_non_null(mkdtemp(folder));
    snprintf(ca_path, sizeof(ca_path), "%s/ca.pem", folder);
    snprintf(line, sizeof(line),
             "cd %s && exec 2>/dev/null >&2 && "
             "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 "
             "-subj /CN=made-up-ca && "
             "openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem "
             "-subj /CN=127.0.0.1 && "
             "printf 'subjectAltName=IP:127.0.0.1' > names && "
             "openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial "
             "-days 2 -extfile names -out cert.pem",
             folder);
    command(line);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    char line[256];
    snprintf(line, sizeof(line), "rm -rf %s", folder);
    command(line);
    return 0;
}

static bool listening(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
    close(fd);
    return yes;
}

static pid_t start_tls_peer(int *port)
{
    *port = tcp_dead_port();
    char accept[16];
    snprintf(accept, sizeof(accept), "%d", *port);
    pid_t child = fork();
    if (child == 0) {
        if (chdir(folder) || !freopen("/dev/null", "w", stdout) ||
            !freopen("/dev/null", "w", stderr))
            _exit(1);
        execlp("openssl", "openssl", "s_server", "-accept", accept, "-cert", "cert.pem", "-key",
               "key.pem", "-www", "-quiet", (char *)NULL);
        _exit(1);
    }
    int64_t limit = clock_monotonic_us() + 10000000;
    while (!listening(*port)) {
        assert_true(clock_monotonic_us() < limit);
        poll(NULL, 0, 10);
    }
    return child;
}

static void get_over_tls(struct exchange *x, int port, const char *ca, bool insecure)
{
    struct tcp_server peer = {.port = port};
    exchange_init(x, loop, &peer, "/", NULL);
    int n = snprintf(x->url, sizeof(x->url), "https://127.0.0.1:%d/", port);
    x->request.url = slice_of(x->url, (size_t)n);
    x->route.ca_file = slice_text(ca);
    x->route.insecure = insecure;
    exchange_run(x);
}

static void certificates_are_verified(void **state)
{
    (void)state;
    int port = 0;
    pid_t child = start_tls_peer(&port);
    loop = loop_of_test();
    struct exchange x;
    for (int round = 0; round < 2; round++) { /* the second meets handles used before */
        get_over_tls(&x, port, NULL, false);
        assert_int_equal(x.rc, AIGNE_E_NETWORK);
        assert_false(x.sent);
        assert_non_null(strstr(x.why.text, "certificate"));
        exchange_free(&x);

        get_over_tls(&x, port, ca_path, false);
        assert_int_equal(x.rc, AIGNE_OK);
        assert_int_equal(x.status, 200);
        exchange_free(&x);

        get_over_tls(&x, port, NULL, true);
        assert_int_equal(x.rc, AIGNE_OK);
        exchange_free(&x);

        get_over_tls(&x, port, "/does/not/exist.pem", false);
        assert_int_equal(x.rc, AIGNE_E_CONFIG);
        assert_false(x.sent);
        exchange_free(&x);
    }
    net_loop_free(loop);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* ---- proxies ---- */

struct proxying {
    char first_line[256];
    bool refuse;
    atomic_int tunnels;
};

static void serve_proxy(struct tcp_connection *c)
{
    struct proxying *p = c->user;
    while (tcp_read_request(c)) {
        size_t n = strcspn(c->head, "\r");
        memcpy(p->first_line, c->head, n);
        p->first_line[n] = '\0';
        if (p->refuse) {
            tcp_say(c,
                    "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
            return;
        }
        if (strncmp(c->head, "CONNECT ", 8) == 0) {
            atomic_fetch_add(&p->tunnels, 1);
            tcp_say(c, "HTTP/1.1 200 Connected\r\nX-Proxy: 1\r\n\r\n");
            tcp_wait_closed(c, 200);
            return;
        }
        tcp_answer(c, "by proxy");
    }
}

static void run_by_proxy(struct exchange *x, const struct tcp_server *proxy, const char *target)
{
    static char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", proxy->port);
    exchange_init(x, loop, proxy, "/", "{}");
    x->request.url = slice_text(target);
    x->route.proxy = slice_text(url);
    exchange_run(x);
}

static void requests_go_through_the_proxy(void **state)
{
    (void)state;
    struct proxying p = {0};
    struct tcp_server proxy;
    assert_true(tcp_server_start(&proxy, serve_proxy, &p));
    loop = loop_of_test();
    struct exchange x;
    run_by_proxy(&x, &proxy, "http://model.invalid:8080/v1?a=b");
    assert_int_equal(x.rc, AIGNE_OK);
    assert_true(slice_is(buf_slice(&x.body), "by proxy"));
    assert_string_equal(p.first_line, "POST http://model.invalid:8080/v1?a=b HTTP/1.1");
    exchange_free(&x);

    run_by_proxy(&x, &proxy, "https://model.invalid:8443/v1?key=hidden"); /* no TLS inside */
    assert_int_not_equal(x.rc, AIGNE_OK);
    assert_false(x.sent); /* only the proxy was spoken to */
    assert_string_equal(p.first_line, "CONNECT model.invalid:8443 HTTP/1.1");
    assert_int_equal(x.heads, 0);
    exchange_free(&x);

    p.refuse = true;
    run_by_proxy(&x, &proxy, "https://model.invalid:8443/v1?key=hidden");
    assert_int_equal(x.rc, AIGNE_E_NETWORK);
    assert_false(x.sent);
    assert_non_null(strstr(x.why.text, "407"));
    assert_null(strstr(x.why.text, "hidden"));
    exchange_free(&x);

    /* the next request of the same handle goes without */
    exchange_init(&x, loop, &proxy, "/direct", "{}");
    p.refuse = false;
    exchange_run(&x);
    assert_string_equal(p.first_line, "POST /direct HTTP/1.1");
    exchange_free(&x);
    net_loop_free(loop);
    tcp_server_stop(&proxy);
}

static void a_proxy_that_is_not_there_is_named(void **state)
{
    (void)state;
    const int dead = tcp_dead_port();
    struct tcp_server nobody = {.port = dead};
    char url[64];
    snprintf(url, sizeof(url), "http://name:hidden@127.0.0.1:%d", dead);
    loop = loop_of_test();
    struct exchange x;
    exchange_init(&x, loop, &nobody, "/", "{}");
    x.request.url = SLICE("http://model.invalid:8080/v1");
    x.route.proxy = slice_text(url);
    exchange_run(&x);
    assert_int_equal(x.rc, AIGNE_E_NETWORK);
    assert_non_null(strstr(x.why.text, "the proxy for model.invalid:8080; check the setting"));
    assert_null(strstr(x.why.text, "hidden"));
    exchange_free(&x);
    net_loop_free(loop);
}

static void the_environment_names_no_proxy(void **state)
{
    (void)state;
    struct proxying p = {0};
    struct tcp_server server;
    char dead[64];
    snprintf(dead, sizeof(dead), "http://127.0.0.1:%d", tcp_dead_port());
    setenv("http_proxy", dead, 1);
    setenv("ALL_PROXY", dead, 1);
    assert_true(tcp_server_start(&server, serve_proxy, &p));
    loop = loop_of_test();
    struct exchange x;
    exchange_init(&x, loop, &server, "/plain", "{}");
    exchange_run(&x);
    assert_int_equal(x.rc, AIGNE_OK);
    assert_string_equal(p.first_line, "POST /plain HTTP/1.1");
    exchange_free(&x);
    setenv("no_proxy", "*", 1); /* nor takes one away */
    run_by_proxy(&x, &server, "http://model.invalid/x");
    assert_int_equal(x.rc, AIGNE_OK);
    assert_string_equal(p.first_line, "POST http://model.invalid/x HTTP/1.1");
    exchange_free(&x);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
    unsetenv("no_proxy");
    net_loop_free(loop);
    tcp_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_verified),
        cmocka_unit_test(requests_go_through_the_proxy),
        cmocka_unit_test(a_proxy_that_is_not_there_is_named),
        cmocka_unit_test(the_environment_names_no_proxy),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}
