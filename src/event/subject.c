/* SPDX-License-Identifier: Apache-2.0 */
/* Who asked for what happened. */
#include "event/event_log.h"

enum { LOGON_SYSTEM = 0x3E7 }; /* [MS-DTYP] 2.4.2.4: LocalSystem; Windows' number of its logon */

const struct event_subject event_subject_nobody = { .sid = "S-1-0-0" };
const struct event_subject event_subject_system = {
    .sid = "S-1-5-18", .user = "SYSTEM", .domain = "NT AUTHORITY", .logon = LOGON_SYSTEM
};

void
event_record_subject(struct event_record *record, const struct event_subject *subject)
{
    event_record_field(record, "SubjectUserSid", subject->sid);
    event_record_field(record, "SubjectUserName", subject->user);
    event_record_field(record, "SubjectDomainName", subject->domain);
    event_record_hex(record, "SubjectLogonId", subject->logon);
}
