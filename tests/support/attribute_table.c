/* SPDX-License-Identifier: Apache-2.0 */
/* Headers, document and structures of attributes. */
#include "tests/support/attribute_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 128, LINE_BYTES = 512 };

struct attribute_constant attribute_constants[NAMES_MAX];
size_t attribute_n_constants, attribute_n_rows;
static struct attribute_row rows[NAMES_MAX];

static void
require(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "attribute_table: %s\n", what);
        abort();
    }
}

static FILE *
open_source(const char *name)
{
    const char *folder = getenv("OPENSSPI_TEST_DATA");
    char path[LINE_BYTES];
    FILE *f;

    require(folder != NULL, "no OPENSSPI_TEST_DATA");
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "r");
    require(f != NULL, path);
    return f;
}

/* The next piece of a line, without what stands around it. */
static void
next_piece(char **line, const char *separator, const char *around, char *to, size_t n)
{
    char *piece = strtok_r(NULL, separator, line);
    size_t length;

    require(piece != NULL, "a line ends too early");
    piece += strspn(piece, around);
    length = strcspn(piece, around);
    require(length > 0 && length < n, piece);
    memcpy(to, piece, length);
    to[length] = 0;
}

/* --- headers ------------------------------------------------------------------------------- */

/* Where a constant is another's name, that one comes before it. */
static ULONG
value_of(const char *text)
{
    if (text[0] >= '0' && text[0] <= '9') {
        return (ULONG)strtoul(text, NULL, 0);
    }
    for (size_t i = 0; i < attribute_n_constants; i++) {
        if (strcmp(attribute_constants[i].name, text) == 0) {
            return attribute_constants[i].id;
        }
    }
    require(false, text);
    return 0;
}

static void
read_header(const char *name)
{
    static const char contexts[] = "#define SECPKG_ATTR_",
                      credentials[] = "#define SECPKG_CRED_ATTR_";
    char line[LINE_BYTES], value[ATTRIBUTE_NAME_BYTES];
    FILE *f = open_source(name);

    while (fgets(line, sizeof(line), f)) {
        bool of_credentials = strncmp(line, credentials, sizeof(credentials) - 1) == 0;
        struct attribute_constant *c = &attribute_constants[attribute_n_constants];
        char *rest = line;

        if ((!of_credentials && strncmp(line, contexts, sizeof(contexts) - 1) != 0) ||
            strstr(line, "_INFO_FLAG_")) {
            continue;
        }
        require(attribute_n_constants < NAMES_MAX, "too many constants");
        next_piece(&rest, " \n", " ", value, sizeof(value)); /* #define */
        next_piece(&rest, " \n", " ", c->name, sizeof(c->name));
        next_piece(&rest, " \n", " ", value, sizeof(value));
        c->of_credentials = of_credentials;
        c->id = value_of(value);
        attribute_n_constants++;
    }
    (void)fclose(f);
}

/* --- the document -------------------------------------------------------------------------- */

/* "| `NAME` | a | b | c | d | text |" */
static void
read_document(const char *name)
{
    static const char start[] = "| `SECPKG_";
    char line[LINE_BYTES];
    FILE *f = open_source(name);

    while (fgets(line, sizeof(line), f)) {
        struct attribute_row *r = &rows[attribute_n_rows];
        char *rest = line;

        if (strncmp(line, start, sizeof(start) - 1) != 0) {
            continue;
        }
        require(attribute_n_rows < NAMES_MAX, "too many rows");
        next_piece(&rest, "|", " `", r->name, sizeof(r->name));
        for (size_t i = 0; i < ATTRIBUTE_CELLS; i++) {
            next_piece(&rest, "|", " ", r->cells[i], sizeof(r->cells[i]));
        }
        attribute_n_rows++;
    }
    (void)fclose(f);
}

void
attribute_table_read(void)
{
    read_header("include/opensspi/sspi_constants.h");
    read_header("include/opensspi/schannel.h");
    read_document("docs/ATTRIBUTES.md");
}

const struct attribute_row *
attribute_row(const char *name)
{
    const struct attribute_row *found = NULL;

    for (size_t i = 0; i < attribute_n_rows; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            require(!found, name);
            found = &rows[i];
        }
    }
    return found;
}

/* --- structures ---------------------------------------------------------------------------- */

#define MEMBER(kind, type, name)    \
    {                               \
        offsetof(type, name), kind, \
    }

static const struct attribute_shape shapes[] = {
    { SECPKG_ATTR_SIZES, sizeof(SecPkgContext_Sizes), 0, { { 0 } } },
    { SECPKG_ATTR_NAMES, sizeof(SecPkgContext_NamesW), 1, { { 0, ATTRIBUTE_TEXT } } },
    { SECPKG_ATTR_LIFESPAN, sizeof(SecPkgContext_Lifespan), 0, { { 0 } } },
    { SECPKG_ATTR_DCE_INFO,
      sizeof(SecPkgContext_DceInfo),
      1,
      { MEMBER(ATTRIBUTE_WIDE, SecPkgContext_DceInfo, pPac) } },
    { SECPKG_ATTR_KEY_INFO,
      sizeof(SecPkgContext_KeyInfoW),
      2,
      { MEMBER(ATTRIBUTE_TEXT, SecPkgContext_KeyInfoW, sSignatureAlgorithmName),
        MEMBER(ATTRIBUTE_TEXT, SecPkgContext_KeyInfoW, sEncryptAlgorithmName) } },
    { SECPKG_ATTR_AUTHORITY, sizeof(SecPkgContext_AuthorityW), 1, { { 0, ATTRIBUTE_TEXT } } },
    { SECPKG_ATTR_PROTO_INFO, sizeof(SecPkgContext_ProtoInfoW), 1, { { 0, ATTRIBUTE_TEXT } } },
    { SECPKG_ATTR_PASSWORD_EXPIRY, sizeof(SecPkgContext_PasswordExpiry), 0, { { 0 } } },
    { SECPKG_ATTR_SESSION_KEY,
      sizeof(SecPkgContext_SessionKey),
      1,
      { MEMBER(ATTRIBUTE_BYTES, SecPkgContext_SessionKey, SessionKey) } },
    { SECPKG_ATTR_PACKAGE_INFO,
      sizeof(SecPkgContext_PackageInfoW),
      1,
      { { 0, ATTRIBUTE_PACKAGE } } },
    { SECPKG_ATTR_USER_FLAGS, sizeof(SecPkgContext_UserFlags), 0, { { 0 } } },
    { SECPKG_ATTR_NEGOTIATION_INFO,
      sizeof(SecPkgContext_NegotiationInfoW),
      1,
      { { 0, ATTRIBUTE_PACKAGE } } },
    { SECPKG_ATTR_NATIVE_NAMES,
      sizeof(SecPkgContext_NativeNamesW),
      2,
      { MEMBER(ATTRIBUTE_TEXT, SecPkgContext_NativeNamesW, sClientName),
        MEMBER(ATTRIBUTE_TEXT, SecPkgContext_NativeNamesW, sServerName) } },
    { SECPKG_ATTR_FLAGS, sizeof(SecPkgContext_Flags), 0, { { 0 } } },
    { SECPKG_ATTR_TARGET_INFORMATION,
      sizeof(SecPkgContext_TargetInformation),
      1,
      { MEMBER(ATTRIBUTE_BYTES, SecPkgContext_TargetInformation, MarshalledTargetInfo) } },
    { SECPKG_ATTR_ACCESS_TOKEN, sizeof(SecPkgContext_AccessToken), 1, { { 0, ATTRIBUTE_LENT } } },
    { SECPKG_ATTR_LOGOFF_TIME, sizeof(SecPkgContext_LogoffTime), 0, { { 0 } } },
    { SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
      sizeof(SecPkgContext_ClientSpecifiedTarget),
      1,
      { { 0, ATTRIBUTE_WIDE } } },
    { SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
      sizeof(SecPkgContext_LastClientTokenStatus),
      0,
      { { 0 } } },
    { SECPKG_ATTR_NEGO_PKG_INFO, sizeof(SecPkgContext_NegoPackageInfo), 0, { { 0 } } },
    { SECPKG_ATTR_NEGO_STATUS, sizeof(SecPkgContext_NegoStatus), 0, { { 0 } } },
};

const struct attribute_shape *
attribute_shape(ULONG id)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (shapes[i].id == id) {
            return &shapes[i];
        }
    }
    return NULL;
}
