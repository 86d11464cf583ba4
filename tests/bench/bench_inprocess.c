/* Knows what a call through a hub in this process costs in CPU over a plain libcurl transfer of the same
 * bytes; refuses to know why.
 *
 *     bench_inprocess PORT [COUNT]        against the mock on PORT
 *
 * Streams are taken event by event on a loop and compared with curl_multi; whole answers are asked for by
 * aigne_model_invoke and compared with curl_easy_perform on a kept handle.
 * The hub is a file with an access rule, a sealed credential, a rate and a usage row for each call. */
#define _GNU_SOURCE
#include <aignehub/aignehub.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { AT_ONCE = 32, ROUNDS = 11 };

static char url[64], question[2048];
static char whole[2048], streamed[2048]; /* the same as a provider is asked it */
static long count = 20000;
static long received;

static void must(bool fine, const char *what, const aigne_error *err)
{
    if (fine)
        return;
    fprintf(stderr, "bench_inprocess: %s: %s\n", what, err ? aigne_error_text(err) : "failed");
    exit(1);
}

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* ---- plain libcurl ---- */

static size_t take(char *p, size_t one, size_t n, void *user)
{
    (void)p;
    (void)user;
    received += (long)(one * n);
    return one * n;
}

static CURL *plain_handle(struct curl_slist *headers, const char *body)
{
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    return easy;
}

static double plain_one(CURL *easy, long n)
{
    double before = cpu_us();
    for (long i = 0; i < n; i++)
        must(curl_easy_perform(easy) == CURLE_OK, "curl_easy_perform", NULL);
    return (cpu_us() - before) / (double)n;
}

static double plain_many(CURLM *multi, CURL **easies, long n)
{
    double before = cpu_us();
    long started = 0, ended = 0;
    for (; started < AT_ONCE; started++)
        curl_multi_add_handle(multi, easies[started]);
    while (ended < n) {
        int running = 0, left = 0;
        curl_multi_perform(multi, &running);
        CURLMsg *message;
        bool news = false;
        while ((message = curl_multi_info_read(multi, &left))) {
            CURL *easy = message->easy_handle;
            must(message->data.result == CURLE_OK, "a transfer", NULL);
            curl_multi_remove_handle(multi, easy);
            ended++;
            news = true;
            if (started < n) {
                started++;
                curl_multi_add_handle(multi, easy);
            }
        }
        if (!news && ended < n)
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
    }
    return (cpu_us() - before) / (double)n;
}

/* ---- through the hub ---- */

static void administer(aigne_hub *hub, const char *verb, const char *arguments)
{
    aigne_reply *reply = NULL;
    aigne_error *err = NULL;
    must(aigne_hub_do(hub, verb, arguments, AIGNE_Z, &reply, &err) == AIGNE_OK, verb, err);
    aigne_reply_free(reply);
}

static double hub_one(aigne_model *model, long n)
{
    double before = cpu_us();
    for (long i = 0; i < n; i++) {
        aigne_reply *reply = NULL;
        aigne_error *err = NULL;
        must(aigne_model_invoke(model, question, AIGNE_Z, &reply, &err) == AIGNE_OK,
             "aigne_model_invoke", err);
        aigne_reply_free(reply);
    }
    return (cpu_us() - before) / (double)n;
}

static void begin(aigne_model *model, aigne_loop *loop)
{
    aigne_call *call = NULL;
    aigne_error *err = NULL;
    must(aigne_call_start(model, loop, question, AIGNE_Z, &call, &err) == AIGNE_OK,
         "aigne_call_start", err);
}

/* Whether the call is over. */
static bool take_events(aigne_call *call)
{
    aigne_event event;
    aigne_error *err = NULL;
    int rc = AIGNE_EVENT;
    while (rc == AIGNE_EVENT) {
        rc = aigne_call_next(call, 0, &event, &err);
        if (rc == AIGNE_EVENT)
            received += (long)event.len;
    }
    must(rc == AIGNE_OK || rc == AIGNE_AGAIN, "aigne_call_next", err);
    return rc == AIGNE_OK;
}

static double hub_many(aigne_model *model, aigne_loop *loop, long n)
{
    double before = cpu_us();
    long started = 0, ended = 0;
    for (; started < AT_ONCE; started++)
        begin(model, loop);
    while (ended < n) {
        must(aigne_loop_drive(loop, -1) == AIGNE_OK, "aigne_loop_drive", NULL);
        aigne_call *call = aigne_loop_ready(loop);
        for (; call; call = aigne_loop_ready(loop)) {
            if (!take_events(call))
                continue;
            aigne_call_free(call);
            ended++;
            if (started < n) {
                started++;
                begin(model, loop);
            }
        }
    }
    return (cpu_us() - before) / (double)n;
}

static aigne_hub *open_hub(const char *folder, const char *port)
{
    char text[256];
    aigne_config *config = NULL;
    aigne_error *err = NULL;
    aigne_hub *hub = NULL;
    must(aigne_config_new(&config) == AIGNE_OK, "aigne_config_new", NULL);
    snprintf(text, sizeof(text), "%s/hub.db", folder);
    must(aigne_config_set(config, "data", text, AIGNE_Z, &err) == AIGNE_OK, "data", err);
    must(aigne_hub_open(config, &hub, &err) == AIGNE_OK, "aigne_hub_open", err);
    aigne_config_free(config);
    snprintf(text, sizeof(text), "{\"name\":\"openai\",\"baseUrl\":\"http://127.0.0.1:%s/v1\"}",
             port);
    administer(hub, "provider.put", text);
    administer(
        hub, "credential.put",
        "{\"provider\":\"openai\",\"name\":\"bench\",\"value\":\"sk-mock-0123456789abcdef\"}");
    administer(hub, "rate.put",
               "{\"provider\":\"openai\",\"model\":\"mock\",\"type\":\"chat\","
               "\"inputRate\":\"0.000001\",\"outputRate\":\"0.000002\"}");
    return hub;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), by_size);
    return values[ROUNDS / 2];
}

/* In turn, round by round, because other users of a machine come and go; medians. */
static void report(const char *how, double *plain, double *hub)
{
    double more[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        more[i] = hub[i] - plain[i];
    printf("%s: plain libcurl %.1f us, through the hub %.1f us, more: %.1f us\n", how,
           median(plain), median(hub), median(more));
}

int main(int argc, char **argv)
{
    char folder[] = "/tmp/aignehub-bench-XXXXXX", command[64], text[900];
    aigne_model *model = NULL;
    aigne_loop *loop = NULL;
    aigne_error *err = NULL;
    if (argc < 2)
        return 2;
    if (argc > 2)
        count = atol(argv[2]);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    snprintf(url, sizeof(url), "http://127.0.0.1:%s/v1/chat/completions", argv[1]);
    snprintf(whole, sizeof(whole),
             "{\"model\":\"mock\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}",
             text);
    snprintf(streamed, sizeof(streamed),
             "{\"model\":\"mock\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
             "\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}",
             text);
    snprintf(question, sizeof(question),
             "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}", text);
    must(mkdtemp(folder) != NULL, "mkdtemp", NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    struct curl_slist *headers = curl_slist_append(NULL, "content-type: application/json");
    headers = curl_slist_append(headers, "authorization: Bearer sk-mock-0123456789abcdef");
    headers = curl_slist_append(headers, "accept: application/json");
    CURLM *multi = curl_multi_init();
    CURL *easies[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++)
        easies[i] = plain_handle(headers, streamed);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 64L);

    aigne_hub *hub = open_hub(folder, argv[1]);
    must(aigne_hub_model(hub, NULL, "openai/mock", &model, &err) == AIGNE_OK, "aigne_hub_model",
         err);
    must(aigne_loop_new(&loop, &err) == AIGNE_OK, "aigne_loop_new", err);

    double plain[ROUNDS], through[ROUNDS];
    plain_many(multi, easies, count / 10);
    hub_many(model, loop, count / 10);
    for (int i = 0; i < ROUNDS; i++) {
        plain[i] = plain_many(multi, easies, count / ROUNDS);
        through[i] = hub_many(model, loop, count / ROUNDS);
    }
    report("64-chunk streams, 32 at once", plain, through);
    CURL *single = plain_handle(headers, whole);
    plain_one(single, count / 20);
    hub_one(model, count / 20);
    for (int i = 0; i < ROUNDS; i++) {
        plain[i] = plain_one(single, count / ROUNDS);
        through[i] = hub_one(model, count / ROUNDS);
    }
    report("whole answers of 1 KB, one at a time", plain, through);

    aigne_model_free(model);
    aigne_loop_free(loop);
    aigne_hub_free(hub);
    curl_easy_cleanup(single);
    for (int i = 0; i < AT_ONCE; i++)
        curl_easy_cleanup(easies[i]);
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    curl_global_cleanup();
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command) == 0 ? 0 : 1;
}
