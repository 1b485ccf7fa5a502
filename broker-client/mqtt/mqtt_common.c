/* SPDX-License-Identifier: EUPL-1.2 */
#include "broker-client/mqtt/mqtt_common.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { PORT_PLAIN = 1883, PORT_TLS = 8883, CREDENTIAL_BYTES = 512 };

/* The length of the host at the start of `text`: up to the colon of the port, or the end. 0: no host. */
static size_t host_length(const char *text)
{
	size_t length;

	if (*text == '[') {
		length = strcspn(text, "]");
		return text[length] == ']' && length > 1 ? length + 1 : 0;
	}
	length = strcspn(text, ":");
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '.' && text[i] != '-' && text[i] != '_')
			return 0;
	return length;
}

int mqtt_address_parse(const char *broker, struct mqtt_address *address, struct error *error)
{
	static const char expected[] = "expected mqtt://HOST[:1883] or mqtts://HOST[:8883]";
	const char *rest;
	size_t length;
	uint32_t port;

	*address = (struct mqtt_address){0};
	if (!broker)
		return error_set(error, FAULT_INPUT, "no broker address; %s", expected);
	if (strncmp(broker, "mqtt://", 7) == 0) {
		rest = broker + 7;
		port = PORT_PLAIN;
	} else if (strncmp(broker, "mqtts://", 8) == 0) {
		rest = broker + 8;
		port = PORT_TLS;
		address->tls = true;
	} else {
		return error_set(error, FAULT_INPUT, "broker address \"%s\": %s", broker, expected);
	}
	length = host_length(rest);
	if (length == 0 || length >= sizeof address->host)
		return error_set(error, FAULT_INPUT, "broker address \"%s\" has no valid host; %s", broker, expected);
	memcpy(address->host, rest, length);
	rest += length;
	if (*rest != '\0' && (*rest != ':' || !text_number(rest + 1, 1, UINT16_MAX, &port)))
		return error_set(error, FAULT_INPUT, "broker address \"%s\" has no valid port; %s", broker, expected);
	address->port = (uint16_t)port;
	return 0;
}

int mqtt_check_address(const char *broker, struct error *error)
{
	struct mqtt_address address;

	return mqtt_address_parse(broker, &address, error);
}

int mqtt_check_options(const struct mqtt_options *options, struct error *error)
{
	size_t length = options->client_id ? strlen(options->client_id) : 0;

	if (length == 0 || length > MQTT_CLIENT_ID_MAX)
		return error_set(error, FAULT_INPUT, "an MQTT client id has 1 to %d characters", MQTT_CLIENT_ID_MAX);
	if (options->password && !options->user)
		return error_set(error, FAULT_INPUT, "there is a password and no user name");
	return options->broker ? mqtt_check_address(options->broker, error) : 0;
}

int mqtt_copy_options(struct mqtt_options *to, const struct mqtt_options *from, struct error *error)
{
	const char **const texts[] = {&to->broker,  &to->user,       &to->password,
				      &to->ca_file, &to->will.topic, &to->will.payload};
	bool failed = false;

	*to = *from;
	to->client_id = NULL;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char *text = *texts[i];

		*texts[i] = text ? strdup(text) : NULL;
		failed = failed || (text && !*texts[i]);
	}
	return failed ? error_set(error, FAULT_MEMORY, "no memory for the options of an MQTT connection") : 0;
}

void mqtt_release_options(struct mqtt_options *options)
{
	free((void *)(uintptr_t)options->broker);
	free((void *)(uintptr_t)options->user);
	free((void *)(uintptr_t)options->password);
	free((void *)(uintptr_t)options->ca_file);
	free((void *)(uintptr_t)options->will.topic);
	free((void *)(uintptr_t)options->will.payload);
}

const char *mqtt_connack_reason(int code)
{
	static const char *const reasons[] = {
		[1] = "the broker does not speak MQTT 3.1.1",     [2] = "the broker refuses this client id",
		[3] = "the broker says that it is not available", [4] = "the broker refuses user name or password",
		[5] = "the broker does not let this client in",
	};

	return code >= 1 && code <= 5 ? reasons[code] : NULL;
}

static char *trim(char *text)
{
	size_t length;

	while (isspace((unsigned char)*text))
		text++;
	length = strlen(text);
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* One line of a credentials file: takes its value into `*user` or `*password`. */
static int read_credential(char *line, char **user, char **password)
{
	char *key = trim(line);
	char *equals = strchr(key, '=');
	char **to;

	if (*key == '\0' || *key == '#')
		return 0;
	if (!equals)
		return FAULT_INPUT;
	*equals = '\0';
	key = trim(key);
	to = strcmp(key, "user") == 0 ? user : strcmp(key, "password") == 0 ? password : NULL;
	if (!to || *to)
		return FAULT_INPUT;
	*to = strdup(trim(equals + 1));
	return *to ? 0 : FAULT_MEMORY;
}

static int read_credentials(FILE *file, const char *path, char **user, char **password, struct error *error)
{
	char line[CREDENTIAL_BYTES];
	int rc;

	for (int number = 1; fgets(line, sizeof line, file); number++) {
		rc = strlen(line) == sizeof line - 1 ? FAULT_INPUT : read_credential(line, user, password);
		if (rc == FAULT_MEMORY)
			return error_set(error, rc, "%s: no memory", path);
		if (rc < 0)
			return error_set(error, rc,
					 "%s:%d: expected one line \"user = NAME\" and one \"password = WORD\"", path,
					 number);
	}
	if (ferror(file))
		return error_set(error, FAULT_SYSTEM, "%s: %s", path, strerror(errno));
	if (!*user || !*password || **user == '\0')
		return error_set(error, FAULT_INPUT, "%s: \"user = NAME\" or \"password = WORD\" is missing", path);
	return 0;
}

int mqtt_read_credentials(const char *path, char **user, char **password, struct error *error)
{
	FILE *file = fopen(path, "re");
	int rc;

	*user = *password = NULL;
	if (!file)
		return error_set(error, FAULT_SYSTEM, "credentials file %s: %s", path, strerror(errno));
	rc = read_credentials(file, path, user, password, error);
	if (rc < 0) {
		free(*user);
		free(*password);
		*user = *password = NULL;
	}
	(void)fclose(file);
	return rc;
}
