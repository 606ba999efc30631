/* SPDX-License-Identifier: Apache-2.0 */
/* sspictl doctor's judgements: from what was found to what is wrong and what to do. Pure. */
#ifndef TOOLS_DOCTOR_H
#define TOOLS_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/status.h"

enum {
    DOCTOR_FINDINGS_MAX = 48,
    DOCTOR_TEXT_BYTES = 700,
    DOCTOR_REMEDY_BYTES = 400,
    DOCTOR_NAME_BYTES = 256,
    DOCTOR_FOLDERS_MAX = 16,
    DOCTOR_GROUPS_MAX = 64,
    DOCTOR_ENTRIES_MAX = 256,
    DOCTOR_TYPES_MAX = 16,
    DOCTOR_SECTIONS_MAX = 32,
};

/* --- findings ------------------------------------------------------------------------------ */

enum doctor_level { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAULT };

struct doctor_finding {
    enum doctor_level level;
    const char *check; /* "keytab", "ticket": a word for programs */
    char text[DOCTOR_TEXT_BYTES], remedy[DOCTOR_REMEDY_BYTES]; /* remedy "": none is needed */
};

struct doctor_report {
    struct doctor_finding list[DOCTOR_FINDINGS_MAX];
    size_t n; /* what does not fit is left out */
};

void doctor_find(struct doctor_report *, enum doctor_level, const char *check, const char *format,
                 ...) SEC_PRINTF(4, 5);
/* Of the finding before. */
void doctor_remedy(struct doctor_report *, const char *format, ...) SEC_PRINTF(2, 3);
bool doctor_has_fault(const struct doctor_report *);

/* --- files --------------------------------------------------------------------------------- */

/* For whom access is judged. */
struct doctor_user {
    char name[DOCTOR_NAME_BYTES];
    uid_t uid;
    gid_t groups[DOCTOR_GROUPS_MAX];
    size_t n_groups;
};

struct doctor_inode {
    char path[DOCTOR_NAME_BYTES];
    int error; /* of stat; 0: what follows is known */
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

struct doctor_file {
    const char *check; /* "keytab", "account store" */
    struct doctor_inode file, folders[DOCTOR_FOLDERS_MAX];
    size_t n_folders; /* from / on */
    uint64_t size;
    uint8_t start[2]; /* its first bytes, as far as they could be read */
    size_t n_start;
};

/* Whether the user gets to the file and may read it, or write to it; says so where not. Access lists
 * are not considered. */
bool doctor_judge_access(struct doctor_report *, const struct doctor_file *,
                         const struct doctor_user *, bool write);
/* The same of a file that the service makes where it is missing. */
bool doctor_judge_place(struct doctor_report *, const struct doctor_file *,
                        const struct doctor_user *);
/* Who else may read or write what is the service's alone. */
void doctor_judge_secrecy(struct doctor_report *, const struct doctor_file *,
                          const struct doctor_user *);
/* Whether it can be a keytab, by its size and its first bytes. */
bool doctor_judge_format(struct doctor_report *, const struct doctor_file *);

/* --- keys ---------------------------------------------------------------------------------- */

struct doctor_entry {
    char principal[DOCTOR_NAME_BYTES]; /* with its realm */
    uint32_t kvno;
    int32_t enctype;
};

struct doctor_keys {
    const char *keytab, *spn; /* spn without a realm: of any */
    const struct doctor_entry *list;
    size_t n;
    int32_t permitted[DOCTOR_TYPES_MAX]; /* encryption types */
    size_t n_permitted;
};

/* Whether an entry is of that name: the host without case, a realm where both have one. */
bool doctor_same_name(const char *spn, const char *principal);
void doctor_judge_keys(struct doctor_report *, const struct doctor_keys *);

/* A ticket that the KDC made for the SPN, and whether the keytab has its key. */
struct doctor_ticket {
    const char *spn, *client;
    uint32_t kvno;
    bool has_kvno, opened, no_key;
    int32_t enctype;
    const char *reason; /* why it did not open */
};
void doctor_judge_ticket(struct doctor_report *, const struct doctor_ticket *,
                         const struct doctor_keys *);

/* No ticket could be had. */
struct doctor_refusal {
    sec_status status;
    int32_t krb_error;
    const char *reason, *spn, *host, *cache;
    const char *realm; /* that the host is mapped to, or "" */
    bool by_keytab;    /* who asked had no ticket but the keytab's own keys */
};
void doctor_judge_refusal(struct doctor_report *, const struct doctor_refusal *);

/* --- names, clock, KDC --------------------------------------------------------------------- */

struct doctor_host {
    const char *spn, *host;
    bool is_address, resolves;
    const char *resolve_error;
    const char *canonical;    /* by DNS; "": not known */
    const char *canonicalize; /* krb5.conf's dns_canonicalize_hostname */
    bool canonical_has_key;
    const char *realm, *key_realm,
        *default_realm; /* by [domain_realm], of the keytab's entry; "" */
};
void doctor_judge_host(struct doctor_report *, const struct doctor_host *);

struct doctor_kdc {
    const char *realm, *kdcs, *reason;
    bool answers;
    int32_t krb_error;
    bool has_time;
    int64_t ahead_s; /* our clock before the KDC's */
    unsigned skew_s;
};
/* Whether there is a KDC to ask on. */
bool doctor_judge_kdc(struct doctor_report *, const struct doctor_kdc *);

/* --- the daemons --------------------------------------------------------------------------- */

/* What one that runs says of the configuration that it runs under. */
struct doctor_daemon {
    const char *name;            /* also the unit's: "sspid" */
    const char *file, *its_file; /* that was looked at; that it reads */
    const char *ago;             /* "2h05m": since it read it */
    int error;                   /* errno: it cannot be asked */
    bool tells;                  /* false: it is of a version that does not say */
    bool reads_file, is_current; /* that file is its; it still says the same */
};
void doctor_judge_daemon(struct doctor_report *, const struct doctor_daemon *);

/* --- settings ------------------------------------------------------------------------------ */

struct doctor_policy {
    const char *where;                     /* "[policy]", "[listener web]" */
    const char *package, *packages, *ntlm; /* as they are spelled */
    int lm_level;                          /* -1: not set */
};
void doctor_judge_policy(struct doctor_report *, const struct doctor_policy *);

#endif
