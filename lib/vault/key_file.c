/* Knows the file a master key lies in; refuses to know what the key is used for. */
#define _POSIX_C_SOURCE 200809L
#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "vault/seal.h"
#include <aignehub/aignehub.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_FILE_LARGEST = 256, PATH_LARGEST = 4096 };

static void close_file(const int *file)
{
    if (*file >= 0)
        close(*file);
}

static int refuse(const char *path, const char *problem, struct fault *why)
{
    return fault_set(why, AIGNE_E_CONFIG, "The master key file \"%.200s\" %s.", path, problem);
}

static int check_mode(int file, const char *path, struct fault *why)
{
    struct stat st;
    if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode))
        return refuse(path, "is not a regular file", why);
    if (st.st_mode & (S_IRWXG | S_IRWXO))
        return refuse(path, "may be read by others; make it private with chmod 600", why);
    return AIGNE_OK;
}

static int read_key(int file, const char *path, struct vault_key **out, struct fault *why)
{
    char text[KEY_FILE_LARGEST];
    size_t used = 0;
    ssize_t got = 1;
    while (used < sizeof text && got > 0) {
        got = read(file, text + used, sizeof text - used);
        if (got > 0)
            used += (size_t)got;
        if (got < 0 && errno == EINTR)
            got = 1;
    }
    int rc = got < 0 ? refuse(path, "cannot be read", why)
                     : vault_key_of(slice_of(text, used), out, why);
    mem_wipe(text, sizeof text);
    if (rc == AIGNE_E_CONFIG && got >= 0)
        return refuse(path, "does not hold 32 bytes: raw, as 64 hex digits or as base64", why);
    return rc;
}

static bool write_all(int file, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t put = write(file, p, n);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

/* The name must outlive a power loss too: secrets sealed under a lost key are lost. */
static void sync_folder(const char *path)
{
    char folder[PATH_LARGEST];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    if (n >= sizeof folder)
        return;
    memcpy(folder, path, n);
    folder[n] = '\0';
    int file AUTO(close_file) = open(n ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0)
        (void)fsync(file);
}

static bool write_new(const char *path, const struct vault_key *key)
{
    char text[VAULT_KEY_TEXT];
    int file AUTO(close_file) = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    vault_key_write(key, text);
    text[VAULT_KEY_TEXT - 1] = '\n';
    bool written = write_all(file, text, sizeof text) && fsync(file) == 0;
    mem_wipe(text, sizeof text);
    return written;
}

static const char *problem_of(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return "cannot be made: its folder does not exist";
    case ENOSPC:
        return "cannot be made: the disk is full";
    case EROFS:
        return "cannot be made: the file system is read-only";
    default:
        return "cannot be made: its folder may not be written";
    }
}

/* A whole key under a name of its own, then linked to `path`: nobody ever sees half a key, and of two
 * processes that start at once exactly one makes it. */
static int make_file(const char *path, struct fault *why)
{
    char unique[RANDOM_ID_SIZE];
    struct buf name AUTO(buf_free);
    buf_init(&name, PATH_LARGEST);
    if (random_id(unique, 0))
        return fault_set(why, AIGNE_E_INTERNAL, "The system gave no random bytes.");
    buf_printf(&name, "%s.%s", path, unique);
    if (buf_rc(&name))
        return buf_rc(&name) == AIGNE_E_NOMEM ? fault_nomem(why)
                                              : refuse(path, "has too long a name", why);
    struct vault_key *key = NULL;
    int rc = vault_key_random(&key, why);
    if (rc)
        return rc;
    bool made = write_new(name.p, key);
    vault_key_free(key);
    made = made && (link(name.p, path) == 0 || errno == EEXIST);
    int error = errno;
    (void)unlink(name.p);
    if (!made)
        return refuse(path, problem_of(error), why);
    sync_folder(path);
    return AIGNE_OK;
}

int vault_key_file(const char *path, bool create, struct vault_key **out, struct fault *why)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0 && errno == ENOENT && create) {
        int rc = make_file(path, why);
        if (rc)
            return rc;
        file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    }
    int held AUTO(close_file) = file;
    if (held < 0)
        return refuse(path,
                      errno == ENOENT
                          ? "does not exist; put it back from your copy, or give the "
                            "key itself as masterKey"
                          : "cannot be opened",
                      why);
    int rc = check_mode(held, path, why);
    return rc ? rc : read_key(held, path, out, why);
}
