/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl decode: tokens from the command line or standard input, field by field. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/wire.h"
#include "tools/decode.h"
#include "tools/decode_input.h"
#include "tools/decode_keytab.h"
#include "tools/sspictl.h"

enum { INPUT_MAX_BYTES = 1 << 20, READ_BYTES = 65536 };

/* --- input --------------------------------------------------------------------------------- */

/* Words that were not quoted are one text again: Authorization: Negotiate YII… */
static void
put_arguments(struct wire_writer *w, int n, char **arguments)
{
    for (int i = 0; i < n; i++) {
        struct bytes text = bytes_of_string(arguments[i]);
        bool continues = (text.n && text.p[text.n - 1] == ':') ||
                         bytes_equal_nocase(text, bytes_of_string("Negotiate")) ||
                         bytes_equal_nocase(text, bytes_of_string("Kerberos")) ||
                         bytes_equal_nocase(text, bytes_of_string("NTLM"));

        wire_put_bytes(w, text);
        wire_put_u8(w, continues ? ' ' : '\n');
    }
}

static bool
read_input(struct wire_writer *w)
{
    char *block = mem_new(READ_BYTES);
    size_t n = block ? 1 : 0;

    if (isatty(STDIN_FILENO)) {
        (void)fprintf(
            stderr,
            "Tokens, one a line; Ctrl-D ends. A terminal takes 4095 characters a line: give longer "
            "ones as an argument or from a file.\n");
    }
    while (n && w->len <= INPUT_MAX_BYTES) {
        n = fread(block, 1, READ_BYTES, stdin);
        wire_put(w, block, n);
    }
    mem_free(block);
    if (ferror(stdin)) {
        (void)fprintf(stderr, "sspictl: standard input: %s\n", strerror(errno));
        return false;
    }
    if (!block || wire_writer_status(w) != WIRE_OK || w->len > INPUT_MAX_BYTES) {
        (void)fprintf(stderr, "sspictl: standard input: more than %d bytes, or no memory\n",
                      INPUT_MAX_BYTES);
        return false;
    }
    return true;
}

/* --- output -------------------------------------------------------------------------------- */

static bool
print_token(struct bytes token, const struct decode_keys *keys)
{
    SEC_AUTO(wire_writer) text = wire_writer_growing(NULL, 0);
    bool good = decode_token(&text, token, keys);
    struct bytes lines = wire_written(&text);

    if (wire_writer_status(&text) != WIRE_OK) {
        (void)fprintf(stderr, "sspictl: no memory\n");
        return false;
    }
    (void)fwrite(lines.p, 1, lines.n, stdout);
    return good;
}

/* "line 3: Negotiate, base64" where there is more than one; what is odd about the text. */
static void
print_where(const struct decode_input_token *t, bool several)
{
    if (several) {
        (void)printf("line %zu:%s%.*s%s%s\n", t->line, t->scheme.n ? " " : "", (int)t->scheme.n,
                     t->scheme.n ? (const char *)t->scheme.p : "", t->form ? " " : "",
                     t->form ? t->form : "");
    }
    if (t->remark) {
        (void)printf("%s\n", t->remark);
    }
}

static bool
print_line(const struct decode_input_token *t, struct bytes token, bool several,
           const struct decode_keys *keys)
{
    print_where(t, several);
    if (t->fault) {
        (void)printf("broken: line %zu: %s\n", t->line, t->fault);
        return false;
    }
    if (t->offer) {
        (void)printf("a server's offer, without a token\n");
        return true;
    }
    return print_token(token, keys);
}

static size_t
count_tokens(struct bytes text)
{
    SEC_AUTO(wire_writer) token = wire_writer_growing(NULL, 0);
    struct decode_input input = decode_input_of(text);
    struct decode_input_token t;
    size_t count = 0;

    while (decode_input_next(&input, &t, &token)) {
        count++;
    }
    return count;
}

static bool
print_text(struct bytes text, const struct decode_keys *keys)
{
    SEC_AUTO(wire_writer) token = wire_writer_growing(NULL, 0);
    struct decode_input input = decode_input_of(text);
    struct decode_input_token t;
    size_t count = count_tokens(text);
    bool good = true, first = true;

    if (count == 0) {
        return print_token((struct bytes){ 0 }, keys);
    }
    while (decode_input_next(&input, &t, &token)) {
        if (!first) {
            (void)printf("\n");
        }
        first = false;
        good = print_line(&t, wire_written(&token), count > 1, keys) && good;
    }
    return good;
}

static bool
print_input(struct bytes in, const struct decode_keys *keys)
{
    return decode_input_is_text(in) ? print_text(in, keys) : print_token(in, keys);
}

/* A keytab's name: a path is one of a file. */
static int
print_with_keytab(struct bytes in, const char *name)
{
    SEC_AUTO(wire_writer) full = wire_writer_growing(NULL, 0);
    struct decode_keytab keytab = { 0 };
    sec_status status = SEC_E_INSUFFICIENT_MEMORY;
    int result;

    wire_put_bytes(&full, bytes_of_string(strchr(name, ':') ? "" : "FILE:"));
    wire_put(&full, name, strlen(name) + 1);
    if (wire_writer_status(&full) == WIRE_OK) {
        status = decode_keytab_open(&keytab, (const char *)wire_written(&full).p);
    }
    if (status == SEC_E_OK) {
        result = print_input(in, &keytab.keys) ? SSPICTL_DONE : SSPICTL_FAILED;
    } else {
        result = sspictl_failed(name, status);
    }
    decode_keytab_clear(&keytab);
    return result;
}

int
sspictl_decode(const char *config_file, int argc, char **argv)
{
    static const struct option options[] = { { "keytab", required_argument, NULL, 'k' }, { 0 } };
    SEC_AUTO(wire_writer) input = wire_writer_growing(NULL, 0);
    const char *keytab = NULL;
    int option, result;

    optind = 0; /* glibc: begin anew */
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option != 'k') {
            return SSPICTL_USAGE; /* getopt has said why */
        }
        keytab = optarg;
    }
    if (optind < argc) {
        put_arguments(&input, argc - optind, argv + optind);
    } else if (!read_input(&input)) {
        return SSPICTL_FAILED;
    }
    if (keytab) {
        result = print_with_keytab(wire_written(&input), keytab);
    } else {
        result = print_input(wire_written(&input), NULL) ? SSPICTL_DONE : SSPICTL_FAILED;
    }
    return fflush(stdout) == 0 ? result : SSPICTL_FAILED;
}
