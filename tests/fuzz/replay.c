/* Knows how to run a fuzz target over the files of a folder, each whole and cut short; refuses to
 * make up inputs. */
#define _GNU_SOURCE
#include "fuzz.h"
#include <dirent.h>

/* Up to this size a file is also run cut at every byte. */
#define CUT_LIMIT 600

/* A block of exactly the input's size, so that a sanitizer sees a read past its end. */
static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);
    FUZZ_CHECK(exact != NULL);
    for (size_t i = 0; i < size; i++)
        exact[i] = bytes[i];
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static void run_file(FILE *file)
{
    static uint8_t bytes[1 << 20];
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    run(bytes, size);
    for (size_t cut = 0; cut < size && size <= CUT_LIMIT; cut++)
        run(bytes, cut);
}

static int run_folder(const char *folder, DIR *entries)
{
    int files = 0;
    for (struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        int length = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        FUZZ_CHECK(length > 0 && (size_t)length < sizeof(path));
        FILE *file = fopen(path, "rb");
        FUZZ_CHECK(file != NULL);
        run_file(file);
        fclose(file);
        files++;
    }
    return files;
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "usage: %s CORPUS-FOLDER\n", arguments[0]);
        return 2;
    }
    DIR *entries = opendir(arguments[1]);
    if (!entries) {
        fprintf(stderr, "%s: cannot be read\n", arguments[1]);
        return 2;
    }
    int files = run_folder(arguments[1], entries);
    closedir(entries);
    printf("%d files\n", files);
    return files > 0 ? 0 : 1;
}
