/* SPDX-License-Identifier: Apache-2.0 */
/* Objects by name. */
#include "compat/named.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "compat/text.h"

/* What stands before a name's backslash; names of all sessions are of all processes, too. */
static bool
takes_prefix(const char **name, const char *prefix)
{
    const size_t n = strlen(prefix);

    if (strncmp(*name, prefix, n) != 0) {
        return false;
    }
    *name += n;
    return true;
}

/* *out: a copy on the heap without its prefix; NULL for an empty name, which is none. */
static DWORD
name_of(const char *name, char **out)
{
    if (takes_prefix(&name, "Global\\")) {
        return ERROR_CALL_NOT_IMPLEMENTED;
    }
    (void)takes_prefix(&name, "Local\\");
    if (strchr(name, '\\')) {
        return ERROR_PATH_NOT_FOUND;
    }
    if (strlen(name) > MAX_PATH) {
        return ERROR_FILENAME_EXCED_RANGE;
    }
    *out = name[0] ? mem_dup(name, strlen(name)) : NULL;
    return *out || !name[0] ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
}

/* Below: with the lock held. */

static DWORD
open_again(HANDLE original, enum object_kind kind, HANDLE *out)
{
    if (!original) {
        return ERROR_FILE_NOT_FOUND;
    }
    if (!object_find(original, kind)) {
        return ERROR_INVALID_HANDLE;
    }
    *out = object_alias(original);
    return *out ? ERROR_SUCCESS : ERROR_TOO_MANY_OPEN_FILES;
}

/* Given a name. The object stands behind all its handles, the first one's too. */
static DWORD
open_first(const struct object *like, char *name, HANDLE *out)
{
    struct object named = *like;
    HANDLE original;

    named.name = name;
    original = object_open(&named);
    if (!original) {
        mem_free(name);
        return ERROR_TOO_MANY_OPEN_FILES;
    }
    *out = object_alias(original);
    if (!*out) {
        object_close(original);
        return ERROR_TOO_MANY_OPEN_FILES;
    }
    return ERROR_SUCCESS;
}

/* Given a name. ERROR_ALREADY_EXISTS is a success. */
static DWORD
open_named(const struct object *like, char *name, HANDLE *out)
{
    const HANDLE original = object_named(name);
    DWORD error;

    if (!original) {
        return open_first(like, name, out);
    }
    mem_free(name);
    error = open_again(original, like->kind, out);
    return error == ERROR_SUCCESS ? ERROR_ALREADY_EXISTS : error;
}

static DWORD
open_nameless(const struct object *like, HANDLE *out)
{
    *out = object_open(like);
    return *out ? ERROR_SUCCESS : ERROR_TOO_MANY_OPEN_FILES;
}

/* Above: with the lock held. */

HANDLE
compat_named_create_a(const struct object *like, LPCSTR name)
{
    char *own = NULL;
    HANDLE handle = NULL;
    DWORD error = name ? name_of(name, &own) : ERROR_SUCCESS;

    if (error == ERROR_SUCCESS) {
        object_lock();
        error = own ? open_named(like, own, &handle) : open_nameless(like, &handle);
        object_unlock();
    }
    SetLastError(error);
    return handle;
}

HANDLE
compat_named_open_a(const struct object *like, LPCSTR name)
{
    char *own = NULL;
    HANDLE handle = NULL;
    DWORD error = name ? name_of(name, &own) : ERROR_INVALID_PARAMETER;

    if (error == ERROR_SUCCESS) {
        object_lock();
        error = open_again(own ? object_named(own) : NULL, like->kind, &handle);
        object_unlock();
    }
    mem_free(own);
    if (error != ERROR_SUCCESS) {
        SetLastError(error);
    }
    return handle;
}

static HANDLE
with_wide_name(HANDLE (*get)(const struct object *, LPCSTR), const struct object *like,
               LPCWSTR name)
{
    char *utf8 = NULL;
    const DWORD error = compat_text_to_utf8(name, &utf8);
    HANDLE handle = NULL;

    if (error == ERROR_SUCCESS) {
        handle = get(like, utf8);
    } else {
        SetLastError(error);
    }
    mem_free(utf8);
    return handle;
}

HANDLE
compat_named_create_w(const struct object *like, LPCWSTR name)
{
    return with_wide_name(compat_named_create_a, like, name);
}

HANDLE
compat_named_open_w(const struct object *like, LPCWSTR name)
{
    return with_wide_name(compat_named_open_a, like, name);
}
