/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file, over inih: inih knows what a key, a value and a comment are; what it
 * would let pass or cut off without a word (long lines, NUL bytes, text after a section's "]",
 * the same key twice) is refused here, line by line, before inih sees it. */
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/config.h"
#include "base/mem.h"

enum {
    LINE_BYTES = 4096,  /* wished for; what is had is inih's affair, and read_line is told */
    NAME_BYTES = 50,    /* inih cuts longer section names and keys */
    MAX_ENTRIES = 4096, /* sections and keys; the search for duplicates is linear */
    WHY_BYTES = 256,
};

#define BLANK " \t\r\n\v\f"

struct seen {
    char *name;
    unsigned line;
};

struct reading {
    const char *file;
    FILE *stream;
    config_take take;
    void *user;
    struct config_error *error;
    unsigned line;
    bool failed;
    char section[NAME_BYTES]; /* "listener" */
    char instance[NAME_BYTES];
    size_t section_starts; /* keys of this section start here in seen */
    struct seen *seen;     /* sections in the form "[listener NAME]", keys as they are */
    size_t n_seen, capacity;
};

/* Debian's inih has a limit of 200 bytes, which a list of service names passes easily, and a
 * variable to raise it. Every thread that comes here stores the same value. */
static void
raise_line_limit(void)
{
#ifdef HAVE_INI_MAX_LINE
    if (__atomic_load_n(&ini_max_line, __ATOMIC_RELAXED) < LINE_BYTES) {
        __atomic_store_n(&ini_max_line, LINE_BYTES, __ATOMIC_RELAXED);
    }
#endif
}

/* "FILE:LINE: [section] key: why"; the first error stays. */
static void
fail(struct reading *r, const char *key, const char *why)
{
    if (r->failed) {
        return;
    }
    r->failed = true;
    r->error->no_memory = strcmp(why, CONFIG_NO_MEMORY) == 0;
    (void)snprintf(r->error->text, sizeof(r->error->text), "%s:%u: %s%s%s%s%s%s%s%s%s", r->file,
                   r->line, r->section[0] ? "[" : "", r->section, r->instance[0] ? " " : "",
                   r->instance, r->section[0] ? "]" : "", key && r->section[0] ? " " : "",
                   key ? key : "", key || r->section[0] ? ": " : "", why);
}

/* Remembers a section or a key; false where it was there before. */
static bool
remember(struct reading *r, const char *name, size_t from)
{
    char why[WHY_BYTES];

    for (size_t i = from; i < r->n_seen; i++) {
        if (bytes_equal_nocase(bytes_of_string(r->seen[i].name), bytes_of_string(name))) {
            (void)snprintf(why, sizeof(why), "stands here a second time; the first is line %u",
                           r->seen[i].line);
            fail(r, name[0] == '[' ? NULL : name, why);
            return false;
        }
    }
    if (r->n_seen == MAX_ENTRIES) {
        (void)snprintf(why, sizeof(why), "expected at most %d sections and keys", MAX_ENTRIES);
        fail(r, NULL, why);
        return false;
    }
    if (r->n_seen == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : 64;
        struct seen *grown = mem_resize(r->seen, capacity * sizeof(*grown));

        if (!grown) {
            fail(r, NULL, CONFIG_NO_MEMORY);
            return false;
        }
        r->seen = grown;
        r->capacity = capacity;
    }
    r->seen[r->n_seen] = (struct seen){ mem_dup(name, strlen(name)), r->line };
    if (!r->seen[r->n_seen].name) {
        fail(r, NULL, CONFIG_NO_MEMORY);
        return false;
    }
    r->n_seen++;
    return true;
}

static bool
give(struct reading *r, const char *key, const char *value)
{
    const struct config_entry entry = { r->section, r->instance, key, value, r->line };
    static const char comment[] = "; a comment behind a value begins with a semicolon";
    char why[WHY_BYTES] = "another value", text[WHY_BYTES + 80];
    bool says; /* what is wrong, not what would be right */

    if (r->take(r->user, &entry, why, sizeof(why))) {
        return true;
    }
    says = strncmp(why, "unknown ", 8) == 0 || strncmp(why, "not ", 4) == 0;
    (void)snprintf(text, sizeof(text), "%s%s%s", says ? "" : "expected ", why,
                   !says && value && strstr(value, " #") ? comment : "");
    fail(r, key, text);
    return false;
}

/* "[section]" or "[section NAME]", and nothing but a comment behind it. */
static bool
take_section(struct reading *r, const char *line)
{
    const char *name = line + 1 + strspn(line + 1, BLANK);
    const char *end = strchr(line, ']');
    size_t n, word;
    char whole[2 * NAME_BYTES + 4];

    r->section[0] = r->instance[0] = 0;
    if (!end) {
        fail(r, NULL, "expected \"]\" at the end of a section's name");
        return false;
    }
    while (end > name && strchr(BLANK, end[-1])) {
        end--;
    }
    n = end > name ? (size_t)(end - name) : 0;
    if (n == 0 || n >= NAME_BYTES) {
        fail(r, NULL, "expected a section's name of 1 to 49 bytes");
        return false;
    }
    end = strchr(line, ']') + 1;
    end += strspn(end, BLANK);
    if (*end && *end != ';' && *end != '#') {
        fail(r, NULL, "expected the end of the line after a section's \"]\"");
        return false;
    }
    word = strcspn(name, BLANK "]");
    word = word < n ? word : n;
    bytes_copy(r->section, name, word);
    r->section[word] = 0;
    word += strspn(name + word, BLANK);
    if (word < n) {
        bytes_copy(r->instance, name + word, n - word);
        r->instance[n - word] = 0;
    }
    (void)snprintf(whole, sizeof(whole), "[%s%s%s]", r->section, r->instance[0] ? " " : "",
                   r->instance);
    if (!remember(r, whole, 0)) {
        return false;
    }
    r->section_starts = r->n_seen;
    return give(r, NULL, NULL);
}

static bool
check_line(struct reading *r, const char *line, size_t n)
{
    size_t indent = strspn(line, BLANK);
    size_t key;

    for (size_t i = 0; i < n; i++) {
        if (((unsigned char)line[i] < 0x20 && !strchr(BLANK, line[i])) || !line[i]) {
            fail(r, NULL, "expected text; there is a control character or a NUL byte");
            return false;
        }
    }
    if (!line[indent] || line[indent] == ';' || line[indent] == '#') {
        return true;
    }
    if (indent) {
        fail(r, NULL, "expected no blanks before a section or key; there are no continued lines");
        return false;
    }
    if (line[0] == '[') {
        return take_section(r, line);
    }
    key = strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
    if (key == 0 || key >= NAME_BYTES || line[key + strspn(line + key, BLANK)] != '=') {
        fail(r, NULL, "expected \"key = value\", \"[section]\" or a comment");
        return false;
    }
    if (!r->section[0]) {
        fail(r, NULL, "expected a \"[section]\" before the first key");
        return false;
    }
    return true;
}

/* inih's fgets: one line into to, at most n bytes with the NUL; NULL ends the reading. */
static char *
read_line(char *to, int n, void *user)
{
    struct reading *r = user;
    size_t len = 0;
    int c = EOF;
    char why[WHY_BYTES];

    if (r->failed) {
        return NULL;
    }
    r->line++;
    while (len + 1 < (size_t)n && (c = getc_unlocked(r->stream)) != EOF) {
        to[len++] = (char)c;
        if (c == '\n') {
            break;
        }
        if (r->line == 1 && len == 3 && memcmp(to, "\xEF\xBB\xBF", 3) == 0) {
            len = 0; /* a byte order mark */
        }
    }
    to[len] = 0;
    if (ferror(r->stream)) {
        (void)snprintf(why, sizeof(why), "cannot be read: %s", strerror(errno));
        r->section[0] = r->instance[0] = 0;
        fail(r, NULL, why);
        return NULL;
    }
    if (len == 0) {
        return NULL;
    }
    if (c != '\n' && c != EOF) {
        (void)snprintf(why, sizeof(why), "expected a line of at most %d bytes", n - 2);
        fail(r, NULL, why);
        return NULL;
    }
    return check_line(r, to, len) ? to : NULL;
}

static int
take_value(void *user, const char *section, const char *key, const char *value)
{
    struct reading *r = user;

    (void)section; /* read_line has it, in its two parts */
    if (r->failed || !key) {
        return 1;
    }
    return remember(r, key, r->section_starts) && give(r, key, value ? value : "");
}

bool
config_read(const char *file, config_take take, void *user, struct config_error *error)
{
    struct reading r = { .file = file, .take = take, .user = user, .error = error };
    int rc;

    error->text[0] = 0;
    raise_line_limit();
    r.stream = fopen(file, "re");
    if (!r.stream) {
        (void)snprintf(error->text, sizeof(error->text), "%s: cannot be opened: %s", file,
                       strerror(errno));
        return false;
    }
    rc = ini_parse_stream(read_line, &r, take_value, &r);
    if (rc != 0) {
        fail(&r, NULL, "expected \"key = value\"");
    }
    (void)fclose(r.stream);
    for (size_t i = 0; i < r.n_seen; i++) {
        mem_free(r.seen[i].name);
    }
    mem_free(r.seen);
    return !r.failed;
}

const char *const *
config_sections(void)
{
    static const char *const sections[] = { "server",  "accounts", "policy", "kerberos",
                                            "export",  "packages", "names",  "events",
                                            "service", "listener", "ras",    "port",
                                            "samd",    "execd",    "exec",   NULL };

    return sections;
}

const char *
config_default_file(void)
{
    const char *file = secure_getenv("OPENSSPI_CONFIG");

    return file && *file ? file : CONFIG_DEFAULT_FILE;
}

bool
config_number(const char *value, unsigned long min, unsigned long max, unsigned long *out,
              char *why, size_t why_n)
{
    char *end = NULL;
    unsigned long number = 0;
    bool digits = *value >= '0' && *value <= '9'; /* strtoul would take blanks and a sign */

    errno = 0;
    if (digits) {
        number = strtoul(value, &end, 10);
    }
    if (!digits || errno || *end || number < min || number > max) {
        (void)snprintf(why, why_n, "a number from %lu to %lu", min, max);
        return false;
    }
    *out = number;
    return true;
}

bool
config_choice(const char *value, const char *const *choices, int *out, char *why, size_t why_n)
{
    size_t len = 0;

    for (int i = 0; choices[i]; i++) {
        if (bytes_equal_nocase(bytes_of_string(value), bytes_of_string(choices[i]))) {
            *out = i;
            return true;
        }
    }
    for (int i = 0; choices[i] && len < why_n; i++) {
        const char *before = i == 0 ? "" : choices[i + 1] ? ", " : " or ";
        int n = snprintf(why + len, why_n - len, "%s%s", before, choices[i]);

        len += n > 0 ? (size_t)n : 0;
    }
    return false;
}

bool
config_flag(const char *value, bool *out, char *why, size_t why_n)
{
    static const char *const words[] = {
        "no", "yes", "off", "on", "false", "true", "0", "1", NULL
    };
    int i;

    if (!config_choice(value, words, &i, why, why_n)) {
        (void)snprintf(why, why_n, "yes or no");
        return false;
    }
    *out = i % 2 == 1;
    return true;
}

/* How many letters to add, drop or change; names longer than NAME_BYTES are far from all. */
static size_t
distance(const char *a, const char *b)
{
    size_t row[NAME_BYTES], n = strlen(b);

    if (n >= NAME_BYTES || strlen(a) >= NAME_BYTES) {
        return NAME_BYTES;
    }
    for (size_t j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t change = diagonal + (a[i] != b[j]);
            size_t shift = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;

            diagonal = row[j + 1];
            row[j + 1] = change < shift ? change : shift;
        }
    }
    return row[n];
}

bool
config_unknown(const char *what, const char *given, const char *const *known, char *why,
               size_t why_n)
{
    const char *nearest = NULL;
    size_t least = 4; /* more than three letters apart is another word */

    for (size_t i = 0; known[i]; i++) {
        size_t d = distance(given, known[i]);

        if (d < least && d < strlen(known[i])) {
            least = d;
            nearest = known[i];
        }
    }
    if (nearest) {
        (void)snprintf(why, why_n, "unknown %s; did you mean \"%s\"?", what, nearest);
    } else {
        (void)snprintf(why, why_n, "unknown %s", what);
    }
    return false;
}
