/* SPDX-License-Identifier: Apache-2.0 */
/* The environment by its Windows functions. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include <windows.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "compat/error.h"
#include "compat/text.h"

/* --- the lock ------------------------------------------------------------------------------ */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void
leave(void)
{
    pthread_mutex_unlock(&lock);
}

static void
enter_for_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void
watch_fork(void)
{
    (void)pthread_atfork(enter_for_fork, leave, leave);
}

static void
enter(void)
{
    static pthread_once_t watched = PTHREAD_ONCE_INIT;

    (void)pthread_once(&watched, watch_fork);
    pthread_mutex_lock(&lock);
}

/* --- variables ----------------------------------------------------------------------------- */

static struct bytes
name_in(const char *entry)
{
    return bytes_of(entry, strcspn(entry, "="));
}

/* "NAME=value"; NULL: there is none. What has no "=", which whoever starts a program may put there, has no
 * value. With the lock held. */
static const char *
find(const char *name)
{
    const struct bytes wanted = bytes_of_string(name);
    const char *found = NULL;

    for (char **entry = environ; entry && *entry; entry++) {
        if (!strchr(*entry, '=')) {
            continue;
        }
        if (bytes_equal(name_in(*entry), wanted)) {
            return *entry;
        }
        if (!found && bytes_equal_nocase(name_in(*entry), wanted)) {
            found = *entry;
        }
    }
    return found;
}

static DWORD
value_of(const char *name, char **out)
{
    const char *found;
    DWORD error = ERROR_ENVVAR_NOT_FOUND;

    *out = NULL;
    enter();
    found = name ? find(name) : NULL;
    if (found) {
        const char *value = found + name_in(found).n + 1;
        *out = mem_dup(value, strlen(value));
        error = *out ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    }
    leave();
    return error;
}

static const struct compat_text_rule value_rule = { ERROR_INSUFFICIENT_BUFFER, false };

/* Given a value; size: what the rule made of it. */
static DWORD
answer(char *value, DWORD error, DWORD size)
{
    mem_free(value);
    (void)compat_error_answer(error);
    return error == ERROR_SUCCESS || error == ERROR_INSUFFICIENT_BUFFER ? size : 0;
}

DWORD
GetEnvironmentVariableA(LPCSTR lpName, LPSTR lpBuffer, DWORD nSize)
{
    char *value;
    DWORD error = value_of(lpName, &value);

    if (error == ERROR_SUCCESS) {
        error = compat_text_answer_a(value, value_rule, lpBuffer, &nSize);
    }
    return answer(value, error, nSize);
}

DWORD
GetEnvironmentVariableW(LPCWSTR lpName, LPWSTR lpBuffer, DWORD nSize)
{
    char *name, *value = NULL;
    DWORD error = compat_text_to_utf8(lpName, &name);

    if (error == ERROR_SUCCESS) {
        error = value_of(name, &value);
    }
    if (error == ERROR_SUCCESS) {
        error = compat_text_answer_w(value, value_rule, lpBuffer, &nSize);
    }
    mem_free(name);
    return answer(value, error, nSize);
}

/* With the lock held. */
static DWORD
set(const char *name, const char *value)
{
    const char *found = find(name);
    char *own = found ? mem_dup(found, name_in(found).n) : mem_dup(name, strlen(name));
    DWORD error = ERROR_SUCCESS;

    if (!own || (value && setenv(own, value, 1) != 0)) {
        error = ERROR_NOT_ENOUGH_MEMORY;
    } else if (!value) {
        (void)unsetenv(own);
    }
    mem_free(own);
    return error;
}

BOOL
SetEnvironmentVariableA(LPCSTR lpName, LPCSTR lpValue)
{
    DWORD error;

    if (!lpName || !lpName[0] || strchr(lpName, '=')) {
        return compat_error_answer(lpName ? ERROR_INVALID_PARAMETER : ERROR_ENVVAR_NOT_FOUND);
    }
    enter();
    error = set(lpName, lpValue);
    leave();
    return compat_error_answer(error);
}

BOOL
SetEnvironmentVariableW(LPCWSTR lpName, LPCWSTR lpValue)
{
    char *name, *value = NULL;
    DWORD error = compat_text_to_utf8(lpName, &name);
    BOOL done;

    if (error == ERROR_SUCCESS) {
        error = compat_text_to_utf8(lpValue, &value);
    }
    done =
        error == ERROR_SUCCESS ? SetEnvironmentVariableA(name, value) : compat_error_answer(error);
    mem_free(name);
    mem_free(value);
    return done;
}
