/* SPDX-License-Identifier: Apache-2.0 */
/* Target functions: pac_decode, pac_signed_parts, pac_client_info_decode, pac_upn_dns_info_decode,
 * pac_requestor_decode, pac_logon_info_decode, pac_groups_of, pac_next_group, pac_user_sid,
 * pac_logon_info_encode, sid_read, sid_text, sid_parse. The input is a PAC; and, as it stands, each
 * of the buffers that a PAC has. */
#include "base/mem.h"
#include "codec/pac.h"
#include "fuzz.h"

static void
check_sid(const struct sid *sid)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    char text[SID_TEXT_BYTES];
    struct wire_reader r;
    struct sid again;

    sid_text(sid, text);
    fuzz_must(sid_parse(&again, bytes_of_string(text)) && sid_equal(sid, &again));
    sid_put(&w, sid);
    r = wire_reader_of(wire_written(&w));
    sid_read(&r, &again);
    fuzz_must(wire_finish(&r) == WIRE_OK && sid_equal(sid, &again));
}

static size_t
count_groups(const struct pac_logon_info *info, struct pac_group *extra)
{
    struct pac_groups g = pac_groups_of(info);
    struct pac_group group;
    size_t n = 0;

    while (pac_next_group(&g, &group)) {
        size_t i = n++ - info->groups.n / 8;

        check_sid(&group.sid);
        if (info->user_rid && i < info->n_extra_sids) {
            extra[i] = group;
        }
    }
    fuzz_must(!pac_next_group(&g, &group));
    return n;
}

static void
check_encoded(const struct pac_logon_info *info, const struct pac_group *extra)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct pac_logon_info again;

    pac_logon_info_encode(&w, info, extra, info->n_extra_sids);
    fuzz_must(pac_logon_info_decode(&again, wire_written(&w)) == WIRE_OK);
    fuzz_must(bytes_equal(again.user, info->user) && bytes_equal(again.domain, info->domain));
    fuzz_must(bytes_equal(again.groups, info->groups));
    fuzz_must(bytes_equal(again.resource_groups, info->resource_groups));
    fuzz_must(again.n_extra_sids == info->n_extra_sids && again.user_rid == info->user_rid);
    fuzz_must(sid_equal(&again.domain_sid, &info->domain_sid));
}

static void
try_logon_info(struct bytes in)
{
    struct pac_logon_info info;
    struct pac_group *extra;
    struct sid sid;
    bool own;

    if (pac_logon_info_decode(&info, in) != WIRE_OK) {
        fuzz_must(info.fault.field && info.fault.at <= in.n && !info.user.p && !info.groups.p);
        return;
    }
    fuzz_must(!info.fault.field);
    fuzz_view(in, info.user);
    fuzz_view(in, info.full_name);
    fuzz_view(in, info.logon_server);
    fuzz_view(in, info.domain);
    fuzz_view(in, info.groups);
    fuzz_view(in, info.resource_groups);
    fuzz_view(in, info.extra_);
    fuzz_view(in, info.user_session_key);
    own = info.user_rid == 0 && info.n_extra_sids;
    extra = mem_new_array(info.n_extra_sids, sizeof(*extra));
    fuzz_must(extra != NULL);
    fuzz_must(count_groups(&info, extra) + own ==
              info.groups.n / 8 + info.n_extra_sids + info.resource_groups.n / 8);
    if (info.user_rid) {
        fuzz_must(pac_user_sid(&info, &sid));
        check_encoded(&info, extra);
    }
    mem_free(extra);
}

static void
try_client_info(struct bytes in)
{
    SEC_AUTO(wire_writer) w = wire_writer_growing(NULL, 0);
    struct pac_client_info info;

    if (pac_client_info_decode(&info, in) == WIRE_OK) {
        fuzz_view(in, info.name);
        pac_client_info_encode(&w, &info);
        fuzz_must(bytes_starts_with(in, wire_written(&w)));
    }
}

static void
try_upn_dns_info(struct bytes in)
{
    struct pac_upn_dns_info info;

    if (pac_upn_dns_info_decode(&info, in) == WIRE_OK) {
        fuzz_view(in, info.upn);
        fuzz_view(in, info.dns_domain);
        fuzz_view(in, info.sam_name);
        if (info.has_sid) {
            check_sid(&info.sid);
        }
    }
}

static void
try_requestor(struct bytes in)
{
    struct sid sid;

    if (pac_requestor_decode(&sid, in) == WIRE_OK) {
        check_sid(&sid);
    }
}

static void
check_signed_parts(const struct pac *pac)
{
    struct bytes parts[5];
    size_t n = pac_signed_parts(pac, parts);
    size_t at = 0;

    fuzz_must(n <= 5);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < parts[i].n; k++, at++) {
            bool blank =
                at - pac->server.at < pac->server.value.n || at - pac->kdc.at < pac->kdc.value.n;

            fuzz_must(parts[i].p[k] == (blank ? 0 : pac->whole.p[at]));
        }
    }
    fuzz_must(at == pac->whole.n);
}

static void
try_pac(struct bytes in)
{
    struct pac pac;

    if (pac_decode(&pac, in) != WIRE_OK) {
        fuzz_must(pac.fault.field && pac.fault.at <= in.n);
        return;
    }
    fuzz_must(!pac.fault.field);
    fuzz_view(in, pac.logon_info);
    fuzz_view(in, pac.server.value);
    fuzz_view(in, pac.kdc.value);
    fuzz_view(in, pac.ticket.value);
    fuzz_view(in, pac.full.value);
    fuzz_view(in, pac.attributes_info);
    check_signed_parts(&pac);
    try_logon_info(pac.logon_info);
    try_client_info(pac.client_info);
    try_upn_dns_info(pac.upn_dns_info);
    try_requestor(pac.requestor);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct bytes in = bytes_of(data, n);
    struct sid sid;

    try_pac(in);
    try_logon_info(in);
    try_client_info(in);
    try_upn_dns_info(in);
    try_requestor(in);
    if (sid_parse(&sid, in)) {
        check_sid(&sid);
    }
    return 0;
}
