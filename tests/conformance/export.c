/* SPDX-License-Identifier: Apache-2.0 */
/* ExportSecurityContext and ImportSecurityContext.
 *
 * Sources: their pages; decision 0026: a context is in one place. */
#include <stdint.h>
#include <stdlib.h>

#include "tests/conformance/table.h"

enum { NOWHERE = 1u << 31 };

static SECURITY_STATUS export(struct scene *s, ULONG flags)
{
    SecBuffer packed = { 77, SECBUFFER_TOKEN, NULL };
    void *token = &packed;
    SECURITY_STATUS status = ExportSecurityContext(s->at, flags & ~(ULONG)NOWHERE,
                                                   flags & NOWHERE ? NULL : &packed, &token);

    if (status != SEC_E_OK) {
        return packed.pvBuffer || packed.cbBuffer != 77 ? WRONG_OUTPUT : status;
    }
    if (packed.BufferType != SECBUFFER_EMPTY || token != NULL ||
        FreeContextBuffer(packed.pvBuffer) != SEC_E_OK) {
        return WRONG_OUTPUT;
    }
    return status;
}

/* What is wrong with what is to be imported. */
enum fault {
    NO_FAULT,
    ANOTHER_PACKAGE,
    NO_PACKAGE,
    UNKNOWN_PACKAGE,
    NO_BLOB,
    BLOB_AT_NULL,
    EMPTY,
    CUT,
    ALTERED,
    TWICE,
    NO_ROOM
};

static const char *
package_for(const struct scene *s, ULONG fault)
{
    switch (fault) {
    case ANOTHER_PACKAGE: return s->mechanism == KERBEROS ? "NTLM" : "Kerberos";
    case NO_PACKAGE: return NULL;
    case UNKNOWN_PACKAGE: return "absent";
    default: return package_name(s->mechanism);
    }
}

static SECURITY_STATUS
import_by(struct scene *s, ULONG fault,
          SECURITY_STATUS (*by)(const char *, PSecBuffer, PCtxtHandle))
{
    uint8_t *copy;
    SecBuffer given;
    CtxtHandle h = { 0 };
    SECURITY_STATUS status;

    scene_spare(true);
    if (!s->packed.pvBuffer &&
        ExportSecurityContext(&s->context, 0, &s->packed, NULL) != SEC_E_OK) {
        abort();
    }
    given = s->packed;
    copy = malloc(given.cbBuffer);
    if (!copy) {
        abort();
    }
    scene_spare(false);
    given.pvBuffer = memcpy(copy, given.pvBuffer, given.cbBuffer);
    switch (fault) {
    case BLOB_AT_NULL: given.pvBuffer = NULL; break;
    case EMPTY: given.cbBuffer = 0; break;
    case CUT: given.cbBuffer--; break;
    case ALTERED: copy[given.cbBuffer / 2] ^= 1; break;
    default: break;
    }
    status =
        by(package_for(s, fault), fault == NO_BLOB ? NULL : &given, fault == NO_ROOM ? NULL : &h);
    if (status == SEC_E_OK && DeleteSecurityContext(&h) != SEC_E_OK) {
        status = WRONG_OUTPUT;
    }
    if (fault == TWICE && status == SEC_E_OK) {
        status = by(package_for(s, fault), &given, &h);
    }
    free(copy);
    return status;
}

static SECURITY_STATUS
by_a(const char *package, PSecBuffer packed, PCtxtHandle h)
{
    return ImportSecurityContextA(API_NAME(package), packed, NULL, h);
}

static SECURITY_STATUS
by_w(const char *package, PSecBuffer packed, PCtxtHandle h)
{
    return ImportSecurityContextW(wide(package), packed, NULL, h);
}

static SECURITY_STATUS
import_a(struct scene *s, ULONG fault)
{
    return import_by(s, fault, by_a);
}

static SECURITY_STATUS
import_w(struct scene *s, ULONG fault)
{
    return import_by(s, fault, by_w);
}

/* Under the credential of the other side or of its own. */
enum { OF_THE_OTHER_SIDE = 0x100 };

static SECURITY_STATUS
by_credential(struct scene *s, PSecBuffer packed, PCtxtHandle h, ULONG fault)
{
    PCredHandle with = s->with;

    if (fault & OF_THE_OTHER_SIDE) {
        with = s->side == CLIENT ? &s->pair.server_cred : &s->pair.client_cred;
    }
    return OpenSspiImportContext(with, packed, h);
}

static SECURITY_STATUS
import_under(struct scene *s, ULONG fault)
{
    SecBuffer given;
    CtxtHandle h = { 0 };
    SECURITY_STATUS status;

    scene_spare(true);
    if (!s->packed.pvBuffer && s->state != ALONE &&
        ExportSecurityContext(&s->context, 0, &s->packed, NULL) != SEC_E_OK) {
        abort();
    }
    scene_spare(false);
    given = s->packed;
    given.cbBuffer -= (fault & 0xff) == CUT;
    status = by_credential(s, (fault & 0xff) == NO_BLOB ? NULL : &given,
                           (fault & 0xff) == NO_ROOM ? NULL : &h, fault);
    return status != SEC_E_OK || DeleteSecurityContext(&h) == SEC_E_OK ? status : WRONG_OUTPUT;
}

CALLS(importing_under, "OpenSspiImportContext", import_under);
CALLS(exporting, "ExportSecurityContext", export);
CALLS_OF_BOTH(importing, "ImportSecurityContext", import_a, import_w);

#define IMPORT(what, fault, answer)                                          \
    {                                                                        \
        importing, what, fault, NO_HANDLE, ANY, CS, WHEN_ESTABLISHED(answer) \
    }

/* A row is a line. */
/* clang-format off */
static const struct row rows[] = {
    /*                                           created half-open established failed expired exported imported */
    { exporting, "", 0, CONTEXT, ANY, S, IN_STATES(UNSUP, OK, OK, UNSUP, OK, GONE, OK) },
    { exporting, "", 0, CONTEXT, ANY, C, IN_STATES(UNSUP, OK, OK, UNSUP, OK, GONE, OK) },
    { exporting, "RESET_NEW", SECPKG_CONTEXT_EXPORT_RESET_NEW, CONTEXT, ANY, CS, IN_STATES(__, __, OK, __, OK, GONE, OK) },
    { exporting, "DELETE_OLD", SECPKG_CONTEXT_EXPORT_DELETE_OLD, CONTEXT, ANY, CS, IN_STATES(__, __, OK, __, OK, GONE, OK) },
    { exporting, "to a kernel", SECPKG_CONTEXT_EXPORT_TO_KERNEL, CONTEXT, ANY, CS, EVERYWHERE(UNSUP) },
    { exporting, "flags unknown", 8, CONTEXT, ANY, CS, EVERYWHERE(PARAM) },
    { exporting, "nowhere to put it", NOWHERE, CONTEXT, ANY, CS, EVERYWHERE(PARAM) },
    IMPORT("", NO_FAULT, OK),
    IMPORT("twice", TWICE, GONE),
    IMPORT("into another package", ANOTHER_PACKAGE, TOKEN),
    IMPORT("without a package", NO_PACKAGE, NOPKG),
    IMPORT("into an unknown package", UNKNOWN_PACKAGE, NOPKG),
    IMPORT("nothing", NO_BLOB, TOKEN),
    IMPORT("a buffer at NULL", BLOB_AT_NULL, TOKEN),
    IMPORT("no bytes", EMPTY, TOKEN),
    IMPORT("cut short", CUT, TOKEN),
    IMPORT("altered", ALTERED, TOKEN),
    IMPORT("nowhere to put it", NO_ROOM, BADH),
    { importing_under, "", NO_FAULT, CREDENTIAL, ANY, CS, WHEN_ESTABLISHED(OK) },
    { importing_under, "under the other side's credential", OF_THE_OTHER_SIDE, NO_HANDLE, ANY, CS, WHEN_ESTABLISHED(NOCRD) },
    { importing_under, "nothing", NO_BLOB, NO_HANDLE, ANY, CS, WHEN_ESTABLISHED(TOKEN) },
    { importing_under, "cut short", CUT, NO_HANDLE, ANY, CS, WHEN_ESTABLISHED(TOKEN) },
    { importing_under, "nowhere to put it", NO_ROOM, NO_HANDLE, ANY, CS, WHEN_ESTABLISHED(BADH) },
};
/* clang-format on */

const struct family export_family = FAMILY(rows);
