/* Knows every setting in one table; refuses to know what a setting does. */
#include "settings.h"
#include "console.h"
#include "members.h"
#include "shipped.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, NUMBER, SWITCH };

enum {
    ON_DATA = COMMAND_SERVE | COMMAND_DO | COMMAND_KEY | COMMAND_CHAT,
    ON_NETWORK = COMMAND_SERVE | COMMAND_DO | COMMAND_CHAT
};

struct row {
    const char *name;     /* in a settings file, and for the library */
    const char *flag;     /* NULL: other users of the machine can read a command line */
    const char *variable; /* in the environment; NULL: none */
    enum kind kind;
    const char *otherwise; /* the default; NULL: none */
    int commands;
    int targets;
    const char *doc;
};

static const struct row table[] = {
    {"config", "--config", "AIGNE_HUB_CONFIG", TEXT, NULL, ON_DATA, FOR_PROGRAM,
     "JSON file with settings by these names"},
    {"data", "--data", "AIGNE_HUB_DATA", TEXT, NULL, ON_DATA, FOR_HUB,
     "the hub's database; made when it does not exist"},
    {"masterKey", NULL, "AIGNE_HUB_MASTER_KEY", TEXT, NULL, ON_DATA, FOR_HUB,
     "key that seals provider credentials: 64 hexadecimal digits or base64"},
    {"masterKeyFile", "--master-key-file", "AIGNE_HUB_MASTER_KEY_FILE", TEXT, NULL, ON_DATA,
     FOR_HUB, "file with that key [the database's path and .key]"},
    {"priceList", "--price-list", "AIGNE_HUB_PRICE_LIST", TEXT, NULL,
     COMMAND_SERVE | COMMAND_DO, FOR_HUB,
     "the list of prices that is shipped [the one that came with the program]"},
    {"priceImport", "--price-import", "AIGNE_HUB_PRICE_IMPORT", TEXT, NULL, COMMAND_SERVE,
     FOR_PROGRAM,
     "JSON arguments of catalog.import, such as {\"url\":\"https://...\"}: carried out now and then "
     "[never]"},
    {"priceInterval", "--price-interval", "AIGNE_HUB_PRICE_INTERVAL", NUMBER, "21600",
     COMMAND_SERVE, FOR_PROGRAM, "so many seconds apart"},
    {"durable", "--durable", "AIGNE_HUB_DURABLE", SWITCH, NULL, ON_DATA, FOR_HUB,
     "records survive a power failure, not only a crash"},
    {"listen", "--listen", "AIGNE_HUB_LISTEN", TEXT, "127.0.0.1:8787", COMMAND_SERVE,
     FOR_PROGRAM, "HOST:PORT, IPv6 as [HOST]:PORT; port 0 picks a free one"},
    {"threads", "--threads", "AIGNE_HUB_THREADS", NUMBER, NULL, COMMAND_SERVE, FOR_PROGRAM,
     "threads that serve [one for each core]"},
    {"connections", "--connections", "AIGNE_HUB_CONNECTIONS", NUMBER, NULL, COMMAND_SERVE,
     FOR_PROGRAM, "clients at the same time [half the open files allowed]"},
    {"addressConnections", "--address-connections", "AIGNE_HUB_ADDRESS_CONNECTIONS", NUMBER,
     NULL, COMMAND_SERVE, FOR_PROGRAM, "of these, from one address [no limit]"},
    {"tlsCert", "--tls-cert", "AIGNE_HUB_TLS_CERT", TEXT, NULL, COMMAND_SERVE, FOR_PROGRAM,
     "PEM file with the certificate chain: serve https"},
    {"tlsKey", "--tls-key", "AIGNE_HUB_TLS_KEY", TEXT, NULL, COMMAND_SERVE, FOR_PROGRAM,
     "PEM file with the certificate's key"},
    {"mountPoint", "--mount-point", "AIGNE_HUB_MOUNT_POINT", TEXT, NULL, COMMAND_SERVE, FOR_HUB,
     "path under which the API is served [/]"},
    {"mcpOrigins", "--mcp-origins", "AIGNE_HUB_MCP_ORIGINS", TEXT, NULL, COMMAND_SERVE,
     FOR_PROGRAM, "origins of web pages that may use /mcp, with commas between [none]"},
    {"bodyLimit", "--body-limit", "AIGNE_HUB_BODY_LIMIT", NUMBER, NULL, COMMAND_SERVE, FOR_HUB,
     "largest request body in bytes"},
    {"callLimit", "--call-limit", "AIGNE_HUB_CALL_LIMIT", NUMBER, NULL, COMMAND_SERVE, FOR_HUB,
     "requests carried out at once; more are answered with 503 [no limit]"},
    {"memoryLimit", "--memory-limit", "AIGNE_HUB_MEMORY_LIMIT", NUMBER, NULL, COMMAND_SERVE,
     FOR_HUB, "bytes that requests and answers may take at once [1 GB]"},
    {"answerMemory", "--answer-memory", "AIGNE_HUB_ANSWER_MEMORY", NUMBER, NULL, COMMAND_SERVE,
     FOR_HUB, "bytes of answers that are kept to be given again [64 MB]"},
    {"keepAliveInterval", "--keep-alive-interval", "AIGNE_HUB_KEEP_ALIVE_INTERVAL", NUMBER,
     NULL, COMMAND_SERVE, FOR_HUB,
     "milliseconds of silence before a streamed answer shows signs of life"},
    {"headWait", "--head-wait", "AIGNE_HUB_HEAD_WAIT", NUMBER, NULL, COMMAND_SERVE, FOR_HUB,
     "milliseconds before the head of a plain answer to AIGNE's clients goes out ahead of it"},
    {"keepAlive", "--keep-alive", "AIGNE_HUB_KEEP_ALIVE", NUMBER, "75", COMMAND_SERVE,
     FOR_PROGRAM, "seconds a silent connection is kept"},
    {"headTimeout", "--head-timeout", "AIGNE_HUB_HEAD_TIMEOUT", NUMBER, "30", COMMAND_SERVE,
     FOR_PROGRAM, "seconds a request's head may take to arrive"},
    {"requestTimeout", "--request-timeout", "AIGNE_HUB_REQUEST_TIMEOUT", NUMBER, "300",
     COMMAND_SERVE, FOR_PROGRAM, "seconds a request's body may take to arrive"},
    {"drain", "--drain", "AIGNE_HUB_DRAIN", NUMBER, "30", COMMAND_SERVE, FOR_PROGRAM,
     "seconds running exchanges may take to end after SIGTERM"},
    {"url", "--url", "AIGNE_HUB_API_URL", TEXT, NULL, COMMAND_CHAT, FOR_MODEL,
     "a hub's URL; with --provider, the provider's"},
    {"accessKey", "--key", "AIGNE_HUB_API_KEY", TEXT, NULL, COMMAND_CHAT, FOR_MODEL,
     "the hub's access key; with --provider, the provider's API key"},
    {"provider", "--provider", NULL, TEXT, NULL, COMMAND_CHAT, FOR_MODEL,
     "talk to this provider directly: openai, anthropic, google, echo, ..."},
    {"model", "--model", "AIGNE_HUB_MODEL", TEXT, NULL, COMMAND_CHAT, FOR_MODEL,
     "the model, as provider/name"},
    {"system", "--system", NULL, TEXT, NULL, COMMAND_CHAT, FOR_PROGRAM, "a system message"},
    {"connectTimeout", "--connect-timeout", "AIGNE_HUB_CONNECT_TIMEOUT", NUMBER, NULL,
     ON_NETWORK, FOR_HUB | FOR_MODEL, "milliseconds until a provider must be connected"},
    {"firstByteTimeout", "--first-byte-timeout", "AIGNE_HUB_FIRST_BYTE_TIMEOUT", NUMBER, NULL,
     ON_NETWORK, FOR_HUB | FOR_MODEL, "milliseconds until its answer must begin"},
    {"idleTimeout", "--idle-timeout", "AIGNE_HUB_IDLE_TIMEOUT", NUMBER, NULL, ON_NETWORK,
     FOR_HUB | FOR_MODEL, "milliseconds its answer may pause"},
    {"totalTimeout", "--total-timeout", "AIGNE_HUB_TOTAL_TIMEOUT", NUMBER, NULL, ON_NETWORK,
     FOR_HUB | FOR_MODEL, "milliseconds a call may take; 0: no limit"},
    {"proxy", "--proxy", "AIGNE_HUB_PROXY", TEXT, NULL, ON_NETWORK, FOR_HUB | FOR_MODEL,
     "URL of the proxy towards providers"},
    {"caFile", "--ca-file", "AIGNE_HUB_CA_FILE", TEXT, NULL, ON_NETWORK, FOR_HUB | FOR_MODEL,
     "PEM file of certificate authorities to trust instead of the system's"},
    {"name", "--name", NULL, TEXT, NULL, COMMAND_KEY, FOR_PROGRAM, "what the key is called"},
    {"role", "--role", NULL, TEXT, NULL, COMMAND_KEY, FOR_PROGRAM, "user or admin [user]"},
    {"user", "--user", NULL, TEXT, NULL, COMMAND_KEY, FOR_PROGRAM, "whose key it is"},
    {"verbose", "--verbose", NULL, SWITCH, NULL, COMMAND_CHAT, FOR_PROGRAM,
     "show thoughts and usage on stderr"},
    {"logLevel", "--log-level", "AIGNE_HUB_LOG_LEVEL", TEXT, "warning", ON_DATA, FOR_PROGRAM,
     "error, warning, info or debug; the log goes to stderr"},
};

enum { ROWS = sizeof(table) / sizeof(table[0]) };
_Static_assert(ROWS <= (int)SETTINGS_MAX, "struct settings has a place for every row");

static int row_of(const char *name)
{
    for (int i = 0; i < ROWS; i++)
        if (strcmp(table[i].name, name) == 0)
            return i;
    return -1;
}

/* The row of "--flag" or "--flag=value". */
static int row_of_flag(const char *argument, enum command command, const char **value)
{
    size_t len = strcspn(argument, "=");
    *value = argument[len] ? argument + len + 1 : NULL;
    for (int i = 0; i < ROWS; i++)
        if (table[i].flag && (table[i].commands & (int)command) &&
            strlen(table[i].flag) == len && strncmp(table[i].flag, argument, len) == 0)
            return i;
    return -1;
}

static bool parse_number(const char *text, int64_t *out)
{
    int64_t n = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 15 || text[digits])
        return false;
    for (size_t i = 0; i < digits; i++)
        n = n * 10 + (text[i] - '0');
    *out = n;
    return true;
}

static bool is_on(const char *text)
{
    return strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || strcmp(text, "yes") == 0;
}

static bool is_off(const char *text)
{
    return strcmp(text, "false") == 0 || strcmp(text, "0") == 0 || strcmp(text, "no") == 0;
}

/* `source` names where the value stands, as a person would look for it. */
static int keep(struct settings *s, int row, const char *value, const char *source)
{
    int64_t number = 0;
    if (table[row].kind == NUMBER && !parse_number(value, &number))
        return console_refuse("%s must be a whole number", source);
    if (table[row].kind == SWITCH && !is_on(value) && !is_off(value))
        return console_refuse("%s must be true or false", source);
    s->value[row] = value;
    return EXIT_DONE;
}

static int read_word(struct settings *s, const char *word)
{
    if (s->words == WORDS_MAX)
        return console_refuse("too many arguments, from \"%s\" on", word);
    s->word[s->words++] = word;
    return EXIT_DONE;
}

/* `next` is what follows on the command line, or NULL; `used` says that it was the flag's value. */
static int read_flag(struct settings *s, const char *argument, const char *next, bool *used)
{
    const char *value = NULL;
    int row = row_of_flag(argument, s->command, &value);
    if (row < 0)
        return console_refuse("unknown option %s; --help lists those there are", argument);
    if (!value && table[row].kind == SWITCH)
        value = "true";
    *used = !value;
    if (!value)
        value = next;
    if (!value)
        return console_refuse("%s needs a value", table[row].flag);
    s->by_flag[row] = true;
    return keep(s, row, value, table[row].flag);
}

static int read_flags(struct settings *s, int count, char **arguments)
{
    bool words_only = false;
    int code = EXIT_DONE;
    for (int i = 0; !code && i < count; i++) {
        const char *argument = arguments[i];
        bool used = false;
        if (words_only || argument[0] != '-' || argument[1] == '\0')
            code = read_word(s, argument);
        else if (strcmp(argument, "--") == 0)
            words_only = true;
        else
            code = read_flag(s, argument, i + 1 < count ? arguments[i + 1] : NULL, &used);
        i += used;
    }
    return code;
}

static int read_environment(struct settings *s)
{
    for (int i = 0; i < ROWS; i++) {
        const char *value = table[i].variable ? getenv(table[i].variable) : NULL;
        if (!value || !*value || s->value[i] || !(table[i].commands & (int)s->command))
            continue;
        int code = keep(s, i, value, table[i].variable);
        if (code)
            return code;
    }
    return EXIT_DONE;
}

static int read_file(struct settings *s, const char *path)
{
    size_t len = 0;
    s->file = console_read_file(path, &len);
    if (!s->file)
        return console_refuse("the settings file %s cannot be read", path);
    struct members members = {.at = s->file, .end = s->file + len};
    char *name = NULL;
    char *value = NULL;
    int rc = 0;
    while ((rc = members_next(&members, &name, &value)) > 0) {
        int row = row_of(name);
        if (row < 0)
            return console_refuse("%s: unknown setting \"%s\"", path, name);
        if (s->value[row] || !(table[row].commands & (int)s->command))
            continue;
        char source[64];
        snprintf(source, sizeof(source), "\"%s\" in the settings file", name);
        if (table[row].kind == TEXT && !members.quoted)
            return console_refuse("%s must be a text in quotes", source);
        int code = keep(s, row, value, source);
        if (code)
            return code;
    }
    if (rc < 0)
        return console_refuse(
            "%s is not a flat JSON object of texts, whole numbers and booleans", path);
    return EXIT_DONE;
}

int settings_read(struct settings *s, enum command command, int count, char **arguments)
{
    *s = (struct settings){.command = command};
    int code = read_flags(s, count, arguments);
    if (!code)
        code = read_environment(s);
    if (!code && settings_text(s, "config"))
        code = read_file(s, settings_text(s, "config"));
    for (int i = 0; i < ROWS; i++)
        if (!s->value[i])
            s->value[i] = table[i].otherwise;
    if (!settings_text(s, "priceList"))
        s->value[row_of("priceList")] = s->prices = shipped_prices();
    return code ? code : console_log_to_stderr(settings_text(s, "logLevel"));
}

void settings_free(struct settings *s)
{
    free(s->file);
    free(s->prices);
}

const char *settings_text(const struct settings *s, const char *name)
{
    int row = row_of(name);
    return row < 0 ? NULL : s->value[row];
}

int64_t settings_number(const struct settings *s, const char *name, int64_t otherwise)
{
    int64_t number = otherwise;
    const char *text = settings_text(s, name);
    return text && parse_number(text, &number) ? number : otherwise;
}

bool settings_on(const struct settings *s, const char *name)
{
    const char *text = settings_text(s, name);
    return text && is_on(text);
}

bool settings_by_flag(const struct settings *s, const char *name)
{
    int row = row_of(name);
    return row >= 0 && s->by_flag[row];
}

static int pass_on(aigne_config *config, const struct row *row, const char *value,
                   aigne_error **err)
{
    int64_t number = 0;
    if (row->kind == NUMBER && parse_number(value, &number))
        return aigne_config_set_int(config, row->name, number, err);
    if (row->kind == SWITCH)
        return aigne_config_set_int(config, row->name, is_on(value), err);
    return aigne_config_set(config, row->name, value, AIGNE_Z, err);
}

int settings_config(const struct settings *s, enum target target, aigne_config **out)
{
    aigne_error *err = NULL;
    aigne_config *config = NULL;
    int rc = aigne_config_new(&config);
    for (int i = 0; rc == AIGNE_OK && i < ROWS; i++)
        if ((table[i].targets & (int)target) && s->value[i])
            rc = pass_on(config, &table[i], s->value[i], &err);
    if (rc != AIGNE_OK) {
        aigne_config_free(config);
        return console_fail(rc, err);
    }
    *out = config;
    return EXIT_DONE;
}

void settings_print(enum command command)
{
    puts("\nSettings; a flag comes before the environment, that before the --config file:");
    for (int i = 0; i < ROWS; i++) {
        const struct row *row = &table[i];
        if (!(row->commands & (int)command))
            continue;
        printf("  %-22s %s", row->flag ? row->flag : "(no flag)", row->doc);
        if (row->otherwise)
            printf(" [%s]", row->otherwise);
        if (row->variable)
            printf("\n  %-22s   \"%s\", %s", "", row->name, row->variable);
        putchar('\n');
    }
}
