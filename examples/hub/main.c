/* Knows the names of the commands and their help; refuses to know how they work. */
#define _GNU_SOURCE
#include "commands.h"
#include "console.h"
#include "settings.h"
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

struct row {
    const char *name;
    enum command settings;
    int (*run)(int count, char **arguments);
    const char *usage;
    const char *doc;
};

static const struct row table[] = {
    {"serve", COMMAND_SERVE, command_serve,
     "serve --data FILE [--listen HOST:PORT] [--threads N]",
     "Serve the hub in FILE over HTTP. The first start makes FILE and prints an admin key, once.\n"
     "\"listening on URL\" follows when clients may come. SIGTERM lets running exchanges end."},
    {"do", COMMAND_DO, command_do, "do --data FILE VERB [JSON]",
     "Administer the hub in FILE, also beside a running server, which sees the change within a\n"
     "second. JSON may be - for stdin. Verbs are put, get, list, delete and more of provider,\n"
     "credential, rate, route, limit, user, team, key, credit, budget, usage and settings: the\n"
     "verb verb.list lists them all, aigne-hub(7) describes them. Prints the reply as JSON."},
    {"key", COMMAND_KEY, command_key,
     "key create --data FILE --name NAME [--role user|admin] [--user NAME]",
     "Make an access key and print it, and nothing else. It cannot be shown again."},
    {"chat", COMMAND_CHAT, command_chat,
     "chat [--url URL --key KEY | --data FILE] --model MODEL [TEXT]",
     "Ask a model and print its answer as it arrives. Without TEXT the question comes from stdin."},
};

enum { ROWS = sizeof(table) / sizeof(table[0]) };

static int print_help(void)
{
    puts("aigne-hub - an AI hub: one address, one key, every provider\n\nUsage:");
    for (int i = 0; i < ROWS; i++)
        printf("  aigne-hub %s\n", table[i].usage);
    puts("\n  aigne-hub COMMAND --help   what a command does, and its settings"
         "\n  aigne-hub --version");
    fputs(console_exit_codes, stdout);
    return EXIT_DONE;
}

static int print_command_help(const struct row *row)
{
    printf("Usage: aigne-hub %s\n\n%s\n", row->usage, row->doc);
    settings_print(row->settings);
    fputs(console_exit_codes, stdout);
    return EXIT_DONE;
}

static bool asks_for_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

static int run(const struct row *row, int count, char **arguments)
{
    for (int i = 0; i < count && strcmp(arguments[i], "--") != 0; i++)
        if (asks_for_help(arguments[i]))
            return print_command_help(row);
    return row->run(count, arguments);
}

/* Secrets stay out of core files; memory that a burst took is given back. */
static void set_process_manners(void)
{
    const struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    mallopt(M_TRIM_THRESHOLD, 512 * 1024);
}

int main(int count, char **arguments)
{
    set_process_manners();
    if (count < 2 || asks_for_help(arguments[1]) || strcmp(arguments[1], "help") == 0) {
        print_help();
        return count < 2 ? EXIT_USAGE : EXIT_DONE;
    }
    if (strcmp(arguments[1], "--version") == 0) {
        printf("aigne-hub %s\n", aigne_version());
        return EXIT_DONE;
    }
    for (int i = 0; i < ROWS; i++)
        if (strcmp(table[i].name, arguments[1]) == 0)
            return run(&table[i], count - 2, arguments + 2);
    return console_refuse("there is no command \"%s\"; --help lists those there are",
                          arguments[1]);
}
