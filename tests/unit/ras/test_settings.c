/* SPDX-License-Identifier: Apache-2.0 */
/* rasd's part of the configuration: what is taken, and what each fault is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "ras/settings.h"
#include "tests/support/settings_file.h"

#define TCP "[port net]\ntype = tcp\ndevice = 127.0.0.1:2300\n"

/* The error without the file's name. */
static bool
read_text(const char *text, struct ras_settings *settings, char *error, size_t error_n)
{
    struct config_error why = { 0 };
    bool good;

    settings_file_write(text);
    good = ras_settings_read(settings_file, settings, &why);
    (void)snprintf(error, error_n, "%s", why.text + (good ? 0 : strlen(settings_file)));
    return good;
}

static void
test_read__little__defaults(void **state)
{
    struct ras_settings s;
    char error[512];

    (void)state;
    assert_true(read_text(TCP, &s, error, sizeof(error)));
    assert_null(s.security_module);
    assert_int_equal(s.module_processes, 1);
    assert_string_equal(s.control_socket, "/run/opensspi-ras/control");
    assert_int_equal(s.n_ports, 1);
    assert_int_equal(s.ports[0].type, PORT_TCP);
    assert_int_equal(s.ports[0].calls, 1);
    assert_string_equal(s.ports[0].device_name, "net");
    assert_int_equal(s.ports[0].ppp.require, PPP_MSCHAP_V2);
    assert_int_equal(s.ports[0].ppp.mtu, 1500);
    assert_false(s.ports[0].rules.has_module);
    assert_int_equal(s.ports[0].rules.begin_ms, 5000);
    assert_int_equal(s.ports[0].rules.send_size, 1024);
    assert_int_equal(s.ports[0].rules.ppp_early, PPP_EARLY_REFUSE);
    assert_int_equal(s.ports[0].rules.same_user, SAME_USER_LOG);
    ras_settings_clear(&s);
}

static void
test_read__a_port_before_ras__own_value_wins(void **state)
{
    struct ras_settings s;
    char error[512];

    (void)state;
    assert_true(
        read_text(TCP "begin_timeout = 7\n"
                      "[port other]\ntype = tcp\ndevice = [::1]:2300\ncalls = 64\ntelnet = yes\n"
                      "[ras]\nsecurity_module = /lib/m.so\nbegin_timeout = 9\n"
                      "same_user = require\nppp_early = log\nreceive_buffer = 65535\n",
                  &s, error, sizeof(error)));
    assert_int_equal(s.ports[0].rules.begin_ms, 7000);
    assert_int_equal(s.ports[1].rules.begin_ms, 9000);
    assert_true(s.ports[0].rules.has_module);
    assert_int_equal(s.ports[1].rules.same_user, SAME_USER_REQUIRE);
    assert_int_equal(s.ports[1].rules.ppp_early, PPP_EARLY_LOG);
    assert_int_equal(s.ports[1].rules.receive_size, 65535);
    assert_int_equal(s.ports[1].calls, 64);
    assert_true(s.ports[1].telnet);
    ras_settings_clear(&s);
}

static void
test_read__a_serial_port__all_its_keys(void **state)
{
    struct ras_settings s;
    char error[512];

    (void)state;
    assert_true(
        read_text("[port com1]\ntype = serial\ndevice = /dev/ttyS0\ndevice_name = My Modem\n"
                  "speed = 57600\ndata_bits = 7\nstop_bits = 2\nparity = even\n"
                  "flow_control = none\nmodem = no\ninit = ATZ0\nanswer =\nhang_up = ATH0\n"
                  "rings = 3\nlocal_address = 192.0.2.1\nremote_address = 192.0.2.2\n"
                  "dns1 = 192.0.2.3\ndns2 = 192.0.2.4\nmtu = 576\nidle_timeout = 60\n"
                  "session_timeout = 3600\nauthentication = ms-chap-v2, pap\n"
                  "ppp_options = debug\n",
                  &s, error, sizeof(error)));
    assert_int_equal(s.ports[0].serial.speed, 57600);
    assert_int_equal(s.ports[0].serial.data_bits, 7);
    assert_int_equal(s.ports[0].serial.stop_bits, 2);
    assert_int_equal(s.ports[0].serial.parity, 'e');
    assert_false(s.ports[0].serial.flow_rts_cts);
    assert_true(s.ports[0].serial.local);
    assert_string_equal(s.ports[0].serial.answer, "");
    assert_int_equal(s.ports[0].serial.rings, 3);
    assert_int_equal(s.ports[0].ppp.require, PPP_MSCHAP_V2 | PPP_PAP);
    assert_string_equal(s.ports[0].device_name, "My Modem");
    assert_string_equal(s.ports[0].ppp.dns2, "192.0.2.4");
    ras_settings_clear(&s);
}

static const struct {
    const char *text, *error;
} faults[] = {
    { "", ": expected at least one section [port NAME]" },
    { "[rass]\n", ":1: [rass]: unknown section; did you mean \"ras\"?" },
    { "[ras]\nmodule_procesess = 1\n",
      ":2: [ras] module_procesess: unknown key; did you mean \"module_processes\"?" },
    { "[ras]\ntelnet = yes\n", ":2: [ras] telnet: unknown key; it is one of [port NAME]" },
    { TCP "pppd = /usr/sbin/pppd\n", ":4: [port net] pppd: unknown key; it is one of [ras]" },
    { "[ras]\nmodule_processes = 0\n",
      ":2: [ras] module_processes: expected a number from 1 to 64" },
    { "[ras]\nsecurity_module = m.so\n",
      ":2: [ras] security_module: expected a path that begins with \"/\"" },
    { "[ras]\nsame_user = yes\n", ":2: [ras] same_user: expected ignore, log or require" },
    { "[ras x]\n", ":1: [ras x]: expected [ras] without a name" },
    { "[port]\n",
      ":1: [port]: expected [port NAME], the name of letters, digits, \"_\", \".\", \"-\"" },
    { "[port a]\ndevice = /dev/ttyS0\n", ":1: [port a]: expected a key type = serial, tcp or pty" },
    { "[port a]\ntype = isdn\n", ":2: [port a] type: expected serial, tcp or pty" },
    { "[port a]\ntype = tcp\n", ":1: [port a]: expected a key device" },
    { "[port a]\ntype = tcp\ndevice = host:1\n",
      ":1: [port a]: expected device = ADDRESS:PORT or [ADDRESS]:PORT, in numbers" },
    { "[port a]\ntype = pty\ndevice = x\n",
      ":1: [port a]: expected device = a path that begins with \"/\"" },
    { "[port a]\ntype = pty\ndevice = /x\ncalls = 2\n",
      ":1: [port a]: expected no key calls: a line that is no network has one call at a time" },
    { "[port a]\ntype = pty\ndevice = /x\ntelnet = yes\n",
      ":1: [port a]: expected no telnet = yes: it is for ports of type tcp" },
    { TCP "[port b]\ntype = tcp\ndevice = 127.0.0.1:2300\n",
      ":4: [port b]: expected a device that no port above has" },
    { TCP "speed = 42\n", ":4: [port net] speed: expected 300, 1200, 2400, 4800, 9600, 19200, "
                          "38400, 57600, 115200, 230400, 460800 or 921600" },
    { TCP "authentication = eap\n",
      ":4: [port net] authentication: expected pap, chap-md5, ms-chap or ms-chap-v2" },
    { TCP "authentication = ,\n",
      ":4: [port net] authentication: expected some of pap, chap-md5, ms-chap, ms-chap-v2" },
    { TCP "authentication = pap\nmppe = yes\n",
      ":1: [port net]: expected authentication = ms-chap-v2 or ms-chap: the others give mppe no "
      "keys" },
    { TCP "local_address = ::1\n", ":4: [port net] local_address: expected an IPv4 address" },
    { TCP "remote_address = 192.0.2.9-192.0.2.8\n",
      ":4: [port net] remote_address: expected an IPv4 address, or a range FIRST-LAST" },
    { TCP "remote_address = 192.0.2.9-\n",
      ":4: [port net] remote_address: expected an IPv4 address, or a range FIRST-LAST" },
    { TCP "remote_address = 0.0.0.0-192.0.2.8\n",
      ":4: [port net] remote_address: expected an IPv4 address, or a range FIRST-LAST" },
    { TCP "calls = 4\nremote_address = 192.0.2.8-192.0.2.10\n",
      ":1: [port net]: expected remote_address = FIRST-LAST with an address for each of the "
      "calls" },
    { TCP "calls = 2\nremote_address = 192.0.2.8\n",
      ":1: [port net]: expected remote_address = FIRST-LAST with an address for each of the "
      "calls" },
    { TCP "calls = 10000\n[port b]\ntype = tcp\ndevice = 127.0.0.1:1\ncalls = 10001\n",
      ":8: [port b] calls: expected a number from 1 to 10000" },
    { "[events]\nfile = x\n", ":2: [events] file: expected a path that begins with \"/\"" },
};

/* Each of the calls has an address of its own, also across a byte's end. */
static void
test_remote__a_range(void **state)
{
    static const char *const wanted[] = { "10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.1.1" };
    struct ras_settings s;
    char error[512], text[RAS_IPV4_BYTES];

    (void)state;
    assert_true(read_text(TCP "calls = 4\nremote_address = 10.0.0.254-10.0.1.1\n", &s, error,
                          sizeof(error)));
    for (size_t i = 0; i < SEC_ARRAY_LEN(wanted); i++) {
        assert_true(ras_settings_remote(&s.ports[0], i, text));
        assert_string_equal(text, wanted[i]);
    }
    ras_settings_clear(&s);
    assert_true(read_text(TCP "calls = 4\n", &s, error, sizeof(error)));
    assert_false(ras_settings_remote(&s.ports[0], 0, text));
    ras_settings_clear(&s);
}

static void
test_read__faults__named(void **state)
{
    struct ras_settings s;
    char error[512];

    (void)state;
    for (size_t i = 0; i < SEC_ARRAY_LEN(faults); i++) {
        assert_false(read_text(faults[i].text, &s, error, sizeof(error)));
        assert_string_equal(error, faults[i].error);
        assert_null(s.ports);
    }
}

static void
test_read__other_programs_sections__pass(void **state)
{
    struct ras_settings s;
    char error[512];

    (void)state;
    assert_true(
        read_text("[server]\ncomputer = X\n[listener web]\nprotocol = http\n[kerberos]\n" TCP, &s,
                  error, sizeof(error)));
    ras_settings_clear(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__little__defaults),
        cmocka_unit_test(test_read__a_port_before_ras__own_value_wins),
        cmocka_unit_test(test_read__a_serial_port__all_its_keys),
        cmocka_unit_test(test_remote__a_range),
        cmocka_unit_test(test_read__faults__named),
        cmocka_unit_test(test_read__other_programs_sections__pass),
    };

    return cmocka_run_group_tests(tests, settings_file_make, settings_file_remove);
}
