/* SPDX-License-Identifier: EUPL-1.2 */
/* Broker addresses and credentials files, as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker-client/mqtt/mqtt_common.h"

struct good {
	const char *text, *host;
	uint16_t port;
	bool tls;
};

static void test_good_addresses(void **state)
{
	static const struct good addresses[] = {
		{"mqtt://localhost", "localhost", 1883, false},
		{"mqtts://mqtt.example.nl", "mqtt.example.nl", 8883, true},
		{"mqtt://127.0.0.1:18830", "127.0.0.1", 18830, false},
		{"mqtts://broker-1.intern_net:65535", "broker-1.intern_net", 65535, true},
		{"mqtt://[::1]", "[::1]", 1883, false},
		{"mqtts://[2001:db8::7]:1", "[2001:db8::7]", 1, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		struct mqtt_address address;

		assert_int_equal(mqtt_address_parse(addresses[i].text, &address, NULL), 0);
		assert_string_equal(address.host, addresses[i].host);
		assert_int_equal(address.port, addresses[i].port);
		assert_int_equal(address.tls, addresses[i].tls);
		assert_int_equal(mqtt_check_address(addresses[i].text, NULL), 0);
	}
}

static void test_bad_addresses_are_refused_with_what_was_expected(void **state)
{
	static const char *const addresses[] = {
		"",
		"localhost",
		"localhost:1883",
		"tcp://localhost",
		"http://localhost",
		"MQTT://localhost",
		"mqtt:/localhost",
		"mqtt://",
		"mqtt://:1883",
		"mqtt://a b",
		"mqtt://host/",
		"mqtt://host/path",
		"mqtt://host:",
		"mqtt://host:0",
		"mqtt://host:65536",
		"mqtt://host:99999999999999999999",
		"mqtt://host:18x",
		"mqtt://host:-1",
		"mqtt://host: 1",
		"mqtt://user@host",
		"mqtt://::1",
		"mqtt://[::1",
		"mqtt://[]",
		"mqtt://[::1]x",
		"mqtt://[::1]:",
		"mqtt://host\n",
	};
	char longest[400] = "mqtt://";
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		if (mqtt_check_address(addresses[i], &error) != FAULT_INPUT)
			fail_msg("%s was taken", addresses[i]);
		assert_non_null(strstr(error.text, "mqtts://HOST[:8883]"));
	}
	memset(longest + 7, 'a', 300);
	assert_int_equal(mqtt_check_address(longest, &error), FAULT_INPUT);
	assert_int_equal(mqtt_check_address(NULL, &error), FAULT_INPUT);
}

static void test_options_that_cannot_be(void **state)
{
	struct mqtt_options options = {.broker = "mqtt://localhost", .client_id = "a", .password = "secret"};
	struct error error;

	(void)state;
	assert_int_equal(mqtt_check_options(&options, &error), FAULT_INPUT);
	options.user = "me";
	assert_int_equal(mqtt_check_options(&options, &error), 0);
	options.client_id = "";
	assert_int_equal(mqtt_check_options(&options, &error), FAULT_INPUT);
	options.client_id = NULL;
	assert_int_equal(mqtt_check_options(&options, &error), FAULT_INPUT);
}

static int read_credentials(const char *text, char **user, char **password, struct error *error)
{
	char path[] = "/tmp/turf-credentials-XXXXXX";
	int fd = mkstemp(path), rc;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	rc = mqtt_read_credentials(path, user, password, error);
	(void)unlink(path);
	return rc;
}

static void test_good_credentials(void **state)
{
	static const char *const files[] = {
		"user = aggregator\npassword = a b=c #d\n",
		"password=a b=c #d\r\nuser=aggregator\r\n",
		"# who we are\n\n  user =   aggregator  \n\tpassword = a b=c #d",
	};

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char *user, *password;

		assert_int_equal(read_credentials(files[i], &user, &password, NULL), 0);
		assert_string_equal(user, "aggregator");
		assert_string_equal(password, "a b=c #d");
		free(user);
		free(password);
	}
}

static void test_bad_credentials_never_show_the_password(void **state)
{
	static const char *const files[] = {
		"",
		"user = me\n",
		"password = hush\n",
		"user = me\npassword\n",
		"me\nhush\n",
		"user = me\npassword = hush\nuser = you\n",
		"user = me\npassword = hush\nhost = hush\n",
		"user =\npassword = hush\n",
	};
	struct error error;
	char *user, *password, endless[2000];

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		assert_int_equal(read_credentials(files[i], &user, &password, &error), FAULT_INPUT);
		assert_null(user);
		assert_null(password);
		assert_null(strstr(error.text, "hush"));
	}
	memset(endless, 'x', sizeof endless);
	endless[sizeof endless - 1] = '\0';
	assert_int_equal(read_credentials(endless, &user, &password, &error), FAULT_INPUT);
	assert_int_equal(mqtt_read_credentials("/no/such/file", &user, &password, &error), FAULT_SYSTEM);
	assert_non_null(strstr(error.text, "/no/such/file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_addresses),
		cmocka_unit_test(test_bad_addresses_are_refused_with_what_was_expected),
		cmocka_unit_test(test_options_that_cannot_be),
		cmocka_unit_test(test_good_credentials),
		cmocka_unit_test(test_bad_credentials_never_show_the_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
