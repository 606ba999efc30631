/* SPDX-License-Identifier: Apache-2.0 */
/* Service principal names. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>

#include <ntdsapi.h>
#include <tchar.h>

#define DN "CN=SockAuthAD,CN=WEB1,DC=example,DC=test"

static void
test_make__each_format(void **state)
{
    static const struct {
        const char *service_class, *service, *instance, *referrer;
        USHORT port;
        const char *wanted;
    } cases[] = {
        { "HTTP", "web1.example.test", NULL, NULL, 0, "HTTP/web1.example.test" },
        { "HTTP", "web1.example.test", NULL, NULL, 8080, "HTTP/web1.example.test:8080" },
        { "ADSockAuth", DN, "web1.example.test", NULL, 0, "ADSockAuth/web1.example.test/" DN },
        { "ADSockAuth", DN, "web1", NULL, 2000, "ADSockAuth/web1:2000/" DN },
        { "HTTP", "192.0.2.7", NULL, "ref.example.test", 0, "HTTP/192.0.2.7/ref.example.test" },
        { "HTTP", "192.0.2.7", "web1", "ref", 80, "HTTP/web1:80/ref" },
        { "HTTP", "web1", NULL, "ref.example.test", 0, "HTTP/web1" },
        { "HTTP", "web1", "", NULL, 0, "HTTP/web1" },
    };
    char spn[256];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        DWORD size = sizeof(spn);
        assert_int_equal(DsMakeSpnA(cases[i].service_class, cases[i].service, cases[i].instance,
                                    cases[i].port, cases[i].referrer, &size, spn),
                         ERROR_SUCCESS);
        assert_string_equal(spn, cases[i].wanted);
        assert_int_equal(size, strlen(cases[i].wanted) + 1);
    }
}

static void
test_make__asks_for_room(void **state)
{
    char spn[9] = "x";
    WCHAR wide[9];
    DWORD size = 0;

    assert_int_equal(DsMakeSpnA("a", "b.c.d.e", NULL, 0, NULL, &size, NULL), ERROR_BUFFER_OVERFLOW);
    assert_int_equal(size, 10);
    size = 9;
    assert_int_equal(DsMakeSpnA("a", "b.c.d.e", NULL, 0, NULL, &size, spn), ERROR_BUFFER_OVERFLOW);
    assert_string_equal(spn, "x");
    /* Characters, not bytes: three units and the NUL. */
    size = 4;
    assert_int_equal(DsMakeSpnW(u"a", u"\u00e4", NULL, 0, NULL, &size, wide), ERROR_SUCCESS);
    assert_int_equal(size, 4);
    assert_int_equal(compat_wcscmp(wide, u"a/\u00e4"), 0);
}

static void
test_make__refuses(void **state)
{
    char spn[64];
    WCHAR wide[64];
    DWORD size = 64;

    assert_int_equal(DsMakeSpnA(NULL, "h", NULL, 0, NULL, &size, spn), ERROR_INVALID_PARAMETER);
    assert_int_equal(DsMakeSpnA("c", NULL, NULL, 0, NULL, &size, spn), ERROR_INVALID_PARAMETER);
    assert_int_equal(DsMakeSpnA("", "h", NULL, 0, NULL, &size, spn), ERROR_INVALID_PARAMETER);
    assert_int_equal(DsMakeSpnA("c/d", "h", NULL, 0, NULL, &size, spn), ERROR_INVALID_PARAMETER);
    assert_int_equal(DsMakeSpnA("c", "h/i", NULL, 0, NULL, &size, spn), ERROR_INVALID_PARAMETER);
    assert_int_equal(DsMakeSpnA("c", "s", "h/", 0, NULL, &size, spn), ERROR_INVALID_PARAMETER);
    assert_int_equal(DsMakeSpnA("c", "10.0.0.1", NULL, 0, "r/", &size, spn),
                     ERROR_INVALID_PARAMETER);
    assert_int_equal(DsMakeSpnA("c", "h", NULL, 0, NULL, NULL, spn), ERROR_INVALID_PARAMETER);
    assert_int_equal(DsMakeSpnW(u"c", (LPCWSTR)u"\xdc00", NULL, 0, NULL, &size, wide),
                     ERROR_INVALID_PARAMETER);
    assert_int_equal(DsMakeSpnW(NULL, u"h", NULL, 0, NULL, &size, wide), ERROR_INVALID_PARAMETER);
}

static void
test_get__local_computer(void **state)
{
    char host[512], wanted[600];
    DWORD size = sizeof(host), count = 0;
    LPSTR *names = NULL;

    assert_true(GetComputerNameExA(ComputerNameDnsFullyQualified, host, &size));
    assert_int_equal(DsGetSpnA(DS_SPN_DNS_HOST, "HTTP", NULL, 0, 0, NULL, NULL, &count, &names), 0);
    assert_int_equal(count, 1);
    snprintf(wanted, sizeof(wanted), "HTTP/%s", host);
    assert_string_equal(names[0], wanted);
    DsFreeSpnArrayA(count, names);
    assert_int_equal(DsGetSpnA(DS_SPN_SERVICE, "ADSockAuth", DN, 0, 0, NULL, NULL, &count, &names),
                     0);
    snprintf(wanted, sizeof(wanted), "ADSockAuth/%s/" DN, host);
    assert_string_equal(names[0], wanted);
    DsFreeSpnArrayA(count, names);
    assert_int_equal(DsGetSpnA(DS_SPN_DN_HOST, "c", NULL, 0, 0, NULL, NULL, &count, &names),
                     ERROR_CANT_ACCESS_DOMAIN_INFO);
}

static void
test_get__several_instances(void **state)
{
    LPCSTR hosts[] = { "web1", "web2" };
    LPCWSTR wide_hosts[] = { u"web1", u"web2" };
    const USHORT ports[] = { 80, 0 };
    LPSTR *names = NULL;
    LPWSTR *wide = NULL;
    DWORD count = 0;

    assert_int_equal(DsGetSpnA(DS_SPN_SERVICE, "c", "s", 9, 2, hosts, ports, &count, &names), 0);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "c/web1:80/s");
    assert_string_equal(names[1], "c/web2/s");
    DsFreeSpnArrayA(count, names);
    assert_int_equal(DsGetSpnW(DS_SPN_NB_HOST, u"c", NULL, 9, 2, wide_hosts, NULL, &count, &wide),
                     0);
    assert_int_equal(compat_wcscmp(wide[0], u"c/web1:9"), 0);
    assert_int_equal(compat_wcscmp(wide[1], u"c/web2:9"), 0);
    DsFreeSpnArrayW(count, wide);
    DsFreeSpnArrayA(0, NULL);
    DsFreeSpnArrayW(0, NULL);
}

static void
test_get__refuses(void **state)
{
    LPCSTR hosts[] = { "web1", NULL };
    LPSTR *names = (LPSTR *)hosts;
    LPWSTR *wide = NULL;
    DWORD count = 7;
    const DWORD bad = ERROR_INVALID_PARAMETER;

    assert_int_equal(DsGetSpnA(DS_SPN_SERVICE, "c", NULL, 0, 1, hosts, NULL, &count, &names), bad);
    assert_int_equal(DsGetSpnA(DS_SPN_DNS_HOST, "c", "s", 0, 1, hosts, NULL, &count, &names), bad);
    assert_int_equal(DsGetSpnA(DS_SPN_DNS_HOST, "c", NULL, 0, 2, hosts, NULL, &count, &names), bad);
    assert_int_equal(DsGetSpnA(DS_SPN_DNS_HOST, "c", NULL, 0, 1, NULL, NULL, &count, &names), bad);
    assert_int_equal(DsGetSpnA(DS_SPN_DNS_HOST, "c", NULL, 0, 1, hosts, NULL, NULL, &names), bad);
    assert_int_equal(DsGetSpnA((DS_SPN_NAME_TYPE)6, "c", "s", 0, 1, hosts, NULL, &count, &names),
                     bad);
    assert_int_equal(DsGetSpnW(DS_SPN_DNS_HOST, NULL, NULL, 0, 0, NULL, NULL, &count, &wide), bad);
    assert_int_equal(DsGetSpnW(DS_SPN_DNS_HOST, u"c", NULL, 0, 0, NULL, NULL, &count, NULL), bad);
    assert_int_equal(count, 7);
    assert_ptr_equal(names, hosts);
}

static void
test_crack__each_part(void **state)
{
    char service_class[16], service[64], instance[32];
    DWORD a = 16, b = 64, c = 32;
    USHORT port = 9;

    assert_int_equal(DsCrackSpnA("ADSockAuth/web1:2000/" DN, &a, service_class, &b, service, &c,
                                 instance, &port),
                     ERROR_SUCCESS);
    assert_string_equal(service_class, "ADSockAuth");
    assert_string_equal(service, DN);
    assert_string_equal(instance, "web1");
    assert_int_equal(port, 2000);
    assert_int_equal(a, 11);
    b = 64;
    c = 32;
    assert_int_equal(DsCrackSpnA("HTTP/web1", NULL, NULL, &b, service, &c, instance, &port), 0);
    assert_string_equal(service, "web1");
    assert_string_equal(instance, "web1");
    assert_int_equal(port, 0);
}

static void
test_crack__asks_for_room(void **state)
{
    char service_class[1], instance[32] = "";
    WCHAR wide[8];
    DWORD a = 1, b = 0, c = 32, d = 8;

    assert_int_equal(DsCrackSpnA("HTTP/web1", &a, service_class, &b, NULL, &c, instance, NULL),
                     ERROR_BUFFER_OVERFLOW);
    assert_int_equal(a, 5);
    assert_int_equal(b, 0);
    assert_string_equal(instance, "web1");
    assert_int_equal(DsCrackSpnW(u"HTTP/\u00e4", NULL, NULL, NULL, NULL, &d, wide, NULL), 0);
    assert_int_equal(d, 2);
    assert_int_equal(wide[0], 0xe4);
}

static void
test_crack__refuses(void **state)
{
    static const char *const bad[] = { "",      "HTTP",      "/h",     "c/",
                                       "c/:80", "c/h:",      "c/h:x",  "c/h:80x",
                                       "c/h/",  "c/h:65536", "c/h/s/", "c/h:80/s/t" };
    char part[32];
    DWORD size;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size = sizeof(part);
        assert_int_equal(DsCrackSpnA(bad[i], &size, part, NULL, NULL, NULL, NULL, NULL),
                         ERROR_INVALID_PARAMETER);
    }
    assert_int_equal(DsCrackSpnA(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                     ERROR_INVALID_PARAMETER);
    assert_int_equal(DsCrackSpnW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                     ERROR_INVALID_PARAMETER);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make__each_format),      cmocka_unit_test(test_make__asks_for_room),
        cmocka_unit_test(test_make__refuses),          cmocka_unit_test(test_get__local_computer),
        cmocka_unit_test(test_get__several_instances), cmocka_unit_test(test_get__refuses),
        cmocka_unit_test(test_crack__each_part),       cmocka_unit_test(test_crack__asks_for_room),
        cmocka_unit_test(test_crack__refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
